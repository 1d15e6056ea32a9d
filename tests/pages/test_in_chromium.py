"""The report as a reader meets it: with and without a script, by eye, key and screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages.sample import a_report
from trato.pages.render import render

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render(a_report()))
    return file.as_uri()


def visible_language(page: Page) -> list[str]:
    found = page.eval_on_selector_all(
        "main > article", "all => all.filter(one => one.clientWidth).map(one => one.lang)"
    )
    return list(found)


def test_charts_are_drawn_and_nothing_is_fetched(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#en .chart svg")
    charts = page.locator("#en .chart")
    assert charts.count() == 6
    for number in range(charts.count()):
        chart = charts.nth(number)
        assert chart.locator("svg path, svg text").count() > 3
        assert (chart.locator("svg").get_attribute("aria-label") or "").endswith("?")
    assert asked == [address]


@pytest.mark.parametrize("language", ["es", "pt"])
def test_the_address_chooses_the_language(page: Page, address: str, language: str) -> None:
    page.goto(f"{address}#{language}")
    page.wait_for_selector(f"#{language} .chart svg")
    assert visible_language(page) == [language]
    assert page.evaluate("document.documentElement.lang") == language
    page.click(f"#{language} .languages a[hreflang=en]")
    page.wait_for_selector("#en .chart svg")
    assert visible_language(page) == ["en"]


def test_a_link_within_a_language_stays_in_it(page: Page, address: str) -> None:
    page.goto(f"{address}#es-ladder")
    assert visible_language(page) == ["es"]


def test_without_a_script_every_chart_is_said_in_words_and_tables(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}#pt")
    article = page.locator("#pt")
    assert article.is_visible()
    assert not page.locator("#en").is_visible()
    assert page.locator("#pt .chart:visible").count() == 0
    for figure in article.locator("figure").all():
        assert figure.locator("figcaption").is_visible()
        for details in figure.locator("details").all():
            details.locator("summary").click()
        assert figure.locator("table").first.is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_accessible(browser: Browser, address: str, scheme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]  # a word of Playwright's list
    page = context.new_page()
    for language in ("en", "es", "pt"):
        page.goto(f"{address}#{language}")
        page.wait_for_selector(f"#{language} .chart svg")
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    for language in ("en", "es", "pt"):
        page.goto(f"{address}#{language}")
        page.wait_for_selector(f"#{language} .chart svg")
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_charts_follow_the_width(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1200, "height": 900})
    page.goto(address)
    page.wait_for_selector("#en .chart svg")
    page.set_viewport_size({"width": 600, "height": 900})
    page.wait_for_function("document.querySelector('#en .chart svg').clientWidth < 600")


def test_the_keyboard_reaches_what_scrolls_and_opens(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("#en .chart svg")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#en-findings")

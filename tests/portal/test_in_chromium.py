"""The customer's pages as they are met: without a script, by eye, by key and by screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.portal.conftest import Served

LANGUAGES = ("en", "es", "pt")


@pytest.fixture
def customer(browser: Browser, portal: Served) -> Iterator[Callable[..., Page]]:
    """A page; the test fails when it logs an error or asks for anything elsewhere."""
    portal.later()
    contexts = []
    complaints: list[str] = []

    def come(language: str = "en", **settings: Any) -> Page:
        context = browser.new_context(locale=language, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("request", lambda one: None if one.url.startswith(portal.url) else complaints.append(one.url))
        return page

    yield come
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390), ("light", 320)])
def test_every_page_is_accessible_and_nothing_sticks_out(
    customer: Callable[..., Page], portal: Served, language: str, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = customer(language, color_scheme=scheme, viewport={"width": width, "height": 900})

    def look(status: int = 200) -> None:
        assert page.evaluate("document.documentElement.lang") == language
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        results = Axe().run(page)
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"

    page.goto(f"{portal.url}/me/guide")
    look()
    page.click("main form button")
    look()
    at = page.url
    seen_consent = False
    for _ in range(6):
        if not page.locator(".options button").count():
            break
        if page.locator(".consent input").count():
            seen_consent = True
            look()
            page.check(".consent input")
        page.click(".options button >> nth=0")
    look()
    page.goto(at)
    page.click(".take button")
    look()
    assert seen_consent


def test_all_can_be_done_without_a_script_and_by_key(customer: Callable[..., Page], portal: Served) -> None:
    page = customer(java_script_enabled=False)
    page.goto(f"{portal.url}/me/guide")
    page.focus("main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/guide/*")
    at = page.url
    assert "/me/guide/" in at
    assert page.inner_text("h1") == "Our proposal for you"
    assert page.input_value("#address") == at
    row = "ul.values li:has(h3:text-is('bread'))"
    page.focus(f"{row} summary")
    page.keyboard.press("Enter")
    page.select_option(f"{row} select", "rye")
    page.focus(f"{row} form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=correct")
    assert "Changed." in page.inner_text("[role=status]")
    assert page.text_content(f"{row} .module") == "rye"
    assert "you chose it" in (page.text_content(f"{row} .why") or "").lower()
    there = customer("es", java_script_enabled=False)  # another device, another language
    there.goto(f"{at}?language=es")
    assert there.inner_text("h1") == "Nuestra propuesta para usted"
    there.click("footer >> text=Português")
    assert there.inner_text("h1") == "Nossa proposta para você"
    there.click(".take button")
    assert there.inner_text("h1") == "Obrigado: é seu"
    page.reload()
    page.goto(at)
    assert page.inner_text("h1") == "Thank you: it is yours"

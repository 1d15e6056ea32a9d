"""The console as its readers meet it: without a script, by eye, by key and by screen reader."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.staged import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.console.staged import Staged
    from trato.company.access import Role

LANGUAGES = ("en", "es", "pt")
NAMES = ("ana", "hostile", "long", "silent", "withdrawn", "empty")


def pages_of(console: Staged) -> list[str]:
    """Every page that shows something, with customers of every sort."""
    rooms = ["/", "/customers", "/portfolio", "/permissions", "/events", "/people", "/keys", "/access"]
    rooms += [
        "/programmes",
        "/programmes/loaves",
        "/programmes/loaves?parts=1",
        f"/decisions/{console.decision}",
    ]
    return rooms + [f"/customers/{console.customers[name]}" for name in NAMES]


@pytest.fixture
def reader(browser: Browser, console: Staged) -> Iterator[Callable[..., Page]]:
    """A page of somebody who is logged in; the test fails when it logs an error or a dialog opens."""
    contexts = []
    complaints: list[str] = []

    def come(role: Role | None = "administrator", language: str = "en", **settings: Any) -> Page:
        context = browser.new_context(locale=language, **settings)
        contexts.append(context)
        if role is not None:
            token = console.token(role, language)
            context.add_cookies([{"name": "trato_session", "value": token, "url": console.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request", lambda one: None if one.url.startswith(console.url) else complaints.append(one.url)
        )
        return page

    yield come
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_accessible_and_nothing_sticks_out(
    reader: Callable[..., Page], console: Staged, language: str, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = reader(language=language, color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in pages_of(console):
        page.goto(console.url + path)
        assert page.evaluate("document.documentElement.lang") == language
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


@pytest.mark.parametrize("width", [320, 768])
def test_nothing_sticks_out_at_other_widths(reader: Callable[..., Page], console: Staged, width: int) -> None:
    page = reader(language="pt", viewport={"width": width, "height": 900})
    for path in pages_of(console):
        page.goto(console.url + path)
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_and_what_goes_wrong_are_accessible(
    reader: Callable[..., Page], console: Staged, language: str, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    here = reader(color_scheme=scheme, language=language, viewport={"width": 390, "height": 800})
    here.goto(f"{console.url}/people")
    here.check("input[value=analyst]")
    here.click("form[action='/people'] button")
    link = here.input_value(".secret")
    assert Axe().run(here).violations_count == 0
    page = reader(None, language=language, color_scheme=scheme, viewport={"width": 390, "height": 800})
    for path in ("/login", "/login?done=logged_out", link.removeprefix(console.url)):
        page.goto(console.url + path)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_all_can_be_done_without_a_script(reader: Callable[..., Page], console: Staged) -> None:
    page = reader(None, java_script_enabled=False)
    page.goto(console.url)
    page.fill("input[name=email]", "agent@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.click("text=Log in >> nth=-1")
    page.fill("input[name=identifier]", "card of crowd20")
    page.click("text=Find >> nth=-1")
    assert page.url == f"{console.url}/customers/{console.customers['crowd 20']}"
    page.click("summary:has-text('Open a matter')")
    page.fill("form:has(button:text('Open it')) textarea[name=matter]", "A question about rye")
    page.click("button:text('Open it')")
    assert page.inner_text("[role=status]") == "The matter is open."
    assert "A question about rye" in page.inner_text(".matters")
    page.click("button:text('Close it')")
    assert page.inner_text("[role=status]") == "The matter is closed."
    page.click("li:has-text('Advising you') summary")
    page.fill("li:has-text('Advising you') textarea", "Said no on the telephone")
    page.click("li:has-text('Advising you') button:text('They take the yes back')")
    assert "counts from now on" in page.inner_text("[role=status]")
    assert "This may not be shown" in page.inner_text("section[aria-labelledby=worth]")
    page.click("button:text('Español')")
    assert "Valor" in page.inner_text("section[aria-labelledby=worth]")
    page.click("nav >> text=Cartera")
    assert page.inner_text("h1") == "Valor por necesidades"
    page.click("button:text('English')")
    page.click("button:text('Log out')")
    assert page.inner_text("[role=status]") == "You are logged out."
    page.goto(f"{console.url}/customers")
    assert page.url == f"{console.url}/login"


def test_a_link_is_followed_by_hand(reader: Callable[..., Page], console: Staged) -> None:
    boss = reader()
    boss.goto(f"{console.url}/people")
    boss.check("input[value=agent]")
    boss.click("form[action='/people'] button")
    page = reader(None)
    page.goto(boss.input_value(".secret"))
    page.fill("input[name=email]", "by-hand@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.select_option("select[name=language]", "pt")
    page.click("main button")
    assert page.url == f"{console.url}/"
    assert page.evaluate("document.documentElement.lang") == "pt"


def test_the_keyboard_reaches_everything(reader: Callable[..., Page], console: Staged) -> None:
    page = reader("agent")
    page.goto(f"{console.url}/customers/{console.customers['ana']}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    reached: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "(() => { const one = document.activeElement;"
            " const box = one.getBoundingClientRect();"
            " const shows = getComputedStyle(one).outlineStyle !== 'none';"
            " return [one.tagName, one.textContent.trim().slice(0, 40), shows, box.width > 0] })()"
        )
        if where[0] == "BODY":
            break
        assert where[2], f"nothing shows that {where} has the focus"
        assert where[3], where
        reached.append(f"{where[0]} {where[1]}")
    can = page.evaluate(
        "[...document.querySelectorAll('main a, main button, main summary, main input, footer button')]"
        ".filter(one => one.type !== 'hidden' && one.checkVisibility()).length"
    )
    assert len(reached) == can
    assert any(one.startswith("SUMMARY Record what they say") for one in reached)


def test_a_form_is_filled_in_by_key(reader: Callable[..., Page], console: Staged) -> None:
    page = reader("agent")
    page.goto(console.url)
    page.focus("input[name=identifier]")
    page.keyboard.type("card of crowd21")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*-*")
    assert "Crowd21" in page.inner_text("h1")


def test_what_scrolls_is_reached_by_key_and_named(reader: Callable[..., Page], console: Staged) -> None:
    page = reader(viewport={"width": 390, "height": 800})
    for path in ("/customers", "/portfolio", "/permissions", "/people"):
        page.goto(console.url + path)
        for region in page.locator(".wide").all():
            assert region.get_attribute("tabindex") == "0"
            assert region.get_attribute("aria-label")


def test_headings_make_an_outline(reader: Callable[..., Page], console: Staged) -> None:
    page = reader()
    for path in pages_of(console):
        page.goto(console.url + path)
        levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => +one.tagName[1])")
        assert levels.count(1) == 1, path
        assert levels[0] == 1, path
        assert all(after - before <= 1 for before, after in pairwise(levels)), path


def test_numbers_stand_right_with_their_interval_beside(reader: Callable[..., Page], console: Staged) -> None:
    page = reader()
    page.goto(f"{console.url}/customers")
    row = page.locator("tbody tr").first
    for cell in row.locator("td.n, td.i").all():
        assert cell.evaluate("one => getComputedStyle(one).textAlign") == "right"
    assert " to " in row.locator("td.i").inner_text()


def test_the_bars_say_what_the_table_says(reader: Callable[..., Page], console: Staged) -> None:
    page = reader()
    page.goto(f"{console.url}/portfolio")
    widths = page.eval_on_selector_all(
        ".bars svg",
        "all => all.map(one => [...one.children].reduce((sum, r) => sum + +r.getAttribute('width'), 0))",
    )
    assert max(widths) == pytest.approx(100, abs=0.1)
    assert len(widths) == page.locator(".bars dt").count() == page.locator(".map thead th").count() - 2
    totals = page.locator(".map tbody tr").last.locator("td").all_inner_texts()
    beside = page.locator(".bars .n").all_inner_texts()
    assert [one.split("\n")[-1].split()[-1] for one in totals[:-1]] == beside


def test_print_leaves_out_what_is_pressed(reader: Callable[..., Page], console: Staged) -> None:
    page = reader()
    page.goto(f"{console.url}/customers/{console.customers['ana']}")
    page.emulate_media(media="print")
    assert page.locator("button:visible").count() == 0
    assert page.locator("section[aria-labelledby=worth]").is_visible()

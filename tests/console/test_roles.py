"""Each role against each page: what the table says, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import form_token, text_of
from trato.company.access import ROLES
from trato.company.people import MAY, roles_by_area
from trato.console.routes import PAGES, router
from trato.console.words import console_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.console.conftest import Somebody
    from tests.console.staged import Staged
    from trato.company.access import Role
    from trato.console.routes import Page

BEHIND = [page for page in PAGES if not page.door]
NAMED = pytest.mark.parametrize("page", BEHIND, ids=lambda page: f"{page.method} {page.path}")


def address(page: Page, console: Staged) -> str:
    return page.path.format(
        customer=console.customers["ana"], decision=console.decision, programme="loaves",
        matter="none", person="none", key="none", token="none",
    )  # fmt: skip


def ask(here: Somebody, page: Page, console: Staged, token: str) -> tuple[int, str]:
    """Ask for a page; a form is sent empty, which does nothing."""
    path = address(page, console)
    answer = here.get(path) if page.method == "GET" else here.client.post(path, data={"token": token})
    return answer.status_code, answer.text


@NAMED
@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_what_the_table_says(
    console: Staged, someone: Callable[..., Somebody], page: Page, role: Role
) -> None:
    here = someone(role)
    status, text = ask(here, page, console, form_token(here.get("/access").text))
    if page.area is None or page.area in MAY[role]:
        assert "people in another role" not in text
        assert status < 500
        assert status == 200 or page.method == "POST"
    else:
        assert status == 403
        assert "This page is for people in another role" in text
        assert "Ana Prado" not in text


@NAMED
def test_nobody_gets_behind_the_door(console: Staged, visitor: Callable[[], Somebody], page: Page) -> None:
    here = visitor()
    here.client.cookies.set("trato_session", "x" * 43, domain="127.0.0.1")
    answer = here.client.request(
        page.method,
        address(page, console),
        data={"token": form_token(here.get("/login").text)} if page.method == "POST" else None,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.text == ""


@NAMED
def test_a_form_without_its_token_does_nothing(
    console: Staged, someone: Callable[..., Somebody], page: Page
) -> None:
    if page.method == "POST":
        assert someone("administrator").client.post(address(page, console)).status_code in {400, 403}
        answer = someone("administrator").client.post(address(page, console), data={"do": "disable"})
        assert answer.status_code == 403


def test_every_route_is_in_the_table(console: Staged) -> None:
    found = router(
        company=console.corner.company, store=console.store, models=None, now=console.clock,
        draw=bytes, secret=b"",
    )  # fmt: skip
    routes = {
        (method, route.path)  # type: ignore[attr-defined]  # APIRoute, by what was included
        for route in found.routes
        for method in route.methods  # type: ignore[attr-defined]  # APIRoute, by what was included
    }
    table = {(page.method, page.path) for page in PAGES}
    assert routes == table | {("GET", "/console.css"), ("GET", "/console.svg")}


def test_pages_that_show_customers_need_a_role() -> None:
    free = {page.path for page in BEHIND if page.area is None}
    assert free == {"/logout", "/access", "/access/password", "/"}


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_offers_what_may_be_seen(someone: Callable[..., Somebody], role: Role) -> None:
    text = someone(role).get("/").text
    for area in ("customers", "portfolio", "programmes", "permissions", "events", "people", "keys"):
        assert (f'href="/{area}"' in text) == (area in MAY[role])


def test_an_analyst_learns_what_and_not_who(console: Staged, someone: Callable[..., Somebody]) -> None:
    here = someone("analyst")
    for path in (f"/customers/{console.customers['ana']}", "/customers", "/portfolio"):
        page = here.get(path)
        assert page.status_code == 200
        for told in ("Ana Prado", "ana@example.org", "card of ana", "not baked through", "dark and sour"):
            assert told not in page.text
    text = text_of(here.get(f"/customers/{console.customers['ana']}").text)
    assert "Your role does not see who a customer is" in text
    assert "Their words are for those who may see who they are" in text
    assert "More wheat" in text


def test_an_agent_sees_who(console: Staged, someone: Callable[..., Somebody]) -> None:
    page = text_of(someone("agent").get(f"/customers/{console.customers['ana']}").text)
    for told in ("Ana Prado", "ana@example.org", "not baked through", "I like it dark and sour."):
        assert told in page


def test_the_documentation_has_the_same_table() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/method/console.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.split("## Who may see what", 1)[1].splitlines()
        if line.startswith("| ") and "---" not in line
    ]
    told = {row[0]: tuple(cell == "yes" for cell in row[1:5]) for row in rows[1:]}
    words = console_words("en").messages
    assert told == {words[f"area.{area}"][0]: may for area, may in roles_by_area()}

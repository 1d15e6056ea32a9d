"""A customer's page and what is recorded there; finding customers; what is noted, and what is never shown."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.console.conftest import text_of
from tests.console.staged import HOSTILE, LONG, NOW
from trato.permission.permit import read_permit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.console.conftest import Somebody
    from tests.console.staged import Staged

    Someone = Callable[..., Somebody]


def page_of(console: Staged, name: str) -> str:
    return f"/customers/{console.customers[name]}"


def section(page: str, name: str) -> str:
    """What stands below a heading, without markup."""
    found = re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', page, re.DOTALL)
    assert found, name
    return text_of(found[1])


def test_the_page_says_who_worth_wants_did_and_may(console: Staged, someone: Someone) -> None:
    page = someone("agent").get(page_of(console, "ana")).text
    assert "Ana Prado" in section(page, "who")
    worth = section(page, "worth")
    assert re.search(r"Expected in the next 91 days €\d+ €\d+ to €\d+, 9 times in 10", worth)
    assert "As of March 1, 2026" in worth
    wants = section(page, "wants")
    assert "Never wheat, it makes me ill." in wants
    assert "Does not want bread: wheat" in wants
    assert re.search(r"More wheat \d+ of 100; of all customers 60", wants)
    assert "bread: wheat, chosen 28 times" in wants
    proposal = section(page, "proposal")
    assert "rye as they said They said that they want it." in proposal
    assert "never: wheat" in proposal
    assert "Bought at the till, Madrid · €4." in section(page, "did")
    assert "Granted since May 5, 2025" in section(page, "may")
    assert "Late since Feb 27, 2026" in section(page, "matters")
    assert "Once in 30 days" in section(page, "contacts")
    for name in ("worth", "proposal", "wants", "did", "who", "contacts"):
        assert re.search(r"Shown for (this purpose|these purposes): [^.]*ing you", section(page, name)), name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("silent", "the customer was never asked, or never said yes"),
        ("withdrawn", "the customer took the yes back on Mar 1, 2026"),
        ("ended", "the customer's yes ended on Mar 1, 2026"),
    ],
)
def test_what_may_not_be_shown_says_why(console: Staged, someone: Someone, name: str, why: str) -> None:
    page = someone("agent").get(page_of(console, name)).text
    for part in ("worth", "proposal", "wants"):
        assert f"This may not be shown. Advising you: {why}" in section(page, part)


def test_the_page_says_what_knowing_them_is_worth(console: Staged, someone: Someone) -> None:
    knowing = section(someone("agent").get(page_of(console, "ana")).text, "knowing")
    assert re.search(r"guess right in \d+% of what they choose", knowing)
    assert "bread: rye" in knowing
    assert 'aria-labelledby="knowing"' not in someone("agent").get(page_of(console, "silent")).text


def test_of_whom_nothing_may_be_shown_nothing_is(console: Staged, someone: Someone) -> None:
    for role in ("agent", "administrator", "data_protection", "analyst"):
        page = someone(role).get(page_of(console, "silent"))
        assert page.status_code == 200
        assert "Silent Sam" not in page.text
        assert "sam@example.org" not in page.text


def test_who_is_new_is_not_guessed_at(console: Staged, someone: Someone) -> None:
    page = someone("agent").get(page_of(console, "empty")).text
    assert "What they want we do not know yet." in text_of(page)
    assert "0 choices were counted" in section(page, "wants")
    assert "so they are treated as all are" in section(page, "proposal")


def test_a_stranger_is_told_so(someone: Someone) -> None:
    for made_up in ("nobody", "0190aaaa-0000-7000-8000-000000000000", "x" * 3000):
        answer = someone("agent").get(f"/customers/{made_up}")
        assert answer.status_code == 404
        assert "There is no such customer" in answer.text


def test_hostile_words_stay_words(console: Staged, someone: Someone) -> None:
    here = someone("administrator")
    for path in (page_of(console, "hostile"), "/customers", "/events", "/permissions"):
        page = here.get(path).text
        assert "<script" not in page
        assert "<img" not in page
        assert "alert(1)" in page or path in {"/customers", "/permissions"}
        assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(.{0,12})", page)
    answer = here.send("/keys", label=HOSTILE, scope="track")
    assert "<script" not in answer.text
    assert "&lt;script" in answer.text
    answer = here.send("/customers", identifier=HOSTILE, kind="any")
    assert answer.status_code in {303, 404}
    assert "<script" not in answer.text


@pytest.mark.parametrize("typed", ["ana@example.org", " ANA@example.org ", "card of ana"])
def test_somebody_is_found_by_any_identifier(console: Staged, someone: Someone, typed: str) -> None:
    here = someone("agent")
    answer = here.send("/customers", identifier=typed, kind="any")
    assert (answer.status_code, answer.headers["location"]) == (303, page_of(console, "ana"))


def test_somebody_is_found_by_id_and_nobody_by_nothing(console: Staged, someone: Someone) -> None:
    here = someone("agent")
    answer = here.send("/customers", identifier=console.customers["ana"].upper())
    assert answer.headers["location"] == page_of(console, "ana")
    assert "Say what points to the customer" in here.send("/customers", identifier=" ").text
    nobody = here.send("/customers", identifier="card of nobody", kind="card")
    assert nobody.status_code == 404
    assert "points to nobody" in nobody.text
    assert "card of nobody" not in nobody.text


def test_nothing_personal_stands_in_an_address_or_a_log(
    console: Staged, someone: Someone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    here = someone("agent")
    addresses = []
    for path in ("/", "/customers", "/portfolio", page_of(console, "ana")):
        page = here.get(path).text
        addresses += re.findall(r'(?:href|action)="([^"]*)"', page)
    here.send("/customers", identifier="card of ana")
    here.send(
        f"{page_of(console, 'crowd 9')}/permissions", purpose="service", do="grant", evidence="Ana said"
    )
    said = " ".join(map(unquote, addresses)) + caplog.text
    for personal in ("Ana", "Prado", "example.org", "card of", LONG[:20], "said"):
        assert personal not in said


def test_every_look_is_noted_before_anything_is_seen(console: Staged, someone: Someone) -> None:
    here = someone("agent")
    (agent,) = [
        one for one in console.store.read(lambda it: it.persons()) if one.email == "agent@example.org"
    ]
    here.get(page_of(console, "withdrawn"))
    (look,) = console.store.read(lambda it: it.looks(1))
    assert (look.by, look.customer) == (f"person:{agent.id}", console.customers["withdrawn"])
    assert look.purposes == ("service",)
    before = console.store.read(lambda it: it.looks(1000))
    rows = re.findall(r'<a href="/customers/([0-9a-f-]{36})">', here.get("/customers").text)
    after = console.store.read(lambda it: it.looks(1000))
    assert len(rows) == 20
    assert {one.customer for one in after[: len(after) - len(before)]} == set(rows)
    officer = text_of(someone("data_protection").get("/permissions").text)
    assert "agent@example.org" in officer
    assert "Serving you" in officer


def test_a_yes_a_no_and_an_objection_are_recorded_with_the_words(console: Staged, someone: Someone) -> None:
    here, who = someone("agent"), "crowd 1"
    path = f"{page_of(console, who)}/permissions"
    assert here.send(path, purpose="advice", do="withdraw", evidence="").status_code == 422
    answer = here.send(
        path, purpose="advice", do="withdraw", evidence="Told me at the till", touchpoint="till"
    )
    assert answer.headers["location"] == f"{page_of(console, who)}?done=withdrawn"
    page = here.get(answer.headers["location"]).text
    assert "what rested on it is shown no longer" in text_of(page)
    assert "This may not be shown" in section(page, "worth")
    here.send(path, purpose="advice", do="grant", evidence="Changed their mind")
    assert "This may not be shown" not in section(here.get(page_of(console, who)).text, "worth")
    here.send(path, purpose="analysis", do="withdraw", evidence="Objects")
    assert "Objected" in section(here.get(page_of(console, who)).text, "may")
    here.send(path, purpose="analysis", do="grant", evidence="No longer")
    assert "Allowed without asking" in section(here.get(page_of(console, who)).text, "may")
    entries = console.store.read(lambda it: it.permission_entries(console.customers[who], "advice"))
    assert [one.state for one in entries[-2:]] == ["withdrawn", "granted"]
    assert entries[-2].touchpoint == "till"
    assert entries[-2].source.startswith("console person:")
    assert b"Told me" not in entries[-2].evidence


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "nothing", "do": "grant", "evidence": "x"},
        {"purpose": "advice", "do": "sell", "evidence": "x"},
        {"purpose": "advice", "do": "grant", "evidence": "x", "touchpoint": "moon"},
        {"purpose": "advice", "do": "grant", "evidence": "x" * 2001},
        {},
    ],
)
def test_a_permission_that_cannot_be_meant_is_not_recorded(
    console: Staged, someone: Someone, wrong: dict[str, str]
) -> None:
    here, before = someone("agent"), console.store.read(lambda it: it.permission_head())
    answer = here.send(f"{page_of(console, 'crowd 2')}/permissions", **wrong)
    assert answer.status_code in {400, 404, 422}
    assert console.store.read(lambda it: it.permission_head()) == before


def test_a_matter_is_opened_promised_about_and_closed(console: Staged, someone: Someone) -> None:
    here, who = someone("agent"), "crowd 3"
    path, page = f"{page_of(console, who)}/matters", page_of(console, who)
    for wrong in ({"matter": ""}, {"matter": "x", "due": "2020-01-01"}, {"matter": "x", "due": "soon"}):
        assert here.send(path, purpose="service", **wrong).status_code == 422
    assert here.send(path, purpose="service", matter="x" * 2001).status_code == 422
    due = f"{NOW + timedelta(days=3):%Y-%m-%d}"
    fields = {
        "matter": "Wants a <b>dark</b> loaf",
        "promised": "one on Friday",
        "due": due,
        "touchpoint": "till",
    }
    assert here.send(path, purpose="service", **fields).headers["location"] == f"{page}?done=opened"
    told = section(here.get(page).text, "matters")
    assert "Wants a <b>dark</b> loaf" in told
    assert "We promised: one on Friday. By Mar 4, 2026." in told
    (matter,) = re.findall(rf'action="({path}/\w+)"', here.get(page).text)[:1]
    assert here.send(matter, purpose="service", do="promise", promised=" ").status_code == 422
    here.send(matter, purpose="service", do="promise", promised="two on Friday")
    assert "We promised: two on Friday." in section(here.get(page).text, "matters")
    assert here.send(matter, purpose="service", do="close").headers["location"] == f"{page}?done=closed"
    assert "No matter is open." in section(here.get(page).text, "matters")
    again = here.send(matter, purpose="service", do="close")
    assert again.status_code == 404
    assert "no longer open" in again.text


def test_no_matter_is_kept_for_whom_nothing_permits_it(console: Staged, someone: Someone) -> None:
    here = someone("agent")
    answer = here.send(f"{page_of(console, 'silent')}/matters", purpose="service", matter="A question")
    assert answer.status_code == 403
    assert "never permitted this" in answer.text


def test_the_timeline_goes_on(console: Staged, someone: Someone) -> None:
    here, told = someone("agent"), 0
    path: str | None = page_of(console, "ana")
    while path:
        page = here.get(path).text
        told += section(page, "did").count(" at the till") + section(page, "did").count(" on the web")
        more = re.search(r'href="(/customers/[^"]*before=\d+)#did"', page)
        path = more[1] if more else None
    assert told == 28
    assert here.get(f"{page_of(console, 'ana')}?before={'9' * 40}").status_code == 200


def listed(here: Somebody) -> list[str]:
    """Everybody on all pages of the list."""
    everybody: list[str] = []
    path: str | None = "/customers?tier=&need="
    while path:
        page = here.get(path).text
        everybody += re.findall(r'<th scope="row"><a href="/customers/([0-9a-f-]{36})">', page)
        more = re.search(r'<a href="([^"]*after=[^"]*)" rel="next"', page)
        path = more[1].replace("&amp;", "&") if more else None
    return everybody


def test_customers_are_listed_by_tier_and_need(console: Staged, someone: Someone) -> None:
    here = someone("agent")
    everybody = listed(here)
    assert len(everybody) == len(set(everybody)) >= 62
    best = here.get("/customers?tier=most_valuable&need=0").text
    assert '<option value="most_valuable" selected>' in best
    rows = re.findall(r'<th scope="row"><a href="/customers/([0-9a-f-]{36})">', best)
    assert set(rows) < set(everybody)
    for odd in ("?need=x&tier=rich", "?need=999999999999", "?after=%00", "?need=-1"):
        assert here.get(f"/customers{odd}").status_code == 200


def test_a_withdrawal_takes_the_customer_out_of_list_and_portfolio(console: Staged, someone: Someone) -> None:
    here, who = someone("agent"), console.customers["crowd 5"]
    before = int(re.findall(r"(\d+) customers, expected", text_of(here.get("/portfolio").text))[0])
    here.send(f"/customers/{who}/permissions", purpose="advice", do="withdraw", evidence="No")
    after = int(re.findall(r"(\d+) customers, expected", text_of(here.get("/portfolio").text))[0])
    assert after == before - 1
    assert who not in listed(here)
    here.send(f"/customers/{who}/permissions", purpose="advice", do="grant", evidence="Yes")


def test_a_yes_that_has_ended_takes_the_customer_out_as_well(console: Staged, someone: Someone) -> None:
    here, who = someone("agent"), console.customers["crowd 14"]
    assert who in listed(here)
    console.corner.grant(who, "advice", until=NOW + timedelta(minutes=5))  # it is ten minutes past
    assert who not in listed(here)
    console.corner.grant(who, "advice")
    assert who in listed(here)


def test_an_entry_of_the_store_without_permit_is_never_read(console: Staged) -> None:
    from trato.errors import NotPermitted

    why = console.corner.company.purposes.named("service")
    with pytest.raises(NotPermitted):
        console.store.read(lambda it: read_permit(it, why, console.customers["silent"], now=NOW))


def test_data_protection_sees_the_entries_and_the_looks(console: Staged, someone: Someone) -> None:
    someone("agent").send(
        f"{page_of(console, 'crowd 12')}/permissions", purpose="advice", do="withdraw", evidence="No"
    )
    page = someone("data_protection").get(page_of(console, "crowd 12")).text
    may = section(page, "may")
    assert "2 entries in the ledger: Advising you" in may
    assert re.search(r"Withdrawn · agent@example.org entry \d+", may)
    assert re.search(r"Granted · on the web · form entry \d+", may)
    someone("data_protection").get(page_of(console, "crowd 12"))
    page = someone("data_protection").get(page_of(console, "crowd 12")).text
    assert "data_protection@example.org" in section(page, "looked")
    console.corner.grant(console.customers["crowd 12"], "advice", at=console.clock.now)
    for role in ("agent", "analyst"):
        other = someone(role).get(page_of(console, "crowd 12")).text
        assert "entries in the ledger" not in other
        assert 'aria-labelledby="looked"' not in other

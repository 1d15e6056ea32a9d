"""The pages about all customers, permissions, events, people and keys; and what every answer carries."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.console.conftest import Somebody, text_of
from tests.console.staged import Staged, just_opened, listening, served
from trato.company.keys import check_key
from trato.console.portfolio import summed
from trato.console.routes import PAGES, router
from trato.customize.models import Models
from trato.differentiate.store import PortfolioCell
from trato.differentiate.value.tiers import Tier
from trato.errors import KeyRefused, StorageUnavailable
from trato.pages.served import HEADERS
from trato.permission.permit import everyone_permitted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Someone = Callable[..., Somebody]

CELLS = st.builds(
    PortfolioCell,
    need=st.integers(-1, 5),
    tier=st.sampled_from([*map(str, Tier), ""]),
    customers=st.integers(1, 10**6),
    expected_value=st.floats(-1e9, 1e9),
)


@given(st.lists(CELLS, max_size=40))
def test_rows_and_columns_add_up(cells: list[PortfolioCell]) -> None:
    found = summed(cells)
    customers = sum(one.customers for one in cells)
    money = sum(one.expected_value for one in cells)
    for sums in (found.by_tier.values(), found.by_need.values(), [found.whole], found.cells.values()):
        assert sum(one.customers for one in sums) == customers
        assert sum(one.expected for one in sums) == pytest.approx(money, abs=1e-3)
        assert all(0 <= one.shade <= 9 for one in sums)
    order = [str(tier) for tier in Tier]
    assert [tier for tier in found.tiers if tier] == [tier for tier in order if tier in found.tiers]
    assert all(found.part(tier, need) >= 0 for tier in found.tiers for need in found.needs)


def test_the_portfolio_says_value_by_needs_and_who_is_left_out(console: Staged, someone: Someone) -> None:
    page = someone("analyst").get("/portfolio").text
    text = text_of(page)
    assert re.search(r"6\d customers, expected to bring €[\d,]+ together", text)
    why, now = console.corner.company.purposes.named("advice"), console.clock.now
    permitted = console.store.read(lambda it: everyone_permitted(it, why, now=now))
    left_out = len(console.customers) - len(permitted)
    assert f"{left_out} customers are left out, who do not permit this: Advising you." in text
    assert "1 customer permits it and is not in the build yet." in text
    assert "rye 2.1× as often" in text
    assert text.index("Tiers by needs") < text.index("Which need brings how much")
    assert '<th scope="row">Most valuable' in page


def test_the_portfolio_says_what_knowing_customers_is_worth(console: Staged, someone: Someone) -> None:
    text = text_of(someone("analyst").get("/portfolio").text)
    assert "What knowing our customers is worth" in text
    assert re.search(r"We guess -?\d+\s?% \[-?\d+\s?% to -?\d+\s?%\] more of their choices right", text)
    assert "What interactions taught us about needs" in text


def test_the_ledger_is_verified_and_a_fault_is_named(console: Staged, someone: Someone) -> None:
    here = someone("data_protection")
    answer = here.send("/permissions/verify", on="/permissions")
    text = text_of(answer.text)
    head = console.store.read(lambda it: it.permission_head())
    assert f"Whole: all {head.position} entries are as they were written." in text
    assert head.hash.hex() in text
    log = console.store.read(lambda it: it.verify_log())
    assert f"The log is whole: all {log.last.number} sealed blocks are as they were written." in text
    assert f"{log.unsealed} entries of the log are too new to be sealed" in text
    assert log.last.hash.hex() in text
    assert re.search(r"The log of interactions .* Decisions The log is whole.* Outcomes The log is", text)
    page = text_of(here.get("/permissions").text)
    assert re.search(r"Serving you reads name, e-mail and language consent \d+ 0 1 0", page)
    assert re.search(
        r"Knowing our shop reads no personal field legitimate interests needs no yes \d objected", page
    )


def test_events_tell_what_came_and_what_was_put_aside(someone: Someone) -> None:
    page = someone("analyst").get("/events").text
    text = text_of(page)
    assert re.search(r"till event 3\d Mar 1, 2026", text)
    assert "sales table 0 not yet" in text
    assert "Order Completed time: no such moment 3 Mar 1, 2026" in text


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(console: Staged, someone: Someone) -> None:
    here = someone("administrator")
    for wrong in (
        {"label": "shop"},
        {"label": " ", "scope": "track"},
        {"label": "x" * 101, "scope": "track"},
    ):
        answer = here.send("/keys", **wrong)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    answer = here.send("/keys", label="Web shop", scope=["track", "greet"])
    (words,) = re.findall(r'value="(tk_[^"]+)"', answer.text)
    key = console.store.read(lambda it: check_key(it, words, "greet"))
    assert key.label == "Web shop"
    page = here.get("/keys").text
    assert "Web shop" in page
    assert words not in page
    assert here.send(f"/keys/{key.id}").headers["location"] == "/keys?done=revoked"
    with pytest.raises(KeyRefused):
        console.store.read(lambda it: check_key(it, words, "greet"))
    assert "revoked on Mar 1, 2026" in text_of(here.get("/keys").text)


def test_somebody_is_invited_disabled_and_let_in_again(
    console: Staged, someone: Someone, visitor: Callable[[], Somebody]
) -> None:
    here, new = someone("administrator"), visitor()
    answer = here.send("/people", role="analyst")
    (link,) = re.findall(r'value="http://127.0.0.1:\d+(/setup/[^"]+)"', answer.text)
    assert link not in here.get("/people").text
    fields = {"email": "fresh@example.org", "password": "a sentence of words", "again": "a sentence of words"}
    assert new.send(link, on=link, **fields).status_code == 303
    (who,) = [one.id for one in console.store.read(lambda it: it.persons()) if one.email == fields["email"]]
    assert here.send(f"/people/{who}", do="disable").headers["location"] == "/people?done=disabled"
    assert new.get("/").headers["location"] == "/login"
    assert here.send(f"/people/{who}", do="enable").headers["location"] == "/people?done=enabled"
    answer = here.send(f"/people/{who}", do="link")
    (link,) = re.findall(r'value="http://127.0.0.1:\d+(/setup/[^"]+)"', answer.text)
    assert "fresh@example.org" in new.get(link).text
    assert here.send("/people", role="emperor").status_code == 400
    assert here.send("/people/nobody", do="disable").status_code == 400
    assert here.send(f"/people/{who}", do="promote").status_code == 400


def test_the_last_administrator_stays(console: Staged, someone: Someone) -> None:
    here = someone("administrator")
    (who,) = [one.id for one in console.store.read(lambda it: it.persons()) if one.role == "administrator"]
    answer = here.send(f"/people/{who}", do="disable")
    assert answer.status_code == 409
    assert "last administrator" in answer.text
    assert here.get("/people").status_code == 200


@pytest.mark.parametrize("page", [one for one in PAGES if one.method == "GET"], ids=lambda one: one.path)
def test_every_answer_is_strict(console: Staged, someone: Someone, page: Any) -> None:
    path = page.path.format(
        customer=console.customers["hostile"], token="none", decision=console.decision, programme="loaves"
    )
    answer = someone("administrator").get(path)
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    directives = dict(one.split(maxsplit=1) for one in HEADERS["Content-Security-Policy"].split("; "))
    assert directives == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=[\"']", answer.text)
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_the_style_may_be_kept_for_ever(someone: Someone) -> None:
    here = someone("analyst")
    (path,) = re.findall(r'href="(/console\.css\?v=\w+)"', here.get("/").text)
    answer = here.get(path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert here.get("/console.svg").headers["content-type"] == "image/svg+xml"


def test_on_the_first_day_every_page_says_what_is_missing(tmp_path: Path) -> None:
    with just_opened(tmp_path) as fresh, served(fresh), httpx.Client(base_url=fresh.url) as client:
        client.cookies.set("trato_session", fresh.token("administrator"), domain="127.0.0.1")
        here = Somebody(client, fresh)
        for path, told in {
            "/": "No build was published yet",
            "/customers": "Tiers and needs are known after the first build",
            "/portfolio": "There is nothing to show before the first build",
            "/permissions": "Nobody has looked yet.",
            "/events": "Nothing was put aside.",
            "/keys": "There is no key yet.",
            "/people": "4 people come in here.",
        }.items():
            page = here.get(path)
            assert page.status_code == 200
            assert told in text_of(page.text)
        assert "Whole: all 0 entries" in here.send("/permissions/verify").text
        met = fresh.corner.meet("Una Nova")
        page = here.get(f"/customers/{met}")
        assert "Una Nova" not in page.text
        fresh.corner.grant(met)
        page = here.get(f"/customers/{met}")
        assert "Una Nova" in page.text
        for told in ("no build has learned what customers want", "is known after the next build"):
            assert told in text_of(page.text)


class Away:
    """A store that cannot be reached."""

    def read(self, work: object) -> None:
        raise StorageUnavailable("the disk is full")

    write = read


def test_a_store_that_is_away_is_told_and_to_be_tried_again(console: Staged) -> None:
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(
        router(
            company=console.corner.company, store=cast("Any", Away()), models=Models(), now=console.clock,
            draw=secrets.token_bytes, secret=b"x",
        )
    )  # fmt: skip
    with listening(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        client.cookies.set("trato_session", "x" * 43, domain="127.0.0.1")
        for path in ("/", "/customers", "/login"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert "Inténtelo de nuevo" in answer.text


def test_a_decision_says_what_why_and_that_it_comes_out_the_same(console: Staged, someone: Someone) -> None:
    page = text_of(someone("agent").get(f"/decisions/{console.decision}").text)
    for told in (
        "A loaf to try",
        "The same, bit for bit",
        "Probability",
        "half a loaf of",
        "Nothing was told",
    ):
        assert told in page or told == "Nothing was told", told
    assert someone("agent").get("/decisions/none").status_code == 404
    who = console.customers["crowd 0"]
    page = text_of(someone("agent").get(f"/customers/{who}").text)
    assert "What we would give next" in page
    assert "The last decision" in page


def test_who_permits_nothing_is_given_nothing_next(console: Staged, someone: Someone) -> None:
    page = text_of(someone("agent").get(f"/customers/{console.customers['silent']}").text)
    assert "What we would give next" not in page


def test_a_programme_says_how_it_runs_and_a_look_is_kept(console: Staged, someone: Someone) -> None:
    here = someone("analyst")
    assert "A loaf to try" in text_of(here.get("/programmes").text)
    page = text_of(here.get("/programmes/loaves?parts=1").text)
    for told in (
        "Does it pay?",
        "Hold-out arms",
        "The same for all",
        "Budget",
        "What each part of the policy adds",
    ):
        assert told in page, told
    answer = here.send("/programmes/loaves/looks")
    assert (answer.status_code, answer.headers["location"]) == (303, "/programmes/loaves?done=looked")
    assert re.search(r"All \d looks", text_of(here.get("/programmes/loaves").text))
    assert here.send("/programmes/loaves/looks", planned="many").status_code == 422
    assert here.send("/programmes/loaves/looks", planned="77").status_code == 422
    assert here.get("/programmes/none").status_code == 404

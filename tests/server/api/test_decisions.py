"""Decisions over HTTP: made and logged once, told with their reasons, and taught by what came of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.customize.corner import NOW
from tests.server.api.doors import key_of
from tests.server.api.test_api import NOBODY, database, problem
from trato.customize.programme.decision import WHOLE, DecisionId
from trato.permission.permit import read_permit
from trato.server.context import Context
from trato.server.learning import Learner
from trato.storage.sealing import seal_log

__all__ = ["database"]  # a fixture: these tests run on each database

if TYPE_CHECKING:
    import httpx

    from tests.customize.corner import Corner
    from tests.server.api.doors import Http
    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision


def context_of(corner: Corner, http: Http) -> Context:
    return Context(corner.company, corner.store, corner.models, http.clock, bytes)


def wish(who: str, **said: Any) -> dict[str, Any]:
    return {"customer": who, "programme": "loaves", "touchpoint": "web", **said}


def logged(corner: Corner, who: CustomerId, purpose: str = "advice") -> tuple[Decision, ...]:
    def look(it: Any) -> tuple[Decision, ...]:
        permit = read_permit(it, corner.company.purposes.named(purpose), who, now=NOW)
        found: tuple[Decision, ...] = it.decisions_of(permit, limit=100)
        return found

    return corner.store.read(look)


def decided(http: Http, key: str, who: str, **said: Any) -> dict[str, Any]:
    answer = http.ask("POST", "/api/decisions", key, json=wish(who, **said))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def given(corner: Corner, http: Http, key: str) -> dict[str, Any]:
    """Decisions until one gives rye."""
    for number in range(60):
        who = corner.meet(f"Guest{number} Once")
        corner.grant(who)
        found = decided(http, key, who)
        if found["treatment"] == "rye":
            return found
    raise AssertionError("sixty times no rye")


def test_a_decision_is_answered_and_is_what_is_logged(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    told = decided(http, key_of(corner, "decide"), ana, context={"page": "basket", "items": 3})
    (kept,) = logged(corner, ana)
    assert told["decision"] == kept.id
    assert told["customer"] == ana
    assert (told["treatment"], told["probability"]) == (kept.treatment, kept.probability / WHOLE)
    assert sum(one["probability"] for one in told["candidates"]) == WHOLE
    assert [one["treatment"] for one in told["candidates"]] == ["nothing", "rye", "wheat"]
    assert told["labels"]["es"]
    assert told["at"] == "2026-03-01T12:00:00Z"
    assert told["matures_at"] == "2026-03-15T12:00:00Z"
    assert told["arm"] == "policy"
    assert not told["repeated"]
    assert told["why"]["language"] == "es"  # the company's first
    assert told["why"]["evidence"] == 0
    assert len(told["why"]["words"]) > 2


def test_why_is_said_in_the_language_that_is_asked_for_or_not_at_all(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    key = key_of(corner, "decide")
    said = {one: decided(http, key, ana, language=one) for one in ("en", "es", "pt")}
    assert len({one["why"]["words"][0] for one in said.values()}) == 3
    for language, one in said.items():
        path = f"/api/decisions/{one['decision']}"
        assert http.ask("GET", path, key, params={"language": language}).json() == one
    assert decided(http, key, ana, why=False)["why"] is None


def test_a_decision_is_replayed_bit_for_bit_whatever_was_learned_since(corner: Corner, http: Http) -> None:
    key = key_of(corner, "decide")
    told = given(corner, http, key)
    said = {"decision": told["decision"], "record": "r", "taken": True}
    assert http.ask("POST", "/api/outcomes", key, json={"outcomes": [said]}).json()["new"] == 1
    seal_log(corner.store, NOW)
    http.clock.at = NOW + timedelta(days=15)
    assert Learner(context_of(corner, http)).teach() > 0
    path = f"/api/decisions/{told['decision']}"
    answer = http.ask("GET", f"{path}/replay", key)
    assert answer.status_code == 200, answer.text
    again = answer.json()
    assert (again["same"], again["differences"]) == (True, [])
    assert again["probabilities"] == [one["probability"] for one in told["candidates"]]
    assert http.ask("GET", path, key).json() == told


def test_who_permits_nothing_gets_nothing_and_the_log_does_not_know_them(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    key = key_of(corner, "decide")
    told = decided(http, key, ana)
    assert (told["treatment"], told["customer"]) == ("nothing", None)
    assert {one["reason"] for one in told["candidates"][1:]} == {"not_permitted"}
    again = http.ask("GET", f"/api/decisions/{told['decision']}", key).json()
    assert again == told


def test_a_decision_is_read_as_long_as_it_is_permitted(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    key = key_of(corner, "decide")
    told = decided(http, key, ana)
    path = f"/api/decisions/{told['decision']}"
    assert http.ask("GET", path, key).json() == told
    look = corner.store.read(lambda it: it.looks(1)[0])
    assert (look.customer, look.purposes) == (ana, ("advice",))
    corner.refuse(ana, "advice", at=NOW)
    problem(http.ask("GET", path, key), 403, "trato.permission_withdrawn")
    problem(http.ask("GET", f"/api/decisions/{NOBODY}", key), 404, "trato.unknown_decision")


def test_many_at_once_share_transactions_and_each_hears_of_its_own(corner: Corner, http: Http) -> None:
    people = [corner.meet(f"Guest{number} Once") for number in range(20)]
    for one in people:
        corner.grant(one)
    key = key_of(corner, "decide")

    async def ask() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {key}"}
        asked = [
            http.client.post("/api/decisions", json=wish(one), headers=headers) for one in (*people, NOBODY)
        ]
        return list(await asyncio.gather(*asked))

    *answers, nobody = http.runner.run(ask())
    assert [one.json()["customer"] for one in answers] == people
    assert len({one.json()["decision"] for one in answers}) == 20
    problem(nobody, 404, "trato.unknown_customer")
    assert all(len(logged(corner, one)) == 1 for one in people)


def test_the_same_wish_with_its_word_is_granted_once(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    key = key_of(corner, "decide")
    sent = {"json": wish(ana), "headers": {"Idempotency-Key": "basket 7"}}
    first, *others = http.ask_at_once(8, "POST", "/api/decisions", key, **sent)
    told = [one.json() for one in (first, *others)]
    assert len({one["decision"] for one in told}) == 1
    assert sum(not one["repeated"] for one in told) == 1
    later = http.ask("POST", "/api/decisions", key, **sent).json()
    assert later == {**told[0], "repeated": True}
    assert len(logged(corner, ana)) == 1
    other = http.ask(
        "POST", "/api/decisions", key, json=wish(ana, touchpoint="till"), headers=sent["headers"]
    )
    problem(other, 400, "trato.bad_option")
    assert decided(http, key_of(corner, "decide"), ana)["decision"] != told[0]["decision"]


def test_a_word_may_come_again_once_its_receipt_is_gone(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    key = key_of(corner, "decide")
    sent = {"json": wish(ana), "headers": {"Idempotency-Key": "weekly"}}
    first = http.ask("POST", "/api/decisions", key, **sent).json()
    corner.store.write(lambda it: it.drop_receipts(NOW + timedelta(days=1)))
    second = http.ask("POST", "/api/decisions", key, **sent).json()
    again = http.ask("POST", "/api/decisions", key, **sent).json()
    assert first["decision"] != second["decision"] == again["decision"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"programme": "loafs"}, 404, "trato.unknown_programme"),
        ({"touchpoint": "letter"}, 400, "trato.bad_option"),
        ({"touchpoint": "moon"}, 400, "trato.bad_option"),
        ({"choice": "corn"}, 400, "trato.bad_option"),
        ({"customer": "ana"}, 422, "trato.bad_input"),
        ({"context": {"items": [1]}}, 422, "trato.bad_input"),
        ({"context": {f"c{n}": 1 for n in range(51)}}, 422, "trato.bad_input"),
        ({"colour": "red"}, 422, "trato.bad_input"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    corner: Corner, http: Http, changed: dict[str, Any], status: int, code: str
) -> None:
    ana = corner.meet()
    corner.grant(ana)
    answer = http.ask("POST", "/api/decisions", key_of(corner, "decide"), json=wish(ana, **changed))
    problem(answer, status, code)
    assert not logged(corner, ana)


def test_it_wants_a_key_that_was_made_for_it(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    problem(http.ask("POST", "/api/decisions", json=wish(ana)), 401, "trato.key_refused")
    reader = key_of(corner, "read")
    problem(http.ask("POST", "/api/decisions", reader, json=wish(ana)), 403, "trato.scope_missing")
    problem(http.ask("POST", "/api/outcomes", reader, json={"outcomes": []}), 403, "trato.scope_missing")


def test_an_outcome_counts_once_and_teaches_when_its_window_has_closed(corner: Corner, http: Http) -> None:
    key = key_of(corner, "decide")
    told = given(corner, http, key)
    said = {"decision": told["decision"], "record": "order 4711", "taken": True}
    first = http.ask("POST", "/api/outcomes", key, json={"outcomes": [said, said]})
    assert first.status_code == 200, first.text
    assert (first.json()["new"], first.json()["known"]) == (1, 1)
    assert http.ask("POST", "/api/outcomes", key, json={"outcomes": [said]}).json()["new"] == 0
    unknown = {**said, "decision": NOBODY}
    assert http.ask("POST", "/api/outcomes", key, json={"outcomes": [unknown]}).json()["unknown"] == [NOBODY]
    early = {**said, "record": "x", "at": (NOW + timedelta(days=1)).isoformat()}
    problem(http.ask("POST", "/api/outcomes", key, json={"outcomes": [early]}), 400, "trato.bad_option")


def test_the_budget_is_never_passed(corner: Corner, http: Http) -> None:
    key = key_of(corner, "decide")
    people = [corner.meet(f"Guest{number} Once") for number in range(40)]
    for one in people:
        corner.grant(one)
    told = [decided(http, key, one) for one in people]
    ryes = sum(one["treatment"] == "rye" for one in told)
    wheats = sum(one["treatment"] == "wheat" for one in told)
    (budget,) = [one for one in corner.store.read(lambda it: it.uses_of("loaves")) if one.what == "budget"]
    assert budget.used == 105 * ryes + 5 * wheats <= 900 == budget.limit
    if budget.used > 900 - 105:
        assert {each["reason"] for one in told[-1:] for each in one["candidates"]} >= {"no_budget"}


def test_the_programmes_are_served_from_the_start(corner: Corner, http: Http) -> None:
    served = corner.store.read(lambda it: it.served_programmes())
    assert served["loaves"].version == corner.company.programmes.by_key["loaves"].version


def test_decisions_teach_once_their_windows_have_closed(corner: Corner, http: Http) -> None:
    key = key_of(corner, "decide")
    given(corner, http, key)
    seal_log(corner.store, NOW)
    made = corner.store.read(lambda it: len(it.anonymous("loaves", 0, 1_000)))
    context = context_of(corner, http)
    assert Learner(context).teach() == 0
    http.clock.at = NOW + timedelta(days=15)
    assert 0 < Learner(context).teach() <= made
    assert corner.store.read(lambda it: it.served_programmes())["loaves"].model
    assert Learner(context).teach() == 0


def test_ids_that_follow_from_a_word_are_shaped_as_others() -> None:
    from uuid import UUID

    from trato.customize.programme.ids import decision_id_of, new_decision_id

    found = [decision_id_of(str(number)) for number in range(200)]
    assert len(set(found)) == 200
    for one in (*found, new_decision_id(NOW, lambda size: b"\xff" * size)):
        assert (UUID(one).version, UUID(one).variant) == (7, "specified in RFC 4122")
    assert DecisionId(found[0]) == decision_id_of("0")

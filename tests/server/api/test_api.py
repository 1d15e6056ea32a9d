"""What the API answers: to whom, how often, and how it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.customize.corner import NOW
from tests.server.api.doors import key_of, serving
from tests.storage.conftest import new_database
from trato.company.access import SCOPES
from trato.customize.names import Names

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.customize.corner import Corner
    from tests.server.api.doors import Http

NOBODY = "0198c5a0-7b1e-7c4d-9a2f-3b5d8e6f1a20"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh store; these tests run on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'corner.sqlite3'}"
    return new_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated"))


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code
    assert told["status"] == status
    assert told["message"]
    assert set(told) <= {"type", "title", "status", "code", "message", "detail", "hint"}


def test_a_customer_is_known_as_far_as_they_permit(corner: Corner, http: Http) -> None:
    ana = corner.meet(language="pt")
    corner.grant(ana)
    corner.build({ana: {("bread", "rye"): 6}})
    corner.does(ana)
    corner.says(ana, "siempre de centeno", "wants", "rye")
    key = key_of(corner, "read")
    answer = http.ask("GET", f"/api/customers/{ana}", key)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["currency"] == "EUR"
    assert told["minor_units"] == 2
    assert {one["name"]: one["value"] for one in told["who"]["shown"]["values"]}["name"] == "Ana Prado"
    assert told["wants"]["shown"]["needs"][0]["need"]["name"]["pt"] == "Padeiros"
    assert told["wants"]["shown"]["statements"][0]["words"] == "siempre de centeno"
    assert told["proposal"]["shown"]["components"][0]["binding"]
    assert told["worth"]["shown"]["actual_value"] == 150
    assert len(told["said_and_did"]["shown"]["events"]) == 2
    assert [one["stands"] for one in told["may"]] == ["granted", "granted", "not_asked"]
    corner.refuse(ana, "advice", at=NOW)
    told = http.ask("GET", f"/api/customers/{ana}", key).json()
    assert told["wants"]["shown"] is None
    assert told["wants"]["why_not"][0]["stands"] == "withdrawn"
    assert told["wants"]["why_not"][0]["since"] == "2026-03-01T12:00:00Z"


def test_components_and_modules_are_labelled_in_the_language_asked_for(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {("bread", "rye"): 6}})
    corner.says(ana, "siempre de centeno", "wants", "rye")
    names = Names({"bread": {"en": "our bread", "es": "pan"}}, {("bread", "rye"): {"es": "de centeno"}})
    named = replace(corner, company=replace(corner.company, names=names))
    key = key_of(corner, "read")
    with serving(named, NOW) as http:
        told = http.ask("GET", f"/api/customers/{ana}?language=es", key).json()
        english = http.ask("GET", f"/api/customers/{ana}?language=en", key).json()
        assert http.ask("GET", f"/api/customers/{ana}?language=fr", key).status_code == 422
    component = told["proposal"]["shown"]["components"][0]
    assert (component["component"], component["label"]) == ("bread", "pan")
    assert component["modules"][0]["module"] == "rye"
    assert component["modules"][0]["label"] == "de centeno"
    moved = told["wants"]["shown"]["needs"][0]["evidence"][0]
    assert (moved["module"], moved["label"]) == ("rye", "de centeno")
    assert "de centeno, 6 veces" in moved["words"]["es"]
    assert moved["log_odds"] > 0
    assert told["wants"]["shown"]["statements"][0]["choices"] == [["bread", "rye"]]
    assert told["wants"]["shown"]["statements"][0]["labels"] == ["pan: de centeno"]
    assert english["wants"]["shown"]["statements"][0]["labels"] == ["our bread: de centeno"]
    assert english["said_and_did"]["shown"]["events"][0]["labels"] == ["our bread: de centeno"]


def test_sections_and_purposes_are_as_asked(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    key = key_of(corner, "read")
    query = {"section": ["who", "wants"], "purpose": "service"}
    told = http.ask("GET", f"/api/customers/{ana}", key, params=query).json()
    assert told["who"]["under"] == ["service"]
    assert told["wants"]["shown"] is None
    assert told["worth"] is None
    assert [one["purpose"] for one in told["may"]] == ["service"]
    unknown = http.ask("GET", f"/api/customers/{ana}", key, params={"purpose": "servce"})
    problem(unknown, 404, "trato.unknown_purpose")


def test_each_look_is_noted_before_it_is_answered(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana, "service")
    key = key_of(corner, "read", "greet")
    http.ask("GET", f"/api/customers/{ana}", key)
    http.ask("GET", "/api/greeting", key, params={"touchpoint": "web", "customer": ana})
    http.ask("GET", "/api/customers", key, params={"email": "ana@example.org"})
    http.ask("GET", f"/api/customers/{ana}/conversations", key)
    held = corner.store.read(lambda it: it.keys())[0].id
    looks = corner.store.read(lambda it: it.looks(10))
    assert len(looks) == 4
    assert {(one.by, one.customer) for one in looks} == {(f"key:{held}", ana)}
    assert sorted(one.purposes for one in looks) == [
        (),
        ("analysis", "service"),
        ("analysis", "service"),
        ("service",),
    ]


def test_a_customer_is_found_by_what_points_to_them(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    key = key_of(corner, "read")
    found = {"customers": [{"id": ana, "kinds": ["email", "card"]}]}
    query = {"email": " ANA@example.org ", "card": "card of ana"}
    assert http.ask("GET", "/api/customers", key, params=query).json() == found
    body = {"identifiers": [{"kind": kind, "value": value} for kind, value in query.items()]}
    assert http.ask("POST", "/api/customers/search", key, json=body).json() == found
    other = http.ask("GET", "/api/customers", key, params={"email": "ben@example.org"})
    assert other.json() == {"customers": []}
    problem(http.ask("GET", "/api/customers", key), 400, "trato.bad_option")
    problem(http.ask("GET", "/api/customers", key, params={"email": "null"}), 400, "trato.bad_identifier")


def test_a_permission_counts_as_soon_as_it_is_answered(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    read, keeper = key_of(corner, "read"), key_of(corner, "permissions")
    said: dict[str, Any] = {"do": "grant", "purpose": "service", "touchpoint": "web", "evidence": "ticked it"}
    answer = http.ask("POST", f"/api/customers/{ana}/permissions", keeper, json=said)
    assert answer.status_code == 200, answer.text
    assert answer.json() | {"position": 0} == {
        "customer": ana,
        "purpose": "service",
        "state": "granted",
        "since": "2026-03-01T12:00:00Z",
        "until": None,
        "position": 0,
        "repeated": False,
    }
    who = http.ask("GET", f"/api/customers/{ana}", read).json()["who"]
    assert "service" in who["under"]
    http.ask("POST", f"/api/customers/{ana}/permissions", keeper, json=said | {"do": "withdraw"})
    who = http.ask("GET", f"/api/customers/{ana}", read).json()["who"]
    assert "service" not in who["under"]


def test_a_repeated_write_is_done_once(corner: Corner, http: Http) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    keeper, other = key_of(corner, "permissions"), key_of(corner, "permissions")
    said = {"do": "grant", "purpose": "service"}
    path = f"/api/customers/{ana}/permissions"
    once = {"Idempotency-Key": "form 1"}
    first = http.ask("POST", path, keeper, json=said, headers=once).json()
    http.clock.at += timedelta(minutes=1)
    again = http.ask("POST", path, keeper, json=said, headers=once).json()
    assert again == first | {"repeated": True}
    assert http.ask("GET", "/api/ledger", keeper).json()["position"] == first["position"]
    changed = http.ask("POST", path, keeper, json=said | {"do": "deny"}, headers=once)
    problem(changed, 400, "trato.bad_option")
    elsewhere = http.ask("POST", f"/api/customers/{ben}/permissions", keeper, json=said, headers=once)
    problem(elsewhere, 400, "trato.bad_option")
    # Another program's word is another word, and without a word each request is its own.
    assert not http.ask("POST", path, other, json=said, headers=once).json()["repeated"]
    assert not http.ask("POST", path, keeper, json=said).json()["repeated"]
    assert http.ask("GET", "/api/ledger", keeper).json()["position"] == first["position"] + 2


def test_a_write_that_comes_eight_times_at_once_is_done_once(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana, "service")
    key = key_of(corner, "permissions", "greet")
    once = {"headers": {"Idempotency-Key": "impatient"}}
    path = f"/api/customers/{ana}/permissions"
    said = {"do": "grant", "purpose": "advice"}
    answers = http.ask_at_once(8, "POST", path, key, json=said, **once)
    assert [one.status_code for one in answers] == [200] * 8
    assert sorted(one.json()["repeated"] for one in answers) == [False] + [True] * 7
    assert len({one.json()["position"] for one in answers}) == 1
    opening = {"purpose": "service", "touchpoint": "till", "matter": "la tarta"}
    once = {"headers": {"Idempotency-Key": "impatient too"}}
    answers = http.ask_at_once(8, "POST", f"/api/customers/{ana}/conversations", key, json=opening, **once)
    assert [one.status_code for one in answers] == [201] * 8
    assert len({one.json()["id"] for one in answers}) == 1
    assert len(http.ask("GET", f"/api/customers/{ana}/conversations", key).json()["conversations"]) == 1


def test_a_conversation_goes_on_from_one_touchpoint_to_the_next(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana, "service")
    key = key_of(corner, "greet")
    path = f"/api/customers/{ana}/conversations"
    opening = {"purpose": "service", "touchpoint": "till", "matter": "la tarta"}
    once = {"Idempotency-Key": "call 7"}
    opened = http.ask("POST", path, key, json=opening, headers=once)
    assert opened.status_code == 201, opened.text
    one = opened.json()["id"]
    assert http.ask("POST", path, key, json=opening, headers=once).json() == opened.json()
    promising = {"purpose": "service", "promised": "llamamos", "due_at": "2026-03-03T09:00:00+01:00"}
    promised = http.ask("POST", f"{path}/{one}/promise", key, json=promising)
    assert promised.json()["due_at"] == "2026-03-03T08:00:00Z"
    greeting = http.ask("GET", "/api/greeting", key, params={"touchpoint": "web", "customer": ana}).json()
    assert greeting["words"] == "Hola, Ana Prado."
    assert greeting["open_matters"][0]["words"] == [
        "Nos consultó: la tarta.",
        "Le prometimos para el 3 de marzo de 2026: llamamos.",
    ]
    listed = http.ask("GET", path, key).json()
    assert [each["matter"] for each in listed["conversations"]] == ["la tarta"]
    closed = http.ask("POST", f"{path}/{one}/close", key, json={"purpose": "service"})
    assert closed.json()["closed_at"] == "2026-03-01T12:00:00Z"
    problem(
        http.ask("POST", f"{path}/{one}/close", key, json={"purpose": "service"}),
        404,
        "trato.unknown_conversation",
    )
    problem(http.ask("POST", path, key, json=opening, headers=once), 404, "trato.unknown_conversation")
    assert http.ask("GET", path, key).json()["conversations"] == []
    corner.refuse(ana, "service", at=NOW)
    problem(http.ask("POST", path, key, json=opening), 403, "trato.permission_withdrawn")
    why = http.ask("GET", path, key).json()["why_not"]
    assert {one["purpose"]: one["stands"] for one in why} == {
        "service": "withdrawn",
        "advice": "never_granted",
    }


def test_everyone_is_greeted(corner: Corner, http: Http) -> None:
    ana = corner.meet(language="en")
    key = key_of(corner, "greet")
    neutral: dict[str, Any] = {
        "words": "Hola, le damos la bienvenida.",
        "language": "es",
        "name": None,
        "open_matters": [],
    }
    at = {"touchpoint": "till"}
    for query in (at, at | {"customer": ana}, at | {"customer": NOBODY}):
        assert http.ask("GET", "/api/greeting", key, params=query).json() == neutral
    headers = {"Accept-Language": "pt;q=0.1, en-GB;q=0.8"}
    assert (
        http.ask("GET", "/api/greeting", key, params=at, headers=headers).json()["words"]
        == "Hello and welcome."
    )
    corner.grant(ana, "service")
    body = at | {
        "identifiers": [{"kind": "email", "value": "null"}, {"kind": "email", "value": "ana@example.org"}]
    }
    assert http.ask("POST", "/api/greeting", key, json=body).json()["words"] == "Hello, Ana Prado."
    problem(http.ask("GET", "/api/greeting", key, params={"touchpoint": "tll"}), 400, "trato.bad_option")


def test_the_portfolio_counts_those_who_permit_it_and_how_many_do_not(corner: Corner, http: Http) -> None:
    from trato.differentiate.known import Score

    key = key_of(corner, "read")
    empty = http.ask("GET", "/api/portfolio", key).json()
    assert (empty["built_at"], empty["customers"], empty["cells"]) == (None, 0, [])
    ana, ben, cleo, eva = (corner.meet(name) for name in ("Ana A", "Ben B", "Cleo C", "Eva E"))
    for one in (ana, ben, cleo):
        corner.grant(one, "advice")
    build = corner.build(
        {ana: {("bread", "rye"): 3}, ben: {("bread", "rye"): 3}, cleo: {("bread", "rye"): 3}}
    )
    day = NOW.date()
    scores = [
        Score(one, "advice", 0, 0.9, 3, 500, 1000.0, 0.0, 2000.0, 0.8, None, "migrator", day)
        for one in (ana, ben, cleo)
    ]
    corner.store.write(lambda it: it.put_scores(build, scores))
    corner.refuse(cleo, "advice")
    corner.grant(eva, "advice")
    told = http.ask("GET", "/api/portfolio", key).json()
    assert told["purpose"] == "advice"
    assert told["cells"] == [{"need": 0, "tier": "migrator", "customers": 2, "expected_value": 2000.0}]
    assert told["needs"][0]["name"]["en"] == "Bakers"
    counts = ("customers", "permitted", "not_permitted", "not_counted")
    assert tuple(told[name] for name in counts) == (4, 3, 1, 1)
    problem(http.ask("GET", "/api/portfolio", key, params={"purpose": "service"}), 400, "trato.bad_option")


def test_the_ledger_is_verified(corner: Corner, http: Http) -> None:
    corner.grant(corner.meet())
    told = http.ask("GET", "/api/ledger", key_of(corner, "permissions")).json()
    assert told["whole"]
    assert told["position"] == 2
    assert len(told["hash"]) == 64
    assert told["faults"] == []


def test_health_needs_no_key(http: Http) -> None:
    assert http.ask("GET", "/api/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", f"/api/customers/{NOBODY}", {"read"}),
        ("GET", "/api/customers", {"read", "permissions"}),
        ("POST", "/api/customers/search", {"read", "permissions"}),
        ("POST", f"/api/customers/{NOBODY}/permissions", {"permissions"}),
        ("GET", f"/api/customers/{NOBODY}/conversations", {"read", "greet"}),
        ("POST", f"/api/customers/{NOBODY}/conversations", {"greet"}),
        ("POST", f"/api/customers/{NOBODY}/conversations/{'0' * 32}/promise", {"greet"}),
        ("POST", f"/api/customers/{NOBODY}/conversations/{'0' * 32}/close", {"greet"}),
        ("GET", "/api/greeting", {"greet"}),
        ("POST", "/api/greeting", {"greet"}),
        ("GET", "/api/portfolio", {"read"}),
        ("GET", "/api/ledger", {"permissions"}),
    ],
)
def test_a_key_opens_what_it_was_made_for(
    corner: Corner, http: Http, method: str, path: str, scopes: set[str]
) -> None:
    for key in (None, "", "tk_nobody"):
        problem(http.ask(method, path, key), 401, "trato.key_refused")
    for scope in SCOPES:
        answer = http.ask(method, path, key_of(corner, scope))
        if scope in scopes:
            assert answer.status_code not in {401, 403, 500}, answer.text
        else:
            problem(answer, 403, "trato.scope_missing")


def test_what_cannot_be_meant_is_told_as_a_problem(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    read, keeper = key_of(corner, "read"), key_of(corner, "permissions")
    problem(http.ask("GET", f"/api/customers/{NOBODY}", read), 404, "trato.unknown_customer")
    problem(http.ask("GET", "/api/customers/ana", read), 422, "trato.bad_input")
    problem(http.ask("GET", f"/api/customers/{ana}", read, params={"limit": 0}), 422, "trato.bad_input")
    path = f"/api/customers/{ana}/permissions"
    for said in (
        {"do": "grant", "purpose": "service", "touchpoint": "tll"},
        {"do": "grant", "purpose": "service", "said_at": "2026-03-02T12:00:00Z"},
        {"do": "grant", "purpose": "service", "said_at": "0001-01-01T00:00:00+14:00"},
        {"do": "grant", "purpose": "service", "until": "2026-02-01T12:00:00Z"},
        {"do": "deny", "purpose": "service", "until": "2027-02-01T12:00:00Z"},
        {"do": "grant", "purpose": "service", "source": "a\nb"},
    ):
        problem(http.ask("POST", path, keeper, json=said), 400, "trato.bad_option")
    refused = http.ask("POST", path, keeper, content=b"{", headers={"content-type": "application/json"})
    problem(refused, 422, "trato.bad_input")


def test_a_store_that_cannot_serve_is_told_with_a_time_to_come_back(
    corner: Corner, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trato.errors import StorageUnavailable

    ana, key = corner.meet(), key_of(corner, "read")
    http.ask("GET", f"/api/customers/{ana}", key)

    def away(_: object) -> None:
        raise StorageUnavailable("it is locked")

    monkeypatch.setattr(type(corner.store), "write", lambda _, work: away(work))
    answer = http.ask("GET", f"/api/customers/{ana}", key)
    problem(answer, 503, "trato.storage_unavailable")  # what cannot be noted is not told
    assert answer.headers["retry-after"]
    assert "Ana" not in answer.text

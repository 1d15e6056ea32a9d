"""Guided conversations over HTTP: whatever is said in whatever order, what is shown can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.customize import corner as shops
from tests.server.api.doors import key_of

if TYPE_CHECKING:
    from tests.customize.corner import Corner
    from tests.server.api.doors import Http


@pytest.fixture
def key(corner: Corner) -> str:
    return key_of(corner, "greet")


def said(http: Http, path: str, key: str, /, **body: Any) -> dict[str, Any]:
    answer = http.ask("POST", f"/api/guides{path}", key, json=body)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_any_walk_shows_valid_configurations_and_modules_that_can_be_had(
    corner: Corner, http: Http, key: str
) -> None:
    found = shops.guides(corner.company)
    assert found is not None
    diagram = found.guide.diagram

    def look(told: dict[str, Any]) -> dict[str, Any]:
        proposal: dict[str, Any] = told["proposal"]
        shown = {one["component"]: one["module"] for one in proposal["values"]}
        assert set(shown) == {component.name for component in found.offer.components}
        assert diagram.possible(shown, facts=facts).any()
        assert diagram.price(shown) == proposal["price"]
        for value in proposal["values"]:
            for one in value["instead"]:
                assert diagram.possible({value["component"]: one["module"]}, facts=facts).any()
        return proposal

    facts: dict[str, str] = {}

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(seed=st.integers(0, 2**32), steps=st.integers(1, 8))
    def walk(seed: int, steps: int) -> None:
        facts.clear()
        draw = np.random.default_rng(seed)
        told = said(http, "", key, language="pt")
        for _ in range(steps):
            proposal, at = look(told), f"/{told['id']}"
            question = proposal["question"]
            if question is not None and draw.random() < 0.5:
                options = [one["key"] for one in question["options"]] + [None]
                answer = options[draw.integers(len(options))]
                body = {"key": question["key"], "answer": answer, "consent": True}
                if question["key"] == "gluten" and answer is not None:
                    facts["gluten"] = answer
                told = said(http, f"{at}/answers", key, **body)
                assert said(http, f"{at}/answers", key, **body)["proposal"] == told["proposal"]
            else:
                value = proposal["values"][draw.integers(len(proposal["values"]))]
                if value["instead"]:
                    module = value["instead"][draw.integers(len(value["instead"]))]["module"]
                    told = said(http, f"{at}/corrections", key, component=value["component"], module=module)
                    shown = {one["component"]: one["module"] for one in told["proposal"]["values"]}
                    assert shown[value["component"]] == module
        proposal = look(told)
        taken = said(http, f"/{told['id']}/acceptance", key, seen=proposal["seen"])["accepted"]
        assert taken["configuration"] == {one["component"]: one["module"] for one in proposal["values"]}
        assert taken["price"] == proposal["price"]

    walk()


def test_a_talk_with_a_customer_is_noted_as_a_look(corner: Corner, http: Http, key: str) -> None:
    ana = corner.meet()
    refused = http.ask("POST", "/api/guides", key, json={"customer": ana})
    assert (refused.status_code, refused.json()["code"]) == (403, "trato.permission_missing")
    corner.grant(ana)
    told = said(http, "", key, customer=ana, touchpoint="till")
    assert (told["customer"], told["touchpoint"], told["language"]) == (ana, "till", "es")
    looks = corner.store.read(lambda it: it.looks(5))
    assert [(one.customer, one.purposes) for one in looks] == [(ana, ("advice",))]


def test_what_cannot_be_is_refused_with_a_code(corner: Corner, http: Http, key: str) -> None:
    told = said(http, "", key)
    at = f"/api/guides/{told['id']}"
    for path, body, status, code in (
        ("answers", {"key": "bread", "answer": "ry"}, 400, "trato.unknown_module"),
        ("answers", {"key": "bred", "answer": "rye"}, 400, "trato.unknown_module"),
        ("answers", {"key": "gluten", "answer": "no"}, 403, "trato.consent_missing"),
        ("corrections", {"component": "bread", "module": "x"}, 400, "trato.unknown_module"),
        ("acceptance", {"seen": "something else"}, 409, "trato.offer_changed"),
        ("expectation", {"as_expected": True}, 409, "trato.talk_over"),
        ("delivery", None, 409, "trato.talk_over"),
    ):
        answer = http.ask("POST", f"{at}/{path}", key, json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert http.ask("GET", at, key).json() == told
    gone = http.ask("GET", f"/api/guides/{'0' * 32}", key)
    assert (gone.status_code, gone.json()["code"]) == (404, "trato.unknown_talk")
    assert http.ask("GET", at, key_of(corner, "read")).status_code == 403
    asked = http.ask("GET", "/api/guides/abandonment", key_of(corner, "read")).json()
    assert asked == {"talks": 1, "accepted": 0, "left": []}


def test_what_was_accepted_is_listed_until_it_is_delivered(corner: Corner, http: Http, key: str) -> None:
    reader = key_of(corner, "read")
    ana = corner.meet()
    corner.grant(ana)
    for who in (None, ana):
        told = said(http, "", key, customer=who)
        said(http, f"/{told['id']}/acceptance", key, seen=told["proposal"]["seen"])

    def listed() -> list[Any]:
        return [one["customer"] for one in http.ask("GET", "/api/guides/accepted", reader).json()["guides"]]

    assert sorted(listed(), key=str) == sorted([None, ana], key=str)  # accepted at one moment: in any order
    assert len(http.ask("GET", "/api/guides/accepted", reader, params={"limit": 1}).json()["guides"]) == 1
    corner.refuse(ana, "advice")
    assert listed() == [None]
    found = http.ask("GET", "/api/guides/accepted", reader).json()["guides"]
    assert found[0]["accepted"]["steps"]
    said(http, f"/{found[0]['id']}/delivery", key)
    assert listed() == []

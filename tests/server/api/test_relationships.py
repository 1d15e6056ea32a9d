"""What knowing customers is worth, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.customize.corner import NOW, needs_model
from tests.server.api.doors import key_of
from trato.customize.relationship import gain_of, guesses_of
from trato.differentiate.needs.beliefs import believe

if TYPE_CHECKING:
    from tests.customize.corner import Corner
    from tests.server.api.doors import Http
    from trato.customers.customer import CustomerId


def test_knowing_a_customer_is_worth_what_only_we_guess(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {("bread", "wheat"): 3}})
    corner.does(ana, "wheat", at=NOW - timedelta(hours=1))
    key = key_of(corner, "read")
    told = http.ask("GET", f"/api/customers/{ana}/relationship", key).json()
    model = needs_model()
    expected = gain_of(guesses_of(model, believe(model, {("bread", "wheat"): 4})))
    assert told["gain"] == pytest.approx(expected)
    assert told["evidence"] == 4
    assert told["under"] == ["advice"]
    assert [one["touchpoint"] for one in told["interactions"]] == ["till"]
    assert "value" not in told or told["value"] is None  # no build has learned values


def test_of_who_permits_nothing_there_is_nothing(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {("bread", "wheat"): 3}})
    corner.refuse(ana, "service", "advice")
    told = http.ask("GET", f"/api/customers/{ana}/relationship", key_of(corner, "read")).json()
    assert (told["guesses"], told["interactions"], told["treatments"], told["under"]) == ([], [], [], [])


def test_all_are_told_of_when_they_are_many(corner: Corner, http: Http) -> None:
    few = [corner.meet(f"{name} Prado") for name in ("Ana", "Eva", "Rui")]
    many = few + [corner.meet(f"P{number} Prado") for number in range(9)]
    key = key_of(corner, "read")

    def told(of: list[CustomerId]) -> dict[str, Any]:
        for one in of:
            corner.grant(one)
        corner.build({one: {("bread", "wheat"): 3} for one in of})
        found: dict[str, Any] = http.ask("GET", "/api/relationships", key).json()
        return found

    first = told(few)
    assert (first["customers"], first["sampled"], first.get("gain")) == (3, 3, None)
    then = told(many)
    model = needs_model()
    assert then["gain"]["mean"] == pytest.approx(
        gain_of(guesses_of(model, believe(model, {("bread", "wheat"): 3})))
    )
    assert (then["sampled"], then["interactions"]) == (12, [])


def test_only_a_reader_is_told(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    assert http.ask("GET", f"/api/customers/{ana}/relationship").status_code == 401
    assert http.ask("GET", "/api/relationships", key_of(corner, "greet")).status_code == 403
    answer = http.ask("GET", "/api/relationships?purpose=service", key_of(corner, "read"))
    assert answer.status_code == 400

"""`trato programme`: what has come so far, and looks that are kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.cli.deciding import Folder, folder_with
from tests.customize.corner import NOW, TREATMENTS
from trato.company.serving import serving_of
from trato.customize.decide import decide
from trato.customize.models import Models
from trato.customize.programme.decision import Asked, Outcome
from trato.customize.programme.ids import decision_id_of
from trato.customize.publish import publish

if TYPE_CHECKING:
    pass

HELD = TREATMENTS.replace(
    "holdouts: {nothing: 0, same_for_all: 0, random: 0}",
    "holdouts: {nothing: 0.3, same_for_all: 0.3, random: 0.1}",
).replace("    budget: 9.00\n", "    budget: 900\n")
MANY = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Sixty were decided in March 2026, and half of those who got rye took it."""
    place = tmp_path_factory.mktemp("programmes")
    shop = folder_with(place, MANY)
    (shop.path / "treatments.yaml").write_text(HELD, encoding="utf-8")
    company = shop.company
    serving = serving_of(company, Models())
    asked = [
        Asked(decision_id_of(one), one, "loaves", "web", number, number * 71582788)
        for number, one in enumerate(shop.people)
    ]

    def made(it: Any) -> Any:
        publish(it, company.programmes.by_key["loaves"], now=NOW)
        found = [one.decision for one in decide(it, asked, serving=serving, now=NOW)]
        at = NOW + timedelta(days=1)
        it.add_outcomes(
            [Outcome(one.id, "r", at, at, True, 0) for one in found[::2] if one.treatment == "rye"]
        )

    shop.store(made)
    return shop


def told(shop: Folder, *more: object) -> dict[str, Any]:
    done = trato("programme", shop.path, "loaves", "--json", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(done.stdout)["programmes"]
    assert isinstance(found, dict)
    return found


def test_what_has_come_so_far_is_told(shop: Folder) -> None:
    found = told(shop)
    assert (found["decisions"], found["matured"]) == (MANY, MANY)
    assert sum(one["units"] for one in found["arms"]) == MANY
    assert {one["arm"]: one["share"] for one in found["arms"]}["nothing"] == 0.3
    rye = next(one for one in found["treatments"] if one["treatment"] == "rye")
    assert 0 < rye["taken"] <= rye["matured"] == rye["given"]
    assert rye["rate"]["low"] < rye["rate"]["mean"] == rye["taken"] / rye["matured"] < rye["rate"]["high"]
    given = {one["treatment"]: one["given"] for one in found["treatments"]}
    (budget,) = [one for one in found["uses"] if one["what"] == "budget"]
    assert budget == {"what": "budget", "used": 105 * given["rye"] + 5 * given["wheat"], "limit": 90000}
    assert found["served"]["conducted"] == "system"
    people = trato("programme", shop.path)
    assert people.returncode == 0, people.stderr
    assert "same_for_all" in people.stdout
    assert "nobody has looked yet" in people.stdout or "look 1" in people.stdout


def test_a_look_is_kept_and_its_plan_is_fixed(shop: Folder) -> None:
    refused = trato("programme", shop.path, "loaves", "--look")
    assert refused.returncode == 3
    assert "--planned UNITS" in refused.stderr
    first = told(shop, "--look", "--planned", 500)
    (look,) = first["looks"]
    assert (look["number"], look["units"], look["planned"]) == (1, MANY, 500)
    assert look["verdict"] in {"not_yet", "personalise", "dont"}
    assert look["ratio"]["p"] <= 1
    again = told(shop, "--look")["looks"]
    assert [one["number"] for one in again] == [1, 2]
    assert again[0] == look
    assert trato("programme", shop.path, "loaves", "--look", "--planned", "900").returncode == 3
    assert "look 2" in trato("programme", shop.path, "loaves").stdout


def test_another_trial_has_looks_of_its_own(shop: Folder) -> None:
    before = told(shop)
    (shop.path / "treatments.yaml").write_text(HELD.replace("value: 4.00", "value: 4.10"), encoding="utf-8")
    try:
        after = told(shop)
        assert (after["looks"], after["looks_before"]) == ([], len(before["looks"]))
        refused = trato("programme", shop.path, "loaves", "--learn-anew")
        assert refused.returncode == 3
        assert "not served as it is declared" in refused.stderr
    finally:
        (shop.path / "treatments.yaml").write_text(HELD, encoding="utf-8")
    assert told(shop) | {"at": ""} == before | {"at": ""}


def test_its_model_is_learned_anew(shop: Folder) -> None:
    found = told(shop, "--learn-anew")
    assert found["served"]["version"] == found["version"]
    assert found["acts"] == []


def test_levers_and_parts_are_told(shop: Folder) -> None:
    found = told(shop, "--parts")
    assert found["levers"]["cost"] == 0  # none is declared
    assert isinstance(found["parts"], list)
    assert "levers: 0.00 EUR" in trato("programme", shop.path, "loaves", "--parts").stdout


def test_a_programme_that_there_is_not_is_refused(shop: Folder) -> None:
    done = trato("programme", shop.path, "loafs")
    assert done.returncode == 3
    assert "did you mean 'loaves'" in done.stderr

"""Every decision can be made again from its record, bit for bit, whatever is served or learned since."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.customize.programme.memory import Memory
from tests.customize.programme.shop import NOW, THREE, Cap, drawn, programme, serving, treatment
from trato.customize.decide import decide
from trato.customize.programme.belief import prior_of
from trato.customize.programme.decision import WHOLE, Candidate
from trato.customize.programme.document import programme_from
from trato.customize.programme.packing import packed, unpacked
from trato.customize.programme.posterior import Posterior, to_document, updated
from trato.customize.programme.treatments import Holdouts, Treatment
from trato.customize.replay import replayed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from trato.customize.programme.decision import Decision
    from trato.customize.programme.treatments import Programme

TIERS = ("most_valuable", "most_growable", "migrator", "below_zero", "")


def learned(one: Programme, chance: Generator) -> Posterior:
    """A model that learned something."""
    before = prior_of(one)
    features = chance.normal(size=(40, before.size)).astype(np.float32)
    return updated(before, features, chance.normal(size=40))


def several(chance: Generator) -> Iterator[Programme]:
    """Programmes with all that can be declared, and with little."""
    conditions = (None, "tier in {MVC, MGC}", "p_alive >= 0.5 or contacts < 1", "not avoids.gift = tea")
    for _ in range(4):
        many: list[Treatment] = [
            treatment(
                f"t{place}",
                configuration={"gift": f"g{place % 3}"} if chance.random() < 0.5 else {},
                attributes={"price": float(chance.random())},
                cost=int(chance.integers(0, 60)),
                cost_taken=int(chance.integers(0, 300)),
                lever=float(chance.choice([1.0, 1.0, 1.5])),
                stock=int(chance.integers(5, 60)) if chance.random() < 0.3 else None,
                eligible=chance.choice(np.array(conditions, object)),
            )
            for place in range(int(chance.integers(1, 9)))
        ]
        yield programme(
            *many,
            key=f"programme_{len(many)}_{chance.integers(1000)}",
            budget=int(chance.integers(500, 20_000)),
            fatigue=int(chance.integers(0, 40)),
            caps=(Cap(3, 30),),
            explore=float(chance.choice([0.001, 0.1, 1.0])),
            holdouts=Holdouts(0.1, 0.1, 0.1),
            conducted=str(chance.choice(["system", "system", "person"])),
        )


def made(chance: Generator, rounds: int) -> tuple[Memory, list[Programme]]:
    """Decisions of many customers by several programmes, models and prices changing between rounds."""
    store = Memory()
    programmes = list(several(chance))
    serves = serving(*programmes)
    for one in programmes:
        store.serve(one)
    for n in range(60):
        purposes = [key for key in ("offers", "suggestions") if chance.random() < 0.85]
        who = store.meet(f"c{n}", *purposes)
        tier = str(chance.choice(TIERS))
        store.score(who, tier=tier, p_alive=float(chance.random()), evidence=int(chance.integers(0, 9)))
        if chance.random() < 0.2:
            store.says(who, "avoids", "gift", "g1", NOW)
    for turn in range(rounds):
        for one in programmes:
            if turn:
                document = json.dumps(to_document(learned(one, chance)))
                store.put_model(f"model {one.key} {turn}", "posterior", document)
                store.put_model(f"prices {turn}", "prices", json.dumps({"budget": float(chance.random())}))
                store.serve(one, model=f"model {one.key} {turn}", prices=f"prices {turn}")
        asked = [
            drawn(
                f"c{chance.integers(60)}",
                chance,
                turn * 1000 + place,
                programme=str(chance.choice([one.key for one in programmes])),
                choice=None,
            )
            for place in range(150)
        ]
        with store.begun() as it:
            decide(it, asked, serving=serves, now=NOW)
    return store, programmes


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_decisions_are_made_again_bit_for_bit(seed: int) -> None:
    store, _ = made(np.random.default_rng(seed), rounds=4)
    restarted = serving()  # knows no programme: all comes from the versions that the records name
    assert len(store.decisions) == 600
    for decision in store.decisions:
        again = replayed(store, replace(decision, **unpacked(packed(decision))), serving=restarted)
        assert again.same, again.differences
        assert sum(again.probabilities) == WHOLE


def some_decision(seed: int = 1) -> tuple[Memory, Decision]:
    store = Memory()
    one = programme(holdouts=Holdouts(0, 0, 0))
    store.serve(one)
    store.meet("ana", "offers", "suggestions")
    store.score(store.customers[0], tier="most_valuable", p_alive=0.4, evidence=3)
    with store.begun() as it:
        asked = [drawn("ana", np.random.default_rng(seed), 1)]
        return store, decide(it, asked, serving=serving(one), now=NOW)[0].decision


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"seed": 1}, "probability of "),
        ({"facts": {"tier": "below_zero"}}, "probability of "),
        ({"contacts": 400}, ""),
        ({"reserved": 7}, "reserved"),
        ({"treatment": "somebody_else"}, "treatment"),
        ({"probability": 3}, "probability"),
        ({"matures_at": NOW}, "matures_at"),
        ({"programme": "another"}, "programme"),
    ],
)
def test_what_was_changed_in_the_record_is_told(change: dict[str, object], what: str) -> None:
    store, decision = some_decision()
    found = replayed(store, replace(decision, **change), serving=serving())  # type: ignore[arg-type]  # changes by name
    if what:
        assert not found.same
        assert any(one.what.startswith(what) for one in found.differences), found.differences


def test_a_reason_that_does_not_follow_from_the_facts_is_told() -> None:
    store, decision = some_decision()
    candidates = (*decision.candidates[:-1], Candidate("tea", "not_eligible", 0))
    found = replayed(store, replace(decision, candidates=candidates), serving=serving())
    assert "condition of tea" in {one.what for one in found.differences}


def test_candidates_of_another_declaration_are_told() -> None:
    store, decision = some_decision()
    found = replayed(store, replace(decision, candidates=decision.candidates[:2]), serving=serving())
    assert [one.what for one in found.differences] == ["candidates"]


def test_a_document_decides_as_what_it_was_written_from() -> None:
    one = programme(*THREE)
    again = programme_from(one.document)
    assert again.version == one.version
    assert np.array_equal(prior_of(again).mean, prior_of(one).mean)

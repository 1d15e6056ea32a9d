"""What a manager's wish costs, as the model saw it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.customize.programme.memory import Memory
from tests.customize.programme.shop import NOW, drawn, programme, serving, treatment
from trato.customize.decide import decide
from trato.customize.explain import explain
from trato.customize.levers import levers_cost
from trato.customize.programme.decision import WHOLE, Decision
from trato.customize.programme.ready import ready_of
from trato.customize.programme.treatments import Holdouts


def decisions(lever: float, arms: Holdouts | None = None) -> tuple[Memory, list[Decision]]:
    one = programme(
        treatment("card", prior_rate=0.1, prior_weight=500, lever=lever),
        treatment("tea", prior_rate=0.2, prior_weight=500),
        holdouts=arms or Holdouts(0, 0, 0),
    )
    store = Memory()
    store.serve(one)
    chance = np.random.default_rng(5)
    several = [drawn(store.meet(f"c{n}", "offers", "suggestions"), chance, n) for n in range(150)]
    with store.begun() as it:
        return store, [each.decision for each in decide(it, several, serving=serving(one), now=NOW)]


def test_without_levers_they_cost_nothing() -> None:
    store, several = decisions(1.0)
    found = levers_cost(store, several, serving=serving())
    assert (found.decisions, found.changed, found.cost) == (150, 0, 0.0)


def test_a_lever_costs_what_is_given_up_for_it() -> None:
    store, several = decisions(4.0)
    found = levers_cost(store, several, serving=serving())
    assert found.changed > 100
    without = serving().ready(store, several[0].version, "", "")
    slow = 0.0
    plain = ready_of(
        programme(
            treatment("card", prior_rate=0.1, prior_weight=500),
            treatment("tea", prior_rate=0.2, prior_weight=500),
            holdouts=Holdouts(0, 0, 0),
        )
    )
    for one in several:  # each by the explanation of a declaration without levers
        told = explain(one, plain)
        means = [candidate.worth.mean for candidate in told.candidates if candidate.worth is not None]
        slow += sum(mean * c.probability / WHOLE for mean, c in zip(means, one.candidates, strict=True))
    assert found.with_levers == pytest.approx(slow, rel=1e-5)
    assert found.cost > 0
    assert without.programme.treatments[1].lever == 4.0


def test_hold_outs_rest_on_no_lever() -> None:
    store, several = decisions(4.0, Holdouts(0.3, 0.3, 0.4))
    assert levers_cost(store, several, serving=serving()).decisions == 0

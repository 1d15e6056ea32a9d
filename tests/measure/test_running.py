"""A programme as it runs: counted from what is nobody's, and looks that are kept whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.customize.programme.letters import PURPOSES, START, decided, letters, treatment
from tests.customize.programme.memory import Memory
from trato.customize.learn import learn
from trato.customize.programme.decision import Outcome
from trato.customize.programme.treatments import NO_TREATMENT, Goal, Holdouts
from trato.errors import BadOption
from trato.measure.running import look_now, looks_of, net_of, rate, running_of, units_of

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customize.programme.treatments import Programme

LATER = START + timedelta(days=30)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_rate_has_the_interval_of_wilson(counted: tuple[int, int]) -> None:
    taken, of = counted
    found = rate(taken, of)
    assert found is not None
    oracle = binomtest(taken, of).proportion_ci(0.95, method="wilson")
    assert found.mean == taken / of
    assert found.low == pytest.approx(oracle.low, abs=1e-6)
    assert found.high == pytest.approx(oracle.high, abs=1e-6)


def test_of_nothing_there_is_no_rate() -> None:
    assert rate(0, 0) is None


def filled(programme: Programme, rows: list[tuple[str, str, str, bool, int]]) -> Memory:
    """Decisions: of whom, in which arm, what they got, whether it was taken, and on which day."""
    store = Memory()
    store.serve(programme)
    for number, (who, arm, what, taken, day) in enumerate(rows):
        if who not in store.customers:
            store.meet(who, "offers", "suggestions")
        at = START + timedelta(days=day)
        one = decided(number, who, what, at=at, programme=programme, arm=arm)
        with store.begun() as it:
            it.append_decisions([one])
            if taken:
                it.add_outcomes([Outcome(one.id, "r", at, at, True, 0)])
    return store


ROWS = [
    ("ana", "policy", "rye", True, 0),
    ("ana", "policy", "wheat", False, 2),
    ("eva", "nothing", "nothing", True, 0),
    ("ian", "policy", "rye", False, 29),
    ("leo", "same_for_all", "rye", True, 1),
]


def test_a_unit_counts_once_all_its_windows_have_closed_and_net_of_cost() -> None:
    programme = letters(holdouts=Holdouts(0.3, 0.3, 0.1))
    store = filled(programme, ROWS)
    with store.begun() as it:
        units = units_of(it, programme, now=LATER)
    found = {
        (units.arms[arm], net, many)
        for arm, net, many in zip(
            units.arm.tolist(), units.net.tolist(), units.decisions.tolist(), strict=True
        )
    }
    # Rye brings 900 and costs 20, and 150 when it is taken; who took it unasked brings as much.
    assert found == {("policy", 900 - 20 - 150 - 20, 2), ("nothing", 900, 1), ("same_for_all", 730, 1)}
    assert net_of(programme, "gone", True, 5) == 5


def test_what_has_come_so_far_is_counted() -> None:
    programme = letters(holdouts=Holdouts(0.3, 0.3, 0.1))
    store = filled(programme, ROWS)
    with store.begun() as it:
        running = running_of(it, programme, now=LATER)
    assert (running.decisions, running.matured) == (5, 4)
    assert {one.arm: (one.units, one.decisions, one.given) for one in running.arms} == {
        "policy": (2, 3, 3), "nothing": (1, 1, 0), "same_for_all": (1, 1, 1), "random": (0, 0, 0),
    }  # fmt: skip
    assert {one.treatment: (one.given, one.matured, one.taken) for one in running.treatments} == {
        "nothing": (1, 1, 1), "rye": (3, 2, 2), "wheat": (1, 1, 0),
    }  # fmt: skip
    assert running.looks == ()


def test_a_look_comes_back_as_it_was_kept() -> None:
    programme = letters(holdouts=Holdouts(0.3, 0.3, 0.1))
    store = filled(programme, ROWS * 3)
    with store.begun() as it:
        with pytest.raises(BadOption):
            look_now(it, programme, now=LATER)
        number, first = look_now(it, programme, planned=400, now=LATER)
        again, second = look_now(it, programme, now=LATER + timedelta(days=9))
        kept: Any = looks_of(it, programme.key)
    assert (number, again) == (1, 2)
    assert kept == ((1, first), (2, second))
    with store.begun() as it, pytest.raises(BadOption):
        look_now(it, programme, planned=401, now=LATER)


DAY = timedelta(days=1)
SPENT = letters(
    goal=Goal("money", days=14, source="purchase", arrives_within=1.0),
    prior_rate=0.0,
    budget=None,
    treatments=(
        NO_TREATMENT,
        treatment("rye", value=1, cost=300, cost_taken=0),
        treatment("wheat", value=1, cost=300, cost_taken=0),
    ),
    holdouts=Holdouts(0.25, 0.25, 0.0),
)


def visited(units: int, visits: int, rates: tuple[float, float], seed: int) -> Memory:
    """Units that come every day: a letter on the first, nothing then; and at most one purchase of 1,000."""
    store, luck, made = Memory(), np.random.default_rng(seed).random(units), []
    store.serve(SPENT)
    for n in range(units):
        who, arm = store.meet(f"c{n}", "offers", "suggestions"), ARMS_OF_FOUR[n % 4]
        given = {"policy": "wheat", "same_for_all": "rye"}.get(arm, "nothing")
        for day in range(visits):
            what, at = "nothing" if day else given, START + day * DAY
            made.append(decided(n * visits + day, who, what, programme=SPENT, at=at, arm=arm))
        if luck[n] < rates[arm != "policy"]:
            at = START + visits * DAY
            store.happens(who, at, "suggestions", amount=1000, component="bread", module="rye")
    store.append_decisions(made)
    return store


ARMS_OF_FOUR = ("policy", "policy", "nothing", "same_for_all")


def settle(store: Memory, programme: Programme, now: datetime, most: int = 2_000) -> None:
    with store.begun() as it:
        learn(it, programme, purposes=PURPOSES, now=now, most=most)


def test_one_purchase_counts_once_however_often_they_came() -> None:
    """The policy brings 200 a unit, nothing 300: it does not pay, and eight visits do not change that."""
    store, later = visited(240, 8, (0.5, 0.3), seed=1), START + 60 * DAY
    settle(store, SPENT, later)
    with store.begun() as it:
        units = units_of(it, SPENT, now=later)
        look = look_now(it, SPENT, planned=240, now=later)[1]
    assert set(units.net.tolist()) <= {-300.0, 0.0, 700.0, 1000.0}
    assert set(units.decisions.tolist()) == {8}
    means = {one.name: one.sample.mean for one in look.arms}
    assert means["policy"] < means["nothing"]
    assert look.answer != "personalise"


def test_what_the_learner_has_not_looked_for_yet_is_no_failure() -> None:
    store, later = visited(80, 1, (0.9, 0.1), seed=2), START + 60 * DAY
    with store.begun() as it, pytest.raises(BadOption):
        look_now(it, SPENT, planned=80, now=later)
    settle(store, SPENT, later, most=20)
    with store.begun() as it:
        units = units_of(it, SPENT, now=later)
        running = running_of(it, SPENT, now=later)
    assert len(units.arm) == 20
    assert running.matured == 20
    settle(store, SPENT, later)
    with store.begun() as it:
        units = units_of(it, SPENT, now=later)
    assert len(units.arm) == 80
    assert units.net[units.arm == 0].mean() > 400


def test_who_comes_again_counts_by_what_has_closed() -> None:
    programme = letters(holdouts=Holdouts(0.3, 0.3, 0.1))
    rows = [("ana", "policy", "rye", True, 0), ("ana", "policy", "nothing", False, 29)]
    store = filled(programme, rows)
    with store.begun() as it:
        units = units_of(it, programme, now=LATER)
    assert (units.net.tolist(), units.decisions.tolist()) == ([730.0], [1])


def test_who_could_not_be_read_counts_in_no_arm() -> None:
    store, later = visited(8, 1, (1.0, 1.0), seed=3), START + 60 * DAY
    store.withdraw(store.customers[0], "suggestions")
    settle(store, SPENT, later)
    with store.begun() as it:
        units = units_of(it, SPENT, now=later)
    assert (len(units.arm), int((units.arm == 0).sum())) == (7, 3)
    assert units.net.min() == 700

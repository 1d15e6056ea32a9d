"""A programme as it runs: counted from what is nobody's, and looks that are kept whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.customize.programme.letters import START, decided, letters
from tests.customize.programme.memory import Memory
from trato.customize.programme.decision import Outcome
from trato.customize.programme.treatments import Holdouts
from trato.errors import BadOption
from trato.measure.running import look_now, looks_of, net_of, rate, running_of, units_of

if TYPE_CHECKING:
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
    for number, (who, arm, treatment, taken, day) in enumerate(rows):
        if who not in store.customers:
            store.meet(who, "offers", "suggestions")
        at = START + timedelta(days=day)
        one = decided(number, who, treatment, at=at, programme=programme, arm=arm)
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

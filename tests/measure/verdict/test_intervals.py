"""Intervals keep their word: for skewed and rare outcomes too, and for customers with several rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trato.measure.verdict import EveryLook, fixed_look

TRIALS = 600


def covered(draw: object, truth: float, rng: np.random.Generator) -> float:
    assert callable(draw)
    hits = 0
    for _ in range(TRIALS):
        found = fixed_look(draw(rng), None)
        hits += found.low <= truth <= found.high
    return hits / TRIALS


def normal(rng: np.random.Generator) -> NDArray:
    return rng.normal(1.0, 2.0, 400)


def skewed(rng: np.random.Generator) -> NDArray:
    return rng.exponential(1.0, 60)


def rare(rng: np.random.Generator) -> NDArray:
    """Sixteen buyers in four hundred, under weights of three."""
    return 3 * (rng.random(400) < 0.04) * rng.exponential(1.0, 400)


@pytest.mark.parametrize(("draw", "truth"), [(normal, 1.0), (skewed, 1.0), (rare, 0.12)])
def test_ninety_five_of_a_hundred_intervals_hold_the_truth(draw: object, truth: float) -> None:
    # Three standard errors of the simulation below 95 %.
    assert covered(draw, truth, np.random.default_rng(1)) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / TRIALS)


@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=40),
    st.floats(-1e3, 1e3, allow_subnormal=False),
)
def test_the_mean_lies_inside_and_moves_with_the_values(values: list[float], by: float) -> None:
    plain = np.array(values)
    found, moved = fixed_look(plain), fixed_look(plain + by)
    assert found.low <= found.mean <= found.high
    assert moved.mean == pytest.approx(found.mean + by, rel=1e-6, abs=1e-6)


def test_no_end_is_nearer_than_students() -> None:
    from scipy import stats

    rng = np.random.default_rng(2)
    for draw in (normal, skewed, rare):
        values = draw(rng)
        found = fixed_look(values)
        half = 1.959 * stats.sem(values)
        assert found.low <= values.mean() - half
        assert found.high >= values.mean() + half


def test_rows_of_one_unit_count_once() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=300)
    once = fixed_look(values)
    again = fixed_look(np.repeat(values, 5), np.repeat(np.arange(300), 5))
    assert again.units == 300
    for one, other in ((once.se, again.se), (once.low, again.low), (once.high, again.high)):
        assert other == pytest.approx(one)


def test_values_that_do_not_vary_are_sure_at_one_look_and_unknown_at_many() -> None:
    same = np.full(500, 0.5)
    assert (fixed_look(same).low, fixed_look(same).high) == (0.5, 0.5)
    assert EveryLook(500)(same, None).low == -np.inf


def test_a_look_that_may_be_repeated_is_wider() -> None:
    values = np.random.default_rng(4).normal(size=5_000)
    once, often = fixed_look(values), EveryLook(5_000)(values, None)
    assert 1.4 < (often.high - often.low) / (once.high - once.low) < 1.8

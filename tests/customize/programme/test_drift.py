"""Drift is noticed, false alarms are as rare as promised, and batches do not matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customize.programme.drift import watched, watching
from trato.customize.programme.posterior import learnt, prior

Draw = Callable[[np.random.Generator, int], np.ndarray]


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal(n)


def visits(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.asarray(((rng.random(n) < 0.15) - 0.15) / np.sqrt(0.15 * 0.85))


def rare(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.asarray(((rng.random(n) < 0.01) - 0.01) / np.sqrt(0.01 * 0.99))


def spend(rng: np.random.Generator, n: int) -> np.ndarray:
    """One in a hundred buys, for amounts of all sizes; the noise is thought a half of what it is."""
    return np.asarray(((rng.random(n) < 0.01) * rng.lognormal(4, 1, n) - 0.01 * np.exp(4.5)) / 7.4)


@pytest.mark.parametrize("draw", [normal, visits, rare, spend])
def test_false_alarms_are_at_most_as_frequent_as_promised(draw: Draw) -> None:
    """Within t blocks an alarm has at most the probability t / run."""
    rng = np.random.default_rng(7)
    alarms = sum(watched(watching(run=400.0), draw(rng, 200 * 80)).alarm is not None for _ in range(100))
    assert alarms <= 100 * (80 / 400 + 0.08)


@pytest.mark.parametrize("shift", [0.3, -0.3])
@pytest.mark.parametrize("draw", [normal, visits])
def test_a_shift_is_noticed_within_a_few_blocks_and_its_direction_named(draw: Draw, shift: float) -> None:
    rng = np.random.default_rng(8)
    for _ in range(20):
        before = watched(watching(run=20_000.0), draw(rng, 200 * 30))
        after = watched(before, draw(rng, 200 * 10) + shift)
        assert before.alarm is None
        assert after.alarm is not None
        assert 30 < after.alarm <= 38
        assert after.rising == (shift > 0)


def test_a_world_that_changes_surprises_a_model_that_has_learnt_another() -> None:
    rng = np.random.default_rng(9)
    features = np.column_stack([np.ones(8000), rng.normal(size=(8000, 3))])
    truth = np.array([1.0, 0.5, -0.5, 0.2])
    outcomes = features @ truth + rng.normal(size=8000)
    p, surprises = learnt(prior(np.ones(4), noise=1.0), features, outcomes)
    steady = watched(watching(), surprises)
    assert steady.alarm is None
    moved = features @ (truth + np.array([0.5, 0, 0, 0])) + rng.normal(size=8000)
    assert watched(steady, learnt(p, features, moved)[1]).alarm is not None


def test_one_huge_purchase_is_no_drift() -> None:
    quiet = np.random.default_rng(10).standard_normal(200 * 20)
    quiet[3000] = 1e6
    assert watched(watching(), quiet).alarm is None


@given(st.lists(st.integers(0, 300), max_size=8), st.integers(0, 1000))
def test_batches_do_not_matter(sizes: list[int], seed: int) -> None:
    z = np.random.default_rng(seed).standard_normal(sum(sizes)) + 0.2
    together = watched(watching(block=50, run=30.0), z)
    one_by_one = watching(block=50, run=30.0)
    start = 0
    for size in sizes:
        one_by_one = watched(one_by_one, z[start : start + size])
        start += size
    assert together == one_by_one


def test_what_cannot_be_watched_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        watched(watching(), [np.nan])
    with pytest.raises(ValueError, match="block"):
        watching(block=0)

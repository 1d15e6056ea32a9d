"""Confidence sequences hold under peeking, and are what the paper says."""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.measure.sequences import (
    Sample,
    count_to_prove,
    count_to_prove_difference,
    difference,
    half_width,
    sequence,
)


def test_it_is_the_papers_boundary() -> None:
    """Theorem 2.2 of Waudby-Smith et al. with the ρ that is written out there (its equation for ρ(t))."""
    alpha, planned, count, sd = 0.05, 5_000, 8_000, 2.0
    found = sequence(count, 1.0, sd, planned=planned)
    best = min(
        sqrt(2 * (count * rho2 + 1) / (count * count * rho2) * log(sqrt(count * rho2 + 1) / alpha))
        for rho2 in [_rho_squared(alpha, planned)]
    )
    assert found.high - 1.0 == pytest.approx(sd * best)
    assert 1.0 - found.low == pytest.approx(sd * best)


def _rho_squared(alpha: float, planned: int) -> float:
    """The ρ² that makes the boundary narrowest at `planned`, by trying many."""
    grid = np.geomspace(1e-6, 1, 400_001)
    x = planned * grid
    return float(grid[np.argmin((x + 1) / x * np.log((x + 1) / alpha**2))])


def test_at_the_planned_count_it_is_about_three_standard_errors() -> None:
    assert half_width(20_000, planned=20_000) == pytest.approx(3.035, abs=0.001)
    assert half_width(20_000, planned=20_000, two_sided=False) == pytest.approx(2.779, abs=0.001)
    assert half_width(60_000, planned=20_000) < 1.06 * 3.035
    assert half_width(7_000, planned=20_000) < 1.06 * 3.035


def test_nothing_is_claimed_before_the_burn_in_or_of_equal_scores() -> None:
    for early in (sequence(199, 5.0, 1.0), sequence(5_000, 5.0, 0.0), sequence(0, 0.0, 0.0)):
        assert (early.low, early.high) == (-inf, inf)
    assert sequence(200, 5.0, 1.0).low > 4
    few = difference(Sample(5_000, 1.0, 1.0), Sample(199, 0.0, 1.0))
    assert (few.mean, few.low, few.high) == (1.0, -inf, inf)
    assert difference(Sample(5_000, 1.0, 1.0), Sample(300, 0.0, 0.0)).low == -inf


@given(st.integers(200, 10**6), st.floats(-5, 5), st.floats(0.01, 9), st.integers(100, 10**6))
def test_one_side_is_closer_and_the_other_open(count: int, mean: float, sd: float, planned: int) -> None:
    both = sequence(count, mean, sd, planned=planned)
    below = sequence(count, mean, sd, planned=planned, side="below")
    above = sequence(count, mean, sd, planned=planned, side="above")
    assert both.low < mean < both.high
    assert below.high == inf
    assert above.low == -inf
    assert mean - below.low == pytest.approx(above.high - mean)
    if planned / 10 < count < 10 * planned:
        assert below.low > both.low


def test_a_difference_is_a_sequence_of_all_units() -> None:
    """Of equal arms with equal deviations it is the sequence of the scores ±2·y, which has their variance."""
    found = difference(Sample(4_000, 0.3, 1.5), Sample(4_000, 0.1, 1.5), planned=10_000)
    pooled = sqrt(1.5**2 + 0.1**2)
    plain = sequence(8_000, 0.2, 2 * pooled, planned=10_000)
    assert found.mean == pytest.approx(0.2)
    assert found.low == pytest.approx(plain.low)


def test_a_small_arm_is_not_trusted_to_vary_less() -> None:
    """A tenth held out in which nobody has bought much yet is no proof of anything."""
    narrow = difference(Sample(9_000, 1.0, 15.0), Sample(1_000, 0.02, 0.5))
    assert narrow.low < 0


@pytest.mark.parametrize("figures", [(-1, 0.0, 1.0), (5, float("nan"), 1.0), (5, 0.0, -1.0), (5, 0.0, inf)])
def test_figures_that_no_scores_have_are_refused(figures: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="no sample"):
        sequence(*figures)


def test_the_level_is_between_nothing_and_one() -> None:
    with pytest.raises(ValueError, match="level"):
        sequence(1_000, 0.0, 1.0, level=1.0)


def test_the_count_to_prove_is_the_first_that_proves() -> None:
    needed = count_to_prove(0.02, 0.72, planned=20_000)
    assert needed is not None
    assert sequence(needed, 0.02, 0.72, planned=20_000).low > 0
    assert sequence(needed - 1, 0.02, 0.72, planned=20_000).low <= 0
    assert count_to_prove(0.0, 1.0) is None
    assert count_to_prove(-1.0, 1.0, side="below") is None
    assert count_to_prove(-1.0, 1.0, side="above") is not None
    assert count_to_prove(1e-9, 1.0) is None


def test_the_count_for_two_arms_is_that_at_which_they_differ() -> None:
    one, other = Sample(900, 1.2, 3.0), Sample(100, 0.8, 2.0)
    needed = count_to_prove_difference(one, other, share=0.9, beyond=0.1, planned=5_000)
    assert needed is not None
    for count, proven in ((needed + 20, True), (needed - 20, False)):
        arms = [Sample(round(count * part), arm.mean, arm.sd) for part, arm in ((0.9, one), (0.1, other))]
        assert (difference(arms[0], arms[1], planned=5_000).low > 0.1) == proven
    assert count_to_prove_difference(one, Sample(1, 0.0, 0.0), share=0.9) is None
    assert count_to_prove_difference(one, other, share=0.9, beyond=0.4) is None


@pytest.mark.parametrize("held_out", [0.5, 0.1])
@pytest.mark.parametrize("outcome", ["visit", "rare", "spend"])
def test_forty_looks_at_equal_treatments_raise_few_alarms(outcome: str, held_out: float) -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(150):
        y = _outcomes(outcome, 8_000, rng)
        treated = rng.random(8_000) >= held_out
        for end in range(200, 8_001, 200):
            arms = [y[:end][treated[:end] == arm] for arm in (True, False)]
            one, other = (Sample(len(arm), float(arm.mean()), float(arm.std())) for arm in arms)
            found = difference(one, other, planned=8_000)
            if not found.low <= 0 <= found.high:
                alarms += 1
                break
    assert alarms / 150 <= 0.05


def _outcomes(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "spend":
        return np.asarray((rng.random(count) < 0.009) * rng.lognormal(4.3, 0.9, count))
    return np.asarray(rng.random(count) < (0.15 if kind == "visit" else 0.01), np.float64)


def test_a_sequence_covers_the_mean_at_all_looks() -> None:
    rng = np.random.default_rng(6)
    missed = 0
    for _ in range(300):
        y = rng.gamma(1.0, 2.0, 5_000)
        counts = np.arange(200, 5_001, 100)
        means = np.cumsum(y)[counts - 1] / counts
        deviations = np.sqrt(np.cumsum(y * y)[counts - 1] / counts - means**2)
        looks = [
            sequence(int(n), float(m), float(s), planned=2_000)
            for n, m, s in zip(counts, means, deviations, strict=True)
        ]
        missed += any(not look.low <= 2.0 <= look.high for look in looks)
    assert missed / 300 <= 0.05

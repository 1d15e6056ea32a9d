"""Intervals of skewed means are the known ones where those are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trato.measure.skewed import Foreseen, _gamma_quantile, mean_interval


@pytest.mark.parametrize("events", [1, 3, 12, 60])
def test_rare_events_of_one_size_have_the_exact_interval_of_a_poisson_count(events: int) -> None:
    """Garwood (1936): χ² quantiles over two; that of Fay & Feuer is the same for equal weights."""
    n = 1_000_000
    jumps = np.zeros(n)
    jumps[:events] = 1.0
    found = mean_interval(np.zeros(n), jumps)
    assert found.low * n == pytest.approx(stats.chi2.ppf(0.025, 2 * events) / 2, rel=1e-3)
    assert found.high * n == pytest.approx(stats.chi2.ppf(0.975, 2 * events + 2) / 2, rel=1e-3)
    assert found.mean * n == pytest.approx(events)


def test_many_scores_without_large_ones_have_the_normal_interval() -> None:
    rng = np.random.default_rng(0)
    base, jumps = rng.normal(3, 1, 40_000), rng.normal(0, 1, 40_000)
    found = mean_interval(base, jumps)
    half = 1.96 * float((base + jumps).std()) / 200
    assert found.mean == pytest.approx(float((base + jumps).mean()))
    assert found.low == pytest.approx(found.mean - half, abs=0.1 * half)
    assert found.high == pytest.approx(found.mean + half, abs=0.1 * half)


def test_losses_are_gains_the_other_way_round() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(0, 0.1, 500)
    jumps = np.where(rng.random(500) < 0.05, rng.lognormal(0, 1, 500), 0.0)
    up, down = (
        mean_interval(base, jumps, foreseen=(Foreseen(4.0), Foreseen(3.0))),
        mean_interval(-base, -jumps, foreseen=(Foreseen(3.0), Foreseen(4.0))),
    )
    assert (down.low, down.mean, down.high) == pytest.approx((-up.high, -up.mean, -up.low))


def test_what_should_have_come_widens_what_came() -> None:
    """Nothing was bought under the large weights, though elsewhere one in twenty buys."""
    nothing = np.zeros(200)
    assert mean_interval(nothing, nothing).high == 0
    assert mean_interval(nothing, nothing, foreseen=(Foreseen(5.0), Foreseen())).high > 0
    some = nothing.copy()
    some[:4] = 1.0
    narrow, wide = (
        mean_interval(nothing, some),
        mean_interval(nothing, some, foreseen=(Foreseen(5.0), Foreseen())),
    )
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


@given(st.floats(0.01, 50_000), st.sampled_from([0.005, 0.025, 0.5, 0.975, 0.995]))
def test_quantiles_are_those_of_the_gamma_distribution(shape: float, chance: float) -> None:
    assert _gamma_quantile(chance, shape) == pytest.approx(
        stats.gamma.ppf(chance, shape), rel=1e-5, abs=1e-12
    )


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=40), st.floats(0.5, 20))
def test_it_lies_around_the_mean_and_scales_with_the_scores(scores: list[float], factor: float) -> None:
    jumps = np.array(scores)
    found = mean_interval(np.zeros(len(jumps)), jumps)
    assert found.low <= found.mean + 1e-9
    assert found.high >= found.mean - 1e-9
    scaled = mean_interval(np.zeros(len(jumps)), factor * jumps)
    assert scaled.high == pytest.approx(factor * found.high, rel=1e-6, abs=1e-6)
    assert scaled.low == pytest.approx(factor * found.low, rel=1e-6, abs=1e-6)

"""Intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from trato.measure import resample


def test_the_mean_is_the_plain_ratio() -> None:
    gains = np.array([[1.0, 2.0], [3.0, -1.0]])
    found = resample.ratios(gains, np.array([2.0, 6.0]), rng=np.random.default_rng(0))
    assert [interval.mean for interval in found] == [0.5, 0.125]


def test_draws_are_poisson_of_mean_one() -> None:
    drawn = resample._poisson_one(np.random.default_rng(1), (400, 500))
    counts = np.bincount(drawn.ravel().astype(int), minlength=5)[:5] / drawn.size
    assert counts == pytest.approx([0.3679, 0.3679, 0.1839, 0.0613, 0.0153], abs=0.003)


def test_it_agrees_with_drawing_customers_again() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.integers(1, 30, 80).astype(float)
    gains = rng.normal(0.3, 1.0, 80) * sizes
    (found,) = resample.ratios(gains[:, None], sizes, replicates=4_000, rng=rng)
    again = []
    for _ in range(4_000):
        drawn = rng.integers(0, 80, 80)
        again.append(gains[drawn].sum() / sizes[drawn].sum())
    low, high = np.percentile(again, [2.5, 97.5])
    assert found.low == pytest.approx(low, abs=0.06)
    assert found.high == pytest.approx(high, abs=0.06)


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    """Customers choose very different numbers of times, and those who choose more gain more."""
    covered = 0
    rng = np.random.default_rng(3)
    big = rng.negative_binomial(1.5, 1.5 / 11.5, 400_000) + 1.0
    truth = float(((0.4 + 0.05 * big) * big).sum() / big.sum())
    for _ in range(300):
        sizes = rng.negative_binomial(1.5, 1.5 / 11.5, 150).astype(np.float64) + 1.0
        gains = np.asarray((0.4 + 0.05 * sizes + rng.normal(0, 1, 150)) * sizes)
        (found,) = resample.ratios(gains[:, None], sizes, rng=rng)
        covered += found.low <= truth <= found.high
    assert 0.89 <= covered / 300 <= 0.985


def test_the_same_seed_draws_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    gains, sizes = np.arange(50.0)[:, None], np.ones(50)
    whole = resample.ratios(gains, sizes, rng=np.random.default_rng(4))
    assert resample.ratios(gains, sizes, rng=np.random.default_rng(4)) == whole
    monkeypatch.setattr(resample, "DRAWN_AT_ONCE", 7_000)
    (blocks,) = resample.ratios(gains, sizes, rng=np.random.default_rng(4))
    assert blocks.low == pytest.approx(whole[0].low, abs=1.0)

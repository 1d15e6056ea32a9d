"""Arms of the wrong size are noticed, and those of the right size let be."""

from __future__ import annotations

from itertools import product
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trato.errors import BadOption
from trato.measure.sample_ratio import check_at_any_time, check_once, log_evidence

SHARES = {"policy": 0.85, "same_for_all": 0.05, "nothing": 0.05, "random": 0.05}


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from([0.5, 0.1, 0.37]))
def test_two_arms_are_the_exact_binomial_test(one: int, other: int, share: float) -> None:
    found = check_once({"a": one, "b": other}, {"a": share, "b": 1 - share})
    if one + other:
        assert found.p == pytest.approx(stats.binomtest(one, one + other, share).pvalue, abs=1e-9)
    else:
        assert found.p == 1


def test_few_units_are_counted_out() -> None:
    counts, shares = (4, 0, 2), (0.2, 0.5, 0.3)
    chance = stats.multinomial(6, shares).pmf
    every = [c for c in product(range(7), repeat=3) if sum(c) == 6]
    slow = sum(chance(c) for c in every if chance(c) <= chance(counts) + 1e-12)
    found = check_once(dict(zip("abc", counts, strict=True)), dict(zip("abc", shares, strict=True)))
    assert found.p == pytest.approx(slow)


def test_many_units_are_tested_by_chi_squared() -> None:
    counts = {"policy": 84_000, "same_for_all": 5_300, "nothing": 4_900, "random": 5_000}
    expected = [SHARES[arm] * sum(counts.values()) for arm in counts]
    found = check_once(counts, SHARES)
    assert found.p == pytest.approx(stats.chisquare(list(counts.values()), expected).pvalue)
    assert found.off


def test_the_martingale_is_a_ratio_of_chances() -> None:
    """One unit after another: the Dirichlet's predictive chance over the declared one."""
    shares, concentration = (0.7, 0.2, 0.1), 50.0
    counts, ratio = np.zeros(3), 1.0
    for arm in (0, 2, 2, 1, 0, 2, 2, 2):
        predicted = (concentration * shares[arm] + counts[arm]) / (concentration + counts.sum())
        ratio *= predicted / shares[arm]
        counts[arm] += 1
        assert exp(log_evidence(counts.astype(int).tolist(), shares, concentration)) == pytest.approx(ratio)


def test_looking_after_every_hundred_raises_few_alarms() -> None:
    rng = np.random.default_rng(0)
    names = list(SHARES)
    alarms = 0
    for _ in range(200):
        counts = rng.multinomial(100, list(SHARES.values()), 100).cumsum(axis=0)
        looks = (dict(zip(names, row.tolist(), strict=True)) for row in counts)
        alarms += any(check_at_any_time(one, SHARES, alarm=0.05).off for one in looks)
    assert alarms / 200 <= 0.05


def test_a_tenth_of_an_arm_gone_missing_is_noticed_and_stays_so() -> None:
    gone = {"policy": 85_000, "same_for_all": 5_000, "nothing": 4_400, "random": 5_000}
    noticed = check_at_any_time(gone, SHARES)
    assert noticed.off
    mended = {"policy": 170_000, "same_for_all": 10_000, "nothing": 10_000, "random": 10_000}
    assert not check_at_any_time(mended, SHARES).off
    assert check_at_any_time(mended, SHARES, before=noticed).off


def test_units_in_an_arm_that_has_no_share_are_off() -> None:
    assert check_once({"a": 5, "b": 1}, {"a": 1.0, "b": 0.0}).off
    assert check_once({"a": 5}, {"a": 1.0, "b": 0.0}).p == 1
    assert check_at_any_time({"a": 5, "b": 1}, {"a": 1.0, "b": 0.0}).p == 0


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ({"c": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": 0.5}),
        ({"a": 1}, {"a": 1.5, "b": -0.5}),
        ({"a": -1}, {"a": 1.0}),
    ],
)
def test_what_fits_no_declaration_is_refused(counts: dict[str, int], shares: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        check_once(counts, shares)

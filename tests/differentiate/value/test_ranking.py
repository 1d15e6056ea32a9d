"""Capture, blend, tiers, potential and accounts against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.differentiate.value.accounts import LEVELS, roll_up
from trato.differentiate.value.blend import MODEL_ALONE, Weights, blend, choose_weights
from trato.differentiate.value.capture import capture, capture_difference
from trato.differentiate.value.potential import potential_value
from trato.differentiate.value.tiers import Tier, TierRule, tiers
from trato.errors import BadOption

MONEY = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def test_capture_by_hand() -> None:
    brought = np.array([50.0, 0, 0, 30, 20, 0, 0, 0, 0, 0] * 2)
    perfect, reverse = brought.copy(), -brought
    assert capture(brought, perfect) == 1.0
    assert capture(brought, reverse) == 0.0
    assert capture(brought, np.arange(20.0), share=0.25) == pytest.approx((0.0) / (50 + 50 + 30 + 30 + 20))
    assert np.isnan(capture(np.zeros(5), np.arange(5.0)))


def test_capture_difference_is_paired_and_covers() -> None:
    rng = np.random.default_rng(1)
    low_covers = 0
    for seed in range(40):
        y = rng.gamma(0.5, 10, 600)
        same = y + rng.normal(0, 8, 600)
        other = y + rng.normal(0, 8, 600)
        found = capture_difference([(np.arange(600), y, same, other)], seed=seed)
        assert found.low <= found.mean <= found.high
        low_covers += found.low <= 0 <= found.high
    assert low_covers >= 35
    y = rng.gamma(0.5, 10, 600)
    level = capture_difference([(np.arange(600), y, y, y)], seed=0)
    assert (level.mean, level.low, level.high) == (0.0, 0.0, 0.0)
    better = capture_difference([(np.arange(600), y, y, rng.normal(size=600))], seed=0)
    assert better.low > 0.2


def test_blend_keeps_the_models_level_and_chooses_what_foresaw_best() -> None:
    rng = np.random.default_rng(2)
    brought = rng.gamma(1.0, 20.0, 2_000)
    noise = rng.gamma(1.0, 20.0, 2_000)
    assert choose_weights(brought, noise, noise, brought) == MODEL_ALONE
    assert choose_weights(noise, noise, brought, brought) == Weights(0.0, 0.0, 1.0)
    assert choose_weights(noise, brought, None, brought) == Weights(0.0, 1.0, 0.0)
    mixed = blend(Weights(0.5, 0.25, 0.25), brought, 3 * noise, noise)
    assert mixed.sum() == pytest.approx(brought.sum())


@given(model=MONEY, seed=st.integers(0, 99))
def test_blend_is_finite_whatever_the_signs(model: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [np.array(model), *rng.normal(0, 100, (2, len(model)))]
    came = rng.normal(0, 100, len(model))
    chosen = choose_weights(parts[0], parts[1], parts[2], came)
    assert np.isfinite(blend(chosen, *parts)).all()


@given(expected=MONEY, seed=st.integers(0, 99), share=st.floats(0.05, 1))
def test_every_customer_has_the_tier_the_rule_says(expected: list[float], seed: int, share: float) -> None:
    value = np.array(expected)
    potential = value + np.random.default_rng(seed).gamma(1.0, 100.0, len(value))
    rule = TierRule(most_valuable=share)
    found = tiers(value, potential, rule)
    assert all((tier is Tier.BELOW_ZERO) == (v < 0) for tier, v in zip(found, value, strict=True))
    best = value[found == Tier.MOST_VALUABLE]
    rest = value[(found == Tier.MIGRATOR) | (found == Tier.MOST_GROWABLE)]
    assert len(best) <= max(1, round(share * len(value)))
    assert not (len(best) and len(rest)) or best.min() >= rest.max()
    growable = found == Tier.MOST_GROWABLE
    assert (potential[growable] >= 1.5 * value[growable] - 1e-9).all()
    assert growable.sum() <= round(rule.most_growable * len(value))
    assert Tier.MOST_GROWABLE not in tiers(value, None, rule)


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadOption):
        TierRule(most_valuable=0)


def test_potential_is_what_the_better_comparable_customers_bring() -> None:
    value = np.concatenate([np.linspace(0, 100, 200), np.linspace(0, 1000, 200)])
    needs = np.repeat(np.eye(2), 200, axis=0)
    potential = potential_value(value, np.ones(400), needs, np.ones(400, bool))
    assert potential[0] == pytest.approx(80, rel=0.02)
    assert potential[200] == pytest.approx(800, rel=0.02)
    assert (potential >= value).all()
    both = needs.copy()
    both[0] = [0.5, 0.5]
    assert potential_value(value, np.ones(400), both, np.ones(400, bool))[0] == pytest.approx(440, rel=0.03)
    unknown = np.zeros(400, bool)
    assert potential_value(value, np.ones(400), needs, unknown) == pytest.approx(value)


def test_tenure_sets_customers_apart() -> None:
    tenure = np.tile(np.arange(8.0), 100)
    value = tenure * 10 + np.linspace(0, 1, 800)
    potential = potential_value(value, tenure, np.ones((800, 1)), np.ones(800, bool))
    assert potential[tenure == 0].max() < 20
    assert potential[tenure == 7].min() >= 70


def test_accounts_are_the_sums_of_their_members() -> None:
    rng = np.random.default_rng(4)
    n = 300
    scale = rng.gamma(2.0, 10.0, n)
    from scipy.stats import gamma

    quantiles = gamma.ppf(LEVELS, 2.0)[None] * scale[:, None]
    account = [f"a{i % 3}" for i in range(n)]
    found = roll_up(account, 2 * scale, quantiles, seed=1)
    assert list(found.accounts) == ["a0", "a1", "a2"]
    assert found.members.tolist() == [100, 100, 100]
    for place in range(3):
        members = scale[place::3]
        assert found.expected_value[place] == pytest.approx(2 * members.sum())
        truth = 2 * members.sum() + 1.645 * np.sqrt(2 * np.square(members).sum()) * np.array([-1, 1])
        assert (found.low[place], found.high[place]) == pytest.approx(tuple(truth), rel=0.03)

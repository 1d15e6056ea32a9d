"""A rehearsal gives nobody what they may not have, and never spends what is not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from trato.errors import BadOption
from trato.measure.log import Logged
from trato.measure.rehearse import Rehearsed, rehearse

NAMES = ("call", "coupon", "visit")
COST = np.array([200, 50, 900])


def customers(n: int, seed: int) -> Rehearsed:
    rng = np.random.default_rng(seed)
    eligible = rng.random((n, 3)) < (0.9, 0.6, 0.4)
    predicted = rng.gamma(1.5, (300, 100, 700), (n, 3)) - 100
    return Rehearsed(NAMES, eligible, predicted, COST, {"age": rng.choice(["old", "young"], n).tolist()})


def best_by_programming(who: Rehearsed, caps: dict[str, int], budget: int) -> float:
    """The linear programme's value (HiGHS)."""
    n, k = who.predicted.shape
    gain = np.where(who.eligible, who.predicted - who.cost, -1e6).ravel()
    one_each = np.kron(np.eye(n), np.ones(k))
    of_each = np.kron(np.ones(n), np.eye(k))
    limits = np.array([caps.get(name, n) for name in NAMES] + [budget])
    uses = np.vstack((one_each, of_each, np.tile(who.cost, n)))
    done = linprog(-gain, uses, np.concatenate((np.ones(n), limits)), bounds=(0, 1))
    return float(-done.fun)


@given(st.integers(0, 10_000), st.integers(1, 80), st.integers(0, 30), st.integers(0, 20_000))
def test_nobody_gets_more_than_there_is(seed: int, n: int, cap: int, budget: int) -> None:
    who = customers(n, seed)
    found = rehearse(who, caps={"visit": cap}, budget=budget)
    taken = found.choice[found.choice >= 0]
    assert who.eligible[np.flatnonzero(found.choice >= 0), taken].all()
    assert (taken == 2).sum() <= cap
    assert found.spend == COST[taken].sum() <= budget
    assert found.reach == len(taken) == sum(one.reach for one in found.treatments)
    rows = np.flatnonzero(found.choice >= 0)
    gained = (who.predicted - who.cost)[rows, taken]
    assert found.expected == pytest.approx(gained.sum())
    assert (gained > 0).all()


def test_it_is_as_good_as_the_linear_programme() -> None:
    who = customers(400, 1)
    caps, budget = {"visit": 15, "coupon": 120}, 45_000
    found = rehearse(who, caps=caps, budget=budget)
    assert found.expected >= 0.99 * best_by_programming(who, caps, budget)
    assert found.budget_binds
    assert {one.name: one.binds for one in found.treatments}["visit"]
    free = rehearse(who)
    assert not free.budget_binds
    assert not any(one.binds for one in free.treatments)
    assert free.expected > found.expected


def test_groups_are_compared_with_how_sure_that_is() -> None:
    n = 4_000
    rng = np.random.default_rng(2)
    label = np.where(rng.random(n) < 0.3, "village", "town")
    eligible = np.ones((n, 1), np.bool_)
    worth = np.where(label == "town", rng.normal(60, 40, n), rng.normal(0, 40, n))[:, None]
    found = rehearse(Rehearsed(("call",), eligible, worth, np.array([30]), {"place": label.tolist()}))
    (fairness,) = found.fairness
    town, village = fairness.groups
    assert (town.label, village.label) == ("town", "village")
    assert town.treated.mean == pytest.approx((found.choice[label == "town"] >= 0).mean())
    (apart,) = fairness.apart
    assert apart.treated.low > 0.4
    assert apart.value.low > 0
    assert apart.treated.low < 0.7734 - 0.2266 < apart.treated.high  # P(z > -.75) - P(z > .75)


def test_what_it_would_bring_is_told_by_a_randomised_log_alone() -> None:
    who = customers(6_000, 3)
    assert rehearse(who).why_no_value == "cannot be estimated: not randomised"
    rng = np.random.default_rng(4)
    chances = np.column_stack((np.ones(6_000), who.eligible)).astype(np.float64)
    chances /= chances.sum(axis=1, keepdims=True)
    given_ = (chances.cumsum(axis=1) > rng.random((6_000, 1))).argmax(axis=1)
    net = np.column_stack((np.zeros(6_000), who.predicted - who.cost))
    rows = np.arange(6_000)
    outcome = net[rows, given_] + rng.normal(0, 300, 6_000)
    log = Logged(given_, outcome, chances[rows, given_], chances=chances)
    found = rehearse(who, log=log)
    assert found.value is not None
    assert found.why_no_value is None
    assert found.value.value.low < found.expected / 6_000 < found.value.value.high
    never = Logged(np.zeros(6_000, np.int64), outcome, np.ones(6_000))
    told = rehearse(who, log=never).why_no_value
    assert told is not None
    assert told.startswith("cannot be estimated: ")


def test_what_does_not_fit_is_refused() -> None:
    who = customers(5, 5)
    with pytest.raises(BadOption, match="letter"):
        rehearse(who, caps={"letter": 3})
    with pytest.raises(BadOption):
        Rehearsed(NAMES, who.eligible, who.predicted[:4], COST, {})
    with pytest.raises(BadOption):
        Rehearsed(NAMES, who.eligible, who.predicted, -COST, {})
    with pytest.raises(BadOption):
        Rehearsed(NAMES, who.eligible, who.predicted, COST, {"age": ["old"]})
    with pytest.raises(BadOption):
        rehearse(who, log=Logged(np.zeros(2, np.int64), np.ones(2), np.ones(2)))

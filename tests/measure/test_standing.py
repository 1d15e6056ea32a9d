"""What each part of a policy adds is read from its own log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trato.errors import BadOption
from trato.measure.log import Logged
from trato.measure.standing import Considered, alternatives, standing_experiments

ROWS, ARMS = 20_000, 4


@pytest.fixture(scope="module")
def considered() -> Considered:
    """Nothing and three treatments, the last of which the policy's filters never let pass."""
    rng = np.random.default_rng(0)
    chance = np.clip(0.1 + 0.08 * rng.normal(0, 1, (ROWS, ARMS)), 0.01, 0.6)
    chance[:, 0] = 0.0
    eligible = rng.random((ROWS, ARMS)) < 0.8
    eligible[:, 0] = True
    candidate = eligible & (np.arange(ARMS) < 3)
    value = np.array([0.0, 100.0, 300.0, 100.0])
    return Considered(candidate, eligible, chance, value, np.array([1.0, 4.0, 1.0, 1.0]), np.full(ARMS, 2.0))


@pytest.fixture(scope="module")
def log(considered: Considered) -> Logged:
    """The policy by priority, explored with chance a fifth."""
    rng = np.random.default_rng(1)
    c = considered
    priority = np.where(c.candidate, c.chance * c.value * c.lever - c.price, -np.inf)
    best = np.eye(ARMS)[priority.argmax(axis=1)]
    chances = 0.8 * best + 0.2 * c.candidate / c.candidate.sum(axis=1, keepdims=True)
    given = (chances.cumsum(axis=1) > rng.random((ROWS, 1))).argmax(axis=1)
    rows = np.arange(ROWS)
    outcome = (rng.random(ROWS) < c.chance[rows, given]) * c.value[given]
    return Logged(given, outcome, chances[rows, given], chances=chances)


def slowly(c: Considered, i: int, name: str) -> set[int]:
    """Which treatments a row gets in an experiment without chance, one by one."""
    found: dict[int, float] = {}
    for k in range(ARMS):
        if not (c.eligible if name == "eligibility_only" else c.candidate)[i, k]:
            continue
        lever = 1.0 if name == "no_levers" else c.lever[k]
        found[k] = (
            c.chance[i, k] if name == "propensity_only" else c.chance[i, k] * c.value[k] * lever - c.price[k]
        )
    return {k for k, priority in found.items() if priority == max(found.values())}


def test_experiments_do_what_they_are_called(considered: Considered) -> None:
    policies = alternatives(considered, ROWS)
    for name in ("propensity_only", "no_levers", "eligibility_only"):
        for i in range(300):
            assert set(np.flatnonzero(policies[name][i]).tolist()) == slowly(considered, i, name)
    assert (policies["random_action"][~considered.candidate] == 0).all()
    for policy in policies.values():
        assert policy.sum(axis=1) == pytest.approx(1.0)


def test_their_gains_are_the_true_ones(considered: Considered, log: Logged) -> None:
    assert log.chances is not None
    expected = considered.chance * considered.value
    policies = alternatives(considered, ROWS)
    for one in standing_experiments(log, considered):
        truth = float(((log.chances - policies[one.experiment]) * expected).sum(axis=1).mean())
        if one.experiment == "eligibility_only":
            assert not one.gain.claimed
            assert "unlogged" in {caution.reason for caution in one.gain.warnings}
            continue
        assert one.gain.claimed
        assert one.gain.value.low < truth < one.gain.value.high


def test_a_lever_costs_what_it_costs(considered: Considered, log: Logged) -> None:
    """Four times the first treatment's value as a wish: without it more would be earned."""
    (without,) = (one for one in standing_experiments(log, considered) if one.experiment == "no_levers")
    assert without.gain.value.high < 0


def test_they_need_all_chances_and_a_candidate(considered: Considered, log: Logged) -> None:
    with pytest.raises(BadOption, match="probabilities of all"):
        standing_experiments(Logged(log.treatment, log.outcome, log.propensity), considered)
    nobody = np.zeros((ROWS, ARMS), np.bool_)
    with pytest.raises(BadOption, match="no candidate"):
        alternatives(replace(considered, candidate=nobody, eligible=nobody), ROWS)

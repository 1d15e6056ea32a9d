"""Policies that never ran are valued as they would have been, or not at all."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from trato.errors import BadOption, NotEnoughData
from trato.measure.log import Logged, following
from trato.measure.offpolicy import METHODS, Method, as_logged, compare, evaluate
from trato.measure.predicted import cross_fitted

ARMS = 3


def world(
    rows: int, seed: int, *, explored: float = 0.1, rate: float = 0.3
) -> tuple[np.ndarray, Logged, np.ndarray]:
    """A feature, a log that gives arm 0 but for the explored, and what each arm would bring in each row."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, rows)
    mean = np.clip(rate * np.column_stack((np.ones(rows), 1 + 0.5 * x, 1 - 0.5 * x)), 0, 1)
    chances = following(np.zeros(rows, np.int64), ARMS) * (1 - explored) + explored / ARMS
    given = (chances.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    outcome = (rng.random(rows) < mean[np.arange(rows), given]).astype(np.float64)
    return x, Logged(given, outcome, chances[np.arange(rows), given]), mean


def slowly(log: Logged, candidate: np.ndarray, method: Method, predicted: np.ndarray) -> float:
    """The three estimates, row by row."""
    total, weights = 0.0, 0.0
    for i in range(log.rows):
        a = log.treatment[i]
        w = candidate[i, a] / log.propensity[i]
        weights += w
        if method == "dr":
            total += sum(candidate[i, k] * predicted[i, k] for k in range(candidate.shape[1]))
            total += w * (log.outcome[i] - predicted[i, a])
        else:
            total += w * log.outcome[i]
    return total / (weights if method == "snips" else log.rows)


@pytest.mark.parametrize("method", METHODS)
def test_estimates_are_what_they_are_said_to_be(method: Method) -> None:
    x, log, _ = world(400, 1, explored=0.6)
    predicted = np.random.default_rng(2).random((400, ARMS))
    suits, soft = following((x > 0).astype(np.int64) + 1, ARMS), np.full((400, ARMS), 1 / 3)
    for candidate in (suits, soft):
        found = evaluate(log, candidate, method=method, predicted=predicted)
        assert found.claimed
        assert found.value.mean == pytest.approx(slowly(log, candidate, method, predicted))
        assert found.value.low < found.value.mean < found.value.high
    told = compare(log, suits, soft, method=method, predicted=predicted)
    apart = slowly(log, suits, method, predicted) - slowly(log, soft, method, predicted)
    assert told.value.mean == pytest.approx(apart)


def test_a_uniform_trial_gives_the_arms_own_mean() -> None:
    rng = np.random.default_rng(3)
    given, outcome = rng.integers(0, 2, 2_000), rng.random(2_000)
    log = Logged(given, outcome, np.full(2_000, 0.5))
    found = evaluate(log, following(np.ones(2_000, np.int64), 2), method="snips")
    assert found.value.mean == pytest.approx(outcome[given == 1].mean())
    assert found.effective == pytest.approx((given == 1).sum(), rel=0.06)
    assert not found.warnings


@pytest.mark.parametrize("method", METHODS)
def test_intervals_cover_at_exploration_of_a_tenth(method: Method) -> None:
    """Buyers of five in a hundred, 1,500 rows: the normal interval covers 85 to 90 of 100 here."""
    covered, claimed = 0, 0
    rng = np.random.default_rng(4)
    big = rng.normal(0, 1, 400_000)
    truth = float(0.05 * np.where(big > 0, 1 + 0.5 * big, 1 - 0.5 * big).mean())
    for seed in range(200):
        x, log, _ = world(1_500, 1_000 + seed, rate=0.05)
        policy = following(np.where(x > 0, 1, 2), ARMS)
        found = evaluate(log, policy, method=method, features=x[:, None])
        claimed += found.claimed
        covered += found.claimed and found.value.low <= truth <= found.value.high
    assert claimed >= 180
    assert covered / claimed >= 0.94


def test_where_policies_agree_they_differ_by_nothing() -> None:
    x, log, mean = world(6_000, 5, explored=0.6)
    one = following(np.where(x > 0, 1, 2), ARMS)
    other = following(np.where(x > 0.8, 2, np.where(x > 0, 1, 2)), ARMS)
    rows = np.arange(log.rows)
    apart = compare(log, one, other, features=x[:, None])
    truth = float((mean[rows, one.argmax(axis=1)] - mean[rows, other.argmax(axis=1)]).mean())
    assert apart.value.low <= truth <= apart.value.high
    alone = evaluate(log, one, features=x[:, None])
    assert apart.value.high - apart.value.low < alone.value.high - alone.value.low
    same = compare(log, one, one)
    assert (same.value.low, same.value.high) == (0, 0)


def test_the_policy_that_ran_has_its_mean_outcome() -> None:
    _, log, _ = world(2_000, 13)
    found = as_logged(log)
    assert found.value.mean == pytest.approx(log.outcome.mean())
    half = 1.96 * float(log.outcome.std()) / 2_000**0.5
    assert found.value.high - found.value.low == pytest.approx(2 * half, rel=0.1)
    pairs = Logged(log.treatment, log.outcome, log.propensity, np.arange(2_000) // 100)
    assert (as_logged(pairs).claimed, as_logged(pairs).value.high) == (False, inf)


def test_the_difference_is_turned_round_with_the_policies() -> None:
    x, log, _ = world(3_000, 6, explored=0.5)
    one, other = following(np.where(x > 0, 1, 2), ARMS), following(np.zeros(3_000, np.int64), ARMS)
    for method in METHODS:
        there, back = compare(log, one, other, method=method), compare(log, other, one, method=method)
        assert there.value.mean == pytest.approx(-back.value.mean)
        assert there.value.low == pytest.approx(-back.value.high)


def test_too_few_rows_of_the_other_kind_claim_nothing() -> None:
    x, log, _ = world(500, 7, explored=0.02)
    found = evaluate(log, following(np.ones(500, np.int64), ARMS))
    assert not found.claimed
    assert (found.value.low, found.value.high) == (-inf, inf)
    assert "few_effective" in {one.reason for one in found.warnings}
    logged = following(np.zeros(500, np.int64), ARMS)
    nearly = following((x > 2.2).astype(np.int64), ARMS)
    assert not compare(log, nearly, logged).claimed


def test_a_log_without_a_hit_in_what_differs_does_not_look_sure() -> None:
    """A tenth of the rows would get what was explored once in a hundred; none did, and all outcomes are 1."""
    rows = 400
    given = (np.arange(rows) == 5).astype(np.int64)
    log = Logged(given, np.ones(rows), np.where(given, 0.01, 0.99))
    found = evaluate(log, following((np.arange(rows) % 10 == 0).astype(np.int64), 2), method="ips")
    assert found.value.low < 0.8
    assert found.value.high == 1
    few = Logged(log.treatment[:200], log.outcome[:200], log.propensity[:200])
    assert not evaluate(few, following((np.arange(200) % 10 == 0).astype(np.int64), 2)).claimed


def test_what_was_never_possible_is_said() -> None:
    rng = np.random.default_rng(8)
    chances = np.tile([0.5, 0.5, 0.0], (1_000, 1))
    given = rng.integers(0, 2, 1_000)
    log = Logged(given, rng.random(1_000), np.full(1_000, 0.5), chances=chances)
    choice = rng.integers(0, 3, 1_000)
    found = evaluate(log, following(choice, 3))
    assert not found.claimed
    assert "unlogged" in {one.reason for one in found.warnings}
    # Without the chances the weights tell: they average two thirds.
    blind = evaluate(Logged(given, log.outcome, log.propensity), following(choice, 3))
    assert "weights_off" in {one.reason for one in blind.warnings}
    assert not blind.claimed
    assert evaluate(log, following(choice % 2, 3)).claimed
    certain = Logged(given, log.outcome, np.ones(1_000))
    assert {one.reason for one in evaluate(certain, following(1 - given, 2)).warnings} >= {"unlogged"}


def test_propensities_that_did_not_run_are_noticed() -> None:
    _, log, _ = world(4_000, 9, explored=0.6)
    wrong = Logged(log.treatment, log.outcome, log.propensity / 2)
    found = evaluate(wrong, np.full((4_000, ARMS), 1 / ARMS))
    assert "weights_off" in {one.reason for one in found.warnings}


def test_one_heavy_decision_is_pointed_out() -> None:
    given = np.zeros(200, np.int64)
    given[0] = 1
    propensity = np.where(given == 1, 0.01, 0.99)
    found = evaluate(Logged(given, np.ones(200), propensity), np.full((200, 2), 0.5), method="ips")
    assert "large_weight" in {one.reason for one in found.warnings}


def test_rows_of_one_customer_count_as_one() -> None:
    """Each row five times over is not five times the evidence."""
    x, log, _ = world(600, 10, explored=0.8)
    policy = following(np.where(x > 0, 1, 2), ARMS)
    five = np.repeat(np.arange(600), 5)
    again = Logged(log.treatment[five], log.outcome[five], log.propensity[five], five)
    for method in METHODS:
        once = evaluate(log, policy, method=method, predicted=np.full((600, ARMS), 0.3))
        often = evaluate(again, policy[five], method=method, predicted=np.full((3_000, ARMS), 0.3))
        assert often.value.mean == pytest.approx(once.value.mean)
        width = once.value.high - once.value.low
        assert often.value.high - often.value.low == pytest.approx(width, rel=0.05)
        assert often.effective == pytest.approx(once.effective, rel=0.05)


def test_shares_stay_between_none_and_all() -> None:
    given = (np.arange(100) >= 65).astype(np.int64)
    log = Logged(given, np.ones(100), np.where(given == 0, 0.6, 0.4))
    found = evaluate(log, following(np.zeros(100, np.int64), 2), method="ips")
    assert found.claimed
    assert (found.value.mean, found.value.high) == (1, 1)


def test_predictions_never_saw_their_own_unit() -> None:
    """Outcomes that are the unit's own luck cannot be foretold."""
    rng = np.random.default_rng(11)
    unit = np.repeat(np.arange(300), 4)
    luck = rng.normal(0, 1, 300)[unit]
    predicted = cross_fitted(None, rng.integers(0, 2, 1_200), luck, 2, unit=unit)
    assert abs(np.corrcoef(predicted[:, 0], luck)[0, 1]) < 0.25
    x = rng.normal(0, 1, (1_200, 2))
    told = cross_fitted(x, np.zeros(1_200, np.int64), x[:, 0] * 2, 1, unit=unit)
    assert np.corrcoef(told[:, 0], x[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("propensity", np.zeros(4)),
        ("propensity", np.full(4, 1.5)),
        ("propensity", np.full(4, np.nan)),
        ("outcome", np.array([1, 2, 3, np.inf])),
        ("treatment", np.zeros(3, np.int64)),
        ("treatment", np.full(4, -1)),
    ],
)
def test_columns_that_are_no_log_are_refused(column: str, value: np.ndarray) -> None:
    columns = {"treatment": np.zeros(4, np.int64), "outcome": np.ones(4), "propensity": np.full(4, 0.5)}
    with pytest.raises(BadOption):
        Logged(**(columns | {column: value}))


def test_what_is_no_policy_is_refused() -> None:
    _, log, _ = world(50, 12)
    for wrong in (np.ones((50, ARMS)), np.full((49, ARMS), 1 / ARMS), np.ones((50, 1)), -np.ones((50, ARMS))):
        with pytest.raises(BadOption):
            evaluate(log, wrong)
    with pytest.raises(BadOption):
        evaluate(log, np.full((50, ARMS), 1 / ARMS), predicted=np.ones((50, 2)))
    with pytest.raises(NotEnoughData):
        Logged(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

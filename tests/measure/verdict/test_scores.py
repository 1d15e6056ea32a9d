"""The doubly robust scores against an obvious way to compute them, and what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.measure.verdict.trials import trial
from trato.measure.verdict import Log, Question, scores_of
from trato.measure.verdict.basis import basis_of
from trato.measure.verdict.crossfit import CrossFit
from trato.measure.verdict.outcomes import outcome_weights, robust_scores
from trato.measure.verdict.ridge import sums


def slowly(predicted: NDArray, treatment: NDArray, outcome: NDArray, given: NDArray) -> NDArray:
    """Row by row, treatment by treatment."""
    found = np.empty(predicted.shape)
    for i in range(len(predicted)):
        for arm in range(predicted.shape[1]):
            found[i, arm] = predicted[i, arm]
            if treatment[i] == arm:
                found[i, arm] += (outcome[i] - predicted[i, arm]) / given[i]
    return found


@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 60), arms=st.integers(2, 5))
def test_scores_are_those_of_the_obvious_loop(seed: int, rows: int, arms: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = (
        rng.normal(size=(rows, arms)),
        rng.integers(0, arms, rows),
        rng.normal(size=rows),
        rng.uniform(0.01, 1, rows),
    )
    np.testing.assert_allclose(robust_scores(*drawn), slowly(*drawn), rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
def test_scores_are_unbiased_whatever_is_predicted(seed: int) -> None:
    """Averaged over all treatments that could have been given, by their chances, the score is the outcome."""
    rng = np.random.default_rng(seed)
    chance = rng.dirichlet(np.ones(3), 5)
    would = rng.normal(size=(5, 3))
    predicted = 100 * rng.normal(size=(5, 3))
    mean = np.zeros((5, 3))
    for arm in range(3):
        got = np.full(5, arm)
        scores = robust_scores(predicted, got, would[:, arm], np.maximum(chance[:, arm], 1e-300))
        mean += chance[:, [arm]] * scores
    np.testing.assert_allclose(mean, would, atol=1e-6)


def test_a_fold_is_predicted_without_its_own_outcomes() -> None:
    """Whatever becomes of the outcomes of a fold, its own predictions do not move, nor what it is given."""
    log = trial("age", 600, np.random.default_rng(1)).log
    before = scores_of(log, seed=4)
    fold = before.fold == 2
    outcome = log.outcome.copy()
    outcome[fold] = -50 * outcome[fold] + 7
    changed = Log(log.treatment, outcome, log.features, log.treatments, group=log.group, groups=log.groups)
    after = scores_of(changed, seed=4)
    for name, chosen in before.chosen.items():
        np.testing.assert_array_equal(chosen[fold], after.chosen[name][fold])
    others = log.treatment[fold][:, None] != np.arange(3)
    share = (log.counts / log.rows)[log.treatment[fold]]
    np.testing.assert_allclose(before.gamma[fold][others], after.gamma[fold][others], rtol=1e-9)
    own = np.arange(int(fold.sum())), log.treatment[fold]
    moved = (outcome[fold] - log.outcome[fold]) / share
    np.testing.assert_allclose(after.gamma[fold][own] - before.gamma[fold][own], moved, rtol=1e-6)


def test_sums_over_folds_fit_what_the_rows_fit() -> None:
    """Leaving folds out of sums is leaving their rows out."""
    log = trial("age", 400, np.random.default_rng(2)).log
    basis = basis_of(log.features)
    fold = log.folds(5, 0)
    fit = CrossFit(log, log.outcome, basis, fold)
    kept = (fold != 1) & (fold != 3)
    columns = basis.main(log.features)
    by_arm = [
        sums(columns[kept & (log.treatment == arm)], log.outcome[kept & (log.treatment == arm), None])
        for arm in range(3)
    ]
    np.testing.assert_allclose(fit.outcome_weights(frozenset({1, 3})), outcome_weights(by_arm), atol=1e-8)


def test_predictions_narrow_the_scores() -> None:
    rng = np.random.default_rng(3)
    feature = rng.normal(size=(2_000, 1))
    treatment = rng.integers(0, 2, 2_000)
    outcome = 3 * feature[:, 0] + 0.2 * treatment + rng.normal(size=2_000)
    with_it = scores_of(Log(treatment, outcome, feature, ("A", "B"))).gamma
    without = scores_of(Log(treatment, outcome, np.zeros((2_000, 0)), ("A", "B"))).gamma
    assert np.diff(with_it).std() < 0.5 * np.diff(without).std()


def test_units_stay_in_one_fold_and_folds_do_not_depend_on_others() -> None:
    rng = np.random.default_rng(4)
    who = rng.integers(0, 500, 2_000)
    log = Log(rng.integers(0, 2, 2_000), rng.normal(size=2_000), np.zeros((2_000, 0)), ("A", "B"), unit=who)
    fold = log.folds(5, 1)
    for one in np.unique(who):
        assert len(set(fold[who == one].tolist())) == 1
    np.testing.assert_array_equal(log.first(1_000).folds(5, 1), fold[:1_000])
    assert np.bincount(fold).min() > 200
    assert np.bincount(replace(log, unit=None).first(23).folds(5, 1)).tolist() == [5, 5, 5, 4, 4]


def test_the_policy_finds_who_gains_from_what() -> None:
    planted = trial("age", 5_000, np.random.default_rng(5), effect=0.6)
    scores = scores_of(planted.log)
    best = planted.truth.max(axis=1).mean() - planted.truth.mean(axis=0).max()
    assert planted.gain(scores.chosen["policy"]) > 0.8 * best
    assert planted.gain(scores.chosen["groups"]) < 0.2 * best


def test_products_of_features_are_found_too() -> None:
    """Neither feature tells anything by itself."""
    rng = np.random.default_rng(6)
    features = rng.normal(size=(6_000, 2))
    treatment = rng.integers(0, 2, 6_000)
    sign = np.sign(features[:, 0] * features[:, 1]) * (2 * treatment - 1)
    outcome = 0.3 * sign + rng.normal(size=6_000)
    scores = scores_of(Log(treatment, outcome, features, ("A", "B")))
    assert scores.value("policy").mean() - scores.gamma.mean(axis=0).max() > 0.2


def test_capacity_goes_by_gain_and_is_never_passed() -> None:
    planted = trial("age", 1_500, np.random.default_rng(7), shares=(0.5, 0.5))
    for capacity in (0.1, 0.5, 0.9):
        scores = scores_of(planted.log, Question(capacity=capacity, nothing="A"))
        for chosen in scores.chosen.values():
            assert (chosen != 0).mean() <= capacity
        random = scores.alternatives.mean(axis=0)
        value = scores.gamma.mean(axis=0)
        assert random[0] == pytest.approx(value[0])
        assert random[1] == pytest.approx(capacity * value[1] + (1 - capacity) * value[0])

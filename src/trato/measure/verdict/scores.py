"""The log scored: what every treatment brought to every customer without bias, and what policies would give.

Everything that is said of a row was learnt from other folds than its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from trato.measure.verdict.basis import basis_of
from trato.measure.verdict.crossfit import CrossFit, effects_of
from trato.measure.verdict.learners import EAGER, Learners
from trato.measure.verdict.log import Log, Question, hashed
from trato.measure.verdict.policies import (
    SAME,
    Limits,
    alternatives,
    by_group,
    choose,
    depart,
    follow,
    ration,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

FOLDS = 5
POLICY, GROUPS, BOLDEST = "policy", "groups", EAGER


@dataclass(frozen=True, slots=True)
class Scores:
    """A log scored for a question.

    `gamma` (n, K) are the doubly robust scores, net; `fold` (n,) says which fold a row was left out with.
    `chosen` has what each policy gives each row, (n,) places in `treatments`: "policy" is the one to be
    judged, "groups" looks at the declared groups alone, "eager" departs wherever a slope says so, and others
    are one learner's each. `learners` says what "policy" follows, by fold.
    """

    gamma: Array
    fold: Whole
    treatments: tuple[str, ...]
    chosen: Mapping[str, Whole]
    learners: tuple[str, ...]
    unit: Whole | None = None
    limits: Limits | None = None

    @property
    def alternatives(self) -> Array:
        """What a policy has to beat, (n, K): each treatment for all, or at random within the capacity."""
        return alternatives(self.gamma, self.limits)

    def value(self, policy: str) -> Array:
        """The scores (n,) of what a policy gives."""
        return np.asarray(self.gamma[np.arange(len(self.gamma)), self.chosen[policy]])


def scores_of(log: Log, question: Question | None = None, *, folds: int = FOLDS, seed: int = 0) -> Scores:
    """Score a log, with policies learnt by all learners. The same log, question and seed give the same.

    Raises BadOption where a cost or nothing names no treatment of the log.
    """
    asked = question or Question()
    net = asked.net(log)
    limits = None
    if asked.capacity is not None and asked.nothing is not None:
        limits = Limits(asked.capacity, log.treatments.index(asked.nothing))
    with threadpool_limits(1):
        fit = CrossFit(log, net, basis_of(log.features), log.folds(folds, seed))
        return _scored(log, fit, limits, _ties(log.rows, seed))


def _scored(log: Log, fit: CrossFit, limits: Limits | None, tie: Array) -> Scores:
    learners = Learners(fit)
    gamma = np.empty((log.rows, log.arms))
    fold_of = np.empty(log.rows, np.int64)
    chosen: dict[str, Whole] = {}
    followed = []

    def give(name: str, rows: Whole, to: Whole) -> None:
        chosen.setdefault(name, np.zeros(log.rows, np.int64))[rows] = to

    for fold in fit.folds:
        rows = fit.parts[fold].rows
        others = [other for other in fit.folds if other != fold]
        fold_of[rows] = fold
        gamma[rows] = fit.scores(fold, frozenset())
        forecasts = learners.forecasts(fold)
        trained = np.concatenate([scores for scores, _ in forecasts.tried])
        best = int(alternatives(trained, limits).mean(axis=0).argmax())
        ties = [tie[fit.parts[other].rows] for other in others]
        policy = choose(forecasts, best, limits, ties)
        followed.append(policy)
        give(POLICY, rows, follow(policy, forecasts.judged, best, limits, tie[rows]))
        for name in forecasts.judged:
            give(name, rows, follow(name, forecasts.judged, best, limits, tie[rows]))
        if log.group is not None:
            known = np.concatenate([log.group[fit.parts[other].rows] for other in others])
            effects = by_group(known, effects_of(trained), len(log.groups))[log.group[rows]]
            to = depart(effects, best) if limits is None else ration(effects, limits, tie[rows])
            give(GROUPS, rows, to)
    return Scores(gamma, fold_of, log.treatments, chosen, tuple(followed), log.unit, limits)


def _ties(rows: int, seed: int) -> Array:
    return hashed(np.arange(rows), seed + 1).astype(np.float64)


__all__ = ["BOLDEST", "FOLDS", "GROUPS", "POLICY", "SAME", "Scores", "scores_of"]

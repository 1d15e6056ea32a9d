"""From forecast effects to a policy, and which policy to put before the judge.

A policy that departs from the best single treatment wherever noise says so pays for noise. So forecasts are
shrunk, and the policies of several learners are tried on folds they were not learnt from, all inside the
training folds; the one that gains most there goes before the judge, once, or none that gains nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.learners import EAGER, Forecasts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

SAME = "the best single treatment"


@dataclass(frozen=True, slots=True)
class Limits:
    """At most the share `capacity` may get another treatment than the one at place `nothing`."""

    capacity: float
    nothing: int


def depart(effects: Array, best: int) -> Whole:
    """The treatment of each row (n,) with the largest forecast (n, K), and of equal ones `best`."""
    to = effects.argmax(axis=1)
    rows = np.arange(len(effects))
    return np.where(effects[rows, to] > effects[:, best], to, best)


def ration(effects: Array, limits: Limits, tie: Array) -> Whole:
    """The treatment of each row (n,): those who gain most get the best for them, as many as there may be.

    Of equal forecasts those with the smaller `tie` (n,) come first, which has to be random.
    """
    gains = effects - effects[:, limits.nothing : limits.nothing + 1]
    gains[:, limits.nothing] = -np.inf
    to = gains.argmax(axis=1)
    gain = gains[np.arange(len(gains)), to]
    order = np.lexsort((tie, -gain))
    chosen = np.full(len(gains), limits.nothing)
    first = order[: int(limits.capacity * len(gains))]
    first = first[gain[first] > 0]
    chosen[first] = to[first]
    return chosen


def alternatives(scores: Array, limits: Limits | None) -> Array:
    """What a policy has to beat, a column each: a treatment for all, or at random to as many as may be."""
    if limits is None:
        return scores
    nothing = scores[:, limits.nothing : limits.nothing + 1]
    return np.asarray(limits.capacity * scores + (1 - limits.capacity) * nothing)


def choose(forecasts: Forecasts, best: int, limits: Limits | None, ties: Sequence[Array]) -> str:
    """The learner whose policy gains most in the tried folds, over the alternative it gains least over.

    Where none gains anything, it is SAME, unless capacity is limited: then there is no treatment that could
    be the same for all.
    """
    found, most = SAME, 0.0 if limits is None else -np.inf
    for learner in forecasts.judged:
        if learner == EAGER:
            continue
        gained = []
        for (scores, by_learner), tie in zip(forecasts.tried, ties, strict=True):
            to = follow(learner, by_learner, best, limits, tie)
            gained.append(scores[np.arange(len(to)), to][:, None] - alternatives(scores, limits))
        least = float(np.concatenate(gained).mean(axis=0).min())
        if least > most:
            found, most = learner, least
    return found


def follow(
    learner: str, forecasts: Mapping[str, Array], best: int, limits: Limits | None, tie: Array
) -> Whole:
    """What the policy of a learner's forecasts gives each row (n,)."""
    if learner == SAME:
        return np.full(len(tie), best)
    if limits is not None:
        return ration(forecasts[learner], limits, tie)
    return depart(forecasts[learner], best)


def by_group(group: Whole, effects: Array, groups: int) -> Array:
    """Forecast effects of each group (G, K) from rows' effects (n, K): each group's mean, drawn towards that
    of all by how much of the spread between groups is noise (empirical Bayes, by treatment).
    """
    count = np.bincount(group, minlength=groups).astype(np.float64)
    mean = effects.mean(axis=0)
    found = np.empty((groups, effects.shape[1]))
    for arm in range(effects.shape[1]):
        total = np.bincount(group, effects[:, arm], minlength=groups)
        seen = count > 0
        each = np.where(seen, total / np.maximum(count, 1), mean[arm])
        noise = float(effects[:, arm].var()) / np.maximum(count, 1)
        apart = (each - mean[arm]) ** 2 - noise * (1 - count / max(count.sum(), 1))
        spread = max(float((count * apart)[seen].sum() / max(count.sum(), 1)), 0.0)
        found[:, arm] = mean[arm] + spread / (spread + noise + 1e-300) * (each - mean[arm]) * seen
    return found

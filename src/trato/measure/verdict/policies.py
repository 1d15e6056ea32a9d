"""From forecast effects to a policy, and which policy to put before the judge.

A policy that departs from the best single treatment wherever noise says so pays for noise. So policies of
several learners and of several degrees of boldness are tried on folds they were not learnt from, all inside
the training folds; the one that surely gains most goes before the judge, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.learners import EAGER, Forecasts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

# A customer gets another treatment than the best single one where the forecast gain is above so many times
# the mean of all positive forecast gains.
BOLDNESS = (0.0, 0.5, 1.0)
# Gains are compared by what is left of them so many standard errors below.
CAUTION = 1.0
SAME = "the best single treatment"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The policy that goes before the judge for a fold: its learner, and from which gain on it departs."""

    learner: str
    bold: float


@dataclass(frozen=True, slots=True)
class Limits:
    """At most the share `capacity` may get another treatment than the one at place `nothing`."""

    capacity: float
    nothing: int


def depart(effects: Array, best: int, bold: float) -> Whole:
    """The treatment of each row (n,), `best` where no other is forecast (n, K) to gain enough."""
    gains = effects - effects[:, best : best + 1]
    to = gains.argmax(axis=1)
    gain = gains[np.arange(len(gains)), to]
    above = gain[gain > 0]
    least = bold * float(above.mean()) if len(above) else 0.0
    return np.where(gain > least, to, best)


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


def choose(forecasts: Forecasts, best: int, limits: Limits | None, ties: list[Array]) -> Chosen:
    """The policy that gains most in the tried folds, CAUTION standard errors below its mean.

    The gain is that over the alternative it gains least over. Where no policy gains, it is SAME, unless
    capacity is limited: then there is no treatment that could be the same for all.
    """
    names = [name for name in forecasts.judged if name != EAGER]
    kinds = [Chosen(name, bold) for name in names for bold in (BOLDNESS if limits is None else (0.0,))]
    best_found, best_gain = Chosen(SAME, 0.0), 0.0 if limits is None else -np.inf
    for kind in kinds:
        gained = []
        for (scores, by_name), tie in zip(forecasts.tried, ties, strict=True):
            to = follow(kind, by_name, best, limits, tie)
            gained.append(scores[np.arange(len(to)), to][:, None] - alternatives(scores, limits))
        every = np.concatenate(gained)
        sure = every.mean(axis=0) - CAUTION * every.std(axis=0) / np.sqrt(len(every))
        least = float(sure.min())
        if least > best_gain:
            best_found, best_gain = kind, least
    return best_found


def follow(
    chosen: Chosen, forecasts: Mapping[str, Array], best: int, limits: Limits | None, tie: Array
) -> Whole:
    """What the policy gives each row (n,)."""
    rows = len(next(iter(forecasts.values())))
    if chosen.learner == SAME:
        return np.full(rows, best)
    if limits is not None:
        return ration(forecasts[chosen.learner], limits, tie)
    return depart(forecasts[chosen.learner], best, chosen.bold)


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

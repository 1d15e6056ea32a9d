"""How sure the mean of scores is, of which few are large: rare purchases, and purchases under large weights.

A normal interval takes for known what it cannot have seen: of scores that are nought but for a few large
ones, its upper end lies too low in one sample of eight. Here the sums of the positive and of the negative
scores each have an interval of their own shape, that of a gamma distribution with its mean and variance, its
upper end as if one more score as large as the largest had been met (Fay & Feuer, "Confidence intervals for
directly standardized rates", Statistics in Medicine 16, 1997, where weighted Poisson counts are what weighted
outcomes are here). Both are put together by the method of variance estimates recovery (Zou & Donner,
"Construction of confidence intervals about effect measures", Statistics in Medicine 27, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEVEL = 0.95
LARGER_YET = 2.0
# From this shape on a gamma distribution is Wilson & Hilferty's cube of a normal one to seven digits.
_NEARLY_NORMAL = 2_000.0


def mean_interval(
    base: Array, jumps: Array, *, sizes: tuple[float, float] = (0.0, 0.0), level: float = LEVEL
) -> Interval:
    """The mean of `base` + `jumps` (n,), independent from row to row, with its interval.

    `base` is what each row would have had anyway: many alike, taken for normal. `jumps` are few and large, of
    either sign. `sizes` are how large positive and negative jumps should be by what is known besides: the sum
    of their squares over their sum. The larger counts: a sample in which the rare large jump has not come
    looks surer than it is.
    """
    n = len(base)
    up, down = np.maximum(jumps, 0.0), np.maximum(-jumps, 0.0)
    gain, loss = _Sum.of(up, sizes[0], level), _Sum.of(down, sizes[1], level)
    # Where a jump goes up none goes down, so both sums move against each other.
    together = sqrt(gain.variance * loss.variance)
    against = -(gain.total * loss.total / n) / together if together else 0.0
    below = _put_together(gain.total - gain.low, loss.high - loss.total, -against)
    above = _put_together(gain.high - gain.total, loss.total - loss.low, -against)
    base_spread = _spread(base)
    ordinary = _normal_quantile((1 + level) / 2) * sqrt(base_spread)
    shared = 0.0
    if base_spread and (spread := gain.variance + loss.variance - 2 * against * together) > 0:
        covariance = float((base - base.mean()) @ (jumps - jumps.mean()))
        # That base and jumps cancel is not relied on.
        shared = max(covariance / sqrt(base_spread * spread), 0.0)
    total = float(base.sum()) + gain.total - loss.total
    low = total - _put_together(below, ordinary, shared)
    high = total + _put_together(above, ordinary, shared)
    return Interval(total / n, low / n, high / n)


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum of independent scores that are not negative, its variance and its bounds."""

    total: float
    variance: float
    low: float
    high: float

    @classmethod
    def of(cls, scores: Array, size: float, level: float) -> _Sum:
        """By the scores (n,), and the size that those above zero should have."""
        tail = (1 - level) / 2
        total, largest = float(scores.sum()), float(scores.max())
        mean = total / len(scores)
        variance = max(_spread(scores), total * (size - mean))
        low, high = total, total
        if total > 0 and variance > 0:
            low = variance / total * _gamma_quantile(tail, total * total / variance)
        # One more is assumed of the largest size. Where sizes differ much, what comes next may be larger yet.
        if squares := float(scores @ scores):
            largest *= min(max(largest * total / squares, 1.0), LARGER_YET)
        largest = max(largest, size)
        more, wider = total + largest, variance + largest * largest
        if more > 0 and wider > 0:
            high = wider / more * _gamma_quantile(1 - tail, more * more / wider)
        return cls(total, variance, min(low, total), max(high, total))


def _spread(values: Array) -> float:
    about = values - values.mean()
    return float(about @ about)


def _put_together(one: float, other: float, correlation: float) -> float:
    return sqrt(max(one * one + other * other + 2 * correlation * one * other, 0.0))


def _gamma_quantile(chance: float, shape: float) -> float:
    """Of the gamma distribution with this shape and scale one."""
    if shape >= _NEARLY_NORMAL:
        z = _normal_quantile(chance)
        return shape * (1 - 1 / (9 * shape) + z / (3 * sqrt(shape))) ** 3
    from scipy.special import gammaincinv

    return float(gammaincinv(shape, chance))


def _normal_quantile(chance: float) -> float:
    return NormalDist().inv_cdf(chance)

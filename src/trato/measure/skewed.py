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
# What was foreseen is believed against as many jumps that came.
DOUBT = 20.0
# From this shape on a gamma distribution is Wilson & Hilferty's cube of a normal one to seven digits.
_NEARLY_NORMAL = 2_000.0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How large jumps should be: the sum of their squares over their sum, as if `jumps` of them had told it.

    The fewer jumps the sample should have, the more it is believed against what came.
    """

    size: float = 0.0
    jumps: float = 0.0

    def among(self, rows: float) -> Foreseen:
        """The same where units have that many rows on average, and each jump is per row."""
        return Foreseen(self.size / rows, self.jumps / rows)

    def over(self, seen: float) -> float:
        """The size to count with where jumps of size `seen` came; never less."""
        return seen + max(self.size - seen, 0.0) * DOUBT / (DOUBT + self.jumps)


def mean_interval(
    base: Array, jumps: Array, *, foreseen: tuple[Foreseen, Foreseen] | None = None, level: float = LEVEL
) -> Interval:
    """The mean of `base` + `jumps` (n,), independent from row to row, with its interval.

    `base` is what each row would have had anyway: many alike, taken for normal. `jumps` are few and large, of
    either sign. `foreseen` says how large the positive and the negative jumps should be by what is known
    besides. A sample in which the rare large jump has not come looks surer than it is.
    """
    n = len(base)
    up, down = np.maximum(jumps, 0.0), np.maximum(-jumps, 0.0)
    larger, smaller = foreseen or (Foreseen(), Foreseen())
    gain, loss = _Sum.of(up, larger, level), _Sum.of(down, smaller, level)
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
    def of(cls, scores: Array, foreseen: Foreseen, level: float) -> _Sum:
        """By the scores (n,), and what was foreseen of those above zero."""
        tail = (1 - level) / 2
        total, largest, squares = float(scores.sum()), float(scores.max()), float(scores @ scores)
        size = foreseen.over(squares / total if total else 0.0)
        variance = max(_spread(scores), total * (size - total / len(scores)))
        low, high = total, total
        if total > 0 and variance > 0:
            low = variance / total * _gamma_quantile(tail, total * total / variance)
        # One more is assumed of the largest size. Where sizes differ much, what comes next may be larger yet.
        if squares:
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

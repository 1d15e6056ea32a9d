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

from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEVEL = 0.95
# From this shape on a gamma distribution is Wilson & Hilferty's cube of a normal one to seven digits.
_NEARLY_NORMAL = 2_000.0


def mean_interval(
    base: Array, jumps: Array, *, floors: tuple[float, float] = (0.0, 0.0), level: float = LEVEL
) -> Interval:
    """The mean of `base` + `jumps` (n,), independent from row to row, with its interval.

    `base` is what each row would have had anyway: many alike, taken for normal. `jumps` are few and large, of
    either sign. `floors` are sums of squares that the positive and the negative jumps should have had by what
    is known besides; the larger counts. A sample in which the rare large jump has not come looks surer than
    it is.
    """
    n = len(base)
    up, down = np.maximum(jumps, 0.0), np.maximum(-jumps, 0.0)
    gain, loss = float(up.sum()), float(down.sum())
    spread_up = max(_spread(up), floors[0] - gain * gain / n)
    spread_down = max(_spread(down), floors[1] - loss * loss / n)
    gain_low, gain_high = _gamma_bounds(gain, spread_up, float(up.max()), level)
    loss_low, loss_high = _gamma_bounds(loss, spread_down, float(down.max()), level)
    # Where a jump goes up none goes down, so both sums move against each other.
    together = sqrt(spread_up * spread_down)
    against = -(gain * loss / n) / together if together else 0.0
    below = _put_together(gain - gain_low, loss_high - loss, -against)
    above = _put_together(gain_high - gain, loss - loss_low, -against)
    base_spread = _spread(base)
    ordinary = _normal_quantile((1 + level) / 2) * sqrt(base_spread)
    shared = 0.0
    if base_spread and (spread := spread_up + spread_down - 2 * against * together) > 0:
        covariance = float((base - base.mean()) @ (jumps - jumps.mean()))
        # What is known besides widens the jumps alone, so it may only lessen what they share with the base;
        # that both cancel is not relied on.
        shared = max(covariance / sqrt(base_spread * spread), 0.0)
    total = float(base.sum()) + gain - loss
    low = total - _put_together(below, ordinary, shared)
    high = total + _put_together(above, ordinary, shared)
    return Interval(total / n, low / n, high / n)


def _spread(values: Array) -> float:
    about = values - values.mean()
    return float(about @ about)


def _put_together(one: float, other: float, correlation: float) -> float:
    return sqrt(max(one * one + other * other + 2 * correlation * one * other, 0.0))


def _gamma_bounds(total: float, variance: float, largest: float, level: float) -> tuple[float, float]:
    """Bounds of a sum of independent scores that are not negative, by its estimated variance."""
    tail = (1 - level) / 2
    low, high = total, total
    if total > 0 and variance > 0:
        low = variance / total * _gamma_quantile(tail, total * total / variance)
    more, wider = total + largest, variance + largest * largest
    if more > 0 and wider > 0:
        high = wider / more * _gamma_quantile(1 - tail, more * more / wider)
    elif wider > 0:  # no such score was met, though there should have been some
        high = sqrt(wider) * _gamma_quantile(1 - tail, 1.0)
    return min(low, total), max(high, total)


def _gamma_quantile(chance: float, shape: float) -> float:
    """Of the gamma distribution with this shape and scale one."""
    if shape >= _NEARLY_NORMAL:
        z = _normal_quantile(chance)
        return shape * (1 - 1 / (9 * shape) + z / (3 * sqrt(shape))) ** 3
    from scipy.special import gammaincinv

    return float(gammaincinv(shape, chance))


def _normal_quantile(chance: float) -> float:
    return NormalDist().inv_cdf(chance)

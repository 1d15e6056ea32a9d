"""How sure a mean of scores is: at one look that was fixed before, or at every look of a live programme."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trato.estimates import Interval
from trato.measure.sequences import sequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

LEVEL = 0.95
SKEW_THAT_MATTERS = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval and its standard error `se`, from so many independent `units`."""

    mean: float
    low: float
    high: float
    se: float
    units: int

    @property
    def interval(self) -> Interval:
        """The mean and its bounds."""
        return Interval(self.mean, self.low, self.high)


class Look(Protocol):
    """A way to look at scores."""

    def __call__(self, values: Array, unit: Whole | None) -> Estimate:
        """The mean of values (n,) with its interval; rows of one unit (n,) count as one."""
        ...


@dataclass(frozen=True, slots=True)
class _Units:
    """What each of so many units adds to a mean, as its deviation from it: spread, skewness and kurtosis."""

    mean: float
    count: int
    sd: float
    skew: float
    kurtosis: float

    @property
    def quantile(self) -> float:
        """Of Student's t with as many degrees of freedom as the variance was estimated with.

        Where few rows tell (few treated differently, few who bought), the variance is less sure than their
        number says: it has 2 n / (kurtosis − 1) degrees of freedom.
        """
        from scipy.special import stdtrit

        freedom = 2 * self.count / max(self.kurtosis - 1, 1e-9)
        return float(stdtrit(min(max(freedom, 1.0), self.count - 1.0), (1 + LEVEL) / 2))


def fixed_look(values: Array, unit: Whole | None = None) -> Estimate:
    """The mean of values (n,) at one look, with a 95 % interval.

    It is the wider, at each end, of Student's and of Hall's, which allows for skewness ("On the removal of
    skewness by transformation", JRSS B 54, 1992). Rows of one unit (n,) count as one.
    """
    units = _units_of(values, unit)
    if units.sd == 0 or units.count < 2:
        bound = 0.0 if units.sd == 0 and units.count > 1 else inf
        return Estimate(units.mean, units.mean - bound, units.mean + bound, 0.0, units.count)
    t = units.quantile
    low, high = -t, t
    if abs(units.skew) > SKEW_THAT_MATTERS:
        ends = [_unskewed(end / sqrt(units.count), units) * sqrt(units.count) for end in (-t, t)]
        low, high = min(low, -ends[1]), max(high, -ends[0])
    se = units.sd / sqrt(units.count)
    return Estimate(units.mean, units.mean + se * low, units.mean + se * high, se, units.count)


@dataclass(frozen=True, slots=True)
class EveryLook:
    """The mean with a bound that holds at every look at once; narrowest at `planned` units."""

    planned: int

    def __call__(self, values: Array, unit: Whole | None = None) -> Estimate:
        """The mean of values (n,), rows of one unit (n,) counting as one."""
        units = _units_of(values, unit)
        if units.count < 2:
            return Estimate(units.mean, -inf, inf, 0.0, units.count)
        # A variance that is itself unsure widens this interval as it widens Student's.
        sd = units.sd * units.quantile / 1.96 if units.sd > 0 else 0.0
        bounds = sequence(units.count, units.mean, sd, level=LEVEL, planned=self.planned)
        return Estimate(units.mean, bounds.low, bounds.high, units.sd / sqrt(units.count), units.count)


def _unskewed(x: float, units: _Units) -> float:
    """Hall's transformation, inverted: where the studentised mean's quantile x / √n really is."""
    skew = units.skew
    return float(3 / skew * (np.cbrt(1 + skew * (x - skew / (6 * units.count))) - 1))


def _units_of(values: Array, unit: Whole | None) -> _Units:
    n = len(values)
    mean = float(values.mean()) if n else 0.0
    apart = values - mean
    if unit is not None:
        _, which = np.unique(unit, return_inverse=True)
        summed = np.bincount(which, apart)
        apart = np.asarray(summed * (len(summed) / n), np.float64)
    count = len(apart)
    largest = float(np.abs(apart).max()) if count else 0.0
    # Rounding alone is no spread.
    if count < 2 or largest <= 1e-12 * max(abs(mean), 1e-300):
        return _Units(mean, count, 0.0, 0.0, 3.0)
    scaled = apart / largest
    square = scaled**2
    second = float(square.mean())
    return _Units(
        mean,
        count,
        largest * sqrt(second * count / (count - 1)),
        float((square * scaled).mean()) / second**1.5,
        float((square**2).mean()) / second**2,
    )

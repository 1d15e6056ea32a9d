"""Customers' purchase histories (x, t_x, T), brought down to the rows that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DAYS_PER_WEEK = 7.0


@dataclass(frozen=True, slots=True)
class PurchaseRows:
    """The distinct purchase histories of some customers: all that the purchase models need to know.

    Whoever bought on the same days has the same row, so a million customers seen by the day become some ten
    thousand rows. `x` is the number of repeat purchases, `t_x` the time of the last one and `T` the time
    observed, both in weeks since the customer's first purchase; all (rows,). `customers` (rows,) counts who
    shares a row and `row` (customers,) says which row is whose.
    """

    x: NDArray[np.float64]
    t_x: NDArray[np.float64]
    T: NDArray[np.float64]
    customers: NDArray[np.float64]
    row: NDArray[np.intp]

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values per row (rows, …) as values per customer (customers, …), in the order given at first."""
        return values[self.row]

    def sample(self, step: int) -> PurchaseRows:
        """Every `step`-th customer."""
        row, code = _renumber(self.row[::step], len(self.x))
        return PurchaseRows(self.x[row], self.t_x[row], self.T[row], _count(code, len(row)), code)


def distinct_rows(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> PurchaseRows:
    """The distinct rows of customers with `x` repeat purchases, the last at `t_x` of `T` weeks, each (n,).

    Times that are whole days (to one part in 10⁹) are counted in days, which is quick; any others are sorted.
    Raises ValueError when the arrays differ in length, hold something negative or not finite, or `t_x > T`.
    """
    purchases = np.asarray(x)
    last = np.asarray(t_x, dtype=np.float64)
    observed = np.asarray(T, dtype=np.float64)
    _check(purchases, last, observed)
    if purchases.size == 0:
        empty = np.empty(0)
        return PurchaseRows(empty, empty, empty, empty, np.empty(0, dtype=np.intp))
    last_values, last_code = _codes_of_times(last)
    observed_values, observed_code = _codes_of_times(observed)
    pair, pair_code = _renumber(
        observed_code * len(last_values) + last_code, len(observed_values) * len(last_values)
    )
    x_values, x_code = _codes_of_counts(purchases)
    key, row = _renumber(pair_code * len(x_values) + x_code, len(pair) * len(x_values))
    pair_of_row, x_of_row = np.divmod(key, len(x_values))
    observed_of_row, last_of_row = np.divmod(pair[pair_of_row], len(last_values))
    return PurchaseRows(
        x=x_values[x_of_row],
        t_x=np.minimum(last_values[last_of_row], observed_values[observed_of_row]),
        T=observed_values[observed_of_row],
        customers=_count(row, len(key)),
        row=row,
    )


def _check(x: NDArray[np.generic], t_x: NDArray[np.float64], T: NDArray[np.float64]) -> None:
    if not (x.ndim == t_x.ndim == T.ndim == 1 and len(x) == len(t_x) == len(T)):
        raise ValueError("x, t_x and T must be one-dimensional and of the same length")
    if x.size == 0:
        return
    if not (np.isfinite(T).all() and np.isfinite(x.max()) and x.min() >= 0):
        raise ValueError("x, t_x and T must be finite, and x not negative")
    if not (t_x >= 0).all() or not (t_x <= T).all():
        raise ValueError("the last purchase must lie between the first and the end: 0 <= t_x <= T")


def _codes_of_times(times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    in_days = times * DAYS_PER_WEEK
    days = np.rint(in_days)
    first = days.min()
    span = days.max() - first + 1
    if span <= 1 << 20 and np.abs(np.subtract(in_days, days, out=in_days), out=in_days).max() <= 1e-9 * (
        1 + first
    ):
        values = (first + np.arange(int(span))) / DAYS_PER_WEEK
        return values, (days - first).astype(np.int64)
    values, codes = np.unique(times, return_inverse=True)
    return values, codes.astype(np.int64, copy=False)


def _codes_of_counts(counts: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    whole = counts.astype(np.int64)
    if not np.array_equal(whole, counts):
        raise ValueError("x must hold whole numbers")
    most = int(whole.max())
    if most <= 4096:
        return np.arange(most + 1, dtype=np.float64), whole
    values, codes = np.unique(whole, return_inverse=True)
    return values.astype(np.float64), codes.astype(np.int64, copy=False)


def _renumber(keys: NDArray[np.int64], bound: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The distinct keys, rising, and each key's place among them; keys lie in [0, bound)."""
    if bound > 16 * len(keys) + 65_536:
        distinct, codes = np.unique(keys, return_inverse=True)
        return distinct, codes.astype(np.intp, copy=False)
    place = np.zeros(bound, dtype=np.int32)
    place[keys] = 1
    distinct = np.flatnonzero(place).astype(np.int64, copy=False)
    place[distinct] = np.arange(len(distinct), dtype=np.int32)
    return distinct, place[keys].astype(np.intp)


def _count(codes: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    return np.bincount(codes, minlength=size).astype(np.float64)

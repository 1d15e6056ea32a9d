"""Customers' money days into histories, for one customer as for all: the same sums, in whole minor units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.value.histories import RECENT, Histories

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from trato.differentiate.known import MoneyDay


@dataclass(frozen=True, slots=True)
class DayRows:
    """What customers brought by day, m entries sorted by customer and day, no pair twice.

    `customer` (m,) is a number from 0, `day` (m,) counts from 1970-01-01, `net` (m,) is what the day brought
    in minor units, costs taken off, and `bought` (m,) whether anything was bought.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    net: NDArray[np.int64]
    bought: NDArray[np.bool_]


def rows_of(days_of_customers: Sequence[Sequence[MoneyDay]]) -> DayRows:
    """The money days of n customers, each sorted by day; their numbers are their places."""
    flat = [(place, one) for place, days in enumerate(days_of_customers) for one in days]
    return DayRows(
        np.array([place for place, _ in flat], dtype=np.int64),
        np.array([one.day for _, one in flat], dtype="datetime64[D]").astype(np.int64),
        np.array([one.net for _, one in flat], dtype=np.int64),
        np.array([one.bought for _, one in flat], dtype=np.bool_),
    )


def histories_of(
    rows: DayRows, origin: date, horizon: int
) -> tuple[Histories, NDArray[np.int64], NDArray[np.int64]]:
    """The histories at the end of the day `origin`, as the step `histories.sql` finds them, in minor units.

    Beside them, the numbers (n,) of the customers who were seen by then, and their exact totals (n,). What
    only the booster looks at, the recent spans, is left at zero.
    """
    end = np.datetime64(origin, "D").astype(np.int64)
    seen = rows.day <= end
    who, day, net, bought = rows.customer[seen], rows.day[seen], rows.net[seen], rows.bought[seen]
    starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]]))[: len(who)]
    of = np.cumsum(np.concatenate([[True], who[1:] != who[:-1]])[: len(who)]) - 1
    customers = who[starts]
    n = len(customers)
    purchases = _by(of, bought.astype(np.int64), n)
    so_far = np.cumsum(bought)
    before = (so_far - bought)[starts] if n else so_far
    # A refund counts for the purchase before it, one before all purchases for the first.
    purchase = np.maximum(so_far - before[of], 1)
    begins = np.flatnonzero(
        np.concatenate([[True], (of[1:] != of[:-1]) | (purchase[1:] != purchase[:-1])])[: len(of)]
    )
    brought = np.add.reduceat(net, begins) if len(begins) else net
    whose, number = of[begins], purchase[begins]
    first_bought = _first(of, np.where(bought, day, np.iinfo(np.int64).max), n, least=True)
    last_bought = _first(of, np.where(bought, day, np.iinfo(np.int64).min), n, least=False)
    first = np.where(purchases > 0, first_bought, day[starts])
    last = np.where(purchases > 0, last_bought, day[starts])
    total = _by(whose, brought, n)
    repeat_total = _by(whose, np.where(number > 1, brought, 0), n)
    later = (rows.day > end) & (rows.day <= end + horizon)
    place = np.searchsorted(customers, rows.customer[later]) if n else np.zeros(0, np.int64)
    known = np.zeros(len(place), np.bool_)
    if n:
        known = customers[np.minimum(place, n - 1)] == rows.customer[later]
    future = place[known]
    histories = Histories(
        customers=customers.astype(object),
        origin=origin,
        horizon=horizon,
        x=np.maximum(purchases - 1, 0),
        t_x=(last - first) / 7,
        T=(end - first) / 7,
        total=total.astype(np.float64),
        repeat_total=repeat_total.astype(np.float64),
        squares=np.bincount(whose, brought.astype(np.float64) ** 2, n).astype(np.float64),
        recent_days=np.zeros((n, len(RECENT)), np.int64),
        recent_totals=np.zeros((n, len(RECENT))),
        future_days=_by(future, rows.bought[later][known].astype(np.int64), n),
        future_total=_by(future, rows.net[later][known], n).astype(np.float64),
    )
    return histories, customers, total


def _by(of: NDArray[np.int64], values: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Whole sums (n,), exact."""
    sums = np.zeros(n, np.int64)
    np.add.at(sums, of, values)
    return sums


def _first(of: NDArray[np.int64], days: NDArray[np.int64], n: int, *, least: bool) -> NDArray[np.int64]:
    bounds = np.iinfo(np.int64)
    found = np.full(n, bounds.max if least else bounds.min, np.int64)
    (np.minimum if least else np.maximum).at(found, of, days)
    return found

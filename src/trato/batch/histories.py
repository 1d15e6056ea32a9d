"""Transactions, by the engine, into histories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.value.histories import CUSTOMER_DAYS, HISTORIES, RECENT, SPAN, Histories

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine


@dataclass(frozen=True, slots=True)
class Span:
    """The days a transactions table covers, and whether its money needs a signed model."""

    first_day: date
    last_day: date
    customers: int
    negative_days: int


def days_of_customers(engine: Engine) -> Span:
    """Bring the relation `transactions` down to customers' days, keep them, and say what they cover."""
    engine.keep(CUSTOMER_DAYS)
    row = engine.run(SPAN).to_pylist()[0]
    return Span(row["first_day"], row["last_day"], row["customers"], row["negative_days"])


def histories_at(engine: Engine, origin: date, horizon: int) -> tuple[Histories, pa.ChunkedArray]:
    """The histories at the end of the day `origin`, and each customer's exact total beside them."""
    since = {f"since_{n}": origin - timedelta(days=round(horizon * part)) for n, part in enumerate(RECENT, 1)}
    table = engine.run(
        HISTORIES, {"origin": origin, "horizon_end": origin + timedelta(days=horizon), **since}
    )
    first, last = _days(table, "first_day"), _days(table, "last_day")
    end = np.datetime64(origin, "D")
    weeks = np.timedelta64(7, "D")
    histories = Histories(
        customers=np.array(table["customer"].to_pylist(), dtype=object),
        origin=origin,
        horizon=horizon,
        x=np.maximum(_whole(table, "days") - 1, 0),
        t_x=(last - first) / weeks,
        T=(end - first) / weeks,
        total=_numbers(table, "total"),
        repeat_total=_numbers(table, "repeat_total"),
        squares=_numbers(table, "squares"),
        recent_days=np.stack([_whole(table, f"days_{n}") for n in range(1, len(RECENT) + 1)], axis=1),
        recent_totals=np.stack([_numbers(table, f"total_{n}") for n in range(1, len(RECENT) + 1)], axis=1),
        future_days=_whole(table, "future_days"),
        future_total=_numbers(table, "future_total"),
    )
    return histories, table["total"]


def _days(table: pa.Table, name: str) -> NDArray[np.datetime64]:
    return np.asarray(table[name].to_numpy()).astype("datetime64[D]")


def _whole(table: pa.Table, name: str) -> NDArray[np.int64]:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(table[name].cast("float64").to_numpy(), dtype=np.float64)

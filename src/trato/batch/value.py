"""`trato value`: a table of transactions in, what every customer is worth out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from trato.batch.beliefs import read_weights
from trato.batch.engine import Column, Source
from trato.batch.histories import days_of_customers, histories_at
from trato.batch.writing import write_rejects, write_table
from trato.differentiate.value.accounts import CUSTOMER_ACCOUNTS, LEVELS, roll_up
from trato.differentiate.value.backtest import ORIGINS, backtest
from trato.differentiate.value.forecast import forecast, interval, quantiles
from trato.differentiate.value.potential import potential_value
from trato.differentiate.value.spend import needs_signs
from trato.differentiate.value.tiers import TierRule, tiers
from trato.errors import BadOption, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading
    from trato.differentiate.value.backtest import Backtest
    from trato.differentiate.value.forecast import Forecast
    from trato.differentiate.value.histories import Histories

USUAL_HORIZON = 91
# A calibration shorter than this many days has no repeat purchases to learn from.
SHORTEST_CALIBRATION = 14


@dataclass(frozen=True, slots=True)
class ValueTable:
    """What to read and what to ask of it.

    Names are the columns' own; without `cost` the money is revenue, not value. `until` is the last day
    counted (the table's last), `horizon` the days to forecast (a quarter, but at most a third of the
    history). `origins` tests are `step` days apart (a thirteenth of the horizon: a week for a quarter).
    """

    transactions: Path
    customer: str
    at: str
    amount: str
    cost: str | None = None
    account: str | None = None
    until: date | None = None
    horizon: int | None = None
    needs: Path | None = None
    rule: TierRule = field(default_factory=TierRule)
    origins: int = ORIGINS
    step: int | None = None
    dates: str | None = None
    decimal: str | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ValueReport:
    """What came of it: one row a customer in `values`, one an account in `accounts`, and how it was made."""

    reading: Reading
    first_day: date
    until: date
    horizon: int
    costs_given: bool
    signed: bool
    forecast: Forecast
    backtest: Backtest | None
    why_no_backtest: str | None
    values: pa.Table
    accounts: pa.Table | None
    in_several_accounts: int
    known_needs: int | None

    def column(self, name: str) -> NDArray[np.float64]:
        """A column of `values` as floats (n,)."""
        return np.asarray(self.values[name].cast("float64").to_numpy(), dtype=np.float64)


def value_table(
    engine: Engine,
    asked: ValueTable,
    progress: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> ValueReport:
    """Read, fit, forecast, test on held-out history, and rank. Writes nothing.

    Raises the reading errors of `Engine.read`, BadOption, and NotEnoughData when nobody bought twice.
    """
    # On vectors as short as these the threads of linear algebra would only wait for each other.
    with threadpool_limits(1):
        return _value_table(engine, asked, progress)


def write_values(report: ValueReport, out: Path) -> tuple[Path | None, Path | None]:
    """Write VALUES to `out`; beside it the accounts and the rows put aside, whose paths are returned."""
    write_table(report.values, out)
    accounts = None
    if report.accounts is not None:
        accounts = out.with_name(f"{out.stem}.accounts{out.suffix}")
        write_table(report.accounts, accounts)
    return accounts, write_rejects(report.reading.rejects, out)


def _value_table(
    engine: Engine, asked: ValueTable, progress: Callable[[str], AbstractContextManager[None]]
) -> ValueReport:
    with progress(f"reading {asked.transactions.name}"):
        reading = engine.read(_source(asked))
        span = days_of_customers(engine)
    until = asked.until or span.last_day
    if asked.until is not None and asked.until < span.first_day:
        raise BadOption(
            f"--until {asked.until} lies before the first transaction", hint=f"which is of {span.first_day}"
        )
    days = (until - span.first_day).days + 1
    horizon = asked.horizon or max(1, min(USUAL_HORIZON, days // 3))
    if horizon < 1:
        raise BadOption("--horizon must be at least one day")
    now, exact = histories_at(engine, until, horizon)
    signed = needs_signs(now)

    def made_at(origin: date, histories: Histories) -> Forecast:
        window = min(horizon, ((origin - span.first_day).days + 1) // 3)
        before = histories_at(engine, origin - timedelta(days=window), window)[0] if window > 0 else None
        return forecast(histories, before, signed=signed, seed=asked.seed)

    with progress(f"fitting {len(now.x):,} customers"):
        found = made_at(until, now)
        low, high = interval(found, now)
    tests: list[tuple[Histories, Forecast]] = []
    with progress(f"testing on the last {horizon} days"):
        for origin in _origins(span.first_day, min(until, span.last_day), horizon, asked):
            then, _ = histories_at(engine, origin, horizon)
            if then.future_days.sum() == 0 or then.future_total.sum() <= 0:
                continue
            try:
                tests.append((then, made_at(origin, then)))
            except NotEnoughData:
                continue
        tested = backtest(tests, seed=asked.seed) if tests else None
    potential = known = None
    if asked.needs is not None:
        with progress(f"reading {asked.needs.name}"):
            needs, has_needs = _needs(engine, asked.needs, now.customers)
        potential = potential_value(found.expected_value, now.T, needs, has_needs)
        known = int(has_needs.sum())
    values = _values(now, exact, found, (low, high), potential, asked.rule)
    accounts, several = (None, 0) if asked.account is None else _accounts(engine, asked, now, found, values)
    return ValueReport(
        reading=reading,
        first_day=span.first_day,
        until=until,
        horizon=horizon,
        costs_given=asked.cost is not None,
        signed=signed,
        forecast=found,
        backtest=tested,
        why_no_backtest=None if tested else f"the history of {days} days is too short to hold {horizon} out",
        values=values,
        accounts=accounts,
        in_several_accounts=several,
        known_needs=known,
    )


def _source(asked: ValueTable) -> Source:
    columns = (
        Column("customer", asked.customer, "text"),
        Column("at", asked.at, "time"),
        Column("amount", asked.amount, "money"),
        Column("cost", asked.cost, "money", optional=True),
        Column("account", asked.account, "text", optional=asked.account is None),
    )
    return Source(asked.transactions, "transactions", columns, dates=asked.dates, decimal=asked.decimal)


def _origins(first_day: date, last_day: date, horizon: int, asked: ValueTable) -> Iterator[date]:
    step = asked.step or max(1, horizon // 13)
    for n in range(asked.origins):
        origin = last_day - timedelta(days=horizon + n * step)
        if (origin - first_day).days + 1 >= SHORTEST_CALIBRATION:
            yield origin


def _needs(
    engine: Engine, beliefs: Path, customers: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The weights (n, k) of the customers' beliefs, and whose are known (n,)."""
    known_customers, weights = read_weights(engine, beliefs)
    place = np.searchsorted(known_customers, customers)
    place = np.minimum(place, len(known_customers) - 1)
    known = known_customers[place] == customers
    return np.where(known[:, None], weights[place], 0.0), known


def _values(
    now: Histories,
    exact: pa.ChunkedArray,
    found: Forecast,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    potential: NDArray[np.float64] | None,
    rule: TierRule,
) -> pa.Table:
    low, high = ends
    return pa.table(
        {
            "customer": pa.array(now.customers, pa.string()),
            "actual_value": exact,
            "p_alive": np.round(found.probability.p_alive, 6),
            "expected_purchases": np.round(found.probability.expected_purchases, 6),
            "expected_value": np.round(found.expected_value, 4),
            "low": np.round(low, 4),
            "high": np.round(high, 4),
            "potential": pa.nulls(len(low), pa.float64()) if potential is None else np.round(potential, 4),
            "tier": pa.array([str(t) for t in tiers(found.expected_value, potential, rule)], pa.string()),
        }
    )


def _accounts(
    engine: Engine, asked: ValueTable, now: Histories, found: Forecast, values: pa.Table
) -> tuple[pa.Table, int]:
    """One row an account: members' figures summed, tiers by the same rule, largest first."""
    seen = engine.run(CUSTOMER_ACCOUNTS)
    of = dict(zip(seen["customer"].to_pylist(), seen["account"].to_pylist(), strict=True))
    account = [of[customer] for customer in now.customers]
    rolled = roll_up(account, found.expected_value, quantiles(found, now, LEVELS), seed=asked.seed)
    exact = (
        values.append_column("account", pa.array(account, pa.string()))
        .group_by("account")
        .aggregate([("actual_value", "sum"), ("potential", "sum")])
        .sort_by("account")
    )
    potential = exact["potential_sum"].cast("float64")
    has_potential = asked.needs is not None
    table = pa.table(
        {
            "account": pa.array(rolled.accounts, pa.string()),
            "members": rolled.members,
            "actual_value": exact["actual_value_sum"],
            "expected_value": np.round(rolled.expected_value, 4),
            "low": np.round(rolled.low, 4),
            "high": np.round(rolled.high, 4),
            "potential": potential,
            "tier": pa.array(
                [
                    str(t)
                    for t in tiers(
                        rolled.expected_value,
                        np.asarray(potential.to_numpy()) if has_potential else None,
                        asked.rule,
                    )
                ],
                pa.string(),
            ),
        }
    )
    several = int((np.asarray(seen["accounts"].to_numpy()) > 1).sum())
    return table.sort_by([("expected_value", "descending"), ("account", "ascending")]), several

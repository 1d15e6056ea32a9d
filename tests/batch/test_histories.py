"""Histories by SQL against the slow obvious loop over one customer's rows."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.engine import Column, Source
from trato.batch.histories import days_of_customers, histories_at
from trato.differentiate.value.histories import RECENT

if TYPE_CHECKING:
    from pathlib import Path

START = date(2024, 1, 1)
Row = tuple[str, int, int, int | None]  # customer, day, cents, cost in cents


def read(path: Path, rows: list[Row], engine: DuckDBEngine) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "at", "amount", "cost"])
        for customer, day, cents, cost in rows:
            at = START + timedelta(days=day)
            writer.writerow([customer, at, cents / 100, "" if cost is None else cost / 100])
    engine.read(
        Source(
            path,
            "transactions",
            (
                Column("customer", "customer", "text"),
                Column("at", "at", "time"),
                Column("amount", "amount", "money"),
                Column("cost", "cost", "money", optional=True),
            ),
        )
    )


def slowly(rows: list[Row], customer: str, origin: int, horizon: int) -> dict[str, float]:
    """One customer's history in cents and days, by the definition."""
    net: dict[int, int] = defaultdict(int)
    bought: set[int] = set()
    for who, day, cents, cost in rows:
        if who == customer:
            net[day] += cents - (cost or 0)
            if cents >= 0:
                bought.add(day)
    known = sorted(day for day in net if day <= origin)
    purchases = [day for day in known if day in bought]
    first = purchases[0] if purchases else known[0]
    brought: dict[int, int] = defaultdict(int)
    for day in known:
        before = [p for p in purchases if p <= day]
        brought[before[-1] if before else first] += net[day]
    last = max(brought)
    after = [day for day in net if origin < day <= origin + horizon]
    history: dict[str, float] = {
        "x": max(len(purchases) - 1, 0),
        "t_x": last - first,
        "T": origin - first,
        "total": sum(brought.values()),
        "repeat_total": sum(value for day, value in brought.items() if day > first),
        "squares": sum(value**2 for value in brought.values()),
        "future_days": sum(day in bought for day in after),
        "future_total": sum(net[day] for day in after),
    }
    for n, part in enumerate(RECENT):
        since = origin - round(horizon * part)
        history[f"days_{n}"] = sum(day > since and day in bought for day in brought)
        history[f"total_{n}"] = sum(value for day, value in brought.items() if day > since)
    return history


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "ñ"]),
        st.integers(0, 40),
        st.integers(-5_00, 20_00),
        st.none() | st.integers(0, 9_00),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60)
@given(rows=ROWS, origin=st.integers(0, 45), horizon=st.integers(1, 20))
def test_histories_are_what_their_definition_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], origin: int, horizon: int
) -> None:
    with DuckDBEngine() as engine:
        read(tmp_path_factory.mktemp("h") / "t.csv", rows, engine)
        span = days_of_customers(engine)
        histories, exact = histories_at(engine, START + timedelta(days=origin), horizon)
    assert span.first_day == START + timedelta(days=min(day for _, day, *_ in rows))
    customers = sorted({who for who, day, *_ in rows if day <= origin}, key=lambda who: who.encode())
    assert list(histories.customers) == customers
    for place, customer in enumerate(customers):
        slow = slowly(rows, customer, origin, horizon)
        assert histories.x[place] == slow["x"]
        assert histories.t_x[place] * 7 == pytest.approx(slow["t_x"])
        assert histories.T[place] * 7 == pytest.approx(slow["T"])
        assert int(exact[place].as_py() * 100) == slow["total"]
        assert histories.repeat_total[place] * 100 == pytest.approx(slow["repeat_total"])
        assert histories.squares[place] * 100**2 == pytest.approx(slow["squares"])
        assert histories.future_days[place] == slow["future_days"]
        assert histories.future_total[place] * 100 == pytest.approx(slow["future_total"])
        for n in range(len(RECENT)):
            assert histories.recent_days[place, n] == slow[f"days_{n}"]
            assert histories.recent_totals[place, n] * 100 == pytest.approx(slow[f"total_{n}"])


def test_a_refund_counts_only_once_it_has_come(tmp_path: Path) -> None:
    rows: list[Row] = [("a", 0, 10_00, None), ("a", 5, 10_00, None), ("a", 9, -10_00, None)]
    with DuckDBEngine() as engine:
        read(tmp_path / "t.csv", rows, engine)
        days_of_customers(engine)
        before, _ = histories_at(engine, START + timedelta(days=8), 7)
        after, _ = histories_at(engine, START + timedelta(days=9), 7)
    assert before.total[0] == 20
    assert before.future_total[0] == -10
    assert (after.total[0], after.repeat_total[0], after.x[0], after.t_x[0] * 7) == (
        10,
        0,
        1,
        pytest.approx(5),
    )

"""What is known of the customers who permit one profiling purpose, from tables and log together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.zones import days_in
from trato.differentiate.known import Counted, MoneyDay
from trato.differentiate.value.days import DayRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from trato.batch.gathered import Gathered
    from trato.customers.customer import CustomerId
    from trato.interact.log import LogEntry

    Whole = NDArray[np.int64]

_EPOCH = date(1970, 1, 1).toordinal()
_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """Choices and money of n customers for one purpose, whole numbers throughout.

    `customers` (n,) are sorted. Of c choices `who` says whose, `label` which of `labels`, `at` when (in
    microseconds of UTC since 1970) and `count` how often. Of m days, sorted by customer and day and no pair
    twice, `day_who` says whose, `day` which since 1970-01-01, and the rest what MoneyDay holds.
    """

    customers: tuple[CustomerId, ...]
    labels: tuple[tuple[str, str], ...]
    who: Whole
    label: Whole
    at: Whole
    count: Whole
    day_who: Whole
    day: Whole
    amount: Whole
    cost: Whole
    has_cost: NDArray[np.bool_]
    bought: NDArray[np.bool_]

    @property
    def empty(self) -> bool:
        """Whether nothing was chosen and nothing was paid."""
        return not len(self.who) and not len(self.day)


class Collecting:
    """Collects the facts of those customers who permit a purpose; others are passed over, and counted."""

    def __init__(self, permitted: Iterable[CustomerId]) -> None:
        self.customers = tuple(sorted(permitted))
        self._place = {customer: place for place, customer in enumerate(self.customers)}
        self._labels: dict[tuple[str, str], int] = {}
        self._choices: list[tuple[Whole, Whole, Whole, Whole]] = []
        self._money: list[tuple[Whole, Whole, Whole, Whole, NDArray[np.bool_]]] = []

    def add_rows(self, rows: Gathered, customer_of: Sequence[CustomerId | None]) -> None:
        """Rows of a table; `customer_of` says to whom each of their groups of identifiers belongs."""
        of_group = np.array(
            [-1 if one is None else self._place.get(one, -1) for one in customer_of], dtype=np.int64
        )
        who = of_group[rows.group] if len(of_group) else np.zeros(0, np.int64)
        label = np.array(
            [self._labels.setdefault(one, len(self._labels)) for one in rows.choices], dtype=np.int64
        )
        of_choice = who[rows.choice_row]
        kept = of_choice >= 0
        row = rows.choice_row[kept]
        self._choices.append((of_choice[kept], label[rows.choice[kept]], rows.at[row], rows.count[row]))
        paid = (who >= 0) & rows.has_amount
        self._money.append(
            (who[paid], rows.day[paid], rows.amount[paid], rows.cost[paid], rows.has_cost[paid])
        )

    def add_log(self, entries: Iterable[LogEntry], zone: ZoneInfo) -> int:
        """Entries of the log that carry the purpose, by the company's days in `zone`; how many were used."""
        choices: list[tuple[int, int, int, int]] = []
        money: list[tuple[int, int, int, int, bool]] = []
        number = 0
        for one in entries:
            who = self._place.get(one.customer)
            if who is None:
                continue
            number += 1
            at = (one.at - _MOMENT) // timedelta(microseconds=1)
            choices.extend(
                (who, self._labels.setdefault(label, len(self._labels)), at, one.count)
                for label in (one.choices if one.learns else ())
            )
            if one.amount is not None:
                money.append((who, at, one.amount, one.cost or 0, one.cost is not None))
        columns = np.array(choices, dtype=np.int64).reshape(-1, 4).T
        self._choices.append((columns[0], columns[1], columns[2], columns[3]))
        paid = np.array(money, dtype=np.int64).reshape(-1, 5).T
        self._money.append((paid[0], days_in(paid[1], zone), paid[2], paid[3], paid[4] > 0))
        return number

    def facts(self) -> Facts:
        """All that was collected, of those of whom there is anything."""
        who, label, at, count = (_end_to_end([one[i] for one in self._choices]) for i in range(4))
        paid_who, day, amount, cost = (_end_to_end([one[i] for one in self._money]) for i in range(4))
        has_cost = _end_to_end([one[4] for one in self._money]).astype(np.bool_)
        seen = np.unique(np.concatenate([who, paid_who]))
        who, paid_who = np.searchsorted(seen, who), np.searchsorted(seen, paid_who)
        order = np.lexsort((day, paid_who))
        paid_who, day, amount = paid_who[order], day[order], amount[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (paid_who[1:] != paid_who[:-1]) | (day[1:] != day[:-1])
        starts = np.flatnonzero(new)

        def each_day(add: np.ufunc, column: NDArray[np.generic]) -> NDArray[np.generic]:
            return np.asarray(add.reduceat(column, starts)) if len(starts) else column

        return Facts(
            customers=tuple(self.customers[place] for place in seen.tolist()),
            labels=tuple(self._labels),
            who=who,
            label=label,
            at=at,
            count=count,
            day_who=paid_who[starts],
            day=day[starts],
            amount=each_day(np.add, amount).astype(np.int64),
            cost=each_day(np.add, cost[order]).astype(np.int64),
            has_cost=each_day(np.logical_or, has_cost[order]).astype(np.bool_),
            bought=each_day(np.logical_or, amount >= 0).astype(np.bool_),
        )


def counted(facts: Facts, purpose: str, at_once: int) -> Iterator[tuple[Counted, ...]]:
    """What is stored of each customer, in chunks of `at_once` customers."""
    breadth = max(len(facts.labels), 1)
    key, position = np.unique(facts.who * breadth + facts.label, return_inverse=True)
    times = np.zeros(len(key), np.int64)
    np.add.at(times, position, facts.count)
    whose = key // breadth
    chosen = np.searchsorted(whose, np.arange(len(facts.customers) + 1))
    paid = np.searchsorted(facts.day_who, np.arange(len(facts.customers) + 1))

    def one(place: int) -> Counted:
        counts = {
            facts.labels[int(key[entry]) % breadth]: int(times[entry])
            for entry in range(chosen[place], chosen[place + 1])
            if times[entry]
        }
        days = tuple(
            MoneyDay(
                date.fromordinal(_EPOCH + int(facts.day[entry])),
                int(facts.amount[entry]),
                int(facts.cost[entry]) if facts.has_cost[entry] else None,
                bool(facts.bought[entry]),
            )
            for entry in range(paid[place], paid[place + 1])
        )
        return Counted(facts.customers[place], purpose, dict(sorted(counts.items())), days)

    for first in range(0, len(facts.customers), at_once):
        yield tuple(one(place) for place in range(first, min(first + at_once, len(facts.customers))))


def units_of(facts: Facts, unit_of: Mapping[CustomerId, CustomerId]) -> tuple[tuple[CustomerId, ...], Whole]:
    """The units, sorted, and which of them each customer (n,) belongs to; alone where `unit_of` is silent."""
    named = [unit_of.get(customer, customer) for customer in facts.customers]
    units = sorted(set(named))
    place = {unit: number for number, unit in enumerate(units)}
    return tuple(units), np.array([place[unit] for unit in named], dtype=np.int64)


def day_rows(facts: Facts, unit: Whole) -> DayRows:
    """The money days of units, members' days added up."""
    who = unit[facts.day_who]
    order = np.lexsort((facts.day, who))
    who, day = who[order], facts.day[order]
    net, bought = (facts.amount - facts.cost)[order], facts.bought[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (who[1:] != who[:-1]) | (day[1:] != day[:-1])
    starts = np.flatnonzero(new)
    if not len(starts):
        return DayRows(who, day, net, bought)
    return DayRows(
        who[starts], day[starts], np.add.reduceat(net, starts), np.logical_or.reduceat(bought, starts)
    )


def _end_to_end(parts: Sequence[NDArray[np.int64] | NDArray[np.bool_]]) -> Whole:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)

"""Interactions of one source as columns, and what is done with them whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from trato.batch.zones import days_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from trato.customers.identifiers import Identifier
    from trato.interact.interactions import Interaction

    Whole = NDArray[np.int64]

Kept = TypeVar("Kept", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Interactions of one source as columns, m rows, and c choices of those that learn.

    `group` (m,) is the place in `groups` of the identifiers that point to the customer. `at` (m,) is in
    microseconds of UTC since 1970, `day` (m,) the company's day since then. `amount` and `cost` (m,) are in
    minor units, 0 where `has_amount` and `has_cost` (m,) say that there is none. `choice_row` and `choice`
    (c,) say which row chose which of `choices`, `count` (m,) how often. `household`, `account` and `record`
    (m,) are texts or None.
    """

    groups: tuple[tuple[Identifier, ...], ...]
    group: Whole
    at: Whole
    day: Whole
    count: Whole
    amount: Whole
    has_amount: NDArray[np.bool_]
    cost: Whole
    has_cost: NDArray[np.bool_]
    choices: tuple[tuple[str, str], ...]
    choice_row: Whole
    choice: Whole
    household: NDArray[np.object_]
    account: NDArray[np.object_]
    record: NDArray[np.object_]


def gather(told: Sequence[Interaction], zone: ZoneInfo) -> Gathered:
    """Interactions as columns; `zone` is the one of the company's days."""
    groups: dict[tuple[tuple[str, str], ...], int] = {}
    members: list[tuple[Identifier, ...]] = []
    labels: dict[tuple[str, str], int] = {}
    group: list[int] = []
    choice_row: list[int] = []
    choice: list[int] = []
    for place, one in enumerate(told):
        key = tuple((each.kind, each.normalised) for each in one.identifiers)
        if key not in groups:
            groups[key] = len(groups)
            members.append(one.identifiers)
        group.append(groups[key])
        for label in one.choices if one.learns else ():
            choice_row.append(place)
            choice.append(labels.setdefault(label, len(labels)))
    at = whole_numbers([microseconds(one.at) for one in told])
    return Gathered(
        groups=tuple(members),
        group=whole_numbers(group),
        at=at,
        day=days_in(at, zone),
        count=whole_numbers([one.count for one in told]),
        amount=whole_numbers([one.amount or 0 for one in told]),
        has_amount=np.array([one.amount is not None for one in told], dtype=np.bool_),
        cost=whole_numbers([one.cost or 0 for one in told]),
        has_cost=np.array([one.cost is not None for one in told], dtype=np.bool_),
        choices=tuple(labels),
        choice_row=whole_numbers(choice_row),
        choice=whole_numbers(choice),
        household=objects([one.household for one in told]),
        account=objects([one.account for one in told]),
        record=objects([one.record for one in told]),
    )


def both(one: Gathered, other: Gathered) -> Gathered:
    """The rows of one, then those of the other."""
    groups = {_key(group): place for place, group in enumerate(one.groups)}
    members = list(one.groups)
    for group in other.groups:
        if _key(group) not in groups:
            groups[_key(group)] = len(members)
            members.append(group)
    moved = whole_numbers([groups[_key(group)] for group in other.groups])
    labels = {label: place for place, label in enumerate(one.choices)}
    relabelled = whole_numbers([labels.setdefault(label, len(labels)) for label in other.choices])

    return Gathered(
        groups=tuple(members),
        group=_end_to_end(one.group, moved[other.group]),
        at=_end_to_end(one.at, other.at),
        day=_end_to_end(one.day, other.day),
        count=_end_to_end(one.count, other.count),
        amount=_end_to_end(one.amount, other.amount),
        has_amount=_end_to_end(one.has_amount, other.has_amount),
        cost=_end_to_end(one.cost, other.cost),
        has_cost=_end_to_end(one.has_cost, other.has_cost),
        choices=tuple(labels),
        choice_row=_end_to_end(one.choice_row, other.choice_row + len(one.at)),
        choice=_end_to_end(one.choice, relabelled[other.choice]),
        household=_end_to_end(one.household, other.household),
        account=_end_to_end(one.account, other.account),
        record=_end_to_end(one.record, other.record),
    )


def without(rows: Gathered, dropped: NDArray[np.bool_]) -> Gathered:
    """The rows but those that are `dropped` (m,)."""
    kept = ~dropped
    place = np.cumsum(kept) - 1
    chosen = kept[rows.choice_row]
    return replace(
        rows,
        group=rows.group[kept],
        at=rows.at[kept],
        day=rows.day[kept],
        count=rows.count[kept],
        amount=rows.amount[kept],
        has_amount=rows.has_amount[kept],
        cost=rows.cost[kept],
        has_cost=rows.has_cost[kept],
        choice_row=place[rows.choice_row[chosen]],
        choice=rows.choice[chosen],
        household=rows.household[kept],
        account=rows.account[kept],
        record=rows.record[kept],
    )


def once_a_record(rows: Gathered) -> Gathered:
    """A record that stands there twice counts once: the first of them."""
    named = np.flatnonzero(rows.record != None)  # noqa: E711 - one by one
    if not len(named):
        return rows
    seen: set[object] = set()
    again = np.zeros(len(rows.record), np.bool_)
    for place in named.tolist():
        record = rows.record[place]
        again[place] = record in seen
        seen.add(record)
    return without(rows, again) if again.any() else rows


def microseconds(at: datetime) -> int:
    """Since 1970, of a moment with a zone."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def whole_numbers(values: Sequence[int]) -> Whole:
    """Whole numbers as a column."""
    return np.array(values, dtype=np.int64)


def objects(values: Sequence[object]) -> NDArray[np.object_]:
    """Anything as a column of its own shape, lists and all."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _key(group: tuple[Identifier, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one.kind, one.normalised) for one in group)


def _end_to_end(one: NDArray[Kept], other: NDArray[Kept]) -> NDArray[Kept]:
    return np.concatenate([one, other])

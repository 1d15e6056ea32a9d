"""A table's rows as interactions, all at once: what `understand_row` says of each, found column by column.

The engine reads and joins; each text that occurs is then understood once, and each row by the texts it holds.
Rows that would be refused, and kinds that are said in words, go through `understand_row` itself: so reasons
are told once, and a property test holds both ways together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from trato.batch.company import sources_of
from trato.batch.engine import LookUpRead, Reject
from trato.batch.zones import days_in, in_utc
from trato.customers.identifiers import Identifier, identifier
from trato.errors import BadIdentifier
from trato.interact.canonical import canonical
from trato.interact.interactions import Interaction, Refusal
from trato.interact.understand import understand_row
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading, Source
    from trato.interact.canonical import Canonical
    from trato.interact.mapping import Field, Mapped, Table

    Whole = NDArray[np.int64]
    Row = Mapping[str, Canonical | None]

Kept = TypeVar("Kept", bound=np.generic)

ROWS = Step("mapped_rows", "SELECT * FROM mapped ORDER BY place", ("mapped",))

AT_ONCE = 4_096
_NOBODY = -1
_PLACES = 4  # of the engine's money
_MOST = 2**62
# One row at a time: what these say is words, or is said rarely.
_IN_WORDS = frozenset({"statement", "permission"})


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


@dataclass(frozen=True, slots=True)
class TableRead:
    """A table's interactions, what came of reading its files, and every row that was put aside.

    `told` has the interactions themselves where they are permissions, and is empty for all other kinds.
    """

    name: str
    mapping: Mapped
    rows: Gathered
    readings: tuple[Reading, ...]
    rejects: tuple[Reject, ...]
    told: tuple[Interaction, ...] = ()


def read_rows(engine: Engine, folder: Path, table: Table) -> TableRead:
    """All interactions of a table. Raises the reading errors of `Engine.read`, and AmbiguousKey."""
    source, readings = _open(engine, folder, table)
    found = engine.run(ROWS)
    mapping = table.mapping
    if mapping.kind in _IN_WORDS:
        every = np.arange(found.num_rows)
        told, refused = _one_by_one(mapping, found, every)
        rows = gather(told, mapping.setting.zone)
    else:
        rows, doubtful = _columns(mapping, found)
        told, refused = _one_by_one(mapping, found, doubtful)
        if told:
            rows = both(rows, gather(told, mapping.setting.zone))
    rejects = _rejects(engine, source, refused)
    put_aside = (*(reject for one in readings for reject in one.rejects), *rejects)
    permissions = tuple(told) if mapping.kind == "permission" else ()
    return TableRead(mapping.name, mapping, once_a_record(rows), readings, put_aside, permissions)


class OneByOne:
    """A table's rows in their order, each an interaction or the reason why it is none, and their readings.

    Rows that the engine could not read are in the readings, the first of which is that of the table itself.
    """

    def __init__(self, engine: Engine, folder: Path, table: Table) -> None:
        """Raises as `read_rows`."""
        self._engine, self._mapping = engine, table.mapping
        self._source, self.readings = _open(engine, folder, table)
        self._found = engine.run(ROWS)
        self._refused: list[tuple[int, Row, Refusal]] = []

    def __iter__(self) -> Iterator[Interaction | Refusal]:
        for first in range(0, self._found.num_rows, AT_ONCE):
            for row in self._found.slice(first, AT_ONCE).to_pylist():
                place = row.pop("place")
                one = understand_row(self._mapping, row)
                if isinstance(one, Refusal):
                    self._refused.append((place, row, one))
                yield one

    def rejects(self) -> tuple[Reject, ...]:
        """All rows put aside so far, those that could not be read first."""
        unread = (reject for one in self.readings for reject in one.rejects)
        return (*unread, *_rejects(self._engine, self._source, self._refused))


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
    at = _whole([_microseconds(one.at) for one in told])
    return Gathered(
        groups=tuple(members),
        group=_whole(group),
        at=at,
        day=days_in(at, zone),
        count=_whole([one.count for one in told]),
        amount=_whole([one.amount or 0 for one in told]),
        has_amount=np.array([one.amount is not None for one in told], dtype=np.bool_),
        cost=_whole([one.cost or 0 for one in told]),
        has_cost=np.array([one.cost is not None for one in told], dtype=np.bool_),
        choices=tuple(labels),
        choice_row=_whole(choice_row),
        choice=_whole(choice),
        household=_objects([one.household for one in told]),
        account=_objects([one.account for one in told]),
        record=_objects([one.record for one in told]),
    )


def both(one: Gathered, other: Gathered) -> Gathered:
    """The rows of one, then those of the other."""
    groups = {_key(group): place for place, group in enumerate(one.groups)}
    members = list(one.groups)
    for group in other.groups:
        if _key(group) not in groups:
            groups[_key(group)] = len(members)
            members.append(group)
    moved = _whole([groups[_key(group)] for group in other.groups])
    labels = {label: place for place, label in enumerate(one.choices)}
    relabelled = _whole([labels.setdefault(label, len(labels)) for label in other.choices])

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


def _open(engine: Engine, folder: Path, table: Table) -> tuple[Source, tuple[Reading, ...]]:
    """Read a table and its look-ups, and join them to the relation `mapped`."""
    first, *others = sources_of(folder, table)
    source = replace(first, name="table", numbered=True)
    readings = [engine.read(source)]
    look_ups = []
    for one, declared in zip(others, table.look_ups, strict=True):
        readings.append(engine.read(one))
        look_ups.append(LookUpRead(one.name, f"on_{declared.name}"))
    engine.join("mapped", "table", look_ups)
    return source, tuple(readings)


def _one_by_one(
    mapping: Mapped, found: pa.Table, places: Whole
) -> tuple[list[Interaction], list[tuple[int, Row, Refusal]]]:
    told: list[Interaction] = []
    refused: list[tuple[int, Row, Refusal]] = []
    for first in range(0, len(places), AT_ONCE):
        for row in found.take(places[first : first + AT_ONCE]).to_pylist():
            place = row.pop("place")
            one = understand_row(mapping, row)
            if isinstance(one, Refusal):
                refused.append((place, row, one))
            else:
                told.append(one)
    return told, refused


def _rejects(
    engine: Engine, source: Source, refused: Sequence[tuple[int, Row, Refusal]]
) -> tuple[Reject, ...]:
    if not refused:
        return ()
    lines = engine.lines_of(source, [place for place, _, _ in refused])
    return tuple(_reject(source, line, why, row) for line, (_, row, why) in zip(lines, refused, strict=True))


def _reject(source: Source, line: int, why: Refusal, row: Row) -> Reject:
    header = next((one.header for one in source.columns if one.role == why.role), None)
    said = row.get(why.role)
    record = tuple(None if cell is None else str(cell) for cell in row.values())
    return Reject(
        str(source.path), line, header or why.role, None if said is None else str(said), why.reason, record
    )


class _Texts:
    """A column of texts as numbers (m,) of what they mean, -1 for nothing."""

    def __init__(self, mapping: Mapped, found: pa.Table, role: str) -> None:
        field = mapping.fields.get(role)
        rows = found.num_rows
        if field is None:
            self.meant: list[str | None] = []
            self.code = np.full(rows, _NOBODY, np.int64)
            return
        if field.always is not None:
            said = canonical(mapping.kind_of(role), field.always, mapping.zone, role)
            self.meant, self.code = [_meant(field, str(said))], np.zeros(rows, np.int64)
        else:
            encoded = found[role].combine_chunks().dictionary_encode()
            self.meant = [_meant(field, word) for word in encoded.dictionary.to_pylist()]
            self.code = np.asarray(encoded.indices.fill_null(_NOBODY).to_numpy(), np.int64)
        nothing = np.array([word is None for word in self.meant] + [True], dtype=np.bool_)
        self.code = np.where(nothing[self.code], _NOBODY, self.code)

    @property
    def there(self) -> NDArray[np.bool_]:
        return self.code >= 0

    def said(self) -> NDArray[np.object_]:
        return _objects([*self.meant, None])[self.code]

    def where(self, fits: Sequence[bool]) -> NDArray[np.bool_]:
        """Rows whose text fits; those without one do not."""
        return np.array([*fits, False], dtype=np.bool_)[self.code]


def _columns(mapping: Mapped, found: pa.Table) -> tuple[Gathered, Whole]:
    """The rows that are understood at a glance, and the places of all others."""
    m = found.num_rows
    setting = mapping.setting
    texts = {
        role: _Texts(mapping, found, role)
        for role in (
            *("touchpoint", "component", "module", "currency", "household", "account", "id"),
            *(role for role in mapping.fields if role.startswith(("customer_", "more_"))),
        )
    }
    touchpoint, currency = texts["touchpoint"], texts["currency"]
    fine = touchpoint.where([word in setting.touchpoints.by_key for word in touchpoint.meant])
    other_money = currency.where([(word or "").upper() != setting.currency for word in currency.meant])
    fine &= ~other_money
    at, meant = _moments(mapping, found)
    fine &= meant
    groups, group = _groups(mapping, texts, m)
    fine &= group >= 0
    pairs = [("component", "module")]
    pairs += [
        (role, role.replace("component", "module"))
        for role in mapping.fields
        if role.startswith("more_component_")
    ]
    chosen = [texts[c].there & texts[d].there if c in texts else np.zeros(m, np.bool_) for c, d in pairs]
    any_chosen = np.logical_or.reduce(chosen)
    for role in ("component", "module"):
        if role in mapping.required:
            fine &= texts[role].there
    if mapping.kind in {"choice", "view"}:
        fine &= any_chosen
    count = _counts(mapping, found)
    amount, has_amount, sure = _money(mapping, found, "amount", "unit_price", count)
    cost, has_cost, sure_of_cost = _money(mapping, found, "cost", "unit_cost", count)
    fine &= sure & sure_of_cost
    if {"amount", "unit_price"} & set(mapping.required):
        fine &= has_amount
    learns = fine & any_chosen & (count > 0) & mapping.learns
    labels: dict[tuple[str, str], int] = {}
    choice_row, choice = [], []
    for (c, d), there in zip(pairs, chosen, strict=True):
        rows = np.flatnonzero(there & learns)
        breadth = len(texts[d].meant) + 1
        key, which = np.unique(texts[c].code[rows] * breadth + texts[d].code[rows], return_inverse=True)
        codes = _whole(
            [
                labels.setdefault(
                    (str(texts[c].meant[one // breadth]), str(texts[d].meant[one % breadth])), len(labels)
                )
                for one in key.tolist()
            ]
        )
        choice_row.append(rows)
        choice.append(codes[which])
    every = Gathered(
        groups=groups,
        group=group,
        at=at,
        day=days_in(at, setting.zone),
        count=count,
        amount=amount,
        has_amount=has_amount,
        cost=cost,
        has_cost=has_cost,
        choices=tuple(labels),
        choice_row=np.concatenate(choice_row),
        choice=np.concatenate(choice),
        household=texts["household"].said(),
        account=texts["account"].said(),
        record=texts["id"].said(),
    )
    return (every if fine.all() else without(every, ~fine)), np.flatnonzero(~fine)


def _moments(mapping: Mapped, found: pa.Table) -> tuple[Whole, NDArray[np.bool_]]:
    field = mapping.fields.get("time")
    m = found.num_rows
    if field is None:
        return np.zeros(m, np.int64), np.zeros(m, np.bool_)
    if field.always is not None:
        said = canonical("time", field.always, mapping.zone, "time")
        return np.full(m, _microseconds(said) if isinstance(said, datetime) else 0), np.ones(m, np.bool_)
    column = found["time"].combine_chunks()
    there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    wall = np.asarray(column.cast("timestamp[us]").cast("int64").fill_null(0).to_numpy(), np.int64)
    at, meant = in_utc(wall, mapping.zone)
    return at, meant & there


def _groups(
    mapping: Mapped, texts: Mapping[str, _Texts], m: int
) -> tuple[tuple[tuple[Identifier, ...], ...], Whole]:
    """The groups of identifiers that occur, and which of them each row (m,) has; -1 for none."""
    codes: list[Whole] = []
    known: list[list[Identifier]] = []
    for kind in mapping.kinds:
        column = texts[f"customer_{kind}"]
        distinct: dict[tuple[str, str], int] = {}
        of_word: list[int] = []
        members: list[Identifier] = []
        for word in column.meant:
            one = _identifier(kind, word)
            if one is None:
                of_word.append(_NOBODY)
                continue
            # Two ways to write one value are one.
            place = distinct.setdefault((one.kind, one.normalised), len(members))
            if place == len(members):
                members.append(one)
            of_word.append(place)
        codes.append(_whole([*of_word, _NOBODY])[column.code])
        known.append(members)
    # One number says which identifier of each kind a row has: the last kind counts in ones.
    key = np.zeros(m, np.int64)
    for code, members in zip(codes, known, strict=True):
        key = key * (len(members) + 1) + (code + 1)
    distinct_keys, which = np.unique(key, return_inverse=True)
    groups: list[tuple[Identifier, ...]] = []
    place_of: list[int] = []
    for key_of_row in distinct_keys.tolist():
        group: list[Identifier] = []
        rest = key_of_row
        for members in reversed(known):
            rest, code = divmod(rest, len(members) + 1)
            group += [members[code - 1]] if code else []
        place_of.append(len(groups) if group else _NOBODY)
        if group:
            groups.append(tuple(reversed(group)))
    return tuple(groups), _whole(place_of)[which]


def _identifier(kind: str, word: str | None) -> Identifier | None:
    try:
        return None if word is None else identifier(kind, word)
    except BadIdentifier:
        return None


def _counts(mapping: Mapped, found: pa.Table) -> Whole:
    field = mapping.fields.get("count")
    if field is None:
        return np.ones(found.num_rows, np.int64)
    if field.always is not None:
        said = canonical("count", field.always, mapping.zone, "count")
        return np.full(found.num_rows, said if isinstance(said, int) else 1)
    return np.asarray(found["count"].combine_chunks().fill_null(1).to_numpy(), np.int64)


def _money(
    mapping: Mapped, found: pa.Table, whole: str, unit: str, count: Whole
) -> tuple[Whole, NDArray[np.bool_], NDArray[np.bool_]]:
    """Minor units (m,), where there are any (m,), and of which rows this way of counting is sure (m,)."""
    value, there = _decimals(mapping, found, whole)
    each, there_each = _decimals(mapping, found, unit)
    by_unit = ~there & there_each
    large = np.abs(each.astype(np.float64)) * count > _MOST
    sure = ~(by_unit & large)
    value = np.where(by_unit & sure, each * np.where(sure, count, 1), value)
    there = there | there_each
    step = 10 ** (_PLACES - mapping.setting.minor_units)
    whole_units, rest = np.divmod(np.abs(value), step)
    half_up = mapping.setting.rounding == "half_up"
    up = (2 * rest > step) | ((2 * rest == step) & (half_up | (whole_units % 2 == 1)))
    if step == 1:
        up[:] = False
    minor = whole_units + up
    minor = -minor if mapping.kind == "return" else np.sign(value) * minor
    return np.where(there & sure, minor, 0), there, sure


def _decimals(mapping: Mapped, found: pa.Table, role: str) -> tuple[Whole, NDArray[np.bool_]]:
    """A money column in ten-thousandths (m,), and where it says something (m,)."""
    field = mapping.fields.get(role)
    m = found.num_rows
    if field is None:
        return np.zeros(m, np.int64), np.zeros(m, np.bool_)
    if field.always is not None:
        said = canonical("money", field.always, mapping.zone, role)
        return np.full(m, _ten_thousandths(said)), np.full(m, said is not None)
    column = found[role].combine_chunks()
    there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    # Eighteen digits fit into the low half of Arrow's 128 bits, sign and all.
    halves = np.frombuffer(column.buffers()[1], dtype="<i8")[2 * column.offset :][: 2 * m : 2]
    return np.where(there, halves, 0), there


def _ten_thousandths(said: object) -> int:
    from decimal import Decimal

    return int(said.scaleb(_PLACES)) if isinstance(said, Decimal) else 0


def _meant(field: Field, word: str) -> str | None:
    word = word.strip()
    return field.values.get(word, word) or None


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _key(group: tuple[Identifier, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one.kind, one.normalised) for one in group)


def _end_to_end(one: NDArray[Kept], other: NDArray[Kept]) -> NDArray[Kept]:
    return np.concatenate([one, other])


def _whole(values: Sequence[int]) -> Whole:
    return np.array(values, dtype=np.int64)


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column

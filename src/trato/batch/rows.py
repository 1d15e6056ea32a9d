"""A table's rows as interactions, all at once: what `understand_row` says of each, found column by column.

The engine reads and joins; each text that occurs is then understood once, and each row by the texts it holds.
Rows that would be refused, and kinds that are said in words, go through `understand_row` itself: so reasons
are told once, and a property test holds both ways together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.columns import understand_columns
from trato.batch.company import sources_of
from trato.batch.engine import LookUpRead, Reject
from trato.batch.gathered import both, gather, once_a_record
from trato.interact.interactions import Interaction, Refusal
from trato.interact.understand import understand_row
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading, Source
    from trato.batch.gathered import Gathered
    from trato.interact.canonical import Canonical
    from trato.interact.mapping import Mapped, Table

    Row = Mapping[str, Canonical | None]

ROWS = Step("mapped_rows", "SELECT * FROM mapped ORDER BY place", ("mapped",))

AT_ONCE = 4_096
# One row at a time: what these say is words, or is said rarely.
_IN_WORDS = frozenset({"statement", "permission"})


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
        rows, doubtful = understand_columns(mapping, found)
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
    mapping: Mapped, found: pa.Table, places: NDArray[np.integer]
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

"""What the batch commands ask of an engine. DuckDB answers on a laptop; Spark can answer later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from trato.steps import Step

Kind = Literal["text", "time", "money", "number", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column to read: what we call it, what the file calls it, and how to read it.

    text → VARCHAR (never empty unless optional), time → TIMESTAMP without zone (an offset is turned into
    UTC), money → DECIMAL(18,4), number → DOUBLE, count → BIGINT ≥ 0. An `optional` column may hold empty
    cells; one whose `header` is None is not in the file and is empty throughout.
    """

    role: str
    header: str | None
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the company's own, read in place.

    `dates` is None (found out), "day-first", "month-first" or a strptime format; `decimal` is None (found
    out), "point" or "comma". When `numbered`, the relation has a column `place` as well, which `lines_of`
    turns into the line of the file.
    """

    path: Path
    name: str
    columns: tuple[Column, ...]
    dates: str | None = None
    decimal: str | None = None
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class LookUpRead:
    """A relation that says more about another's rows: its name, and the column `key` that both have."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A row put aside. `line` is the line in a CSV file, the row number in a Parquet file, counted from 1."""

    file: str
    line: int
    column: str
    value: str | None
    reason: str
    record: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a table: rows seen, rows kept, and every row put aside."""

    name: str
    file: str
    rows: int
    kept: int
    rejects: tuple[Reject, ...]

    @property
    def rejected(self) -> int:
        """How many rows were put aside."""
        return self.rows - self.kept


class Engine(Protocol):
    """Reads tables where they lie and runs steps on them."""

    def read(self, source: Source) -> Reading:
        """Make a relation `source.name` whose columns are the roles; rows that cannot be read are put aside.

        Raises FileNotReadable, EmptyTable, UnknownColumn, AmbiguousColumn or NoUsableRow.
        """
        ...

    def join(self, name: str, table: str, look_ups: Sequence[LookUpRead]) -> None:
        """Make a relation `name` of a relation's rows, with what the look-ups say of each, or nothing.

        The keys are left out. Raises AmbiguousKey when a look-up says different things under one key.
        """
        ...

    def lines_of(self, source: Source, places: Sequence[int]) -> list[int]:
        """The lines (row numbers in Parquet) of places of a numbered source, counted from 1."""
        ...

    def run(self, step: Step, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The step's rows."""
        ...

    def keep(self, step: Step, parameters: Mapping[str, object] | None = None) -> None:
        """Run the step and keep its rows as a relation named after it."""
        ...

    def close(self) -> None:
        """Let go of files and memory."""
        ...

"""The engine of one machine: DuckDB, in memory, on files where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import duckdb

from trato.batch.engine import Column, LookUpRead, Reading, Reject, Source
from trato.batch.parsing import Way, identifier, literal, ways_to_read
from trato.batch.tables import (
    CsvDialect,
    csv_dialect,
    csv_records,
    is_parquet,
    must_be_readable,
    must_have_columns,
)
from trato.errors import AmbiguousColumn, AmbiguousKey, EmptyTable, FileNotReadable, NoUsableRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    from trato.steps import Step

BEGINNING = 20_000

_WRONG = {
    "text": "empty",
    "time": "not a date",
    "money": "not an amount",
    "number": "not a number",
    "count": "not a whole number of 0 or more",
}


class DuckDBEngine:
    """An `Engine` on DuckDB. Nothing it reads is written to disk: it works in memory and spills nowhere."""

    def __init__(self, *, memory_limit: str | None = None, threads: int | None = None) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
        }
        if memory_limit is not None:
            settings["memory_limit"] = memory_limit
        if threads is not None:
            settings["threads"] = threads
        self._connection = duckdb.connect(config=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and memory."""
        self._connection.close()

    def run(self, step: Step, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The step's rows as an Arrow table."""
        return self._connection.sql(step.sql, params=_bound(step, parameters)).to_arrow_table()

    def keep(self, step: Step, parameters: Mapping[str, object] | None = None) -> None:
        """Run the step and keep its rows as a temporary table named after it."""
        text = f"CREATE OR REPLACE TEMP TABLE {identifier(step.name)} AS {step.sql}"
        self._connection.execute(text, _bound(step, parameters))

    def read(self, source: Source) -> Reading:
        """Make the relation `source.name` out of the file's good rows; put the others aside."""
        must_be_readable(source.path)
        raw = identifier(f"raw {source.name}")
        dialect = None if is_parquet(source.path) else csv_dialect(source.path)
        if dialect is None:
            stored, misshapen = self._open_parquet(source, raw), 0
        else:
            stored, misshapen = self._open_csv(source, raw, dialect)
        rows = self._number(f"SELECT count(*) FROM {raw}")
        if rows + misshapen == 0:
            raise EmptyTable("the table has a header but no row", where=str(source.path))
        values = {
            column.role: self._best_way(source, raw, column, cell, stored[cell])
            for cell, column in enumerate(source.columns)
        }
        good = " AND ".join(
            f"({values[c.role]} IS NOT NULL{f' OR {_is_blank(place)}' if c.optional else ''})"
            for place, c in enumerate(source.columns)
        )
        chosen = ", ".join(f"{values[c.role]} AS {identifier(c.role)}" for c in source.columns)
        if source.numbered:
            chosen += f", {'place' if dialect is None else 'rowid'} AS place"
        kept = self._number(f"SELECT count(*) FROM {raw} WHERE {good}")
        rejects: tuple[Reject, ...] = ()
        if kept < rows or misshapen:
            rejects = self._rejects(source, raw, good, values, dialect, misshapen)
        if kept == 0:
            first = rejects[0]
            raise NoUsableRow(
                f"none of the {rows + misshapen:,} rows can be used",
                hint=f"for example {first.column}: {first.reason}: {first.value!r}",
                where=f"{source.path}:{first.line}",
            )
        name = identifier(source.name)
        shape = "VIEW" if dialect is None else "TABLE"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP {shape} {name} AS SELECT {chosen} FROM {raw} WHERE {good}"
        )
        if dialect is not None:
            self._connection.execute(f"DROP TABLE {raw}")
        return Reading(source.name, str(source.path), rows + misshapen, kept, rejects)

    def join(self, name: str, table: str, look_ups: Sequence[LookUpRead]) -> None:
        """Make a relation `name` of a relation's rows, with what the look-ups say of each, or nothing."""
        chosen = ["t.* EXCLUDE (" + ", ".join(identifier(one.key) for one in look_ups) + ")"]
        joined = ""
        for place, one in enumerate(look_ups):
            there, key = f"distinct_{place}", identifier(one.key)
            self._connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {there} AS SELECT DISTINCT * FROM {identifier(one.name)}"
            )
            twice = self._connection.execute(
                f"SELECT {key} FROM {there} GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
            ).fetchall()
            if twice:
                raise AmbiguousKey(
                    f"{one.name} says different things of {twice[0][0]!r}",
                    hint="leave one row a key in the look-up table, with the columns that are mapped",
                )
            chosen.append(f"l{place}.* EXCLUDE ({key})")
            joined += f" LEFT JOIN {there} AS l{place} ON t.{key} = l{place}.{key}"
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {identifier(name)} AS "
            f"SELECT {', '.join(chosen) if look_ups else 't.*'} FROM {identifier(table)} AS t{joined}"
        )

    def lines_of(self, source: Source, places: Sequence[int]) -> list[int]:
        """The lines (row numbers in Parquet) of places of a numbered source, counted from 1."""
        if is_parquet(source.path):
            return [place + 1 for place in places]
        dialect = csv_dialect(source.path)
        whole = (
            line for line, record in csv_records(source.path, dialect) if len(record) == len(dialect.header)
        )
        wanted = set(places)
        found = {place: line for place, line in enumerate(whole) if place in wanted}
        return [found.get(place, place + 2) for place in places]

    def _number(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        row = self._connection.execute(sql, dict(parameters or {})).fetchall()[0]
        return int(row[0])

    def _open_parquet(self, source: Source, raw: str) -> list[str]:
        file = f"read_parquet({literal(_no_glob(source.path))}, file_row_number=true)"
        try:
            self._connection.execute(f"SELECT * FROM {file} LIMIT 0")
        except duckdb.Error:
            raise FileNotReadable("this is not a Parquet file", where=str(source.path)) from None
        header = [d[0] for d in self._connection.description or ()][:-1]
        must_have_columns(source.columns, header, frozenset(), str(source.path))
        cells = _cells(source)
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {raw} AS SELECT {cells}, file_row_number AS place FROM {file}"
        )
        return self._types(raw, len(source.columns))

    def _open_csv(self, source: Source, raw: str, dialect: CsvDialect) -> tuple[list[str], int]:
        must_have_columns(source.columns, dialect.header, dialect.twice, str(source.path))
        cells = _cells(source)
        try:
            self._connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {raw} AS SELECT {cells} FROM read_csv($path, "
                "delim=$delimiter, header=true, columns=$columns, auto_detect=false, "
                "quote='\"', escape='\"', "
                "encoding=$encoding, store_rejects=true, rejects_limit=0, rejects_table='misshapen', "
                "rejects_scan='misshapen_scans')",
                {
                    "path": _no_glob(source.path),
                    "delimiter": dialect.delimiter,
                    "columns": dict.fromkeys(dialect.header, "VARCHAR"),
                    "encoding": dialect.duckdb_encoding,
                },
            )
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise FileNotReadable(f"cannot be read as CSV: {reason}", where=str(source.path)) from None
        misshapen = self._number("SELECT count(DISTINCT (scan_id, line_byte_position)) FROM misshapen")
        self._connection.execute("DROP TABLE misshapen; DROP TABLE misshapen_scans")
        return self._types(raw, len(source.columns)), misshapen

    def _types(self, raw: str, columns: int) -> list[str]:
        self._connection.execute(f"SELECT * FROM {raw} LIMIT 0")
        return [str(d[1]) for d in (self._connection.description or ())[:columns]]

    def _best_way(self, source: Source, raw: str, column: Column, place: int, stored: str) -> str:
        ways = ways_to_read(f"c{place}", column.kind, stored, source.dates, source.decimal)
        if len(ways) == 1:
            return ways[0].sql
        ways = self._promising(raw, ways)
        if len(ways) == 1:
            return ways[0].sql
        counts = ", ".join(f"count({way.sql})" for way in ways)
        read = [int(n) for n in self._connection.execute(f"SELECT {counts} FROM {raw}").fetchall()[0]]
        best = max(range(len(ways)), key=lambda i: (read[i], -i))
        for other in range(best + 1, len(ways)):
            if read[other] < read[best] or read[best] == 0:
                continue
            differ = f"SELECT any_value(c{place}) FROM {raw} WHERE {ways[best].sql} <> {ways[other].sql}"
            example = self._connection.execute(differ).fetchall()[0][0]
            if example is not None:
                option = (
                    "--dates day-first (or month-first)"
                    if column.kind == "time"
                    else "--decimal point (or comma)"
                )
                raise AmbiguousColumn(
                    f"{column.header!r} can be read as {ways[best].way} and as {ways[other].way}, "
                    f"for example {example!r}",
                    hint=f"say which: {option}",
                    where=str(source.path),
                )
        return ways[best].sql

    def _promising(self, raw: str, ways: tuple[Way, ...]) -> tuple[Way, ...]:
        """Those that read about as much of the table's beginning as the best one does."""
        counts = ", ".join(f"count({way.sql})" for way in ways)
        beginning = f"(SELECT * FROM {raw} LIMIT {BEGINNING})"
        read = [int(n) for n in self._connection.execute(f"SELECT {counts} FROM {beginning}").fetchall()[0]]
        return tuple(way for way, n in zip(ways, read, strict=True) if n >= max(read) / 2)

    def _rejects(
        self,
        source: Source,
        raw: str,
        good: str,
        values: Mapping[str, str],
        dialect: CsvDialect | None,
        misshapen: int,
    ) -> tuple[Reject, ...]:
        place = "place" if dialect is None else "rowid"
        cells = ", ".join(f"CAST(c{i} AS VARCHAR)" for i in range(len(source.columns)))
        fine = ", ".join(
            f"{values[c.role]} IS NOT NULL{f' OR {_is_blank(i)}' if c.optional else ''}"
            for i, c in enumerate(source.columns)
        )
        found = self._connection.execute(
            f"SELECT {place}, {cells}, {fine} FROM {raw} WHERE NOT ({good}) ORDER BY {place}"
        ).fetchall()
        width = len(source.columns)
        bad = {int(row[0]): (row[1 : 1 + width], row[1 + width :]) for row in found}
        file = str(source.path)

        def reject(line: int, row: tuple[tuple[str | None, ...], tuple[bool, ...]]) -> Reject:
            record, is_fine = row
            i = next(i for i, fine in enumerate(is_fine) if not fine)
            reason = "empty" if not (record[i] or "").strip() else _WRONG[source.columns[i].kind]
            return Reject(file, line, source.columns[i].header or "", record[i], reason, record)

        if dialect is None:
            return tuple(reject(at + 1, row) for at, row in bad.items())
        rejects, at = [], 0
        for line, record in csv_records(source.path, dialect):
            if len(record) != len(dialect.header):
                reason = f"{len(record)} cells instead of {len(dialect.header)}"
                rejects.append(Reject(file, line, "row", dialect.delimiter.join(record), reason, record))
                continue
            if at in bad:
                rejects.append(reject(line, bad[at]))
            at += 1
        if len(rejects) != len(bad) + misshapen:
            # Python and DuckDB split the file differently (stray quotes): name rows by number, lose none.
            rejects = [reject(at + 2, row) for at, row in bad.items()]
        return tuple(rejects)


def _bound(step: Step, parameters: Mapping[str, object] | None) -> dict[str, object]:
    given = dict(parameters or {})
    if set(given) != set(step.parameters):
        raise ValueError(f"step {step.name} takes {sorted(step.parameters)}, got {sorted(given)}")
    return given


def _cells(source: Source) -> str:
    headers = (
        identifier(c.header) if c.header is not None else "CAST(NULL AS VARCHAR)" for c in source.columns
    )
    return ", ".join(f"{header} AS c{place}" for place, header in enumerate(headers))


def _is_blank(place: int) -> str:
    return f"c{place} IS NULL OR trim(CAST(c{place} AS VARCHAR)) = ''"


def _no_glob(path: Path) -> str:
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in str(path))

"""What a table file looks like from outside: its header, its dialect, and where in it a record stands."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trato.errors import AmbiguousColumn, EmptyTable, FileNotReadable, UnknownColumn, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO, TextIO

    from trato.batch.engine import Column

DELIMITERS = (",", ";", "\t", "|")
SNIFFED_BYTES = 1 << 20

csv.field_size_limit(1 << 24)


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How a CSV file is written: `encoding` in Python's words, and its header made unique."""

    encoding: Literal["utf-8-sig", "utf-16", "latin-1"]
    delimiter: str
    header: tuple[str, ...]
    twice: frozenset[str] = frozenset()

    @property
    def duckdb_encoding(self) -> str:
        """The same encoding in DuckDB's words."""
        return {"utf-8-sig": "utf-8", "utf-16": "utf-16", "latin-1": "latin-1"}[self.encoding]


def is_parquet(path: Path) -> bool:
    """Whether the name says Parquet; every other ending is read as CSV."""
    return path.suffix.lower() in {".parquet", ".pq"}


def must_be_readable(path: Path) -> None:
    """Raise FileNotReadable unless `path` is a file that can be opened, with the nearest name as a hint."""
    if path.is_dir():
        raise FileNotReadable(
            "this is a folder, not a table", hint="name a .csv or .parquet file", where=str(path)
        )
    if not path.exists():
        siblings = [p.name for p in path.parent.iterdir() if p.is_file()] if path.parent.is_dir() else []
        close = nearest(path.name, siblings)
        raise FileNotReadable(
            "there is no such file",
            hint=f"did you mean {path.parent / close}?" if close else None,
            where=str(path),
        )
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise FileNotReadable(f"cannot be opened: {error.strerror}", where=str(path)) from None


def csv_dialect(path: Path) -> CsvDialect:
    """Find out encoding, delimiter and header from the first mebibyte.

    Raises EmptyTable when there is no header line, FileNotReadable when the bytes are no text.
    """
    with _open_bytes(path) as file:
        try:
            head = file.read(SNIFFED_BYTES)
        except (OSError, EOFError):
            raise FileNotReadable("the compressed file is damaged", where=str(path)) from None
    if not head.strip():
        raise EmptyTable(
            "the file is empty", hint="export the table again, with its header line", where=str(path)
        )
    encoding: Literal["utf-8-sig", "utf-16", "latin-1"]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in head or head[:4] == b"PK\x03\x04":
        raise FileNotReadable(
            "this is not a text table", hint="save it as CSV (UTF-8) or Parquet first", where=str(path)
        )
    else:
        encoding = "utf-8-sig" if _is_utf8(head) else "latin-1"
    text = head.decode(encoding, errors="replace")
    first = next(line for line in text.splitlines() if line.strip())
    delimiter = max(DELIMITERS, key=lambda mark: _outside_quotes(first).count(mark))
    names = next(csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=delimiter))
    header, twice = _unique([name.strip() or f"column {place}" for place, name in enumerate(names, 1)])
    return CsvDialect(encoding, delimiter, header, twice)


def table_header(path: Path) -> tuple[str, ...]:
    """The column names of a CSV or Parquet file, made unique. Raises as reading it does."""
    must_be_readable(path)
    if not is_parquet(path):
        return csv_dialect(path).header
    import pyarrow.parquet

    try:
        return tuple(pyarrow.parquet.read_schema(path).names)
    except pyarrow.ArrowInvalid:
        raise FileNotReadable("this is not a Parquet file", where=str(path)) from None


def csv_records(path: Path, dialect: CsvDialect) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each record after the header with the line it starts on; blank lines are passed over."""
    with _open_text(path, dialect.encoding) as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        seen_header, starts = False, 1
        for record in reader:
            if (record and any(cell.strip() for cell in record)) or len(record) > 1:
                if seen_header:
                    yield starts, tuple(record)
                seen_header = True
            starts = reader.line_num + 1


def must_have_columns(
    columns: Sequence[Column], header: Sequence[str], twice: frozenset[str], where: str
) -> None:
    """Raise UnknownColumn naming the nearest existing column, or AmbiguousColumn for a header said twice."""
    for column in columns:
        if column.header is None:
            continue
        if column.header in twice:
            raise AmbiguousColumn(
                f"the header says {column.header!r} more than once", hint="rename one of them", where=where
            )
        if column.header not in header:
            close = nearest(column.header, header)
            there = ", ".join(header[:20]) + (" …" if len(header) > 20 else "")
            raise UnknownColumn(
                f"there is no column {column.header!r}",
                hint=(f"did you mean {close!r}? " if close else "") + f"The columns are: {there}",
                where=where,
            )


def _open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]  # gzip's file reads as any other


def _open_text(path: Path, encoding: str) -> TextIO:
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, errors="replace", newline="")


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two by the end of what was read is no sign of another encoding.
        return error.start > len(head) - 4 and len(head) == SNIFFED_BYTES
    return True


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _unique(names: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    folded = [name.casefold() for name in names]  # DuckDB's identifiers ignore case
    taken: set[str] = set()
    unique = []
    for name in names:
        fresh, copy = name, 1
        while fresh.casefold() in taken:
            copy += 1
            fresh = f"{name} ({copy})"
        taken.add(fresh.casefold())
        unique.append(fresh)
    return tuple(unique), frozenset(n for n in names if folded.count(n.casefold()) > 1)

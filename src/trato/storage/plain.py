"""Statements in the database's own words, where thousands a second go through.

What a decision reads and writes is asked for as text that both databases understand, with `?` for a value and
`(??)` for any number of them, and goes to the driver as it is: so it costs a third of what it does when it
is put together from its parts. Errors are those of SQLAlchemy all the same. Moments are given and come as
the database keeps them (columns.kept_moment, columns.moment_of).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trato.storage.upsert import in_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

_AT_ONCE = 512  # a power of two, far below the number of values that either database takes


def rows_of(connection: Connection, words: str, *values: Any) -> Sequence[Row[Any]]:
    """The rows of a statement that reads."""
    return connection.exec_driver_sql(_own(connection.dialect.name, words, 0), values).fetchall()


def rows_among(
    connection: Connection, words: str, many: Iterable[Any], *values: Any
) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a statement that reads, 512 of the many at a time, which stand before the other values."""
    for chunk in in_chunks(many, _AT_ONCE):
        places = 1 << (len(chunk) - 1).bit_length()  # few different statements, which the driver keeps
        filled = chunk + chunk[-1:] * (places - len(chunk))
        own = _own(connection.dialect.name, words, places)
        yield connection.exec_driver_sql(own, (*filled, *values)).fetchall()


def put_rows(connection: Connection, words: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement that writes for each row; how many rows it changed."""
    if not rows:
        return 0
    done = connection.exec_driver_sql(
        _own(connection.dialect.name, words, 0),
        rows[0] if len(rows) == 1 else list(rows),
        execution_options={"preserve_rowcount": True},
    )
    return done.rowcount


@lru_cache(maxsize=512)
def _own(database: str, words: str, places: int) -> str:
    if places:
        words = words.replace("(??)", f"({', '.join('?' * places)})")
    return words.replace("?", "%s") if database == "postgresql" else words

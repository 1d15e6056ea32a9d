"""Statements in the database's own words, where thousands a second go through.

What a decision reads and writes is asked for as text that both databases understand, with `?` for a value and
`(??)` for any number of them, and goes to the driver as it is: so it costs a tenth of what it does when it
is put together from its parts. Rows are tuples. Errors are SQLAlchemy's all the same. Moments are given and
come as the database keeps them (columns.kept_moment, columns.moment_of).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from trato.storage.upsert import in_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

_AT_ONCE = 512  # a power of two, far below the number of values that either database takes


def rows_of(connection: Connection, words: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement that reads."""
    cursor = _cursor(connection)
    try:
        cursor.execute(_own(connection.dialect.name, words, 0), values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    except Exception as error:  # noqa: BLE001 -- it is raised again, as SQLAlchemy's
        _raise(connection, words, cursor, error)
    cursor.close()
    return found


def rows_among(
    connection: Connection, words: str, many: Iterable[Any], *values: Any
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement that reads, 512 of the many at a time, which stand before the other values."""
    for chunk in in_chunks(many, _AT_ONCE):
        places = 1 << (len(chunk) - 1).bit_length()  # few different statements, which the driver keeps
        filled = chunk + chunk[-1:] * (places - len(chunk))
        yield rows_of(connection, _own("", words, places), *filled, *values)


def put_rows(connection: Connection, words: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement that writes for each row; how many rows it changed."""
    if not rows:
        return 0
    cursor = _cursor(connection)
    own = _own(connection.dialect.name, words, 0)
    try:
        if len(rows) == 1:
            cursor.execute(own, rows[0])
        else:
            cursor.executemany(own, rows)
        changed: int = cursor.rowcount
    except Exception as error:  # noqa: BLE001 -- it is raised again, as SQLAlchemy's
        _raise(connection, words, cursor, error)
    cursor.close()
    return changed


def _cursor(connection: Connection) -> Any:
    """The driver's cursor, within the connection's transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def _raise(connection: Connection, words: str, cursor: Any, error: Exception) -> NoReturn:
    """Raise a driver's error as SQLAlchemy would have: so it is told apart as everywhere, and a connection
    that broke is given up.
    """
    connection._handle_dbapi_exception(error, words, None, cursor, None)  # noqa: SLF001 -- it has no other door


@lru_cache(maxsize=512)
def _own(database: str, words: str, places: int) -> str:
    if places:
        words = words.replace("(??)", f"({', '.join('?' * places)})")
    return words.replace("?", "%s") if database == "postgresql" else words

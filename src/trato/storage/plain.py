"""Statements in the database's own words, where thousands a second go through.

What a decision reads and writes is asked for as text that both databases understand, with `?` for a value and
`(??)` for any number of them, and goes to the driver as it is: so it costs a tenth of what it does when it
is put together from its parts. Rows are tuples. Errors are SQLAlchemy's all the same. Moments are given and
come as the database keeps them (columns.kept_moment, columns.moment_of).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

_AT_ONCE = 512  # a power of two, far below the number of values that either database takes


def rows_of(connection: Connection, words: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement that reads."""
    return _rows(connection, _own(connection.dialect.name, words, 0), values)


def rows_among(
    connection: Connection, words: str, many: Sequence[Any], *values: Any
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement that reads, 512 of the many at a time, which stand before the other values."""
    for start in range(0, len(many), _AT_ONCE):
        some = many[start : start + _AT_ONCE]
        places = 1 << (len(some) - 1).bit_length()  # few different statements, which the driver keeps
        own = _own(connection.dialect.name, words, places)
        yield _rows(connection, own, (*some, *(some[-1],) * (places - len(some)), *values))


def _rows(connection: Connection, own: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    cursor = _cursor(connection)
    try:
        cursor.execute(own, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    except Exception as error:  # noqa: BLE001 -- it is raised again, as SQLAlchemy's
        _raise(connection, own, cursor, error)
    cursor.close()
    return found


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
    return connection.connection.dbapi_connection.cursor()  # type: ignore[union-attr]  # open as long as the transaction is


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

"""Inserting where a row may be there already: the one place where the two databases' words differ."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Insert, Table

T = TypeVar("T")

# So many rows or values at once: far below the number of variables that either database takes.
AT_ONCE = 1000


def in_chunks(many: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The many, so many at a time; nothing for none."""
    rest = iter(many)
    while chunk := list(islice(rest, size)):
        yield chunk


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its key is there; whether it was inserted."""
    key = next(iter(table.primary_key))
    statement = _insert(connection.dialect.name, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those of the rows, which have the same columns, of which no key is there; how many."""
    if not rows:
        return 0
    statement = _insert_new(connection.dialect.name, table)
    done = connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    return done.rowcount


def insert_or_replace(
    connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str]
) -> None:
    """Insert a row, or give the row of the same keys the new values."""
    insert_or_replace_all(connection, table, [row], keys)


def insert_or_replace_all(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    *,
    newest: str | None = None,
) -> None:
    """Insert rows, which have the same columns, or give the rows of the same keys the new values.

    With `newest`, the name of a column, a row stays as it is where that is greater in it.
    """
    if not rows:
        return
    fresh = tuple(name for name in rows[0] if name not in keys)
    statement = _insert_or_replace(connection.dialect.name, table, tuple(keys), fresh, newest)
    connection.execute(statement, list(rows))


# The same few statements are asked for all the time, so each is put together once.
@lru_cache(maxsize=128)
def _insert_new(dialect: str, table: Table) -> Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=128)
def _insert_or_replace(
    dialect: str, table: Table, keys: tuple[str, ...], fresh: tuple[str, ...], newest: str | None
) -> Insert:
    statement = _insert(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={name: statement.excluded[name] for name in fresh},
        where=None if newest is None else table.c[newest] <= statement.excluded[newest],
    )


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)

"""Inserting where a row may be there already: the one place where the two databases' words differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Table


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its key is there; whether it was inserted."""
    key = next(iter(table.primary_key))
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_or_replace(
    connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str]
) -> None:
    """Insert a row, or give the row of the same keys the new values."""
    statement = _insert(connection, table).values(**row)
    fresh = {name: statement.excluded[name] for name in row if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=fresh))


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)

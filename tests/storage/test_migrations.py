"""Migrating an empty store gives the tables of the code, on each database; another version is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, Table, create_engine, insert, make_url, select, text

from tests.storage.conftest import new_database
from tests.storage.shop import MASTER_KEY
from trato import errors
from trato.storage.migrate import known_version, migrate_store, stored_version
from trato.storage.store import open_store
from trato.storage.tables import (
    access,
    builds,
    conversations,
    customers,
    decisions,
    interactions,
    permissions,
    programmes,
    talks,
)
from trato.storage.tables.columns import METADATA, UtcDateTime
from trato.storage.upsert import insert_new, insert_or_replace

if TYPE_CHECKING:
    from sqlalchemy import Dialect

DOMAINS = (access, builds, conversations, customers, decisions, interactions, permissions, programmes, talks)
DIALECTS = (make_url("sqlite://").get_dialect()(), make_url("postgresql://").get_dialect()())


def test_migrations_make_the_tables_of_the_code(database: str) -> None:
    open_store(database, MASTER_KEY).close()
    engine = create_engine(database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert stored_version(connection) == known_version()
    engine.dispose()
    assert {
        table for domain in DOMAINS for table in vars(domain).values() if isinstance(table, Table)
    } == set(METADATA.tables.values())


def test_a_store_of_a_newer_program_is_refused(database: str) -> None:
    open_store(database, MASTER_KEY).close()
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(errors.StoreNotMigrated, match="newer program"):
        open_store(database, MASTER_KEY)


def test_an_empty_server_is_migrated_by_hand_and_by_two_at_once(postgres: str) -> None:
    url = new_database(postgres, "template0")
    with pytest.raises(errors.StoreNotMigrated, match="at version nothing"):
        open_store(url, MASTER_KEY)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(migrate_store, [url, url])) == [known_version()] * 2
    open_store(url, MASTER_KEY).close()
    with pytest.raises(errors.BadOption, match="by opening it"):
        migrate_store("sqlite:////srv/trato.sqlite3")


@pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])
def test_a_moment_without_a_zone_is_refused(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 3, 1), dialect)  # noqa: DTZ001 that is the point


@given(st.timedeltas(timedelta(days=-30_000), timedelta(days=60_000)), st.integers(-14, 14))
def test_a_moment_comes_back_in_utc_to_the_microsecond(since_1970: timedelta, offset: int) -> None:
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + since_1970).astimezone(timezone(timedelta(hours=offset)))
    for dialect in DIALECTS:
        kind = UtcDateTime()
        back = kind.process_result_value(kind.process_bind_param(moment, dialect), dialect)
        assert back == moment
        assert back is not None
        assert back.tzinfo is UTC
    assert UtcDateTime().process_bind_param(None, DIALECTS[0]) is None


def test_rows_that_are_there_are_left_or_replaced(database: str) -> None:
    open_store(database, MASTER_KEY).close()
    engine = create_engine(database)
    from sqlalchemy import MetaData

    counts = Table("counts", MetaData(), Column("key", Integer, primary_key=True), Column("count", Integer))
    with engine.begin() as connection:
        counts.create(connection)
        connection.execute(insert(counts).values(key=1, count=1))
        assert insert_new(connection, counts, {"key": 1, "count": 5}) is False
        assert insert_new(connection, counts, {"key": 2, "count": 5}) is True
        insert_or_replace(connection, counts, {"key": 1, "count": 7}, keys=("key",))
        insert_or_replace(connection, counts, {"key": 3, "count": 8}, keys=("key",))
        rows = connection.execute(select(counts).order_by(counts.c.key))
        assert [tuple(row) for row in rows] == [(1, 7), (2, 5), (3, 8)]
    engine.dispose()

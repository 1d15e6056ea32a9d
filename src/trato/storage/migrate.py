"""Bringing a store's tables to the version that this program knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

from trato.errors import BadOption, StoreNotMigrated
from trato.storage.address import served_engine, store_url
from trato.storage.faults import translated
from trato.storage.tables.keys import KEYS, SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Any number that only migrations of Trato use: two at once run one after the other.
_LOCK = 0x7261746F


def migrate_store(url: str) -> str:
    """Bring a PostgreSQL store up to this program's version, and return that; done twice, it does nothing.

    Opening an embedded store migrates it. Raises StoreNotMigrated when a newer program has written the store,
    StorageUnavailable, and BadOption for another URL.
    """
    parsed = store_url(url)
    if parsed.get_backend_name() == "sqlite":
        raise BadOption("an embedded store is migrated by opening it")
    engine = served_engine(parsed)
    try:
        with translated(), engine.begin() as connection:
            return migrate_connection(connection)
    finally:
        engine.dispose()


def migrate_connection(connection: Connection) -> str:
    """Migrate within the connection's transaction; the version that the store then has.

    Raises StoreNotMigrated when a newer program has written the store.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
        KEYS.create_all(connection)
    _refuse_newer(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return known_version()


def check_migrated(connection: Connection) -> None:
    """Raise StoreNotMigrated unless the store's version is the program's."""
    _refuse_newer(connection)
    version = stored_version(connection)
    if version != known_version():
        raise StoreNotMigrated(
            f"the store is at version {version or 'nothing'}, the program at {known_version()}",
            hint="bring it up once: trato migrate",
        )


def stored_version(connection: Connection) -> str | None:
    """The version of the store's tables, None when there are none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def known_version() -> str:
    """The newest version that this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _refuse_newer(connection: Connection) -> None:
    version = stored_version(connection)
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if version is not None and version not in known:
        raise StoreNotMigrated(
            f"a newer program wrote this store: it is at version {version}",
            hint="use the newer version of Trato",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config

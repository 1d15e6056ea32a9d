"""SQLite as an embedded store: its file, the file of its keys, and the lock against other processes."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from trato.errors import StorageUnavailable, StoreInUse
from trato.storage.tables.keys import KEYS, SCHEMA

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

BUSY_SECONDS = 5
READERS = 16


class OneProcess:
    """A lock file, held as long as the process lives. Raises StoreInUse when another process holds it."""

    def __init__(self, file: Path) -> None:
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageUnavailable(
                f"the store's folder cannot be written: {error.strerror}", where=str(file)
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StoreInUse(
                "another process has this store open", hint="stop it, or use PostgreSQL", where=str(file)
            ) from None

    def release(self) -> None:
        """Let another process have the store."""
        os.close(self._descriptor)


class KeysFile:
    """The connection to the file of wrapped keys, and the guard that one thread at a time holds to use it.

    Keys are committed before the data that they sealed: a key without data harms nobody, data without their
    key are lost. So when anything fails here, the group of writes that goes on must fail too.
    """

    def __init__(self, file: Path) -> None:
        self._engine = _engine(file, journal="DELETE", begin="BEGIN", readers=None)
        self.connection = self._engine.connect().execution_options(schema_translate_map={SCHEMA: None})
        KEYS.create_all(self.connection)
        self.connection.commit()
        self._lock = threading.RLock()
        self._broken = False

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._broken = self._broken or isinstance(error, DBAPIError)
        self._lock.release()

    def commit(self) -> None:
        """Make the new keys durable. Raises StorageUnavailable when one of them may be lost."""
        with self:
            if self._broken:
                raise StorageUnavailable("the file of keys cannot be written", hint="try again")
            self.connection.commit()

    def rollback(self) -> None:
        """Drop the new keys, whose data were rolled back."""
        with self, suppress(SQLAlchemyError):
            self._broken = False
            self.connection.rollback()

    def close(self) -> None:
        """Close the file."""
        with self:
            self.connection.close()
            self._engine.dispose()


def writing_engine(file: Path) -> Engine:
    """The engine of the one writer."""
    return _engine(file, journal="WAL", begin="BEGIN IMMEDIATE", readers=None)


def reading_engine(file: Path) -> Engine:
    """The engine of the readers, each on a connection of its own that cannot write."""
    return _engine(file, journal="WAL", begin="BEGIN", readers=READERS)


def _engine(file: Path, *, journal: str, begin: str, readers: int | None) -> Engine:
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    pooling: dict[str, Any] = {"poolclass": StaticPool}
    if readers is not None:
        pooling = {
            "poolclass": QueuePool,
            "pool_size": readers,
            "max_overflow": 0,
            "pool_timeout": BUSY_SECONDS,
        }
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 512},
        **pooling,
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late
        cursor = connection.cursor()
        for pragma in (
            f"journal_mode = {journal}",
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            f"query_only = {'OFF' if readers is None else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

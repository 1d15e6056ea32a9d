"""Opening a store, and its two ways of use: `read` and `write`, which take a function of a transaction.

    with open_store("sqlite:////srv/grocer/trato.sqlite3", master_key) as store:
        store.write(lambda it: give_permission(it, request, now=now))
        store.read(lambda it: it.values_of(read_permit(it, purpose, customer, now=now)))

A function given to `write` may run more than once, and must change nothing but the store.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from sqlalchemy.exc import DBAPIError

from trato.errors import StorageUnavailable
from trato.storage.address import served_engine, store_url
from trato.storage.embedded import KeysFile, OneProcess, reading_engine, writing_engine
from trato.storage.faults import translated, worth_another_try
from trato.storage.keyring import Keyring
from trato.storage.migrate import check_migrated, migrate_connection
from trato.storage.transaction import Transaction
from trato.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy import URL, Connection

T = TypeVar("T")

TRIES = 5
PAUSE_SECONDS = 0.02


class Store(Protocol):
    """An open store."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, from one moment of the store. Raises StorageUnavailable."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, once all that it wrote is on disk. What it raises undoes it all.

        Raises StorageUnavailable.
        """

    def close(self) -> None:
        """Finish what is being written, and let go of the store."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_store(url: str, master_key: bytes, *, draw: Callable[[int], bytes] = secrets.token_bytes) -> Store:
    """Open a store: `sqlite:///FILE`, which is made and migrated here, or `postgresql+psycopg://…`.

    `draw` gives that many random bytes, for keys. Raises StoreInUse, StoreNotMigrated, KeyNotUsable,
    StorageUnavailable, and BadOption for another URL.
    """
    parsed = store_url(url)
    with translated():
        if parsed.get_backend_name() == "sqlite":
            return EmbeddedStore(Path(str(parsed.database)), master_key, draw)
        return ServedStore(parsed, master_key, draw)


class _Closing(ABC):
    """Closes the store when its `with` block ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of the store."""


class EmbeddedStore(_Closing):
    """A store in a SQLite file, for one process: one writer, many readers."""

    def __init__(self, file: Path, master_key: bytes, draw: Callable[[int], bytes]) -> None:
        self._lock = OneProcess(file.with_name(f"{file.name}.lock"))
        self._undo: list[Callable[[], None]] = [self._lock.release]
        try:
            self._open(file, master_key, draw)
        except BaseException:
            self._let_go()
            raise

    def _open(self, file: Path, master_key: bytes, draw: Callable[[int], bytes]) -> None:
        keys = KeysFile(file.with_name(f"{file.stem}-keys{file.suffix}"))
        self._undo.append(keys.close)
        self._keyring = Keyring(keys.connection, master_key, draw, keys)
        self._pepper = self._keyring.pepper()
        keys.commit()
        writing = writing_engine(file)
        self._undo.append(writing.dispose)
        connection = writing.connect()
        self._undo.append(connection.close)
        with connection.begin():
            migrate_connection(connection)
        self._reading = reading_engine(file)
        self._undo.append(self._reading.dispose)
        self._writer = Writer(connection, lambda on: self._records(on, writing=True), keys)
        self._undo.append(self._writer.close)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """As Store."""
        with (
            translated(),
            self._reading.connect() as connection,
            connection.begin(),
            self._records(connection, writing=False) as records,
        ):
            return work(records)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """As Store."""
        return self._writer.write(work)

    def close(self) -> None:
        """As Store."""
        self._let_go()

    def _let_go(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _records(self, connection: Connection, *, writing: bool) -> Transaction:
        return Transaction(connection, self._keyring.for_transaction(), self._pepper, writing)


class ServedStore(_Closing):
    """A store in a PostgreSQL server, for any number of processes: one transaction a request."""

    def __init__(self, url: URL, master_key: bytes, draw: Callable[[int], bytes]) -> None:
        self._master_key = master_key
        self._draw = draw
        self._writing = served_engine(url)
        self._reading = self._writing.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        try:
            with self._writing.begin() as connection:
                check_migrated(connection)
                self._pepper = self._keyring(connection).pepper()
        except BaseException:
            self._writing.dispose()
            raise

    def read(self, work: Callable[[Transaction], T]) -> T:
        """As Store."""
        with (
            translated(),
            self._reading.connect() as connection,
            connection.begin(),
            self._records(connection, writing=False) as records,
        ):
            return work(records)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """As Store. Two that stand in each other's way run one after the other."""
        with translated():
            for again in range(1, TRIES):
                try:
                    return self._write_once(work)
                except DBAPIError as error:
                    if not worth_another_try(error):
                        raise
                    time.sleep(again * PAUSE_SECONDS)  # so that the other comes through first
            return self._write_once(work)

    def close(self) -> None:
        """As Store."""
        self._writing.dispose()

    def _write_once(self, work: Callable[[Transaction], T]) -> T:
        with closing(self._writing.connect()) as connection:
            connection.begin()
            with self._records(connection, writing=True) as records:
                result = work(records)
            try:
                connection.commit()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                raise StorageUnavailable(
                    "the store's server went away in the middle",
                    hint="it may have been written or not: look before you try again",
                ) from error
            return result

    def _records(self, connection: Connection, *, writing: bool) -> Transaction:
        return Transaction(connection, self._keyring(connection), self._pepper, writing)

    def _keyring(self, connection: Connection) -> Keyring:
        return Keyring(connection, self._master_key, self._draw)

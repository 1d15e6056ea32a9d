"""SQLite's one writer: a thread that groups what is asked of it into one transaction.

SQLite has one writer at a time, and its durable commit costs a sync of the disk. So all that waits is done
in one `BEGIN IMMEDIATE` transaction, each piece in a savepoint of its own, and acknowledged after the commit:
a piece that fails rolls back alone, and many pieces share one sync (group commit; DeWitt et al., 1984).
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trato.errors import StorageUnavailable
from trato.storage.faults import as_unavailable, translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from trato.storage.embedded import KeysFile
    from trato.storage.transaction import Transaction

T = TypeVar("T")

MOST_WAITING = 10_000
MOST_IN_A_GROUP = 500


@dataclass(frozen=True, slots=True)
class _Piece:
    work: Callable[[Transaction], Any]
    done: Future[Any]


class Writer:
    """Runs pieces of work in the order in which they were asked for, and answers each after its commit.

    `records` gives a transaction's records on the connection. The keys are committed just before the data
    that they sealed.
    """

    def __init__(
        self,
        connection: Connection,
        records: Callable[[Connection], Transaction],
        keys: KeysFile,
    ) -> None:
        self._connection = connection
        self._records = records
        self._keys = keys
        self._waiting: queue.Queue[_Piece | None] = queue.Queue(MOST_WAITING)
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trato-writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a savepoint of the next group, and return what it returned once that is on disk.

        What it raises is raised here, with nothing of it written. Raises StorageUnavailable when the group
        could not be committed, when too much waits, and after closing.
        """
        if threading.current_thread() is self._thread:
            message = "what is being written cannot ask to write: it would wait for itself"
            raise RuntimeError(message)
        piece = _Piece(work, Future())
        with self._closing:  # nothing may come behind the last
            if self._closed:
                raise StorageUnavailable("the store was closed")
            try:
                self._waiting.put_nowait(piece)
            except queue.Full:
                raise StorageUnavailable("too much waits to be written", hint="try again") from None
        return cast("T", piece.done.result())

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        going_on = True
        while going_on:
            first = self._waiting.get()
            group = [first]
            with suppress(queue.Empty):
                while len(group) < MOST_IN_A_GROUP and group[-1] is not None:
                    group.append(self._waiting.get_nowait())
            going_on = group[-1] is not None
            pieces = [piece for piece in group if piece is not None]
            if pieces:
                self._write_group(pieces)

    def _write_group(self, pieces: list[_Piece]) -> None:
        answers: list[tuple[_Piece, Any, BaseException | None]]
        lost: BaseException | None = None
        try:
            with translated():
                self._connection.begin()
                answers = [(piece, *self._in_a_savepoint(piece.work)) for piece in pieces]
                self._keys.commit()
                self._connection.commit()
        except BaseException as error:  # noqa: BLE001 the thread must live, and those who wait must hear
            lost = error
            with suppress(SQLAlchemyError):
                self._connection.rollback()
            self._keys.rollback()
        if lost is not None:
            for piece in pieces:
                piece.done.set_exception(lost)
            return
        for piece, result, failed in answers:
            if failed is None:
                piece.done.set_result(result)
            else:
                piece.done.set_exception(failed)

    def _in_a_savepoint(self, work: Callable[[Transaction], Any]) -> tuple[Any, BaseException | None]:
        """What the work returned or raised. Raises what broke the whole transaction."""
        savepoint = self._connection.begin_nested()
        records = self._records(self._connection)
        try:
            with records:
                result = work(records)
            savepoint.commit()
        except BaseException as error:
            if not self._in_transaction():
                raise  # SQLite gives up a whole transaction when its disk is full
            savepoint.rollback()
            unavailable = as_unavailable(error) if isinstance(error, DBAPIError) else None
            return None, unavailable or error  # it is raised again where the work was asked for
        return result, None

    def _in_transaction(self) -> bool:
        return bool(self._connection.connection.dbapi_connection.in_transaction)  # type: ignore[union-attr]  # open as long as the writer is

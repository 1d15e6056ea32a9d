"""What the databases' own errors mean: a store that cannot serve for now, or a fault of ours."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from trato.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_SQLITE = {
    sqlite3.SQLITE_BUSY: "it is locked",
    sqlite3.SQLITE_LOCKED: "it is locked",
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_IOERR: "its disk cannot be read or written",
    sqlite3.SQLITE_NOMEM: "memory is short",
    sqlite3.SQLITE_CANTOPEN: "its file cannot be opened",
    sqlite3.SQLITE_READONLY: "its file cannot be written",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
}
# SQLSTATE by its first letters (PostgreSQL, appendix A).
_POSTGRESQL = {
    "08": "its server is away",
    "40": "others changed the same rows",
    "53": "its server is out of connections, memory or disk",
    "55P03": "it is locked",
    "57": "its server is stopping or starting",
    "58": "its server's disk cannot be read or written",
    "25006": "its server only reads for now",
}
_AGAIN = "nothing was written; try again"


@contextmanager
def translated() -> Iterator[None]:
    """Raise StorageUnavailable for what another try may mend; what is left is a fault of ours."""
    try:
        yield
    except NoConnection:
        raise StorageUnavailable("the store has no connection to spare", hint=_AGAIN) from None
    except DBAPIError as error:
        unavailable = as_unavailable(error)
        if unavailable is None:
            raise
        raise unavailable from error


def as_unavailable(error: DBAPIError) -> StorageUnavailable | None:
    """The error as a store that cannot serve for now, or None when trying again would not help."""
    why = _reason(error)
    return None if why is None else StorageUnavailable(f"the store cannot serve now: {why}", hint=_AGAIN)


def _reason(error: DBAPIError) -> str | None:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        return None if code is None else _SQLITE.get(code & 0xFF)
    state = getattr(original, "sqlstate", None)
    if state is None:  # the connection broke, or never stood
        return (
            _POSTGRESQL["08"] if isinstance(error, OperationalError) or error.connection_invalidated else None
        )
    return next((why for begin, why in _POSTGRESQL.items() if state.startswith(begin)), None)


def worth_another_try(error: DBAPIError) -> bool:
    """Whether two transactions stood in each other's way, so that one of them need only run again.

    So it is too when both wrote a row of the same key, as for one message that came twice at once (23505):
    the second, when it runs again, sees what the first has written.
    """
    return str(getattr(error.orig, "sqlstate", "") or "") in {"40001", "40P01", "23505"}

"""Where a store lies: the URLs that serve, and the engine for a server."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError

from trato.errors import BadOption

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

LOCK_SECONDS = 5


def store_url(url: str) -> URL:
    """The URL of a store. Raises BadOption when it is none that serves."""
    with suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        memory = parsed.database in {None, "", ":memory:"}
        if parsed.drivername == "postgresql+psycopg" or (parsed.drivername == "sqlite" and not memory):
            return parsed
    raise BadOption(
        "this is no store's URL",
        hint="sqlite:////folder/trato.sqlite3, or postgresql+psycopg://host/database",
    )


def served_engine(url: URL) -> Engine:
    """The engine for a PostgreSQL server."""
    return create_engine(
        url,
        pool_size=16,
        max_overflow=0,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": LOCK_SECONDS,
            "options": f"-c lock_timeout={LOCK_SECONDS}s -c TimeZone=UTC -c client_encoding=UTF8",
        },
    )

"""A fresh store on each database, with keys that any run draws the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.storage.shop import MASTER_KEY
from trato.storage.migrate import migrate_store
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.storage.store import Store

_NUMBER = itertools.count(1)


def new_database(server: str, template: str) -> str:
    """The URL of a new database like the template."""
    name = f"trato_{next(_NUMBER)}"
    admin = create_engine(make_url(server).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a migrated database, which others are made like."""
    url = new_database(postgres, "template0")
    migrate_store(url)
    return str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh store; the test runs on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'trato.sqlite3'}"
    template = request.getfixturevalue("migrated")
    return new_database(request.getfixturevalue("postgres"), template)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A fresh open store; the test runs on each database."""
    with open_store(database, MASTER_KEY) as opened:
        yield opened

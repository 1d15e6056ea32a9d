"""The corner shop behind its doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from tests.server.api.doors import serving
from tests.storage.conftest import new_database
from trato.storage.migrate import migrate_store
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.api.doors import Http


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The name of a migrated PostgreSQL database, which others are made like."""
    url = new_database(postgres, "template0")
    migrate_store(url)
    return str(make_url(url).database)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of a fresh store, unless a module has its tests run on both databases."""
    return f"sqlite:///{tmp_path / 'corner.sqlite3'}"


@pytest.fixture
def corner(database: str, tmp_path: Path) -> Iterator[Corner]:
    """The corner shop with an empty store."""
    with open_store(database, bytes(range(32))) as store:
        yield Corner(shops.company(tmp_path / "shop"), store)


@pytest.fixture
def http(corner: Corner) -> Iterator[Http]:
    """The application of the corner shop."""
    with serving(corner, NOW) as served:
        yield served

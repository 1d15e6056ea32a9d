"""The corner shop behind its doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from tests.server.api.doors import serving
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.api.doors import Http


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Corner]:
    """The corner shop with an empty store."""
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        yield Corner(shops.company(tmp_path / "shop"), store)


@pytest.fixture
def http(corner: Corner) -> Iterator[Http]:
    """The application of the corner shop."""
    with serving(corner, NOW) as served:
        yield served

"""An open corner shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.customize import corner as shops
from tests.customize.corner import Corner
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Corner]:
    """The corner shop with an empty store; beliefs belong to a person."""
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        yield Corner(shops.company(tmp_path / "shop"), store)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Corner]:
    """The same where beliefs belong to a household."""
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        page = f"{shops.COMPANY}unit: household\n"
        yield Corner(shops.company(tmp_path / "shop", company=page), store)

"""The corner shop as a folder with customers who permit it, for the commands about decisions."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.customize import corner as shops
from tests.customize.corner import Corner
from trato.storage.of_company import make_company_key, open_company_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trato.customers.customer import CustomerId


@dataclass(frozen=True, slots=True)
class Folder:
    """A company folder, and its customers: `silent` permitted nothing."""

    path: Path
    people: tuple[CustomerId, ...]
    silent: CustomerId

    def store(self, work: Callable[[Any], Any]) -> Any:
        """What a function of a transaction returns; the store is closed again."""
        with open_company_store(self.company, os.environ) as store:
            return store.write(work)

    @property
    def company(self) -> Any:
        from trato.company.folder import read_company

        return read_company(self.path)


def folder_with(place: Path, many: int = 12, **pages: str) -> Folder:
    """The corner shop with so many who permit it, and one who does not."""
    (place / "shop").mkdir()
    make_company_key(place / "shop", {}, secrets.token_bytes)
    company = shops.company(place / "shop", **pages)
    with open_company_store(company, os.environ) as store:
        corner = Corner(company, store)
        people = tuple(corner.meet(f"Guest{number} Once") for number in range(many))
        for one in people:
            corner.grant(one)
        silent = corner.meet("Silent Sam")
    return Folder(place / "shop", people, silent)

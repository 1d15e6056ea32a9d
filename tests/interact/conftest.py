"""The fresh stores of tests/storage, on each database."""

from tests.storage.conftest import database, migrated, store

__all__ = ["database", "migrated", "store"]

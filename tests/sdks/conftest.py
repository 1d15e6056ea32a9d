"""What every test of the tracking libraries may ask for."""

from tests.server.live import shop
from tests.storage.conftest import migrated

__all__ = ["migrated", "shop"]

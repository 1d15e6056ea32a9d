"""What is kept of what was sent only for a while: receipts, and what was put aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from trato.interact.log import InteractionStore

ASIDE = timedelta(days=30)  # long enough to mend a mapping; who it is of may have said no to everything
RECEIPT = timedelta(days=30)  # the libraries send again for hours, a telephone without network for days


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many receipts and events put aside had had their time."""

    asides: int
    receipts: int


def drop_old(store: InteractionStore, *, now: datetime) -> Dropped:
    """Remove what was put aside, and receipts, from longer ago than they are kept."""
    return Dropped(store.drop_asides(now - ASIDE), store.drop_receipts(now - RECEIPT))

"""How long it is kept whose a decision was: as long as the purpose under which its facts were read says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trato.permission.purposes import Purpose

MOST = 2000  # at once, so that who decides meanwhile waits for milliseconds


class ForgettingStore(Protocol):
    """One transaction, in which decisions become nobody's."""

    def forget_old_decisions(self, purpose: str, before: datetime, most: int) -> int:
        """Make a purpose's decisions from before a moment nobody's, the oldest first; how many.

        At most `most`, and called again while there are so many: so others come to write in between.
        """


def forget_old(store: ForgettingStore, purposes: Iterable[Purpose], *, now: datetime) -> int:
    """Make some of the decisions nobody's that had the time of their purpose; how many, 0 when none is left.

    Treatment, probability and outcome stay, for verdicts; such a decision can be neither read nor replayed.
    """
    left = MOST
    for purpose in purposes:
        if left:
            before = now - timedelta(days=purpose.retention_days)
            left -= store.forget_old_decisions(purpose.key, before, left)
    return MOST - left

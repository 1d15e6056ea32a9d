"""A decision that was made, read again for a key, and the look at its customer noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.made import read_decision
from trato.customize.replay import replayed_with

if TYPE_CHECKING:
    from trato.company.access import ApiKey
    from trato.customize.decide import Decided, Serving
    from trato.customize.programme.decision import DecisionId
    from trato.customize.replay import Replayed
    from trato.server.api.door import Door


def found_decision(door: Door, serving: Serving, key: ApiKey, decision: DecisionId) -> Decided:
    """A decision with what it was made with; the look at its customer is noted. Raises as `read_decision`."""
    now = door.context.now()
    found = door.context.store.read(lambda it: read_decision(it, serving, decision, now=now))
    if found.decision.purpose:
        door.noted(key, found.decision.customer, (found.decision.purpose,))
    return found


def replayed_decision(
    door: Door, serving: Serving, key: ApiKey, decision: DecisionId
) -> tuple[Decided, Replayed]:
    """A decision, and as it is made again from its record; noted and raised as `found_decision`."""
    found = found_decision(door, serving, key, decision)
    return found, replayed_with(found.ready, found.decision)

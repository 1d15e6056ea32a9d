"""A decision that was made, read again under a permit, and the look at it noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.decide import Decided, Serving
from trato.customize.replay import replayed_with
from trato.errors import UnknownDecision
from trato.permission.permit import read_permit

if TYPE_CHECKING:
    from datetime import datetime

    from trato.company.access import ApiKey
    from trato.customize.programme.decision import DecisionId
    from trato.customize.replay import Replayed
    from trato.server.api.door import Door
    from trato.storage.transaction import Transaction


def found_decision(door: Door, serving: Serving, key: ApiKey, decision: DecisionId) -> Decided:
    """A decision with what it was made with; the look at its customer is noted.

    Raises UnknownDecision, and NotPermitted where its customer permits it no more.
    """
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


def read_decision(it: Transaction, serving: Serving, decision: DecisionId, *, now: datetime) -> Decided:
    """A decision of whom it may be told, and what it was made with.

    Raises UnknownDecision, NotPermitted and UnknownPurpose.
    """
    whose = it.whose_decision(decision)
    found = None
    if whose is not None and not whose.purpose:
        found = it.nobodys_decision(decision)
    elif whose is not None and whose.customer is not None:
        permit = read_permit(it, serving.purposes.named(whose.purpose), whose.customer, now=now)
        found = it.decision_of(permit, decision)
    if found is None:
        raise UnknownDecision(
            "there is no decision of this id",
            hint="or its customer was forgotten: then nothing tells whose it was",
        )
    return Decided(found, serving.ready(it, found.version, found.model, found.prices))

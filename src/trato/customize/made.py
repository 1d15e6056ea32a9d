"""A decision that was made, read again under a permit, with what it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trato.customize.decide import Decided
from trato.customize.programme.store import LearningStore
from trato.errors import UnknownDecision
from trato.permission.permit import read_permit
from trato.permission.store import PermissionStore

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customize.programme.decision import Decision, DecisionId
    from trato.customize.programme.serving import Serving


class MadeStore(LearningStore, PermissionStore, Protocol):
    """One transaction, in which decisions are told of."""

    def nobodys_decision(self, decision: DecisionId) -> Decision | None:
        """A decision that is nobody's: made where nothing personal might be read."""


def read_decision(store: MadeStore, serving: Serving, decision: DecisionId, *, now: datetime) -> Decided:
    """A decision as far as its customer permits it now, and what it was made with.

    Raises UnknownDecision, UnknownPurpose, and NotPermitted where they permit it no more.
    """
    whose = store.whose_decision(decision)
    found = None
    if whose is not None and not whose.purpose:
        found = store.nobodys_decision(decision)
    elif whose is not None and whose.customer is not None:
        permit = read_permit(store, serving.purposes.named(whose.purpose), whose.customer, now=now)
        found = store.decision_of(permit, decision)
    if found is None:
        raise UnknownDecision(
            "there is no decision of this id",
            hint="or its customer was forgotten: then nothing tells whose it was",
        )
    return Decided(found, serving.ready(store, found.version, found.model, found.prices))

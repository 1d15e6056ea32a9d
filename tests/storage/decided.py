"""Decisions as a programme of the shop makes them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.storage.shop import NOW, entry_of
from trato.customers.customer import CustomerId
from trato.customize.programme.decision import WHOLE, Candidate, Decision, DecisionId, Outcome
from trato.customize.programme.store import ServedProgramme

if TYPE_CHECKING:
    from trato.interact.log import NewEntry
    from trato.storage.store import Store

_NUMBER = itertools.count(1)
CLOSED = NOW + timedelta(days=7)

SERVED = ServedProgramme("welcome", "v1", "", "", 0, "system", NOW)


def decision_of(customer: CustomerId, decision: str | None = None, **said: Any) -> Decision:
    """A bread that is given for half its price; `said` puts other things in the place of its parts."""
    bread = Decision(
        id=DecisionId(decision or f"d{next(_NUMBER)}"),
        customer=customer,
        unit=f"person:{customer}",
        programme="welcome",
        version="v1",
        model="m1",
        prices="",
        at=NOW,
        matures_at=CLOSED,
        touchpoint="web",
        moment="request",
        arm="policy",
        facts={"tier": "gold", "evidence": 7.0, "wants.dairy": None},
        contacts=2,
        candidates=(
            Candidate("nothing", "", WHOLE // 4),
            Candidate("bread", "", WHOLE - WHOLE // 4),
            Candidate("wine", "not_eligible", 0),
        ),
        seed=2**63 + 7,
        draw=2**32 - 1,
        treatment="bread",
        probability=WHOLE - WHOLE // 4,
        reserved=40,
        purpose="newsletter",
    )
    return replace(bread, **said)


def contact_of(decision: Decision) -> NewEntry:
    """The contact that a decision is."""
    return entry_of(
        decision.customer,
        decision.id,
        source="decisions",
        kind="contact",
        at=decision.at,
        component=None,
        module=None,
        amount=None,
        learns=False,
        purposes=("newsletter",),
    )


def outcome_of(decision: str, record: str = "r1", **said: Any) -> Outcome:
    """That it was taken, for 1.99, two days after."""
    taken = Outcome(DecisionId(decision), record, NOW + timedelta(days=2), NOW + timedelta(days=2), True, 199)
    return replace(taken, **said)


def log_decisions(store: Store, *decisions: Decision) -> None:
    """Log them in one transaction."""
    store.write(lambda it: it.append_decisions(decisions))

"""A programme of letters, decisions of it, and what came of them: made by the test, without deciding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from trato.customers.customer import CustomerId
from trato.customize.programme.decision import WHOLE, Candidate, Decision, DecisionId, Outcome
from trato.customize.programme.document import versioned
from trato.customize.programme.treatments import (
    NO_TREATMENT,
    Feature,
    Goal,
    Moment,
    Programme,
    Programmes,
    Treatment,
)
from trato.interact.touchpoints import Touchpoint, Touchpoints
from trato.permission.purposes import Purpose, Purposes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.customize.programme.facts import Fact

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
WINDOW = timedelta(days=7)
TIERS = ("most_valuable", "most_growable", "migrator", "below_zero")


def treatment(key: str, **said: Any) -> Treatment:
    usual: dict[str, Any] = {
        "label": {"en": key, "es": key, "pt": key},
        "says": {},
        "configuration": {"bread": key},
        "attributes": {},
        "value": 900,
        "cost": 20,
        "cost_taken": 150,
    }
    return Treatment(key, **(usual | said))


def letters(**said: Any) -> Programme:
    """Two letters and nothing."""
    usual: dict[str, Any] = {
        "key": "letters",
        "label": {"en": "letters", "es": "cartas", "pt": "cartas"},
        "purpose": "offers",
        "believes": "suggestions",
        "touchpoints": ("letter",),
        "moment": Moment("request"),
        "goal": Goal("taken", days=7),
        "treatments": (NO_TREATMENT, treatment("rye"), treatment("wheat")),
        "same_for_all": "rye",
        "features": (Feature("tier", TIERS), Feature("p_alive")),
        "budget": 1_000_000,
        "prior_rate": 0.1,
    }
    return versioned(Programme(**(usual | said)))


LETTERS = letters()
PROGRAMMES = Programmes({LETTERS.key: LETTERS})


def purpose(key: str, **said: Any) -> Purpose:
    usual: dict[str, Any] = {
        "labels": {"en": key},
        "legal_basis": "consent",
        "profiling": False,
        "marketing_contact": False,
        "fields": (),
        "retention_days": 1000,
    }
    return Purpose(key, **(usual | said))


PURPOSES = Purposes(
    {
        "offers": purpose("offers", marketing_contact=True),
        "suggestions": purpose("suggestions", profiling=True),
    }
)
LETTER = Touchpoint("letter", "email")
TOUCHPOINTS = Touchpoints({"letter": LETTER}, {"letter": {"en": "by e-mail"}}, {})


def decided(
    number: int,
    who: str,
    treatment: str = "rye",
    *,
    facts: Mapping[str, Fact] | None = None,
    at: datetime | None = None,
    programme: Programme = LETTERS,
    **said: Any,
) -> Decision:
    """The decision of that number, an hour after the one before."""
    when = START + timedelta(hours=number) if at is None else at
    usual: dict[str, Any] = {
        "id": DecisionId(f"decision {number}"),
        "customer": CustomerId(who),
        "unit": f"person:{who}",
        "programme": programme.key,
        "version": programme.version,
        "model": "",
        "prices": "",
        "at": when,
        "matures_at": when + timedelta(days=programme.goal.days),
        "touchpoint": "letter",
        "moment": "request",
        "arm": "policy",
        "facts": facts or {},
        "contacts": 0,
        "candidates": tuple(
            Candidate(one.key, "", WHOLE if one.key == treatment else 0) for one in programme.treatments
        ),
        "seed": number,
        "draw": 0,
        "treatment": treatment,
        "probability": WHOLE,
        "reserved": programme.treatment(treatment).most_cost,
        "purpose": "suggestions",
    }
    return Decision(**(usual | said))


def came(
    decision: Decision, *, after: timedelta = timedelta(days=1), record: str = "a", **said: Any
) -> Outcome:
    """What came of a decision so long after it."""
    at = decision.at + after
    usual = Outcome(decision.id, record, at, at, taken=True, amount=0)
    return replace(usual, **said)

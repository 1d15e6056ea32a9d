"""A shop with programmes for the tests of deciding and learning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from trato.customers.customer import CustomerId
from trato.customize.decide import Serving
from trato.customize.programme.decision import Asked, DecisionId
from trato.customize.programme.document import versioned
from trato.customize.programme.eligibility import Condition
from trato.customize.programme.treatments import (
    NO_TREATMENT,
    Cap,
    Feature,
    Goal,
    Moment,
    Programme,
    Programmes,
    Treatment,
)
from trato.differentiate.value.tiers import Tier
from trato.interact.touchpoints import Touchpoint, Touchpoints
from trato.permission.purposes import Purpose, Purposes

if TYPE_CHECKING:
    from numpy.random import Generator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Madrid")


def purpose(key: str, **said: Any) -> Purpose:
    usual: dict[str, Any] = {
        "labels": {"en": key},
        "legal_basis": "consent",
        "marketing_contact": False,
        "profiling": False,
        "fields": (),
        "retention_days": 100,
    }
    return Purpose(key=key, **(usual | said))


PURPOSES = Purposes(
    {
        "offers": purpose("offers", marketing_contact=True, fields=("city",)),
        "suggestions": purpose("suggestions", profiling=True, fields=("city",)),
    }
)
TOUCHPOINTS = Touchpoints(
    {
        "letter": Touchpoint("letter", "email"),
        "till": Touchpoint("till", "store"),
        "web": Touchpoint("web", "web"),
    },
    {"letter": {"en": "by e-mail", "es": "por correo", "pt": "por e-mail"}},
    {},
)
TIER = Feature("tier", tuple(one.value for one in Tier))


def treatment(key: str, **said: Any) -> Treatment:
    usual: dict[str, Any] = {
        "label": {"en": f"the {key}", "es": f"el {key}", "pt": f"o {key}"},
        "says": {},
        "configuration": {},
        "attributes": {},
        "value": 1000,
        "cost": 10,
        "cost_taken": 0,
    }
    if isinstance(said.get("eligible"), str):
        said["eligible"] = Condition(said["eligible"])
    return Treatment(key=key, **(usual | said))


THREE = (
    treatment("card", cost=20),
    treatment("coupon", cost=0, cost_taken=200, configuration={"gift": "coupon"}),
    treatment("tea", cost=50, configuration={"gift": "tea", "wrapping": "paper"}, attributes={"price": 0.5}),
)


def programme(*treatments: Treatment, **said: Any) -> Programme:
    """A programme of these treatments, three where none is given."""
    several = treatments or THREE
    usual: dict[str, Any] = {
        "key": "come_back",
        "label": {"en": "Come back", "es": "Vuelva", "pt": "Volte"},
        "purpose": "offers",
        "believes": "suggestions",
        "touchpoints": ("letter", "till"),
        "moment": Moment("request"),
        "goal": Goal("taken", 14),
        "same_for_all": several[0].key,
        "features": (TIER, Feature("p_alive"), Feature("contacts", scale=3.0)),
        "prior_rate": 0.05,
    }
    if isinstance(said.get("eligible"), str):
        said["eligible"] = Condition(said["eligible"])
    return versioned(Programme(treatments=(NO_TREATMENT, *several), **(usual | said)))


def serving(*several: Programme, **said: Any) -> Serving:
    usual: dict[str, Any] = {
        "purposes": PURPOSES,
        "touchpoints": TOUCHPOINTS,
        "unit": "person",
        "zone": ZONE,
    }
    return Serving(programmes=Programmes({one.key: one for one in several}), **(usual | said))


def asked(who: str, number: int = 0, **said: Any) -> Asked:
    """The decision of that number for a customer; seed and draw follow from the number."""
    usual: dict[str, Any] = {
        "programme": "come_back",
        "touchpoint": "letter",
        "seed": (number * 0x9E3779B97F4A7C15 + 1) % 2**64,
        "draw": (number * 0x9E3779B1 + 77) % 2**32,
    }
    return Asked(id=DecisionId(f"{who} {number}"), customer=CustomerId(who), **(usual | said))


def drawn(who: str, chance: Generator, number: int, **said: Any) -> Asked:
    """The same with seed and draw by chance."""
    return asked(
        who,
        number,
        **({"seed": int(chance.integers(2**64, dtype="uint64")), "draw": int(chance.integers(2**32))} | said),
    )


__all__ = ["Cap", "asked", "drawn", "programme", "serving", "treatment"]

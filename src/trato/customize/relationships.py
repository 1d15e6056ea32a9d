"""What knowing all customers is worth, from a sample of them: for lists and portfolios."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from trato.customize.information import information_of, together
from trato.customize.relationship import in_all, relationship_of
from trato.permission.permit import everyone_permitted
from trato.permission.purposes import Purposes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.information import Taught
    from trato.customize.models import Models
    from trato.customize.relationship import InAll, Relationship
    from trato.customize.sections import Unit
    from trato.customize.store import KnowingStore
    from trato.interact.touchpoints import Touchpoints
    from trato.permission.purposes import Purpose

T = TypeVar("T")

SAMPLE = 100
LEAST = 10  # customers, below which a sum would tell of each


class ReadStore(Protocol):
    """An open store."""

    def read(self, work: Callable[[KnowingStore], T], /) -> T:
        """What `work` returns, from one moment of the store."""


@dataclass(frozen=True, slots=True)
class Relationships:
    """What knowing the customers is worth who permit a profiling purpose, and what those of the sample taught
    at each touchpoint. `customers` is how many permit it, `sampled` how many were looked at of whom something
    is known; with fewer than ten of these `worth` is None, and nothing is told.
    """

    purpose: str
    customers: int
    sampled: int
    worth: InAll | None
    taught: tuple[Taught, ...]


def relationships(
    store: ReadStore,
    purpose: Purpose,
    *,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    costs: Mapping[str, int],
    now: datetime,
    least: int = LEAST,
) -> Relationships:
    """Look at a sample of at most a hundred, the same all day: a figure that changed at each look would say
    nothing. Each customer is read in a transaction of their own, under their own permit. Raises
    StorageUnavailable.
    """
    permitted = store.read(lambda it: sorted(everyone_permitted(it, purpose, now=now)))
    draw = np.random.default_rng(int(f"{now:%Y%m%d}"))
    places = draw.choice(len(permitted), min(SAMPLE, len(permitted)), replace=False).tolist()
    look = partial(
        _look,
        purposes=Purposes({purpose.key: purpose}),
        unit=unit,
        zone=zone,
        models=models,
        costs=costs,
        now=now,
    )
    looked = [store.read(partial(look, who=permitted[place])) for place in places]
    worths = [worth for worth, _ in looked if worth is not None]
    enough = len(worths) >= least
    return Relationships(
        purpose=purpose.key,
        customers=len(permitted),
        sampled=len(worths),
        worth=in_all(worths, len(permitted)) if enough else None,
        taught=together(some for _, some in looked if some is not None) if enough else (),
    )


def costs_of(touchpoints: Touchpoints, minor_units: int) -> dict[str, int]:
    """What an interaction at each touchpoint costs, in minor units, where that is declared."""
    return {key: round(cost * 10**minor_units) for key, cost in touchpoints.costs.items()}


def _look(
    store: KnowingStore,
    *,
    who: CustomerId,
    purposes: Purposes,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    costs: Mapping[str, int],
    now: datetime,
) -> tuple[Relationship | None, tuple[Taught, ...] | None]:
    worth = relationship_of(store, who, purposes=purposes, unit=unit, zone=zone, models=models, now=now)
    if worth is None:
        return None, None
    taught = information_of(
        store, who, purposes=purposes, unit=unit, zone=zone, models=models, now=now, costs=costs
    )
    return worth, taught

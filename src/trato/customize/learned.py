"""What was learned of a unit for one profiling purpose: the build's counts, and the log behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.differentiate.known import add_days
from trato.differentiate.needs.beliefs import add, believe, evidence_of
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.leave import Leave
    from trato.customize.models import Models
    from trato.customize.store import KnowingStore
    from trato.differentiate.known import MoneyDay
    from trato.differentiate.needs.beliefs import Belief, NeedsModel
    from trato.differentiate.store import PublishedBuild
    from trato.differentiate.value.live import ValueModel
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purpose, Purposes


@dataclass(frozen=True, slots=True)
class Learned:
    """Counts and money of a unit, summed over those of its members who permit the purpose, and the models.

    `permits` are those members' own, in the order of their ids; the customer whose page it is is among them.
    The models are None before a build learned them; `belief` is there where `needs` is.
    """

    purpose: str
    permits: Mapping[CustomerId, Permit]
    counts: Mapping[tuple[str, str], int]
    days: tuple[MoneyDay, ...]
    needs: NeedsModel | None
    values: ValueModel | None
    belief: Belief | None

    @property
    def evidence(self) -> int:
        """How many choices the belief rests on: those that the model of needs knows, and that tell."""
        return 0 if self.needs is None else evidence_of(self.needs, self.counts)


def learned_of(
    store: KnowingStore,
    customer: CustomerId,
    leave: Leave,
    build: PublishedBuild | None,
    purposes: Purposes,
    unit: str,
    zone: ZoneInfo,
    models: Models,
    *,
    now: datetime,
) -> Learned | None:
    """What was learned for the first profiling purpose that the customer permits, one with a model before
    one without; None where they permit none.
    """
    able = [one for one in purposes if one.profiling and one.key in leave.permits]
    if not able:
        return None
    modelled = {} if build is None else build.models
    purpose = next((one for one in able if any(modelled.get(one.key, {}).values())), able[0])
    permits = _permits(store, customer, leave.permits[purpose.key], purpose, unit, now)
    counts: dict[tuple[str, str], int] = {}
    days: tuple[MoneyDay, ...] = ()
    for permit in permits.values():
        counted = store.counted_of(permit)
        # Of whom the build counted nothing, the log from its beginning is all there is: they may have come
        # back after a withdrawal that left them out of the build.
        since = build.watermark if build is not None and counted is not None else 0
        counts = add(counts, counted.counts if counted else {}, store.learned_since(permit, since))
        days = add_days(days, counted.days if counted else (), store.days_since(permit, since, zone))
    versions = modelled.get(purpose.key)
    needs = models.needs(store, versions["needs"]) if versions and versions["needs"] else None
    values = models.values(store, versions["values"]) if versions and versions["values"] else None
    belief = None if needs is None else believe(needs, counts)
    return Learned(purpose.key, permits, counts, days, needs, values, belief)


def _permits(
    store: KnowingStore, customer: CustomerId, own: Permit, purpose: Purpose, unit: str, now: datetime
) -> dict[CustomerId, Permit]:
    """The permits of all members of the unit who permit the purpose, the customer's own among them."""
    if unit == "household":
        members = store.members_of(customer, "household")
    elif unit == "account":
        members = store.members_of(customer, "account")
    else:
        members = ()
    others = [one for one in members if one != customer]
    found = read_permits(store, purpose, others, now=now) if others else {}
    found[customer] = own
    return {one: found[one] for one in sorted(found)}

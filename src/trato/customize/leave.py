"""What a customer allows at this moment: a permit for each purpose that has one, and why another has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from trato.permission.permit import needs_opt_in, read_permits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.permit import Permit
    from trato.permission.purposes import LegalBasis, Purpose
    from trato.permission.standing import Standing, StandingStore

Stands = Literal["granted", "not_asked", "never_granted", "denied", "withdrawn", "objected", "ended"]
Language = Literal["en", "es", "pt"]


@dataclass(frozen=True, slots=True)
class May:
    """How things stand between a customer and one purpose.

    *granted*: they said yes. *not_asked*: the legal basis needs no yes, and they did not object. The others
    say why nothing may be used: they *never granted* it, *denied* or *withdrew* it, *objected*, or their yes
    has *ended*. `since` is when they said what counts, None where they said nothing; `until` is when a yes
    ends or ended. `fields` are what may be read for it.
    """

    purpose: str
    labels: Mapping[Language, str]
    legal_basis: LegalBasis
    marketing_contact: bool
    profiling: bool
    stands: Stands
    since: datetime | None
    until: datetime | None
    fields: tuple[str, ...]

    @property
    def permitted(self) -> bool:
        """Whether data may be used for it at this moment."""
        return self.stands in {"granted", "not_asked"}


@dataclass(frozen=True, slots=True)
class Leave:
    """The permits of one customer, by purpose, in the order in which purposes are declared, and how each of
    them stands. It serves in the transaction that read it.
    """

    permits: Mapping[str, Permit]
    may: tuple[May, ...]

    def for_field(self, field: str) -> Permit | None:
        """The first permit that covers a field."""
        return next((permit for permit in self.permits.values() if field in permit.fields), None)


def leave_of(
    store: StandingStore, purposes: Iterable[Purpose], customer: CustomerId, *, now: datetime
) -> Leave:
    """What a customer allows of these purposes. Raises UnknownCustomer."""
    asked = list(purposes)
    standings = store.standings([customer], [one.key for one in asked])
    permits: dict[str, Permit] = {}
    may: list[May] = []
    for purpose in asked:
        permit = read_permits(store, purpose, [customer], now=now).get(customer)
        if permit is not None:
            permits[purpose.key] = permit
        may.append(_told(purpose, standings.get((customer, purpose.key)), permit, now))
    return Leave(permits, tuple(may))


def _told(purpose: Purpose, said: Standing | None, permit: Permit | None, now: datetime) -> May:
    """The ledger's word on a purpose; whether it is permitted is the permit's alone to say."""
    opt_in = needs_opt_in(purpose)
    stands: Stands
    if permit is not None:
        stands = "granted" if opt_in else "not_asked"
    elif said is None or said.at > now:
        stands = "never_granted"
    elif said.state == "granted":
        stands = "ended"
    elif not opt_in:
        stands = "objected"
    else:
        stands = said.state
    counts = None if stands == "never_granted" else said
    return May(
        purpose=purpose.key,
        labels=purpose.labels,
        legal_basis=purpose.legal_basis,
        marketing_contact=purpose.marketing_contact,
        profiling=purpose.profiling,
        stands=stands,
        since=None if counts is None else counts.at,
        until=None if counts is None or not opt_in else counts.until,
        fields=() if permit is None else tuple(sorted(permit.fields)),
    )

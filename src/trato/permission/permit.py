"""Permits: the only way to personal data.

A permit is had by reading the ledger, and serves in the transaction that read it and in no other: so a
withdrawal is effective the moment it is committed, and no queue, cache or import can act on an older yes.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING

from trato.errors import (
    NotPermitted,
    PermissionExpired,
    PermissionMissing,
    PermissionWithdrawn,
    PermitVoid,
)
from trato.permission.ledger import standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.ledger import Entry
    from trato.permission.purposes import Purpose
    from trato.permission.standing import Standing, StandingStore
    from trato.permission.store import PermissionStore

OBJECTION_COUNTS = frozenset({"public_task", "legitimate_interests"})
_READ_FROM_THE_LEDGER = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to read some fields of one customer for one purpose, within one transaction.

    `position` is the entry of the ledger that it rests on, 0 when it rests on a legal basis that needs no
    entry. Only `read_permit` and `read_permits` make one.
    """

    customer: CustomerId
    purpose: str
    fields: frozenset[str]
    position: int
    transaction: object
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _READ_FROM_THE_LEDGER:
            raise PermitVoid("a permit is read from the ledger, not made", hint="call read_permit")


def read_permit(store: PermissionStore, purpose: Purpose, customer: CustomerId, *, now: datetime) -> Permit:
    """The permit that the ledger gives for a purpose at this moment.

    Raises PermissionMissing, PermissionWithdrawn or PermissionExpired, and UnknownCustomer. A grant covers
    the fields that the purpose had when it was given: a purpose that asks for more later needs a new one.
    """
    store.hold_customer(customer, changing=False)
    decides = standing(store.permission_entries(customer, purpose.key))
    if not allows(purpose, decides, now):
        raise _refusal(purpose, decides, now)
    return _permit(purpose, customer, decides, store.transaction)


def read_permits(
    store: StandingStore, purpose: Purpose, customers: Sequence[CustomerId], *, now: datetime
) -> dict[CustomerId, Permit]:
    """The permits that `read_permit` would give one by one, in one look; who has none is left out.

    Raises UnknownCustomer.
    """
    found = store.standings(customers, (purpose.key,))
    decides = {customer: found.get((customer, purpose.key)) for customer in customers}
    return {
        customer: _permit(purpose, customer, one, store.transaction)
        for customer, one in decides.items()
        if allows(purpose, one, now)
    }


def permitted(
    store: StandingStore, purposes: Sequence[Purpose], customers: Sequence[CustomerId], *, now: datetime
) -> dict[CustomerId, tuple[str, ...]]:
    """The keys of those purposes for which each customer's data may be used now, in the order given.

    One look for all of them; a customer of whom nothing may be used has (). Raises UnknownCustomer.
    """
    found = store.standings(customers, [one.key for one in purposes])
    return {
        customer: tuple(one.key for one in purposes if allows(one, found.get((customer, one.key)), now))
        for customer in customers
    }


def everyone_permitted(store: StandingStore, purpose: Purpose, *, now: datetime) -> frozenset[CustomerId]:
    """All customers whose data may be used for a purpose now: what a build reads."""
    said = {one.customer: one for one in store.permitting(purpose.key)}
    if needs_opt_in(purpose):
        return frozenset(customer for customer, one in said.items() if allows(purpose, one, now))
    return frozenset(one for one in store.all_customers() if allows(purpose, said.get(one), now))


def needs_opt_in(purpose: Purpose) -> bool:
    """Whether the customer must have said yes. Marketing contact always needs it."""
    return purpose.legal_basis == "consent" or purpose.marketing_contact


def leaves_a_choice(purpose: Purpose) -> bool:
    """Whether a customer's yes or no, or objection, changes anything for a purpose."""
    return needs_opt_in(purpose) or purpose.legal_basis in OBJECTION_COUNTS


def allows(purpose: Purpose, decides: Entry | Standing | None, now: datetime) -> bool:
    """Whether what a customer said last of a purpose, or None for nothing, leaves their data to it now."""
    if needs_opt_in(purpose):
        return (
            decides is not None
            and decides.state == "granted"
            and decides.at <= now
            and (decides.until is None or now < decides.until)
        )
    return decides is None or decides.state == "granted" or purpose.legal_basis not in OBJECTION_COUNTS


def covered_fields(purpose: Purpose, decides: Entry | Standing | None) -> frozenset[str]:
    """The fields that may be used for a purpose, where it is allowed: of a grant, those that it covered."""
    fields = frozenset(purpose.fields)
    return fields & frozenset(decides.fields) if needs_opt_in(purpose) and decides is not None else fields


def _permit(
    purpose: Purpose, customer: CustomerId, decides: Entry | Standing | None, transaction: object
) -> Permit:
    position = decides.position if needs_opt_in(purpose) and decides is not None else 0
    fields = covered_fields(purpose, decides)
    return Permit(customer, purpose.key, fields, position, transaction, _READ_FROM_THE_LEDGER)


def _refusal(purpose: Purpose, decides: Entry | None, now: datetime) -> NotPermitted:
    """Why there is no permit, told to people."""
    without = "do without these data"
    if not needs_opt_in(purpose):
        return PermissionWithdrawn(f"the customer objected to {purpose.key!r}", hint=without)
    if decides is None or decides.at > now:
        return PermissionMissing(
            f"the customer never granted {purpose.key!r}", hint=f"ask them, or {without}"
        )
    if decides.state != "granted":
        said = "withdrew" if decides.state == "withdrawn" else "denied"
        return PermissionWithdrawn(
            f"the customer {said} {purpose.key!r} on {decides.at:%Y-%m-%d}", hint=without
        )
    return PermissionExpired(
        f"the permission for {purpose.key!r} ended on {decides.until:%Y-%m-%d}",
        hint=f"ask the customer again, or {without}",
    )

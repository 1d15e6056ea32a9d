"""Permits: the only way to personal data.

A permit is had by reading the ledger, and serves in the transaction that read it and in no other: so a
withdrawal is effective the moment it is committed, and no queue, cache or import can act on an older yes.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING

from trato.errors import PermissionExpired, PermissionMissing, PermissionWithdrawn, PermitVoid
from trato.permission.ledger import standing

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.ledger import Entry
    from trato.permission.purposes import Purpose
    from trato.permission.store import PermissionStore

OBJECTION_COUNTS = frozenset({"public_task", "legitimate_interests"})
_READ_FROM_THE_LEDGER = object()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to read some fields of one customer for one purpose, within one transaction.

    `position` is the entry of the ledger that it rests on, 0 when it rests on a legal basis that needs no
    entry. Only `read_permit` makes one.
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
    if needs_opt_in(purpose):
        granted = _granted(decides, purpose, now)
        fields, position = frozenset(granted.fields) & frozenset(purpose.fields), granted.position
    else:
        if decides is not None and decides.state != "granted" and purpose.legal_basis in OBJECTION_COUNTS:
            raise PermissionWithdrawn(
                f"the customer objected to {purpose.key!r}", hint="do without these data"
            )
        fields, position = frozenset(purpose.fields), 0
    return Permit(customer, purpose.key, fields, position, store.transaction, _READ_FROM_THE_LEDGER)


def needs_opt_in(purpose: Purpose) -> bool:
    """Whether the customer must have said yes. Marketing contact always needs it."""
    return purpose.legal_basis == "consent" or purpose.marketing_contact


def _granted(decides: Entry | None, purpose: Purpose, now: datetime) -> Entry:
    if decides is None or decides.at > now:
        raise PermissionMissing(
            f"the customer never granted {purpose.key!r}", hint="ask them, or do without these data"
        )
    if decides.state != "granted":
        said = "withdrew" if decides.state == "withdrawn" else "denied"
        raise PermissionWithdrawn(
            f"the customer {said} {purpose.key!r} on {decides.at:%Y-%m-%d}", hint="do without these data"
        )
    if decides.until is not None and decides.until <= now:
        raise PermissionExpired(
            f"the permission for {purpose.key!r} ended on {decides.until:%Y-%m-%d}",
            hint="ask the customer again, or do without these data",
        )
    return decides

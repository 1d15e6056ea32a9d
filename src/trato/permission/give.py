"""The three things that a customer can say about a purpose: yes, no, and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.errors import BadOption, PermissionNotAsked
from trato.permission.ledger import Entry, standing
from trato.permission.permit import leaves_a_choice

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.ledger import State
    from trato.permission.purposes import Purpose
    from trato.permission.store import PermissionStore


@dataclass(frozen=True, slots=True)
class GivePermission:
    """A customer's yes to a purpose.

    `said_at` is when they said it, now by default, and `until` when it ends, never by default. `touchpoint`
    is where they said it, `source` how it came here, `evidence` their words or a reference to them.
    """

    customer: CustomerId
    purpose: Purpose
    touchpoint: str
    source: str
    evidence: str = field(repr=False)
    said_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefusePermission:
    """A customer's no to a purpose, or their objection where the law gives them one; as GivePermission."""

    customer: CustomerId
    purpose: Purpose
    touchpoint: str
    source: str
    evidence: str = field(repr=False)
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """How things stand between a customer and a purpose after something was said.

    `position` is the entry of the ledger that decides. It may be another than the one just written: a yes
    that is older than a recorded no changes nothing.
    """

    customer: CustomerId
    purpose: str
    state: State
    since: datetime
    until: datetime | None
    position: int


def give_permission(store: PermissionStore, request: GivePermission, *, now: datetime) -> Permission:
    """Record that a customer said yes.

    Raises UnknownCustomer, BadOption when the moments make no sense, and PermissionNotAsked when the purpose
    rests on a basis that leaves the customer no choice.
    """
    if request.until is not None and request.until <= (request.said_at or now):
        raise BadOption("a permission cannot end before it begins")
    return _recorded(store, request, "granted", request.until, now)


def withdraw_permission(store: PermissionStore, request: RefusePermission, *, now: datetime) -> Permission:
    """Record that a customer takes a yes back, or objects; effective when the transaction is committed.

    Raises as give_permission.
    """
    return _recorded(store, request, "withdrawn", None, now)


def deny_permission(store: PermissionStore, request: RefusePermission, *, now: datetime) -> Permission:
    """Record that a customer was asked and said no. Raises as give_permission."""
    return _recorded(store, request, "denied", None, now)


def _recorded(
    store: PermissionStore,
    request: GivePermission | RefusePermission,
    state: State,
    until: datetime | None,
    now: datetime,
) -> Permission:
    purpose = request.purpose
    if not leaves_a_choice(purpose):
        raise PermissionNotAsked(
            f"the purpose {purpose.key!r} rests on {purpose.legal_basis}, which no yes or no changes",
            hint="only consent can be given and withdrawn, and legitimate interests objected to",
        )
    for word in (request.touchpoint, request.source):
        if not word.isprintable():
            raise BadOption("a touchpoint and a source are words", hint="leave out line breaks and the like")
    said_at = request.said_at or now
    if said_at > now:
        raise BadOption("a permission cannot be said in the future")
    store.hold_customer(request.customer, changing=True)
    earlier = store.permission_entries(request.customer, purpose.key)
    written = store.append_permission(
        Entry(
            customer=request.customer,
            purpose=purpose.key,
            state=state,
            at=said_at,
            recorded_at=now,
            until=until,
            fields=purpose.fields if state == "granted" else (),
            touchpoint=request.touchpoint,
            source=request.source,
            evidence=store.seal(request.customer, request.evidence),
        )
    )
    decides = standing([*earlier, written]) or written
    return Permission(
        decides.customer, decides.purpose, decides.state, decides.at, decides.until, decides.position
    )

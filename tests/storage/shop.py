"""A small shop whose customers say yes and no."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.interact.touchpoints import Touchpoint
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    give_permission,
    withdraw_permission,
)
from trato.permission.ledger import verify
from trato.permission.permit import read_permit
from trato.permission.purposes import Purpose

if TYPE_CHECKING:
    from trato.customers.customer import CustomerId
    from trato.permission.give import Permission
    from trato.permission.ledger import Fault
    from trato.permission.permit import Permit
    from trato.permission.purposes import LegalBasis
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

MASTER_KEY = bytes(range(32))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def purpose(
    key: str = "newsletter", basis: LegalBasis = "consent", fields: tuple[str, ...] = ("email", "name")
) -> Purpose:
    return Purpose(
        key=key,
        labels={"en": key},
        legal_basis=basis,
        marketing_contact=basis == "consent",
        profiling=False,
        fields=fields,
        retention_days=365,
    )


def register(store: Store, email: str, name: str = "Ana Prado") -> CustomerId:
    request = RegisterCustomer((identifier("email", email),), {"name": name, "birthday": "1980-02-29"})
    return store.write(lambda it: register_customer(it, request, now=NOW, draw=secrets.token_bytes)).id


def yes(customer: CustomerId, why: Purpose | None = None, evidence: str = "ticked the box") -> GivePermission:
    return GivePermission(customer, why or purpose(), "web", "form", evidence)


def no(customer: CustomerId, why: Purpose | None = None, evidence: str = "wrote to us") -> RefusePermission:
    return RefusePermission(customer, why or purpose(), "shop", "desk", evidence)


def give(store: Store, customer: CustomerId, why: Purpose | None = None) -> Permission:
    return store.write(lambda it: give_permission(it, yes(customer, why), now=NOW))


def withdraw(store: Store, customer: CustomerId, why: Purpose | None = None) -> Permission:
    return store.write(lambda it: withdraw_permission(it, no(customer, why), now=LATER))


def entry_of(
    customer: CustomerId, record: str | None, *, purposes: tuple[str, ...] = ("service",), **said: Any
) -> NewEntry:
    """A purchase of milk for 1.99 to be logged; `said` puts other things in the place of its parts."""
    item = said.pop("item", 0)
    milk = Interaction(
        source="till",
        kind="purchase",
        record=record,
        identifiers=(),
        household=None,
        account=None,
        at=NOW,
        touchpoint=Touchpoint("till", "store", "Lisbon"),
        component="dairy",
        module="milk",
        more_choices=(),
        count=1,
        amount=199,
        cost=None,
        statement=None,
        stance=None,
        learns=True,
    )
    return NewEntry(customer, replace(milk, **said), item, purposes, NOW)


def permit(it: Transaction, customer: CustomerId, why: Purpose | None = None) -> Permit:
    return read_permit(it, why or purpose(), customer, now=LATER)


def faults(store: Store) -> tuple[Fault, ...]:
    return store.read(lambda it: verify(it.ledger(), it.permission_head()))

"""Registering: a new customer gets an id, and what points to them is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trato.customers.customer import Customer, CustomerId, new_customer_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from trato.customers.identifiers import Identifier


class CustomerStore(Protocol):
    """What registering needs of a store: one transaction of it."""

    def add_customer(self, customer: CustomerId, at: datetime) -> None:
        """Keep that there is a customer of this id."""

    def add_identifier(self, customer: CustomerId, identifier: Identifier, at: datetime) -> None:
        """Let an identifier point to a customer. Raises IdentifierTaken when it points to another."""

    def put_value(self, customer: CustomerId, field: str, value: str, at: datetime) -> None:
        """Keep a personal value, such as the name, in the place of an older one."""


@dataclass(frozen=True, slots=True)
class RegisterCustomer:
    """What is known of a new customer: identifiers, and personal values by field."""

    identifiers: tuple[Identifier, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def register_customer(
    store: CustomerStore, request: RegisterCustomer, *, now: datetime, draw: Callable[[int], bytes]
) -> Customer:
    """Keep a new customer. Raises IdentifierTaken when one of the identifiers points to somebody already.

    `draw` gives that many random bytes, such as `secrets.token_bytes`.
    """
    customer = new_customer_id(now, draw)
    store.add_customer(customer, now)
    for one in request.identifiers:
        store.add_identifier(customer, one, now)
    for name, value in request.values.items():
        store.put_value(customer, name, value, now)
    return Customer(customer, request.identifiers, now)

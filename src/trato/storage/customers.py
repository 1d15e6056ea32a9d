"""Customers in the store: who there is, what points to them, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from trato.customers.customer import CustomerId
from trato.customers.identifiers import Identifier, normalise
from trato.errors import IdentifierTaken
from trato.storage.keyring import lookup
from trato.storage.records import Records
from trato.storage.tables.customers import customers, identifiers, personal_values
from trato.storage.upsert import insert_new, insert_or_replace

if TYPE_CHECKING:
    from datetime import datetime

    from trato.permission.permit import Permit


class CustomerRecords(Records):
    """Customers, within one transaction."""

    __slots__ = ()

    def add_customer(self, customer: CustomerId, at: datetime) -> None:
        """Keep that there is a customer of this id."""
        self._connection.execute(insert(customers).values(id=customer, added_at=at))

    def add_identifier(self, customer: CustomerId, identifier: Identifier, at: datetime) -> None:
        """Let an identifier point to a customer.

        Raises IdentifierTaken when it points to another, and UnknownCustomer.
        """
        row = {
            "kind": identifier.kind,
            "lookup": lookup(self._pepper, identifier.kind, identifier.normalised),
            "customer": customer,
            "sealed": self._keyring.seal(customer, f"identifier {identifier.kind}", identifier.value),
            "added_at": at,
        }
        with self._of(customer):
            is_new = insert_new(self._connection, identifiers, row)
        if not is_new and self.customer_of(identifier) != customer:
            raise IdentifierTaken(f"this {identifier.kind} points to another customer already")

    def customer_of(self, identifier: Identifier) -> CustomerId | None:
        """The id of the customer to whom an identifier points."""
        found = self._connection.execute(
            select(identifiers.c.customer).where(
                identifiers.c.kind == identifier.kind,
                identifiers.c.lookup == lookup(self._pepper, identifier.kind, identifier.normalised),
            )
        ).scalar_one_or_none()
        return None if found is None else CustomerId(found)

    def put_value(self, customer: CustomerId, field: str, value: str, at: datetime) -> None:
        """Keep a personal value, such as the name, in the place of an older one. Raises UnknownCustomer."""
        sealed = self._keyring.seal(customer, f"value {field}", value)
        row = {"customer": customer, "field": field, "sealed": sealed, "at": at}
        with self._of(customer):
            insert_or_replace(self._connection, personal_values, row, keys=("customer", "field"))

    def identifiers_of(self, permit: Permit) -> tuple[Identifier, ...]:
        """The identifiers of the permit's customer, of the kinds that it covers. Raises PermitVoid."""
        self._check(permit)
        rows = self._connection.execute(
            select(identifiers.c.kind, identifiers.c.sealed)
            .where(identifiers.c.customer == permit.customer, identifiers.c.kind.in_(permit.fields))
            .order_by(identifiers.c.kind, identifiers.c.added_at, identifiers.c.lookup)
        )
        return tuple(
            Identifier(kind, value, normalise(kind, value))
            for kind, sealed in rows
            for value in (self._keyring.open(permit.customer, f"identifier {kind}", sealed),)
        )

    def values_of(self, permit: Permit) -> dict[str, str]:
        """The personal values of the permit's customer, of the fields that it covers. Raises PermitVoid."""
        self._check(permit)
        rows = self._connection.execute(
            select(personal_values.c.field, personal_values.c.sealed)
            .where(personal_values.c.customer == permit.customer, personal_values.c.field.in_(permit.fields))
            .order_by(personal_values.c.field)
        )
        return {
            field: self._keyring.open(permit.customer, f"value {field}", sealed) for field, sealed in rows
        }

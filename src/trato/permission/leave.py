"""What the customers of a batch permit: read once for each, asked often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.permission.permit import allows, covered_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.purposes import Purpose
    from trato.permission.standing import StandingStore


class Leave:
    """For which of some purposes the data of each customer may be used at a moment, and which fields.

    It serves in the transaction that read it.
    """

    def __init__(self, store: StandingStore, purposes: Iterable[Purpose], now: datetime) -> None:
        self._store = store
        self._purposes = {one.key: one for one in purposes}
        self._now = now
        self._fields: dict[CustomerId, dict[str, frozenset[str]]] = {}
        self._of_new = {
            key: covered_fields(one, None) for key, one in self._purposes.items() if allows(one, None, now)
        }

    def read(self, customers: Iterable[CustomerId]) -> None:
        """Read, in one look, how things stand with those customers who were not read yet.

        Raises UnknownCustomer.
        """
        fresh = [one for one in customers if one not in self._fields]
        if not fresh:
            return
        found = self._store.standings(fresh, list(self._purposes))
        for customer in fresh:
            said = {key: found.get((customer, key)) for key in self._purposes}
            self._fields[customer] = {
                key: covered_fields(one, said[key])
                for key, one in self._purposes.items()
                if allows(one, said[key], self._now)
            }

    def for_new(self, purposes: Sequence[str]) -> tuple[str, ...]:
        """Those of the purposes that need no yes: what somebody permits who said nothing yet."""
        return tuple(key for key in purposes if key in self._of_new)

    def met(self, customer: CustomerId) -> None:
        """Note a customer who is new in this transaction, and so said nothing yet."""
        self._fields.setdefault(customer, self._of_new)

    def of(self, customer: CustomerId, purposes: Sequence[str]) -> tuple[str, ...]:
        """Those of the purposes that a customer permits."""
        given = self._fields[customer]
        return tuple(key for key in purposes if key in given)

    def covers(self, customer: CustomerId, purposes: Iterable[str], personal: str) -> bool:
        """Whether one of those purposes, which the customer permits, covers a field of personal data."""
        given = self._fields[customer]
        return any(personal in given[key] for key in purposes)

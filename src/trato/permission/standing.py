"""How things stand between many customers and a purpose, in one look, for batches of events and for builds.

The ledger says it one customer at a time (permit.py); the store keeps the entry that decides for each
customer and purpose beside it, written in the transaction that writes the ledger, and both give the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.ledger import State


@dataclass(frozen=True, slots=True)
class Standing:
    """The entry of the ledger that decides between a customer and a purpose, without the customer's words.

    `at` is when they said it, `recorded_at` when it was written, `until` when a grant ends, `fields` what a
    grant covers, and `position` its place in the ledger.
    """

    customer: CustomerId
    purpose: str
    state: State
    at: datetime
    recorded_at: datetime
    until: datetime | None
    position: int
    fields: tuple[str, ...]


class StandingStore(Protocol):
    """One transaction, in which the standings of many are read."""

    @property
    def transaction(self) -> object:
        """What tells this transaction from every other."""

    def standings(
        self, customers: Sequence[CustomerId], purposes: Sequence[str]
    ) -> Mapping[tuple[CustomerId, str], Standing]:
        """The standing of each customer and purpose of which something was said, by the two.

        In a transaction that writes, it holds the customers as `hold_customer(changing=False)` does, in the
        order of their ids: a change of their permissions waits for this use. Raises UnknownCustomer when one
        of them is not there.
        """

    def permitting(self, purpose: str) -> Iterator[Standing]:
        """The standings of everybody who ever said something about a purpose, by customer."""

    def all_customers(self) -> Iterator[CustomerId]:
        """Everybody, by id."""

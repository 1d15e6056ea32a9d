"""What permission needs of a store: one transaction of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trato.customers.customer import CustomerId
    from trato.permission.ledger import Entry


class PermissionStore(Protocol):
    """One transaction, in which permission is read or written."""

    @property
    def transaction(self) -> object:
        """What tells this transaction from every other."""

    def hold_customer(self, customer: CustomerId, *, changing: bool) -> None:
        """Make a change of this customer's permissions wait for the uses in flight, and these for a change.

        Holds until the transaction ends. Raises UnknownCustomer.
        """

    def permission_entries(self, customer: CustomerId, purpose: str) -> Sequence[Entry]:
        """All entries of a customer and purpose, in the ledger's order, without the customer's own words."""

    def seal(self, customer: CustomerId, words: str) -> bytes:
        """The words, encrypted under the customer's own key."""

    def append_permission(self, entry: Entry) -> Entry:
        """Lock the head, chain the entry to it, and keep both; called last: the lock holds up everyone.

        Keeps the standing of the entry's customer and purpose in step, in the same transaction.
        """

"""What identifying needs of a store: one transaction of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier

Belonging = Literal["household", "account"]


class IdentityStore(Protocol):
    """One transaction, in which identifiers are looked up and kept, many at a time.

    Every method takes the whole batch and costs a fixed number of statements, not one for each.
    """

    def customers_of(self, identifiers: Sequence[Identifier]) -> Mapping[tuple[str, str], CustomerId]:
        """To whom each identifier points, by its kind and normalised value; those that point to nobody are
        left out.
        """

    def kinds_of(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, frozenset[str]]:
        """The kinds of identifier that each customer has, without any value; empty for who has none."""

    def add_customers(self, customers: Sequence[tuple[CustomerId, datetime]]) -> None:
        """Keep that there are customers of these ids, first met at these moments."""

    def add_identifiers(self, identifiers: Sequence[tuple[CustomerId, Identifier, datetime]]) -> int:
        """Let identifiers point to customers; one that points to somebody already is left as it is.

        Returns how many were added. The values are sealed under each customer's own key.
        """


class BelongingStore(Protocol):
    """One transaction, in which personal values and memberships are kept, many at a time."""

    def put_values(self, values: Sequence[tuple[CustomerId, str, str, datetime]]) -> None:
        """Keep personal values: customer, field, value and when it was said, sealed.

        One takes the place of a value of the same field that is not newer; an older one, which came late, is
        left out. No two of one customer and field are given at once.
        """

    def put_memberships(self, memberships: Sequence[tuple[CustomerId, Belonging, str, datetime]]) -> None:
        """Keep to which household or account a customer belongs, by the company's own name for it.

        A customer belongs to the one household, and to the one account, that was said last; one that was said
        earlier and came late is left out. The name is kept as a keyed hash, to find the others by. No two of
        one customer and kind are given at once.
        """

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        """All who belong to a household, or to an account, of this customer; with the customer, sorted.

        The customer alone where nothing was said.
        """

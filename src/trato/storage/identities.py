"""Many customers at once: whom identifiers point to, and new customers, identifiers, values and memberships.

Every method takes the whole batch and costs a fixed number of statements for each thousand of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select

from trato.customers.customer import CustomerId
from trato.storage.keyring import lookup
from trato.storage.plain import rows_of
from trato.storage.records import Records
from trato.storage.tables import customers as tables
from trato.storage.upsert import AT_ONCE, in_chunks, insert_all_new, insert_or_replace_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from trato.customers.identifiers import Identifier
    from trato.identify.store import Belonging

# Asked for each batch, so they are put together once.
_POINTING = select(tables.identifiers.c.lookup, tables.identifiers.c.customer).where(
    tables.identifiers.c.kind == bindparam("kind"),
    tables.identifiers.c.lookup.in_(bindparam("lookups", expanding=True)),
)
_KINDS = (
    select(tables.identifiers.c.customer, tables.identifiers.c.kind)
    .where(tables.identifiers.c.customer.in_(bindparam("customers", expanding=True)))
    .distinct()
)
_MEMBERS = (
    "SELECT customer FROM memberships WHERE kind = ? "
    "AND lookup = (SELECT lookup FROM memberships WHERE customer = ? AND kind = ?)"
)


class IdentityRecords(Records):
    """Customers and what points to them, many at a time, within one transaction."""

    __slots__ = ()

    def customers_of(self, identifiers: Sequence[Identifier]) -> dict[tuple[str, str], CustomerId]:
        """To whom each identifier points, by its kind and normalised value; those that point to nobody are
        left out.
        """
        by_kind: dict[str, dict[bytes, str]] = defaultdict(dict)
        for one in identifiers:
            by_kind[one.kind][lookup(self._pepper, one.kind, one.normalised)] = one.normalised
        found: dict[tuple[str, str], CustomerId] = {}
        for kind, values in by_kind.items():
            for chunk in in_chunks(values):
                rows = self._connection.execute(_POINTING, {"kind": kind, "lookups": chunk})
                found |= {(kind, values[row.lookup]): CustomerId(row.customer) for row in rows}
        return found

    def kinds_of(self, customers: Sequence[CustomerId]) -> dict[CustomerId, frozenset[str]]:
        """The kinds of identifier that each customer has, without any value; empty for who has none."""
        found: dict[CustomerId, set[str]] = {one: set() for one in customers}
        for chunk in in_chunks(found):
            for row in self._connection.execute(_KINDS, {"customers": chunk}):
                found[CustomerId(row.customer)].add(row.kind)
        return {customer: frozenset(kinds) for customer, kinds in found.items()}

    def all_customers(self) -> Iterator[CustomerId]:
        """Everybody, by id."""
        last = ""
        while True:
            page = self._connection.scalars(
                select(tables.customers.c.id)
                .where(tables.customers.c.id > last)
                .order_by(tables.customers.c.id)
                .limit(AT_ONCE)
            ).all()
            if not page:
                return
            yield from map(CustomerId, page)
            last = page[-1]

    def add_customers(self, customers: Sequence[tuple[CustomerId, datetime]]) -> None:
        """Keep that there are customers of these ids, first met at these moments."""
        for chunk in in_chunks(customers):
            rows = [{"id": customer, "added_at": at} for customer, at in chunk]
            self._connection.execute(insert(tables.customers), rows)

    def add_identifiers(self, identifiers: Sequence[tuple[CustomerId, Identifier, datetime]]) -> int:
        """Let identifiers point to customers; one that points to somebody already is left as it is.

        Returns how many were added. The values are sealed under each customer's own key. Raises
        UnknownCustomer.
        """
        added = 0
        for chunk in in_chunks(identifiers):
            self._keyring.prepare(customer for customer, _, _ in chunk)
            rows = [
                {
                    "kind": one.kind,
                    "lookup": lookup(self._pepper, one.kind, one.normalised),
                    "customer": customer,
                    "sealed": self._keyring.seal(customer, f"identifier {one.kind}", one.value),
                    "added_at": at,
                }
                for customer, one, at in chunk
            ]
            rows.sort(key=lambda row: (row["kind"], row["lookup"]))  # two at once wait, and do not cross
            with self._of(None):
                added += insert_all_new(self._connection, tables.identifiers, rows)
        return added

    def put_values(self, values: Sequence[tuple[CustomerId, str, str, datetime]]) -> None:
        """Keep personal values: customer, field, value and when it was said, sealed.

        One takes the place of a value of the same field that is not newer; an older one is left out. Raises
        UnknownCustomer.
        """
        for chunk in in_chunks(sorted(values, key=lambda one: one[:2])):
            self._keyring.prepare(customer for customer, _, _, _ in chunk)
            rows = [
                {
                    "customer": customer,
                    "field": field,
                    "sealed": self._keyring.seal(customer, f"value {field}", value),
                    "at": at,
                }
                for customer, field, value, at in chunk
            ]
            with self._of(None):
                insert_or_replace_all(
                    self._connection, tables.personal_values, rows, keys=("customer", "field"), newest="at"
                )

    def put_memberships(self, memberships: Sequence[tuple[CustomerId, Belonging, str, datetime]]) -> None:
        """Keep to which household or account a customer belongs, by the company's own name for it.

        Each belongs to the one household and the one account that was said last. The name is kept as a keyed
        hash, to find the others by. Raises UnknownCustomer.
        """
        for chunk in in_chunks(sorted(memberships, key=lambda one: one[:2])):
            rows = [
                {
                    "customer": customer,
                    "kind": kind,
                    "lookup": lookup(self._pepper, f"member of {kind}", name),
                    "at": at,
                }
                for customer, kind, name, at in chunk
            ]
            with self._of(None):
                insert_or_replace_all(
                    self._connection, tables.memberships, rows, keys=("customer", "kind"), newest="at"
                )

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        """All who belong to a household, or to an account, of this customer; with the customer, sorted."""
        rows = rows_of(self._connection, _MEMBERS, kind, customer, kind)
        return tuple(sorted({customer, *(CustomerId(one) for (one,) in rows)}))

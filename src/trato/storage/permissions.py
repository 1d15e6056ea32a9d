"""The permission ledger in the store, and who decides what now."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from trato.customers.customer import CustomerId
from trato.permission.ledger import Entry, Head, chained, head_of, standing
from trato.permission.standing import Standing
from trato.storage.plain import rows_among
from trato.storage.records import Records
from trato.storage.tables.permissions import permission_head, permission_ledger, permission_standing
from trato.storage.upsert import AT_ONCE, insert_or_replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row, RowMapping

    from trato.permission.permit import Permit

EVIDENCE = "permission_evidence"

_STANDINGS = (
    "SELECT customer, state, at, recorded_at, until, position, fields FROM permission_standing "
    "WHERE customer IN (??) AND purpose = ?"
)


class PermissionRecords(Records):
    """The ledger, within one transaction."""

    __slots__ = ()

    def permission_entries(self, customer: CustomerId, purpose: str) -> Sequence[Entry]:
        """All entries of a customer and purpose, in the ledger's order, the customer's own words sealed."""
        rows = self._connection.execute(
            select(permission_ledger)
            .where(permission_ledger.c.customer == customer, permission_ledger.c.purpose == purpose)
            .order_by(permission_ledger.c.position)
        )
        return [_entry(row) for row in rows.mappings()]

    def append_permission(self, entry: Entry) -> Entry:
        """Lock the head, chain the entry to it, and keep both; called last: the lock holds up everyone."""
        earlier = self.permission_entries(entry.customer, entry.purpose)
        link = chained(self._locked_head(), entry)
        self._connection.execute(
            insert(permission_ledger).values(
                position=link.position,
                customer=link.customer,
                purpose=link.purpose,
                state=link.state,
                at=link.at,
                recorded_at=link.recorded_at,
                until=link.until,
                fields=json.dumps(link.fields),
                touchpoint=link.touchpoint,
                source=link.source,
                evidence=link.evidence,
                hash=link.hash,
            )
        )
        head = head_of(link)
        self._connection.execute(update(permission_head).values(position=head.position, hash=head.hash))
        self._put_standing(standing([*earlier, link]) or link)
        return link

    def standings(
        self, customers: Sequence[CustomerId], purposes: Sequence[str]
    ) -> dict[tuple[CustomerId, str], Standing]:
        """The standing of each customer and purpose of which something was said, by the two.

        In a transaction that writes, it holds the customers as `hold_customer(changing=False)` does, in the
        order of their ids. Raises UnknownCustomer when one of them is not there.
        """
        self._hold_customers(customers)
        found: dict[tuple[CustomerId, str], Standing] = {}
        for purpose in sorted(set(purposes)):
            for page in rows_among(self._connection, _STANDINGS, sorted(set(customers)), purpose):
                for customer, state, at, recorded_at, until, position, fields in page:
                    found[customer, purpose] = Standing(
                        customer=customer,
                        purpose=purpose,
                        state=state,
                        at=self._moment(at),
                        recorded_at=self._moment(recorded_at),
                        until=None if until is None else self._moment(until),
                        position=position,
                        fields=_fields(fields),
                    )
        return found

    def permitting(self, purpose: str) -> Iterator[Standing]:
        """The standings of everybody who ever said something about a purpose, by customer."""
        last = ""
        while True:
            rows = self._connection.execute(
                select(permission_standing)
                .where(permission_standing.c.purpose == purpose, permission_standing.c.customer > last)
                .order_by(permission_standing.c.customer)
                .limit(AT_ONCE)
            )
            page = [_standing(row) for row in rows]
            if not page:
                return
            yield from page
            last = page[-1].customer

    def permission_head(self) -> Head:
        """The head of the ledger. Note it elsewhere, and a rewriting of the whole ledger shows too."""
        row = self._connection.execute(select(permission_head.c.position, permission_head.c.hash)).one()
        return Head(row.position, row.hash)

    def ledger(self) -> Iterator[Entry]:
        """The whole ledger in its order, the customers' own words sealed; what `verify` reads."""
        last = 0
        while True:
            rows = self._connection.execute(
                select(permission_ledger)
                .where(permission_ledger.c.position > last)
                .order_by(permission_ledger.c.position)
                .limit(AT_ONCE)
            )
            page = [_entry(row) for row in rows.mappings()]
            if not page:
                return
            yield from page
            last = page[-1].position

    def evidence_of(self, permit: Permit) -> dict[int, str]:
        """What the permit's customer said, by position in the ledger; for permits that cover the evidence.

        The field is called `permission_evidence`. Raises PermitVoid.
        """
        self._check(permit)
        if EVIDENCE not in permit.fields:
            return {}
        rows = self._connection.execute(
            select(permission_ledger.c.position, permission_ledger.c.evidence)
            .where(permission_ledger.c.customer == permit.customer)
            .order_by(permission_ledger.c.position)
        )
        return {position: self._keyring.open(permit.customer, "words", sealed) for position, sealed in rows}

    def _put_standing(self, decides: Entry) -> None:
        row = {
            "purpose": decides.purpose,
            "customer": decides.customer,
            "state": decides.state,
            "at": decides.at,
            "recorded_at": decides.recorded_at,
            "until": decides.until,
            "fields": json.dumps(decides.fields),
            "position": decides.position,
        }
        insert_or_replace(self._connection, permission_standing, row, keys=("purpose", "customer"))

    def _locked_head(self) -> Head:
        row = self._connection.execute(
            select(permission_head.c.position, permission_head.c.hash).with_for_update()
        ).one()
        return Head(row.position, row.hash)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        customer=CustomerId(row["customer"]),
        purpose=row["purpose"],
        state=row["state"],
        at=row["at"],
        recorded_at=row["recorded_at"],
        until=row["until"],
        fields=_fields(row["fields"]),
        touchpoint=row["touchpoint"],
        source=row["source"],
        evidence=row["evidence"],
        position=row["position"],
        hash=row["hash"],
    )


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        customer=CustomerId(row.customer),
        purpose=row.purpose,
        state=row.state,
        at=row.at,
        recorded_at=row.recorded_at,
        until=row.until,
        position=row.position,
        fields=_fields(row.fields),
    )


@lru_cache(maxsize=1024)
def _fields(written: str) -> tuple[str, ...]:
    """The fields of an entry.

    What somebody edited into no list is one field that no purpose asks for: so verification reads on, and
    names the entry.
    """
    try:
        found = json.loads(written)
    except ValueError:
        return (written,)
    return tuple(map(str, found)) if isinstance(found, list) else (written,)

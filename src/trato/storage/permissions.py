"""The permission ledger in the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from trato.customers.customer import CustomerId
from trato.permission.ledger import Entry, Head, chained, head_of
from trato.storage.records import Records
from trato.storage.tables.permissions import permission_head, permission_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import RowMapping

    from trato.permission.permit import Permit

EVIDENCE = "permission_evidence"
_AT_ONCE = 1000


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
        return link

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
                .limit(_AT_ONCE)
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
        fields=tuple(json.loads(row["fields"])),
        touchpoint=row["touchpoint"],
        source=row["source"],
        evidence=row["evidence"],
        position=row["position"],
        hash=row["hash"],
    )

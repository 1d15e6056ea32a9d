"""Guided conversations in the store; all that was said in them is sealed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from trato.customers.customer import CustomerId
from trato.customize.guide.talk import Pending, Whose, talk_document, talk_from
from trato.storage.keyring import lookup
from trato.storage.records import Records
from trato.storage.tables.talks import taken_configurations, talks
from trato.storage.upsert import insert_new

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from trato.customize.guide.talk import Talk
    from trato.permission.permit import Permit


class TalkRecords(Records):
    """Guided conversations and the tally of what was taken, within one transaction."""

    __slots__ = ()

    def add_talk(self, talk: Talk) -> None:
        """Keep a new talk: sealed under its customer's key, or the store's. Raises UnknownCustomer."""
        row = {
            "lookup": self._talk(talk.id),
            "customer": talk.customer,
            "purpose": talk.purpose,
            "touchpoint": talk.touchpoint,
            "language": talk.language,
            "started_at": talk.started_at,
            **self._changing(talk),
        }
        with self._of(talk.customer):
            self._connection.execute(insert(talks).values(**row))

    def change_talk(self, talk: Talk) -> None:
        """Keep what has become of a talk; whose it is and where it began never change."""
        self._connection.execute(
            update(talks).where(talks.c.lookup == self._talk(talk.id)).values(**self._changing(talk))
        )

    def whose_talk(self, talk: str) -> Whose | None:
        """Whose a talk is; None where there is none of that id. Held until the transaction ends."""
        wanted = select(talks.c.customer, talks.c.purpose).where(talks.c.lookup == self._talk(talk))
        if self._writing:
            wanted = wanted.with_for_update()
        row = self._connection.execute(wanted).first()
        if row is None:
            return None
        return Whose(None if row.customer is None else CustomerId(row.customer), row.purpose)

    def talk_of(self, permit: Permit, talk: str) -> Talk | None:
        """A talk of the permit's customer, for the permit's purpose. Raises PermitVoid."""
        return self.pending_of(permit, self._talk(talk))

    def anonymous_talk(self, talk: str) -> Talk | None:
        """A talk with somebody unknown."""
        return self.pending_anonymous(self._talk(talk))

    def pending_talks(self, most: int) -> tuple[Pending, ...]:
        """What was accepted and not yet delivered, the first accepted first; at most so many."""
        rows = self._connection.execute(
            select(talks.c.lookup, talks.c.customer, talks.c.purpose)
            .where(talks.c.accepted_at.is_not(None), talks.c.delivered_at.is_(None))
            .order_by(talks.c.accepted_at, talks.c.lookup)
            .limit(most)
        )
        return tuple(
            Pending(bytes(key), Whose(None if who is None else CustomerId(who), purpose))
            for key, who, purpose in rows
        )

    def pending_of(self, permit: Permit, key: bytes) -> Talk | None:
        """A talk of the permit's customer, for the permit's purpose, by its key. Raises PermitVoid."""
        self._check(permit)
        row = self._connection.execute(
            select(talks).where(
                talks.c.lookup == key,
                talks.c.customer == permit.customer,
                talks.c.purpose == permit.purpose,
            )
        ).first()
        if row is None:
            return None
        return _talk(row, self._keyring.open(row.customer, _context(row.lookup), row.sealed))

    def pending_anonymous(self, key: bytes) -> Talk | None:
        """A talk with somebody unknown, by the store's key."""
        row = self._connection.execute(
            select(talks).where(talks.c.lookup == key, talks.c.customer.is_(None))
        ).first()
        if row is None:
            return None
        return _talk(row, self._keyring.open_for_store(_context(row.lookup), row.sealed))

    def talks_left(self, before: datetime) -> tuple[tuple[str | None, int], ...]:
        """The talks that changed last before a moment and were not accepted, by the question asked last."""
        rows = self._connection.execute(
            select(talks.c.asked, func.count())
            .where(talks.c.accepted_at.is_(None), talks.c.changed_at < before)
            .group_by(talks.c.asked)
        )
        return tuple((asked, often) for asked, often in rows)

    def talk_counts(self) -> tuple[int, int]:
        """How many talks there are, and how many of them were accepted."""
        row = self._connection.execute(select(func.count(), func.count(talks.c.accepted_at))).one()
        return row[0], row[1]

    def drop_talks(self, before: datetime) -> int:
        """Remove talks with somebody unknown that changed last before a moment and were not accepted."""
        return self._connection.execute(
            delete(talks).where(
                talks.c.customer.is_(None), talks.c.accepted_at.is_(None), talks.c.changed_at < before
            )
        ).rowcount

    def add_taken(self, document: str) -> None:
        """Count a configuration once more; `document` holds nothing of who took it."""
        digest = hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest()
        row: dict[str, Any] = {"digest": digest, "document": document, "often": 1}
        if not insert_new(self._connection, taken_configurations, row):
            self._connection.execute(
                update(taken_configurations)
                .where(taken_configurations.c.digest == digest)
                .values(often=taken_configurations.c.often + 1)
            )

    def taken(self) -> tuple[tuple[str, int], ...]:
        """Every configuration that was taken, and how often."""
        rows = self._connection.execute(
            select(taken_configurations.c.document, taken_configurations.c.often).order_by(
                taken_configurations.c.digest
            )
        )
        return tuple((document, often) for document, often in rows)

    def _talk(self, talk: str) -> bytes:
        return lookup(self._pepper, "talk of", talk)

    def _changing(self, talk: Talk) -> dict[str, Any]:
        context, document = _context(self._talk(talk.id)), talk_document(talk)
        return {
            "offer": talk.offer,
            "asked": talk.asked,
            "changed_at": talk.changed_at,
            "accepted_at": None if talk.accepted is None else talk.accepted.at,
            "delivered_at": talk.delivered_at,
            "as_expected": talk.as_expected,
            "sealed": (
                self._keyring.seal_for_store(context, document)
                if talk.customer is None
                else self._keyring.seal(talk.customer, context, document)
            ),
        }


def _talk(row: Row[Any], document: str) -> Talk:
    return talk_from(
        document,
        offer=row.offer,
        customer=None if row.customer is None else CustomerId(row.customer),
        purpose=row.purpose,
        touchpoint=row.touchpoint,
        language=row.language,
        asked=row.asked,
        started_at=row.started_at,
        changed_at=row.changed_at,
        delivered_at=row.delivered_at,
        as_expected=row.as_expected,
    )


def _context(hashed: bytes) -> str:
    return f"talk {bytes(hashed).hex()}"

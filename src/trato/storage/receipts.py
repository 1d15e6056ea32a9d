"""Receipts of messages, so that each counts once, and what was put aside."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select

from trato.storage.keyring import lookup
from trato.storage.records import Records
from trato.storage.tables import interactions as tables
from trato.storage.upsert import in_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.interact.log import Aside, Receipt

# Asked for each batch, so they are put together once.
_RECEIVED = select(tables.receipts.c.message).where(
    tables.receipts.c.message.in_(bindparam("messages", expanding=True))
)
_RECEIPTS = insert(tables.receipts)


class ReceiptRecords(Records):
    """What was received and what was put aside, within one transaction."""

    __slots__ = ()

    def new_messages(self, messages: Sequence[str]) -> set[str]:
        """Those of the messages that have no receipt yet."""
        hashed = {lookup(self._pepper, "receipt of", one): one for one in messages}
        new = set(messages)
        for chunk in in_chunks(hashed):
            new -= {hashed[found] for found in self._connection.scalars(_RECEIVED, {"messages": chunk})}
        return new

    def add_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts, of messages that had none."""
        for chunk in in_chunks(receipts):
            rows: list[dict[str, Any]] = [
                {
                    "message": lookup(self._pepper, "receipt of", one.message),
                    "received_at": one.received_at,
                    "outcome": one.outcome,
                }
                for one in chunk
            ]
            rows.sort(key=itemgetter("message"))  # two at once wait for each other, and do not cross
            self._connection.execute(_RECEIPTS, rows)

    def put_aside(self, asides: Sequence[Aside]) -> None:
        """Keep what gave no interaction, the body sealed under a key of the store."""
        for chunk in in_chunks(asides):
            rows = [
                {
                    "source": one.source,
                    "reason": one.reason,
                    "received_at": one.received_at,
                    "sealed": self._keyring.seal_for_store("aside", one.body),
                }
                for one in chunk
            ]
            self._connection.execute(insert(tables.asides), rows)

    def aside_summary(self) -> tuple[tuple[str, str, int, datetime], ...]:
        """What was put aside, by source and reason: how often, and when last; the most frequent first."""
        often = func.count()
        rows = self._connection.execute(
            select(
                tables.asides.c.source, tables.asides.c.reason, often, func.max(tables.asides.c.received_at)
            )
            .group_by(tables.asides.c.source, tables.asides.c.reason)
            .order_by(often.desc(), tables.asides.c.source, tables.asides.c.reason)
        )
        return tuple((source, reason, count, last) for source, reason, count, last in rows)

    def drop_asides(self, before: datetime) -> int:
        """Remove what was put aside before a moment, and return how many there were."""
        return self._connection.execute(
            delete(tables.asides).where(tables.asides.c.received_at < before)
        ).rowcount

    def drop_receipts(self, before: datetime) -> int:
        """Remove the receipts from before a moment, and return how many there were."""
        return self._connection.execute(
            delete(tables.receipts).where(tables.receipts.c.received_at < before)
        ).rowcount

"""The log of interactions in the store: appended to in bulk, and read under a permit for its purpose."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from trato.customers.customer import CustomerId
from trato.differentiate.known import MoneyDay, add_days
from trato.interact.log import LogEntry
from trato.interact.touchpoints import Touchpoint
from trato.storage.keyring import lookup
from trato.storage.plain import put_rows
from trato.storage.records import Records
from trato.storage.tables.interactions import interactions
from trato.storage.tables.permissions import permission_standing
from trato.storage.upsert import AT_ONCE, in_chunks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement, Row, Select

    from trato.interact.log import NewEntry
    from trato.permission.permit import Permit

_STATEMENT = "statement"
_WITHOUT_WORDS = tuple(
    column for column in interactions.columns if column.name not in {"statement", "record"}
)
_APPEND = (
    "INSERT INTO interactions (customer, purposes, source, kind, record, at, received_at, touchpoint, "
    "channel, place, division, product_line, component, module, more_choices, count, amount, cost, "
    "statement, stance, learns) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)


class InteractionRecords(Records):
    """The log, within one transaction."""

    __slots__ = ()

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        """Append to the log, in the order given, and return how many were kept.

        Unique by a keyed hash of (source, record, item) where the record is not None: a second one is left
        out silently. The words of a statement are sealed under the customer's own key. Raises
        UnknownCustomer.
        """
        kept = 0
        for chunk in in_chunks(entries):
            self._keyring.prepare(one.customer for one in chunk if one.interaction.statement is not None)
            with self._of(None):
                kept += put_rows(self._connection, _APPEND, [self._row(one) for one in chunk])
        return kept

    def log_watermark(self) -> int:
        """The last position of the log such that none at or below it is still being written; 0 at first.

        To be asked within `write`: it waits for those who are appending, for positions are given out before
        they are committed, and holds off others until the transaction ends.
        """
        return self._watermark(interactions)

    def arrivals(self, most: int) -> tuple[tuple[str, int, datetime], ...]:
        """Of the last `most` interactions: each source, how often it is among them, and when it came last."""
        latest = (
            select(interactions.c.source, interactions.c.received_at)
            .order_by(interactions.c.position.desc())
            .limit(most)
            .subquery()
        )
        often = func.count()
        rows = self._connection.execute(
            select(latest.c.source, often, func.max(latest.c.received_at))
            .group_by(latest.c.source)
            .order_by(often.desc(), latest.c.source)
        )
        return tuple((source, count, last) for source, count, last in rows)

    def customers_since(self, position: int, most: int) -> tuple[CustomerId, ...]:
        """Of whom the log holds something behind a position, at most so many; nothing of what it holds."""
        behind = select(interactions.c.customer).where(interactions.c.position > position).distinct()
        return tuple(map(CustomerId, self._connection.scalars(behind.limit(most))))

    def interactions_of(
        self, permit: Permit, *, limit: int, before: int | None = None
    ) -> tuple[LogEntry, ...]:
        """The newest interactions of the permit's customer, the newest first, words included.

        At most `limit`; only those of a position below `before`, where that is given. Raises PermitVoid.
        """
        wanted = self._under(permit).order_by(interactions.c.position.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(interactions.c.position < before)
        return self._read(wanted)

    def learned_since(self, permit: Permit, position: int) -> dict[tuple[str, str], int]:
        """What the permit's customer chose behind a position, summed by component and module.

        Each choice of an interaction that learns counts `count` times. Raises PermitVoid.
        """
        rows = self._connection.execute(
            self._under(
                permit,
                interactions.c.component,
                interactions.c.module,
                interactions.c.more_choices,
                interactions.c.count,
            ).where(interactions.c.position > position, interactions.c.learns)
        )
        summed: Counter[tuple[str, str]] = Counter()
        for component, module, more, count in rows:
            if component is not None and module is not None:
                summed[component, module] += count
            for choice in _choices(more):
                summed[choice] += count
        return dict(summed)

    def days_since(self, permit: Permit, position: int, zone: ZoneInfo) -> tuple[MoneyDay, ...]:
        """What the permit's customer paid and cost behind a position, by day of the zone, oldest first.

        Of interactions that have an amount. Raises PermitVoid.
        """
        rows = self._connection.execute(
            self._under(permit, interactions.c.at, interactions.c.amount, interactions.c.cost).where(
                interactions.c.position > position, interactions.c.amount.is_not(None)
            )
        )
        return add_days(
            MoneyDay(at.astimezone(zone).date(), amount, cost, amount >= 0) for at, amount, cost in rows
        )

    def statements_of(self, permit: Permit) -> tuple[LogEntry, ...]:
        """All that the permit's customer said, oldest first by when they said it. Raises PermitVoid."""
        said = self._under(permit).where(interactions.c.statement.is_not(None))
        return self._read(said.order_by(interactions.c.at, interactions.c.position))

    def contacts_of(self, permit: Permit, since: datetime) -> tuple[LogEntry, ...]:
        """When and where the company turned to the permit's customer since a moment, oldest first.

        Raises PermitVoid.
        """
        turned = self._under(permit).where(interactions.c.kind == "contact", interactions.c.at >= since)
        return self._read(turned.order_by(interactions.c.at, interactions.c.position))

    def log_for_build(
        self, purpose: str, up_to: int, customers: Collection[CustomerId]
    ) -> Iterator[LogEntry]:
        """The log up to a position, in its order, of the customers given; entries that carry the purpose.

        Without words: `statement` is None. Who has refused the purpose is left out, whoever is given.
        """
        refused = select(permission_standing.c.customer).where(
            permission_standing.c.purpose == purpose, permission_standing.c.state != "granted"
        )
        last = 0
        while True:
            rows = self._connection.execute(
                select(*_WITHOUT_WORDS)
                .where(interactions.c.position > last, interactions.c.position <= up_to, _carries(purpose))
                .where(interactions.c.customer.not_in(refused))
                .order_by(interactions.c.position)
                .limit(AT_ONCE)
            ).all()
            if not rows:
                return
            yield from (_entry(row, None) for row in rows if row.customer in customers)
            last = rows[-1].position

    def kept_records(self, source: str, purpose: str, records: Sequence[str]) -> set[str]:
        """Those of a source's records, of which each is one interaction, that the log holds for a purpose."""
        theirs = (interactions.c.source == source) & _carries(purpose)
        if self._connection.execute(select(interactions.c.position).where(theirs).limit(1)).first() is None:
            return set()
        found: set[str] = set()
        for chunk in in_chunks(records):
            named = {lookup(self._pepper, "record of", _record_name(source, one, 0)): one for one in chunk}
            kept = select(interactions.c.record).where(interactions.c.record.in_(named), theirs)
            found |= {named[bytes(one)] for one in self._connection.scalars(kept) if one is not None}
        return found

    def _row(self, entry: NewEntry) -> tuple[Any, ...]:
        said, where = entry.interaction, entry.interaction.touchpoint
        record = None
        if said.record is not None:
            record = lookup(self._pepper, "record of", _record_name(said.source, said.record, entry.item))
        sealed = None
        if said.statement is not None:
            sealed = self._keyring.seal(entry.customer, _STATEMENT, said.statement)
        return (
            entry.customer,
            f"|{'|'.join(entry.purposes)}|",
            said.source,
            said.kind,
            record,
            self._kept(said.at),
            self._kept(entry.received_at),
            where.key,
            where.channel,
            where.place,
            where.division,
            where.product_line,
            said.component,
            said.module,
            json.dumps(said.more_choices) if said.more_choices else None,
            said.count,
            said.amount,
            said.cost,
            sealed,
            said.stance,
            said.learns,
        )

    def _under(self, permit: Permit, *columns: ColumnElement[Any]) -> Select[Any]:
        """The rows that a permit opens. Raises PermitVoid."""
        self._check(permit)
        wanted = columns or (*_WITHOUT_WORDS, interactions.c.statement)
        return select(*wanted).where(interactions.c.customer == permit.customer, _carries(permit.purpose))

    def _read(self, wanted: Select[Any]) -> tuple[LogEntry, ...]:
        return tuple(
            _entry(
                row,
                None
                if row.statement is None
                else self._keyring.open(row.customer, _STATEMENT, row.statement),
            )
            for row in self._connection.execute(wanted)
        )


def _record_name(source: str, record: str, item: int) -> str:
    return json.dumps([source, record, item])


def _carries(purpose: str) -> ColumnElement[bool]:
    return interactions.c.purposes.contains(f"|{purpose}|", autoescape=True)


def _choices(more: str | None) -> tuple[tuple[str, str], ...]:
    return () if more is None else tuple((component, module) for component, module in json.loads(more))


def _entry(row: Row[Any], statement: str | None) -> LogEntry:
    return LogEntry(
        position=row.position,
        customer=CustomerId(row.customer),
        source=row.source,
        kind=row.kind,
        at=row.at,
        received_at=row.received_at,
        touchpoint=Touchpoint(row.touchpoint, row.channel, row.place, row.division, row.product_line),
        component=row.component,
        module=row.module,
        more_choices=_choices(row.more_choices),
        count=row._mapping["count"],  # noqa: SLF001 a row is a tuple, which has a count of its own
        amount=row.amount,
        cost=row.cost,
        statement=statement,
        stance=row.stance,
        learns=row.learns,
        purposes=tuple(row.purposes.strip("|").split("|")),
    )

"""What a decision may rest upon, of many customers at once: scores, statements, contacts, values, units.

Each costs one statement for every 512 customers, under permits that are all of one transaction.
"""

from __future__ import annotations

import json
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from trato.customers.customer import CustomerId
from trato.differentiate.known import Score
from trato.interact.log import LogEntry
from trato.interact.touchpoints import Touchpoint
from trato.storage.plain import rows_among
from trato.storage.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from trato.identify.store import Belonging
    from trato.permission.permit import Permit

_SCORES = (
    "SELECT customer, need, weight, evidence, actual_value, expected_value, low, high, p_alive, potential, "
    "tier, as_of FROM build_scores WHERE customer IN (??) AND purpose = ? "
    "AND build = (SELECT build FROM served_build)"
)
_ENTRY = (
    "customer, purposes, position, source, kind, at, received_at, touchpoint, channel, place, division, "
    "product_line, component, module, more_choices, count, amount, cost, stance, learns"
)
_STATEMENTS = (
    f"SELECT {_ENTRY}, statement FROM interactions WHERE customer IN (??) AND statement IS NOT NULL "  # noqa: S608 -- constants
    "ORDER BY customer, at, position"
)
_CONTACTS = (
    "SELECT customer, purposes, at, channel FROM interactions WHERE customer IN (??) AND kind = 'contact' "
    "AND at >= ? ORDER BY customer, at, position"
)
_HAPPENED = (
    f"SELECT {_ENTRY} FROM interactions WHERE customer IN (??) AND kind = ? AND at >= ? AND at <= ? "  # noqa: S608 -- constants
    "ORDER BY customer, at, position"
)
_VALUES = "SELECT customer, field, sealed FROM personal_values WHERE customer IN (??)"
_UNITS = "SELECT customer, lookup FROM memberships WHERE customer IN (??) AND kind = ?"


class GatheredRecords(Records):
    """What is known of many customers, within one transaction."""

    __slots__ = ()

    def scores_under(self, permits: Sequence[Permit]) -> dict[CustomerId, Score]:
        """The served build's score of each permit's customer for its purpose; who has none is left out.

        Raises PermitVoid.
        """
        found: dict[CustomerId, Score] = {}
        for purpose, theirs in self._check_all(permits).items():
            for page in rows_among(self._connection, _SCORES, list(theirs), purpose):
                for customer, *cells, as_of in page:
                    found[customer] = Score(*[customer, purpose, *cells, date.fromisoformat(as_of)])
        return found

    def statements_under(self, permits: Sequence[Permit]) -> dict[CustomerId, tuple[LogEntry, ...]]:
        """What each permit's customer said, oldest first; who said nothing is left out. Raises PermitVoid."""
        rows = list(self._carrying(permits, _STATEMENTS))
        self._keyring.prepare_to_open(row[0] for row in rows)
        return self._by_customer(
            self._log_entry(row, self._keyring.open(row[0], "statement", row[-1])) for row in rows
        )

    def contacts_under(
        self, permits: Sequence[Permit], since: datetime
    ) -> dict[CustomerId, tuple[tuple[datetime, str], ...]]:
        """When, and on which channel, the company turned to each permit's customer since a moment, oldest
        first, by contacts that carry the permit's purpose; who heard nothing is left out. Raises PermitVoid.
        """
        rows = self._carrying(permits, _CONTACTS, self._kept(since))
        return {
            CustomerId(customer): tuple((self._moment(at), channel) for _, _, at, channel in theirs)
            for customer, theirs in groupby(rows, key=itemgetter(0))
        }

    def happened_under(
        self, permits: Sequence[Permit], kind: str, since: datetime, until: datetime
    ) -> dict[CustomerId, tuple[LogEntry, ...]]:
        """Interactions of a kind of each permit's customer that carry its purpose, from `since` to `until` by
        when they happened, both among them, oldest first and without words; who has none is left out.

        Raises PermitVoid.
        """
        rows = self._carrying(permits, _HAPPENED, kind, self._kept(since), self._kept(until))
        return self._by_customer(self._log_entry(row, None) for row in rows)

    def values_under(self, permits: Sequence[Permit]) -> dict[CustomerId, dict[str, str]]:
        """The personal values of each permit's customer that it covers; who has none is left out.

        Raises PermitVoid.
        """
        found: dict[CustomerId, dict[str, str]] = {}
        for theirs in self._check_all(permits).values():
            asked = [customer for customer, permit in theirs.items() if permit.fields]
            for page in rows_among(self._connection, _VALUES, asked):
                rows = [row for row in page if row[1] in theirs[row[0]].fields]
                self._keyring.prepare_to_open(row[0] for row in rows)
                for customer, field, sealed in rows:
                    value = self._keyring.open(customer, f"value {field}", sealed)
                    found.setdefault(customer, {})[field] = value
        return found

    def units_of(self, customers: Sequence[CustomerId], kind: Belonging | None) -> dict[CustomerId, str]:
        """The word of the unit to which each customer belongs: `person:ID` where kind is None or they belong
        to none, else `household:…` or `account:…`, which says nothing of its name.
        """
        found = {one: f"person:{one}" for one in customers}
        if kind is not None:
            for page in rows_among(self._connection, _UNITS, sorted(found), kind):
                found |= {customer: f"{kind}:{name.hex()}" for customer, name in page}
        return found

    def _carrying(self, permits: Sequence[Permit], words: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows of the log of the permits' customers that carry each permit's purpose, which are the first two
        columns. Raises PermitVoid.
        """
        for purpose, theirs in self._check_all(permits).items():
            bar = f"|{purpose}|"
            for page in rows_among(self._connection, words, sorted(theirs), *values):
                yield from (row for row in page if bar in row[1])

    def _log_entry(self, row: tuple[Any, ...], statement: str | None) -> LogEntry:
        customer, purposes, position, source, kind, at, received_at, *where = row[:12]
        component, module, more, count, amount, cost, stance, learns = row[12:20]
        return LogEntry(
            position=position,
            customer=CustomerId(customer),
            source=source,
            kind=kind,
            at=self._moment(at),
            received_at=self._moment(received_at),
            touchpoint=Touchpoint(*where),
            component=component,
            module=module,
            more_choices=tuple((other, chosen) for other, chosen in json.loads(more)) if more else (),
            count=count,
            amount=amount,
            cost=cost,
            statement=statement,
            stance=stance,
            learns=bool(learns),
            purposes=tuple(purposes.strip("|").split("|")),
        )

    def _by_customer(self, entries: Iterator[LogEntry]) -> dict[CustomerId, tuple[LogEntry, ...]]:
        return {
            customer: tuple(theirs) for customer, theirs in groupby(entries, key=lambda one: one.customer)
        }


def _customer(entry: LogEntry) -> CustomerId:
    return entry.customer

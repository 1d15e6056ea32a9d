"""Decisions and their outcomes in the store: appended to in bulk, and read under a permit for their purpose.

A row is two parts. Which treatment it was, with what probability, by which versions and when, is nobody's.
Whose it is, and the sealed record of what it was made of, goes when its customer is forgotten.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from trato.customers.customer import CustomerId
from trato.customize.programme.decision import Anonymous, Decision, DecisionId, Outcome, Taught
from trato.customize.programme.episodes import Episodes
from trato.customize.programme.packing import packed, unpacked
from trato.customize.programme.store import WhoseDecision
from trato.errors import UnknownCustomer
from trato.storage.blocks import leaf
from trato.storage.keyring import lookup
from trato.storage.plain import put_rows, rows_among, rows_of
from trato.storage.records import Records
from trato.storage.tables.decisions import decisions as decisions_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from trato.permission.permit import Permit

_FORGOTTEN = (None, None, b"", None)
_APPEND = (
    "INSERT INTO decisions (id, customer, unit, sealed, whose, programme, version, model, prices, purpose, "
    "arm, treatment, probability, at, matures_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_WHOLE = (
    "SELECT position, id, customer, sealed, programme, version, model, prices, purpose, arm, treatment, "
    "probability, at, matures_at FROM decisions"
)
_NEWEST = (
    f"{_WHOLE} WHERE customer = ? AND purpose = ? AND position < ? ORDER BY customer, position DESC LIMIT ?"
)
_MATURED = (
    "SELECT position, customer, matures_at FROM decisions "
    "WHERE programme = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?"
)
_OF_THEIR_UNITS = (
    "SELECT unit, position, at, matures_at FROM decisions WHERE unit IN "
    "(SELECT unit FROM decisions WHERE position IN (??) AND length(unit) > 0) "
    "AND programme = ? AND position <= ?"
)
_IN_ITS_WINDOW = "FROM outcomes o WHERE o.decision = d.position AND o.at >= d.at AND o.at <= d.matures_at"
_ANONYMOUS = (
    "SELECT d.position, d.version, d.arm, d.treatment, d.probability, d.at, d.matures_at, d.unit, "  # noqa: S608 -- constants
    f"(SELECT max(CASE WHEN o.taken THEN 1 ELSE 0 END) {_IN_ITS_WINDOW}) AS taken, "
    f"(SELECT CAST(sum(o.amount) AS BIGINT) {_IN_ITS_WINDOW}) AS amount, "
    "EXISTS (SELECT 1 FROM unread_decisions u WHERE u.decision = d.position) AS unread "
    "FROM decisions d WHERE d.programme = ? AND d.position > ? ORDER BY d.position LIMIT ?"
)
_KEEP_OUTCOME = (
    "INSERT INTO outcomes (decision, record, at, received_at, taken, amount) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_LEAVE_UNREAD = "INSERT INTO unread_decisions (decision) VALUES (?) ON CONFLICT DO NOTHING"
_FORGET = "UPDATE decisions SET id = NULL, customer = NULL, unit = ?, sealed = NULL"
_TO_THE_END = 2**62


class DecisionRecords(Records):
    """Decisions and what came of them, within one transaction."""

    __slots__ = ()

    def append_decisions(self, decisions: Sequence[Decision]) -> None:
        """Log decisions, facts and candidates sealed under each customer's key.

        One whose purpose is "" is nobody's: it keeps neither customer nor unit, and is sealed under a key of
        the store. Raises UnknownCustomer.
        """
        self._keyring.prepare(one.customer for one in decisions if one.purpose)
        rows = [self._decision_row(one) for one in decisions]
        try:
            put_rows(self._connection, _APPEND, rows)
        except IntegrityError as error:
            if "foreign key" not in str(error.orig).lower():
                raise  # an id twice: on PostgreSQL another try sees the first
            raise UnknownCustomer("there is no such customer") from None

    def whose_decision(self, decision: DecisionId) -> WhoseDecision | None:
        """Whose a decision is, and what opens it; None for no such, and of the forgotten."""
        return self.whose_decisions((decision,)).get(decision)

    def whose_decisions(self, decisions: Sequence[DecisionId]) -> dict[DecisionId, WhoseDecision]:
        """As `whose_decision`, of many; those that are not there are left out."""
        words = "SELECT id, customer, programme, purpose, matures_at FROM decisions WHERE id IN (??)"
        return {
            DecisionId(key): WhoseDecision(customer, programme, purpose, self._moment(matures_at))
            for rows in rows_among(self._connection, words, decisions)
            for key, customer, programme, purpose, matures_at in rows
        }

    def decision_of(self, permit: Permit, decision: DecisionId) -> Decision | None:
        """A decision of the permit's customer and purpose. Raises PermitVoid."""
        self._check(permit)
        words = f"{_WHOLE} WHERE id = ? AND customer = ? AND purpose = ?"
        found = rows_of(self._connection, words, decision, permit.customer, permit.purpose)
        return self._decision(found[0]) if found else None

    def nobodys_decision(self, decision: DecisionId) -> Decision | None:
        """A decision that is nobody's: made where nothing personal might be read. It needs no permit."""
        words = f"{_WHOLE} WHERE id = ? AND customer IS NULL AND purpose = ''"
        found = rows_of(self._connection, words, decision)
        return self._decision(found[0]) if found else None

    def decisions_of(self, permit: Permit, *, limit: int, before: int | None = None) -> tuple[Decision, ...]:
        """The newest decisions of the permit's customer and purpose, the newest first. Raises PermitVoid."""
        self._check(permit)
        last = _TO_THE_END if before is None else before
        found = rows_of(self._connection, _NEWEST, permit.customer, permit.purpose, last, limit)
        return tuple(map(self._decision, found))

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Keep outcomes, each once by (decision, record); how many were new. Of no decision: left out."""
        wanted = sorted({one.decision for one in outcomes})
        words = "SELECT id, position FROM decisions WHERE id IN (??)"
        places = dict(row for page in rows_among(self._connection, words, wanted) for row in page)
        # In one order, so that two who tell the same wait for each other and do not cross.
        rows = [
            (
                places[one.decision],
                lookup(self._pepper, "outcome of", json.dumps([one.decision, one.record])),
                self._kept(one.at),
                self._kept(one.received_at),
                one.taken,
                one.amount,
            )
            for one in sorted(outcomes, key=lambda one: (one.decision, one.at, one.record))
            if one.decision in places
        ]
        return put_rows(self._connection, _KEEP_OUTCOME, rows)

    def outcomes_of(self, permit: Permit, decision: DecisionId) -> tuple[Outcome, ...]:
        """What came of a decision of the permit's customer and purpose, oldest first. Raises PermitVoid.

        `record` is the hash by which an outcome is known again: its name at its source is not kept.
        """
        self._check(permit)
        found = rows_of(
            self._connection,
            "SELECT o.record, o.at, o.received_at, o.taken, o.amount FROM outcomes o JOIN decisions d "
            "ON d.position = o.decision WHERE d.id = ? AND d.customer = ? AND d.purpose = ? "
            "ORDER BY o.at, o.position",
            decision,
            permit.customer,
            permit.purpose,
        )
        return tuple(
            Outcome(decision, record.hex(), self._moment(at), self._moment(received_at), bool(taken), amount)
            for record, at, received_at, taken, amount in found
        )

    def matured(
        self, programme: str, after: int, until: datetime, limit: int
    ) -> tuple[tuple[int, CustomerId | None], ...]:
        """Positions and customers of decisions behind a position whose window closed by `until`, in order.

        Stops before the first whose window is still open, and before what is still being written: within
        `write` it waits for that; within `read` it goes, on PostgreSQL, as far as decisions are sealed.
        """
        found: list[tuple[int, CustomerId | None]] = []
        closed = self._kept(until)
        for position, customer, matures_at in rows_of(
            self._connection, _MATURED, programme, after, self._settled(), limit
        ):
            if matures_at > closed:
                break
            found.append((position, customer))
        return tuple(found)

    def taught(self, permits: Sequence[Permit], positions: Sequence[int]) -> tuple[Taught, ...]:
        """Decisions at these positions that the permits open, with what came of each in its window, in order.

        A permit opens its customer's decisions of its own purpose. Outcomes count from `at` to `matures_at`
        by when they happened; several sum: taken where one was, and their amounts. Raises PermitVoid.
        """
        opened = self._check_all(permits)
        places = sorted(set(positions))
        rows = [
            row
            for page in rows_among(self._connection, f"{_WHOLE} WHERE position IN (??)", places)
            for row in page
            if row[2] in opened.get(row[8], ())
        ]
        rows.sort(key=itemgetter(0))
        self._keyring.prepare_to_open(row[2] for row in rows)
        decided = [self._decision(row) for row in rows]
        taken: dict[int, bool] = {}
        amounts: dict[int, int] = {}
        within = {one.position: one for one in decided}
        words = "SELECT decision, at, taken, amount FROM outcomes WHERE decision IN (??)"
        for page in rows_among(self._connection, words, list(within)):
            for position, at, was_taken, amount in page:
                if within[position].at <= self._moment(at) <= within[position].matures_at:
                    taken[position] = taken.get(position, False) or bool(was_taken)
                    amounts[position] = amounts.get(position, 0) + amount
        return tuple(
            Taught(one, taken.get(one.position, False), amounts.get(one.position, 0)) for one in decided
        )

    def opening(self, programme: str, positions: Sequence[int]) -> frozenset[int]:
        """Which of these decisions open an episode of their unit (`customize/programme/episodes.py`)."""
        asked = sorted(set(positions))
        if not asked:
            return frozenset()
        rows: dict[int, tuple[bytes, Any, Any]] = {}
        for page in rows_among(self._connection, _OF_THEIR_UNITS, asked, programme, asked[-1]):
            rows.update((position, (unit, at, matures_at)) for unit, position, at, matures_at in page)
        episodes: Episodes[Any] = Episodes()
        within = {position for position in sorted(rows) if not episodes.opens(*rows[position])}
        return frozenset(position for position in asked if position not in within)

    def leave_unread(self, positions: Sequence[int]) -> None:
        """Note of decisions that they could not be read when it was looked for what came of them."""
        put_rows(self._connection, _LEAVE_UNREAD, [(one,) for one in sorted(set(positions))])

    def anonymous(self, programme: str, after: int, limit: int) -> tuple[Anonymous, ...]:
        """What is nobody's of a programme's decisions behind a position, in order, with what came of each in
        its window; of the forgotten too.
        """
        found = rows_of(self._connection, _ANONYMOUS, programme, after, limit)
        return tuple(
            Anonymous(
                position,
                programme,
                version,
                arm,
                treatment,
                probability,
                self._moment(at),
                self._moment(matures_at),
                unit,
                bool(taken),
                amount or 0,
                bool(unread),
            )
            for position, version, arm, treatment, probability, at, matures_at, unit, *came in found
            for taken, amount, unread in (came,)
        )

    def forget_decisions(self, customer: CustomerId) -> int:
        """Make a customer's decisions nobody's: treatment, probability and outcome stay. How many there were.

        Nothing leads back: ids, units and sealed records are gone, whether or not the key is destroyed.
        """
        return put_rows(self._connection, f"{_FORGET} WHERE customer = ?", [(b"", customer)])

    def forget_old_decisions(self, purpose: str, before: datetime, most: int) -> int:
        """Make a purpose's decisions from before a moment nobody's, the oldest first; how many.

        At most `most`, and called again while there are so many: so others come to write in between.
        """
        old = (
            "SELECT position FROM decisions WHERE purpose = ? AND at < ? AND sealed IS NOT NULL "
            "ORDER BY at LIMIT ?"
        )
        words = f"{_FORGET} WHERE position IN ({old})"
        return put_rows(self._connection, words, [(b"", purpose, self._kept(before), most)])

    def _settled(self) -> int:
        """A position at or below which no decision is still being written."""
        if self._database != "postgresql":
            return _TO_THE_END  # one writer at a time
        if not self._writing:
            words = "SELECT coalesce(max(up_to), 0) FROM decision_blocks"
            return int(rows_of(self._connection, words)[0][0])
        savepoint = self._connection.begin_nested()
        try:
            return self._watermark(decisions_table)
        finally:
            savepoint.rollback()  # which lets the others write on

    def _decision_row(self, one: Decision) -> tuple[Any, ...]:
        if one.purpose:
            customer: str | None = one.customer
            unit = self._unit(one.unit)
            sealed = self._keyring.seal_bytes(one.customer, _context(one.id), packed(one))
        else:
            customer, unit = None, b""
            sealed = self._keyring.seal_bytes_for_store(_context(one.id), packed(one))
        return (
            one.id,
            customer,
            unit,
            sealed,
            leaf((one.id, customer, unit, sealed)),
            one.programme,
            one.version,
            one.model,
            one.prices,
            one.purpose,
            one.arm,
            one.treatment,
            one.probability,
            self._kept(one.at),
            self._kept(one.matures_at),
        )

    def _decision(self, row: tuple[Any, ...]) -> Decision:
        position, decision, customer, sealed, programme, version, model, prices, purpose, *rest = row
        arm, treatment, probability, at, matures_at = rest
        if customer is None:
            kept = self._keyring.open_bytes_for_store(_context(decision), sealed)
        else:
            kept = self._keyring.open_bytes(customer, _context(decision), sealed)
        return Decision(
            id=DecisionId(decision),
            customer=CustomerId(customer or ""),
            programme=programme,
            version=version,
            model=model,
            prices=prices,
            at=self._moment(at),
            matures_at=self._moment(matures_at),
            arm=arm,
            treatment=treatment,
            probability=probability,
            purpose=purpose,
            position=position,
            **unpacked(kept),
        )


def decision_leaf(row: Row[Any]) -> bytes:
    """The hash of a decision's row: of what is nobody's, with the hash of what is somebody's.

    So it is the same before and after the customer was forgotten, and another when a row is made somebody
    else's.
    """
    cells: tuple[Any, ...] = tuple(row)
    position, whose, rest = cells[0], cells[1:5], cells[5:]
    kept = whose == _FORGOTTEN or leaf(whose) == row.whose
    return leaf((position, *rest) if kept else (position, *rest, b"changed"))


def _context(decision: str) -> str:
    return f"decision {decision}"

"""What is served of each programme, what it used, its units' hold-out arms, and looks at its verdict."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from trato.customize.programme.holdouts import older
from trato.customize.programme.store import ServedProgramme, Use
from trato.storage.plain import put_rows, rows_among, rows_of
from trato.storage.records import Records
from trato.storage.tables.programmes import verdict_looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from trato.customize.programme.treatments import Arm

_SERVED = (
    "SELECT programme, version, model, prices, learned_up_to, conducted, changed_at, settled_up_to "
    "FROM served_programmes"
)
_FIRST = (
    "INSERT INTO served_programmes (programme, version, model, prices, learned_up_to, conducted, changed_at, "
    "settled_up_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_NEXT = (
    "UPDATE served_programmes SET version = ?, model = ?, prices = ?, learned_up_to = ?, conducted = ?, "
    "changed_at = ?, settled_up_to = ? WHERE programme = ? AND version = ? AND model = ? AND prices = ? "
    "AND learned_up_to = ? AND conducted = ? AND changed_at = ? AND settled_up_to = ?"
)
_USES = "SELECT what, used, most FROM programme_uses"
_UNUSED = (
    "INSERT INTO programme_uses (programme, what, used, most) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_ARM = "INSERT INTO holdout_arms (unit, programme, arm, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"


class ProgrammeRecords(Records):
    """Programmes as they run, within one transaction."""

    __slots__ = ()

    def served_programmes(self) -> dict[str, ServedProgramme]:
        """What is served of each programme, by its key."""
        return {
            key: ServedProgramme(
                key, version, model, prices, learned, conducted, self._moment(changed), settled
            )
            for key, version, model, prices, learned, conducted, changed, settled in rows_of(
                self._connection, f"{_SERVED} ORDER BY programme"
            )
        }

    def serve_programme(self, served: ServedProgramme, *, instead: ServedProgramme | None) -> bool:
        """Serve this; False (and nothing done) when what is served is no longer `instead`."""
        row = self._served_row(served)
        if instead is None:
            return put_rows(self._connection, _FIRST, [row]) == 1
        return put_rows(self._connection, _NEXT, [(*row[1:], *self._served_row(instead))]) == 1

    def uses_of(self, programme: str) -> tuple[Use, ...]:
        """What the programme has used of all that is limited, by what it is; without what it never got."""
        words = f"{_USES} WHERE programme = ? AND most > 0 ORDER BY what"
        found = rows_of(self._connection, words, programme)
        return tuple(Use(programme, what, used, most) for what, used, most in found)

    def reserve(self, programme: str, uses: Mapping[str, tuple[int, int]]) -> bool:
        """Use so much of each thing, given as {what: (amount, limit)}: all of it, or nothing and False.

        Atomic: with any number of callers no use ever passes its limit. What is used is held until the
        transaction ends: who wants the same waits.
        """
        if not uses:
            return True
        used = self._held_uses(programme, sorted(uses))
        for what, (amount, most) in uses.items():
            if amount < 0 or used[what] + amount > most:
                return False
        words = "UPDATE programme_uses SET used = used + ?, most = ? WHERE programme = ? AND what = ?"
        rows = [(amount, most, programme, what) for what, (amount, most) in sorted(uses.items())]
        put_rows(self._connection, words, rows)
        return True

    def release(self, programme: str, uses: Mapping[str, int]) -> None:
        """Give back what was set aside and is not needed; never more than was used."""
        words = (
            "UPDATE programme_uses SET used = CASE WHEN used > ? THEN used - ? ELSE 0 END "
            "WHERE programme = ? AND what = ?"
        )
        rows = [(amount, amount, programme, what) for what, amount in sorted(uses.items()) if amount > 0]
        put_rows(self._connection, words, rows)

    def arms_of(self, programme: str, units: Sequence[str]) -> dict[str, Arm]:
        """The hold-out arm that each unit was given; units without one are left out."""
        named = {self._unit(one): one for one in units}
        words = "SELECT unit, arm FROM holdout_arms WHERE unit IN (??) AND programme = ?"
        return {
            named[unit]: arm
            for page in rows_among(self._connection, words, list(named), programme)
            for unit, arm in page
        }

    def oldest_arm(self, programme: str, units: Sequence[str]) -> Arm | None:
        """The arm that one of these units was given first of them all; None where none has one.

        Of those given at one moment that of the first in the order of what units are kept as, as in
        `join_units`: the arms have no say in it, so that they keep their shares.
        """
        words = "SELECT at, unit, arm FROM holdout_arms WHERE unit IN (??) AND programme = ?"
        pages = rows_among(self._connection, words, [self._unit(one) for one in units], programme)
        found = [(self._moment(at), unit, arm) for page in pages for at, unit, arm in page]
        return older(found) if found else None

    def put_arms(self, programme: str, arms: Mapping[str, Arm], at: datetime) -> dict[str, Arm]:
        """Give units their arms; what a unit was given before stays. Returns what holds."""
        kept = self._kept(at)
        rows = sorted((self._unit(unit), programme, arm, kept) for unit, arm in arms.items())
        if put_rows(self._connection, _ARM, rows) == len(rows):
            return dict(arms)
        return self.arms_of(programme, list(arms))

    def join_units(self, unit: str, other: str) -> None:
        """Let two units, which turned out to be one, have one arm in each programme: the older arm holds."""
        one, two = self._unit(unit), self._unit(other)
        words = "SELECT programme, arm, at FROM holdout_arms WHERE unit IN (??) ORDER BY at, unit"
        oldest: dict[str, tuple[Any, ...]] = {}
        for page in rows_among(self._connection, words, sorted({one, two})):
            for programme, arm, at in page:
                oldest.setdefault(programme, (arm, at))
        put = (
            "INSERT INTO holdout_arms (unit, programme, arm, at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (unit, programme) DO UPDATE SET arm = excluded.arm, at = excluded.at"
        )
        rows = [
            (which, programme, arm, at)
            for programme, (arm, at) in sorted(oldest.items())
            for which in sorted({one, two})
        ]
        put_rows(self._connection, put, rows)

    def holdout_salt(self) -> bytes:
        """The store's own secret salt for hold-outs: drawn once, with the secret of its look-ups."""
        return hmac.digest(self._pepper, b"hold-outs", "sha256")

    def add_look(self, programme: str, at: datetime, document: str) -> int:
        """Keep a look at a programme's verdict, and return its number, from 1."""
        mine = verdict_looks.c.programme == programme
        last = self._connection.scalar(select(func.max(verdict_looks.c.number)).where(mine))
        number = (last or 0) + 1
        row = {"programme": programme, "number": number, "at": at, "document": document}
        self._connection.execute(insert(verdict_looks).values(**row))
        return number

    def looks_at(self, programme: str) -> tuple[tuple[int, datetime, str], ...]:
        """All looks at a programme's verdict, in order: number, when, and what was seen."""
        rows = self._connection.execute(
            select(verdict_looks.c.number, verdict_looks.c.at, verdict_looks.c.document)
            .where(verdict_looks.c.programme == programme)
            .order_by(verdict_looks.c.number)
        )
        return tuple((number, at, document) for number, at, document in rows)

    def _held_uses(self, programme: str, wanted: Sequence[str]) -> dict[str, int]:
        """How much of each is used, held until the transaction ends; 0 of what was never used.

        On PostgreSQL what is missing is put there first, and then all is held, both in one order: so callers
        wait for each other and do not cross.
        """
        used = self._used(programme, wanted, "")
        new = [(programme, what, 0, 0) for what in wanted if what not in used]
        put_rows(self._connection, _UNUSED, new)
        if self._database == "postgresql":
            return self._used(programme, wanted, " FOR UPDATE")
        return {**dict.fromkeys(wanted, 0), **used}

    def _used(self, programme: str, wanted: Sequence[str], held: str) -> dict[str, int]:
        words = f"{_USES} WHERE what IN (??) AND programme = ? ORDER BY what{held}"
        pages = rows_among(self._connection, words, wanted, programme)
        return {what: used for page in pages for what, used, _ in page}

    def _served_row(self, one: ServedProgramme) -> tuple[Any, ...]:
        return (
            one.programme,
            one.version,
            one.model,
            one.prices,
            one.learned_up_to,
            one.conducted,
            self._kept(one.changed_at),
            one.settled_up_to,
        )

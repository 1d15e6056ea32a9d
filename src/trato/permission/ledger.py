"""The permission ledger: what each customer granted, denied and withdrew, append-only and chained.

Each entry's hash covers the entry and the hash before it, hash_n = SHA-256(hash_{n-1} ‖ entry_n), so that
nobody can edit, remove or reorder an entry without `verify` finding out (Haber & Stornetta, 1991). The head,
which is the last position and hash, catches a tail that was cut off. What an entry holds of the customer's
own words is sealed, and the hash covers it as sealed: the chain holds after the key was destroyed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trato.customers.customer import CustomerId

State = Literal["granted", "withdrawn", "denied"]
STATES: tuple[State, ...] = get_args(State)

_ENCODING = b"trato permission 1"
_MOST_TRACED = 100  # beyond that the ledger was rewritten, and tracing costs the square of it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a customer said about one purpose.

    `at` is when they said it, `recorded_at` when it was written here. `fields` are the personal fields that
    a grant covers, and `until` is when it ends. `touchpoint` is where they said it, `source` how it came
    here (a form, an import, a colleague), `evidence` their words or a reference to them, sealed. `position`
    counts from 1 without gaps; an entry that is not yet chained has position 0 and no hash.
    """

    customer: CustomerId
    purpose: str
    state: State
    at: datetime
    recorded_at: datetime
    until: datetime | None
    fields: tuple[str, ...]
    touchpoint: str
    source: str
    evidence: bytes
    position: int = 0
    hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the last position and the last hash."""

    position: int
    hash: bytes


GENESIS = Head(0, bytes(32))


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where the ledger is not as it was written.

    *altered*: the entry was edited. *missing*: the entry is gone, and the one after it cannot be checked.
    *moved*: the entry stood at `from_position`. *added*: it stands behind the head. *head*: the head itself
    does not fit the last entry.
    """

    position: int
    kind: Literal["altered", "missing", "moved", "added", "head"]
    from_position: int | None = None

    def __str__(self) -> str:
        return {
            "altered": f"entry {self.position} was edited",
            "missing": f"entry {self.position} is missing",
            "moved": f"the entry at position {self.position} stood at {self.from_position}",
            "added": f"entry {self.position} was added behind the head",
            "head": f"the head does not fit entry {self.position}",
        }[self.kind]


def encoded(entry: Entry) -> bytes:
    """The bytes that the hash covers: each field with its length, so that none runs into another."""
    until = b"" if entry.until is None else _moment(entry.until)
    parts = (
        _ENCODING,
        entry.position.to_bytes(8, "big"),
        entry.customer.encode(),
        entry.purpose.encode(),
        entry.state.encode(),
        _moment(entry.at),
        _moment(entry.recorded_at),
        until,
        b"".join(_counted(field.encode()) for field in entry.fields),
        entry.touchpoint.encode(),
        entry.source.encode(),
        entry.evidence,
    )
    return b"".join(map(_counted, parts))


def chained(head: Head, entry: Entry) -> Entry:
    """The entry as the next link of the chain."""
    placed = replace(entry, position=head.position + 1, hash=b"")
    return replace(placed, hash=_hash(head.hash, placed))


def head_of(entry: Entry) -> Head:
    """The head after an entry was chained."""
    return Head(entry.position, entry.hash)


def standing(entries: Sequence[Entry]) -> Entry | None:
    """The entry that decides, of one customer and purpose in the ledger's order; None when nothing was said.

    A withdrawal or denial counts from the moment it is recorded. A grant that was said before that and is
    recorded after it (a list imported again, a late form) changes nothing: it brings nobody back.
    """
    deciding: Entry | None = None
    refused_at: datetime | None = None
    for entry in entries:
        if entry.state != "granted":
            refused_at = entry.recorded_at
            deciding = entry
        elif refused_at is None or entry.at >= refused_at:
            deciding = entry
    return deciding


def verify(entries: Iterable[Entry], head: Head) -> tuple[Fault, ...]:
    """Every place where the ledger, read by position, is not as it was written; empty when it is whole.

    An edit, a removal, an exchange and a cut tail are found and named. A rewriting of everything from some
    entry on *and* of the head is found only against a head that was noted elsewhere.
    """
    faults: list[Fault] = []
    doubtful: list[_Doubt] = []
    before = GENESIS
    for entry in entries:
        gap = entry.position != before.position + 1
        if gap:
            faults.extend(Fault(p, "missing") for p in range(before.position + 1, entry.position))
        true_hash = _hash(before.hash, entry)
        if not gap and true_hash != entry.hash:
            doubtful.append(_Doubt(entry, before.hash, true_hash))
        if entry.position > head.position:
            faults.append(Fault(entry.position, "added"))
        before = head_of(entry)
    faults.extend(_judged(doubtful))
    faults.extend(Fault(p, "missing") for p in range(before.position + 1, head.position + 1))
    if before.position == head.position and before.hash != head.hash and not faults:
        faults.append(Fault(head.position, "head"))
    return tuple(sorted(faults, key=lambda fault: fault.position))


@dataclass(frozen=True, slots=True)
class _Doubt:
    """An entry whose hash does not follow from the one before."""

    entry: Entry
    before: bytes
    true_hash: bytes


def _judged(doubtful: Sequence[_Doubt]) -> Iterable[Fault]:
    """Tell entries that were edited from those that were moved, and from sound ones behind either."""
    known = {one for doubt in doubtful for one in (doubt.before, doubt.true_hash, doubt.entry.hash)}
    places = [doubt.entry.position for doubt in doubtful]
    for doubt in doubtful:
        entry = doubt.entry
        if len(doubtful) > _MOST_TRACED:
            yield Fault(entry.position, "altered")
            continue
        if any(_hash(before, entry) == entry.hash for before in known):
            continue  # sound itself: what stood before it was edited or moved
        stood = next(
            (
                place
                for place in places
                for before in known
                if _hash(before, replace(entry, position=place)) == entry.hash
            ),
            None,
        )
        yield Fault(entry.position, "altered" if stood is None else "moved", stood)


def _hash(before: bytes, entry: Entry) -> bytes:
    return hashlib.sha256(before + encoded(entry)).digest()


def _counted(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def _moment(at: datetime) -> bytes:
    return ((at - _EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big", signed=True)

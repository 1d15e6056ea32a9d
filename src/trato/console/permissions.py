"""For data protection: how permissions stand, whether the ledger is whole, and who looked at whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.permission.ledger import verify
from trato.permission.permit import needs_opt_in
from trato.storage.blocks import LOGS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.responses import Response

    from trato.company.access import Looked
    from trato.console.visit import Visit
    from trato.permission.ledger import Fault, Head
    from trato.permission.purposes import Purpose
    from trato.storage.blocks import LogName, LogVerified
    from trato.storage.transaction import Transaction

LOOKS = 50
FAULTS = 20


@dataclass(frozen=True, slots=True)
class Count:
    """How many customers stand how with a purpose; `objected` where no yes is needed."""

    purpose: Purpose
    opt_in: bool
    granted: int
    ended: int
    denied: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of reading the whole ledger and all logs whole."""

    entries: int
    head: str
    faults: tuple[Fault, ...]
    logs: Mapping[LogName, LogVerified]
    at: datetime


def show(visit: Visit) -> Response:
    """The purposes with their counts, and the last looks."""
    return _permissions(visit, None)


def verify_ledger(visit: Visit) -> Response:
    """Read the ledger and check each entry against the one before, and the logs against their blocks."""

    def read(it: Transaction) -> tuple[Head, tuple[Fault, ...], dict[LogName, LogVerified]]:
        head = it.permission_head()
        return head, verify(it.ledger(), head), {log: it.verify_log(log) for log in LOGS}

    head, faults, logs = visit.desk.store.read(read)
    return _permissions(visit, Verified(head.position, head.hash.hex(), faults[:FAULTS], logs, visit.now))


def _permissions(visit: Visit, verified: Verified | None) -> Response:
    now = visit.now

    def read(it: Transaction) -> tuple[list[Count], Head, tuple[Looked, ...], dict[str, str]]:
        counts = [_count(it, purpose, now) for purpose in visit.desk.company.purposes]
        return counts, it.permission_head(), tuple(it.looks(LOOKS)), names_of(it)

    counts, head, looks, names = visit.desk.store.read(read)
    return visit.show(
        "permissions",
        counts=counts,
        head=head,
        looks=looks,
        names=names,
        labels={one.key: one.labels for one in visit.desk.company.purposes},
        fields=lambda purpose: [str(visit.reader.named("field", one)).lower() for one in purpose.fields],
        verified=verified,
        most=LOOKS,
    )


def names_of(it: Transaction) -> dict[str, str]:
    """What to call those who look and record: people by their e-mail, programs by their key's label."""
    made = it.keys()
    return {f"person:{one.id}": one.email for one in it.persons()} | {
        f"key:{one.id}": one.label for one in made
    }


def _count(it: Transaction, purpose: Purpose, now: datetime) -> Count:
    found: Counter[str] = Counter()
    for one in it.permitting(purpose.key):
        over = one.state == "granted" and one.until is not None and one.until <= now
        found["ended" if over else one.state] += 1
    return Count(
        purpose,
        needs_opt_in(purpose),
        found["granted"],
        found["ended"],
        found["denied"],
        found["withdrawn"],
    )

"""What receiving costs the processor, without a store beneath it and with one, in batches of a hundred.

    python benchmarks/receive.py [--batches 30]

A third of the events are orders of two products, a third statements with words, a third say who somebody is.
Each carries three identifiers. *Known*: all customers have been met; *new*: none has. Without a store, one
that answers at once stands in its place; with one, SQLite with `synchronous=FULL` in a fresh file.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# The market and the store in memory are those of the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.interact.market import NOW, PURPOSES, SOURCES, order, sent
from tests.interact.memory import MemoryStore
from trato.interact.receive import receive
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Batch = Sequence[Mapping[str, object]]

BATCH = 100


class NoStore(MemoryStore):
    """Answers at once: it knows identifiers, and keeps nothing else."""

    def new_messages(self, messages: Sequence[str]) -> set[str]:
        return set(messages)

    def standings(self, *_: object) -> dict[Any, Any]:
        return {}

    def kinds_of(self, customers: Sequence[Any]) -> dict[Any, frozenset[str]]:
        return dict.fromkeys(customers, frozenset(("user_id", "email")))

    def add_identifiers(self, identifiers: Sequence[tuple[Any, Any, Any]]) -> int:
        self.owners |= {(one.kind, one.normalised): customer for customer, one, _ in identifiers}
        return len(identifiers)

    def append_interactions(self, entries: Sequence[object]) -> int:
        return len(entries)

    def add_receipts(self, receipts: Sequence[object]) -> None:
        pass


def batch(first: int) -> list[dict[str, object]]:
    """A hundred events of as many customers, the first of whom has that number."""
    events = []
    for place in range(BATCH):
        user = f"u{first + place}"
        of: Callable[[], dict[str, object]] = (
            lambda: order(user, "rye", "oat"),  # noqa: B023 - called in this round
            lambda: sent("Rated", user, category="bread", name="oat", words="no oat"),  # noqa: B023
            lambda: sent("Signed up", user, traits={"name": "Ana", "language": "es"}),  # noqa: B023
        )[place % 3]
        more = {
            "messageId": secrets.token_hex(8),
            "sentAt": NOW.isoformat(),
            "anonymousId": f"a-{user}",
            "context": {"traits": {"email": f"{user}@example.org"}},
        }
        events.append({**of(), **more})
    return events


def cost(send: Callable[[Batch], object], batches: Sequence[Batch]) -> float:
    """Microseconds of processor an event."""
    started = time.process_time()
    for one in batches:
        send(one)
    return (time.process_time() - started) / (len(batches) * BATCH) * 1e6


def main() -> None:
    """Measure, and say what was found."""
    options = argparse.ArgumentParser()
    options.add_argument("--batches", type=int, default=30)
    many = options.parse_args().batches

    def to(it: Any) -> Callable[[Batch], object]:
        return lambda events: receive(
            it, SOURCES, PURPOSES, events, scope="key", received_at=NOW, draw=secrets.token_bytes
        )

    nowhere = to(NoStore())
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/trato.sqlite3", bytes(32)) as store,
    ):

        def kept(events: Batch) -> object:
            return store.write(lambda it: to(it)(events))

        for name, send in (("without a store", nowhere), ("with SQLite", kept)):
            new = cost(send, [batch(place * BATCH) for place in range(many)])
            known = cost(send, [batch(place * BATCH) for place in range(many)])
            sys.stdout.write(f"{name}: {known:.0f} µs an event, {new:.0f} of new customers\n")


if __name__ == "__main__":
    main()

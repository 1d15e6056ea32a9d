"""Eight writers at once: events, sent twice over, and permissions; and a store that is locked for a while."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from tests.storage.log_me import IN_A_BATCH, message, send
from tests.storage.shop import MASTER_KEY, faults, give, permit, purpose, register, withdraw
from tests.storage.test_standings import by_the_ledger
from trato import errors
from trato.storage import address, embedded
from trato.storage.store import open_store

if TYPE_CHECKING:
    from trato.customers.customer import CustomerId
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

WRITERS = 8
TURNS = 12
CUSTOMERS = 4
SERVICE = purpose("service", "contract")


def modules(store: Store, customers: list[CustomerId]) -> Counter[str | None]:
    """The messages that are in the log, which say themselves as modules."""

    def read(it: Transaction) -> Counter[str | None]:
        logs = [it.interactions_of(permit(it, who, SERVICE), limit=9999) for who in customers]
        return Counter(entry.module for log in logs for entry in log)

    return store.read(read)


def test_eight_writers_of_events_and_permissions_stay_correct(store: Store) -> None:
    """Each batch comes from two writers, at about the same time, as from a client that lost patience."""
    customers = [register(store, f"c{i}@example.org") for i in range(CUSTOMERS)]
    together = [threading.Barrier(2) for _ in range(WRITERS // 2)]

    def write(writer: int) -> None:
        pair = writer // 2
        for turn in range(TURNS):
            together[pair].wait(60)
            send(store, customers[pair], pair, turn)
            who = customers[(writer + turn) % CUSTOMERS]
            (give if (writer + turn) % 3 else withdraw)(store, who)

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write, writer) for writer in range(WRITERS)]:
            done.result()
    every = [
        message(pair, turn, number)
        for pair in range(WRITERS // 2)
        for turn in range(TURNS)
        for number in range(IN_A_BATCH)
    ]
    assert modules(store, customers) == Counter(one for one in every if not one.endswith(":0"))
    aside = store.read(lambda it: it.aside_summary())
    assert Counter({reason: count for _, reason, count, _ in aside}) == Counter(
        one for one in every if one.endswith(":0")
    )
    assert store.read(lambda it: it.new_messages(every)) == set()
    assert faults(store) == ()
    assert store.read(lambda it: it.permission_head().position) == WRITERS * TURNS
    standings = store.read(lambda it: it.standings(customers, ["newsletter"]))
    assert standings == store.read(by_the_ledger)


def test_a_store_that_is_locked_is_unavailable_and_serves_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "LOCK_SECONDS", 1)
    monkeypatch.setattr(embedded, "BUSY_SECONDS", 0.05)
    lock = "BEGIN IMMEDIATE" if database.startswith("sqlite") else "LOCK TABLE receipts"
    other = create_engine(database, isolation_level="AUTOCOMMIT" if lock.startswith("BEGIN") else None)
    with open_store(database, MASTER_KEY) as store:
        ana = register(store, "ana@example.org")
        send(store, ana, 0, 0)
        with other.connect() as connection:
            connection.execute(text(lock))
            with pytest.raises(errors.StorageUnavailable, match="it is locked"):
                send(store, ana, 0, 1)
            connection.execute(text("ROLLBACK"))
        send(store, ana, 0, 1)
        assert modules(store, [ana]).total() == 2 * (IN_A_BATCH - 1)
    other.dispose()

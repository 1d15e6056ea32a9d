"""kill -9 in the middle of writing loses nothing that was acknowledged, and doubles nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.storage import decide_me
from tests.storage.kill_me import customer_name
from tests.storage.log_me import IN_A_BATCH, message
from tests.storage.shop import LATER, MASTER_KEY, faults, give, permit, register
from tests.storage.test_store import beside_the_store
from trato.customers.customer import CustomerId
from trato.storage.sealing import seal_log
from trato.storage.store import open_store

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = (1, 7, 60)  # acknowledgements before each kill
KILLS = {"sqlite": 20, "postgresql": 5}
THREADS = 4


def kept(store: Store, customer: CustomerId) -> tuple[int, dict[str, str]]:
    """The position of the customer's permission, and what it opens."""

    def look(it: Transaction) -> tuple[int, dict[str, str]]:
        leave = permit(it, customer)
        return leave.position, it.values_of(leave)

    return store.read(look)


def test_kill_minus_nine_loses_nothing_acknowledged(database: str) -> None:
    acknowledged: list[tuple[CustomerId, int, int]] = []
    for run, enough in enumerate(RUNS):
        command = [sys.executable, "-m", "tests.storage.kill_me", database, str(run)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            heard = [writer.stdout.readline() for _ in range(enough)]
            writer.kill()
            heard += writer.stdout.read().splitlines()
        for line in heard:
            words = line.split()
            if len(words) == 3:  # the last line may be cut
                acknowledged.append((CustomerId(words[0]), int(words[1]), int(words[2])))
        with open_store(database, MASTER_KEY) as store:
            assert faults(store) == ()
    assert len(acknowledged) >= sum(RUNS)
    with open_store(database, MASTER_KEY) as store:
        for customer, turn, position in acknowledged:
            assert kept(store, customer) == (position, {"name": f"Customer {customer_name(turn)}"})
        entries = store.read(lambda it: list(it.ledger()))
    assert len({entry.customer for entry in entries}) == len(entries)


def test_kill_minus_nine_loses_no_acknowledged_event_and_doubles_none(database: str) -> None:
    """Killed at random, many times; each time the clients send again what they heard no answer to."""
    with open_store(database, MASTER_KEY) as store:
        register(store, "ana@example.org")
    chance = np.random.default_rng(9)
    kills = KILLS[database.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]]
    acknowledged = [-1] * THREADS  # the last batch of each thread
    for _ in range(kills):
        firsts = [str(last + 1) for last in acknowledged]
        command = [sys.executable, "-m", "tests.storage.log_me", database, *firsts]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            heard = [writer.stdout.readline() for _ in range(int(chance.integers(1, 40)))]
            time.sleep(chance.random() / 100)  # somewhere between two answers
            writer.kill()
            heard += writer.stdout.read().splitlines()
        for line in heard:
            thread, batch = map(int, line.split())
            assert batch == acknowledged[thread] + 1
            acknowledged[thread] = batch
    assert sum(acknowledged) > kills
    open_store(database, MASTER_KEY).close()  # which recovers what was left
    kept = Counter(row[0] for row in beside_the_store(database, "SELECT module FROM interactions"))
    kept += Counter(row[0] for row in beside_the_store(database, "SELECT reason FROM asides"))
    assert set(kept.values()) == {1}
    for thread, last in enumerate(acknowledged):
        for batch in range(last + 1):
            assert all(message(thread, batch, number) in kept for number in range(IN_A_BATCH))
        unheard = [message(thread, last + 1, number) in kept for number in range(IN_A_BATCH)]
        assert len(set(unheard)) == 1  # whole, or not at all
    most = sum(IN_A_BATCH * (last + 2) for last in acknowledged)
    assert len(kept) <= most
    receipts = beside_the_store(database, "SELECT count(*) FROM receipts")
    assert receipts == [(len(kept),)]


def test_kill_minus_nine_leaves_each_decision_complete_or_absent(database: str) -> None:
    """Row, contact and what it used are all there or none of them, and what was acknowledged is."""
    with open_store(database, MASTER_KEY) as store:
        ana = register(store, "ana@example.org")
        give(store, ana)
    acknowledged: set[str] = set()
    for run, enough in enumerate(RUNS):
        command = [sys.executable, "-m", "tests.storage.decide_me", database, str(run), ana]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            heard = [writer.stdout.readline() for _ in range(enough)]
            writer.kill()
            heard += writer.stdout.read().splitlines()
        acknowledged |= {line.strip() for line in heard if line.strip().count("-") == 3}
    with open_store(database, MASTER_KEY) as store:
        decided = store.read(lambda it: it.decisions_of(permit(it, ana), limit=10**6))
        uses = store.read(lambda it: it.uses_of("welcome"))
        seal_log(store, LATER)
        assert store.read(lambda it: it.verify_log("decisions")).faults == ()
    ids = [one.id for one in decided]
    assert acknowledged <= set(ids)
    assert len(acknowledged) >= sum(RUNS) - len(RUNS)
    batches = Counter(one.rpartition("-")[0] for one in ids)
    assert set(batches.values()) == {decide_me.IN_A_BATCH}  # whole, or not at all
    assert len(set(ids)) == len(ids)
    assert [one.used for one in uses] == [len(ids)]
    contacts = beside_the_store(database, "SELECT count(*) FROM interactions WHERE kind = 'contact'")
    assert contacts == [(len(ids),)]

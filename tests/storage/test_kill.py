"""kill -9 in the middle of writing loses nothing that was acknowledged, and doubles nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.storage.kill_me import customer_name
from tests.storage.shop import MASTER_KEY, faults, permit
from trato.customers.customer import CustomerId
from trato.storage.store import open_store

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = (1, 7, 60)  # acknowledgements before each kill


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

"""Writes on and on, and says what was acknowledged, until somebody kills it. Run by test_kill.py."""

from __future__ import annotations

import sys
import threading

from tests.storage.shop import MASTER_KEY, give, register
from trato.storage.store import open_store


def main() -> None:
    url, run = sys.argv[1:]
    store = open_store(url, MASTER_KEY)
    say = threading.Lock()

    def write(thread: int) -> None:
        for turn in range(100_000):
            customer = register(
                store, f"r{run}t{thread}n{turn}@example.org", f"Customer {customer_name(turn)}"
            )
            permission = give(store, customer)
            with say:
                sys.stdout.write(f"{customer} {turn} {permission.position}\n")
                sys.stdout.flush()

    for thread in range(4):
        threading.Thread(target=write, args=(thread,)).start()


def customer_name(turn: int) -> str:
    return f"number {turn}"


if __name__ == "__main__":
    main()

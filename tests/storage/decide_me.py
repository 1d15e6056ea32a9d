"""Decides on and on, and says what was acknowledged, until somebody kills it. Run by test_kill.py.

    python -m tests.storage.decide_me URL RUN CUSTOMER

Each of its threads logs decisions, each with its contact and the bread that it uses, and says their ids when
the store has answered.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from tests.storage.decided import contact_of, decision_of
from tests.storage.shop import MASTER_KEY
from trato.customers.customer import CustomerId
from trato.customize.programme.decision import DecisionId
from trato.storage.store import open_store

if TYPE_CHECKING:
    from trato.customize.programme.decision import Decision
    from trato.storage.transaction import Transaction

IN_A_BATCH = 3
THREADS = 4


def keep(it: Transaction, some: list[Decision]) -> None:
    """Log decisions with all that belongs to them."""
    assert all(it.reserve("welcome", {"stock:bread": (1, 10**9)}) for _ in some)
    it.append_decisions(some)
    it.append_interactions([contact_of(one) for one in some])


def main() -> None:
    url, run, whose = sys.argv[1:]
    store = open_store(url, MASTER_KEY)
    customer = CustomerId(whose)

    def go_on(thread: int) -> None:
        for turn in range(100_000):
            some = [
                decision_of(customer, DecisionId(f"{run}-{thread}-{turn}-{number}"), reserved=1)
                for number in range(IN_A_BATCH)
            ]
            store.write(lambda it, some=some: keep(it, some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            os.write(1, "".join(f"{one.id}\n" for one in some).encode())

    for thread in range(THREADS):
        threading.Thread(target=go_on, args=(thread,)).start()


if __name__ == "__main__":
    main()

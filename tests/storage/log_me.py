"""Appends to a log on and on, and says what was acknowledged. Run by the tests that kill it and watch it.

    python -m tests.storage.log_me URL FIRST...

Each thread sends batches of messages, its first one being `FIRST`, as a client that sends again what it heard
no answer to, and says `THREAD BATCH` when the store has answered; `not now: WHY` when it cannot serve.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.storage.shop import MASTER_KEY, NOW, entry_of
from trato.customers.customer import CustomerId
from trato.errors import StorageUnavailable
from trato.interact.log import Aside, Receipt
from trato.storage.store import EmbeddedStore, open_store

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

IN_A_BATCH = 5


def message(thread: int, batch: int, number: int) -> str:
    return f"{thread}:{batch}:{number}"


def take(it: Transaction, customer: CustomerId, messages: list[str]) -> int:
    """Keep what is new of the messages, as receiving does; how many are."""
    new = it.new_messages(messages)
    fresh = [one for one in messages if one in new]
    aside = [one for one in fresh if one.endswith(":0")]  # the first of a batch gives no interaction
    it.append_interactions([entry_of(customer, None, module=one) for one in fresh if one not in aside])
    it.put_aside([Aside("till", one, NOW, one) for one in aside])
    it.add_receipts([Receipt(one, NOW, "aside" if one in aside else "kept") for one in fresh])
    return len(fresh)


def send(store: Store, customer: CustomerId, thread: int, batch: int) -> None:
    messages = [message(thread, batch, number) for number in range(IN_A_BATCH)]
    store.write(lambda it: take(it, customer, messages))


def main() -> None:
    url, *firsts = sys.argv[1:]
    most = int(os.environ.get("LOG_ME_MOST", "1000000"))
    store = open_store(url, MASTER_KEY)
    if os.environ.get("LOG_ME_CARELESS"):
        assert isinstance(store, EmbeddedStore)
        raw: Any = store._writer._connection.connection.dbapi_connection
        raw.execute("PRAGMA synchronous = OFF")
    customer = store.read(lambda it: next(iter(it.all_customers())))

    def go_on(thread: int, first: int) -> None:
        batch = first
        while batch < first + most:
            try:
                send(store, customer, thread, batch)
            except StorageUnavailable as error:
                os.write(1, f"not now: {error.message}\n".encode())
                time.sleep(0.01)
                continue
            os.write(1, f"{thread} {batch}\n".encode())
            batch += 1

    threads = [
        threading.Thread(target=go_on, args=(thread, int(first))) for thread, first in enumerate(firsts)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    store.close()


if __name__ == "__main__":
    main()

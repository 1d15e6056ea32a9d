"""Requests share transactions, each hears of its own, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.running import run
from trato.errors import StorageUnavailable
from trato.server.tracking.inbox import MOST_AT_ONCE, Inbox, Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def parcel(name: object, events: int = 1) -> Parcel:
    return Parcel([{"event": name}] * events, "key", NOW)


def names(parcels: Sequence[Parcel]) -> list[object]:
    return [one.events[0]["event"] for one in parcels]


class Store:
    """Remembers its groups; holds the first back until it is let go; fails as it is told to."""

    def __init__(self, fails: Callable[[Sequence[Parcel]], Exception | None] = lambda _: None) -> None:
        self.groups: list[list[object]] = []
        self.go = threading.Event()
        self._fails = fails

    def write(self, parcels: Sequence[Parcel]) -> None:
        assert threading.current_thread().name.startswith("trato-inbox")
        assert self.go.wait(30)
        self.groups.append(names(parcels))
        error = self._fails(parcels)
        if error is not None:
            raise error


def outcomes(store: Store, parcels: Sequence[Parcel]) -> list[Any]:
    """What each of the parcels hears, the first being on its way when the others come."""

    async def work() -> list[Any]:
        async with Inbox(store.write) as inbox:
            tasks = []
            for one in parcels:
                tasks.append(asyncio.create_task(inbox.put(one)))
                await asyncio.sleep(0.01 if len(tasks) == 1 else 0)
            store.go.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return run(work())


def test_what_waits_is_written_together() -> None:
    store = Store()
    assert outcomes(store, [parcel(name) for name in range(10)]) == [None] * 10
    assert store.groups == [[0], list(range(1, 10))]


def test_a_transaction_holds_so_many_events_unless_one_request_has_more() -> None:
    store = Store()
    sizes = [1, MOST_AT_ONCE - 1, 2, 2_000, 1, 1]
    assert outcomes(store, [parcel(name, size) for name, size in enumerate(sizes)]) == [None] * 6
    assert store.groups == [[0], [1], [2], [3], [4, 5]]


def test_a_store_that_cannot_serve_is_told_to_all_who_wait() -> None:
    store = Store(lambda parcels: StorageUnavailable("its disk is full") if 1 in names(parcels) else None)
    found = outcomes(store, [parcel(name) for name in range(4)])
    assert found[0] is None
    assert all(isinstance(one, StorageUnavailable) for one in found[1:])


def test_a_parcel_that_cannot_be_received_takes_no_other_with_it() -> None:
    store = Store(lambda parcels: ValueError("a fault of ours") if 2 in names(parcels) else None)
    found = outcomes(store, [parcel(name) for name in range(5)])
    assert [type(one) for one in found] == [type(None), type(None), ValueError, type(None), type(None)]


def test_what_waits_at_the_end_is_written_and_nothing_more_is_taken() -> None:
    store = Store()
    store.go.set()

    async def work() -> None:
        inbox = Inbox(store.write)
        async with inbox:
            task = asyncio.create_task(inbox.put(parcel("last")))
            await asyncio.sleep(0)
        await task
        with pytest.raises(StorageUnavailable):
            await inbox.put(parcel("late"))

    run(work())
    assert store.groups == [["last"]]


def test_a_sender_that_has_gone_holds_up_nobody() -> None:
    store = Store()

    async def work() -> None:
        async with Inbox(store.write) as inbox:
            gone = asyncio.create_task(inbox.put(parcel("gone")))
            await asyncio.sleep(0.01)
            gone.cancel()
            store.go.set()
            await inbox.put(parcel("here"))

    run(work())
    assert store.groups == [["gone"], ["here"]]

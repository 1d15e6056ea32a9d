"""The events of all requests that wait, written together, and each request answered after the commit.

A durable commit costs a sync of the disk, whether it holds one event or a thousand. So while one transaction
is on its way, what comes waits for the next; under load single events share a commit, and at rest none waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

from trato.customers.customer import CustomerId
from trato.errors import StorageError, StorageUnavailable
from trato.interact.receive import receive
from trato.server.problems import note_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from trato.server.context import Context
    from trato.storage.transaction import Transaction

MOST_AT_ONCE = 1_000
# Under load, those who were just answered come again within an instant: they share the next transaction too,
# which else they would all miss. Measured: a third more single events a second where a sync takes 3 ms.
GATHERING_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Parcel:
    """The events of one request. `scope` is the id of the key that brought them."""

    events: Sequence[Mapping[str, object]]
    scope: str
    received_at: datetime


Write: TypeAlias = "Callable[[Sequence[Parcel]], None]"


def writing(context: Context, touched: Callable[[frozenset[CustomerId]], None] = lambda _: None) -> Write:
    """Writes the events of parcels into the store, in one transaction, and returns after the commit.

    `touched` is told then of whom something was kept, and must not take long. The parcels of one key are
    received as one, at the moment when the first of them came: they differ by no more than the transaction
    before them took.
    """

    def write(parcels: Sequence[Parcel]) -> None:
        by_scope: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            by_scope.setdefault(parcel.scope, []).append(parcel)

        def work(it: Transaction) -> frozenset[CustomerId]:
            received = [
                receive(
                    it,
                    context.company.sources,
                    context.company.purposes,
                    [event for parcel in theirs for event in parcel.events],
                    scope=scope,
                    received_at=theirs[0].received_at,
                    draw=context.draw,
                )
                for scope, theirs in by_scope.items()
            ]
            return frozenset[CustomerId]().union(*(one.customers for one in received))

        touched(context.store.write(work))

    return write


@dataclass(frozen=True, slots=True)
class _Waiting:
    parcel: Parcel
    answer: asyncio.Future[None]


class Inbox:
    """Takes parcels, and hands all that wait to `write` at once. To be used within its `async with`.

    What cannot be written is not kept here: its sender is told, and sends it again. How much may wait is
    bounded before it comes here.
    """

    def __init__(self, write: Write) -> None:
        self._write_parcels = write
        self._queue: deque[_Waiting] = deque()
        self._there = asyncio.Event()
        self._open = False
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "trato-inbox")

    async def __aenter__(self) -> Self:
        self._open = True
        self._task = asyncio.create_task(self._run(), name="trato-inbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, then stop."""
        self._open = False
        self._there.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def put(self, parcel: Parcel) -> None:
        """Return once what became of the events is on disk.

        Raises StorageUnavailable when nothing can be written; then nothing of the parcel is kept.
        """
        if not self._open:
            raise StorageUnavailable("the server is stopping", hint="try again")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(parcel, answer))
        self._there.set()
        return await answer

    async def _run(self) -> None:
        while self._open or self._queue:
            await self._there.wait()
            self._there.clear()
            while self._queue:
                await self._write(self._next())
                if self._queue:
                    await asyncio.sleep(GATHERING_SECONDS)

    def _next(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        events = len(group[0].parcel.events)
        while self._queue and events + len(self._queue[0].parcel.events) <= MOST_AT_ONCE:
            group.append(self._queue.popleft())
            events += len(group[-1].parcel.events)
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        parcels = [one.parcel for one in group]
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write_parcels, parcels)
        except StorageError as error:
            _answer(group, error)
        except Exception as error:  # noqa: BLE001 whatever it is, those who wait must hear
            if len(group) == 1:
                note_fault(error)
                _answer(group, error)
                return
            for one in group:  # so that the one that cannot be received takes no other with it
                await self._write([one])
        else:
            _answer(group, None)


def _answer(group: Sequence[_Waiting], error: Exception | None) -> None:
    for one in group:
        if one.answer.done():
            continue  # its sender has gone
        if error is None:
            one.answer.set_result(None)
        else:
            one.answer.set_exception(error)

"""Scores kept up to date behind what comes in, so that lists and portfolio say what the pages say.

Whoever sends is answered first. Who was touched waits here, each once, and their scores are worked out
together a moment later, in a reading transaction; a short one writes them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Self

from trato.customize.scores import put_scored, scores_of
from trato.errors import StorageUnavailable
from trato.server.problems import note_fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from trato.customers.customer import CustomerId
    from trato.server.context import Context
    from trato.storage.transaction import Transaction

EVERY_SECONDS = 0.2
PATIENCE_SECONDS = 1.0  # where the store could not serve
LOOK_EVERY = 10  # so many times it waits before it looks for another build
MOST_WAITING = 20_000
MOST_AT_ONCE = 100

log = logging.getLogger(__name__)


def refresh_scores(context: Context, customers: Collection[CustomerId]) -> bool:
    """Work out the scores of customers and their units anew, and keep them.

    Done twice it changes nothing, in however many servers. False where another build was published in
    between, and nothing is kept. Raises StorageError.
    """
    company, now = context.company, context.now()
    found = context.store.read(
        lambda it: scores_of(
            it,
            customers,
            purposes=company.purposes,
            unit=company.settings.unit,
            zone=company.settings.zone,
            models=context.models,
            now=now,
        )
    )
    if found is None or not found.scores:
        return True
    return context.store.write(lambda it: put_scored(it, found, purposes=company.purposes, now=context.now()))


class Refresher:
    """Refreshes the scores of those who are added, a few times a second, within its `async with`.

    When it begins, and whenever it sees another build, it adds those of whom the log holds something behind
    that build's watermark. At most `most` wait; of who is beyond, a score stays as it was until they are
    touched again or the next build: their pages are right all the same.
    """

    def __init__(self, context: Context, every: float = EVERY_SECONDS, most: int = MOST_WAITING) -> None:
        self._context = context
        self._every = every
        self._most = most
        self._waiting: dict[CustomerId, None] = {}  # in the order in which they came
        self._lock = threading.Lock()
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._build: str | None = None
        self._ticks = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="trato-refresher")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish what is being refreshed, then stop."""
        self._over.set()
        if self._task is not None:
            await self._task

    def add(self, customers: Iterable[CustomerId]) -> None:
        """Let customers be refreshed soon; from any thread, at once."""
        with self._lock:
            fresh = [one for one in customers if one not in self._waiting]
            room = max(self._most - len(self._waiting), 0)
            self._waiting |= dict.fromkeys(fresh[:room])
        if len(fresh) > room:
            log.warning("the scores of %d customers wait for the next build", len(fresh) - room)

    async def _run(self) -> None:
        while not self._over.is_set():
            pause = self._every if await asyncio.to_thread(self._work) else PATIENCE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._over.wait()

    def _work(self) -> bool:
        """Refresh who waits; whether the store could serve."""
        try:
            if self._ticks % LOOK_EVERY == 0:
                self._look_for_a_build()
            self._ticks += 1
            some = self._next()
            while some and not self._over.is_set():
                self._refresh(some)
                some = self._next() if len(some) == MOST_AT_ONCE else []
        except StorageUnavailable as error:
            log.warning("scores cannot be refreshed: %s", error.message)  # the next time they may be
            return False
        except Exception as error:  # noqa: BLE001 the next ones must be refreshed all the same
            note_fault(error)
        return True

    def _look_for_a_build(self) -> None:
        def look(it: Transaction) -> tuple[str | None, tuple[CustomerId, ...]]:
            build = it.current_build()
            if build is None or build.build == self._build:
                return self._build, ()
            return build.build, it.customers_since(build.watermark, self._most)

        self._build, behind = self._context.store.read(look)
        self.add(behind)

    def _next(self) -> list[CustomerId]:
        with self._lock:
            some = list(islice(self._waiting, MOST_AT_ONCE))
            for one in some:
                del self._waiting[one]
        return some

    def _refresh(self, customers: list[CustomerId]) -> None:
        """Refresh them together, or where one of them cannot be, each alone. Raises StorageUnavailable."""
        try:
            if not refresh_scores(self._context, customers):
                self.add(customers)
        except StorageUnavailable:
            self.add(customers)
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the others must be refreshed
            if len(customers) == 1:
                note_fault(error)
                return
            for one in customers:
                self._refresh([one])

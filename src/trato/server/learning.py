"""Programmes served as they are declared, taught by what comes of their decisions, and priced anew."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from trato.customize.learn import PAGE, study_matured, take_up
from trato.customize.pace import study_prices, take_up_prices
from trato.customize.programme.choose import warm_up
from trato.customize.publish import publish
from trato.errors import StorageError
from trato.server.problems import note_fault

if TYPE_CHECKING:
    from trato.customize.programme.treatments import Programme
    from trato.server.context import Context

EVERY_SECONDS = 5.0
PRICED_EVERY = 12  # so many times: once a minute

log = logging.getLogger(__name__)


class Learner:
    """Publishes the company's programmes when it begins, and lets matured decisions teach every so often.

    Within its `async with`. Less often it prices what is scarce by what is left of it. Studying reads, and
    holds up nobody; taking up is a short transaction. Of several servers on one store one teaches a lesson.
    """

    def __init__(self, context: Context, every: float = EVERY_SECONDS) -> None:
        self._context = context
        self._every = every
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ticks = 0

    async def __aenter__(self) -> Self:
        if len(self._context.company.programmes):
            await asyncio.to_thread(self.publish)
            self._task = asyncio.create_task(self._run(), name="trato-learner")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish the lesson that is under way, then stop."""
        self._over.set()
        if self._task is not None:
            await self._task

    def publish(self) -> None:
        """Serve every programme as it is declared. Raises StorageError."""
        warm_up()
        for one in self._context.company.programmes:
            self._context.store.write(lambda it, one=one: publish(it, one, now=self._context.now()))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda

    def teach(self) -> int:
        """Let all that has matured teach; how many decisions taught. Raises StorageError."""
        return sum(self._teach(one) for one in self._context.company.programmes)

    async def _run(self) -> None:
        while not self._over.is_set():
            await asyncio.to_thread(self._work)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._over.wait()

    def _work(self) -> None:
        for one in self._context.company.programmes:
            try:
                self._teach(one)
                if self._ticks % PRICED_EVERY == 0 and not self._over.is_set():
                    self._price(one)
            except StorageError as error:
                log.warning("a programme cannot learn: %s", error.message)  # the next time it may
            except Exception as error:  # noqa: BLE001 the other programmes must learn all the same
                note_fault(error)
        self._ticks += 1

    def _price(self, programme: Programme) -> bool:
        """Price what the programme has too little of; whether other prices are served now."""
        company, store, now = self._context.company, self._context.store, self._context.now()
        priced = store.read(
            partial(
                study_prices,
                programme=programme,
                purposes=company.purposes,
                zone=company.settings.zone,
                now=now,
            )
        )
        return priced is not None and store.write(partial(take_up_prices, priced=priced, now=now))

    def _teach(self, programme: Programme) -> int:
        store, purposes, taught = self._context.store, self._context.company.purposes, 0
        while not self._over.is_set():
            now = self._context.now()
            study = store.read(partial(study_matured, programme=programme, purposes=purposes, now=now))
            if study is None:
                break
            lesson = store.write(partial(take_up, study=study, now=now))
            taught += 0 if lesson is None else lesson.taught
            for drift in () if lesson is None else lesson.drifts:
                log.warning(
                    "outcomes of %s come %s than was learned from %d of them: what was learned counts half",
                    programme.key,
                    "higher" if drift.rising else "lower",
                    drift.evidence,
                )
            if lesson is None or study.seen < PAGE:
                break
        return taught

"""What was kept for a while only, removed once an hour as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from trato.customize.guide.talks import drop_unfinished
from trato.customize.programme.retention import forget_old
from trato.errors import StorageError
from trato.interact.retention import drop_old

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from trato.server.context import Context
    from trato.storage.transaction import Transaction

EVERY_SECONDS = 3600.0

log = logging.getLogger(__name__)


@asynccontextmanager
async def dropping_old(context: Context, every: float = EVERY_SECONDS) -> AsyncIterator[None]:
    """Remove what has had its time at once, and again after so many seconds each, until the block ends."""
    task = asyncio.create_task(_drop(context, every), name="trato-retention")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _drop(context: Context, every: float) -> None:
    while True:
        try:
            await asyncio.to_thread(context.store.write, lambda it: _drop_all(it, context.now()))
            while await asyncio.to_thread(context.store.write, lambda it: _forget(it, context)):
                pass
        except StorageError as error:
            log.warning("nothing could be removed: %s", error.message)  # the next time it may be
        await asyncio.sleep(every)


def _forget(it: Transaction, context: Context) -> int:
    return forget_old(it, context.company.purposes, now=context.now())


def _drop_all(it: Transaction, now: datetime) -> None:
    drop_old(it, now=now)
    drop_unfinished(it, now=now)

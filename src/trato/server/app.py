"""The application: every door that speaks HTTP, put together."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from trato import __version__
from trato.company.serving import serving_of
from trato.server.api import routes as api
from trato.server.deciding import Deciding
from trato.server.headers import Around
from trato.server.keys import Keys
from trato.server.learning import Learner
from trato.server.limits import Rates
from trato.server.problems import tell_problems
from trato.server.refresh import Refresher
from trato.server.retention import dropping_old
from trato.server.tracking import routes as tracking
from trato.server.tracking.inbox import Inbox, writing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from fastapi import APIRouter

    from trato.server.context import Context


def application(
    context: Context, *, pages: Iterable[APIRouter] = (), clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """The application of one company: tracking below /v1, Trato's own API below /api, and the pages given.

    The store stays its opener's to close, once the application has ended. `clock` gives seconds that only
    grow, for rates.
    """
    limits = context.limits
    refresher = Refresher(context)
    inbox = Inbox(writing(context, refresher.add))
    serving = serving_of(context.company, context.models)
    deciding = Deciding(context, serving)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with dropping_old(context), refresher, Learner(context), inbox, deciding:
            yield

    app = FastAPI(
        title="Trato",
        version=__version__,
        summary="Treat different customers differently, and know when not to.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's own pages fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    tell_problems(app)
    rates = Rates(limits.rate, limits.burst, clock)
    keys = Keys(context.store)
    app.include_router(tracking.router(context, keys, rates, inbox))
    app.include_router(api.router(context, keys, deciding, serving))
    for page in pages:
        app.include_router(page)
    app.add_middleware(Around, page=limits.page)
    return app

"""The whole application in process: one call after the other, as any client would make them."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.customize.corner import guides as guides_for_company
from trato.company.keys import make_key, scopes_of
from trato.console.routes import router as console
from trato.portal.routes import router as portal
from trato.server.app import application
from trato.server.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from fastapi import FastAPI

    from tests.customize.corner import Corner

SECRET = b"the console's forms"


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Http:
    """A client of the application; it keeps no cookie and follows nowhere."""

    app: FastAPI
    runner: asyncio.Runner
    client: httpx.AsyncClient
    clock: Clock

    def ask(self, method: str, path: str, key: str | None = None, **request: Any) -> httpx.Response:
        return self.ask_at_once(1, method, path, key, **request)[0]

    def ask_at_once(
        self, times: int, method: str, path: str, key: str | None = None, **request: Any
    ) -> list[httpx.Response]:
        """The same request several times, none waiting for another."""
        headers = dict(request.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"

        async def ask() -> list[httpx.Response]:
            each = (self.client.request(method, path, headers=headers, **request) for _ in range(times))
            return list(await asyncio.gather(*each))

        return self.runner.run(ask())


@contextmanager
def serving(corner: Corner, now: datetime) -> Iterator[Http]:
    """The application of a corner shop, tracking, API and console, while the block runs."""
    clock = Clock(now)
    guides = guides_for_company(corner.company)
    context = Context(corner.company, corner.store, corner.models, clock, secrets.token_bytes, guides=guides)
    mine = portal(
        company=corner.company,
        store=corner.store,
        models=corner.models,
        guides=guides,
        now=clock,
        draw=secrets.token_bytes,
    )
    pages = console(
        company=corner.company,
        store=corner.store,
        models=corner.models,
        now=clock,
        draw=secrets.token_bytes,
        secret=SECRET,
    )
    app = application(context, pages=[pages, mine])
    # What the application raises is answered with 500, and a test sees that.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8642")
        life = app.router.lifespan_context(app)
        runner.run(_entered(life))
        try:
            yield Http(app, runner, client, clock)
        finally:
            runner.run(_left(life, client))


async def _entered(life: Any) -> None:
    await life.__aenter__()


async def _left(life: Any, client: httpx.AsyncClient) -> None:
    await client.aclose()
    await life.__aexit__(None, None, None)


def key_of(corner: Corner, *scopes: str, draw: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A new key's words."""
    now = corner_now()
    words, _ = corner.store.write(lambda it: make_key(it, "a test", scopes_of(scopes), now=now, draw=draw))
    return words


def corner_now() -> datetime:
    from tests.customize.corner import NOW

    return NOW

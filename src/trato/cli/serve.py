"""`trato serve`."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fastapi import FastAPI

    from trato.company.folder import Company
    from trato.customize.guide.guides import Guides
    from trato.server.limits import Limits
    from trato.storage.store import Store

# A request goes through three threads; at each, whoever hashes or learns in another would hold it up for
# Python's usual five milliseconds.
SWITCH_SECONDS = 0.001


def register(app: typer.Typer) -> None:
    """Add `trato serve`."""
    app.command("serve")(serve)


def serve(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen at; this machine alone reaches it.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port to listen at; 0 takes one that is free.")
    ] = 8642,
    public: Annotated[
        bool, typer.Option("--public", help="Listen at an address that other machines reach.")
    ] = False,
    rate: Annotated[
        int, typer.Option(min=1, help="Events a second that one key may send, over any five seconds.")
    ] = 5_000,
    as_json: Annotated[bool, typer.Option("--json", help="Once it serves, print one JSON object.")] = False,
) -> None:
    """The company's server: tracking, the API, the console and the customers' pages, until it is stopped.

    Listens at this machine alone unless told otherwise. Ctrl+C or SIGTERM stops it: what it has begun it
    finishes, what it has confirmed is on disk.

    Example: `trato serve shop`
    """
    from trato.cli.output import emit
    from trato.cli.serving import listening, run
    from trato.server.limits import Limits

    with (
        listening(host, port, public=public) as door,
        served_application(folder, Limits(rate=rate)) as (app, token),
    ):
        url = door.url

        def ready() -> None:
            gc.collect()
            gc.freeze()  # what is loaded stays: collecting walks over what comes alone
            sys.setswitchinterval(SWITCH_SECONDS)
            told = {
                "url": url,
                "tracking": f"{url}/v1",
                "description": f"{url}/api/openapi.json",
                "set_up": f"{url}/setup/{token}" if token else None,
                "guide": f"{url}/me/guide" if app.state.guided else None,
            }
            emit(told, _lines(folder, told), as_json=as_json)

        run(app, door, ready)


def _lines(folder: Path, told: dict[str, str | None]) -> list[str]:
    lines = [
        f"{folder} is served at {told['url']}",
        f"  events   {told['tracking']}, with a key: trato key make {folder} --label … --scope track",
        f"  the API  {told['description']}",
        *([f"  the guide for customers  {told['guide']}"] if told["guide"] else []),
    ]
    if told["set_up"]:
        lines += [
            "  nobody can log in yet; whoever opens this link first becomes administrator, within two days:",
            f"    {told['set_up']}",
        ]
    return [*lines, "Ctrl+C stops it."]


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC)  # noqa: TID251 the door is where the clock is read


@contextmanager
def served_application(folder: Path, limits: Limits) -> Iterator[tuple[FastAPI, str | None]]:
    """What serves a company folder, with its store open until the end; and the token of a set-up link.

    The token is None when there is somebody who can log in. Raises as read_company and open_company_store.
    """
    import hashlib
    import hmac
    import os
    import secrets

    from trato.company.folder import read_company
    from trato.company.people import first_link
    from trato.console.routes import router
    from trato.customize.models import Models
    from trato.portal.routes import router as portal_router
    from trato.server.app import application
    from trato.server.context import Context
    from trato.storage.master_key import read_master_key
    from trato.storage.of_company import KEY_FILE, open_company_store
    from trato.storage.sealing import Sealer

    company = read_company(folder)
    with open_company_store(company, os.environ) as store, Sealer(store, _now):
        token = store.write(lambda it: first_link(it, now=_now(), draw=secrets.token_bytes))
        guides = _guides(company, store)
        context = Context(company, store, Models(), _now, secrets.token_bytes, limits, guides)
        # Every process of this company marks the console's forms alike, and nobody else can.
        key = read_master_key(folder / KEY_FILE, os.environ)
        console = router(
            company=company,
            store=store,
            models=context.models,
            now=_now,
            draw=secrets.token_bytes,
            secret=hmac.digest(key, b"the console's forms", hashlib.sha256),
        )
        portal = portal_router(
            company=company,
            store=store,
            models=context.models,
            guides=guides,
            now=_now,
            draw=secrets.token_bytes,
        )
        app = application(context, pages=[console, portal])
        app.state.guided = guides is not None
        yield app, token


def _guides(company: Company, store: Store) -> Guides | None:
    """The guides of the company's offer, compiled once for each content; None where it declares none."""
    if company.offer is None:
        return None
    import numpy as np

    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.guides import guides_of
    from trato.cli.output import progress

    taken = store.read(lambda it: it.taken())
    with progress("compiling the offer and learning what customers like"), DuckDBEngine() as engine:
        return guides_of(
            company,
            taken,
            engine=engine,
            draw=np.random.default_rng(0),  # the same guide in every process of this company
            circuits=company.folder / "store" / "circuits",
        )

"""The server in a process that is forked from one that has imported everything, so that it starts at once."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trato.cli.serve import served_application
from trato.cli.serving import listening, run
from trato.server.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from tests.server.live import Shop

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    [__name__, "trato.console.routes", "trato.server.app", "trato.storage.of_company", "uvicorn", "uvloop"]
)


def _serve(folder: Path, environment: dict[str, str], told: Connection) -> None:
    os.environ.update(environment)
    with listening("127.0.0.1", 0, public=False) as door, served_application(folder, Limits()) as (app, _):
        run(app, door, lambda: told.send(door.url))


@contextmanager
def forked(shop: Shop) -> Iterator[tuple[str, BaseProcess]]:
    """The shop served: its address, and the process, which is killed at the end if it still runs."""
    here, there = _FORKING.Pipe()
    process = _FORKING.Process(target=_serve, args=(shop.folder, shop.environment, there), daemon=True)
    process.start()
    there.close()
    try:
        url: Any = here.recv()
        yield url, process
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()

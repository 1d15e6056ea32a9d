"""The corner shop's portal, served to this machine by a thread."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import uvicorn
from fastapi import FastAPI

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from trato.portal.routes import router
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trato.customize.guide.guides import Guides


@dataclass(slots=True)
class Served:
    """Where it is served, and its clock."""

    url: str
    corner: Corner
    guides: Guides
    at: datetime

    def now(self) -> datetime:
        return self.at

    def later(self) -> None:
        """So that those who begin are no crowd."""
        self.at += timedelta(minutes=5)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("portal")
    with open_store(f"sqlite:///{folder / 'corner.sqlite3'}", bytes(range(32))) as store:
        spoken = shops.COMPANY.replace("[es, en]", "[es, en, pt]")
        corner = Corner(shops.company(folder / "shop", company=spoken), store)
        guides = shops.guides(corner.company)
        assert guides is not None
        served = Served("", corner, guides, NOW)
        app = FastAPI(openapi_url=None)
        app.include_router(
            router(
                company=corner.company,
                store=store,
                models=corner.models,
                guides=guides,
                now=served.now,
                draw=secrets.token_bytes,
            )
        )
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            served.url = f"http://127.0.0.1:{door.getsockname()[1]}"
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield served
            server.should_exit = True
            thread.join()

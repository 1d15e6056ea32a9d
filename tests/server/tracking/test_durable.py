"""Every acknowledgement comes after a sync; a full disk and a locked store are told, and lose nothing."""

from __future__ import annotations

import http.client
import json
import resource
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import do_without
from tests.server.live import new_shop
from tests.server.tracking.sending import post, viewed
from tests.server.tracking.syncs import built, noted
from trato.storage.of_company import STORE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.live import Shop


@contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        yield connection


def test_a_sync_comes_before_each_acknowledgement(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        do_without("cc", "no compiler is on the path (Debian: apt-get install gcc libc6-dev)")
    shop = new_shop(tmp_path / "shop", None)
    log = tmp_path / "syncs"
    spans = []
    with (
        shop.served(LD_PRELOAD=str(built(tmp_path)), SYNC_LOG=str(log)) as serving,
        connected(serving.url) as connection,
    ):
        for number in range(40):
            began = time.monotonic()
            assert post(connection, shop.key, "/v1/page", json.dumps(viewed(1, number)).encode())[0] == 200
            spans.append((began, time.monotonic()))
    of_the_log = [when for when, file in noted(log) if file.endswith(("-wal", ".db"))]
    for began, ended in spans:
        assert any(began < when < ended for when in of_the_log)


def refused(connection: http.client.HTTPConnection, shop: Shop, number: int) -> None:
    """The server must say that it cannot write for now, in a way that every library understands."""
    body = json.dumps(viewed(1, number)).encode()
    status, answer = post(connection, shop.key, "/v1/page", body)
    told = json.loads(answer)
    assert (status, told["code"]) == (503, "trato.storage_unavailable")
    assert told["message"]


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    shop = new_shop(tmp_path / "shop", None)
    acknowledged = []
    with shop.served() as serving, connected(serving.url) as connection:
        unlimited = resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE)
        held = max(file.stat().st_size for file in (shop.folder / "store").iterdir())
        # No file of the server's may grow beyond this: to it that is a disk that is full.
        resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, (held + 100_000, unlimited[1]))
        for number in range(2_000):
            body = json.dumps(viewed(1, number)).encode()
            status, _ = post(connection, shop.key, "/v1/page", body)
            if status != 200:
                break
            acknowledged.append(number)
        for again in range(3):
            refused(connection, shop, 5_000 + again)
        resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, unlimited)
        for again in range(3):
            number = 5_000 + again  # refused before, and taken now
            assert post(connection, shop.key, "/v1/page", json.dumps(viewed(1, number)).encode())[0] == 200
            acknowledged.append(number)
    kept = [int(one.module or "") for one in shop.kept("user_id", "sender 1")]
    assert len(acknowledged) > 10
    assert sorted(kept) == sorted(set(kept))
    assert set(acknowledged) <= set(kept)


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    """The store's log of interactions, held by somebody else."""
    url = shop.environment.get(STORE_VARIABLE)
    if url is None:
        (file,) = (one for one in (shop.folder / "store").glob("*.db") if "keys" not in one.name)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    engine = create_engine(url)
    with engine.connect() as another, another.begin() as held:
        another.execute(text("LOCK TABLE interactions IN ACCESS EXCLUSIVE MODE"))
        yield
        held.rollback()
    engine.dispose()


def test_a_locked_store_is_told_and_serves_again(shop: Shop) -> None:
    with shop.served() as serving, connected(serving.url) as connection:
        assert post(connection, shop.key, "/v1/page", json.dumps(viewed(1, 0)).encode())[0] == 200
        with locked(shop):
            refused(connection, shop, 1)
        assert post(connection, shop.key, "/v1/page", json.dumps(viewed(1, 1)).encode())[0] == 200
    assert [one.module for one in shop.kept("user_id", "sender 1")] == ["0", "1"]


@pytest.mark.parametrize("path", ["/v1/page", "/v1/batch"])
def test_a_key_that_sends_too_much_is_asked_to_wait(tmp_path: Path, path: str) -> None:
    shop = new_shop(tmp_path / "shop", None)
    with shop.served("--rate", "1") as serving, connected(serving.url) as connection:
        events = [viewed(1, number) for number in range(5)]
        body = json.dumps({"batch": events} if path == "/v1/batch" else events[0]).encode()
        statuses = [post(connection, shop.key, path, body)[0] for _ in range(7)]
    assert statuses[0] == 200
    assert statuses[-1] == 429

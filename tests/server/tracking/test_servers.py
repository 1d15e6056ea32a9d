"""Several servers of one company on PostgreSQL: what is sent to all of them at once is kept once."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.server.live import new_shop
from tests.server.tracking.sending import at_once, post, viewed
from tests.server.tracking.served import forked
from tests.storage.conftest import new_database

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 40
BATCH = 10
CUSTOMERS = 3


def test_what_three_servers_get_at_once_is_kept_once(tmp_path: Path, postgres: str, migrated: str) -> None:
    shop = new_shop(tmp_path / "shop", new_database(postgres, migrated))
    together = threading.Barrier(3)

    def send(url: str) -> None:
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            for round_ in range(ROUNDS):
                # The same events of the same, as yet unknown customers; and each its own besides.
                events = [
                    viewed(1_000 + number % CUSTOMERS, round_ * BATCH + number) for number in range(BATCH)
                ]
                together.wait(60)
                body = json.dumps({"batch": events}).encode()
                status, _ = post(connection, shop.key, "/v1/batch", body)
                while status != 200:  # as the libraries do, when they are asked to
                    assert status == 503
                    status, _ = post(connection, shop.key, "/v1/batch", body)

    with ExitStack() as servers:
        urls = [servers.enter_context(forked(shop))[0] for _ in range(3)]
        threads = at_once([lambda url=url: send(url) for url in urls])  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        for thread in threads:
            thread.join()
    kept = [
        int(one.module or "")
        for name in range(CUSTOMERS)
        for one in shop.kept("user_id", f"sender {1_000 + name}")
    ]
    assert sorted(kept) == list(range(ROUNDS * BATCH))

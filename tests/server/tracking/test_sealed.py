"""While the server serves, its log is sealed behind it; what comes last, when it stops."""

from __future__ import annotations

import http.client
import json
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.server.tracking.sending import post, viewed
from tests.storage.shop import entry_of, register
from tests.storage.test_store import beside_the_store
from trato.storage.of_company import company_store_url

if TYPE_CHECKING:
    from tests.server.live import Shop
    from trato.storage.blocks import LogVerified

PATIENCE_SECONDS = 30.0


def verified(shop: Shop) -> LogVerified:
    with shop.store() as store:
        return store.read(lambda it: it.verify_log())


def send(shop: Shop, url: str, *numbers: int) -> None:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        body = json.dumps({"batch": [viewed(7, number) for number in numbers]}).encode()
        assert post(connection, shop.key, "/v1/batch", body)[0] == 200


def test_what_is_sent_is_sealed_while_the_server_serves(shop: Shop) -> None:
    url = company_store_url(shop.company, {**os.environ, **shop.environment})

    def unsealed() -> int:
        """How many entries lie behind the last block, seen from beside the server."""
        behind = "SELECT count(*) FROM interactions WHERE position > "
        behind += "coalesce((SELECT max(up_to) FROM log_blocks), 0)"
        return int(beside_the_store(url, behind)[0][0])

    with shop.store() as store:  # nothing seals here
        ana = register(store, "ana@example.org")
        store.write(lambda it: it.append_interactions([entry_of(ana, str(number)) for number in range(3)]))
    before = verified(shop)
    assert (before.faults, before.last.number, before.unsealed) == ((), 0, 3)
    with shop.served() as serving:
        for number in (0, 2):
            send(shop, serving.url, number, number + 1)
            until = time.monotonic() + PATIENCE_SECONDS
            while unsealed() and time.monotonic() < until:
                time.sleep(0.05)
            assert unsealed() == 0
        send(shop, serving.url, 4)
    after = verified(shop)
    assert (after.faults, after.unsealed) == ((), 0)
    assert after.last.number >= 3

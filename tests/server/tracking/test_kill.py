"""kill -9 of the real server at random moments loses nothing acknowledged and doubles nothing."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tests.server.tracking.sending import Sender, arrived, at_once
from tests.server.tracking.served import forked

if TYPE_CHECKING:
    from tests.server.live import Shop

KILLS = 20
WRITERS = 8


def test_kill_minus_nine_twenty_times(shop: Shop) -> None:
    moments = np.random.default_rng(20).uniform(0.02, 0.4, KILLS)
    senders = [Sender(name, shop.key) for name in range(WRITERS)]
    for moment in moments:
        with forked(shop) as (url, server):
            threads = at_once(partial(sender.send_until_it_breaks, url, lambda: False) for sender in senders)
            time.sleep(moment)
            server.kill()
            for thread in threads:
                thread.join()
        kept = arrived(shop, senders)
        for sender in senders:
            assert sender.acknowledged <= set(kept[sender.name]), "an acknowledged event was lost"
    with forked(shop) as (url, _):
        for sender in senders:
            sender.send_what_is_left(url)
    assert sum(len(sender.acknowledged) for sender in senders) > 20 * KILLS
    kept = arrived(shop, senders)
    for sender in senders:
        assert set(sender.statuses) == {200}
        assert kept[sender.name] == dict.fromkeys(sender.acknowledged, 1)


def test_eight_writers_at_once_and_a_calm_end(shop: Shop) -> None:
    senders = [Sender(name, shop.key) for name in range(WRITERS)]
    stopped = False
    with shop.served() as serving:
        threads = at_once(
            partial(sender.send_until_it_breaks, serving.url, lambda: stopped) for sender in senders
        )
        time.sleep(1)
        serving.process.terminate()  # in the middle: what was begun is finished, and answered
        serving.process.wait(timeout=60)
        for thread in threads:
            thread.join()
        stopped = True
    kept = arrived(shop, senders)
    for sender in senders:
        assert sender.acknowledged
        assert set(sender.statuses) == {200}
        assert sender.acknowledged <= set(kept[sender.name])
        assert set(kept[sender.name].values()) == {1}

"""What is kept for a while only is removed while the server runs, again and again, whatever happens once."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.server.live import SHOP
from tests.server.running import run
from tests.storage.decided import decision_of, log_decisions
from tests.storage.shop import register
from trato.company.folder import read_company
from trato.customize.models import Models
from trato.customize.programme.decision import DecisionId
from trato.errors import StorageUnavailable
from trato.interact.log import Aside
from trato.interact.retention import ASIDE
from trato.server.context import Context
from trato.server.retention import dropping_old
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.storage.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Sometimes:
    """A store that cannot serve the first time."""

    asked: list[object] = field(default_factory=list)

    def write(self, work: Callable[[Any], object]) -> None:
        self.asked.append(work)
        if len(self.asked) == 1:
            raise StorageUnavailable("its disk is full")


def context(store: Store) -> Context:
    return Context(read_company(SHOP), store, Models(), lambda: NOW, secrets.token_bytes)


def test_what_is_too_old_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    old = Aside("track", "no source maps it", NOW - ASIDE - timedelta(days=1), "{}")
    young = Aside("track", "no source maps it", NOW - timedelta(days=1), "{}")

    async def work() -> None:
        async with dropping_old(context(store), every=0.01):
            for _ in range(500):
                if sum(often for _, _, often, _ in store.read(lambda it: it.aside_summary())) == 1:
                    return
                await asyncio.sleep(0.01)
        raise AssertionError

    with open_store(f"sqlite:///{tmp_path / 'trato.db'}", bytes(32)) as store:
        store.write(lambda it: it.put_aside([old, young]))
        run(work())
        assert [one[3] for one in store.read(lambda it: it.aside_summary())] == [young.received_at]


def test_a_store_that_cannot_serve_is_asked_again() -> None:
    store = Sometimes()

    async def work() -> None:
        async with dropping_old(context(cast("Store", store)), every=0.001):
            async with asyncio.timeout(30):
                while len(store.asked) < 3:
                    await asyncio.sleep(0.001)

    run(work())


def test_whose_old_decisions_were_is_forgotten_and_what_came_of_them_stays(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'trato.db'}", bytes(32)) as store:
        here = context(store)
        why = next(iter(here.company.purposes))
        old = NOW - timedelta(days=why.retention_days, seconds=1)
        ana = register(store, "ana@example.org")
        decisions = [
            decision_of(ana, "old", at=old, matures_at=old, purpose=why.key),
            decision_of(ana, "young", at=old + timedelta(seconds=2), purpose=why.key),
        ]
        log_decisions(store, *decisions)

        async def work() -> None:
            async with dropping_old(here, every=0.01):
                for _ in range(500):
                    if store.read(lambda it: it.whose_decision(DecisionId("old"))) is None:
                        return
                    await asyncio.sleep(0.01)
            raise AssertionError

        run(work())
        assert store.read(lambda it: it.whose_decision(DecisionId("young"))) is not None
        assert len(store.read(lambda it: it.anonymous("welcome", 0, 9))) == 2

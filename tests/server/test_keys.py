"""A key is looked up once in a while: a busy one costs no reading, and a revoked one soon opens nothing."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.running import run
from trato.company.keys import make_key, revoke_key
from trato.errors import KeyRefused, ScopeMissing
from trato.server.keys import MOST_REMEMBERED, Keys, key_shown
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.company.access import Scope
    from trato.storage.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'trato.db'}", bytes(32)) as opened:
        yield opened


def made(store: Store, *scopes: Scope) -> tuple[str, str]:
    words, key = store.write(
        lambda it: make_key(it, "x", frozenset(scopes), now=NOW, draw=secrets.token_bytes)
    )
    return words, key.id


def test_a_key_is_remembered_and_then_looked_up_again(store: Store) -> None:
    words, id_ = made(store, "track")

    async def work(remembered: float) -> None:
        keys = Keys(store, remembered)
        assert (await keys.check(words, "track")).id == id_
        store.write(lambda it: it.revoke_key(id_, NOW))
        assert (await keys.check(words, "track")).id == id_
        await asyncio.sleep(remembered)
        with pytest.raises(KeyRefused):
            await keys.check(words, "track")
        with pytest.raises(KeyRefused):
            await Keys(store).check(words, "track")

    run(work(0.2))


def test_what_is_remembered_opens_no_more_than_it_may(store: Store) -> None:
    words, _ = made(store, "track", "greet")

    async def work() -> None:
        keys = Keys(store)
        for _ in range(2):
            await keys.check(words, "track")
            await keys.check(words, "greet")
            with pytest.raises(ScopeMissing):
                await keys.check(words, "read")
        for wrong in (None, "", words[:-1], words + "x", words.upper(), "x" * 10_000):
            with pytest.raises(KeyRefused):
                await keys.check(wrong, "track")
        assert len(keys._seen) == 1

    run(work())


def test_not_more_than_so_many_are_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trato.server.keys.MOST_REMEMBERED", 3)
    several = [made(store, "track")[0] for _ in range(5)]

    async def work() -> int:
        keys = Keys(store)
        for words in several:
            await keys.check(words, "track")
        return len(keys._seen)

    assert run(work()) == 3 < MOST_REMEMBERED


def test_a_key_is_revoked_once(store: Store) -> None:
    _, id_ = made(store, "track")
    store.write(lambda it: revoke_key(it, id_, now=NOW))
    assert next(one for one in store.read(lambda it: it.keys()) if one.id == id_).revoked_at == NOW


@given(st.text(max_size=50))
def test_any_header_is_a_key_none_or_a_refusal(said: str) -> None:
    for header in (said, f"Basic {said}", f"bearer {said}"):
        with suppress(KeyRefused):
            assert isinstance(key_shown({"authorization": header}), str)
    assert key_shown({}) is None

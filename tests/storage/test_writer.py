"""The one writer of SQLite: answers after the commit, in order, and all in a group hear when it is lost."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

import pytest
from sqlalchemy import event

from tests.storage.shop import MASTER_KEY, faults, give, permit, purpose, register
from trato import errors
from trato.storage import writer as writing
from trato.storage.store import EmbeddedStore, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.customers.customer import CustomerId
    from trato.storage.transaction import Transaction


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with open_store(f"sqlite:///{tmp_path / 'trato.sqlite3'}", MASTER_KEY) as opened:
        assert isinstance(opened, EmbeddedStore)
        yield opened


class Held:
    """Keeps the writer busy while others queue up behind it."""

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self.busy, self.go_on = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: store.write(self._wait))

    def _wait(self, _: Transaction) -> None:
        self.busy.set()
        self.go_on.wait(10)

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.busy.wait(10)
        return self

    def until(self, waiting: int) -> None:
        while self.store._writer._waiting.qsize() < waiting:
            time.sleep(0.001)

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.thread.join(10)


def name_of(store: EmbeddedStore, customer: CustomerId) -> str:
    contract = purpose("delivery", "contract")
    return store.read(lambda it: it.values_of(permit(it, customer, contract))["name"])


def commits(store: EmbeddedStore, happened: list[str]) -> None:
    event.listen(store._writer._connection.engine, "commit", lambda _: happened.append("commit"))


def test_an_answer_comes_after_the_commit(store: EmbeddedStore) -> None:
    happened: list[str] = []
    commits(store, happened)
    store.write(lambda _: happened.append("work"))
    happened.append("answer")
    assert happened == ["work", "commit", "answer"]


def test_what_waits_is_written_in_order_in_one_commit(store: EmbeddedStore) -> None:
    ana = register(store, "ana@example.org")
    happened: list[str] = []
    commits(store, happened)
    with ThreadPoolExecutor(20) as pool:
        with Held(store) as held:
            asked = []
            for i in range(20):
                asked.append(pool.submit(give, store, ana, purpose(f"p{i:02}")))
                held.until(i + 1)
        assert [one.result().position for one in asked] == list(range(1, 21))
    assert happened == ["commit"] * 2
    assert store.read(lambda it: [entry.purpose for entry in it.ledger()]) == [f"p{i:02}" for i in range(20)]


def test_when_the_commit_fails_all_in_the_group_hear_and_nothing_is_written(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = register(store, "ana@example.org")
    with ThreadPoolExecutor(3) as pool, monkeypatch.context() as patched:
        with Held(store) as held:
            asked = [pool.submit(give, store, ana, purpose(f"p{i}")) for i in range(3)]
            held.until(3)
            failing = errors.StorageUnavailable("the file of keys cannot be written")
            committed: list[int] = []

            def commit_once() -> None:
                committed.append(1)
                if len(committed) > 1:
                    raise failing

            patched.setattr(store._writer._keys, "commit", commit_once)
        for one in asked:
            with pytest.raises(errors.StorageUnavailable):
                one.result()
    assert store.read(lambda it: it.permission_head().position) == 0
    assert give(store, ana).position == 1


def test_a_full_disk_loses_nothing_that_was_acknowledged(store: EmbeddedStore) -> None:
    def most_pages(count: int) -> None:
        store.write(lambda it: it._connection.exec_driver_sql(f"PRAGMA max_page_count = {count}").close())

    pages = store.read(lambda it: it._connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    most_pages(pages + 8)
    acknowledged = []
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(register, store, f"c{i}@example.org") for i in range(200)]
    for one in asked:
        failed = one.exception()
        if failed is None:
            acknowledged.append(one.result())
        else:
            assert isinstance(failed, errors.StorageUnavailable)
            assert "disk is full" in failed.message
    assert 0 < len(acknowledged) < 200
    most_pages(1_000_000)
    acknowledged.append(register(store, "last@example.org"))
    assert {name_of(store, customer) for customer in acknowledged} == {"Ana Prado"}


def test_when_sqlite_gives_up_the_whole_group_all_in_it_hear(store: EmbeddedStore) -> None:
    ana = register(store, "ana@example.org")

    def gives_up(it: Transaction) -> None:
        it._connection.exec_driver_sql("ROLLBACK")
        it._connection.exec_driver_sql("ROLLBACK")

    with ThreadPoolExecutor(2) as pool:
        with Held(store) as held:
            before = pool.submit(give, store, ana)
            held.until(1)
            itself = pool.submit(store.write, gives_up)
            held.until(2)
        assert before.exception() is not None
        assert itself.exception() is not None
    assert give(store, ana).position == 1


def test_a_key_that_may_be_lost_takes_its_data_with_it(store: EmbeddedStore) -> None:
    keys = store._writer._keys
    keys.connection.exec_driver_sql("PRAGMA query_only = ON")
    keys.connection.commit()
    with pytest.raises(errors.StorageUnavailable):
        register(store, "ana@example.org")
    keys.connection.exec_driver_sql("PRAGMA query_only = OFF")
    keys.connection.commit()
    register(store, "ana@example.org")
    assert faults(store) == ()


def test_a_locked_database_is_unavailable_and_serves_again(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    store.write(lambda it: it._connection.exec_driver_sql("PRAGMA busy_timeout = 20").close())
    other = sqlite3.connect(tmp_path / "trato.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.StorageUnavailable, match="it is locked"):
        register(store, "ana@example.org")
    other.execute("ROLLBACK")
    other.close()
    register(store, "ana@example.org")


def test_too_much_that_waits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 2)
    with (
        open_store(f"sqlite:///{tmp_path / 'small.sqlite3'}", MASTER_KEY) as store,
        ThreadPoolExecutor(2) as pool,
    ):
        assert isinstance(store, EmbeddedStore)
        with Held(store) as held:
            waiting = [pool.submit(store.write, lambda _: None) for _ in range(2)]
            held.until(2)
            with pytest.raises(errors.StorageUnavailable, match="too much waits"):
                store.write(lambda _: None)
        assert [one.result() for one in waiting] == [None, None]


def test_a_closed_store_writes_what_waited_and_takes_no_more(store: EmbeddedStore) -> None:
    ana = register(store, "ana@example.org")
    with ThreadPoolExecutor(4) as pool:
        with Held(store) as held:
            asked = [pool.submit(give, store, ana, purpose(f"p{i}")) for i in range(3)]
            held.until(3)
            closing = pool.submit(store.close)
        assert {one.result().state for one in asked} == {"granted"}
        closing.result()
    with pytest.raises(errors.StorageUnavailable, match="closed"):
        give(store, ana)


def test_what_is_being_written_cannot_ask_to_write(store: EmbeddedStore) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        store.write(lambda _: store.write(lambda _: None))


def test_one_process_at_a_time(store: EmbeddedStore, tmp_path: Path) -> None:
    with pytest.raises(errors.StoreInUse):
        open_store(f"sqlite:///{tmp_path / 'trato.sqlite3'}", MASTER_KEY)
    store.close()
    open_store(f"sqlite:///{tmp_path / 'trato.sqlite3'}", MASTER_KEY).close()


def test_commits_are_durable_and_keys_leave_no_trace(store: EmbeddedStore) -> None:
    def pragmas(name: str) -> list[object]:
        data = store.write(lambda it: it._connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        read = store.read(lambda it: it._connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        keys = store._writer._keys.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        return [data, read, keys]

    assert pragmas("journal_mode") == ["wal", "wal", "delete"]
    assert pragmas("synchronous") == [2, 2, 2]
    assert pragmas("secure_delete") == [1, 1, 1]
    assert pragmas("query_only") == [0, 1, 0]
    assert pragmas("foreign_keys") == [1, 1, 1]

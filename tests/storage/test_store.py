"""Writing and reading by many at once, on each database; and what lies at rest tells nothing."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from tests.storage.shop import (
    LATER,
    MASTER_KEY,
    NOW,
    faults,
    give,
    no,
    permit,
    purpose,
    register,
    withdraw,
    yes,
)
from trato import errors
from trato.permission.give import give_permission, withdraw_permission
from trato.storage.address import store_url
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

WRITERS = 8


def beside_the_store(database: str, *statements: str) -> list[tuple]:
    """What an administrator can do behind the store's back."""
    engine = create_engine(database)
    rows: list[tuple] = []
    try:
        with engine.begin() as connection:
            for statement in statements:
                done = connection.execute(text(statement))
                rows = [tuple(row) for row in done] if done.returns_rows else []
    finally:
        engine.dispose()
    return rows


def test_eight_writers_at_once_keep_the_chain_whole(store: Store) -> None:
    customers = [register(store, f"c{i}@example.org") for i in range(4)]

    def talk(writer: int) -> None:
        for turn in range(6):
            customer = customers[(writer + turn) % len(customers)]
            if (writer + turn) % 3:
                give(store, customer)
            else:
                withdraw(store, customer)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(talk, range(WRITERS)))
    positions = store.read(lambda it: [entry.position for entry in it.ledger()])
    assert positions == list(range(1, WRITERS * 6 + 1))
    assert faults(store) == ()


def test_what_raises_undoes_its_own_writing_alone(store: Store) -> None:
    ana = register(store, "ana@example.org")
    released = threading.Event()

    def slow(_: Transaction) -> None:
        released.wait(10)

    def spoils(it: Transaction) -> None:
        give_permission(it, yes(ana, purpose("spoilt")), now=NOW)
        message = "on purpose"
        raise LookupError(message)

    with ThreadPoolExecutor(WRITERS) as pool:
        held = pool.submit(store.write, slow)  # so that the others wait, and are written as one group
        good = [pool.submit(give, store, ana, purpose(f"p{i}")) for i in range(3)]
        bad = pool.submit(store.write, spoils)
        released.set()
        held.result()
        assert [one.result().state for one in good] == ["granted"] * 3
        with pytest.raises(LookupError, match="on purpose"):
            bad.result()
    kept = store.read(lambda it: sorted(entry.purpose for entry in it.ledger()))
    assert kept == ["p0", "p1", "p2"]
    assert faults(store) == ()


def test_a_reader_sees_one_moment(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)

    def read_while_it_is_withdrawn(it: Transaction) -> dict[str, str]:
        leave = permit(it, ana)
        other = threading.Thread(
            target=lambda: store.write(lambda w: withdraw_permission(w, no(ana), now=LATER))
        )
        other.start()
        other.join(10)
        assert not other.is_alive()
        return it.values_of(leave)

    assert store.read(read_while_it_is_withdrawn) == {"name": "Ana Prado"}
    with pytest.raises(errors.PermissionWithdrawn):
        store.read(lambda it: permit(it, ana))


def test_a_withdrawal_waits_for_a_use_in_flight(store: Store) -> None:
    """Once it is committed, nothing that rested on the older yes is still being written."""
    ana = register(store, "ana@example.org")
    give(store, ana)
    holding, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def use(it: Transaction) -> None:
        it.values_of(permit(it, ana))
        holding.set()
        go_on.wait(10)
        ended.append("use")

    def take_back() -> None:
        store.write(lambda it: withdraw_permission(it, no(ana), now=LATER))
        ended.append("withdrawal")

    user = threading.Thread(target=lambda: store.write(use))
    user.start()
    assert holding.wait(10)
    other = threading.Thread(target=take_back)
    other.start()
    other.join(0.3)
    assert ended == []
    go_on.set()
    user.join(10)
    other.join(10)
    assert ended == ["use", "withdrawal"]


def test_a_reader_cannot_write(store: Store) -> None:
    ana = register(store, "ana@example.org")
    with pytest.raises(errors.StorageUnavailable):
        store.read(lambda it: give_permission(it, yes(ana), now=NOW))
    assert store.read(lambda it: it.permission_head().position) == 0


def test_nothing_personal_can_be_read_at_rest(store: Store, database: str, tmp_path: Path) -> None:
    ana = register(store, "ana@example.org")
    store.write(lambda it: give_permission(it, yes(ana, evidence="Ana said so by phone"), now=NOW))
    for table in ("customers", "identifiers", "personal_values", "permission_ledger"):
        shown = str(beside_the_store(database, f"SELECT * FROM {table}"))
        assert ana in shown
        for plain in ("Ana", "ana@", "1980-02-29"):
            assert plain not in shown
    for file in tmp_path.iterdir():
        held = file.read_bytes()
        assert not [plain for plain in (b"Ana", b"ana@example.org", b"1980-02-29") if plain in held]
        assert file.stat().st_mode & 0o077 == 0


def test_the_ledger_refuses_to_be_rewritten(store: Store, database: str) -> None:
    give(store, register(store, "ana@example.org"))
    for change in ("UPDATE permission_ledger SET state = 'denied'", "DELETE FROM permission_ledger"):
        with pytest.raises(Exception, match="append-only"):
            beside_the_store(database, change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE permission_ledger SET purpose = 'parties' WHERE position = 2", "entry 2 was edited"),
        ("UPDATE permission_ledger SET evidence = customer::bytea WHERE position = 3", "entry 3 was edited"),
        ("DELETE FROM permission_ledger WHERE position = 4", "entry 4 is missing"),
        ("UPDATE permission_head SET position = 3", "entry 4 was added behind the head"),
    ],
)
def test_who_rewrites_the_ledger_all_the_same_is_found_out(
    store: Store, database: str, change: str, told: str
) -> None:
    ana = register(store, "ana@example.org")
    for _ in range(4):
        give(store, ana)
    disarm = [
        "DROP TRIGGER permission_ledger_no_update",
        "DROP TRIGGER permission_ledger_no_delete",
    ]
    if not database.startswith("sqlite"):
        disarm = ["DROP TRIGGER permission_ledger_append_only ON permission_ledger"]
    else:
        change = change.replace("customer::bytea", "CAST(customer AS BLOB)")
    beside_the_store(database, *disarm, change)
    assert [str(fault) for fault in faults(store)] == [told]


def test_a_store_opens_again_with_its_key_only(store: Store, database: str) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    store.close()
    with pytest.raises(errors.KeyNotUsable, match="not the key"):
        open_store(database, bytes(32))
    with open_store(database, MASTER_KEY) as again:
        assert again.read(lambda it: it.values_of(permit(it, ana))) == {"name": "Ana Prado"}


def test_what_was_sealed_for_one_customer_cannot_be_put_in_anothers_place(
    store: Store, database: str
) -> None:
    ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org", "Eva Lima")
    give(store, eva)
    beside_the_store(
        database,
        "UPDATE personal_values SET sealed = (SELECT sealed FROM personal_values AS theirs"
        f" WHERE theirs.customer = '{ana}' AND theirs.field = personal_values.field)"
        f" WHERE customer = '{eva}'",
    )
    with pytest.raises(errors.KeyNotUsable, match="was changed"):
        store.read(lambda it: it.values_of(permit(it, eva)))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer
def test_two_that_block_each_other_run_one_after_the_other(store: Store) -> None:
    ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org")
    both = threading.Barrier(2, timeout=10)
    tries: list[int] = []

    def cross(first: str, then: str) -> Callable[[Transaction], None]:
        def work(it: Transaction) -> None:
            tries.append(1)
            it.hold_customer(first, changing=True)  # type: ignore[arg-type]  # ids are words
            if len(tries) <= 2:
                both.wait()
            it.hold_customer(then, changing=True)  # type: ignore[arg-type]  # ids are words

        return work

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(store.write, [cross(ana, eva), cross(eva, ana)]))
    assert len(tries) >= 3


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://host/shop", "no url"])
def test_another_url_is_no_store(url: str) -> None:
    with pytest.raises(errors.BadOption, match="no store's URL"):
        store_url(url)


def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(errors.StorageUnavailable, match="server is away"):
        open_store(f"postgresql://nobody@/shop?host={tmp_path}", MASTER_KEY)


def test_sqlite_keeps_text_in_the_order_of_its_bytes(tmp_path: Path) -> None:
    with sqlite3.connect(":memory:") as connection:
        rows = connection.execute("SELECT column1 FROM (VALUES ('b'), ('Z'), ('é'), ('a')) ORDER BY 1")
        assert [row[0] for row in rows] == ["Z", "a", "b", "é"]
    connection.close()

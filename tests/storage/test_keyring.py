"""Keys of many at once: made once, found again, at hand for one transaction only; on each database."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from tests.storage.test_store import beside_the_store
from trato import errors
from trato.storage import keyring as keys
from trato.storage.store import EmbeddedStore
from trato.storage.tables.keys import data_keys

if TYPE_CHECKING:
    from pathlib import Path

    from trato.storage.keyring import Keyring
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

EVERYBODY = [f"c{number}" for number in range(2300)]


def kept_keys(store: Store, database: str, tmp_path: Path) -> int:
    if isinstance(store, EmbeddedStore):
        database = f"sqlite:///{tmp_path / 'trato-keys.sqlite3'}"
        return int(beside_the_store(database, "SELECT count(*) FROM data_keys")[0][0])
    return int(beside_the_store(database, "SELECT count(*) FROM trato_keys.data_keys")[0][0])


def opened(it: Transaction, sealed: dict[str, bytes]) -> set[str]:
    return {it._keyring.open(customer, "words", one) for customer, one in sealed.items()}


def test_keys_of_many_are_made_once_and_found_again(store: Store, database: str, tmp_path: Path) -> None:
    def seal(it: Transaction) -> dict[str, bytes]:
        it._keyring.prepare(EVERYBODY)
        return {customer: it._keyring.seal(customer, "words", customer) for customer in EVERYBODY}

    first, second = store.write(seal), store.write(seal)
    assert kept_keys(store, database, tmp_path) == len(EVERYBODY)
    for sealed in (first, second):
        assert store.read(lambda it, sealed=sealed: opened(it, sealed)) == set(EVERYBODY)  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda


def test_what_is_at_hand_has_an_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_MOST_AT_HAND", 3)

    def seal(it: Transaction) -> tuple[dict[str, bytes], int]:
        it._keyring.prepare(EVERYBODY[:10])
        sealed = {customer: it._keyring.seal(customer, "words", customer) for customer in EVERYBODY[:10]}
        return sealed, len(it._keyring._at_hand)

    sealed, at_hand = store.write(seal)
    assert at_hand <= 3
    assert store.read(lambda it: opened(it, sealed)) == set(EVERYBODY[:10])


def test_a_key_that_was_destroyed_serves_nobody_after(store: Store) -> None:
    def destroy(it: Transaction) -> None:
        with it._keyring.guard:
            it._keyring.connection.execute(delete(data_keys))

    sealed = store.write(lambda it: it._keyring.seal("ana", "words", "so she said"))
    assert store.read(lambda it: it._keyring.open("ana", "words", sealed)) == "so she said"
    store.write(destroy)
    with pytest.raises(errors.KeyNotUsable, match="not there"):
        store.read(lambda it: it._keyring.open("ana", "words", sealed))


def test_a_store_has_a_key_of_its_own(store: Store) -> None:
    sealed = store.write(lambda it: it._keyring.seal_for_store("aside", "half an event"))
    assert store.read(lambda it: it._keyring.open_for_store("aside", sealed)) == "half an event"
    with pytest.raises(errors.KeyNotUsable, match="was changed"):
        store.read(lambda it: it._keyring.open_for_store("person", sealed))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer
def test_two_who_make_the_same_keys_at_once_seal_with_the_same(store: Store) -> None:
    made, go_on = threading.Event(), threading.Event()
    sealed: dict[str, bytes] = {}

    def seal(ring: Keyring, customers: list[str]) -> None:
        ring.prepare(customers)
        sealed.update({one: ring.seal(one, "words", one) for one in customers})

    def slow(it: Transaction) -> None:
        seal(it._keyring, ["ana", "eva"])
        made.set()
        go_on.wait(10)

    first = threading.Thread(target=lambda: store.write(slow))
    first.start()
    assert made.wait(10)
    sealed.clear()
    second = threading.Thread(target=lambda: store.write(lambda it: seal(it._keyring, ["eva", "iva", "ana"])))
    second.start()
    second.join(0.2)
    assert not sealed
    go_on.set()
    first.join(10)
    second.join(10)
    assert store.read(lambda it: opened(it, sealed)) == {"ana", "eva", "iva"}

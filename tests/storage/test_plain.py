"""Statements in the database's own words: any number of values, and errors as everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from tests.storage.shop import NOW
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.storage.plain import put_rows, rows_among, rows_of

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

NAMES = "SELECT id FROM customers WHERE id IN (??) AND id <> ? ORDER BY id"


def meet(store: Store, many: int) -> list[CustomerId]:
    people = [CustomerId(f"c{number:05}") for number in range(many)]
    store.write(lambda it: it.add_customers([(one, NOW) for one in people]))
    return people


@pytest.mark.parametrize("many", [0, 1, 2, 3, 8, 9, 511, 512, 513, 1025])
def test_of_any_number_of_values_each_is_asked_for_once(store: Store, many: int) -> None:
    people = meet(store, many)

    def look(it: Transaction) -> list[str]:
        asked = [*people, *(f"x{number}" for number in range(many // 2))]
        pages = list(rows_among(it._connection, NAMES, asked, "c00001"))
        assert len(pages) == -(-len(asked) // 512)
        return [one for page in pages for (one,) in page]

    wanted = [one for one in people if one != "c00001"]
    assert store.read(look) == wanted
    assert store.write(look) == wanted


def test_it_says_how_many_rows_were_changed(store: Store) -> None:
    meet(store, 3)
    words = "UPDATE customers SET id = ? WHERE id = ?"

    def change(it: Transaction) -> list[int]:
        some = [("a", "c00000"), ("b", "nobody"), ("c", "c00002")]
        return [put_rows(it._connection, words, several) for several in ([], some[:1], some[1:], some)]

    assert store.write(change) == [0, 1, 1, 0]


def test_errors_are_told_apart_as_everywhere(store: Store) -> None:
    meet(store, 1)

    def twice(it: Transaction) -> None:
        put_rows(
            it._connection, "INSERT INTO customers (id, added_at) SELECT id, added_at FROM customers", [()]
        )

    def wrong(it: Transaction) -> None:
        rows_of(it._connection, "SELECT nothing FROM nowhere")

    with pytest.raises(IntegrityError) as raised:
        store.write(twice)
    assert "c00000" not in str(raised.value.params)
    with pytest.raises((OperationalError, ProgrammingError)):
        store.read(wrong)
    assert len(store.read(lambda it: list(it.all_customers()))) == 1


def test_a_server_that_goes_away_in_between_is_a_store_that_cannot_serve(store: Store, database: str) -> None:
    meet(store, 1)
    if database.startswith("sqlite"):  # which cannot go away, but be locked
        with pytest.raises(errors.StorageUnavailable, match="written"):
            store.read(lambda it: put_rows(it._connection, "DELETE FROM customers", [()]))
        return

    def look(it: Transaction) -> None:
        rows_of(it._connection, NAMES.replace("(??)", "(?)"), "c00000", "")
        beside_the_store(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        rows_of(it._connection, NAMES.replace("(??)", "(?)"), "c00000", "")

    for use in (store.read, store.write):
        with pytest.raises(errors.StorageUnavailable):
            use(look)
    assert len(store.read(lambda it: list(it.all_customers()))) == 1

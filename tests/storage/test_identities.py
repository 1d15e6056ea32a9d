"""Many customers at once: found, added, told more of, and brought together; on each database."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from tests.storage.shop import LATER, NOW, permit, purpose, register
from trato import errors
from trato.customers.customer import CustomerId, new_customer_id
from trato.customers.identifiers import identifier
from trato.storage.store import EmbeddedStore

if TYPE_CHECKING:
    from trato.customers.identifiers import Identifier
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

MANY = 2300  # more than go into one statement
EVERYTHING = purpose("everything", "contract", ("email", "card", "name", "city"))


def card(number: int) -> Identifier:
    return identifier("card", f"C{number}")


def add(store: Store, count: int) -> list[CustomerId]:
    """Customers with a card each."""
    fresh = [new_customer_id(NOW, secrets.token_bytes) for _ in range(count)]

    def work(it: Transaction) -> int:
        it.add_customers([(customer, NOW) for customer in fresh])
        return it.add_identifiers([(one, card(number), NOW) for number, one in enumerate(fresh)])

    assert store.write(work) == count
    return fresh


def test_many_are_found_by_any_writing(store: Store) -> None:
    fresh = add(store, MANY)
    ana = register(store, "ana@example.org")
    asked = [*map(card, range(MANY + 50)), identifier("email", " ANA@example.org"), identifier("user", "C1")]
    found = store.read(lambda it: it.customers_of(asked))
    assert found == {("card", f"C{n}"): one for n, one in enumerate(fresh)} | {
        ("email", "ana@example.org"): ana
    }
    assert store.read(lambda it: list(it.all_customers())) == sorted([*fresh, ana])
    kinds = store.read(lambda it: it.kinds_of([ana, *fresh]))
    assert kinds == {ana: {"email"}} | {one: {"card"} for one in fresh}


def test_what_was_added_in_bulk_is_sealed_for_each(store: Store) -> None:
    fresh = add(store, 3)
    for number, customer in enumerate(fresh):
        seen = store.read(lambda it, who=customer: it.identifiers_of(permit(it, who, EVERYTHING)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        assert seen == (card(number),)


def test_one_that_points_to_somebody_is_left_as_it_is(store: Store) -> None:
    first, second = add(store, 2)
    taken = [(second, card(0), NOW), (second, card(7), NOW), (second, card(1), LATER)]
    assert store.write(lambda it: it.add_identifiers(taken)) == 1
    found = store.read(lambda it: it.customers_of([card(0), card(1), card(7)]))
    assert found == {("card", "C0"): first, ("card", "C1"): second, ("card", "C7"): second}


def test_the_newest_value_stays(store: Store) -> None:
    ana, eva = add(store, 2)
    store.write(lambda it: it.put_values([(ana, "name", "Ana", NOW), (eva, "name", "Eva", NOW)]))
    store.write(lambda it: it.put_values([(ana, "name", "Ana Prado", LATER), (ana, "city", "Faro", NOW)]))
    store.write(lambda it: it.put_values([(ana, "name", "too late", NOW), (ana, "city", "Beja", NOW)]))
    known = store.read(lambda it: it.values_of(permit(it, ana, EVERYTHING)))
    assert known == {"name": "Ana Prado", "city": "Beja"}
    assert store.read(lambda it: it.values_of(permit(it, eva, EVERYTHING))) == {"name": "Eva"}


def test_households_and_accounts_are_those_said_last(store: Store) -> None:
    ana, eva, iva = sorted(add(store, 3))

    def members(customer: CustomerId) -> list[tuple[CustomerId, ...]]:
        return store.read(
            lambda it: [it.members_of(customer, "household"), it.members_of(customer, "account")]
        )

    assert members(ana) == [(ana,), (ana,)]
    store.write(
        lambda it: it.put_memberships(
            [(ana, "household", "H1", NOW), (eva, "household", "H1", NOW), (eva, "account", "H1", NOW)]
        )
    )
    assert members(ana) == [(ana, eva), (ana,)]
    store.write(
        lambda it: it.put_memberships([(iva, "household", "H1", NOW), (ana, "household", "H2", LATER)])
    )
    store.write(lambda it: it.put_memberships([(ana, "household", "H1", NOW + timedelta(hours=1))]))
    assert members(ana) == [(ana,), (ana,)]
    assert members(eva) == [(eva, iva), (eva,)]


def test_who_is_not_there_cannot_be_told_more_of(store: Store) -> None:
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.put_values([(nobody, "name", "Nobody", NOW)]))
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.add_identifiers([(nobody, card(1), NOW)]))
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.put_memberships([(nobody, "account", "A", NOW)]))


def test_nothing_is_done_for_nobody(store: Store) -> None:
    def none(it: Transaction) -> list[object]:
        it.add_customers([])
        it.put_values([])
        it.put_memberships([])
        return [it.customers_of([]), it.add_identifiers([]), it.kinds_of([]), it.standings([], ["x"])]

    assert store.write(none) == [{}, 0, {}, {}]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the statements are the same on both
def test_a_batch_costs_as_many_statements_as_a_few(store: Store) -> None:
    assert isinstance(store, EmbeddedStore)
    asked: list[str] = []
    for engine in (store._writer._connection.engine, store._writer._keys.connection.engine):
        event.listen(engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    costs = []
    for count, first in ((2, 0), (500, 1000)):
        asked.clear()
        fresh = [new_customer_id(NOW, secrets.token_bytes) for _ in range(count)]

        def work(it: Transaction, fresh: list[CustomerId] = fresh, first: int = first) -> None:
            cards = [card(first + number) for number in range(len(fresh))]
            it.customers_of(cards)
            it.add_customers([(one, NOW) for one in fresh])
            it.add_identifiers([(one, one_card, NOW) for one, one_card in zip(fresh, cards, strict=True)])
            it.put_values([(one, "name", "Ana", NOW) for one in fresh])
            it.standings(fresh, ["service"])

        store.write(work)
        costs.append(len(asked))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer
def test_of_two_who_add_the_same_at_once_the_first_has_it(store: Store) -> None:
    ana, eva = add(store, 2)
    wrote, go_on = threading.Event(), threading.Event()
    added: dict[str, int] = {}

    def slow(it: Transaction) -> None:
        added["ana"] = it.add_identifiers([(ana, card(50), NOW), (ana, card(51), NOW)])
        wrote.set()
        go_on.wait(10)

    def quick(it: Transaction) -> None:
        added["eva"] = it.add_identifiers([(eva, card(51), NOW), (eva, card(50), NOW), (eva, card(52), NOW)])

    first = threading.Thread(target=lambda: store.write(slow))
    first.start()
    assert wrote.wait(10)
    second = threading.Thread(target=lambda: store.write(quick))
    second.start()
    second.join(0.2)
    go_on.set()
    first.join(10)
    second.join(10)
    assert added == {"ana": 2, "eva": 1}
    found = store.read(lambda it: it.customers_of([card(50), card(51), card(52)]))
    assert [found["card", f"C{n}"] for n in (50, 51, 52)] == [ana, ana, eva]

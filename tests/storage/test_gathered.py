"""What is read of many customers at once is what is read of each alone, and under a permit of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.shop import LATER, NOW, entry_of, give, permit, purpose, register
from tests.storage.test_doors import score_of
from trato import errors
from trato.customers.customer import CustomerId
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.permission.permit import Permit
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

NEWS = ("newsletter", "service")
MANY = 1100


@pytest.fixture
def people(store: Store) -> list[CustomerId]:
    """More customers than one statement takes: the first two said and heard things, the last did too."""
    first = [register(store, f"{name}@example.org", name) for name in ("ana", "eva", "iva")]
    rest = [CustomerId(f"c{number:04}") for number in range(MANY)]
    store.write(lambda it: it.add_customers([(one, NOW) for one in rest]))
    for one in first:
        give(store, one)
    ana, eva, iva = first
    said = [
        entry_of(ana, None, statement="I bake", kind="answer", stance="wants", purposes=NEWS),
        entry_of(ana, None, statement="I hate wine", kind="answer", purposes=("service",)),
        entry_of(ana, None, statement="I baked", kind="answer", at=NOW - timedelta(days=3), purposes=NEWS),
        entry_of(ana, None, kind="contact", purposes=NEWS, more_choices=(("a", "b"),)),
        entry_of(ana, None, kind="contact", at=NOW - timedelta(days=40), purposes=NEWS),
        entry_of(eva, None, kind="contact", at=LATER, purposes=NEWS),
        entry_of(eva, None, kind="contact", purposes=("newsletters",)),
        entry_of(iva, None, statement="bread", kind="complaint", purposes=NEWS),
    ]
    store.write(lambda it: it.append_interactions(said))
    return [ana, eva, iva, *rest]


def each(store: Store, people: list[CustomerId], look: Callable[[Transaction, list[Permit]], None]) -> None:
    """Look under permits of all who permit it, as a reader and as a writer."""
    for use in (store.read, store.write):
        use(lambda it: look(it, list(read_permits(it, purpose(), people, now=LATER).values())))


def test_statements_and_contacts_are_those_of_each(store: Store, people: list[CustomerId]) -> None:
    def look(it: Transaction, leaves: list[Permit]) -> None:
        alone = {one.customer: it.statements_of(one) for one in leaves}
        assert it.statements_under(leaves) == {who: said for who, said in alone.items() if said}
        since = NOW - timedelta(days=30)
        turned = {one.customer: it.contacts_of(one, since) for one in leaves}
        heard = {who: tuple((one.at, one.touchpoint.channel) for one in all_) for who, all_ in turned.items()}
        assert it.contacts_under(leaves, since) == {who: those for who, those in heard.items() if those}
        assert len(it.contacts_under(leaves, NOW - timedelta(days=99))[people[0]]) == 2

    each(store, people, look)


def test_what_happened_is_of_its_kind_and_time(store: Store, people: list[CustomerId]) -> None:
    def look(it: Transaction, leaves: list[Permit]) -> None:
        found = it.happened_under(leaves, "answer", NOW - timedelta(days=3), NOW)
        assert {who: [one.at for one in those] for who, those in found.items()} == {
            people[0]: [NOW - timedelta(days=3), NOW]
        }
        (kept,) = it.happened_under(leaves, "contact", NOW, NOW)[people[0]]
        leave = next(one for one in leaves if one.customer == people[0])
        wanted = [one for one in it.interactions_of(leave, limit=9) if one.position == kept.position]
        assert [kept] == wanted
        assert all(one.statement is None for those in found.values() for one in those)
        assert it.happened_under(leaves, "answer", NOW, NOW - timedelta(days=1)) == {}

    each(store, people, look)


def test_values_are_those_that_each_permit_covers(store: Store, people: list[CustomerId]) -> None:
    def look(it: Transaction, leaves: list[Permit]) -> None:
        assert it.values_under(leaves) == {one.customer: it.values_of(one) for one in leaves}
        assert it.values_under(leaves)[people[0]] == {"name": "ana"}
        bare = replace(purpose("delivery", "contract"), fields=())
        assert it.values_under([permit(it, people[0], bare)]) == {}
        assert it.values_under([]) == {}

    each(store, people, look)


def test_scores_are_of_the_build_that_is_served(store: Store, people: list[CustomerId]) -> None:
    delivery = purpose("delivery", "contract")

    def publish(it: Transaction) -> None:
        for build, value in (("b1", 1), ("b2", 2)):
            it.start_build(build, NOW, 0)
            mine = [replace(score_of(one), actual_value=value) for one in people]
            other = [replace(one, purpose="delivery", actual_value=7) for one in mine[:1]]
            it.put_scores(build, [*mine, *other])
        it.publish_build("b1", {}, "{}", NOW)

    store.write(publish)

    def look(it: Transaction) -> None:
        leaves = read_permits(it, delivery, people, now=LATER)
        assert [one.actual_value for one in it.scores_under(list(leaves.values())).values()] == [7]

    store.read(look)

    def theirs(it: Transaction, leaves: list[Permit]) -> None:
        found = it.scores_under(leaves)
        assert found == {one: replace(score_of(one), actual_value=1) for one in people[:3]}

    each(store, people, theirs)
    profiling = purpose("newsletter", "contract")
    all_of_them = store.read(
        lambda it: it.scores_under(list(read_permits(it, profiling, people, now=LATER).values()))
    )
    assert set(all_of_them) == set(people)


def test_units_say_nothing_of_their_name(store: Store, people: list[CustomerId]) -> None:
    ana, eva, iva = people[:3]
    store.write(
        lambda it: it.put_memberships(
            [
                (ana, "household", "Prado", NOW),
                (eva, "household", "Prado", NOW),
                (iva, "account", "ACME", NOW),
            ]
        )
    )

    def look(it: Transaction, _leaves: list[Permit]) -> None:
        alone = {one: f"person:{one}" for one in people}
        assert it.units_of(people, None) == alone
        together = it.units_of(people, "household")
        assert together[ana] == together[eva]
        assert together[ana].startswith("household:")
        assert "Prado" not in together[ana]
        assert {who: unit for who, unit in together.items() if unit != alone[who]}.keys() == {ana, eva}
        assert it.units_of([iva], "account")[iva].startswith("account:")
        assert it.units_of([], "account") == {}

    each(store, people, look)


def test_one_permit_of_another_transaction_spoils_all(store: Store, people: list[CustomerId]) -> None:
    old = store.read(lambda it: permit(it, people[1]))

    def look(it: Transaction) -> None:
        both = [permit(it, people[0]), old]
        for read in (it.scores_under, it.statements_under, it.values_under):
            with pytest.raises(errors.PermitVoid):
                read(both)
        with pytest.raises(errors.PermitVoid):
            it.contacts_under(both, NOW)
        with pytest.raises(errors.PermitVoid):
            it.happened_under(both, "contact", NOW, NOW)
        with pytest.raises(errors.PermitVoid):
            it.taught(both, [1])

    store.read(look)

"""Events through the real store, on each database."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as events_of
from sqlalchemy.engine import Engine

from tests.interact.market import NOW, PURPOSES, SOURCES, order, saved, sent
from tests.interact.test_receive import EVENTS
from tests.storage.shop import faults
from trato.customers.identifiers import identifier
from trato.errors import NotPermitted
from trato.interact.receive import Received, receive
from trato.interact.retention import Dropped, drop_old
from trato.interact.statements import statements_from
from trato.permission.ledger import STATES
from trato.permission.permit import everyone_permitted, permitted, read_permit, read_permits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trato.customers.customer import CustomerId
    from trato.interact.log import LogEntry
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

LATER = NOW + timedelta(minutes=5)


def post(store: Store, *events: dict[str, object], at: Any = NOW) -> Received:
    def work(it: Transaction) -> Received:
        return receive(it, SOURCES, PURPOSES, events, scope="key", received_at=at, draw=secrets.token_bytes)

    return store.write(work)


def whose(store: Store, kind: str, value: str) -> CustomerId:
    found = store.read(lambda it: it.customer_of(identifier(kind, value)))
    assert found is not None
    return found


def timeline(store: Store, customer: CustomerId, purpose: str) -> tuple[LogEntry, ...]:
    def read(it: Transaction) -> tuple[LogEntry, ...]:
        leave = read_permit(it, PURPOSES.named(purpose), customer, now=LATER)
        return it.interactions_of(leave, limit=100)

    return store.read(read)


def test_what_was_kept_is_read_under_a_permit_of_its_purpose(store: Store) -> None:
    post(store, order("u1", "rye"))
    post(store, saved(ideas=True), order("u1", "oat", "spelt", minutes=1))
    ana = whose(store, "user_id", "u1")
    assert [one.module for one in timeline(store, ana, "service")] == ["spelt", "oat", "rye"]
    assert [one.module for one in timeline(store, ana, "suggestions")] == ["spelt", "oat"]
    post(store, saved(ideas=False), at=LATER)
    with pytest.raises(NotPermitted):
        timeline(store, ana, "suggestions")
    assert faults(store) == ()


def test_what_is_said_and_done_comes_back(store: Store) -> None:
    def rated(name: str, stance: str, words: str, minutes: int) -> dict[str, object]:
        more = {"category": "bread", "name": name, "stance": stance, "words": words}
        return sent("Rated", "u1", minutes=minutes, **more)

    post(
        store,
        rated("oat", "avoids", "never again", -3),
        rated("rye", "avoids", "too dark", -2),
        rated("rye", "wants", "I was wrong", -1),
        sent("Signed up", "u1", traits={"name": "Ana Prado"}),
        sent("Cared For", "u1", minutes=-5),
        sent("Works for", "u1", groupId="Acme"),
        sent("Works for", "u2", groupId="Acme"),
    )
    ana = whose(store, "user_id", "u1")

    def read(it: Transaction) -> None:
        service = read_permit(it, PURPOSES.named("service"), ana, now=NOW)
        care = read_permit(it, PURPOSES.named("care"), ana, now=NOW)
        said = it.statements_of(service)
        assert [one.statement for one in said] == ["never again", "too dark", "I was wrong"]
        assert [(one.module, one.binds) for one in statements_from(said)] == [
            ("oat", "never"),
            ("rye", "always"),
        ]
        assert [one.at for one in it.contacts_of(care, NOW - timedelta(days=1))] == [
            NOW - timedelta(minutes=5)
        ]
        assert it.contacts_of(service, NOW - timedelta(days=1)) == ()
        assert it.values_of(service) == {"name": "Ana Prado"}
        assert len(it.members_of(ana, "account")) == 2

    store.read(read)


def test_a_message_counts_once_though_two_bring_it_at_once(store: Store) -> None:
    batch = [order("u1", "rye", message=f"m{n}") for n in range(30)]
    with ThreadPoolExecutor(6) as several:
        found = list(several.map(lambda _: post(store, *batch), range(6)))
    assert sum(one.kept for one in found) == 30
    assert sum(one.repeated for one in found) == 150
    assert len(timeline(store, whose(store, "user_id", "u1"), "service")) == 30


def test_customers_who_are_met_by_several_at_once_are_one(store: Store) -> None:
    def visit(place: int) -> Received:
        return post(
            store,
            *(order(f"u{n}", anonymousId=f"a{n}", message=f"{place}-{n}") for n in range(20)),
            *(saved(f"u{n}", ideas=place % 2 == 0) for n in range(0, 20, 7)),
        )

    with ThreadPoolExecutor(6) as several:
        found = list(several.map(visit, range(12)))
    assert all(one.kept == 23 for one in found)
    customers = {
        whose(store, kind, f"{kind[0]}{n}") for kind in ("user_id", "anonymous_id") for n in range(20)
    }
    assert len(customers) == 20
    for n in range(20):
        assert len(timeline(store, whose(store, "user_id", f"u{n}"), "service")) == 12
    assert faults(store) == ()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What is sent to the database from now on."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    events_of.listen(Engine, "before_cursor_execute", note)
    yield seen
    events_of.remove(Engine, "before_cursor_execute", note)


def test_a_batch_costs_as_many_statements_as_one_event(store: Store, statements: list[str]) -> None:
    def cost(work: Callable[[], object]) -> int:
        before = len(statements)
        work()
        return len(statements) - before

    def batch(size: int, first: int) -> list[dict[str, object]]:
        return [order(f"u{n}", "rye", "oat", anonymousId=f"a{n}") for n in range(first, first + size)]

    post(store, *batch(1, 0))
    one, many = cost(lambda: post(store, *batch(1, 1))), cost(lambda: post(store, *batch(200, 2)))
    assert many <= one + 12
    assert cost(lambda: post(store, *batch(200, 2))) <= cost(lambda: post(store, *batch(1, 1))) + 8


said = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["suggestions", "news", "care"]),
    st.sampled_from(STATES),
    st.integers(-3, 1),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(said, min_size=1, max_size=8), stamp=st.integers(0, 10**12))
def test_many_permits_are_those_of_each(
    store: Store, answers: list[tuple[int, str, str, int]], stamp: int
) -> None:
    users = [f"u{stamp}-{n}" for n in range(3)]
    post(store, *(order(user) for user in users))
    for number, purpose, state, minutes in answers:
        choices = [{"key": purpose, "on": state}]
        post(store, sent("Preferences Saved", users[number], minutes=minutes, choices=choices))
    customers = [whose(store, "user_id", user) for user in users]

    def compare(it: Transaction) -> None:
        given_ = permitted(it, list(PURPOSES), customers, now=NOW)
        for purpose in PURPOSES:
            alone = {}
            for customer in customers:
                try:
                    alone[customer] = read_permit(it, purpose, customer, now=NOW)
                except NotPermitted:
                    continue
            assert read_permits(it, purpose, customers, now=NOW) == alone
            assert everyone_permitted(it, purpose, now=NOW) & set(customers) == set(alone)
            assert {one for one in customers if purpose.key in given_[one]} == set(alone)

    store.read(compare)
    store.write(compare)


def test_a_list_of_a_thousand_items_is_kept(store: Store) -> None:
    assert post(store, order("u1", *map(str, range(1000)))).kept == 1
    ana = whose(store, "user_id", "u1")

    def learned(it: Transaction) -> int:
        leave = read_permit(it, PURPOSES.named("service"), ana, now=NOW)
        return sum(it.learned_since(leave, 0).values())

    assert store.read(learned) == 1000


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=EVENTS)
def test_whatever_comes_is_accounted_for(store: Store, batch: list[Any]) -> None:
    found = post(store, *batch)
    assert found.events == found.kept + found.repeated + found.aside + found.not_permitted == len(batch)

    def read_all(it: Transaction) -> None:
        for purpose in PURPOSES:
            for leave in read_permits(it, purpose, sorted(found.customers), now=NOW).values():
                it.interactions_of(leave, limit=100)
                it.days_since(leave, 0, SOURCES.events["identify", ""].zone)
                it.learned_since(leave, 0)

    store.read(read_all)


def test_what_has_had_its_time_is_removed(store: Store) -> None:
    unmapped = sent("Something Else", message="m1")
    long_ago = order("u1", message="m2", minutes=-32 * 24 * 60)
    post(store, unmapped, long_ago, at=NOW - timedelta(days=31))
    post(store, {**unmapped, "messageId": "m3"}, at=NOW - timedelta(days=29))
    assert store.write(lambda it: drop_old(it, now=NOW)) == Dropped(asides=1, receipts=2)
    assert store.write(lambda it: drop_old(it, now=NOW)) == Dropped(0, 0)
    assert [often for *_, often, _ in store.read(lambda it: it.aside_summary())] == [1]
    assert len(timeline(store, whose(store, "user_id", "u1"), "service")) == 1

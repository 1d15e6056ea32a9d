"""Every event comes to one end, whatever stands in it, and nothing is kept that is not permitted."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interact.market import NOW, PURPOSES, SOURCES, order, saved, sent
from tests.interact.memory import MemoryStore
from tests.interact.test_interactions import JSON
from trato.customers.identifiers import identifier
from trato.interact.receive import Received, receive

if TYPE_CHECKING:
    from trato.interact.log import NewEntry


def received(store: MemoryStore, *events: object, scope: str = "key") -> Received:
    found = receive(
        store,
        SOURCES,
        PURPOSES,
        events,  # type: ignore[arg-type]  # what is no event is tried as well
        scope=scope,
        received_at=NOW,
        draw=secrets.token_bytes,
    )
    assert found.events == found.kept + found.repeated + found.aside + found.not_permitted == len(events)
    return found


def ends(found: Received) -> tuple[int, int, int, int]:
    return found.kept, found.repeated, found.aside, found.not_permitted


def owner(store: MemoryStore, kind: str, value: str) -> str:
    one = identifier(kind, value)
    return store.owners[one.kind, one.normalised]


def logged(store: MemoryStore) -> list[tuple[str | None, tuple[str, ...]]]:
    return [(one.interaction.module, one.purposes) for one in store.log]


def test_an_event_is_kept_for_what_its_customer_permits() -> None:
    store = MemoryStore()
    assert ends(received(store, order("u1", "rye", "oat"))) == (1, 0, 0, 0)
    assert logged(store) == [("rye", ("service",)), ("oat", ("service",))]
    received(store, saved(ideas=True))
    received(store, order("u1", "spelt"))
    received(store, saved(ideas=False))
    received(store, order("u1", "wheat"))
    assert logged(store)[2:] == [("spelt", ("service", "suggestions")), ("wheat", ("service",))]
    assert {one.customer for one in store.log} == {owner(store, "user_id", "u1")}


def test_what_nobody_permitted_leaves_a_receipt_and_nothing_else() -> None:
    store = MemoryStore()
    event = sent("Product Viewed", "u1", message="m1", anonymousId="a", category="bread", name="rye")
    assert ends(received(store, event)) == (0, 0, 0, 1)
    assert (store.customers, store.owners, store.log, store.asides) == ({}, {}, [], [])
    assert [one.outcome for one in store.receipts.values()] == ["not_permitted"]
    assert ends(received(store, event)) == (0, 1, 0, 0)


def test_an_objection_counts_and_its_lack_permits() -> None:
    store = MemoryStore()
    assert ends(received(store, sent("Cared For"))) == (1, 0, 0, 0)
    received(store, saved(care=False))
    assert ends(received(store, sent("Cared For", anonymousId="new"))) == (0, 0, 0, 1)
    assert ("anonymous_id", "new") not in store.owners


def test_permissions_of_a_batch_come_first() -> None:
    store = MemoryStore()
    received(store, order("u1", "rye"), saved(ideas=True), sent("Product Viewed", category="a", name="b"))
    assert logged(store) == [("rye", ("service", "suggestions")), ("b", ("suggestions",))]
    received(store, order("u1", "oat"), saved(ideas=False))
    assert logged(store)[2:] == [("oat", ("service",))]


def test_permissions_are_written_as_they_were_said() -> None:
    store = MemoryStore()
    late, early = saved(ideas=False), saved(ideas=True, news=True)
    early["timestamp"] = (NOW - timedelta(hours=1)).isoformat()
    late["timestamp"] = (NOW + timedelta(hours=1)).isoformat()  # by a clock that is fast
    found = received(store, late, early)
    assert [(one.purpose, one.state, one.at) for one in store.entries] == [
        ("suggestions", "granted", NOW - timedelta(hours=1)),
        ("news", "granted", NOW - timedelta(hours=1)),
        ("suggestions", "withdrawn", NOW),
    ]
    assert found.kept == 2
    assert store.log == []


@pytest.mark.parametrize("purpose", ["nonsense", "service"])
def test_a_permission_that_cannot_be_meant_makes_no_customer(purpose: str) -> None:
    store = MemoryStore()
    assert ends(received(store, saved("u1", **{purpose: True}))) == (0, 0, 1, 0)
    assert not store.customers
    assert store.asides[0].reason in {"purpose: is none that is declared", "purpose: leaves no yes or no"}


def test_a_message_counts_once() -> None:
    store = MemoryStore()
    event = order("u1", "rye", message="m1")
    assert ends(received(store, event, event)) == (1, 1, 0, 0)
    assert ends(received(store, event)) == (0, 1, 0, 0)
    assert ends(received(store, event, scope="another key")) == (1, 0, 0, 0)
    assert logged(store) == [("rye", ("service",))], "of one record, there is one interaction"


def test_without_a_name_each_message_counts() -> None:
    store = MemoryStore()
    event = order("u1", "rye")
    assert ends(received(store, event, event, {**event, "messageId": ""})) == (3, 0, 0, 0)
    assert len(store.log) == len(store.receipts) == 3


def test_what_cannot_be_understood_is_put_aside_whole_and_sealed() -> None:
    store = MemoryStore()
    event = sent("Product Removed", message="m1")
    assert ends(received(store, event)) == (0, 0, 1, 0)
    (one,) = store.asides
    assert (one.source, one.reason) == ("track Product Removed", "event: no source maps it")
    assert json.loads(one.body)["event"] == event
    assert "u1" not in repr(one)


@pytest.mark.parametrize(
    ("event", "source", "reason"),
    [
        (
            order("u1", timestamp=1) | {"timestamp": "ana@example.org"},
            "Order Completed",
            "time: is not a time",
        ),
        (order("u1", "rye", minutes=24 * 60 + 1), "Order Completed", "time: lies in the future"),
        (order(None), "Order Completed", "customer: is missing: no user_id and no email and no anonymous_id"),
        (sent("ana@example.org"), "track", "event: no source maps it"),
        ({"type": "alias", "userId": "u1"}, "an unknown call", "event: no source maps it"),
        ({}, "an unknown call", "event: no source maps it"),
        ([1], "", "event: is not an object"),
        (None, "", "event: is not an object"),
    ],
)
def test_a_reason_tells_nothing_of_what_was_given(event: object, source: str, reason: str) -> None:
    store = MemoryStore()
    assert ends(received(store, event)) == (0, 0, 1, 0)
    assert store.asides[0].source == source
    assert store.asides[0].reason.startswith(reason)
    assert "ana" not in store.asides[0].reason
    assert not store.customers


def test_an_event_with_one_bad_item_is_kept_and_put_aside() -> None:
    store = MemoryStore()
    event = order("u1", "rye", "oat", "", message="m1")
    assert ends(received(store, event)) == (1, 0, 0, 0)
    assert [one.interaction.record for one in store.log] == ["m1#0", "m1#1", "m1#2"]
    bad = sent("Order Completed", products=[{"category": "a", "name": "b", "price": "free"}, {"price": 1}])
    assert ends(received(store, bad)) == (1, 0, 0, 0)
    (one,) = store.asides
    assert one.reason == "unit_price: is not a number"
    assert json.loads(one.body)["refused"] == [[0, "unit_price (item 1): 'free' is not a number"]]


def test_what_is_put_aside_of_those_who_permit_nothing_is_nothing() -> None:
    store = MemoryStore()
    received(store, saved(care=False))
    bad = sent("Cared For", message="m1", anonymousId={"id": 1})
    assert ends(received(store, bad)) == (0, 0, 1, 0)  # not understood, so nobody's


def test_personal_values_are_kept_where_a_permitted_purpose_covers_them() -> None:
    store = MemoryStore()
    traits = {"name": "Ana Prado", "language": "es", "size": "XL"}
    received(store, sent("Signed up", message="1", traits=traits))
    ana = owner(store, "user_id", "u1")
    assert {field: value for (_, field), (value, _) in store.values.items()} == {"name": "Ana Prado"}
    received(store, saved(news=True))
    received(store, sent("Signed up", message="2", minutes=1, traits={**traits, "name": "Ana P."}))
    assert store.values == {
        (ana, "name"): ("Ana P.", NOW + timedelta(minutes=1)),
        (ana, "language"): ("es", NOW + timedelta(minutes=1)),
    }
    late = sent("Signed up", minutes=-9, traits={"name": "Old"})
    newer = sent("Signed up", minutes=2, traits={"name": "New"})
    received(store, newer, late)
    assert store.values[ana, "name"][0] == "New"  # type: ignore[index]  # an id is a word


def test_households_and_accounts_are_kept() -> None:
    store = MemoryStore()
    received(store, order("u1", household="h1", minutes=1), order("u1", household="h2"))
    received(store, sent("Works for", "u1", groupId="Acme"))
    ana = owner(store, "user_id", "u1")
    assert {key: name for key, (name, _) in store.memberships.items()} == {
        (ana, "household"): "h1",
        (ana, "account"): "Acme",
    }


def test_a_visitor_of_a_batch_is_who_logs_in_later_in_it() -> None:
    store = MemoryStore()
    found = received(
        store,
        order(None, "rye", anonymousId="a"),
        sent("Signed up", "u1", anonymousId="a"),
        order("u1", "oat"),
    )
    assert len(found.customers) == len(store.customers) == 1


def test_what_points_to_several_is_told_and_merges_nobody() -> None:
    store = MemoryStore()
    received(store, order("u1", anonymousId="a"), order("u2", context={"traits": {"email": "x@y.z"}}))
    assert received(store, order("u1")).conflicts == {}
    both = [order("u1", context={"traits": {"email": "x@y.z"}}), order("u2", anonymousId="a"), saved("u3")]
    found = received(store, *both, saved("u3", ideas=True) | {"anonymousId": "a"})
    assert found.conflicts == {"email": 1, "anonymous_id": 2}
    assert len(store.customers) == 3


def test_who_somebody_is_is_learned_from_what_is_kept_alone() -> None:
    store = MemoryStore()
    viewed = sent("Product Viewed", "u1", anonymousId="a", category="bread", name="rye")
    assert ends(received(store, viewed, order(None, anonymousId="a"), order("u1"))) == (2, 0, 0, 1)
    assert len(store.customers) == 2


def test_a_wrong_clock_is_set_right() -> None:
    store = MemoryStore()
    fast = timedelta(hours=5)
    received(
        store,
        order(
            "u1",
            originalTimestamp=(NOW + fast - timedelta(minutes=3)).isoformat(),
            sentAt=(NOW + fast).isoformat(),
        ),
    )
    assert store.log[0].interaction.at == NOW - timedelta(minutes=3)


def test_an_event_that_comes_a_week_late_keeps_its_time() -> None:
    store = MemoryStore()
    then = NOW - timedelta(days=7)
    received(store, order("u1") | {"timestamp": then.isoformat(), "sentAt": NOW.isoformat()})
    assert store.log[0].interaction.at == then
    assert store.log[0].received_at == NOW


def test_a_thousand_items_and_a_thousand_events_cost_as_many_looks_as_one() -> None:
    one, items, many = MemoryStore(), MemoryStore(), MemoryStore()
    received(one, order("u1"))
    received(items, order("u1", *map(str, range(1000))))
    received(many, *(order(f"u{n}", anonymousId=f"a{n // 2}") for n in range(1000)))
    assert len(items.log) == len(many.log) == 1000
    assert one.calls == items.calls == many.calls


EVENTS = st.lists(
    st.one_of(
        JSON,
        st.builds(
            lambda base, more: {**base, **more},
            st.sampled_from(
                [
                    *(order("u1", "rye"), order("u2", "oat", anonymousId="a"), saved(ideas=True)),
                    *(saved("u2", care=False, ideas=False), sent("Cared For", "u2")),
                    sent("Product Viewed", "u1", anonymousId="a", category="a", name="b"),
                    sent("Signed up", "u3", context={"traits": {"email": "a@b.c"}}, traits={"name": "x"}),
                    sent("Rated", "u1", words="no oat", category="bread", name="oat", stance="avoids"),
                ]
            ),
            st.dictionaries(
                st.sampled_from(
                    [
                        *("userId", "anonymousId", "timestamp", "sentAt", "originalTimestamp", "context"),
                        *("properties", "messageId", "type", "event", "traits", "groupId"),
                    ]
                ),
                st.one_of(JSON, st.sampled_from(["u1", "u2", "m1", "m2", 7, True, 10**40, "\ud800"])),
                max_size=3,
            ),
        ),
    ),
    max_size=6,
)


@settings(max_examples=400)
@given(EVENTS)
def test_whatever_comes_is_accounted_for(batch: list[Any]) -> None:
    store = MemoryStore()
    first = received(store, *batch)
    assert len(store.receipts) == first.events - first.repeated
    assert first.customers <= set(store.customers)
    asides = sum(one.outcome == "aside" for one in store.receipts.values())
    assert asides == first.aside <= len(store.asides)
    for entry in store.log:
        must_be_permitted(store, entry)
    named = [one for one in batch if isinstance(one, dict) and name_of(one)]
    assert received(store, *named).repeated == len(named)


def name_of(event: dict[str, Any]) -> bool:
    given_ = event.get("messageId")
    whole = isinstance(given_, int) and not isinstance(given_, bool) and abs(given_) < 10**30
    return whole or (isinstance(given_, str) and given_ != "")


def must_be_permitted(store: MemoryStore, entry: NewEntry) -> None:
    """In the ledger as it stands at the end of the batch, for its permissions come first."""
    for purpose in entry.purposes:
        said = store.permission_entries(entry.customer, purpose)
        if purpose in {"suggestions", "news"}:
            assert said
            assert said[-1].state == "granted"
        else:
            assert all(one.state == "granted" for one in said[-1:])


def one_of(users: list[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.one_of(
        st.builds(order, st.sampled_from(users), st.sampled_from("abc"), household=st.sampled_from("hj")),
        st.builds(
            lambda user, name, at: sent("Signed up", user, minutes=at, traits={"name": name}),
            *(st.sampled_from(users), st.sampled_from("xyz"), st.integers(-99, 0)),
        ),
        st.builds(
            lambda user, name: sent("Product Viewed", user, category="bread", name=name),
            *(st.sampled_from(users), st.sampled_from("abc")),
        ),
        st.builds(lambda user: sent("Cared For", user), st.sampled_from(users)),
    )


@given(st.lists(one_of(["u1", "u2", "u3"]), max_size=8), st.data())
def test_however_events_are_sent_the_same_is_kept(
    events: list[dict[str, object]], data: st.DataObject
) -> None:
    """In one batch, or in several, in any order, some of them twice: as long as nobody changes their mind."""
    for place, event in enumerate(events):
        event["messageId"] = f"m{place}"
        event["timestamp"] = (NOW - timedelta(minutes=place)).isoformat()
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    mixed = data.draw(st.permutations([*events, *again]))
    cut = data.draw(st.integers(0, len(mixed)))
    kept = []
    for batches in ([events], [mixed[:cut], mixed[cut:]], [[one] for one in mixed]):
        store = MemoryStore()
        received(store, saved("u1", ideas=True), saved("u2", care=False))
        for batch in batches:
            received(store, *batch)
        name = {customer: value for (_, value), customer in store.owners.items()}
        kept.append(
            (
                sorted((name[one.customer], str(one.interaction), one.purposes) for one in store.log),
                {(name[customer], field): value for (customer, field), value in store.values.items()},
                {(name[customer], kind): value for (customer, kind), value in store.memberships.items()},
                sorted(one.outcome for one in store.receipts.values() if "\n\n" not in one.message),
            )
        )
    assert kept[0] == kept[1] == kept[2]

"""The log of interactions, its receipts and what was put aside, on each database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.storage.shop import LATER, NOW, entry_of, permit, purpose, register, withdraw
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.differentiate.known import MoneyDay
from trato.interact.log import Aside, LogEntry, Receipt
from trato.interact.touchpoints import Touchpoint

if TYPE_CHECKING:
    from pathlib import Path

    from trato.interact.log import NewEntry
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

SERVICE = purpose("service", "contract")
LISBON = ZoneInfo("Europe/Lisbon")


@pytest.fixture
def ana(store: Store) -> CustomerId:
    return register(store, "ana@example.org")


def append(store: Store, *entries: NewEntry) -> int:
    return store.write(lambda it: it.append_interactions(entries))


def newest(store: Store, customer: CustomerId, limit: int = 100, **more: int) -> tuple[LogEntry, ...]:
    return store.read(lambda it: it.interactions_of(permit(it, customer, SERVICE), limit=limit, **more))


def test_what_was_appended_is_read_as_it_was(store: Store, ana: CustomerId) -> None:
    where = Touchpoint("till", "store", "Lisbon", "groceries", "fresh")
    said = entry_of(
        ana,
        "r1",
        purposes=("service", "advice"),
        kind="return",
        at=NOW - timedelta(microseconds=1),
        touchpoint=where,
        more_choices=(("dairy", "oat drink"), ("bread", "rye|wheat")),
        count=3,
        amount=-(2**40),
        cost=-7,
        statement="¡sin cilantro, por favor! \ud83d",
        stance="avoids",
        learns=False,
    )
    bare = entry_of(ana, None, component=None, module=None, amount=None)
    assert append(store, said, bare) == 2
    second, first = newest(store, ana)
    assert first == LogEntry(
        position=first.position,
        customer=ana,
        source="till",
        kind="return",
        at=NOW - timedelta(microseconds=1),
        received_at=NOW,
        touchpoint=where,
        component="dairy",
        module="milk",
        more_choices=(("dairy", "oat drink"), ("bread", "rye|wheat")),
        count=3,
        amount=-(2**40),
        cost=-7,
        statement="¡sin cilantro, por favor! \ud83d",
        stance="avoids",
        learns=False,
        purposes=("service", "advice"),
    )
    assert second.position > first.position
    assert (second.component, second.choices, second.amount, second.statement) == (None, (), None, None)


def test_a_record_is_kept_once_and_what_has_no_record_each_time(store: Store, ana: CustomerId) -> None:
    first, again = entry_of(ana, "r1"), entry_of(ana, "r1", amount=5)
    assert append(store, first, again) == 1
    assert append(store, again) == 0
    assert append(store, entry_of(ana, "r1", item=1), entry_of(ana, "r1", source="web")) == 2
    assert append(store, entry_of(ana, None), entry_of(ana, None)) == 2
    assert [one.amount for one in newest(store, ana)] == [199] * 5


def test_only_what_carries_the_purpose_is_read(store: Store, ana: CustomerId) -> None:
    for others in (("services",), ("my_service",), ("advice",)):
        append(store, entry_of(ana, None, purposes=others, statement="not for this", kind="contact"))
    other = register(store, "eva@example.org")
    append(store, entry_of(other, None))
    odd = purpose("a_b", "contract")
    append(store, entry_of(ana, None, purposes=("axb",)))

    def seen(it: Transaction) -> list[object]:
        leave, strange = permit(it, ana, SERVICE), permit(it, ana, odd)
        return [
            *it.interactions_of(leave, limit=9),
            *it.learned_since(leave, 0),
            *it.days_since(leave, 0, LISBON),
            *it.statements_of(leave),
            *it.contacts_of(leave, datetime(2000, 1, 1, tzinfo=UTC)),
            *it.interactions_of(strange, limit=9),
            *it.log_for_build("service", 10**9, {ana}),
        ]

    assert store.read(seen) == []


def test_pages_go_back_in_time(store: Store, ana: CustomerId) -> None:
    append(store, *(entry_of(ana, None, amount=amount) for amount in range(5)))
    page = newest(store, ana, 2)
    assert [one.amount for one in page] == [4, 3]
    page = newest(store, ana, 2, before=page[-1].position)
    assert [one.amount for one in page] == [2, 1]


def test_what_was_chosen_behind_a_position_is_summed(store: Store, ana: CustomerId) -> None:
    append(store, entry_of(ana, None, count=100))
    watermark = store.write(lambda it: it.log_watermark())
    append(
        store,
        entry_of(ana, None, count=2, more_choices=(("bread", "rye"),)),
        entry_of(ana, None),
        entry_of(ana, None, component=None, module=None, more_choices=(("dairy", "milk"),)),
        entry_of(ana, None, learns=False, count=50),
        entry_of(ana, None, purposes=("advice",), count=50),
    )
    learned = store.read(lambda it: it.learned_since(permit(it, ana, SERVICE), watermark))
    assert learned == {("dairy", "milk"): 4, ("bread", "rye"): 2}


def test_money_is_summed_by_the_days_of_the_company(store: Store, ana: CustomerId) -> None:
    summer = datetime(2025, 7, 1, 22, 59, tzinfo=UTC)  # one minute to midnight in Lisbon
    append(
        store,
        entry_of(ana, None, at=summer + timedelta(minutes=1), amount=10, cost=3),
        entry_of(ana, None, at=summer, amount=20),
        entry_of(ana, None, at=summer, amount=-50, cost=-4, kind="return"),
        entry_of(ana, None, at=summer - timedelta(days=1), amount=-5, kind="return"),
        entry_of(ana, None, at=summer, amount=None, cost=99),
    )
    assert store.read(lambda it: it.days_since(permit(it, ana, SERVICE), 0, LISBON)) == (
        MoneyDay(date(2025, 6, 30), -5, None, bought=False),
        MoneyDay(date(2025, 7, 1), -30, -4, bought=True),
        MoneyDay(date(2025, 7, 2), 10, 3, bought=True),
    )


def test_statements_and_contacts_are_told_in_their_order(store: Store, ana: CustomerId) -> None:
    append(
        store,
        entry_of(ana, None, kind="statement", statement="second", at=NOW),
        entry_of(ana, None, kind="contact", at=LATER),
        entry_of(ana, None, kind="statement", statement="first", at=NOW - timedelta(days=2)),
        entry_of(ana, None, kind="contact", at=NOW),
        entry_of(ana, None, kind="contact", at=NOW - timedelta(days=9)),
    )

    def told(it: Transaction) -> tuple[list[str | None], list[datetime]]:
        leave = permit(it, ana, SERVICE)
        said, turned = it.statements_of(leave), it.contacts_of(leave, NOW)
        return [one.statement for one in said], [one.at for one in turned]

    assert store.read(told) == (["first", "second"], [NOW, LATER])


def test_a_build_reads_the_log_in_its_order_without_words(store: Store, ana: CustomerId) -> None:
    eva, iva = register(store, "eva@example.org"), register(store, "iva@example.org")
    many = [
        entry_of(who, None, amount=turn, statement="words", purposes=("advice", "service"))
        for turn in range(900)
        for who in (ana, eva, iva)
    ]
    append(store, *many)
    watermark = store.write(lambda it: it.log_watermark())
    append(store, entry_of(ana, None))
    read = store.read(lambda it: list(it.log_for_build("service", watermark, {ana, iva})))
    assert [(one.customer, one.amount) for one in read] == [
        (who, turn) for turn in range(900) for who in (ana, iva)
    ]
    assert {one.statement for one in read} == {None}
    assert max(one.position for one in read) <= watermark


def test_a_build_reads_nothing_of_who_refused(store: Store, ana: CustomerId) -> None:
    analysis = purpose("analysis", "legitimate_interests")
    eva = register(store, "eva@example.org")
    append(store, *(entry_of(who, None, purposes=("analysis", "advice")) for who in (ana, eva)))
    withdraw(store, ana, analysis)
    for why, whose in (("analysis", [eva]), ("advice", [ana, eva])):
        read = store.read(lambda it, why=why: list(it.log_for_build(why, 9, {ana, eva})))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        assert [one.customer for one in read] == whose


def test_the_watermark_is_asked_for_by_who_can_wait(store: Store, ana: CustomerId) -> None:
    assert store.write(lambda it: it.log_watermark()) == 0
    append(store, entry_of(ana, None))
    assert store.write(lambda it: it.log_watermark()) == newest(store, ana)[0].position
    with pytest.raises(RuntimeError, match="writes"):
        store.read(lambda it: it.log_watermark())


def test_nothing_below_the_watermark_comes_later(store: Store, ana: CustomerId) -> None:
    """Who appended first and commits last had a lower position than one that is there already."""
    appended, go_on = threading.Event(), threading.Event()
    watermarks: list[int] = []

    def slow(it: Transaction) -> None:
        it.append_interactions([entry_of(ana, None, amount=1)])
        appended.set()
        go_on.wait(10)

    first = threading.Thread(target=lambda: store.write(slow))
    first.start()
    assert appended.wait(10)
    second = threading.Thread(target=lambda: append(store, entry_of(ana, None, amount=2)))
    second.start()
    second.join(0.2)  # on PostgreSQL it is through, on SQLite it waits
    asked = threading.Thread(target=lambda: watermarks.append(store.write(lambda it: it.log_watermark())))
    asked.start()
    asked.join(0.2)
    assert watermarks == []
    go_on.set()
    for one in (first, second, asked):
        one.join(10)
    assert watermarks == [max(one.position for one in newest(store, ana))]
    assert len(newest(store, ana)) == 2


def test_what_refers_to_nobody_is_refused(store: Store) -> None:
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.UnknownCustomer):
        append(store, entry_of(nobody, None))


def test_the_log_refuses_to_be_rewritten(store: Store, database: str, ana: CustomerId) -> None:
    append(store, entry_of(ana, "r1"))
    for change in ("UPDATE interactions SET amount = 0", "DELETE FROM interactions"):
        with pytest.raises(Exception, match="interactions is append-only"):
            beside_the_store(database, change)


def test_a_message_has_one_receipt(store: Store) -> None:
    store.write(lambda it: it.add_receipts([Receipt("k1:m1", NOW, "kept"), Receipt("k1:m2", NOW, "aside")]))
    asked = ["k1:m1", "k1:m3", "k2:m1", "k1:m2", "half a \ud83d"]
    assert store.read(lambda it: it.new_messages(asked)) == {"k1:m3", "k2:m1", "half a \ud83d"}
    many = [f"k1:{number}" for number in range(2500)]
    assert store.write(lambda it: it.new_messages(many)) == set(many)
    store.write(lambda it: it.add_receipts([Receipt(one, LATER, "nothing") for one in many]))
    assert store.read(lambda it: it.new_messages(many)) == set()
    assert store.write(lambda it: it.drop_receipts(LATER)) == 2
    assert store.read(lambda it: it.new_messages(["k1:m1", "k1:7"])) == {"k1:m1"}


def test_what_was_put_aside_is_counted_and_dropped(store: Store) -> None:
    aside = Aside("web", "no mapping", NOW, '{"name": "Ana"}')
    store.write(lambda it: it.put_aside([aside, replace(aside, received_at=LATER)]))
    store.write(lambda it: it.put_aside([replace(aside, source="app"), replace(aside, reason="no time")]))
    assert store.read(lambda it: it.aside_summary()) == (
        ("web", "no mapping", 2, LATER),
        ("app", "no mapping", 1, NOW),
        ("web", "no time", 1, NOW),
    )
    assert store.write(lambda it: it.drop_asides(LATER)) == 3
    assert store.read(lambda it: it.aside_summary()) == (("web", "no mapping", 1, LATER),)


def test_neither_words_nor_records_lie_in_the_clear(
    store: Store, database: str, ana: CustomerId, tmp_path: Path
) -> None:
    append(store, entry_of(ana, "order-4711", statement="no coriander"))
    store.write(lambda it: it.put_aside([Aside("web", "no mapping", NOW, "half an event")]))
    store.write(lambda it: it.add_receipts([Receipt("message-12", NOW, "aside")]))
    shown = "".join(
        str(beside_the_store(database, f"SELECT * FROM {table}"))
        for table in ("interactions", "asides", "receipts")
    )
    assert "milk" in shown
    secret = ("coriander", "half an event", "order-4711", "message-12")
    assert not [one for one in secret if one in shown]
    for file in tmp_path.iterdir():
        assert not [one for one in secret if one.encode() in file.read_bytes()]


def test_what_came_last_is_told_by_source(store: Store, ana: CustomerId) -> None:
    assert store.read(lambda it: it.arrivals(9)) == ()
    late = [replace(entry_of(ana, None, source="web"), received_at=at) for at in (LATER, NOW)]
    append(store, entry_of(ana, None, source="old"), entry_of(ana, None), *late)
    assert store.read(lambda it: it.arrivals(3)) == (("web", 2, LATER), ("till", 1, NOW))

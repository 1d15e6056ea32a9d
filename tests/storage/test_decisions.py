"""Decisions and outcomes: what is logged comes back whole, to whom a permit opens it, and stays as it was."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.storage.decided import CLOSED, decision_of, log_decisions, outcome_of
from tests.storage.shop import LATER, NOW, give, permit, purpose, register
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.customize.programme.decision import DecisionId, Taught
from trato.customize.programme.store import WhoseDecision
from trato.permission.permit import read_permits
from trato.storage.sealing import seal_log

if TYPE_CHECKING:
    from trato.customize.programme.decision import Decision
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction


@pytest.fixture
def ana(store: Store) -> CustomerId:
    found = register(store, "ana@example.org")
    give(store, found)
    return found


@pytest.fixture
def eva(store: Store) -> CustomerId:
    found = register(store, "eva@example.org")
    give(store, found)
    return found


def test_a_decision_comes_back_as_it_was_logged(store: Store, ana: CustomerId, eva: CustomerId) -> None:
    first, second, hers = decision_of(ana), decision_of(ana, by_person="wine"), decision_of(eva)
    log_decisions(store, first, hers, second)

    def look(it: Transaction) -> None:
        leave = permit(it, ana)
        assert it.decision_of(leave, first.id) == replace(first, position=1)
        assert it.decision_of(leave, hers.id) is None
        assert it.decisions_of(leave, limit=9) == (replace(second, position=3), replace(first, position=1))
        assert it.decisions_of(leave, limit=1) == (replace(second, position=3),)
        assert it.decisions_of(leave, limit=9, before=3) == (replace(first, position=1),)
        other = permit(it, ana, purpose("delivery", "contract"))
        assert (it.decision_of(other, first.id), it.decisions_of(other, limit=9)) == (None, ())
        assert it.whose_decision(hers.id) == WhoseDecision(eva, "welcome", "newsletter", CLOSED)
        assert it.whose_decision(DecisionId("none")) is None

    store.read(look)


def test_many_decisions_keep_their_order(store: Store, ana: CustomerId) -> None:
    some = [decision_of(ana) for _ in range(1300)]
    log_decisions(store, *some)
    found = store.read(lambda it: it.decisions_of(permit(it, ana), limit=2000))
    assert [one.id for one in reversed(found)] == [one.id for one in some]


def test_a_decision_of_nobody_is_nobodys(store: Store, database: str, ana: CustomerId) -> None:
    one = decision_of(ana, purpose="", facts={})
    log_decisions(store, one)
    assert store.read(lambda it: it.whose_decision(one.id)) == WhoseDecision(None, "welcome", "", CLOSED)
    found = store.read(lambda it: it.nobodys_decision(one.id))
    assert found == replace(one, customer=CustomerId(""), unit="", position=1)
    rows = beside_the_store(database, "SELECT * FROM decisions")
    assert ana not in repr(rows)
    assert store.read(lambda it: it.matured("welcome", 0, LATER + timedelta(days=9), 9)) in ((), ((1, None),))
    (kept,) = store.read(lambda it: it.anonymous("welcome", 0, 9))
    assert (kept.position, kept.treatment, kept.unit) == (1, "bread", b"")


def test_a_decision_of_a_stranger_and_one_twice_are_refused(store: Store, ana: CustomerId) -> None:
    with pytest.raises(errors.UnknownCustomer):
        log_decisions(store, decision_of(ana), decision_of(CustomerId("nobody")))
    one = decision_of(ana)
    log_decisions(store, one)
    with pytest.raises(DBAPIError):
        log_decisions(store, one)
    assert len(store.read(lambda it: it.anonymous("welcome", 0, 9))) == 1


def test_an_outcome_counts_once(store: Store, ana: CustomerId) -> None:
    one, other = decision_of(ana), decision_of(ana)
    log_decisions(store, one, other)
    came = [outcome_of(one.id), outcome_of(one.id, "r2", amount=-50, taken=False), outcome_of("none")]
    assert store.write(lambda it: it.add_outcomes(came)) == 2
    assert store.write(lambda it: it.add_outcomes([*came, outcome_of(other.id)])) == 1
    assert store.write(lambda it: it.add_outcomes([])) == 0

    def look(it: Transaction) -> None:
        found = it.outcomes_of(permit(it, ana), one.id)
        assert [(each.decision, each.taken, each.amount) for each in found] == [
            (one.id, True, 199),
            (one.id, False, -50),
        ]
        assert len({each.record for each in found} - {"r1", "r2"}) == 2  # hashes, not names
        assert it.outcomes_of(permit(it, ana, purpose("delivery", "contract")), one.id) == ()

    store.read(look)


def test_a_decision_opens_an_episode_where_none_of_its_unit_is_open(
    store: Store, ana: CustomerId, eva: CustomerId
) -> None:
    def at(hours: float, customer: CustomerId = ana, **said: Any) -> Decision:
        when = NOW + timedelta(hours=hours)
        return decision_of(customer, at=when, matures_at=when + timedelta(hours=10), **said)

    log_decisions(
        store,
        at(0),  # 1 opens
        at(0, eva),  # 2 opens: another's
        at(1, programme="winback"),  # 3: another programme's
        at(10),  # 4 does not: the window holds its end
        at(10.5),  # 5 opens
        at(9, eva),  # 6 does not
        at(11, eva, unit=f"person:{ana}"),  # 7 does not: of the same household, say
        at(11, purpose="", facts={}),  # 8 and 9 open: nobody's
        at(11, purpose="", facts={}),
        at(30),  # 10 opens
    )
    welcome = [1, 2, *range(4, 11)]
    assert store.read(lambda it: it.opening("welcome", welcome)) == {1, 2, 5, 8, 9, 10}
    assert store.read(lambda it: it.opening("welcome", [4, 5, 7])) == {5}
    assert store.read(lambda it: it.opening("welcome", [])) == frozenset()
    for _ in range(2):
        store.write(lambda it: it.leave_unread([2, 5]))
    assert [one.position for one in store.read(lambda it: it.anonymous("welcome", 0, 99)) if one.unread] == [
        2,
        5,
    ]


def test_what_matured_teaches_with_what_came_in_its_window(
    store: Store, ana: CustomerId, eva: CustomerId
) -> None:
    early, hers = decision_of(ana), decision_of(eva)
    open_still = decision_of(ana, matures_at=CLOSED + timedelta(days=1))
    late, elsewhere = decision_of(ana), decision_of(ana, programme="winback")
    log_decisions(store, early, hers, elsewhere, open_still, late)
    came = [
        outcome_of(early.id, "a"),
        outcome_of(early.id, "b", taken=False, amount=1, at=CLOSED),
        outcome_of(early.id, "c", amount=7, at=CLOSED + timedelta(microseconds=1)),
        outcome_of(hers.id, "d", amount=9, at=NOW - timedelta(microseconds=1)),
    ]
    store.write(lambda it: it.add_outcomes(came))

    def look(it: Transaction) -> None:
        assert it.matured("welcome", 0, CLOSED, 9) == ((1, ana), (2, eva))
        assert it.matured("welcome", 0, CLOSED, 1) == ((1, ana),)
        assert it.matured("welcome", 1, CLOSED, 9) == ((2, eva),)
        assert it.matured("welcome", 0, CLOSED - timedelta(microseconds=1), 9) == ()
        assert len(it.matured("welcome", 0, CLOSED + timedelta(days=1), 9)) == 4
        leaves = read_permits(it, purpose(), [ana, eva], now=LATER)
        assert it.taught([leaves[ana], leaves[eva]], [2, 1]) == (
            Taught(replace(early, position=1), True, 200),
            Taught(replace(hers, position=2), False, 0),
        )
        assert it.taught([leaves[eva]], [1, 2, 77]) == (Taught(replace(hers, position=2), False, 0),)
        kept = it.anonymous("welcome", 0, 9)
        assert [(one.position, one.taken, one.amount) for one in kept] == [
            (1, True, 200),
            (2, False, 0),
            (4, False, 0),
            (5, False, 0),
        ]
        assert kept[0].unit == kept[2].unit != kept[1].unit
        assert (kept[0].at, kept[0].matures_at, kept[0].arm) == (NOW, CLOSED, "policy")
        assert it.anonymous("welcome", 1, 1) == kept[1:2]

    store.write(look)


def test_on_reading_what_matured_goes_as_far_as_it_is_sealed(
    store: Store, database: str, ana: CustomerId
) -> None:
    log_decisions(store, decision_of(ana), decision_of(ana))
    seen = store.read(lambda it: it.matured("welcome", 0, CLOSED, 9))
    assert seen == (((1, ana), (2, ana)) if database.startswith("sqlite") else ())
    seal_log(store, LATER)
    assert store.read(lambda it: it.matured("welcome", 0, CLOSED, 9)) == ((1, ana), (2, ana))


def test_a_row_says_nothing_of_what_it_was_made_of(store: Store, database: str, ana: CustomerId) -> None:
    log_decisions(store, decision_of(ana, facts={"tier": "gold"}))
    seen = repr(beside_the_store(database, "SELECT * FROM decisions"))
    assert "bread" in seen
    assert all(word not in seen for word in ("gold", "wine", "not_eligible", "person:"))


def test_decisions_and_outcomes_refuse_to_be_rewritten(store: Store, database: str, ana: CustomerId) -> None:
    one = decision_of(ana)
    log_decisions(store, one)
    store.write(lambda it: it.add_outcomes([outcome_of(one.id)]))
    for table, change in (
        ("decisions", "UPDATE decisions SET treatment = 'nothing'"),
        ("decisions", "UPDATE decisions SET probability = probability"),
        ("decisions", "UPDATE decisions SET customer = NULL"),
        ("decisions", "UPDATE decisions SET sealed = NULL"),
        ("decisions", "UPDATE decisions SET id = 'other'"),
        ("decisions", "DELETE FROM decisions"),
        ("outcomes", "UPDATE outcomes SET amount = 0"),
        ("outcomes", "DELETE FROM outcomes"),
    ):
        with pytest.raises(Exception, match=f"{table} is append-only"):
            beside_the_store(database, change)


def test_of_the_forgotten_the_anonymous_stays_and_the_blocks_hold(
    store: Store, database: str, ana: CustomerId, eva: CustomerId
) -> None:
    his, hers = decision_of(ana), decision_of(eva)
    log_decisions(store, his, hers)
    store.write(lambda it: it.add_outcomes([outcome_of(his.id), outcome_of(hers.id)]))
    assert seal_log(store, NOW) == 2
    before = store.read(lambda it: it.anonymous("welcome", 0, 9))
    assert store.write(lambda it: it.forget_decisions(ana)) == 1
    assert store.write(lambda it: it.forget_decisions(ana)) == 0
    after = store.read(lambda it: it.anonymous("welcome", 0, 9))
    assert after == (replace(before[0], unit=b""), before[1])
    assert store.read(lambda it: it.whose_decision(his.id)) is None
    assert store.read(lambda it: it.decisions_of(permit(it, ana), limit=9)) == ()
    assert store.write(lambda it: it.matured("welcome", 0, CLOSED, 9)) == ((1, None), (2, eva))
    for log in ("decisions", "outcomes"):
        found = store.read(lambda it, log=log: it.verify_log(log))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        assert (found.faults, found.unsealed) == ((), 0)
    assert repr(ana) not in repr(beside_the_store(database, "SELECT * FROM decisions"))


def test_what_had_its_time_is_forgotten_by_and_by(store: Store, ana: CustomerId) -> None:
    old = [decision_of(ana, at=NOW - timedelta(days=400)) for _ in range(3)]
    other, new = decision_of(ana, at=old[0].at, purpose="service"), decision_of(ana)
    log_decisions(store, *old, other, new)
    done = [
        store.write(lambda it: it.forget_old_decisions("newsletter", NOW - timedelta(days=365), 2))
        for _ in range(3)
    ]
    assert done == [2, 1, 0]
    left = [store.read(lambda it, one=one: it.whose_decision(one.id)) for one in (*old, other, new)]  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert [one is None for one in left] == [True, True, True, False, False]


def test_no_decision_is_skipped_that_is_still_being_written(store: Store, ana: CustomerId) -> None:
    """A learner that follows behind many who decide meets every decision once, in order."""
    stop = threading.Event()

    def write(_thread: int) -> int:
        for _ in range(40):
            some = [decision_of(ana, matures_at=NOW) for _ in range(2)]
            store.write(lambda it, some=some: slowly(it, some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        return 80

    def slowly(it: Transaction, some: list[Decision]) -> None:
        it.append_decisions(some[:1])
        time.sleep(0.002)  # so that others take positions behind it, and are there before it
        it.append_decisions(some[1:])

    def learn() -> list[int]:
        met: list[int] = []
        last = False
        while True:
            for use in (store.write, store.read):
                behind = met[-1] if met else 0
                found = use(lambda it, behind=behind: it.matured("welcome", behind, NOW, 7))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
                met += [position for position, _ in found]
                seal_log(store, NOW)
            if last and not found:
                return met
            last = stop.is_set()

    with ThreadPoolExecutor(9) as pool:
        learning = pool.submit(learn)
        written = sum(pool.map(write, range(6)))
        stop.set()
        met = learning.result()
    kept = store.read(lambda it: it.anonymous("welcome", 0, 10**6))
    assert met == [one.position for one in kept]
    assert len(met) == written

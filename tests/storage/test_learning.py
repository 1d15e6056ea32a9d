"""Learning on a real store: the model that memory learns, each decision once, whoever learns and stops."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.customize.programme.letters import (
    LETTERS,
    PROGRAMMES,
    PURPOSES,
    START,
    TIERS,
    TOUCHPOINTS,
    came,
    decided,
)
from tests.customize.test_learn import LATER, Opened, learns, reports, shop
from tests.storage.shop import MASTER_KEY
from trato.customers.customer import CustomerId
from trato.customize.learn import learn, study_matured, take_up
from trato.customize.outcomes import report
from trato.customize.pace import last_decisions
from trato.customize.publish import publish
from trato.customize.relearn import learn_anew
from trato.permission.give import GivePermission, RefusePermission, give_permission, withdraw_permission
from trato.permission.permit import read_permit
from trato.storage.sealing import seal_log
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.customize.programme.memory import Memory
    from trato.customize.learn import Lesson
    from trato.customize.programme.decision import Decision, Outcome
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.store import ServedProgramme
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

MANY = 120


def logged() -> tuple[list[Decision], list[Outcome]]:
    """Decisions about three customers, and what came of some; a few of it late, a few told twice."""
    draw = np.random.default_rng(2)
    decisions, outcomes = [], []
    for number in range(MANY):
        facts: dict[str, Fact] = {"tier": str(draw.choice(TIERS)), "p_alive": round(float(draw.random()), 3)}
        one = decided(
            number,
            ("ana", "rui", "eva")[number % 3],
            ("nothing", "rye", "wheat")[number % 5 % 3],
            facts=facts,
        )
        decisions.append(one)
        if draw.random() < 0.4:
            after = timedelta(days=float(draw.random() * 8))  # some after the window
            outcomes += [came(one, after=after)] * (1 + (number % 7 == 0))
    return decisions, outcomes


def in_memory(decisions: Sequence[Decision], outcomes: Sequence[Outcome]) -> Memory:
    store = shop(*decisions)
    reports(store, *outcomes)
    return store


def fill(store: Store, decisions: Sequence[Decision]) -> None:
    def people(it: Transaction) -> None:
        it.add_customers([(CustomerId(who), START) for who in ("ana", "eva", "rui")])
        for who in ("ana", "eva", "rui"):
            for key in ("offers", "suggestions"):
                said = GivePermission(CustomerId(who), PURPOSES.named(key), "letter", "form", "")
                give_permission(it, said, now=START - timedelta(days=1))
        publish(it, LETTERS, now=START)

    def log(it: Transaction) -> None:
        it.append_decisions(decisions)
        reserved = sum(one.reserved for one in decisions)
        assert it.reserve("letters", {"budget": (reserved, LETTERS.budget or 0)})

    store.write(people)
    store.write(log)


def tells(store: Store, outcomes: Sequence[Outcome], now: Any = LATER) -> Any:
    return store.write(
        partial(
            report,
            outcomes=outcomes,
            programmes=PROGRAMMES,
            purposes=PURPOSES,
            touchpoints=TOUCHPOINTS,
            now=now,
        )
    )


def teaches(store: Store, most: int = 2_000) -> Lesson | None:
    return store.write(partial(learn, programme=LETTERS, purposes=PURPOSES, now=LATER, most=most))


def served(store: Store) -> ServedProgramme:
    return store.read(lambda it: it.served_programmes()["letters"])


def budget(store: Store) -> int:
    return next(one.used for one in store.read(lambda it: it.uses_of("letters")) if one.what == "budget")


@pytest.fixture
def shopped(store: Store) -> tuple[Store, Memory]:
    """A store and a memory with the same decisions and outcomes; the memory has learned."""
    decisions, outcomes = logged()
    fill(store, decisions)
    tells(store, outcomes)
    memory = in_memory(decisions, outcomes)
    learns(memory)
    return store, memory


def test_it_learns_what_memory_learns_bit_for_bit(shopped: tuple[Store, Memory]) -> None:
    store, memory = shopped
    lesson = teaches(store)
    assert lesson is not None
    assert lesson.taught == MANY
    assert lesson.model == memory.served["letters"].model
    assert store.read(lambda it: it.model_document(lesson.model)) == memory.documents[lesson.model]
    assert budget(store) == memory.used["letters", "budget"].used
    assert teaches(store) is None


def test_a_restart_in_the_middle_changes_nothing(database: str) -> None:
    decisions, outcomes = logged()
    memory = in_memory(decisions, outcomes)
    learns(memory)
    with open_store(database, MASTER_KEY) as store:
        fill(store, decisions)
        tells(store, outcomes)
        teaches(store, most=37)
        before = served(store)

        def stopped(it: Transaction) -> None:
            learn(it, LETTERS, purposes=PURPOSES, now=LATER, most=37)
            raise KeyboardInterrupt  # before it is committed

        with pytest.raises(KeyboardInterrupt):
            store.write(stopped)
        assert served(store) == before
    with open_store(database, MASTER_KEY) as store:
        tells(store, outcomes)  # all told once more
        while teaches(store, most=29):
            pass
        assert served(store).model == memory.served["letters"].model
        assert budget(store) == memory.used["letters", "budget"].used


def test_two_learners_at_once_teach_each_decision_once(shopped: tuple[Store, Memory]) -> None:
    store, memory = shopped
    together = threading.Barrier(2)

    def learner(_: int) -> int:
        taught = 0
        together.wait(10)
        while True:
            read = partial(study_matured, programme=LETTERS, purposes=PURPOSES, now=LATER, most=10)
            study = store.read(partial(read, patience=timedelta(0)))
            if study is None:
                return taught
            lesson = store.write(partial(take_up, study=study, now=LATER))
            taught += 0 if lesson is None else lesson.taught

    seal_log(store, LATER)  # who only reads goes as far as decisions are sealed
    with ThreadPoolExecutor(2) as pool:
        taught = list(pool.map(learner, range(2)))
    assert sum(taught) == MANY
    assert served(store).model == memory.served["letters"].model
    assert budget(store) == memory.used["letters", "budget"].used


def test_learned_anew_is_the_same_and_forgets_who_withdrew(shopped: tuple[Store, Memory]) -> None:
    store, memory = shopped
    teaches(store)
    seal_log(store, LATER)
    again = learn_anew(store, LETTERS, purposes=PURPOSES, now=LATER, most=50)
    assert again is not None
    assert again.model == memory.served["letters"].model
    said = RefusePermission(CustomerId("rui"), PURPOSES.named("suggestions"), "letter", "desk", "")
    store.write(lambda it: withdraw_permission(it, said, now=LATER - timedelta(days=1)))
    memory.withdraw(CustomerId("rui"), "suggestions")
    without = learn_anew(store, LETTERS, purposes=PURPOSES, now=LATER, most=50)
    assert without is not None
    assert without.evidence == MANY * 2 // 3
    theirs = learn_anew(Opened(memory), LETTERS, purposes=PURPOSES, now=LATER)
    assert theirs is not None
    assert without.model == theirs.model


def test_the_forgotten_teach_no_more_and_what_was_set_aside_for_them_stays_spent(store: Store) -> None:
    decisions = [decided(number, ("ana", "rui")[number % 2]) for number in range(4)]
    fill(store, decisions)
    store.write(lambda it: it.forget_decisions(CustomerId("rui")))
    lesson = teaches(store)
    assert lesson is not None
    assert (lesson.seen, lesson.taught, lesson.released) == (4, 2, 2 * 150)


def test_a_taken_treatment_is_a_choice_in_the_log(store: Store) -> None:
    decision = decided(0, "ana", "wheat")
    fill(store, [decision])
    tells(store, [came(decision)])
    tells(store, [came(decision), came(decision, record="b")])

    def learned(it: Transaction) -> Any:
        permit = read_permit(it, PURPOSES.named("suggestions"), CustomerId("ana"), now=LATER)
        return it.learned_since(permit, 0)

    assert store.read(learned) == {("bread", "wheat"): 1}


def test_what_is_told_late_is_charged_after_all(store: Store) -> None:
    decision = decided(0, "ana")
    fill(store, [decision])
    teaches(store)
    assert budget(store) == 20
    tells(store, [came(decision)])
    assert budget(store) == 170
    tells(store, [came(decision), came(decision, record="b")])
    assert budget(store) == 170


def test_the_last_decisions_are_found(shopped: tuple[Store, Memory]) -> None:
    store, _ = shopped
    found = store.write(lambda it: last_decisions(it, "letters", 0, 25))
    everything = store.write(lambda it: it.matured("letters", 0, LATER, 10_000))
    assert found == everything[-25:]


def test_what_is_told_while_it_is_settled_is_not_released(store: Store) -> None:
    decision = decided(0, "ana")
    fill(store, [decision])
    seal_log(store, LATER)
    read = partial(study_matured, programme=LETTERS, purposes=PURPOSES, now=LATER)
    study = store.read(read)
    assert study is not None
    told, go_on = threading.Event(), threading.Event()

    def tell(it: Transaction) -> None:
        report(
            it,
            [came(decision)],
            programmes=PROGRAMMES,
            purposes=PURPOSES,
            touchpoints=TOUCHPOINTS,
            now=LATER,
        )
        told.set()
        go_on.wait(0.3)  # time for the learner to come in between, if it could

    with ThreadPoolExecutor(1) as pool:
        telling = pool.submit(store.write, tell)
        told.wait(10)
        store.write(partial(take_up, study=study, now=LATER))
        telling.result()
    assert budget(store) == 170

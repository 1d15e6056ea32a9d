"""Learning: matured decisions teach, each exactly once, whatever happens around them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.customize.programme.letters import (
    LETTERS,
    PROGRAMMES,
    PURPOSES,
    START,
    TIERS,
    TOUCHPOINTS,
    WINDOW,
    came,
    decided,
    letters,
    treatment,
)
from tests.customize.programme.memory import Memory
from trato.customers.customer import CustomerId
from trato.customize.learn import learn, study_matured, take_up
from trato.customize.outcomes import report
from trato.customize.programme.belief import prior_of
from trato.customize.programme.decision import WHOLE, Candidate, Taught
from trato.customize.programme.drift import watching
from trato.customize.programme.encode import layout_of
from trato.customize.programme.lessons import Learning, lessons_of, posterior_of, taught_by, written
from trato.customize.programme.store import Use
from trato.customize.programme.treatments import NO_TREATMENT, Goal
from trato.customize.relearn import learn_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from trato.customize.learn import Lesson
    from trato.customize.outcomes import Reported
    from trato.customize.programme.decision import Decision, Outcome
    from trato.customize.programme.lessons import Drift
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.store import LearningStore
    from trato.customize.programme.treatments import Programme

T = TypeVar("T")

LATER = START + timedelta(days=30)
PEOPLE = ("ana", "rui", "eva")
FACTS = st.fixed_dictionaries(
    {"tier": st.sampled_from([*TIERS, None]), "p_alive": st.none() | st.floats(0, 1, width=32)}
)
LOGGED = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["nothing", "rye", "wheat"]), FACTS, st.booleans()),
    min_size=1,
    max_size=25,
)


class Opened:
    """A memory as an open store: each piece of work is a transaction."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def read(self, work: Callable[[LearningStore], T]) -> T:
        with self.memory.begun() as it:
            return work(it)

    write = read


def shop(*decisions: Decision, programme: Programme = LETTERS) -> Memory:
    """A store whose three customers permit all, with these decisions, and the budget that they set aside."""
    store = Memory()
    for who in PEOPLE:
        store.meet(who, "offers", "suggestions")
    store.serve(programme)
    store.append_decisions(decisions)
    reserved = sum(one.reserved for one in decisions)
    store.used[programme.key, "budget"] = Use(programme.key, "budget", reserved, programme.budget or 0)
    return store


def reports(store: Memory, *outcomes: Outcome, now: datetime = LATER) -> Reported:
    with store.begun() as it:
        return report(
            it, outcomes, programmes=PROGRAMMES, purposes=PURPOSES, touchpoints=TOUCHPOINTS, now=now
        )


def learns(
    store: Memory, now: datetime = LATER, *, programme: Programme = LETTERS, most: int = 2_000
) -> Lesson | None:
    with store.begun() as it:
        return learn(it, programme, purposes=PURPOSES, now=now, most=most)


def belief(store: Memory, programme: Programme = LETTERS) -> Posterior:
    return posterior_of(store, programme, store.served[programme.key].model)


def textbook(programme: Programme, taught: Sequence[Taught]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance by the normal equations: slow, dense and obvious."""
    start = prior_of(programme)
    phi, y = lessons_of(programme, taught)
    precision = np.linalg.inv(start.covariance)
    total = precision + phi.T @ phi / start.noise
    covariance = np.linalg.inv(total)
    return covariance @ (precision @ start.mean + phi.T @ y / start.noise), covariance


def logged(rows: Sequence[tuple[str, str, dict[str, object], bool]]) -> tuple[Memory, list[Decision]]:
    decisions = [
        decided(n, who, what, facts=facts)  # type: ignore[arg-type]  # hypothesis says object
        for n, (who, what, facts, _) in enumerate(rows)
    ]
    store = shop(*decisions)
    reports(store, *(came(one) for one, row in zip(decisions, rows, strict=True) if row[3]))
    return store, decisions


@given(LOGGED)
@settings(deadline=None)
def test_what_is_learned_is_the_textbook_regression(
    rows: list[tuple[str, str, dict[str, object], bool]],
) -> None:
    store, decisions = logged(rows)
    lesson = learns(store)
    assert lesson is not None
    assert (lesson.seen, lesson.taught, lesson.evidence) == (len(rows), len(rows), len(rows))
    taught = [Taught(one, row[3], 0) for one, row in zip(decisions, rows, strict=True)]
    mean, covariance = textbook(LETTERS, taught)
    found = belief(store)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((found.mean - mean) / scale, 0, atol=1e-6)
    np.testing.assert_allclose(
        found.covariance / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=1e-6
    )


@given(LOGGED, st.integers(1, 7))
@settings(deadline=None)
def test_lessons_of_any_length_come_to_the_same_bits(
    rows: list[tuple[str, str, dict[str, object], bool]], most: int
) -> None:
    once, _ = logged(rows)
    learns(once)
    cut, _ = logged(rows)
    while learns(cut, most=most):
        pass
    assert cut.served["letters"].model == once.served["letters"].model
    assert cut.served["letters"].learned_up_to == len(rows)
    assert cut.used == once.used
    anew = learn_anew(Opened(cut), LETTERS, purposes=PURPOSES, now=LATER, most=most)
    assert anew is not None
    assert anew.model == once.served["letters"].model


def test_an_open_window_is_no_failure() -> None:
    first, second = decided(0, "ana"), decided(24, "rui")
    store = shop(first, second)
    assert learns(store, first.matures_at - timedelta(seconds=1)) is None
    lesson = learns(store, first.matures_at)
    assert lesson is not None
    assert (lesson.up_to, lesson.taught, lesson.evidence) == (1, 1, 1)
    assert learns(store, first.matures_at) is None
    lesson = learns(store)
    assert lesson is not None
    assert (lesson.up_to, lesson.taught, lesson.evidence) == (2, 1, 2)


def test_the_same_outcome_twice_changes_nothing() -> None:
    decision = decided(0, "ana")
    store = shop(decision)
    assert reports(store, came(decision)).new == 1
    log = list(store.log)
    again = reports(store, came(decision), came(decision))
    assert (again.new, again.known) == (0, 2)
    assert store.log == log
    learns(store)
    model, used = store.served["letters"], dict(store.used)
    reports(store, came(decision))
    assert learns(store) is None
    assert (store.served["letters"], store.used) == (model, used)


def test_what_happens_after_the_window_is_kept_and_changes_nothing() -> None:
    decision = decided(0, "ana")
    with_it, without = shop(decision), shop(decision)
    found = reports(with_it, came(decision, after=WINDOW + timedelta(seconds=1)))
    assert (found.new, found.late) == (1, 1)
    assert not with_it.log
    learns(with_it)
    learns(without)
    assert with_it.served == without.served
    assert with_it.used == without.used
    assert len(with_it.outcomes) == 1


def test_what_is_told_late_counts_when_it_is_learned_anew() -> None:
    decision = decided(0, "ana")
    late, intime = shop(decision), shop(decision)
    learns(late)
    released = late.used["letters", "budget"].used
    assert released == 20  # 150 of the 170 that were set aside
    reports(late, came(decision))
    assert late.used["letters", "budget"].used == 170  # it was taken after all
    reports(late, came(decision, record="another"))
    assert late.used["letters", "budget"].used == 170
    assert learns(late) is None
    reports(intime, came(decision))
    learns(intime)
    assert late.served["letters"].model != intime.served["letters"].model
    learn_anew(Opened(late), LETTERS, purposes=PURPOSES, now=LATER)
    assert late.served["letters"].model == intime.served["letters"].model
    assert late.used == intime.used


def test_what_no_budget_can_bear_any_more_is_told() -> None:
    decision = decided(0, "ana")
    store = shop(decision)
    learns(store)
    store.used["letters", "budget"] = Use("letters", "budget", 999_900, 1_000_000)
    assert reports(store, came(decision)).unfunded == (decision.id,)


def test_of_two_learners_one_teaches() -> None:
    store = shop(*(decided(n, "ana") for n in range(4)))
    with store.begun() as it:
        one = study_matured(it, LETTERS, purposes=PURPOSES, now=LATER)
        other = study_matured(it, LETTERS, purposes=PURPOSES, now=LATER)
    assert one is not None
    assert other is not None
    with store.begun() as it:
        assert take_up(it, one, now=LATER) is not None
    used = dict(store.used)
    with store.begun() as it:
        assert take_up(it, other, now=LATER) is None
    assert store.used == used
    assert belief(store).evidence == 4


def test_a_lesson_waits_until_it_is_worth_a_model() -> None:
    many = [decided(n, "ana") for n in range(300)]
    store = shop(*many)
    learns(store, many[249].matures_at)
    soon, late = many[250].matures_at, many[251].matures_at
    with store.begun() as it:
        assert study_matured(it, LETTERS, purposes=PURPOSES, now=soon, patience=timedelta(days=1)) is None
        ready = study_matured(it, LETTERS, purposes=PURPOSES, now=late, patience=timedelta(days=1))
        assert ready is not None
        assert ready.seen == 2
        assert study_matured(it, LETTERS, purposes=PURPOSES, now=soon) is not None


def test_who_permits_it_no_more_teaches_no_more_and_is_forgotten_anew() -> None:
    decisions = [decided(0, "ana"), decided(1, "rui")]
    store, alone = shop(*decisions), shop(decisions[0], replace(decisions[1], purpose=""))
    for one in (store, alone):
        learns(one)
    store.withdraw(CustomerId("rui"), "suggestions")
    assert belief(store).evidence == 2
    learn_anew(Opened(store), LETTERS, purposes=PURPOSES, now=LATER)
    assert belief(store).evidence == 1
    assert store.served["letters"].model == alone.served["letters"].model
    refused = reports(store, came(decisions[1]))
    assert (refused.new, refused.not_permitted) == (0, 1)
    # Of what could not be read nobody knows whether it was taken: what was set aside for that stays spent.
    assert alone.used["letters", "budget"].used == 20 + 170


def test_an_outcome_of_no_decision_is_told() -> None:
    ghost = decided(9, "ana")
    assert reports(shop(), came(ghost)).unknown == (ghost.id,)


def test_what_was_taken_moves_the_belief_where_that_is_permitted() -> None:
    one, other, nothing = decided(0, "ana", "wheat"), decided(1, "rui"), decided(2, "eva", "nothing")
    store = shop(one, replace(other, purpose="offers"), nothing)
    store.withdraw(CustomerId("rui"), "suggestions")
    reports(store, came(one), came(other), came(nothing), came(one, record="b"))
    (entry,) = store.log
    assert (entry.customer, entry.kind, entry.learns, entry.count) == ("ana", "choice", True, 1)
    assert entry.choices == (("bread", "wheat"),)
    assert entry.purposes == ("suggestions",)


def test_a_goal_may_be_found_in_the_log() -> None:
    bought = letters(goal=Goal("taken", days=7, source="purchase", component="bread"))
    decisions = [decided(n, who, programme=bought) for n, who in enumerate(PEOPLE)]
    store = shop(*decisions, programme=bought)
    day = timedelta(days=1)
    store.happens(CustomerId("ana"), START + day, "suggestions", component="bread", module="rye", amount=3)
    store.happens(CustomerId("rui"), START + day, "suggestions", component="milk", module="whole", amount=3)
    store.happens(CustomerId("eva"), START + 20 * day, "suggestions", component="bread", module="rye")
    learns(store, programme=bought)
    taught = [Taught(one, who == "ana", 0) for one, who in zip(decisions, PEOPLE, strict=True)]
    mean, _ = textbook(bought, taught)
    np.testing.assert_allclose(belief(store, bought).mean, mean, atol=1e-9)
    assert [one.taken for one in store.anonymous("letters", 0, 9)] == [True, False, False]
    with store.begun() as it:
        told = report(
            it,
            [came(decisions[1])],
            programmes=type(PROGRAMMES)({"letters": bought}),
            purposes=PURPOSES,
            touchpoints=TOUCHPOINTS,
            now=LATER,
        )
    assert (told.new, told.not_awaited) == (0, 1)


def test_money_is_learned_net_of_what_came_back() -> None:
    spent = letters(goal=Goal("money", days=7, source="purchase"), prior_rate=100.0)
    decision = decided(0, "ana", programme=spent)
    store = shop(decision, programme=spent)
    for kind, amount in (("purchase", 500), ("purchase", 250), ("return", -250)):
        store.happens(CustomerId("ana"), START + timedelta(days=1), "suggestions", kind=kind, amount=amount)
    learns(store, programme=spent)
    mean, _ = textbook(spent, [Taught(decision, taken=True, amount=500)])
    np.testing.assert_allclose(belief(store, spent).mean, mean, rtol=1e-9)


def test_what_is_no_treatment_any_more_teaches_nothing() -> None:
    old = letters(treatments=(NO_TREATMENT, treatment("rye"), treatment("spelt")))
    decision = decided(0, "ana", "spelt", programme=old)
    store = shop(decision)
    store.documents[old.version] = old.document
    lesson = learns(store)
    assert lesson is not None
    assert (lesson.seen, lesson.taught, lesson.model) == (1, 0, "")
    assert lesson.released == 150


def test_where_there_was_no_choice_nothing_is_learned() -> None:
    """Whoever wants no letters gets nothing: that says nothing of the others without a letter."""
    never = [Candidate("nothing", "", WHOLE), Candidate("rye", "not_permitted", 0)]
    held = [Candidate("nothing", "", WHOLE), Candidate("rye", "held_back", 0)]
    store = shop(
        decided(0, "ana", "nothing", candidates=tuple(never)),
        decided(1, "rui", "nothing", candidates=tuple(held)),
    )
    lesson = learns(store)
    assert lesson is not None
    assert (lesson.seen, lesson.taught) == (2, 1)


def test_another_declaration_than_the_served_one_learns_nothing() -> None:
    assert learns(shop(decided(0, "ana")), programme=letters(prior_rate=0.2)) is None


def test_a_model_says_for_which_declaration_it_was_learned() -> None:
    store = shop(decided(0, "ana"))
    learns(store)
    said = json.loads(store.documents[store.served["letters"].model])
    assert (said["programme"], said["declared"]) == ("letters", LETTERS.version)


@pytest.mark.parametrize("stop", ["put_model", "serve_programme", "release"])
def test_a_learner_that_is_stopped_has_done_nothing(stop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a transaction undoes, a store tests; here: beginning again comes to the same."""
    store, whole = shop(decided(0, "ana"), decided(1, "rui")), shop(decided(0, "ana"), decided(1, "rui"))
    before = (dict(store.served), dict(store.used))

    def falls(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Memory, stop, falls)
        with pytest.raises(KeyboardInterrupt):
            learns(store)
    store.served, store.used = before
    learns(store)
    learns(whole)
    assert (store.served, store.used) == (whole.served, whole.used)


def taught_in(parts: int, rates: Sequence[float]) -> tuple[Learning, list[Drift]]:
    """Outcomes at these rates, a decision each, taught in so many parts; what is known, and what drifted."""
    luck = np.random.default_rng(11).random(len(rates))
    some = [
        Taught(decided(n, "ana", "rye" if n % 2 else "nothing"), bool(luck[n] < rate), 0)
        for n, rate in enumerate(rates)
    ]
    learning = Learning(prior_of(LETTERS), watching())
    drifts: list[Drift] = []
    for part in np.array_split(np.arange(len(some)), parts):
        learning, _ = taught_by(learning, LETTERS, [some[place] for place in part.tolist()])
        drifts = list(learning.drifts)
    return learning, drifts


def test_drift_is_noticed_told_and_half_forgotten_at_the_same_outcome_in_whatever_lesson() -> None:
    rates = [0.1] * 4_000 + [0.6] * 2_000
    once, (drift, *_) = taught_in(1, rates)
    assert 4_000 < drift.evidence <= 5_000
    assert drift.rising
    cut, _ = taught_in(37, rates)
    assert written(cut, LETTERS) == written(once, LETTERS)
    steady, none = taught_in(1, [0.1] * 6_000)
    assert none == []
    layout = layout_of(LETTERS)
    base = layout.names.index("1")
    assert once.posterior.mean[base] > 0.3  # all outcomes alike would say .27, and less at the base
    assert once.posterior.covariance[base, base] > steady.posterior.covariance[base, base]


BOUGHT = letters(goal=Goal("taken", days=7, source="purchase", arrives_within=1.0))
DAY = timedelta(days=1)


def buys(store: Memory, who: str, day: float) -> None:
    store.happens(
        CustomerId(who), START + day * DAY, "suggestions", component="bread", module="rye", amount=900
    )


def test_only_what_opens_an_episode_teaches_and_has_what_was_found() -> None:
    """A letter, and nothing on the days after it: what they buy is not what nothing brings."""
    visits = [
        decided(n, "ana", what, programme=BOUGHT, at=START + n * DAY)
        for n, what in enumerate(["rye", "nothing", "wheat", "nothing"])
    ]
    later = decided(4, "ana", "nothing", programme=BOUGHT, at=START + 7 * DAY + timedelta(seconds=1))
    store = shop(*visits, later, programme=BOUGHT)
    buys(store, "ana", 5)
    lesson = learns(store, programme=BOUGHT)
    assert lesson is not None
    assert (lesson.seen, lesson.taught) == (5, 2)
    assert [one.taken for one in store.anonymous("letters", 0, 9)] == [True, False, False, False, False]
    mean, _ = textbook(BOUGHT, [Taught(visits[0], True, 0), Taught(later, False, 0)])
    np.testing.assert_allclose(belief(store, BOUGHT).mean, mean, atol=1e-9)
    # Whether it was rye or wheat that was taken nobody knows: both stay set aside.
    assert lesson.released == 0


def test_the_bias_of_the_days_after_a_letter_is_gone() -> None:
    """Half get a letter and buy more; all come on the four days after it and get nothing."""
    programme = letters(goal=BOUGHT.goal, features=(), treatments=(NO_TREATMENT, treatment("rye")))
    luck = np.random.default_rng(5).random(400)
    decisions = [
        decided(5 * n + day, f"c{n}", "rye" if n % 2 and not day else "nothing", programme=programme,
                at=START + day * DAY)
        for n in range(400) for day in range(5)
    ]  # fmt: skip
    store = shop(*decisions, programme=programme)
    for n in range(400):
        store.meet(f"c{n}", "offers", "suggestions")
        if luck[n] < (0.5 if n % 2 else 0.1):
            buys(store, f"c{n}", 6)
    learns(store, programme=programme)
    found = belief(store, programme)
    layout = layout_of(programme)
    assert found.mean[layout.names.index("1")] == pytest.approx(0.1, abs=0.06)
    assert found.evidence == 400


def test_what_happened_is_waited_for_until_it_has_arrived() -> None:
    decision = decided(0, "ana", programme=BOUGHT)
    store = shop(decision, programme=BOUGHT)
    assert learns(store, decision.matures_at + DAY - timedelta(seconds=1), programme=BOUGHT) is None
    buys(store, "ana", 6)
    lesson = learns(store, decision.matures_at + DAY, programme=BOUGHT)
    assert lesson is not None
    assert lesson.released == 0
    assert [one.taken for one in store.anonymous("letters", 0, 9)] == [True]


def test_what_arrives_later_still_counts_when_it_is_learned_anew() -> None:
    decision = decided(0, "ana", programme=BOUGHT)
    late, intime = shop(decision, programme=BOUGHT), shop(decision, programme=BOUGHT)
    buys(intime, "ana", 6)
    learns(intime, programme=BOUGHT)
    learns(late, programme=BOUGHT)
    assert late.used["letters", "budget"].used == 20
    buys(late, "ana", 6)
    for _ in range(2):  # the second time changes nothing
        learn_anew(Opened(late), BOUGHT, purposes=PURPOSES, now=LATER)
        assert late.served["letters"].model == intime.served["letters"].model
        assert late.outcomes == intime.outcomes
        assert late.used["letters", "budget"].used == 170


def test_what_could_not_be_read_stays_spent() -> None:
    decisions = [decided(0, "ana", programme=BOUGHT), decided(1, "rui", programme=BOUGHT)]
    store = shop(*decisions, programme=BOUGHT)
    buys(store, "ana", 2)
    store.withdraw(CustomerId("ana"), "suggestions", START + 5 * DAY)
    lesson = learns(store, programme=BOUGHT)
    assert lesson is not None
    assert (lesson.seen, lesson.taught, lesson.released) == (2, 1, 150)
    assert store.used["letters", "budget"].used == 170 + 20
    assert [one.unread for one in store.anonymous("letters", 0, 9)] == [True, False]


def test_what_a_household_buys_counts_once_whoever_of_it_was_turned_to_first() -> None:
    together = {CustomerId(who): "household:h" for who in ("ana", "rui")}
    decisions = [
        decided(0, "ana", programme=BOUGHT, unit="household:h"),
        decided(1, "rui", "nothing", programme=BOUGHT, unit="household:h"),
        decided(2, "eva", "nothing", programme=BOUGHT),
    ]
    store = shop(*decisions, programme=BOUGHT)
    store.units |= together
    buys(store, "rui", 3)
    lesson = learns(store, programme=BOUGHT)
    assert lesson is not None
    assert lesson.taught == 2
    assert [one.taken for one in store.anonymous("letters", 0, 9)] == [True, False, False]

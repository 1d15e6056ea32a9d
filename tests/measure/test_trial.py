"""What the trial of a programme is: who belongs to it, what a success counts for, when looks begin anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.customize.programme.letters import START, came, decided, letters, treatment
from tests.customize.programme.memory import Memory
from trato.customize.programme.document import epoch_of, versioned
from trato.customize.programme.treatments import ARMS, NO_TREATMENT, Goal, Holdouts, Programme
from trato.customize.publish import automate
from trato.errors import BadOption
from trato.measure.running import look_now, looks_of, net_of, running_of, success_of, units_of

LATER = START + timedelta(days=60)
TENTHS = ("policy",) * 7 + ("nothing", "same_for_all", "random")
HELD = letters(holdouts=Holdouts(0.1, 0.1, 0.1))
NOT_RANDOM = letters(holdouts=Holdouts(0.1, 0.1, 0.0))


def decides(store: Memory, programme: Programme, units: range, *, taken: bool = False) -> None:
    """One decision of each, arms by shares of tenths; all in March."""
    store.serve(programme)
    so_far = len(store.decisions)
    for number in units:
        who = store.meet(f"u{number}", "offers", "suggestions")
        arm = TENTHS[number % 10]
        given = "nothing" if arm == "nothing" else "rye"
        one = decided(so_far, who, given, programme=programme, arm=arm, at=START)
        so_far += 1
        store.append_decisions([one])
        if taken and (arm == "policy") is bool(number // 10 % 10):
            store.add_outcomes([came(one)])


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"label": {"en": "post"}}, True),
        ({"explore": 0.3, "conducted": "person", "budget": 5}, True),
        ({"holdouts": Holdouts(0.1, 0.1, 0.0)}, False),
        ({"goal": Goal("taken", days=8)}, False),
        ({"same_for_all": "wheat"}, False),
        ({"treatments": (NO_TREATMENT, treatment("rye"), treatment("wheat", cost=21))}, False),
        ({"treatments": (NO_TREATMENT, treatment("rye"))}, False),
        ({"treatments": (NO_TREATMENT, treatment("rye"), treatment("wheat", label={"en": "w"}))}, True),
    ],
)
def test_a_trial_is_its_treatments_its_goal_and_its_shares(changed: dict[str, object], same: bool) -> None:
    other = versioned(replace(HELD, **changed))  # type: ignore[arg-type]  # fields by name
    assert (epoch_of(other) == epoch_of(HELD)) is same


def test_changed_shares_begin_anew_with_who_comes_then_and_spoil_nothing() -> None:
    store = Memory()
    decides(store, HELD, range(3_000))
    with store.begun() as it:
        assert look_now(it, HELD, planned=4_000, now=LATER)[1].reason == "too_early"
    decides(store, NOT_RANDOM, range(2_990, 3_200))  # ten of them had their arm before
    new = [one for one in range(3_000, 3_200) if TENTHS[one % 10] != "random"]
    with store.begun() as it:
        with pytest.raises(BadOption, match="how many units"):
            look_now(it, NOT_RANDOM, now=LATER)
        units = units_of(it, NOT_RANDOM, now=LATER)
        assert (len(units.arm), units.left_out) == (200, 3_000)
    store.decisions = [one for one in store.decisions if one.version == HELD.version or one.arm != "random"]
    with store.begun() as it:
        number, look = look_now(it, NOT_RANDOM, planned=500, now=LATER)
        assert (number, look.units, look.left_out, look.ratio.off) == (2, len(new), 3_000, False)
        assert (look.planned, look.epoch) == (500, epoch_of(NOT_RANDOM))
        running = running_of(it, NOT_RANDOM, now=LATER)
        assert (running.looks, running.looks_before) == (((2, look),), 1)
        # Declared as it was, it is the trial that it was, and its looks go on.
        again, back = look_now(it, HELD, now=LATER)
        assert (again, back.planned, back.ratio.off, back.units) == (3, 4_000, False, 3_000)
        assert [one for one, _ in looks_of(it, HELD.key)] == [1, 2, 3]


def test_a_verdict_is_of_the_treatments_that_it_was_found_for() -> None:
    store = Memory()
    by_hand = versioned(replace(HELD, conducted="person"))
    decides(store, by_hand, range(2_000), taken=True)
    with store.begun() as it:
        assert look_now(it, by_hand, planned=2_000, now=LATER)[1].answer == "personalise"
        other = versioned(replace(by_hand, treatments=(NO_TREATMENT, treatment("rye", cost=800))))
        store.serve(other)
        with pytest.raises(BadOption, match="nobody has looked"):
            automate(it, by_hand.key, by="Eva", now=LATER)
        with pytest.raises(BadOption, match="matured"):
            look_now(it, other, planned=2_000, now=LATER)
        store.serve(by_hand)
        assert automate(it, by_hand.key, by="Eva", now=LATER).conducted == "system"


def test_a_success_counts_alike_in_every_arm() -> None:
    dear = (NO_TREATMENT, treatment("rye", value=1_000), treatment("wheat", value=5_000))
    differing = letters(treatments=dear)
    said = letters(treatments=dear, goal=Goal("taken", days=7, value=1_000))
    assert (success_of(HELD), success_of(differing), success_of(said)) == (900, None, 1_000)
    assert [net_of(said, one, True, 0) for one in ("nothing", "rye", "wheat")] == [1_000, 830, 830]
    assert success_of(letters(treatments=dear, goal=Goal("money", days=7))) == 1
    store = Memory()
    decides(store, differing, range(20), taken=True)
    with store.begun() as it, pytest.raises(BadOption, match=r"values differ .*rye 1,000, wheat 5,000"):
        look_now(it, differing, planned=100, now=LATER)


def test_what_does_nothing_is_not_found_to_pay_where_one_treatment_is_dear() -> None:
    """All take as often, whatever they get, and the policy gives nothing: it only spares the cost."""
    dear = (NO_TREATMENT, treatment("rye", value=1_000, cost=0), treatment("wheat", value=5_000))
    programme = letters(
        treatments=tuple(replace(one, cost_taken=0) for one in dear),
        goal=Goal("taken", days=7, value=1_000),
        holdouts=Holdouts(0.0, 0.3, 0.0),
    )
    store = Memory()
    store.serve(programme)
    for number in range(1_000):
        arm = "same_for_all" if number % 10 < 3 else "policy"
        given = "rye" if arm == "same_for_all" else "nothing"
        one = decided(
            number, store.meet(f"u{number}", "offers"), given, programme=programme, arm=arm, at=START
        )
        store.append_decisions([one])
        if number // 10 % 3 == 0:
            store.add_outcomes([came(one)])
    with store.begun() as it:
        _, look = look_now(it, programme, planned=1_000, now=LATER)
    assert look.over_single is not None
    assert (look.answer, round(look.over_single.mean)) == ("not_yet", 0)
    assert {one.name for one in look.arms} <= set(ARMS)

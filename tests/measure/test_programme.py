"""A running programme is judged as its truth is, however often it is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import numpy as np
import pytest

from trato.errors import BadOption
from trato.measure.programme import Look, Units, look

SHARES = {"policy": 0.7, "nothing": 0.1, "same_for_all": 0.1, "random": 0.1}
ARMS = tuple(SHARES)
LAUNCH = datetime(2026, 3, 1, tzinfo=UTC)
PLANNED = 20_000


def programme(seed: int, rates: dict[str, float], *, units: int = PLANNED, cost: int = 20) -> Units:
    """A success brings 1,000 minor units; every decision but nothing costs."""
    rng = np.random.default_rng(seed)
    arm = rng.choice(4, units, p=list(SHARES.values()))
    rate = np.array([rates[name] for name in ARMS])[arm]
    decisions = rng.integers(0, 3, units)
    paid = np.where(arm == ARMS.index("nothing"), 0, cost * decisions)
    return Units(ARMS, arm, 1_000 * (rng.random(units) < rate) - paid, decisions)


def looks(units: Units, number: int = 40) -> list[Look]:
    found: list[Look] = []
    for i in range(1, number + 1):
        end = len(units.arm) * i // number
        so_far = Units(units.arms, units.arm[:end], units.net[:end], units.decisions[:end])
        before = found[-1] if found else None
        found.append(look(so_far, SHARES, at=LAUNCH + timedelta(days=i), planned=PLANNED, before=before))
    return found


def test_a_policy_that_pays_is_found_and_stays_found() -> None:
    found = looks(programme(1, {"policy": 0.3, "nothing": 0.1, "same_for_all": 0.2, "random": 0.15}))
    answers = [one.answer for one in found]
    assert answers[-1] == "personalise"
    first = answers.index("personalise")
    assert set(answers[:first]) <= {"not_yet"}
    assert set(answers[first:]) == {"personalise"}
    last = found[-1]
    assert last.over_single is not None
    assert last.over_single.low < 100 < last.over_single.high
    assert last.reason == "beats_the_same_for_all"
    assert sum(arm.units for arm in last.arms) == last.units == PLANNED


def test_a_policy_that_is_worse_than_the_same_for_all_is_not() -> None:
    found = looks(programme(2, {"policy": 0.15, "nothing": 0.05, "same_for_all": 0.3, "random": 0.1}))[-1]
    assert (found.answer, found.reason) == ("dont", "no_better_than_the_same_for_all")


def test_treating_that_costs_more_than_it_brings_is_not() -> None:
    rates = dict.fromkeys(ARMS, 0.1)
    found = looks(programme(3, rates, cost=80))[-1]
    assert (found.answer, found.reason) == ("dont", "no_better_than_nothing")


def test_equal_arms_at_forty_looks_raise_few_alarms() -> None:
    rates = dict.fromkeys(ARMS, 0.1)
    false = sum(
        any(one.answer == "personalise" for one in looks(programme(100 + seed, rates, cost=0)))
        for seed in range(60)
    )
    assert false / 60 <= 0.05


def test_the_lead_must_be_worth_it() -> None:
    units = programme(1, {"policy": 0.3, "nothing": 0.1, "same_for_all": 0.2, "random": 0.15})
    found = look(units, SHARES, at=LAUNCH, planned=PLANNED, worth=400)
    assert (found.answer, found.reason) == ("dont", "no_better_than_the_same_for_all")


def test_not_yet_says_about_how_many_more() -> None:
    rates = {"policy": 0.17, "nothing": 0.05, "same_for_all": 0.13, "random": 0.1}
    units = programme(4, rates, units=3_000)
    early = look(units, SHARES, at=LAUNCH, planned=PLANNED)
    assert early.answer == "not_yet"
    assert early.more_customers is not None
    assert 0 < early.more_customers < 3_000
    # As many again, just like those that were seen.
    like = np.tile(np.arange(3_000), 2)
    more = Units(ARMS, units.arm[like], units.net[like], units.decisions[like])
    assert look(more, SHARES, at=LAUNCH, planned=PLANNED).answer == "personalise"


def test_missing_units_stop_every_claim() -> None:
    units = programme(1, {"policy": 0.3, "nothing": 0.1, "same_for_all": 0.2, "random": 0.15})
    kept = (units.arm != ARMS.index("nothing")) | (np.arange(len(units.arm)) % 2 == 0)
    half = Units(ARMS, units.arm[kept], units.net[kept], units.decisions[kept])
    found = look(half, SHARES, at=LAUNCH, planned=PLANNED)
    assert (found.answer, found.reason) == ("not_yet", "shares_are_off")
    assert found.ratio.off


def test_the_first_units_prove_nothing() -> None:
    none = np.zeros(0, np.int64)
    found = look(Units(ARMS, none, none, none), SHARES, at=LAUNCH, planned=PLANNED)
    assert (found.answer, found.reason, found.more_customers) == ("not_yet", "too_early", None)
    one = np.ones(1, np.int64)
    assert look(Units(ARMS, 0 * one, one, one), SHARES, at=LAUNCH, planned=PLANNED).answer == "not_yet"


def test_a_programme_without_a_hold_out_cannot_be_judged_by_it() -> None:
    units = Units(("policy",), np.zeros(500, np.int64), np.arange(500), np.ones(500, np.int64))
    found = look(units, {"policy": 1.0}, at=LAUNCH, planned=PLANNED)
    assert (found.over_single, found.over_nothing, found.answer) == (None, None, "not_yet")
    assert found.arms[0].mean.high < inf


def test_the_plan_is_fixed_at_launch() -> None:
    units = programme(1, dict.fromkeys(ARMS, 0.1), units=1_000)
    first = look(units, SHARES, at=LAUNCH, planned=PLANNED)
    with pytest.raises(BadOption, match="planned"):
        look(units, SHARES, at=LAUNCH, planned=2 * PLANNED, before=first)


def test_what_is_no_table_is_refused() -> None:
    one, two = np.zeros(1, np.int64), np.zeros(2, np.int64)
    with pytest.raises(BadOption):
        Units(ARMS, one, two, two)
    with pytest.raises(BadOption):
        Units(("policy",), two + 1, two, two)

"""The rule that takes a rung, case by case."""

from __future__ import annotations

import pytest

from trato.estimates import Interval
from trato.measure.rungs import Bar, Choice, Gain, GainLadder
from trato.measure.rungs import choose as choose_rung

BAR = Bar(0.02)


def choose(ladder: GainLadder, bar: Bar, customers: int, *, grouped: bool = True) -> Choice:
    return choose_rung(ladder, bar, customers, grouped=grouped)


def gain(
    hits: float, width: float = 0.005, *, nats: float = 0.1, now: float = 0.1, money: float = 0.0
) -> Gain:
    """A gain whose hits are known to `width`; nats, plain and in their time, to .05."""

    def around(mean: float, half: float) -> Interval:
        return Interval(mean, mean - half, mean + half)

    return Gain(
        around(nats, 0.05), around(hits, width), around(money, 0.01), around(now, 0.05), around(hits, width)
    )


def test_a_small_gain_is_mass_however_well_proven() -> None:
    small = gain(0.01)
    assert choose(GainLadder(small, small, small), BAR, 100).rung == "mass"


def test_mass_needs_the_whole_interval_below_the_bound() -> None:
    wide = gain(0.01, 0.02)
    found = choose(GainLadder(wide, wide, wide), BAR, 100)
    assert (found.rung, found.reason) == ("not_yet", "unproven")
    # The interval must halve: four times the customers.
    assert found.more_customers == pytest.approx(300, abs=1)


def test_groups_are_enough_where_one_to_one_adds_too_little() -> None:
    assert choose(GainLadder(gain(0.1), gain(0.01), gain(0.11)), BAR, 100).rung == "niche"


def test_one_to_one_is_taken_where_its_step_is_proven_and_material() -> None:
    assert choose(GainLadder(gain(0.1), gain(0.05), gain(0.15)), BAR, 100).rung == "one_to_one"
    assert choose(GainLadder(gain(0.1), gain(0.05, nats=0.01), gain(0.15)), BAR, 100).rung == "niche"


def test_where_there_are_no_groups_a_proven_step_is_enough() -> None:
    """Groups then only picture habits, and cost as much history as the habits themselves."""
    slight = GainLadder(gain(0.1), gain(0.01), gain(0.11))
    assert choose(slight, BAR, 100, grouped=False).rung == "one_to_one"
    unproven = GainLadder(gain(0.1), gain(0.01, nats=0.01), gain(0.11))
    assert choose(unproven, BAR, 100, grouped=False).rung == "niche"


def test_a_rung_may_be_skipped() -> None:
    """Groups gain too little by themselves, one to one enough."""
    assert choose(GainLadder(gain(0.01), gain(0.015), gain(0.025)), BAR, 100).rung == "one_to_one"


def test_what_vanishes_once_everybody_knows_the_fashion_is_not_taken() -> None:
    fashion = gain(0.1, now=-0.2)
    found = choose(GainLadder(fashion, gain(0.0, nats=0.0), fashion), BAR, 100)
    assert (found.rung, found.reason) == ("not_yet", "fashion")


def test_a_material_gain_in_guesses_needs_proof_in_nats() -> None:
    unproven = gain(0.05, nats=0.02, now=0.02)
    found = choose(GainLadder(unproven, unproven, unproven), BAR, 100)
    assert (found.rung, found.reason) == ("not_yet", "unproven")
    # .05 around .02 must shrink by 2.5, squared 6.25 times the customers.
    assert found.more_customers == pytest.approx(530, abs=1)


def test_how_many_more_is_not_guessed_beyond_reason() -> None:
    hopeless = gain(0.019, 0.05)
    assert choose(GainLadder(hopeless, hopeless, hopeless), BAR, 100).more_customers is None


def worth(money: Interval | None) -> Gain:
    proven = Interval(0.1, 0.05, 0.15)
    return Gain(proven, proven, money, proven, money or proven)


def test_money_takes_the_place_of_guesses_where_variety_has_a_cost() -> None:
    one = worth(Interval(1.0, 0.9, 1.1))
    nothing = gain(0.0, nats=0.0)
    assert choose(GainLadder(one, nothing, one), Bar(0.5, in_money=True), 100).rung == "niche"
    assert choose(GainLadder(one, nothing, one), Bar(2.0, in_money=True), 100).rung == "mass"


def test_a_bound_in_money_needs_money() -> None:
    blind = worth(None)
    with pytest.raises(ValueError, match="margin"):
        choose(GainLadder(blind, blind, blind), Bar(1.0, in_money=True), 100)

"""Peppers' square."""

from __future__ import annotations

import pytest

from trato.differentiate.needs.choices import collect
from trato.measure.experience import SENTENCES, deliverable


@pytest.mark.parametrize(
    ("interacts", "treats", "kind"),
    [
        (False, False, "mass"),
        (False, True, "niche"),
        (True, False, "target"),
        (True, True, "one_to_one"),
    ],
)
def test_two_abilities_make_four_experiences(interacts: bool, treats: bool, kind: str) -> None:
    choices = collect(["ann"], ["bread"], ["rye"])
    found = deliverable(choices, interacts=interacts, treats=treats)
    assert found.kind == kind
    assert found.interacts.why == found.treats.why == "declared"


def test_choices_show_whether_customers_are_known_again() -> None:
    """Ann and Bob come back, the others are passing trade."""
    back = collect(["ann", "bob", "ann", "bob", "cy"], ["b"] * 5, list("xyxyx"), window=[0, 0, 2, 2, 2])
    assert deliverable(back).kind == "one_to_one"
    passing = collect(["ann", "bob", "cy", "dan"], ["b"] * 4, list("xyxy"), window=[0, 1, 2, 2])
    found = deliverable(passing)
    assert (found.kind, found.interacts.why) == ("niche", "not_recognised_again")


def test_the_petrol_station_has_nothing_to_vary() -> None:
    found = deliverable(collect(["ann", "ann"], ["fuel"] * 2, ["regular"] * 2, window=[0, 2]))
    assert not found.declared
    assert (found.kind, found.treats.why) == ("target", "nothing_to_vary")
    assert {found.kind, found.interacts.why, found.treats.why} <= SENTENCES.keys()


def test_without_later_choices_nothing_is_claimed() -> None:
    found = deliverable(collect(["ann", "ann"], ["bread"] * 2, ["rye", "white"]))
    assert (found.kind, found.interacts.why) == ("niche", "no_later_choices")

"""Specifications of charts, as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.sample import ROWS, a_report
from trato.pages import charts
from trato.pages.report import CurvePoint
from trato.pages.words import words

ENGLISH = words("en")


def test_the_share_of_the_best_is_read_off_the_curve() -> None:
    report = a_report()
    curve = (CurvePoint(0, 0), CurvePoint(0.5, 0.8), CurvePoint(1, 1))
    report = replace(report, value=replace(report.value, curve=curve))
    assert charts.share_of_best(report, 0.25) == pytest.approx(0.4)
    assert charts.share_of_best(report, 0.5) == 0.8
    assert charts.share_of_best(report, 1) == 1


def test_how_many_carry_a_part_of_the_gain() -> None:
    assert charts.carrying((0.4, 0.7, 0.9, 1.0), 0.5) == 2
    assert charts.carrying((0.5, 1.0), 0.5) == 1


def test_the_filled_dot_is_the_rung_to_stop_at() -> None:
    spec = charts.ladder(ROWS, [row.name.own for row in ROWS], ENGLISH)
    stops = {dot["name"]: dot["hit"] for dot in spec["layer"][2]["data"]["values"]}
    assert stops == pytest.approx(
        {"DOG FOODS": 60, "EGGS": 56, "GREETING CARDS": 52, "PAPER TOWELS": 99.3, "FUEL": 100}
    )


def test_what_comes_in_one_kind_has_one_dot() -> None:
    spec = charts.ladder(ROWS, [row.name.own for row in ROWS], ENGLISH)
    others = [dot for dot in spec["layer"][1]["data"]["values"] if dot["name"] == "FUEL"]
    assert not others


def test_charts_take_their_colours_from_the_stylesheet() -> None:
    report = a_report()
    for spec in (charts.value_curve(report, ENGLISH), charts.concentration(report, ENGLISH)):
        assert "#" not in repr({key: value for key, value in spec.items() if key != "$schema"})
        assert "var(--accent)" in repr(spec)


def test_a_chart_says_its_question() -> None:
    assert charts.value_curve(a_report(), ENGLISH)["description"].endswith("?")

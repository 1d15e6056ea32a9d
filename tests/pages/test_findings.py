"""What the report says in short, whatever the data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.pages.sample import HONESTY, ROWS, a_report
from trato.estimates import Interval
from trato.pages.findings import beats, findings
from trato.pages.render import plain_findings
from trato.pages.report import LadderPart, Report
from trato.pages.words import LANGUAGES

NOTHING_TO_GAIN = tuple(row for row in ROWS if row.rung == "mass")


def said(report: Report, language: str = "en") -> str:
    return "\n".join(plain_findings(report, language))


def test_words_come_with_their_numbers() -> None:
    text = said(a_report())
    assert "Dog food: 60 of 100 guesses right instead of 27." in text
    assert "In 1 of 5 categories" in text
    assert "fuel" in text
    assert "50 households could grow most" in text
    assert "revenue, not value" in text
    assert "Worth trying is not the same as it pays." in text
    assert "<" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_result_can_be_said(language: str) -> None:
    usual = a_report()
    poor = LadderPart(NOTHING_TO_GAIN, (), 0, 0.02, (), usual.ladder.judged_from)
    towels = LadderPart(NOTHING_TO_GAIN[:1], (), 0, 0.02, (), usual.ladder.judged_from)
    tiers = tuple(replace(tier, customers=0) for tier in usual.value.tiers)
    for report in (
        a_report(ladder=poor),
        a_report(ladder=towels),
        a_report(needs=usual.needs[:1]),
        a_report(money="value"),
        a_report(value=replace(usual.value, tiers=tiers)),
        a_report(value=replace(usual.value, honesty=None)),
    ):
        assert said(report, language)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Interval(0.01, 0.002, 0.02), "yes"),
        (Interval(0.01, -0.002, 0.02), "unproven"),
        (Interval(-0.01, -0.02, -0.001), "no"),
    ],
)
def test_the_model_beats_past_spend_only_when_proven(difference: Interval, expected: str) -> None:
    assert beats(replace(HONESTY, difference=difference)) == expected


def test_limits_come_last() -> None:
    from markupsafe import Markup

    from trato.pages.words import words

    found = findings(a_report(), words("en"), lambda name: Markup(name.own), lambda name: Markup(name.own))
    limits = [finding.limit for finding in found]
    assert limits == sorted(limits)
    assert any(limits)

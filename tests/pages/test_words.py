"""Sentences, numbers and dates in three languages."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from trato.estimates import Interval
from trato.pages.words import LANGUAGES, LOCALE, words

PAGES = Path(__file__).parents[2] / "src/trato/pages"


def messages(language: str) -> dict[str, tuple[str, ...]]:
    return dict(words(language).messages)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def tags(text: str) -> list[str]:
    return re.findall(r"</?\w+", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete(language: str) -> None:
    """No sentence is missing, empty or marked as doubtful, and none is there that English lacks."""
    assert messages(language).keys() == messages("en").keys()
    assert all(form for forms in messages(language).values() for form in forms)
    with (LOCALE / language / "pages.po").open("rb") as file:
        assert not [message.id for message in read_po(file) if message.id and message.fuzzy]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_the_same_parts(language: str) -> None:
    for key, forms in messages(language).items():
        for form, english in zip(forms, messages("en")[key], strict=True):
            assert placeholders(form) == placeholders(english), key
            assert tags(form) == tags(english), key
        assert len(forms) == len(messages("en")[key]), key


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    """Keys that end in a name of the report's own are put together: `rung.` ~ row.rung."""
    doors = PAGES.parent / "cli" / "demo.py"
    texts = [path.read_text() for path in (*PAGES.rglob("*.html"), *PAGES.glob("*.py"), doors)]
    used = {key for text in texts for key in re.findall(r'"([a-z_]+(?:\.[a-z_0-9]+)*)"', text)}
    begun = {key for text in texts for key in re.findall(r'"([a-z_]+(?:\.[a-z_]+)*\.)" ~', text)}
    begun |= {key for text in texts for key in re.findall(r'f"([a-z_]+(?:\.[a-z_]+)*\.)\{', text)}
    ended = {key for text in texts for key in re.findall(r'~ "(\.[a-z_]+)"', text)}
    unused = [
        key
        for key in messages("en")
        if key not in used
        and not any(key.startswith(start) for start in begun)
        and not any(key.endswith(end) for end in ended)
    ]
    assert not unused
    spoken = {key for text in texts for key in re.findall(r'(?:say|plain)\("([a-z_.]+)"[,)]', text)}
    assert not spoken - messages("en").keys()


def test_a_sentence_is_filled_in_and_escaped() -> None:
    english = words("en")
    assert english.say("guesses.gain", best=56, mass=42) == "56 of 100 guesses right instead of 42"
    hostile = str(english.say("glance.bookshop", name="<script>alert(1)</script>"))
    assert "<script>" not in hostile


@pytest.mark.parametrize(
    ("number", "expected"), [(1, "One by one: 1 category"), (2, "One by one: 2 categories")]
)
def test_a_sentence_has_a_plural(number: int, expected: str) -> None:
    assert words("en").plain("rung.one_to_one.many", number) == expected


def test_an_unknown_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        words("en").say("no.such.sentence")


@pytest.mark.parametrize(
    ("language", "number", "share", "money", "day"),
    [
        ("en", "1,469,307.5", "35%", "$412,000", "January 2, 2018"),
        (
            "es",
            "1.469.307,5",
            "35\N{NARROW NO-BREAK SPACE}%",
            "412.000\N{NO-BREAK SPACE}US$",
            "2 de enero de 2018",
        ),
        ("pt", "1.469.307,5", "35%", "US$\N{NO-BREAK SPACE}412.000", "2 de janeiro de 2018"),
    ],
)
def test_numbers_are_written_as_the_reader_does(
    language: str, number: str, share: str, money: str, day: str
) -> None:
    written = words(language)
    assert written.number(1469307.5, 1) == number
    assert written.share(0.35) == share
    assert written.money(411_987.6, "USD", 3) == money
    assert written.day(date(2018, 1, 2)) == day


def test_signs_and_intervals() -> None:
    english = words("en")
    assert english.number(-0.4, 1) == "−0.4"
    assert english.money(-12.4, "USD") == "−$12"
    assert english.span(Interval(2, 1, 3), english.number) == "1 to 3"
    assert english.money(0, "USD", 3) == "$0"

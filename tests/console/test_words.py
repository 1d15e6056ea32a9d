"""Every sentence is there in every language, and no page says one that is in none."""

from __future__ import annotations

import re
import string
from itertools import product
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.company.access import ROLES, SCOPES
from trato.company.people import MAY
from trato.company.settings import USUAL
from trato.console import words as console
from trato.console.render import LOOK
from trato.console.words import SIGNS, Reader, console_words
from trato.customize.leave import Stands
from trato.customize.names import Names
from trato.customize.programme.treatments import ARMS
from trato.differentiate.value.tiers import Tier
from trato.interact.interactions import KINDS, STANCES
from trato.measure.programme import Answer, Reason
from trato.measure.standing import Experiment
from trato.pages.words import LANGUAGES, preferred
from trato.permission.purposes import LEGAL_BASES
from trato.storage.blocks import LOGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEMPLATES = sorted((LOOK.folder / "templates").glob("*.html"))
ALL = {language: console_words(language).messages for language in LANGUAGES}
OWN_NAMES = {"Trato", "English", "Español", "Português"}

# What stands behind a "prefix.": every word that the code can put there.
BEHIND: dict[str, Sequence[str]] = {
    "role": [*ROLES, *(f"{role}.may" for role in ROLES)],
    "area": sorted(MAY["administrator"]),
    "scope": SCOPES,
    "nav": ["customers", "portfolio", "programmes", "permissions", "events", "people", "keys"],
    "home": ["customers", "portfolio", "programmes", "permissions", "events", "people", "keys"],
    "tier": [f"{tier.value}{end}" for tier, end in product(Tier, ("", ".who", ".do"))],
    "is": [tier.value for tier in Tier],
    "why": get_args(Stands),
    "stands": get_args(Stands),
    "basis": LEGAL_BASES,
    "kind": KINDS,
    "stance": [f"{stance}{end}" for stance, end in product(STANCES, ("", ".short"))],
    "unit": ["household", "account"],
    "portfolio.once": ["household", "account"],
    "who": ["household", "account"],
    "find": ["empty", "nobody"],
    "people.problem": ["last"],
    "programme.problem": ["planned", "early", "values"],
    "programme.state": ["to_come", "runs", "over"],
    "programme.by": ["system", "person"],
    "verdict": get_args(Answer),
    "verdict.because": get_args(Reason),
    "arm": ARMS,
    "scarce": ["budget", "stock", "capacity"],
    "parts": get_args(Experiment),
    "keys.problem": ["scope", "label"],
    "customer.problem": ["evidence", "long", "matter", "promised", "due"],
    "ledger.fault": ["altered", "missing", "moved", "added", "head"],
    "log.of": LOGS,
    "log.fault": ["missing", "edited", "entries"],
    "problem": [key.removeprefix("problem.") for key in ALL["en"] if key.startswith("problem.")],
    "done": [key.removeprefix("done.") for key in ALL["en"] if key.startswith("done.")],
}
FIELDS = {key for key in ALL["en"] if key.startswith("field.")}
BY_CODE = {"interval", "list.and", "of_100", "sure"} | {f"sign.{one}" for one in (*SIGNS, "very_strong")}


def said_by(template: Path) -> tuple[set[str], set[str]]:
    """The keys that a template says, and the beginnings of those that it puts together."""
    text = template.read_text(encoding="utf-8")
    whole = set(re.findall(r'say\(\s*"([\w.]+[\w])"\s*[,)]', text))
    whole |= set(re.findall(r'"([a-z]\w*(?:\.\w+)+)" if ', text)) | set(
        re.findall(r'else "([\w.]+)"[,)]', text)
    )
    begun = set(re.findall(r'say\(\s*"([\w.]+)\." ~', text))
    return whole, begun


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_sentence_with_the_same_parts(language: str) -> None:
    assert set(ALL[language]) == set(ALL["en"])
    for key, forms in ALL["en"].items():
        theirs = ALL[language][key]
        assert len(theirs) == len(forms), key
        assert all(form.strip() for form in theirs), key
        for mine, other in zip(forms, theirs, strict=True):
            assert parts(mine) <= parts(forms[-1]), key
            assert parts(other) <= parts(forms[-1]), key
        assert parts(theirs[-1]) == parts(forms[-1]), key


def parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_spanish_and_portuguese_are_not_english() -> None:
    same = {
        key
        for key, forms in ALL["en"].items()
        for language in ("es", "pt")
        if ALL[language][key] == forms and len(re.findall(r"[a-z]{3,}", re.sub(r"{\w+}", "", forms[0]))) > 1
    }
    assert not same


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_what_a_template_says_is_there(template: Path) -> None:
    whole, begun = said_by(template)
    assert whole <= set(ALL["en"])
    assert begun <= set(BEHIND)


def test_what_is_put_together_is_there_and_nothing_is_left_over() -> None:
    used: set[str] = set(FIELDS) | BY_CODE
    for template in TEMPLATES:
        whole, begun = said_by(template)
        used |= whole | {f"{one}.{end}" for one in begun for end in BEHIND[one]}
    used |= {f"{one}.{end}" for one, ends in BEHIND.items() for end in ends}
    assert used == set(ALL["en"])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_no_template_says_a_word_of_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    shown = set(re.findall(r"[^\W\d_]{2,}", re.sub(r"<[^>]*>", " ", text)))
    attributes = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', text)
    assert shown <= OWN_NAMES
    assert not {word for one in attributes for word in re.findall(r"[^\W\d_]{2,}", one)}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_nothing_stands_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|\| *safe", text)


def test_the_browsers_wish_is_read_in_its_order() -> None:
    assert preferred("pt;q=.3, es;q=.8, fr") == "es"
    assert preferred("de, fr;q=.2") == "en"
    assert preferred(None) == "en"
    assert preferred("es;q=rubbish, pt") == "pt"


@given(st.text())
def test_any_wish_gives_a_language(header: str) -> None:
    assert preferred(header) in LANGUAGES


@pytest.mark.parametrize(
    ("language", "minor", "written"),
    [
        ("en", 123456, "€1,235"), ("es", 123456, "1.235 €"), ("en", 444, "€4.44"), ("pt", 444, "€ 4,44"),
        ("en", 0, "€0"), ("en", -1234500, "−€12,345"),
    ],
)  # fmt: skip
def test_money_is_written_as_its_readers_do(language: str, minor: float, written: str) -> None:
    reader = Reader(console_words(language), USUAL)
    assert reader.money(minor).replace("\N{NO-BREAK SPACE}", " ") == written


@given(st.floats(0, 1))
def test_nothing_to_come_is_sure(chance: float) -> None:
    said = Reader(console_words("en"), USUAL).likely(chance)
    assert "100 of 100" not in said


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_both_ends_of_an_interval_are_written_alike(low: float, width: float) -> None:
    said = str(Reader(console_words("en"), USUAL).span(low, low + width))
    ends = [one for one in said.split(" to ") if one.strip("−€0")]
    assert len({"." in one for one in ends}) <= 1


def test_evidence_is_weighed_in_words() -> None:
    reader = Reader(console_words("en"), USUAL)
    said = [str(reader.sign(log_odds)) for log_odds in (0.1, 1.5, 4.0, 5.5, 2_000.0)]
    assert said == [
        "a slight sign of it",
        "a sign of it",
        "a strong sign of it",
        *["a very strong sign of it; hardly anybody who wants something else chooses it so often"] * 2,
    ]


def test_components_and_modules_are_called_by_their_names() -> None:
    names = Names({"DOG FD": {"en": "dog food", "es": "pienso"}}, {("DOG FD", "DRY"): {"en": "dry <food>"}})
    reader = Reader(console_words("es"), USUAL, names)
    assert reader.choice("DOG FD", "DRY") == "pienso: dry <food>"
    assert reader.components(["DOG FD", "CAT FD"]) == "pienso y CAT FD"
    assert reader.modules("DOG FD", ["DRY"]) == "dry &lt;food&gt;"


def test_the_catalogues_lie_with_the_code() -> None:
    assert {file.parent.name for file in console.LOCALE.glob("*/console.po")} == set(LANGUAGES)

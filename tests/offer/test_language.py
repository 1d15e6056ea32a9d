"""Rules are read as they are meant, and what cannot be meant is told with its place and the nearest word."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.offer.formula import holds
from trato.offer.language import Vocabulary, parsed
from trato.offer.offer import UNKNOWN, Component, Fact, Module
from trato.offer.tokens import NotARule

COMPONENTS = (
    Component("phone", (Module("basic", price=9900), Module("smart", price=19900, attributes={"size": 2.5}))),
    Component(
        "note", (Module("none"), Module("hand-written"), Module("large print", attributes={"size": 1}))
    ),
    Component("gift", (Module("yes"), Module("no"))),
    Component("bottles", tuple(Module(str(n), attributes={"size": n, "maker": "us"}) for n in range(4))),
)
FACTS = (Fact("age", ("young", "old")),)
KNOWN = Vocabulary.of(COMPONENTS, FACTS)
WORLDS = [dict(zip(KNOWN.modules, modules, strict=True)) for modules in product(*KNOWN.modules.values())]


def gift(world: dict[str, str]) -> bool:
    return world["gift"] == "yes"


def note(world: dict[str, str]) -> bool:
    return world["note"] != "none"


def smart(world: dict[str, str]) -> bool:
    return world["phone"] == "smart"


def size(world: dict[str, str]) -> float:
    return 2.5 * (world["phone"] == "smart") + (world["note"] == "large print") + int(world["bottles"])


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ("phone = smart", smart),
        ("phone == smart", smart),
        ("phone != smart", lambda w: w["phone"] != "smart"),
        ("note in {none, 'large print'}", lambda w: w["note"] in {"none", "large print"}),
        ("note not in {none, hand-written}", lambda w: w["note"] == "large print"),
        ("gift", gift),
        ("note", note),
        ("not gift and note", lambda w: not gift(w) and note(w)),
        ("gift or note and phone=smart", lambda w: gift(w) or (note(w) and smart(w))),
        ("gift -> note", lambda w: not gift(w) or note(w)),
        ("if gift then note = hand-written", lambda w: not gift(w) or w["note"] == "hand-written"),
        ("gift implies (note -> phone=basic)", lambda w: not gift(w) or not note(w) or w["phone"] == "basic"),
        ("gift <-> note", lambda w: gift(w) == note(w)),
        ("gift iff !note", lambda w: gift(w) == (not note(w))),
        ("exactly 1 of (gift, note, age = old)", lambda w: gift(w) + note(w) + (w["age"] == "old") == 1),
        ("at most 1 of (gift, note)", lambda w: gift(w) + note(w) <= 1),
        ("at least 2 of (gift, note, phone=smart)", lambda w: gift(w) + note(w) + smart(w) >= 2),
        ("total size <= 4.5", lambda w: size(w) <= 4.5),
        ("total size < 4.5", lambda w: size(w) < 4.5),
        ("total size > 3.5", lambda w: size(w) > 3.5),
        ("total size = 3.5", lambda w: size(w) == 3.5),
        ("total size != 3.5", lambda w: size(w) != 3.5),
        ("total price of (phone, note) >= 19900", smart),
        ("bottles >= 2 <-> age = unknown", lambda w: (int(w["bottles"]) >= 2) == (w["age"] == UNKNOWN)),
        ("bottles < 2 & gift | bottles=3", lambda w: w["bottles"] in ({"0", "1", "3"} if gift(w) else {"3"})),
        ('"note" = "large print"', lambda w: w["note"] == "large print"),
    ],
)  # fmt: skip
def test_a_rule_means_what_it_says(rule: str, meant: object) -> None:
    unknown: list[NotARule] = []
    formula = parsed(rule, KNOWN, unknown)
    assert not unknown
    assert [holds(formula, world) for world in WORLDS] == [meant(world) for world in WORLDS]  # type: ignore[operator]  # a table of lambdas


@pytest.mark.parametrize(
    ("rule", "column", "said", "hint"),
    [
        ("phone = smrt", 9, "'phone' has no module 'smrt'", "'smart'"),
        ("gift -> phnoe = smart", 9, "no component or fact 'phnoe'", "'phone'"),
        ("note in {none, hand_written}", 16, "no module 'hand_written'", "'hand-written'"),
        ("phone", 1, "'phone' is always taken", "phone = basic"),
        ("total sise <= 4", 7, "no attribute 'sise'", "'size'"),
        ("total maker <= 4", 7, "no attribute 'maker' to add up", ""),
        ("total size of (fone) <= 4", 16, "no component 'fone'", "'phone'"),
        ("phone >= 2", 1, "its module 'basic' is no number", "in {…}"),
    ],
)
def test_unknown_words_are_told_with_the_nearest(rule: str, column: int, said: str, hint: str) -> None:
    unknown: list[NotARule] = []
    parsed(rule, KNOWN, unknown)
    assert [one.offset + 1 for one in unknown] == [column]
    assert said in unknown[0].message
    assert hint in unknown[0].hint


def test_all_unknown_words_of_a_rule_are_told() -> None:
    unknown: list[NotARule] = []
    parsed("phne = smart and nte = none or phone = x", KNOWN, unknown)
    assert len(unknown) == 3


@pytest.mark.parametrize(
    ("rule", "column", "said"),
    [
        ("", 1, "expected a component or a fact, found the end"),
        ("gift and", 9, "found the end"),
        ("(gift", 6, "expected ')'"),
        ("gift)", 5, "complete before ')'"),
        ("note = large print", 14, "complete before 'print'"),
        ("gift -> note -> age = old", 14, "read in two ways"),
        ("if gift note", 9, "expected 'then'"),
        ("at most two of (gift)", 9, "expected a whole number"),
        ("exactly 1 (gift)", 11, "expected 'of'"),
        ("total size 4", 12, "expected a comparison"),
        ("total size <= big", 15, "expected a number"),
        ("total size <= 1e999999999", 15, "expected a number"),
        ("note = and", 8, "expected a module, found 'and'"),
        ("note in none", 9, "expected '{'"),
        ("note = 'large print", 8, "cannot stand here"),
        ("gift § note", 6, "'§' cannot stand here"),
        ("(" * 200 + "gift" + ")" * 200, 101, "nested too deeply"),
        ("not " * 200 + "gift", 401, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(rule: str, column: int, said: str) -> None:
    with pytest.raises(NotARule) as told:
        parsed(rule, KNOWN, [])
    assert said in told.value.message
    assert told.value.offset + 1 == column


@given(st.text(alphabet="gift note=(){}<->,!&|'\"andoriftl0123 ", max_size=40) | st.text(max_size=20))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    offset = 0
    try:
        formula = parsed(text, KNOWN, [])
    except NotARule as told:
        offset = told.offset
    else:
        assert {holds(formula, world) for world in WORLDS} <= {True, False}
    assert 0 <= offset <= len(text)

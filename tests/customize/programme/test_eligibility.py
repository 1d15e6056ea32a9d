"""A condition means what a slow reading of its tree says, unknown stays unknown, and faults are told."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.customize.programme.eligibility import Condition
from trato.customize.programme.facts import Facts, slug
from trato.offer.tokens import MOST_NESTED, NotARule

if TYPE_CHECKING:
    from trato.customize.programme.facts import Fact


@dataclass(frozen=True)
class Tree:
    """A condition as a tree: what it does (`and`, `=`, …), and of what."""

    does: str
    parts: tuple[Tree, ...] = ()
    name: str = ""
    values: tuple[str, ...] = ()
    other: str = ""


NUMBERS = ("contacts", "days_since_purchase", "p_alive", "bought.bread", "need.bakers", "expected_value")
WORDED = {
    "tier": ("MVC", "MGC", "migrator", "BZ", "most_valuable"),
    "wants.coffee": ("decaf", "strong"),
    "channel": ("web", "phone"),
    "context.season": ("spring", "early spring", "3", "2.5"),
}
MEANT = {"MVC": "most_valuable", "MGC": "most_growable", "BZ": "below_zero"}


def leaves() -> st.SearchStrategy[Tree]:
    numbers = st.sampled_from(["0", "1", "2.5", "14", "-3"])
    by_size = st.builds(
        lambda does, name, value: Tree(does, name=name, values=(value,)),
        st.sampled_from(["<", "<=", ">", ">="]),
        st.sampled_from([*NUMBERS, "context.season"]),
        numbers,
    )
    equal = st.builds(
        lambda does, name, value: Tree(does, name=name, values=(value,)),
        st.sampled_from(["=", "!="]),
        st.sampled_from(NUMBERS),
        numbers,
    )
    worded = st.sampled_from(list(WORDED)).flatmap(
        lambda name: st.builds(
            lambda does, values: Tree(does, name=name, values=tuple(values)),
            st.sampled_from(["in", "not in"]),
            st.lists(st.sampled_from(WORDED[name]), min_size=1, max_size=3),
        )
    )
    known = st.builds(lambda name: Tree("known", name=name), st.sampled_from([*NUMBERS, *WORDED]))
    two = st.builds(
        lambda does, name, other: Tree(does, name=name, other=other),
        st.sampled_from(["<", ">="]),
        st.sampled_from(["expected_value", "actual_value"]),
        st.sampled_from(["potential", "expected_value"]),
    )
    return st.one_of(by_size, equal, worded, known, two)


TREES = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(lambda one: Tree("not", (one,)), inner),
        st.builds(
            lambda does, parts: Tree(does, tuple(parts)),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
    ),
    max_leaves=8,
)

FACTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from([0, 1, 2.5, 14, 100, 250, 1400, -300, None]) for name in NUMBERS},
        "actual_value": st.sampled_from([0, 250.0, None]),
        "potential": st.sampled_from([0, 100, 250.0, None]),
        "tier": st.sampled_from(["most_valuable", "most_growable", "migrator", "below_zero", None]),
        "wants.coffee": st.sampled_from(["decaf", "strong", "mild", None]),
        "channel": st.sampled_from(["web", "phone", "email"]),
        "context.season": st.sampled_from(["spring", "early spring", "3", "03", 3.0, 2.5, "x", None]),
    },
)


def written(tree: Tree) -> str:
    match tree.does:
        case "not":
            return f"not ({written(tree.parts[0])})"
        case "and" | "or":
            return f" {tree.does} ".join(f"({written(part)})" for part in tree.parts)
        case "known":
            return f"known {tree.name}"
        case "in" | "not in":
            return f"{tree.name} {tree.does} {{{', '.join(quoted(one) for one in tree.values)}}}"
        case _:
            return f"{tree.name} {tree.does} {tree.other or tree.values[0]}"


def quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def number(text: Fact) -> Fraction | None:
    """A number as a fact or as it is written, for the oracle."""
    try:
        return None if text is None else Fraction(str(text))
    except ValueError:
        return None


def meaning(tree: Tree, facts: dict[str, Fact]) -> bool | None:
    """What a tree says of facts, by truth tables over all that unknown parts could be."""
    if tree.does == "not":
        inner = meaning(tree.parts[0], facts)
        return None if inner is None else not inner
    if tree.does in {"and", "or"}:
        inner_all = [meaning(part, facts) for part in tree.parts]
        outcomes = {
            (all if tree.does == "and" else any)(row)
            for row in product(*[[one] if one is not None else [True, False] for one in inner_all])
        }
        return outcomes.pop() if len(outcomes) == 1 else None
    fact = facts.get(tree.name)
    if tree.does == "known":
        return fact is not None
    if fact is None:
        return None
    if tree.does in {"in", "not in"}:
        among = any(
            fact == MEANT.get(value, value) or (number(fact) is not None and number(fact) == number(value))
            for value in tree.values
        )
        return among if tree.does == "in" else not among
    money = 100 if tree.name == "expected_value" and not tree.other else 1
    one = number(fact)
    other = number(facts.get(tree.other)) if tree.other else number(tree.values[0])
    if one is None or other is None:
        return None
    other *= money
    return {
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
        "=": one == other,
        "!=": one != other,
    }[tree.does]


@settings(max_examples=500)
@given(TREES, FACTS)
def test_a_condition_means_what_the_tree_says(tree: Tree, facts: dict[str, Fact]) -> None:
    assert Condition(written(tree)).holds(Facts(facts)) is meaning(tree, facts)


@given(TREES, FACTS)
def test_more_knowledge_never_changes_what_is_known(tree: Tree, facts: dict[str, Fact]) -> None:
    if "known" in written(tree):
        return
    condition = Condition(written(tree))
    less = {name: fact for place, (name, fact) in enumerate(facts.items()) if place % 2}
    before, after = condition.holds(Facts(less)), condition.holds(Facts(facts))
    assert before is None or before is after


@given(TREES)
def test_equal_by_text_and_the_same_after_a_pickle(tree: Tree) -> None:
    condition = Condition(written(tree))
    for other in (pickle.loads(pickle.dumps(condition)), copy.deepcopy(condition), Condition(written(tree))):
        assert other == condition
        assert hash(other) == hash(condition)
        assert other.names == condition.names


def holds(text: str, **facts: Fact) -> bool | None:
    return Condition(text).holds(Facts({name.replace("__", "."): one for name, one in facts.items()}))


def test_the_example_of_the_page() -> None:
    text = (
        "tier in {MVC, MGC} and days_since_purchase >= 14 and not avoids.coffee = decaf "
        "and context.season = spring"
    )
    assert Condition(text).names == ("tier", "days_since_purchase", "avoids.coffee", "context.season")
    told: dict[str, Fact] = {"tier": "most_valuable", "days_since_purchase": 20, "context__season": "spring"}
    assert holds(text, **told, avoids__coffee="mild") is True
    assert holds(text, **told) is None
    assert holds(text, **{**told, "tier": "migrator"}) is False


def test_and_binds_more_than_or_and_not_most() -> None:
    assert holds("contacts = 1 or contacts = 2 and contacts = 3", contacts=1) is True
    assert holds("(contacts = 1 or contacts = 2) and contacts = 3", contacts=1) is False
    assert holds("not contacts = 1 or contacts = 1", contacts=1) is True


def test_money_is_written_in_major_units_and_read_exactly() -> None:
    assert holds("expected_value >= 12.50", expected_value=1250) is True
    assert holds("expected_value > 12.50", expected_value=1250) is False
    assert holds("expected_value = 0.29", expected_value=29) is True
    assert Condition("expected_value >= 12", 0).holds(Facts({"expected_value": 12})) is True
    assert holds("contacts >= 12", contacts=12) is True


def test_names_of_several_words_stand_in_quotes() -> None:
    text = 'bought."DOG FOODS"."DRY (5-50 LB)" >= 2 and "bought.DOG FOODS" < 9'
    assert Condition(text).names == ("bought.DOG FOODS.DRY (5-50 LB)", "bought.DOG FOODS")
    assert Condition('wants."a \\"b\\"" = c').names == ('wants.a "b"',)
    assert Condition("context.season = 'early spring'").holds(Facts({"context.season": "early spring"}))


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("tier", 4, "a comparison is missing after 'tier'", "known tier"),
        ("tier = MVX", 7, "'tier' is never 'MVX'", "did you mean 'MVC'?"),
        ("contacts < 2 and teir = MVC", 17, "there is no fact 'teir'", "did you mean 'tier'?"),
        ("season = spring", 0, "there is no fact 'season'", ""),
        ("bought >= 2", 0, "'bought' alone says nothing", "bought.…"),
        ("contacts = many", 11, "'contacts' is a number", ""),
        ("contacts >= many", 12, "expected a number, found 'many'", "14"),
        ("tier < 3", 5, "'tier' is a word, which has no size", "in {…}"),
        ("3 < contacts", 0, "expected a fact, found '3'", "stands on the left"),
        ("contacts < 3 and", 16, "expected a fact, found the end", "such as"),
        ("(contacts < 3", 13, "expected ')', found the end", ""),
        ("contacts < 3)", 12, "the rule is complete before ')'", ""),
        ("tier in MVC", 8, "expected '{'", "a set is written"),
        ("tier in {}", 9, "expected a word or a number", ""),
        ('context.x = "a', 12, "cannot stand here", "no second one"),
        ("context.x = and", 12, "expected a word or a number, found 'and'", "quote it"),
        ("contacts < 3 tier = MVC", 13, "the rule is complete before 'tier'", ""),
        ("weekday = mon", 10, "'weekday' is never 'mon'", "monday"),
        ("channel = emial", 10, "'channel' is never 'emial'", "did you mean 'email'?"),
        ("expected_value > contacts", 17, "money is compared with money", ""),
        ("contacts > tier", 11, "expected a number, found 'tier'", ""),
        ("", 0, "expected a fact, found the end", ""),
    ],
)
def test_each_fault_has_its_place_and_a_remedy(text: str, offset: int, message: str, hint: str) -> None:
    with pytest.raises(NotARule) as raised:
        Condition(text)
    assert raised.value.offset == offset
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_what_is_nested_too_deeply_is_refused() -> None:
    for text in ("(" * 5000 + "contacts < 3", "not " * 5000 + "contacts < 3"):
        with pytest.raises(NotARule, match="nested too deeply"):
            Condition(text)
    depth = MOST_NESTED // 2
    assert holds("(" * depth + "contacts < 3" + ")" * depth, contacts=1) is True


@settings(max_examples=300)
@given(st.text(alphabet="tier.contacts<>=!&{}() \"'\\and or not in known 3-,é", max_size=40))
def test_whatever_is_written_is_read_or_refused_at_its_place(text: str) -> None:
    offset = 0
    try:
        Condition(text)
    except NotARule as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


def test_a_slug_is_a_key() -> None:
    assert slug("Bakers & others") == "bakers_others"
    assert slug(" Café crème ") == "cafe_creme"

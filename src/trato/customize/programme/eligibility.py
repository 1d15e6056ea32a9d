"""Conditions over facts: who may get a treatment, as a company writes it.

    tier in {MVC, MGC} and days_since_purchase >= 14 and not avoids.coffee = decaf
    known need and (need.bakers >= 0.3 or bought."dog food".rye > 2)
    potential > expected_value or context.season != spring

A fact is compared with a word, a number, a set of them, or, by size, with another number. `not` binds most,
then `and`, then `or`. A tier may be written as people say it (MVC, MGC, BZ), and money is written in major
units. What is unknown stays unknown (Kleene's logic): `not` of unknown is unknown, `and` with something false
is false, `or` with something true is true. `known tier` is always true or false.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from trato.customize.programme.facts import FAMILIES, MONEY, PLAIN, WEEKDAYS, kind_of
from trato.customize.programme.treatments import STARTS
from trato.differentiate.value.tiers import Tier
from trato.interact.touchpoints import CHANNELS
from trato.offer.language import number_in
from trato.offer.offer import did_you_mean
from trato.offer.tokens import NotARule, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from trato.customize.programme.facts import Fact, Facts
    from trato.offer.tokens import Token

Get: TypeAlias = "Callable[[str], Fact]"
Test: TypeAlias = "Callable[[Get], bool | None]"

# A word may hold parts in quotes behind its points: bought."DOG FOODS"."DRY 5 LB".
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign>!=|<=|>=|==|[=<>(){},])
    |(?P<word>-?\w+(?:\.(?:\w+|"(?:[^"\\]|\\.)*")|[-/+]\w+)*)""",
    re.VERBOSE,
)
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)')
_BY_SIZE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS = ("=", "==", "!=", *_BY_SIZE, "in")
KEYWORDS = frozenset({"and", "or", "not", "in", "known"})

TIERS = {one.value: one.value for one in Tier} | {
    "MVC": Tier.MOST_VALUABLE.value,
    "MGC": Tier.MOST_GROWABLE.value,
    "BZ": Tier.BELOW_ZERO.value,
}
_WORDS_OF: Mapping[str, Collection[str]] = {
    "tier": TIERS,
    "weekday": WEEKDAYS,
    "moment": STARTS,
    "channel": CHANNELS,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written. `names` are the facts that it looks at, each once, in order.

    `minor_units` are the decimal places of the company's currency. Two of the same text and currency are
    equal, and it can be pickled. Raises NotARule, with the offset, for a text that cannot be meant.
    """

    text: str
    minor_units: int = 2
    names: tuple[str, ...] = field(init=False, compare=False)
    _test: Test = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        reading = _Reading(Tokens.of(self.text, _TOKEN), 10**self.minor_units)
        test = reading.either()
        reading.tokens.end({*_SIGNS, ")", "}", ","})
        object.__setattr__(self, "names", tuple(reading.names))
        object.__setattr__(self, "_test", test)

    def __reduce__(self) -> tuple[type[Condition], tuple[str, int]]:
        return Condition, (self.text, self.minor_units)

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds; None where what it needs is unknown."""
        return self._test(facts.by_name.get)


class _Reading:
    """Reads a condition into closures that are quick to ask; nothing of its text is looked at again."""

    def __init__(self, tokens: Tokens, money: int) -> None:
        self.tokens = tokens
        self.money = money
        self.names: dict[str, None] = {}

    def either(self) -> Test:
        self.tokens.deeper()
        parts = [self._both()]
        while self.tokens.accept("or"):
            parts.append(self._both())
        self.tokens.back()
        return parts[0] if len(parts) == 1 else _some(tuple(parts))

    def _both(self) -> Test:
        parts = [self._one()]
        while self.tokens.accept("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _every(tuple(parts))

    def _one(self) -> Test:
        tokens = self.tokens
        if tokens.accept("not"):
            tokens.deeper()
            found = _not(self._one())
            tokens.back()
            return found
        if tokens.accept("("):
            found = self.either()
            tokens.expect(")")
            return found
        if tokens.accept("known"):
            return _known(self._fact())
        return self._comparison()

    def _comparison(self) -> Test:
        tokens = self.tokens
        at = tokens.next
        name = self._fact()
        sign = tokens.accept(*_SIGNS)
        unequal = sign is not None and sign.text == "!="
        if sign is None and tokens.ahead("not", "in"):
            tokens.take()
            sign, unequal = tokens.take(), True
        if sign is None:
            raise NotARule(
                tokens.next.offset,
                f"a comparison is missing after {at}",
                f"write `{at.text} = …`, `{at.text} in {{…}}` or `known {at.text}`",
            )
        if sign.text in _BY_SIZE:
            return self._by_size(name, sign)
        values = self._set() if sign.text == "in" else [self._literal()]
        found = _among(name, *self._meant(name, values))
        return _not(found) if unequal else found

    def _set(self) -> list[Token]:
        hint = "a set is written `{small, large}`"
        self.tokens.expect("{", hint)
        values = [self._literal()]
        while self.tokens.accept(","):
            values.append(self._literal())
        self.tokens.expect("}", hint)
        return values

    def _literal(self) -> Token:
        token = self.tokens.next
        if not token.quoted and (token.text in KEYWORDS or not re.match(r"-?\w", token.text)):
            hint = f'quote it if it is a word: "{token.text}"' if token.text in KEYWORDS else ""
            raise NotARule(token.offset, f"expected a word or a number, found {token}", hint)
        return self.tokens.take()

    def _fact(self) -> str:
        """The name of a fact. Raises NotARule for one that can never be."""
        token = self.tokens.next
        if not token.quoted and (token.text in KEYWORDS or not re.match(r"\w", token.text)):
            raise NotARule(token.offset, f"expected a fact, found {token}", "such as tier, or context.season")
        if not token.quoted and number_in(token.text) is not None:
            raise NotARule(
                token.offset, f"expected a fact, found {token}", "the fact stands on the left: contacts < 3"
            )
        name = fact_name(self.tokens.take())
        self.names.setdefault(name)
        return name

    def _meant(self, name: str, values: list[Token]) -> tuple[frozenset[str], frozenset[float]]:
        """The words and the numbers that a fact may equal."""
        words: set[str] = set()
        numbers: set[float] = set()
        kind = kind_of(name)
        known = _WORDS_OF.get(name)
        for value in values:
            number = None if kind == "word" else self._number(name, value)
            if number is not None:
                numbers.add(number)
            elif kind == "number":
                raise NotARule(value.offset, f"{name!r} is a number, and {value} is none")
            if known is not None and value.text not in known:
                raise NotARule(
                    value.offset, f"{name!r} is never {value}", did_you_mean(value.text, list(known))
                )
            if kind != "number":
                words.add(TIERS[value.text] if name == "tier" else value.text)
        return frozenset(words), frozenset(numbers)

    def _by_size(self, name: str, sign: Token) -> Test:
        if kind_of(name) == "word":
            raise NotARule(
                sign.offset, f"{name!r} is a word, which has no size", f"say which: {name} in {{…}}"
            )
        token = self._literal()
        bound = self._number(name, token)
        if bound is not None:
            return _ordered(name, _BY_SIZE[sign.text], bound)
        other = fact_name(token) if token.text in PLAIN or "." in token.text else ""
        if not other or kind_of(other) == "word":
            raise NotARule(token.offset, f"expected a number, found {token}", "such as 14 or 2.5")
        if (name in MONEY) != (other in MONEY) and "either" not in {kind_of(name), kind_of(other)}:
            raise NotARule(token.offset, "money is compared with money", f"{name} or {other} is none")
        self.names.setdefault(other)
        return _both_ordered(name, _BY_SIZE[sign.text], other)

    def _number(self, name: str, token: Token) -> float | None:
        """The number that is meant, money in minor units; None where it is a word."""
        number = None if token.quoted else number_in(token.text)
        return None if number is None else float(number * self.money if name in MONEY else number)


def fact_name(token: Token) -> str:
    """The fact that a token names. Raises NotARule, with the nearest, for one that can never be."""
    name = (
        token.text
        if token.quoted
        else ".".join(
            re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
            for quoted, plain in _PART.findall(token.text)
        )
    )
    family, _, rest = name.partition(".")
    if name in PLAIN or (family in FAMILIES and rest):
        return name
    if family in FAMILIES:
        raise NotARule(token.offset, f"{name!r} alone says nothing", f"say of what: {name}.…")
    families = [f"{one}.…" for one in sorted(FAMILIES)]
    close = did_you_mean(family, [*sorted(PLAIN), *sorted(FAMILIES)])
    hint = close if close.startswith("did you mean") else f"known: {', '.join([*sorted(PLAIN), *families])}"
    raise NotARule(token.offset, f"there is no fact {name!r}", hint)


def _known(name: str) -> Test:
    return lambda get: get(name) is not None


def _among(name: str, words: frozenset[str], numbers: frozenset[float]) -> Test:
    if not numbers or not words:
        one: frozenset[str] | frozenset[float] = words or numbers

        def plain(get: Get) -> bool | None:
            fact = get(name)
            return None if fact is None else fact in one

        return plain

    def mixed(get: Get) -> bool | None:
        fact = get(name)
        if fact is None:
            return None
        return fact in words or as_number(fact) in numbers if isinstance(fact, str) else fact in numbers

    return mixed


def _ordered(name: str, compare: Callable[[float, float], bool], bound: float) -> Test:
    def test(get: Get) -> bool | None:
        fact = get(name)
        if isinstance(fact, str):
            fact = as_number(fact)
        return None if fact is None else compare(fact, bound)

    return test


def _both_ordered(name: str, compare: Callable[[float, float], bool], other: str) -> Test:
    def test(get: Get) -> bool | None:
        one, another = get(name), get(other)
        if isinstance(one, str):
            one = as_number(one)
        if isinstance(another, str):
            another = as_number(another)
        return None if one is None or another is None else compare(one, another)

    return test


def as_number(word: str) -> float | None:
    """The number that a personal value or a context says; None where it is another word: unknown."""
    number = number_in(word.strip())
    return None if number is None else float(number)


def _not(part: Test) -> Test:
    def test(get: Get) -> bool | None:
        held = part(get)
        return None if held is None else not held

    return test


def _every(parts: tuple[Test, ...]) -> Test:
    def test(get: Get) -> bool | None:
        unknown = False
        for part in parts:
            held = part(get)
            if held is None:
                unknown = True
            elif not held:
                return False
        return None if unknown else True

    return test


def _some(parts: tuple[Test, ...]) -> Test:
    def test(get: Get) -> bool | None:
        unknown = False
        for part in parts:
            held = part(get)
            if held is None:
                unknown = True
            elif held:
                return True
        return None if unknown else False

    return test

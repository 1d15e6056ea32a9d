"""The language of rules.

    phone = senior -> package != glass
    exactly 1 of (gift_card, gift_wrap, note = handwritten)
    age_band in {child, unknown} implies not (wine or beer)
    total size <= 40
    total price of (phone, case) < 50000
    bottles >= 2 <-> delivery = van

A component's name alone means that it is taken: `yes`, or anything but `none`. `not` binds most, then `and`,
`or`, implications; two implications in a row need brackets. Names of several words stand in quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from trato.offer.formula import FALSE, Count, Every, Is, Not, Same, Some, Total, implies
from trato.offer.offer import NONE, YES, did_you_mean
from trato.offer.tokens import NotARule, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.offer.formula import Formula
    from trato.offer.offer import Component, Fact
    from trato.offer.tokens import Token

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<sign><->|<=>|->|=>|!=|<=|>=|==|[=<>(){},!&|])
    |(?P<word>-?\w[\w.]*(?:[-/+]\w[\w.]*)*)""",
    re.VERBOSE,
)
_COMPARISONS = ("<=", ">=", "<", ">", "=", "==", "!=")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
KEYWORDS = frozenset(
    "and or not in implies iff if then exactly at most least of total".split()  # noqa: SIM905 -- one line
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What rules may speak of: components and facts with their modules, and what modules add to a total."""

    modules: Mapping[str, tuple[str, ...]]
    totals: Mapping[str, Mapping[str, Mapping[str, Fraction]]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, components: tuple[Component, ...], facts: tuple[Fact, ...]) -> Vocabulary:
        """The vocabulary of an offer; `price` and `cost` are attributes of every module."""
        modules = {component.name: component.names for component in components}
        modules |= {fact.name: (*fact.values, "unknown") for fact in facts}
        totals: dict[str, dict[str, dict[str, Fraction]]] = {}
        words: dict[str, str] = {}
        for component in components:
            for module in component.modules:
                adds: dict[str, float | str] = {
                    "price": module.price,
                    "cost": module.cost,
                    **module.attributes,
                }
                for name, number in adds.items():
                    if isinstance(number, str):
                        words.setdefault(name, f"{number!r} of {component.name} = {module.name}")
                    else:
                        of = totals.setdefault(name, {}).setdefault(component.name, {})
                        of[module.name] = Fraction(str(number))
        return cls(modules, totals, words)


def parsed(text: str, known: Vocabulary, unknown: list[NotARule]) -> Formula:
    """What a rule says. Raises NotARule where it cannot be read on; unknown words are noted in `unknown`."""
    rule = _Rule(Tokens.of(text, _TOKEN), known, unknown)
    formula = rule.whole()
    rule.tokens.end({"=", "!=", "<=", ">=", "<", ">", ")", "}", ","})
    return formula


@dataclass(slots=True)
class _Rule:
    tokens: Tokens
    known: Vocabulary
    unknown: list[NotARule]

    def whole(self) -> Formula:
        """Everything up to a closing bracket or the end."""
        tokens = self.tokens
        tokens.deeper()
        if tokens.accept("if"):
            condition = self.whole()
            tokens.expect("then", "a condition is written `if … then …`, or `… -> …`")
            found: Formula = implies(condition, self.whole())
        else:
            found = self._either()
            if tokens.accept("->", "=>", "implies"):
                found = implies(found, self._either())
            elif tokens.accept("<->", "<=>", "iff"):
                found = Same(found, self._either())
        again = tokens.accept("->", "=>", "implies", "<->", "<=>", "iff")
        if again:
            hint = "say with brackets which belongs to which"
            raise NotARule(again.offset, f"a second {again.text!r} can be read in two ways", hint)
        tokens.back()
        return found

    def _either(self) -> Formula:
        parts = [self._both()]
        while self.tokens.accept("or", "|"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _both(self) -> Formula:
        parts = [self._one()]
        while self.tokens.accept("and", "&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self) -> Formula:
        tokens = self.tokens
        if tokens.accept("not", "!"):
            tokens.deeper()
            found: Formula = Not(self._one())
            tokens.back()
            return found
        if tokens.accept("("):
            found = self.whole()
            tokens.expect(")")
            return found
        if tokens.accept("exactly"):
            number = self._whole_number()
            return self._count(number, number)
        if tokens.ahead("at", "most") or tokens.ahead("at", "least"):
            tokens.take()
            most = tokens.take().text == "most"
            number = self._whole_number()
            return self._count(0 if most else number, number if most else None)
        if tokens.accept("total"):
            return self._total()
        return self._choice()

    def _count(self, least: int, most: int | None) -> Formula:
        self.tokens.expect("of", "a count is written `at most 2 of (a, b, c)`")
        self.tokens.expect("(", "a count is written `at most 2 of (a, b, c)`")
        parts = [self.whole()]
        while self.tokens.accept(","):
            parts.append(self.whole())
        self.tokens.expect(")")
        return Count(least, len(parts) if most is None else most, tuple(parts))

    def _whole_number(self) -> int:
        token = self.tokens.take()
        if not token.text.isdecimal() or len(token.text) > 9:
            raise NotARule(token.offset, f"expected a whole number, found {token}")
        return int(token.text)

    def _number(self) -> Fraction:
        token = self.tokens.take()
        number = number_in(token.text)
        if number is None:
            raise NotARule(token.offset, f"expected a number, found {token}", "such as 40 or 2.5")
        return number

    def _total(self) -> Formula:
        attribute = self._name("an attribute")
        totals = self.known.totals.get(attribute.text)
        if totals is None:
            hint = did_you_mean(attribute.text, list(self.known.totals))
            self._note(attribute, f"there is no attribute {attribute.text!r} to add up", hint)
        elif attribute.text in self.known.words:
            word = self.known.words[attribute.text]
            self._note(
                attribute, f"the attribute {attribute.text!r} is no number everywhere", f"it is {word}"
            )
        of = totals or {}
        if self.tokens.accept("of"):
            self.tokens.expect("(", "write `total size of (a, b) <= 40`")
            names = [self._component()]
            while self.tokens.accept(","):
                names.append(self._component())
            self.tokens.expect(")")
            of = {name: of.get(name, {}) for name in names if name in self.known.modules}
        sign = self.tokens.accept(*_COMPARISONS)
        if sign is None:
            hint = "a limit is written `total size <= 40`"
            raise NotARule(self.tokens.next.offset, f"expected a comparison, found {self.tokens.next}", hint)
        return _compared(tuple(of.items()), sign.text, self._number())

    def _component(self) -> str:
        token = self._name("a component")
        if token.text not in self.known.modules:
            names = list(self.known.modules)
            self._note(token, f"there is no component {token.text!r}", did_you_mean(token.text, names))
        return token.text

    def _choice(self) -> Formula:
        token = self._name("a component or a fact")
        modules = self.known.modules.get(token.text)
        if modules is None:
            names = list(self.known.modules)
            self._note(
                token, f"there is no component or fact {token.text!r}", did_you_mean(token.text, names)
            )
        tokens = self.tokens
        sign = tokens.accept("=", "==", "!=", "in", "<=", ">=", "<", ">")
        unequal = sign is not None and sign.text == "!="
        if sign is None and tokens.ahead("not", "in"):
            tokens.take()
            sign = tokens.take()
            unequal = True
        if sign is None:
            return self._taken(token, modules)
        if sign.text in {"<=", ">=", "<", ">"}:
            return self._ordered(token, modules, sign.text, self._number())
        values = self._values() if sign.text == "in" else [self._name("a module")]
        for value in values if modules is not None else ():
            if value.text not in (modules or ()):
                message = f"{token.text!r} has no module {value.text!r}"
                self._note(value, message, did_you_mean(value.text, modules or ()))
        if modules is None or any(value.text not in modules for value in values):
            return FALSE
        found = Is(token.text, tuple(dict.fromkeys(value.text for value in values)))
        return Not(found) if unequal else found

    def _values(self) -> list[Token]:
        hint = "a set is written `{small, large}`"
        self.tokens.expect("{", hint)
        values = [self._name("a module")]
        while self.tokens.accept(","):
            values.append(self._name("a module"))
        self.tokens.expect("}", hint)
        return values

    def _taken(self, token: Token, modules: tuple[str, ...] | None) -> Formula:
        if modules is None:
            return FALSE
        if YES in modules:
            return Is(token.text, (YES,))
        if NONE in modules:
            return Not(Is(token.text, (NONE,)))
        self._note(token, f"{token.text!r} is always taken", f"say which module: {token.text} = {modules[0]}")
        return FALSE

    def _ordered(self, token: Token, modules: tuple[str, ...] | None, sign: str, bound: Fraction) -> Formula:
        numbers: dict[str, Fraction] = {}
        for module in modules or ():
            number = Fraction(0) if module == NONE else number_in(module)
            if number is None:
                message = f"{token.text!r} cannot be compared by size: its module {module!r} is no number"
                self._note(token, message, "say which modules: in {…}")
                return FALSE
            numbers[module] = number
        if not numbers:
            return FALSE
        return _compared(((token.text, numbers),), sign, bound)

    def _name(self, what: str) -> Token:
        token = self.tokens.next
        if not token.quoted and (token.text in KEYWORDS or not re.match(r"-?\w", token.text)):
            hint = f'quote it if it is a name: "{token.text}"' if token.text in KEYWORDS else ""
            raise NotARule(token.offset, f"expected {what}, found {token}", hint)
        return self.tokens.take()

    def _note(self, token: Token, message: str, hint: str) -> None:
        self.unknown.append(NotARule(token.offset, message, hint))


def number_in(text: str) -> Fraction | None:
    """The number that a text says, exactly; None where it says none, or one beyond all measure."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def _compared(terms: tuple[tuple[str, Mapping[str, Fraction]], ...], sign: str, bound: Fraction) -> Formula:
    match sign:
        case "<=":
            return Total(terms, None, bound)
        case ">=":
            return Total(terms, bound, None)
        case "<":
            return Not(Total(terms, bound, None))
        case ">":
            return Not(Total(terms, None, bound))
        case "!=":
            return Not(Total(terms, bound, bound))
        case _:
            return Total(terms, bound, bound)

"""The constraints of UVL: features put together by `!`, `&`, `|`, `=>` and `<=>`, and sums of attributes.

What adds up over features compiles: `sum(price) <= 100`, `A.price + 2 * B.price < 30`, an attribute counting
where its feature is selected. Averages, products, lengths and texts do not, and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from trato.offer.formula import FALSE, TRUE, Every, Not, Same, Some, Total, implies
from trato.offer.offer import did_you_mean
from trato.offer.tokens import NotARule, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.offer.formula import Formula
    from trato.offer.tokens import Token

TOKEN = re.compile(
    r"""(?P<string>"[^"\n]*"|'[^'\n]*')
    |(?P<sign><=>|=>|==|!=|<=|>=|\.\.|[<>!&|()\[\]{},.+*/=-])
    |(?P<word>\d+(?:\.\d+)?|[^\W\d][\w\#§%?\\';$@~]*)""",
    re.VERBOSE,
)
_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
_AGGREGATES = {"avg", "len", "min", "max", "floor", "ceil"}


@dataclass(slots=True)
class Linear:
    """A sum: what each feature adds where it is selected, and a constant."""

    adds: dict[str, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def plus(self, other: Linear, times: Fraction = Fraction(1)) -> Linear:
        """The sum with a multiple of another."""
        found = Linear(dict(self.adds), self.constant + times * other.constant)
        for name, number in other.adds.items():
            found.adds[name] = found.adds.get(name, Fraction(0)) + times * number
        return found


@dataclass(frozen=True, slots=True)
class Selectable:
    """What constraints may speak of, by feature.

    `selected` says in a formula that it is selected, `attributes` are its numbers, `parents` the feature
    above it, parents coming first; `modules` are those of a component that mean that it is selected. A
    feature that always is has none.
    """

    selected: Mapping[str, Formula]
    attributes: Mapping[str, Mapping[str, float]]
    parents: Mapping[str, str | None]
    modules: Mapping[str, tuple[str, tuple[str, ...]]]

    def below(self, root: str) -> set[str]:
        """A feature and all that is below it; parents come before their children."""
        found = {root}
        for name, parent in self.parents.items():
            if parent in found:
                found.add(name)
        return found

    def total(self, sum_: Linear, least: Fraction | None, most: Fraction | None) -> Formula:
        """What the sum's features add, as what the modules that they are add."""
        by_component: dict[str, dict[str, Fraction]] = {}
        always = Fraction(0)
        for name, number in sum_.adds.items():
            if name not in self.modules:
                always += number
                continue
            component, modules = self.modules[name]
            adds = by_component.setdefault(component, {})
            for module in modules:
                adds[module] = adds.get(module, Fraction(0)) + number
        shift = sum_.constant + always
        low = None if least is None else least - shift
        high = None if most is None else most - shift
        return Total(tuple(by_component.items()), low, high)


Value: TypeAlias = "Formula | Linear"


def constraint(tokens: Tokens, known: Selectable, prefix: str, unknown: list[NotARule]) -> Formula:
    """The next constraint. Raises NotARule where it cannot be read on; unknown words go to `unknown`."""
    return _Constraint(tokens, known, prefix, unknown).whole()


@dataclass(slots=True)
class _Constraint:
    tokens: Tokens
    known: Selectable
    prefix: str
    unknown: list[NotARule]

    def whole(self) -> Formula:
        at = self.tokens.next
        return self._truth(self._same(), at)

    def _truth(self, value: Value, at: Token) -> Formula:
        if isinstance(value, Linear):
            raise NotARule(at.offset, "this is a number, not a condition", "compare it: `sum(price) <= 100`")
        return value

    def _number(self, value: Value, at: Token) -> Linear:
        if not isinstance(value, Linear):
            hint = "features are no numbers: name an attribute of it, such as `Feature.price`"
            raise NotARule(at.offset, "this is a condition, not a number", hint)
        return value

    def _same(self) -> Value:
        self.tokens.deeper()
        at = self.tokens.next
        found = self._implied()
        while self.tokens.accept("<=>"):
            there = self.tokens.next
            found = Same(self._truth(found, at), self._truth(self._implied(), there))
        self.tokens.back()
        return found

    def _implied(self) -> Value:
        at = self.tokens.next
        found = self._either()
        while self.tokens.accept("=>"):
            there = self.tokens.next
            found = implies(self._truth(found, at), self._truth(self._either(), there))
        return found

    def _either(self) -> Value:
        at = self.tokens.next
        found = self._both()
        if not self.tokens.ahead("|"):
            return found
        parts = [self._truth(found, at)]
        while self.tokens.accept("|"):
            there = self.tokens.next
            parts.append(self._truth(self._both(), there))
        return Some(tuple(parts))

    def _both(self) -> Value:
        at = self.tokens.next
        found = self._compared()
        if not self.tokens.ahead("&"):
            return found
        parts = [self._truth(found, at)]
        while self.tokens.accept("&"):
            there = self.tokens.next
            parts.append(self._truth(self._compared(), there))
        return Every(tuple(parts))

    def _compared(self) -> Value:
        at = self.tokens.next
        found = self._added()
        sign = self.tokens.accept(*_COMPARISONS)
        if sign is None:
            return found
        there = self.tokens.next
        left = self._number(found, at)
        sum_ = left.plus(self._number(self._added(), there), Fraction(-1))
        nought = Fraction(0)
        match sign.text:
            case "<=":
                return self.known.total(sum_, None, nought)
            case ">=":
                return self.known.total(sum_, nought, None)
            case "<":
                return Not(self.known.total(sum_, nought, None))
            case ">":
                return Not(self.known.total(sum_, None, nought))
            case "!=":
                return Not(self.known.total(sum_, nought, nought))
            case _:
                return self.known.total(sum_, nought, nought)

    def _added(self) -> Value:
        at = self.tokens.next
        found = self._multiplied()
        while sign := self.tokens.accept("+", "-"):
            there = self.tokens.next
            times = Fraction(1 if sign.text == "+" else -1)
            found = self._number(found, at).plus(self._number(self._multiplied(), there), times)
        return found

    def _multiplied(self) -> Value:
        at = self.tokens.next
        found = self._one()
        while sign := self.tokens.accept("*", "/"):
            there = self.tokens.next
            left, right = self._number(found, at), self._number(self._one(), there)
            if sign.text == "*" and left.adds and not right.adds:
                left, right = right, left
            if (left if sign.text == "*" else right).adds or (sign.text == "/" and not right.constant):
                message = f"{sign.text!r} of attributes does not add up, and cannot be compiled"
                raise NotARule(sign.offset, message, "only sums can be: write the limit as one")
            if sign.text == "*":
                found = Linear().plus(right, left.constant)
            else:
                found = Linear().plus(left, 1 / right.constant)
        return found

    def _one(self) -> Value:
        tokens = self.tokens
        at = tokens.next
        if tokens.accept("!"):
            tokens.deeper()
            found = Not(self._truth(self._one(), at))
            tokens.back()
            return found
        if tokens.accept("-"):
            tokens.deeper()
            negative = Linear().plus(self._number(self._one(), at), Fraction(-1))
            tokens.back()
            return negative
        if tokens.accept("("):
            inner = self._same()
            tokens.expect(")")
            return inner
        if not at.quoted and at.text[:1].isdigit():
            tokens.take()
            if len(at.text) > 24:
                raise NotARule(at.offset, f"the number {at.text[:24]}… is beyond all measure")
            return Linear(constant=Fraction(at.text))
        return self._named()

    def _named(self) -> Value:
        at = self.tokens.next
        if at.quoted and self.tokens.text[at.offset - self.tokens.begun] == "'":
            hint = "names of features stand in double quotation marks"
            raise NotARule(at.offset, "texts cannot be compared in what is compiled", hint)
        path = reference(self.tokens)
        if self.tokens.ahead("(") and len(path) == 1 and not at.quoted:
            return self._aggregate(at)
        name = self.prefix + ".".join(path)
        if name in self.known.selected:
            return self.known.selected[name]
        if len(path) == 1 and path[0] in {"true", "false"} and not at.quoted:
            return TRUE if path[0] == "true" else FALSE
        feature = self.prefix + ".".join(path[:-1])
        if len(path) > 1 and feature in self.known.selected:
            numbers = self.known.attributes.get(feature, {})
            if path[-1] not in numbers:
                message = f"the feature {feature!r} has no number {path[-1]!r}"
                self.unknown.append(NotARule(at.offset, message, did_you_mean(path[-1], list(numbers))))
                return Linear()
            return Linear({feature: Fraction(str(numbers[path[-1]]))})
        hint = did_you_mean(name, list(self.known.selected))
        self.unknown.append(NotARule(at.offset, f"there is no feature {name!r}", hint))
        return FALSE

    def _aggregate(self, at: Token) -> Linear:
        if at.text in _AGGREGATES:
            message = f"{at.text}() does not add up over features, and cannot be compiled"
            raise NotARule(at.offset, message, "only sum() can be: write the limit as a sum")
        if at.text != "sum":
            raise NotARule(at.offset, f"there is no function {at.text!r}", "known: sum")
        self.tokens.expect("(")
        said = [(self.tokens.next, ".".join(reference(self.tokens)))]
        while self.tokens.accept(","):
            said.append((self.tokens.next, ".".join(reference(self.tokens))))
        self.tokens.expect(")")
        root = [one for one in said if self.prefix + one[1] in self.known.selected] if len(said) > 1 else []
        rest = [one for one in said if one not in root]
        if len(said) > 2 or len(rest) != 1:
            raise NotARule(
                at.offset, "a sum is of one attribute", "write `sum(price)` or `sum(price, Feature)`"
            )
        within = self.known.below(self.prefix + root[0][1]) if root else set(self.known.selected)
        attribute = rest[0][1]
        adds = {
            name: Fraction(str(numbers[attribute]))
            for name, numbers in self.known.attributes.items()
            if name in within and attribute in numbers
        }
        if not adds:
            names = list(dict.fromkeys(name for of in self.known.attributes.values() for name in of))
            message = f"no feature has a number {attribute!r}"
            self.unknown.append(NotARule(rest[0][0].offset, message, did_you_mean(attribute, names)))
        return Linear(adds)


def reference(tokens: Tokens) -> list[str]:
    """A name, whose parts are divided by points. Raises NotARule."""
    parts: list[str] = []
    while True:
        token = tokens.next
        if not token.quoted and not re.match(r"[^\W\d]", token.text):
            raise NotARule(token.offset, f"expected a name, found {token}", "quote names with such signs")
        if token.quoted and not token.text.strip():
            raise NotARule(token.offset, "this name is empty")
        parts.append(tokens.take().text)
        if not tokens.accept("."):
            return parts

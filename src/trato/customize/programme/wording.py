"""Decisions in plain words, in English, Spanish and Portuguese."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from trato.customize.names import NO_NAMES
from trato.customize.phrases import percent, phrases
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.filters import OWN_WORDS
from trato.customize.programme.phrases import FACTS, FAMILIES, PHRASES, REASONS, TIERS
from trato.customize.programme.treatments import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.customize.explain import Bound, Explanation, Part
    from trato.customize.names import Names
    from trato.customize.programme.phrases import Language

MOST_PARTS = 4
_SEVERAL = {"en": "{} and {}", "es": "{} y {}", "pt": "{} e {}"}


def in_words(
    one: Explanation,
    language: Language,
    *,
    currency: str,
    minor_units: int,
    called: Names = NO_NAMES,
    looked: bool = False,
) -> tuple[str, ...]:
    """An explanation as sentences, what matters most first.

    `looked` is for what nobody was given yet (`look_at`); `called` are the names of components.
    """
    return tuple(_Told(one, language, currency, minor_units, called, looked).sentences())


def reason_in_words(reason: str, language: Language) -> str:
    """A reason code as it stands within a sentence; a rule's own words, or the code where it has none."""
    own = OWN_WORDS.get(reason, {})
    words = REASONS.get(reason)
    return words[language] if words else own.get(language) or next(iter(own.values()), reason)


def fact_in_words(name: str, language: Language, called: Names = NO_NAMES) -> str:
    """What a fact is called within a sentence."""
    if name in FACTS:
        return FACTS[name][language]
    if name.startswith("price of stock:"):
        return FACTS["price of stock"][language]
    family, _, rest = name.partition(".")
    if not rest or family not in FAMILIES:
        return name
    if family in {"wants", "avoids", "bought"}:
        component, _, module = rest.partition(".")
        rest = called.choice(component, module, language) if module else called.component(component, language)
    return FAMILIES[family][language].format(rest)


@dataclass(frozen=True, slots=True)
class _Told:
    """Tells one explanation in one language."""

    one: Explanation
    language: Language
    currency: str
    minor_units: int
    called: Names
    looked: bool

    def sentences(self) -> Iterator[str]:
        one, say = self.one, PHRASES[self.language]
        decision = one.decision
        given = decision.treatment != NOTHING
        by_policy = decision.arm == "policy" and decision.by_person is None
        head = say.likeliest if self.looked else say.given if given else say.nothing
        share = percent(decision.probability / WHOLE, phrases(self.language))
        yield head.format(what=self.label(decision.treatment), share=share)
        yield from self.who_decided()
        if not given and by_policy:
            yield self.why_nothing()
        worth = one.given
        if given and worth is not None:
            yield say.worth.format(
                money=self.money(worth.mean), low=self.money(worth.low), high=self.money(worth.high)
            )
        if one.parts:
            yield say.spoke.format(parts=", ".join(self.part(each) for each in one.parts[:MOST_PARTS]))
        yield from self.next_best()
        if one.explored and not self.looked and decision.by_person is None:
            yield say.explored
        yield from (self.bound(each) for each in one.bound)
        yield from self.levers()
        fell = self.fell_out()
        if fell:
            yield say.fell_out.format(what=fell)
        if by_policy and one.runner_up is not None:
            yield self.evidence()

    def why_nothing(self) -> str:
        say, one = PHRASES[self.language], self.one
        if one.runner_up is None:
            return say.nothing_left
        return say.nothing_better if one.margin >= 0 else say.nothing_by_chance

    def who_decided(self) -> Iterator[str]:
        say, decision = PHRASES[self.language], self.one.decision
        held = {"nothing": say.held_nothing, "same_for_all": say.held_same, "random": say.held_random}
        if decision.arm in held:
            yield held[decision.arm]
        elif decision.by_person is not None:
            stands = decision.by_person or self.one.ready.programme.same_for_all
            words = say.by_person if decision.by_person else say.by_nobody
            yield words.format(what=self.label(stands))
            if stands != decision.treatment and self.one.explored:
                yield say.person_else

    def next_best(self) -> Iterator[str]:
        one, say = self.one, PHRASES[self.language]
        if one.runner_up is None or one.decision.arm != "policy":
            return
        what = self.label(one.runner_up)
        shown = self.money(abs(one.margin))
        if shown == self.money(0.0):
            yield say.alike.format(what=what)
        elif one.margin > 0:
            yield say.less.format(what=what, money=shown)
        else:
            yield _capital(say.more.format(what=what, money=shown))

    def part(self, one: Part) -> str:
        name = f"price of {one.value}" if one.of == "price" else one.of
        words = fact_in_words(name, self.language, self.called)
        known = "" if one.of in {"price", "fatigue"} or one.value is None else f" ({self.fact(one)})"
        sign = "+" if one.money > 0 else "−"
        return f"{words}{known} {sign}{self.money(abs(one.money))}"

    def fact(self, one: Part) -> str:
        if isinstance(one.value, str):
            return TIERS.get(one.value, {}).get(self.language, one.value) if one.of == "tier" else one.value
        if one.of in {"expected_value", "actual_value", "potential"}:
            return self.money(float(one.value or 0))
        shown = f"{one.value:.3g}" if one.value is not None and abs(one.value) < 1000 else f"{one.value:.0f}"
        return shown.replace(".", phrases(self.language).decimal)

    def bound(self, one: Bound) -> str:
        say = PHRASES[self.language]
        money, what = self.money(one.money), self.label(one.treatment)
        if one.by.startswith("price of "):
            return say.bound_price.format(why=fact_in_words(one.by, self.language), what=what, money=money)
        return say.bound_rule.format(why=reason_in_words(one.by, self.language), what=what, money=money)

    def levers(self) -> Iterator[str]:
        one, say = self.one, PHRASES[self.language]
        if one.lever != 1.0 and one.decision.treatment != NOTHING:
            factor = f"{one.lever:g}".replace(".", phrases(self.language).decimal)
            yield say.lever.format(factor=factor)
        if one.without_levers is not None:
            yield say.levers_else.format(what=self.label(one.without_levers))

    def fell_out(self) -> str:
        """What fell out, by its reason; what is held back is told by the arm."""
        by_reason: dict[str, list[str]] = {}
        for each in self.one.decision.candidates:
            if each.reason and each.reason != "held_back":
                by_reason.setdefault(each.reason, []).append(self.label(each.treatment))
        return "; ".join(
            f"{self.listed(labels)} ({reason_in_words(reason, self.language)})"
            for reason, labels in by_reason.items()
        )

    def evidence(self) -> str:
        say, count = PHRASES[self.language], self.one.evidence
        return (
            say.no_evidence
            if count == 0
            else say.one_outcome
            if count == 1
            else say.evidence.format(count=count_in_words(count, self.language))
        )

    def listed(self, labels: list[str]) -> str:
        if len(labels) == 1:
            return labels[0]
        return _SEVERAL[self.language].format(", ".join(labels[:-1]), labels[-1])

    def label(self, key: str) -> str:
        ready = self.one.ready
        labels = ready.programme.treatments[ready.place[key]].label
        return labels.get(self.language) or next(iter(labels.values()), key)

    def money(self, minor: float) -> str:
        return money_in_words(round(minor), self.currency, self.minor_units, self.language)


def money_in_words(minor: int, currency: str, minor_units: int, language: Language) -> str:
    """An amount of minor units as the language writes it; the same as Babel's, in a hundredth of its time."""
    before, after, group, decimal, least = _shape(currency, minor_units, language, minor < 0)
    major, rest = divmod(abs(minor), 10**minor_units)
    digits = f"{major:,}".replace(",", group) if major >= least else str(major)
    fraction = f"{decimal}{rest:0{minor_units}d}" if minor_units else ""
    return f"{before}{digits}{fraction}{after}"


def count_in_words(count: int, language: Language) -> str:
    """A whole number as the language writes it, its thousands apart: 12,345, or 12.345, as Babel does."""
    group, least = _group(language)
    return f"{count:,}".replace(",", group) if count >= least else str(count)


@lru_cache
def _group(language: Language) -> tuple[str, int]:
    """What stands between thousands, and from where on: in Spanish 1234, and 12.345."""
    from babel.numbers import format_decimal, get_group_symbol

    least = 1000 if len(format_decimal(1000, locale=language)) > 4 else 10_000
    return get_group_symbol(language), least


@lru_cache(maxsize=256)
def _shape(
    currency: str, minor_units: int, language: Language, below: bool
) -> tuple[str, str, str, str, int]:
    """What stands before and behind an amount, the signs within it, and from where on digits are grouped."""
    from babel.core import Locale
    from babel.numbers import format_currency, get_decimal_symbol, get_group_symbol

    sign = -1 if below else 1
    pattern = Locale.parse(language).currency_formats["standard"]
    shown = format_currency(sign * 7, currency, pattern, locale=language, currency_digits=False)
    before, _, behind = shown.partition("7")
    after = behind.lstrip("0123456789.,")
    grouped = [len(format_currency(many, currency, locale=language)) for many in (999, 1000)]
    least = 1000 if grouped[1] > grouped[0] + 1 else 10_000
    return before, after, get_group_symbol(language), get_decimal_symbol(language), least


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

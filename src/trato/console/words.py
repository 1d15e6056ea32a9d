"""Words, numbers, money and moments as somebody of the company reads them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import dates, numbers
from markupsafe import Markup

from trato.customize.names import NO_NAMES, Names
from trato.pages.words import Words, read_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from trato.company.settings import Settings

LOCALE = Path(__file__).parent / "locale"
SIGNS = {"slight": 3.0, "some": 20.0, "strong": 150.0}  # below how many times as likely
WHOLE_FROM = 100  # from so many units on, the smallest units tell nothing


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: their language, the company's currency and time zone, and its names."""

    words: Words
    settings: Settings
    names: Names = NO_NAMES

    @property
    def language(self) -> str:
        """The reader's language."""
        return self.words.language

    def say(self, key: str, /, n: int | None = None, **parts: object) -> Markup:
        """As Words.say."""
        return self.words.say(key, n, **parts)

    def knows(self, key: str) -> bool:
        """Whether the catalogue has such a sentence."""
        return key in self.words.messages

    def named(self, key: str, own: str) -> Markup:
        """The sentence `key.own`; where there is none, the word itself."""
        return self.words.say(f"{key}.{own}") if self.knows(f"{key}.{own}") else Markup.escape(own)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its thousands kept apart."""
        return self.words.number(value, digits)

    def component(self, own: str) -> str:
        """What a component is called."""
        return self.names.component(own, self.language)

    def module(self, component: str, own: str) -> str:
        """What a module of a component is called."""
        return self.names.module(component, own, self.language)

    def choice(self, component: str, module: str) -> str:
        """What both are called."""
        return self.names.choice(component, module, self.language)

    def components(self, own: Sequence[str]) -> Markup:
        """What components are called, listed."""
        return self.listed([self.component(one) for one in own])

    def modules(self, component: str, own: Sequence[str]) -> Markup:
        """What modules of a component are called, listed."""
        return self.listed([self.module(component, one) for one in own])

    def sign(self, log_odds: float) -> Markup:
        """How much some evidence says, in words (Kass & Raftery, 1995): people cannot feel large numbers."""
        often = math.exp(min(log_odds, 20.0))
        word = next((name for name, below in SIGNS.items() if often < below), "very_strong")
        return self.say(f"sign.{word}")

    def hundred(self, chance: float) -> str:
        """A chance as so many of a hundred, with as many digits as keep small ones apart."""
        return self.number(100 * chance, 0 if chance >= 0.0095 or chance < 0.0005 else 1)

    def likely(self, chance: float) -> Markup:
        """A chance in words; nothing that is still to come is sure."""
        return self.say("sure") if chance >= 0.995 else self.say("of_100", chance=self.number(100 * chance))

    def share(self, value: float, digits: int = 0) -> str:
        """A share as per cent; what is above nothing and below one half per cent says so."""
        if 0 < value < 0.005 and not digits:
            return f"<{self.words.share(0.01)}"
        return self.words.share(value, digits)

    def span(self, low: float, high: float) -> Markup:
        """Both ends of an interval in minor units, written alike."""
        whole = max(abs(low), abs(high)) >= WHOLE_FROM * 10**self.settings.minor_units
        return self.say("interval", low=self.money(low, whole=whole), high=self.money(high, whole=whole))

    def money(self, minor: float, *, whole: bool = False) -> str:
        """An amount in minor units, as the currency is written; a large one in whole units."""
        value = minor / 10**self.settings.minor_units
        if whole or not minor or abs(value) >= WHOLE_FROM or self.settings.minor_units == 0:
            return self.words.money(round(value), self.settings.currency)
        written = numbers.format_currency(value, self.settings.currency, locale=self.language)
        return str(written).replace("-", "−")

    def day(self, day: date) -> str:
        """A date written out."""
        return self.words.day(day)

    def moment(self, at: datetime) -> Markup:
        """A moment in the company's time zone, as a `time` element."""
        local = at.astimezone(self.settings.zone)
        written = dates.format_datetime(local, "medium", locale=self.language)
        short = str(written).rsplit(":", 1)  # without seconds
        return Markup('<time datetime="{}">{}</time>').format(
            at.isoformat(timespec="seconds"), short[0] + "".join(short[1][2:])
        )

    def date_of(self, at: datetime) -> Markup:
        """The day of a moment in the company's time zone, as a `time` element."""
        local = at.astimezone(self.settings.zone)
        return Markup('<time datetime="{}">{}</time>').format(
            at.isoformat(timespec="seconds"), dates.format_date(local, "medium", locale=self.language)
        )

    def listed(self, names: list[str]) -> Markup:
        """Names joined as a sentence joins them."""
        return self.words.listed([Markup.escape(one) for one in names])

    def own(self, names: Mapping[str, str], instead: str = "") -> Markup:
        """The company's own words in the reader's language; else in the first it has, marked as such."""
        if self.language in names:
            return Markup.escape(names[self.language])
        for language, name in names.items():
            return Markup('<span lang="{}">{}</span>').format(language, name)
        return Markup.escape(instead)


@cache
def console_words(language: str) -> Words:
    """The console's words in one of the languages."""
    return read_words(LOCALE / language / "console.po", language)

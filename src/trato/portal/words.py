"""Words, prices and days as the customer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import numbers

from trato.pages.words import Words, read_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from markupsafe import Markup

    from trato.company.settings import Settings

LOCALE = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: their language, the company's time zone, and the offer's currency."""

    words: Words
    settings: Settings
    currency: str

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

    def own(self, names: Mapping[str, str], instead: str = "") -> str:
        """The company's own words in the reader's language; else in the first it has."""
        return names.get(self.language) or next(iter(names.values()), instead)

    def money(self, minor: int) -> str:
        """A price in minor units, as the currency is written."""
        value = minor / 10**self.settings.minor_units
        written = numbers.format_currency(value, self.currency, locale=self.language)
        return str(written).replace("-", "−")

    def hundred(self, chance: float) -> str:
        """A chance as so many of a hundred; nothing is certain before it was said."""
        return self.words.number(min(max(round(100 * chance), 1), 99))

    def day(self, at: datetime) -> str:
        """The day of a moment in the company's time zone."""
        return self.words.day(at.astimezone(self.settings.zone).date())


@cache
def portal_words(language: str) -> Words:
    """The portal's words in one of the languages."""
    return read_words(LOCALE / language / "portal.po", language)

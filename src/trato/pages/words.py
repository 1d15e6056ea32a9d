"""Words, numbers, money and dates in a reader's language, from the catalogues under `locale/`."""

from __future__ import annotations

import gettext
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, dates, numbers
from babel.messages.pofile import read_po
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from trato.estimates import Interval

LANGUAGES = ("en", "es", "pt")
LOCALE = Path(__file__).parent / "locale"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Words:
    """One language: `say` looks a sentence up and fills it, the others write numbers as its readers do."""

    language: str
    messages: Mapping[str, tuple[str, ...]]
    plural: Callable[[int], int]

    def say(self, key: str, /, n: int | None = None, **parts: object) -> Markup:
        """The sentence `key`, its `{parts}` filled in and escaped; `n` chooses the plural and fills `{n}`.

        KeyError when the catalogue has no such sentence.
        """
        forms = self.messages[key]
        text = forms[self.plural(n) if n is not None and len(forms) > 1 else 0]
        if n is not None:
            parts = {"n": self.number(n), **parts}
        return Markup(text).format(**parts)  # noqa: S704 - the catalogue is ours; Markup.format escapes the parts

    def plain(self, key: str, /, n: int | None = None, **parts: object) -> str:
        """The same sentence without markup, for a terminal."""
        return self.say(key, n, **parts).striptags()

    def number(self, value: float, digits: int = 0) -> str:
        """A number with its thousands kept apart."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return str(numbers.format_decimal(value, format=pattern, locale=self.language)).replace("-", "−")

    def share(self, value: float, digits: int = 0) -> str:
        """A share as per cent."""
        return f"{self.number(100 * value, digits)}{NARROW_SPACE if self.language == 'es' else ''}%"

    def money(self, value: float, currency: str, digits: int | None = None) -> str:
        """An amount in whole units; with `digits`, rounded to as many significant ones ("about $412,000")."""
        if digits is not None and value:
            step = 10 ** max(math.floor(math.log10(abs(value))) + 1 - digits, 0)
            value = round(value / step) * step
        pattern = Locale.parse(self.language).currency_formats["standard"].pattern.replace(".00", "")
        written = numbers.format_currency(
            value, currency, pattern, locale=self.language, currency_digits=False
        )
        return str(written).replace("-", "−")

    def amount(self, value: float, currency: str) -> str:
        """A small amount, to the hundredth."""
        return str(numbers.format_currency(round(value, 2) + 0.0, currency, locale=self.language)).replace(
            "-", "−"
        )

    def day(self, day: date) -> str:
        """A date written out."""
        return str(dates.format_date(day, "long", locale=self.language))

    def span(self, interval: Interval, write: Callable[[float], str]) -> Markup:
        """Both ends of an interval."""
        return self.say("interval", low=write(interval.low), high=write(interval.high))

    def listed(self, names: list[Markup]) -> Markup:
        """Names joined as a sentence joins them."""
        if len(names) < 2:
            return Markup("").join(names)
        return self.say("list.and", first=Markup(", ").join(names[:-1]), last=names[-1])

    def chart_numbers(self) -> dict[str, object]:
        """The same marks for numbers inside charts, as d3-format wants them."""
        locale = Locale.parse(self.language)
        symbols = locale.number_symbols["latn"]
        return {
            "decimal": symbols["decimal"],
            "thousands": symbols["group"],
            "grouping": [3],
            "currency": ["", ""],
        }


@cache
def words(language: str) -> Words:
    """The words of one of LANGUAGES, as the reports say them."""
    return read_words(LOCALE / language / "pages.po", language)


def read_words(catalogue_file: Path, language: str) -> Words:
    """The words of a catalogue."""
    with catalogue_file.open("rb") as file:
        catalogue = read_po(file, locale=language)
    messages: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        messages[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return Words(language, messages, gettext.c2py(catalogue.plural_expr))


def preferred(header: str | None, spoken: tuple[str, ...] = LANGUAGES) -> str:
    """The language that a browser asks for first, of those that are spoken.

    >>> preferred("fr-CH, pt-BR;q=.9, en;q=.8")
    'pt'
    """
    asked: list[tuple[float, str]] = []
    for part in (header or "")[:500].split(","):
        name, _, quality = part.partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        asked.append((-weight, name.strip()[:2].lower()))
    return next((name for _, name in sorted(asked, key=lambda one: one[0]) if name in spoken), spoken[0])

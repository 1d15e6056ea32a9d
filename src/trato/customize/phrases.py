"""What the page and the greeting say, in English, Spanish and Portuguese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = ("en", "es", "pt")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language; braces are filled in."""

    wants: str
    avoids: str
    chosen: str
    like_them: str
    usual: str
    chosen_once: str
    chosen_often: str
    hello: str
    hello_name: str
    open_matter: str
    promised: str
    promised_by: str
    overdue: str
    decimal: str


_PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        wants="They said that they want it.",
        avoids="They said that they do not want it.",
        chosen="They chose it {count} of {chosen} times in {component}.",
        like_them="Customers who want the same ({need}) choose it {lift}× as often as all customers.",
        usual="Of all customers, {share} choose it.",
        chosen_once="{choice}, chosen once",
        chosen_often="{choice}, chosen {count} times",
        hello="Hello and welcome.",
        hello_name="Hello, {name}.",
        open_matter="You asked us: {matter}.",
        promised="We promised: {promised}.",
        promised_by="We promised by {day}: {promised}.",
        overdue="We promised by {day}: {promised}. We are late, and sorry for it.",
        decimal=".",
    ),
    "es": Phrases(
        wants="Dijo que lo quiere.",
        avoids="Dijo que no lo quiere.",
        chosen="Lo eligió {count} de {chosen} veces en {component}.",
        like_them="Los clientes que quieren lo mismo ({need}) lo eligen {lift} veces lo habitual.",
        usual="De todos los clientes, lo elige el {share}.",
        chosen_once="{choice}, una vez",
        chosen_often="{choice}, {count} veces",
        hello="Hola, le damos la bienvenida.",
        hello_name="Hola, {name}.",
        open_matter="Nos consultó: {matter}.",
        promised="Le prometimos: {promised}.",
        promised_by="Le prometimos para el {day}: {promised}.",
        overdue="Le prometimos para el {day}: {promised}. Nos retrasamos y lo sentimos.",
        decimal=",",
    ),
    "pt": Phrases(
        wants="Disse que quer.",
        avoids="Disse que não quer.",
        chosen="Escolheu {count} de {chosen} vezes em {component}.",
        like_them="Os clientes que querem o mesmo ({need}) escolhem isto {lift} vezes o habitual.",
        usual="De todos os clientes, {share} escolhem isto.",
        chosen_once="{choice}, uma vez",
        chosen_often="{choice}, {count} vezes",
        hello="Olá, boas-vindas.",
        hello_name="Olá, {name}.",
        open_matter="O seu assunto: {matter}.",
        promised="Prometemos: {promised}.",
        promised_by="Prometemos até {day}: {promised}.",
        overdue="Prometemos até {day}: {promised}. Estamos atrasados e pedimos desculpa.",
        decimal=",",
    ),
}


def phrases(language: Language) -> Phrases:
    """The sentences of a language."""
    return _PHRASES[language]


def in_each(say: Callable[[Phrases, Language], str]) -> dict[Language, str]:
    """One sentence in every language."""
    return {language: say(_PHRASES[language], language) for language in LANGUAGES}


def percent(value: float, words: Phrases) -> str:
    """Two digits that matter: 38 %, 0.4 %, 0.02 %."""
    shown = 100 * value
    digits = 0 if shown >= 9.5 or shown == 0 else 1 if shown >= 0.095 else 2
    return f"{shown:.{digits}f} %".replace(".", words.decimal)


def times(value: float, words: Phrases) -> str:
    """How many times: 1.3, 4.0, 12."""
    return f"{value:.{1 if value < 9.95 else 0}f}".replace(".", words.decimal)


def day_in_words(day: date, language: Language) -> str:
    """A date written out."""
    from babel.dates import format_date

    return str(format_date(day, "long", locale=language))

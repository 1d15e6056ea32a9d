"""Needs in words, in English, Spanish and Portuguese: what a marketer reads of the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trato.differentiate.needs.lifts import Lift, Portrait

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = ("en", "es", "pt")
HARDLY_EVER = 0.05


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language; braces are filled in."""

    often: str
    hardly: str
    of_component: str
    of_all: str
    more_of: str
    join: str
    like_most: str
    everyone: str
    decimal: str


_PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        often="{module} {lift}× as often ({share} of {where} instead of {usual})",
        hardly="{module} hardly ever ({share} of {where} instead of {usual})",
        of_component="its choices in {component}",
        of_all="its choices",
        more_of="More {listed}",
        join=" and ",
        like_most="Like most customers",
        everyone="All customers",
        decimal=".",
    ),
    "es": Phrases(
        often="{module}, {lift} veces lo habitual ({share} de {where} en lugar de {usual})",
        hardly="{module}, casi nunca ({share} de {where} en lugar de {usual})",
        of_component="sus elecciones en {component}",
        of_all="sus elecciones",
        more_of="Más {listed}",
        join=" y ",
        like_most="Como la mayoría",
        everyone="Todos los clientes",
        decimal=",",
    ),
    "pt": Phrases(
        often="{module}, {lift} vezes o habitual ({share} de {where} em vez de {usual})",
        hardly="{module}, quase nunca ({share} de {where} em vez de {usual})",
        of_component="suas escolhas em {component}",
        of_all="suas escolhas",
        more_of="Mais {listed}",
        join=" e ",
        like_most="Como a maioria",
        everyone="Todos os clientes",
        decimal=",",
    ),
}


def describe(lift: Lift, language: Language, *, several_components: bool = True) -> str:
    """One lift as a sentence: how much more often, and the two shares it comes from."""
    words = _PHRASES[language]
    where = words.of_component.format(component=lift.component) if several_components else words.of_all
    phrase = words.hardly if lift.lift.mean < HARDLY_EVER else words.often
    return phrase.format(
        module=lift.module,
        lift=_times(lift.lift.mean, words),
        share=_percent(lift.share, words),
        where=where,
        usual=_percent(lift.population_share, words),
    )


def working_title(portrait: Portrait, language: Language, *, needs: int) -> str:
    """A title until a person gives a name: what is chosen more often, the two clearest."""
    words = _PHRASES[language]
    if needs == 1:
        return words.everyone
    if not portrait.more:
        return words.like_most
    return words.more_of.format(listed=words.join.join(lift.module for lift in portrait.more[:2]))


def _times(value: float, words: Phrases) -> str:
    return f"{value:.{1 if value < 9.95 else 0}f}".replace(".", words.decimal)


def _percent(value: float, words: Phrases) -> str:
    """Two digits that matter: 38 %, 0.4 %, 0.02 %."""
    percent = 100 * value
    digits = 0 if percent >= 9.5 or percent == 0 else 1 if percent >= 0.095 else 2
    return f"{percent:.{digits}f} %".replace(".", words.decimal)

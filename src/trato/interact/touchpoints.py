"""Touchpoints: where company and customer meet. A channel, and a place, a division and a product line.

`touchpoints.yaml` declares them:

    divisions:
      groceries: {en: Groceries, es: Alimentación, pt: Mercearia}
    touchpoints:
      till:
        label: {en: at the till, es: en la caja, pt: no caixa}
        channel: store
        division: groceries

A source of interactions names one of them, and may say more exactly where: the place of a touchpoint that
stands in every shop comes with the row.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, cast, get_args

from trato import shapes
from trato.shapes import Choice, Key, Keys, Named, Number, Text, in_languages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.declared import Declared, Reader
    from trato.shapes import Found

Channel = Literal[
    "store", "web", "app", "email", "phone", "text_message", "chat", "social", "post", "visit", "machine"
]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

Refinement = Literal["place", "division", "product_line"]
REFINEMENTS: tuple[Refinement, ...] = get_args(Refinement)

_WORDS = {"place": "places", "division": "divisions", "product_line": "product_lines"}


TOUCHPOINT = Keys(
    (
        Key("label", in_languages(), "What people call it, as it stands within a sentence.", required=True),
        Key("channel", Choice(CHANNELS), "How company and customer reach each other there.", required=True),
        Key("place", Text(), "Where it is, when that is always the same; else the source says it."),
        Key("division", Text(), "The part of the company it belongs to."),
        Key("product_line", Text(), "The product line it serves."),
        Key(
            "cost",
            Number(least=0, most=1e9),
            "What one interaction there costs the company, in its currency: it is told beside what "
            "interactions teach.",
        ),
    )
)

TOUCHPOINTS = Keys(
    (
        Key(
            "touchpoints",
            Named(TOUCHPOINT, name=shapes.WORD, meant=shapes.WORD_MEANT, least=1),
            "Where company and customer meet, each under a word of your own that sources refer to.",
            required=True,
        ),
        Key(
            "places",
            Named(in_languages()),
            "The places, by the word that touchpoints and tables use, and what people call them; "
            "where they are listed, touchpoints may name no other.",
        ),
        Key("divisions", Named(in_languages()), "The divisions, likewise."),
        Key("product_lines", Named(in_languages()), "The product lines, likewise."),
    )
)


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A channel × place × division × product line; None is every one, or unknown."""

    key: str
    channel: Channel
    place: str | None = None
    division: str | None = None
    product_line: str | None = None

    def refined(self, by: Mapping[Refinement, str]) -> Touchpoint:
        """The same touchpoint, more exactly where a row or an event says so."""
        if not by:
            return self
        return replace(
            self,
            place=by.get("place", self.place),
            division=by.get("division", self.division),
            product_line=by.get("product_line", self.product_line),
        )


@dataclass(frozen=True, slots=True)
class Touchpoints:
    """All touchpoints of a company by key, and what people call them and their parts, by language.

    `costs` is what one interaction costs at those where that is said, in the currency's main unit.
    """

    by_key: Mapping[str, Touchpoint]
    labels: Mapping[str, Mapping[str, str]]
    words: Mapping[Refinement, Mapping[str, Mapping[str, str]]]
    costs: Mapping[str, float] = field(default_factory=dict)


NO_TOUCHPOINTS = Touchpoints({}, {}, {})


def touchpoints_in(wrong: Reader, root: Declared) -> Touchpoints:
    """The touchpoints that a page declares; complaints go to the reader."""
    said = shapes.read(wrong, root, TOUCHPOINTS)
    words: dict[Refinement, Mapping[str, Mapping[str, str]]] = {
        part: {word: labels(one) for word, one in said.under(_WORDS[part]).keys.items()}
        for part in REFINEMENTS
    }
    found: dict[str, Touchpoint] = {}
    for key, one in said.under("touchpoints").keys.items():
        for part in REFINEMENTS:
            if one.text(part) and words[part]:
                shapes.known(wrong, one.under(part).at, one.text(part), words[part], part.replace("_", " "))
        found[key] = Touchpoint(
            key,
            cast("Channel", one.text("channel") or CHANNELS[0]),
            *(one.text(part) or None for part in REFINEMENTS),
        )
    each = said.under("touchpoints").keys
    costs = {key: one.number("cost", 0.0) for key, one in each.items() if "cost" in one.keys}
    return Touchpoints(found, {key: labels(one.under("label")) for key, one in each.items()}, words, costs)


def labels(said: Found) -> dict[str, str]:
    """A name by language, as far as it is said."""
    return {language: one.text() for language, one in said.keys.items() if one.text()}

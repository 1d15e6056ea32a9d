"""`company.yaml`: what the company says once about itself.

name: {en: The corner shop, es: La tienda, pt: A loja}
languages: [es, en]
currency: EUR
time_zone: Europe/Madrid
unit: person
store: {variable: SHOP_STORE}
offer: {questions: questions.yaml, sold: sold.csv, purpose: suggestions}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args
from zoneinfo import ZoneInfo

from trato import shapes
from trato.interact.interactions import ROUNDINGS, Rounding
from trato.interact.sources import zone_of
from trato.interact.touchpoints import labels
from trato.shapes import Choice, Either, Key, Keys, Listing, Number, Text, in_languages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.declared import Declared, Reader
    from trato.shapes import Found

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Unit = Literal["person", "household", "account"]
UNITS: tuple[Unit, ...] = get_args(Unit)

MOST_MINOR_UNITS = 4

USUAL_STORE = "sqlite:///store/trato.db"
USUAL_OFFER = "offer.yaml"
_STORE = re.compile(r"sqlite:///(?!:memory:$)[^?]+|postgresql(\+psycopg)?://.+")
_PASSWORD = re.compile(r"://[^/@]*:[^@]*@|[?&][^=&]*password=", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

COMPANY = Keys(
    (
        Key("name", in_languages(), "What the company is called, as customers read it.", required=True),
        Key(
            "languages",
            Listing(Choice(LANGUAGES), least=1),
            "The languages it speaks with customers; the first is used where a customer's is not known.",
            required=True,
        ),
        Key(
            "currency",
            Text(pattern="[A-Z]{3}", meant="three capital letters, such as EUR"),
            "The one currency of its amounts, by its ISO 4217 code.",
            required=True,
        ),
        Key(
            "minor_units",
            Number(least=0, most=MOST_MINOR_UNITS, whole=True),
            "Decimal places of the currency's smallest unit; those of ISO 4217 if nothing is said.",
        ),
        Key(
            "rounding",
            Choice(ROUNDINGS),
            "How half a smallest unit is rounded; to the even neighbour if nothing is said.",
        ),
        Key(
            "time_zone",
            Text(),
            "The zone in which its days begin, such as Europe/Madrid; times without an offset are in it.",
            required=True,
        ),
        Key(
            "unit",
            Choice(UNITS),
            "To whom beliefs, contact caps and treatments belong; `person` if nothing is said. Permission is "
            "always a person's.",
        ),
        Key(
            "needs_from",
            Listing(Text(), least=1),
            "The components from which needs are learned; all if nothing is said. Of the others it is "
            "learned what customers of each need choose there, and they say nothing of needs themselves.",
        ),
        Key(
            "store",
            Either(
                Text(),
                Keys(
                    (Key("variable", Text(), "The environment variable that holds the URL.", required=True),)
                ),
            ),
            f"The URL of the store, without a password; `{USUAL_STORE}` in this folder if nothing is said. "
            "The environment variable `TRATO_STORE` comes before a URL that stands here.",
        ),
        Key(
            "offer",
            Keys(
                (
                    Key(
                        "file",
                        Text(),
                        f"The offer, in any form that is read; `{USUAL_OFFER}` if nothing is said.",
                    ),
                    Key("questions", Text(), "A file of plain questions that the guide may ask."),
                    Key("sold", Text(), "A table of past configurations, which the guide learns from."),
                    Key("count", Text(), "The column of `sold` that says how many sales a row stands for."),
                    Key(
                        "purpose",
                        Text(),
                        "The purpose under which the guide uses what a customer said, and keeps what they "
                        "accept; without it every guided conversation is with somebody unknown.",
                    ),
                )
            ),
            "How customers are guided through the offer.",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Guiding:
    """How customers are guided through the offer: the files, in the folder, and the purpose; "" for none."""

    file: str = USUAL_OFFER
    questions: str = ""
    sold: str = ""
    count: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What company.yaml says."""

    name: Mapping[str, str]
    languages: tuple[Language, ...]
    currency: str
    minor_units: int
    rounding: Rounding
    zone: ZoneInfo
    unit: Unit
    store: str = USUAL_STORE
    store_variable: str = ""
    guiding: Guiding = Guiding()
    needs_from: tuple[str, ...] = ()


USUAL = Settings({}, ("en",), "EUR", 2, "half_even", ZoneInfo("UTC"), "person")


def settings_in(wrong: Reader, root: Declared) -> Settings:
    """What a page says about the company; complaints go to the reader."""
    said = shapes.read(wrong, root, COMPANY)
    languages: list[Language] = []
    for one in said.under("languages").items:
        if one.text() in languages:
            wrong.complain(one.at, f"{one.text()} stands here a second time", "remove one of them")
        elif one.text():
            languages.append(cast("Language", one.text()))
    currency = said.text("currency")
    minor_units = minor_units_of(currency)
    if currency and minor_units is None and "minor_units" not in said.keys:
        wrong.complain(
            said.under("currency").at,
            f"{currency} is no currency of ISO 4217",
            "check its code, or say its minor_units",
        )
    zone = said.text("time_zone")
    store, store_variable = _store(wrong, said.under("store"))
    return Settings(
        name=labels(said.under("name")),
        languages=tuple(languages) or USUAL.languages,
        currency=currency or USUAL.currency,
        minor_units=int(
            said.number("minor_units", USUAL.minor_units if minor_units is None else minor_units)
        ),
        rounding=cast("Rounding", said.text("rounding") or USUAL.rounding),
        zone=(zone_of(wrong, said.under("time_zone").at, zone) if zone else None) or USUAL.zone,
        unit=cast("Unit", said.text("unit") or USUAL.unit),
        store=store,
        store_variable=store_variable,
        guiding=_guiding(said.under("offer")),
        needs_from=tuple(one.text() for one in said.under("needs_from").items if one.text()),
    )


def _guiding(said: Found) -> Guiding:
    return Guiding(
        said.text("file") or USUAL_OFFER,
        said.text("questions"),
        said.text("sold"),
        said.text("count"),
        said.text("purpose"),
    )


def _store(wrong: Reader, said: Found) -> tuple[str, str]:
    """The store's URL and the variable that holds it. A complaint repeats neither: they may hold a secret."""
    url, variable = said.text(), said.text("variable")
    if _PASSWORD.search(url):
        wrong.complain(
            said.at,
            "a password stands in the store's URL",
            "change it, for others may have read it, and say the URL in an environment variable: "
            "store: {variable: TRATO_STORE}",
        )
    elif url and not _STORE.fullmatch(url):
        wrong.complain(
            said.at, "this is no store's URL", f"say {USUAL_STORE}, or postgresql+psycopg://host/database"
        )
    if variable and not _VARIABLE.fullmatch(variable):
        wrong.complain(
            said.under("variable").at,
            "this is no name of an environment variable",
            "it has letters, digits and _, such as TRATO_STORE",
        )
    return url or USUAL.store, variable


def minor_units_of(currency: str) -> int | None:
    """The decimal places of a currency's smallest unit by ISO 4217; None for an unknown code."""
    from babel.numbers import get_currency_precision, is_currency

    return min(get_currency_precision(currency), MOST_MINOR_UNITS) if is_currency(currency) else None

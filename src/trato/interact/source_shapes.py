"""The shape of `sources.yaml`: each role of an interaction, and what may be said about where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from trato import shapes
from trato.interact.canonical import CellKind
from trato.interact.interactions import KINDS
from trato.shapes import Choice, Either, Key, Keys, Listing, Named, Text, Truth

CALLS = ("track", "page", "screen", "identify", "group")


@dataclass(frozen=True, slots=True)
class Role:
    """How the value of a role is read, and what it means."""

    kind: CellKind
    meaning: str


ROLES: dict[str, Role] = {
    "time": Role("time", "When it happened. Times without an offset are in the source's time zone."),
    "id": Role(
        "text",
        "What names the record the same each time it arrives, so that it counts once; "
        "of an event, `messageId` if nothing is said.",
    ),
    "touchpoint": Role("text", "Where it happened."),
    "place": Role("text", "The place, where the touchpoint stands in more than one."),
    "division": Role("text", "The division, where the touchpoint serves more than one."),
    "product_line": Role("text", "The product line, where the touchpoint serves more than one."),
    "household": Role("text", "The household the customer belongs to."),
    "account": Role("text", "The account (a company that buys) the customer acts for."),
    "component": Role("text", "In what something was chosen, such as a category."),
    "module": Role("text", "What was chosen in it."),
    "count": Role("count", "How many; 1 if nothing is said."),
    "amount": Role("money", "What the customer paid for all of them, in the currency's main unit."),
    "unit_price": Role("money", "What the customer paid for one, in place of `amount`."),
    "cost": Role("money", "What all of them cost the company."),
    "unit_cost": Role("money", "What one cost the company, in place of `cost`."),
    "currency": Role("text", "The currency of the amounts; another than the company's is refused."),
    "statement": Role("text", "What the customer said, in their words. It binds until they change it."),
    "stance": Role("text", "`wants` or `avoids`: how the statement is meant; `wants` if nothing is said."),
    "purpose": Role("text", "Of a permission: for what it was asked, a key of `purposes.yaml`."),
    "state": Role("text", "Of a permission: `granted`, `withdrawn` or `denied`."),
}

LOOK_UP_ROLES = ("component", "module", "unit_price", "unit_cost", "division", "product_line")

_VALUE = Keys(
    (
        Key("from", Text(), "The column, or the path in the event."),
        Key("always", Text(), "The same value for all, in place of `from`."),
        Key(
            "values",
            Named(Text()),
            "Other words for some values, `found: meant`; a value that is not listed stays as it is.",
        ),
    ),
    least=1,
    title="found",
)
PLACE = Either(Text(), _VALUE)

_TABLE_FILE = Either(
    Text(),
    Keys(
        (
            Key("package", Text(), "An installed Python package that ships the table.", required=True),
            Key("path", Text(), "The file within the package.", required=True),
        )
    ),
)


def _roles(names: tuple[str, ...], required: tuple[str, ...] = ()) -> tuple[Key, ...]:
    return tuple(Key(name, PLACE, ROLES[name].meaning, name in required) for name in names)


_MORE_CHOICES = Key(
    "more_choices",
    Listing(Keys(_roles(("component", "module"), required=("component", "module")))),
    "What else was chosen, when a row or item says more than one thing: each a component and a module.",
)

_COMMON = (
    Key("kind", Choice(KINDS), "What the rows or events tell of.", required=True),
    Key(
        "purposes",
        Listing(Text(), least=1),
        "What these data may be used for: keys of `purposes.yaml`.",
        required=True,
    ),
    Key(
        "customer",
        Named(PLACE, name=shapes.WORD, meant=shapes.WORD_MEANT, least=1),
        "The kinds of identifier that point to the customer, and where each stands; one must be filled in.",
        required=True,
    ),
    Key(
        "touchpoint",
        PLACE,
        "Where it happened: a word of `touchpoints.yaml`, or `from` where it stands with `values` that say "
        "which touchpoint is meant.",
        required=True,
    ),
    *_roles(tuple(role for role in ROLES if role != "touchpoint"), required=("time",)),
    _MORE_CHOICES,
    Key(
        "values",
        Named(PLACE, name=shapes.WORD, meant=shapes.WORD_MEANT),
        "Personal values of the customer, such as `name` and `language`, and where each stands. One is kept "
        "where a permitted purpose of the source lists it among its fields.",
    ),
    Key(
        "learns",
        Truth(),
        "Whether what was chosen moves the belief about the customer; if nothing is said, a purchase or a "
        "choice does, and a view does not.",
    ),
)

_LOOK_UP = Keys(
    (
        Key("file", _TABLE_FILE, "The table that says more: CSV or Parquet.", required=True),
        Key(
            "on",
            Either(
                Text(),
                Keys(
                    (
                        Key("here", Text(), "The column in the table.", required=True),
                        Key("there", Text(), "The column in the look-up.", required=True),
                    )
                ),
            ),
            "The column that both tables have, such as the product's number.",
            required=True,
        ),
        *_roles(LOOK_UP_ROLES),
        _MORE_CHOICES,
    )
)

TABLE = Keys(
    (
        Key("file", _TABLE_FILE, "The table: CSV or Parquet, relative to this folder.", required=True),
        Key("dates", Text(), 'How dates are written: day-first, month-first or a format like "%d/%m/%Y".'),
        Key("decimal", Choice(("point", "comma")), "The decimal mark; found out if nothing is said."),
        Key(
            "time_zone",
            Text(),
            "The zone of its times; the company's if nothing is said. UTC for times with offsets.",
        ),
        *_COMMON,
        Key(
            "look_ups",
            Named(_LOOK_UP, name=shapes.WORD, meant=shapes.WORD_MEANT),
            "Tables that say more about each row.",
        ),
    )
)

EVENT = Keys(
    (
        Key("call", Choice(CALLS), "Which call of the tracking protocol; `track` if nothing is said."),
        Key(
            "event", Text(), "The event's or page's name, where it is not the word this mapping stands under."
        ),
        *_COMMON,
    )
)

SOURCES = Keys(
    (
        Key(
            "tables",
            Named(TABLE, name=shapes.WORD, meant=shapes.WORD_MEANT),
            "Tables, each under a word of your own.",
        ),
        Key("events", Named(EVENT), "Tracked events, each under its name."),
    )
)

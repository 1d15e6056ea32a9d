"""`sources.yaml`: which column of a table, or which field of an event, says what about an interaction.

    tables:
      purchases:
        file: data/transactions.parquet
        kind: purchase
        purposes: [service]
        touchpoint: till
        customer: {loyalty_card: household_id}
        time: transaction_timestamp
        amount: sales_value
    events:
      Order Completed:
        kind: purchase
        purposes: [service]
        touchpoint: web
        customer: {user_id: userId}
        time: timestamp
        component: properties.products[].category
        module: properties.products[].name

One definition serves both: `Mapped` holds for each role where its value stands. A column is named as it is
written in the table; a field by its path, a key in double quotes where it holds a point. A path through a
list gives one interaction an item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from trato.interact.source_shapes import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from trato.interact.canonical import CellKind
    from trato.interact.interactions import Kind, Setting


@dataclass(frozen=True, slots=True)
class Field:
    """Where the value of one role stands.

    In an event: at `path` or, when `within` is not None, at `within` in every item of the list at `path`. In
    a table: in the column `path[0]`; of the look-up table `look_up` where that is not None. Or it is
    `always` the same. `values` translates; a value that is not among them stays as it is.
    """

    path: tuple[str, ...]
    within: tuple[str, ...] | None = None
    always: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    look_up: str | None = None
    line: int = field(default=0, compare=False)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Mapped:
    """How one table or event becomes interactions. `purposes` are what they may be used for.

    Worked out from the fields: `kinds` are the kinds of identifier that it carries, in the order in which
    they are declared; `required` the roles without which there is no interaction, an identifier of any kind
    on top; `each` the path of the list whose items are interactions, None where the event is one;
    `value_fields` the personal values that it brings.
    """

    name: str
    kind: Kind
    purposes: tuple[str, ...]
    learns: bool
    fields: Mapping[str, Field]
    zone: ZoneInfo
    setting: Setting
    kinds: tuple[str, ...] = field(init=False, repr=False, compare=False)
    required: tuple[str, ...] = field(init=False, repr=False, compare=False)
    each: tuple[str, ...] | None = field(init=False, repr=False, compare=False)
    value_fields: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields = self.fields
        money = tuple(role for role in ("amount", "unit_price") if role in fields)
        alone = not any(role.startswith("more_component_") for role in fields)
        chosen = ("component", "module") if alone else ()
        more = {
            "purchase": money,
            "return": money,
            "choice": chosen,
            "view": chosen,
            "permission": ("purpose", "state"),
        }
        of_list = (one.path for one in fields.values() if one.within is not None)
        for name, found in (
            ("kinds", _suffixes(fields, "customer_")),
            ("required", ("time", "touchpoint", *more.get(self.kind, ()))),
            ("each", next(of_list, None)),
            ("value_fields", _suffixes(fields, "value_")),
        ):
            object.__setattr__(self, name, found)

    def kind_of(self, role: str) -> CellKind:
        """How the value of a role is read."""
        return ROLES[role].kind if role in ROLES else "text"


def _suffixes(roles: Iterable[str], prefix: str) -> tuple[str, ...]:
    return tuple(role.removeprefix(prefix) for role in roles if role.startswith(prefix))


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table's file, relative to the company's folder or within an installed Python package."""

    path: str
    package: str | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LookUp:
    """A second table that says more about each row: `here` in the table equals `there` in the file."""

    name: str
    file: TableFile
    here: str
    there: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ColumnRole:
    """A column to read: the role it plays, what the file calls it, how to read it, whether cells may be
    empty, and the line that asks for it. A role that stands in no column is left out.
    """

    role: str
    header: str
    kind: CellKind
    optional: bool
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the company's own, and how its rows become interactions."""

    mapping: Mapped
    file: TableFile
    dates: str | None
    decimal: Literal["point", "comma"] | None
    look_ups: tuple[LookUp, ...]

    def columns(self, look_up: str | None = None) -> tuple[ColumnRole, ...]:
        """The columns to read of the table itself, or of one of its look-ups; keys to join them come last.

        A key has the role `on_` and the name of the look-up.
        """
        required = set(self.mapping.required)
        alone = len(self.mapping.kinds) == 1
        found = [
            ColumnRole(
                role,
                one.path[0],
                self.mapping.kind_of(role),
                not (role in required or (alone and role.startswith("customer_"))),
                one.line,
            )
            for role, one in self.mapping.fields.items()
            if one.always is None and one.look_up == look_up
        ]
        keys = [
            ColumnRole(
                f"on_{one.name}",
                one.here if look_up is None else one.there,
                "text",
                look_up is None,
                one.line,
            )
            for one in self.look_ups
            if look_up in {None, one.name}
        ]
        return (*found, *keys)


@dataclass(frozen=True, slots=True)
class Sources:
    """All tables by name, and all events by call and name."""

    tables: Mapping[str, Table]
    events: Mapping[tuple[str, str], Mapped]

    def of_event(self, event: Mapping[str, object]) -> Mapped | None:
        """The mapping of an event as Segment's libraries send it; None for one that is not declared."""
        call = event.get("type")
        name = event.get("event") if call == "track" else event.get("name")
        if not isinstance(call, str):
            return None
        named = self.events.get((call, name)) if isinstance(name, str) else None
        return named or self.events.get((call, ""))

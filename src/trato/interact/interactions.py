"""Interactions: anything said or done at a touchpoint, and how an event or a row becomes one.

Both ways end in `_interaction`, which takes canonical values (text, an aware time, Decimal, whole numbers):
an event's values are made canonical here, a table's by the engine that reads it. So the same facts give the
same interaction whichever way they come.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from trato.customers.identifiers import Identifier, identifier
from trato.errors import BadIdentifier, nearest
from trato.interact.touchpoints import REFINEMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from trato.interact.mapping import Field, Mapped
    from trato.interact.touchpoints import Touchpoint, Touchpoints

Kind = Literal["purchase", "return", "choice", "view", "statement", "contact", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Stance = Literal["wants", "avoids"]
STANCES: tuple[Stance, ...] = get_args(Stance)

Rounding = Literal["half_even", "half_up"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)

Canonical: TypeAlias = str | datetime | Decimal | int
CellKind = Literal["text", "time", "money", "count"]

_EXACT = Context(prec=60)
_FOUR_PLACES = Decimal("0.0001")
_NUMBER = re.compile(r"[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,2})?", re.ASCII)
_MOST_MONEY = Decimal(10) ** 14
_MOST_COUNT = 2**63 - 1
_LONGEST = 2_000
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """What a company says once about all its interactions: money, the day's time zone, its touchpoints."""

    currency: str
    minor_units: int
    rounding: Rounding
    zone: ZoneInfo
    touchpoints: Touchpoints


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing said or done.

    `record` names it within its source, the same each time it arrives; None where a table has no such
    column. `at` is in UTC. `amount` and `cost` are whole minor units of the company's currency, negative
    for a return. `learns` says whether `count` of each of the `choices` move the belief.
    """

    source: str
    kind: Kind
    record: str | None
    identifiers: tuple[Identifier, ...]
    household: str | None
    account: str | None
    at: datetime
    touchpoint: Touchpoint
    component: str | None
    module: str | None
    more_choices: tuple[tuple[str, str], ...]
    count: int
    amount: int | None
    cost: int | None
    statement: str | None
    stance: Stance | None
    learns: bool

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """All that was chosen: component and module."""
        first = () if self.component is None or self.module is None else ((self.component, self.module),)
        return first + self.more_choices


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event, or one item of its list (counted from 0), gave no interaction; `role` says where."""

    role: str
    reason: str
    item: int | None = None

    def __str__(self) -> str:
        place = "" if self.item is None else f" (item {self.item + 1})"
        return f"{self.role}{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Understood:
    """What came of an event: its interactions, and what was refused and why."""

    interactions: tuple[Interaction, ...]
    refusals: tuple[Refusal, ...]


class Refused(Exception):
    """A value that cannot be meant. It stays inside this package: those who call get a `Refusal`."""

    def __init__(self, role: str, reason: str) -> None:
        super().__init__(reason)
        self.role = role
        self.reason = reason


def interactions_of(mapping: Mapped, event: object) -> tuple[Interaction, ...]:
    """The interactions that an event tells of, as Segment's libraries send it; () where it tells of none."""
    return understand(mapping, event).interactions


def understand(mapping: Mapped, event: object) -> Understood:
    """The interactions of an event, with a reason for each that it fails to give. Never raises."""
    if not isinstance(event, dict):
        return Understood((), (Refusal("event", f"is {_called(event)}, not an object"),))
    found: list[Interaction] = []
    refused: list[Refusal] = []
    try:
        items = list(_items(mapping, event))
    except Refused as why:
        return Understood((), (Refusal(why.role, why.reason),))
    for item in items:
        try:
            found.append(_interaction(mapping, _values(mapping, event, item), item))
        except Refused as why:
            refused.append(Refusal(why.role, why.reason, item))
    return Understood(tuple(found), tuple(dict.fromkeys(refused)))


def understand_row(mapping: Mapped, row: Mapping[str, Canonical | None]) -> Interaction | Refusal:
    """The interaction of a table's row, by role as the engine reads it: text, time, Decimal, whole numbers.

    A time without zone is in the mapping's.
    """
    try:
        values = dict(row)
        for role, field in mapping.fields.items():
            if field.always is not None:
                values[role] = canonical(mapping.kind_of(role), field.always, mapping.zone, role)
            values[role] = _translated(field, values.get(role))
        at = values.get("time")
        if isinstance(at, datetime):
            values["time"] = _in_utc(at, mapping.zone)
        return _interaction(mapping, values, None)
    except Refused as why:
        return Refusal(why.role, why.reason)


def canonical(kind: CellKind, given: object, zone: ZoneInfo, role: str) -> Canonical | None:
    """A value of an event as the engine would read it from a table; None where there is none."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, (dict, list)):
        raise Refused(role, f"is {_called(given)}, not a plain value")
    if kind == "text":
        return _text(given, role)
    if kind == "time":
        return _time(given, zone, role)
    number = _number(given, role)
    if kind == "count":
        if number < 0 or number > _MOST_COUNT or number != number.to_integral_value(context=_EXACT):
            raise Refused(role, f"{_short(given)} is not a whole number of 0 or more")
        return int(number)
    if abs(number) >= _MOST_MONEY:
        raise Refused(role, f"{_short(given)} is too large")
    return number.quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP, context=_EXACT)


def _items(mapping: Mapped, event: dict[str, object]) -> Iterator[int | None]:
    if mapping.each is None:
        yield None
        return
    listed = _at(event, mapping.each)
    role = f"{'.'.join(mapping.each)}[]"
    if listed is None:
        raise Refused(role, "is missing")
    if not isinstance(listed, list):
        raise Refused(role, f"is {_called(listed)}, not a list")
    if not listed:
        raise Refused(role, "is empty")
    yield from range(len(listed))


def _values(mapping: Mapped, event: dict[str, object], item: int | None) -> dict[str, Canonical | None]:
    found: dict[str, Canonical | None] = {}
    for role, field in mapping.fields.items():
        raw: object
        if field.always is not None:
            raw = field.always
        elif field.within is None:
            raw = _at(event, field.path)
        else:
            listed = _at(event, field.path)
            assert isinstance(listed, list)  # noqa: S101 - `_items` has seen to it
            assert item is not None  # noqa: S101 - and counted it
            raw = _at(listed[item], field.within)
        found[role] = _translated(field, canonical(mapping.kind_of(role), raw, mapping.zone, role))
    return found


def _at(given: object, path: tuple[str, ...]) -> object:
    for key in path:
        if not isinstance(given, dict):
            return None
        given = given.get(key)
    return given


def _translated(field: Field, value: Canonical | None) -> Canonical | None:
    if not isinstance(value, str):
        return value
    value = value.strip()
    return field.values.get(value, value) or None


def _interaction(mapping: Mapped, values: Mapping[str, Canonical | None], item: int | None) -> Interaction:
    for role in mapping.required:
        if values.get(role) is None:
            raise Refused(role, "is missing")
    at = values["time"]
    assert isinstance(at, datetime)  # noqa: S101 - canonical values have the kind of their role
    identifiers = _identifiers(mapping, values)
    component, module = _said(values, "component"), _said(values, "module")
    more = _more_choices(mapping, values)
    chosen = bool(more) or (component is not None and module is not None)
    if mapping.kind in {"choice", "view"} and not chosen:
        raise Refused("component", "is missing, or its module")
    statement = _said(values, "statement")
    if mapping.kind == "statement" and statement is None and (component is None or module is None):
        raise Refused("statement", "is missing, and so are component and module")
    count = values.get("count")
    counted = count if isinstance(count, int) else 1
    return Interaction(
        source=mapping.name,
        kind=mapping.kind,
        record=_record(mapping, _said(values, "id"), item),
        identifiers=identifiers,
        household=_said(values, "household"),
        account=_said(values, "account"),
        at=at,
        touchpoint=_touchpoint(mapping, values),
        component=component,
        module=module,
        more_choices=more,
        count=counted,
        amount=_minor(mapping, values, "amount", "unit_price", counted),
        cost=_minor(mapping, values, "cost", "unit_cost", counted),
        statement=statement,
        stance=_stance(mapping, values),
        learns=mapping.learns and chosen and counted > 0,
    )


def _identifiers(mapping: Mapped, values: Mapping[str, Canonical | None]) -> tuple[Identifier, ...]:
    found: list[Identifier] = []
    why = f"is missing: no {' and no '.join(mapping.kinds)}"
    for kind in mapping.kinds:
        if said := _said(values, f"customer_{kind}"):
            try:
                found.append(identifier(kind, said))
            except BadIdentifier as error:
                why = error.message
    if not found:
        raise Refused("customer", why)
    return tuple(found)


def _more_choices(mapping: Mapped, values: Mapping[str, Canonical | None]) -> tuple[tuple[str, str], ...]:
    pairs = (
        (_said(values, role), _said(values, f"more_module_{role.removeprefix('more_component_')}"))
        for role in mapping.fields
        if role.startswith("more_component_")
    )
    return tuple((component, module) for component, module in pairs if component and module)


def _said(values: Mapping[str, Canonical | None], role: str) -> str | None:
    value = values.get(role)
    return value if isinstance(value, str) else None


def _record(mapping: Mapped, given: str | None, item: int | None) -> str | None:
    field = mapping.fields.get("id")
    alone = item is None or (field is not None and field.within is not None)
    return given if given is None or alone else f"{given}#{item}"


def _touchpoint(mapping: Mapped, values: Mapping[str, Canonical | None]) -> Touchpoint:
    key = _said(values, "touchpoint") or ""
    known = mapping.setting.touchpoints.by_key
    if key not in known:
        close = nearest(key, known)
        raise Refused(
            "touchpoint", f"there is no touchpoint {_short(key)}" + (f"; perhaps {close!r}" if close else "")
        )
    more = {part: said for part in REFINEMENTS if (said := _said(values, part))}
    return known[key].refined(more)


def _stance(mapping: Mapped, values: Mapping[str, Canonical | None]) -> Stance | None:
    if mapping.kind != "statement":
        return None
    said = _said(values, "stance") or "wants"
    for stance in STANCES:
        if said == stance:
            return stance
    raise Refused("stance", f"{_short(said)} is not one of {', '.join(STANCES)}")


def _minor(
    mapping: Mapped, values: Mapping[str, Canonical | None], whole: str, unit: str, count: int
) -> int | None:
    money = values.get(whole)
    role = whole
    if not isinstance(money, Decimal):
        each, role = values.get(unit), unit
        if not isinstance(each, Decimal):
            return None
        money = _EXACT.multiply(each, Decimal(count))
    setting = mapping.setting
    currency = _said(values, "currency")
    if currency is not None and currency.upper() != setting.currency:
        raise Refused("currency", f"is {_short(currency)}, and the company counts in {setting.currency}")
    rounding = ROUND_HALF_UP if setting.rounding == "half_up" else ROUND_HALF_EVEN
    minor = int(_EXACT.scaleb(money, setting.minor_units).to_integral_value(rounding, _EXACT))
    if abs(minor) > _MOST_COUNT:
        raise Refused(role, "is too large")
    return -abs(minor) if mapping.kind == "return" else minor


def _text(given: object, role: str) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float):
        # A table that once passed through missing values shows the id 900 as 900.0; the engine does the same.
        if not abs(given) < float("inf"):
            raise Refused(role, "is not a finite number")
        return str(int(given)) if given.is_integer() and abs(given) < 9e15 else repr(given)
    if isinstance(given, int):
        if abs(given) > 10**30:
            raise Refused(role, "is too large")
        return str(given)
    text = str(given)
    if len(text) > _LONGEST:
        raise Refused(role, f"is longer than {_LONGEST:,} characters")
    if "\x00" in text or any("\ud800" <= mark <= "\udfff" for mark in text):
        raise Refused(role, "holds characters that are no text")
    return text


def _time(given: object, zone: ZoneInfo, role: str) -> datetime:
    if not isinstance(given, str):
        raise Refused(role, f"{_short(given)} is not a time such as 2025-03-31T14:05:00Z")
    try:
        return _in_utc(datetime.fromisoformat(given.strip()), zone)
    except (ValueError, OverflowError):
        raise Refused(role, f"{_short(given)} is not a time such as 2025-03-31T14:05:00Z") from None


def _in_utc(at: datetime, zone: ZoneInfo) -> datetime:
    try:
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("time", f"{at.year} is no year of ours") from None


def _number(given: object, role: str) -> Decimal:
    if isinstance(given, int) and abs(given) > 10**30:
        raise Refused(role, "is too large")
    written = repr(given) if isinstance(given, float) else str(given).strip()
    if isinstance(given, bool) or not isinstance(given, (int, float, str)) or not _NUMBER.fullmatch(written):
        raise Refused(role, f"{_short(given)} is not a number")
    return Decimal(written)


def _called(given: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing"}
    return names.get(type(given), "a plain value")


def _short(given: object) -> str:
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) > 10**30:
        return "a number beyond measure"
    shown = repr(given)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 2] + " …"

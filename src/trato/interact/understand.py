"""How an event or a table's row becomes an interaction.

Both ways end in `_interaction`, which takes canonical values: an event's are made so here, a table's by the
engine that reads it. So the same facts give the same interaction whichever way they come.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from trato.customers.identifiers import Identifier, identifier
from trato.errors import BadIdentifier, nearest
from trato.interact.canonical import (
    EXACT,
    MOST_COUNT,
    Canonical,
    Refused,
    called,
    canonical,
    in_utc,
    short,
)
from trato.interact.interactions import STANCES, Interaction, Refusal, Stance, Understood
from trato.interact.touchpoints import REFINEMENTS
from trato.permission.ledger import STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.interact.mapping import Field, Mapped
    from trato.interact.touchpoints import Touchpoint
    from trato.permission.ledger import State

MOST_REFUSED = 100
_TOO_MANY = f"{MOST_REFUSED} of its items cannot be understood, and the rest was not tried"


def interactions_of(mapping: Mapped, event: object) -> tuple[Interaction, ...]:
    """The interactions that an event tells of, as Segment's libraries send it; () where it tells of none."""
    return understand(mapping, event).interactions


def understand(mapping: Mapped, event: object) -> Understood:
    """The interactions of an event, with a reason for each that it fails to give. Never raises.

    After MOST_REFUSED items that cannot be understood the rest is not tried: it is refused as one.
    """
    if not isinstance(event, dict):
        return Understood((), (Refusal("event", f"is {called(event)}, not an object"),))
    try:
        items = _items(mapping, event)
        told = _values(mapping, event)
        if items is None:
            return Understood((_interaction(mapping, told),), ())
        identifiers = _of_the_whole(mapping, told)
    except Refused as why:
        return Understood((), (_refusal(why),))
    found: list[Interaction] = []
    refused: list[Refusal] = []
    for place, item in enumerate(items):
        try:
            values = told | _values(mapping, item, of_item=True)
            found.append(_interaction(mapping, values, place, identifiers))
        except Refused as why:
            refused.append(_refusal(why, place))
            if len(refused) == MOST_REFUSED and place + 1 < len(items):
                refused.append(_refusal(Refused("event", _TOO_MANY), place + 1))
                break
    return Understood(tuple(found), tuple(refused))


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
            values["time"] = in_utc(at, mapping.zone)
        return _interaction(mapping, values)
    except Refused as why:
        return _refusal(why)


def _refusal(why: Refused, item: int | None = None) -> Refusal:
    return Refusal(why.role, why.reason, item, why.plain)


def _items(mapping: Mapped, event: Mapping[str, object]) -> list[object] | None:
    """The items of which each is an interaction; None where the event itself is one."""
    if mapping.each is None:
        return None
    listed = _at(event, mapping.each)
    role = f"{'.'.join(mapping.each)}[]"
    if listed is None:
        raise Refused(role, "is missing")
    if not isinstance(listed, list):
        raise Refused(role, f"is {called(listed)}, not a list")
    if not listed:
        raise Refused(role, "is empty")
    return listed


def _values(mapping: Mapped, given: object, *, of_item: bool = False) -> dict[str, Canonical | None]:
    """What an event says as a whole, or one item of its list, by role."""
    found: dict[str, Canonical | None] = {}
    for role, field in mapping.fields.items():
        if (field.within is not None) != of_item:
            continue
        raw = field.always if field.always is not None else _at(given, field.within or field.path)
        found[role] = _translated(field, canonical(mapping.kind_of(role), raw, mapping.zone, role))
    return found


def _of_the_whole(mapping: Mapped, told: Mapping[str, Canonical | None]) -> tuple[Identifier, ...] | None:
    """The identifiers, where no item has its own; so that what an event lacks as a whole is said once."""
    for role in mapping.required:
        if role in told and told[role] is None:
            raise Refused(role, "is missing")
    if any(mapping.fields[f"customer_{kind}"].within is not None for kind in mapping.kinds):
        return None
    return _identifiers(mapping, told)


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


def _interaction(
    mapping: Mapped,
    values: Mapping[str, Canonical | None],
    item: int | None = None,
    identifiers: tuple[Identifier, ...] | None = None,
) -> Interaction:
    for role in mapping.required:
        if values.get(role) is None:
            raise Refused(role, "is missing")
    at = values["time"]
    assert isinstance(at, datetime)  # noqa: S101 - canonical values have the kind of their role
    identifiers = identifiers or _identifiers(mapping, values)
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
        values=_personal_values(mapping, values),
        purpose=_said(values, "purpose"),
        state=_state(mapping, values),
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


def _personal_values(mapping: Mapped, values: Mapping[str, Canonical | None]) -> tuple[tuple[str, str], ...]:
    return tuple((of, said) for of in mapping.value_fields if (said := _said(values, f"value_{of}")))


def _more_choices(mapping: Mapped, values: Mapping[str, Canonical | None]) -> tuple[tuple[str, str], ...]:
    if "more_component_0" not in mapping.fields:
        return ()
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
            "touchpoint",
            f"there is no touchpoint {short(key)}" + (f"; perhaps {close!r}" if close else ""),
            "is none that is declared",
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
    words = ", ".join(STANCES)
    raise Refused("stance", f"{short(said)} is not one of {words}", f"is not one of {words}")


def _state(mapping: Mapped, values: Mapping[str, Canonical | None]) -> State | None:
    if mapping.kind != "permission":
        return None
    said = _said(values, "state")
    for state in STATES:
        if said == state:
            return state
    words = ", ".join(STATES)
    raise Refused("state", f"{short(said)} is not one of {words}", f"is not one of {words}")


def _minor(
    mapping: Mapped, values: Mapping[str, Canonical | None], whole: str, unit: str, count: int
) -> int | None:
    money = values.get(whole)
    role = whole
    if not isinstance(money, Decimal):
        each, role = values.get(unit), unit
        if not isinstance(each, Decimal):
            return None
        money = EXACT.multiply(each, Decimal(count))
    setting = mapping.setting
    currency = _said(values, "currency")
    if currency is not None and currency.upper() != setting.currency:
        raise Refused(
            "currency",
            f"is {short(currency)}, and the company counts in {setting.currency}",
            "is another than the company's",
        )
    rounding = ROUND_HALF_UP if setting.rounding == "half_up" else ROUND_HALF_EVEN
    minor = int(EXACT.scaleb(money, setting.minor_units).to_integral_value(rounding, EXACT))
    if abs(minor) > MOST_COUNT:
        raise Refused(role, "is too large")
    return -abs(minor) if mapping.kind == "return" else minor

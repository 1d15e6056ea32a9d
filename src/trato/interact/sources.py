"""Reading `sources.yaml` into mappings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, cast
from zoneinfo import ZoneInfo

from trato import shapes
from trato.interact.canonical import CellKind, Refused, canonical
from trato.interact.interactions import KINDS, STANCES, Kind
from trato.interact.mapping import Field, LookUp, Mapped, Sources, Table, TableFile
from trato.interact.source_shapes import LOOK_UP_ROLES, ROLES, SOURCES
from trato.permission.ledger import STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.declared import Declared, Reader
    from trato.interact.interactions import Setting
    from trato.shapes import Found

_ONE_OF: dict[str, tuple[str, ...]] = {"stance": STANCES, "state": STATES}
_STEP = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^."\[\]]+))(?P<list>\[\])?(?:\.|$)')


def sources_in(wrong: Reader, root: Declared, setting: Setting) -> Sources:
    """The sources that a page declares; complaints go to the reader."""
    said = shapes.read(wrong, root, SOURCES)
    tables = {name: _table(wrong, name, one, setting) for name, one in said.under("tables").keys.items()}
    events: dict[tuple[str, str], Mapped] = {}
    for label, one in said.under("events").keys.items():
        call = one.text("call", "track")
        name = one.text("event") or ("" if call in {"identify", "group"} else label)
        if call in {"identify", "group"} and "event" in one.keys:
            wrong.complain(one.under("event").at, f"{call} calls have no name", "remove the key")
        if (call, name) in events:
            wrong.complain(one.at, f"{call} {name!r} is mapped a second time", "give each event one mapping")
        events[call, name] = _mapped(wrong, label, one, setting, setting.zone, as_event=True)
    if not said.under("tables").keys and not said.under("events").keys and not wrong.complaints:
        wrong.complain(root, "no source is declared", "map a table under tables, or an event under events")
    return Sources(tables, events)


def _table(wrong: Reader, name: str, said: Found, setting: Setting) -> Table:
    zone = setting.zone
    if named := said.text("time_zone"):
        zone = zone_of(wrong, said.under("time_zone").at, named) or zone
    mapped = _mapped(wrong, name, said, setting, zone, as_event=False)
    look_ups = []
    fields = dict(mapped.fields)
    for called, one in said.under("look_ups").keys.items():
        for role in LOOK_UP_ROLES:
            if role not in one.keys:
                continue
            if role in fields:
                wrong.complain(
                    one.under(role).at,
                    f"{role} is said by the table itself and by the look-up {called!r}",
                    "keep one of them",
                )
            fields[role] = _field(wrong, one.under(role), role, as_event=False, zone=zone, look_up=called)
        fields |= _more(wrong, one, fields, as_event=False, zone=zone, look_up=called)
        on = one.under("on")
        here, there = (_as_written(on.under(side) if on.keys else on) for side in ("here", "there"))
        look_ups.append(LookUp(called, _file(one.under("file")), here, there, on.at.line))
    decimal = said.text("decimal") or None
    table = Table(
        Mapped(mapped.name, mapped.kind, mapped.purposes, mapped.learns, fields, zone, setting),
        _file(said.under("file")),
        said.text("dates") or None,
        cast("Literal['point', 'comma'] | None", decimal),
        tuple(look_ups),
    )
    _must_suffice(wrong, said, table.mapping)
    return table


def _file(said: Found) -> TableFile:
    if said.keys:
        return TableFile(said.text("path"), said.text("package") or None, said.at.line)
    return TableFile(said.text(), None, said.at.line)


def _mapped(
    wrong: Reader, name: str, said: Found, setting: Setting, zone: ZoneInfo, *, as_event: bool
) -> Mapped:
    kind = cast("Kind", said.text("kind") or KINDS[-1])
    fields: dict[str, Field] = {
        f"customer_{of}": _field(wrong, one, "customer", as_event=as_event, zone=zone)
        for of, one in said.under("customer").keys.items()
    }
    fields |= {
        f"value_{of}": _field(wrong, one, f"value_{of}", as_event=as_event, zone=zone)
        for of, one in said.under("values").keys.items()
    }
    for role in ROLES:
        if role in said.keys and role != "touchpoint":
            fields[role] = _field(wrong, said.under(role), role, as_event=as_event, zone=zone)
    fields["touchpoint"] = _touchpoint(wrong, said.under("touchpoint"), setting, as_event=as_event, zone=zone)
    fields |= _more(wrong, said, fields, as_event=as_event, zone=zone)
    if as_event and "id" not in fields:
        fields["id"] = Field(("messageId",))
    for whole, each in (("amount", "unit_price"), ("cost", "unit_cost")):
        if whole in fields and each in fields:
            wrong.complain(said.under(each).at, f"{whole} and {each} say the same twice", "keep one of them")
    learns = said.truth("learns", usual=kind in {"purchase", "choice"})
    purposes = tuple(one.text() for one in said.under("purposes").items if one.text())
    mapped = Mapped(name, kind, purposes, learns, fields, zone, setting)
    if as_event:
        _must_share_a_list(wrong, said, mapped)
        _must_suffice(wrong, said, mapped)
    return mapped


def _more(
    wrong: Reader,
    said: Found,
    there: Mapping[str, Field],
    *,
    as_event: bool,
    zone: ZoneInfo,
    look_up: str | None = None,
) -> dict[str, Field]:
    """Further choices of the same record, as the roles more_component_0, more_module_0 and so on."""
    begun = sum(role.startswith("more_component_") for role in there)
    return {
        f"more_{role}_{begun + place}": _field(
            wrong, one.under(role), role, as_event=as_event, zone=zone, look_up=look_up
        )
        for place, one in enumerate(said.under("more_choices").items)
        for role in ("component", "module")
    }


def _touchpoint(wrong: Reader, said: Found, setting: Setting, *, as_event: bool, zone: ZoneInfo) -> Field:
    known = setting.touchpoints.by_key
    if not said.keys:
        word = said.text()
        if word and known:
            shapes.known(wrong, said.at, word, known, "touchpoint")
        return Field((), always=word, line=said.at.line)
    found = _field(wrong, said, "touchpoint", as_event=as_event, zone=zone)
    for key in said.under("values").keys.values():
        if key.text() and known:
            shapes.known(wrong, key.at, key.text(), known, "touchpoint")
    if found.always and known:
        shapes.known(wrong, said.under("always").at, found.always, known, "touchpoint")
    return found


def _field(
    wrong: Reader,
    said: Found,
    role: str,
    *,
    as_event: bool,
    zone: ZoneInfo,
    look_up: str | None = None,
) -> Field:
    line = said.at.line
    if not said.keys:
        plain = Field((), look_up=look_up, line=line)
        return _placed(wrong, said.at, _as_written(said), plain, as_event=as_event)
    always = said.text("always") or None
    if (always is None) == ("from" not in said.keys):
        wrong.complain(said.at, f"{role} needs either 'from' or 'always'", "keep one of them")
    values = {word: one.text() for word, one in said.under("values").keys.items()}
    lines = {word: one.at.line for word, one in said.under("values").keys.items()}
    kind: CellKind = ROLES[role].kind if role in ROLES else "text"
    if values and kind != "text":
        wrong.complain(said.under("values").at, f"{role} is a {kind}, and only texts can be translated")
    if role in _ONE_OF:
        for meant in (*said.under("values").keys.values(), *([said.under("always")] if always else [])):
            wrong.choice(meant.at, _ONE_OF[role])
    if always is not None:
        try:
            canonical(kind, always, zone, role)
        except Refused as why:
            wrong.complain(said.under("always").at, f"{role}: {why.reason}")
    plain = Field((), always=always, values=values, look_up=look_up, line=line, lines=lines)
    place = said.under("from")
    return _placed(wrong, place.at, _as_written(place), plain, as_event=as_event) if place.text() else plain


def _as_written(said: Found) -> str:
    """A column's name may begin or end with a blank."""
    return said.value if isinstance(said.value, str) else ""


def _placed(wrong: Reader, at: Declared, place: str, plain: Field, *, as_event: bool) -> Field:
    path, within = _path(wrong, at, place.strip()) if as_event and place else ((place,), None)
    return Field(path, within, plain.always, plain.values, plain.look_up, plain.line, plain.lines)


def _path(wrong: Reader, at: Declared, place: str) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    steps: list[str] = []
    lists: list[int] = []
    end = 0
    while end < len(place):
        step = _STEP.match(place, end)
        if step is None:
            break
        steps.append((step["quoted"] or step["plain"]).strip())
        if step["list"]:
            lists.append(len(steps))
        end = step.end()
    if end < len(place) or place.endswith(".") or not all(steps) or len(lists) > 1:
        wrong.complain(
            at,
            f"{place!r} is no path into an event",
            "write keys with points between them, such as properties.products[].category; one list at most",
        )
        return (place,), None
    if not lists:
        return tuple(steps), None
    return tuple(steps[: lists[0]]), tuple(steps[lists[0] :])


def _must_share_a_list(wrong: Reader, said: Found, mapped: Mapped) -> None:
    lists = {one.path for one in mapped.fields.values() if one.within is not None}
    if len(lists) > 1:
        named = " and ".join(sorted(".".join(path) for path in lists))
        wrong.complain(said.at, f"the paths go through different lists: {named}", "use one list an event")


def _must_suffice(wrong: Reader, said: Found, mapped: Mapped) -> None:
    if "component" in mapped.fields and "module" not in mapped.fields:
        wrong.complain(said.at, "component is mapped without module", "say what was chosen in it")
    if "module" in mapped.fields and "component" not in mapped.fields:
        wrong.complain(
            said.at, "module is mapped without component", "say in what, or: component: {always: product}"
        )
    for role in ("purpose", "state"):
        if role in mapped.fields and mapped.kind != "permission":
            wrong.complain(said.under(role).at, f"only a permission has a {role}", "say kind: permission")
    if mapped.kind == "permission" and mapped.value_fields:
        wrong.complain(
            said.under("values").at, "a permission brings no values", "map them as an event of their own"
        )
    has_choice = {"component", "module"} <= set(mapped.fields) or "more_component_0" in mapped.fields
    has_money = "amount" in mapped.fields or "unit_price" in mapped.fields
    lacks = {
        "purchase": not (has_money or has_choice) and "amount, or component and module",
        "return": not has_money and "amount",
        "choice": not has_choice and "component and module",
        "view": not has_choice and "component and module",
        "statement": not ("statement" in mapped.fields or has_choice)
        and "statement, or component and module",
        "permission": not {"purpose", "state"} <= set(mapped.fields) and "purpose and state",
    }.get(mapped.kind)
    if lacks and "kind" in said.keys:
        wrong.complain(said.at, f"a {mapped.kind} needs {lacks}")


def zone_of(wrong: Reader, at: Declared, name: str) -> ZoneInfo | None:
    """The time zone of that name; complains with the nearest where there is none."""
    from zoneinfo import available_timezones

    zones = dict.fromkeys(sorted(available_timezones()))
    return ZoneInfo(name) if shapes.known(wrong, at, name, zones, "time zone") else None

"""The first page: where to go, and how fresh what stands there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit


def show(visit: Visit) -> Response:
    """What this person's role is for, and the state of the data."""
    build = visit.desk.store.read(lambda it: it.current_build())
    return visit.show("home", build=build, kinds=identifier_kinds(visit))


def identifier_kinds(visit: Visit) -> tuple[str, ...]:
    """The kinds of identifier to search by: those of the company's sources, and those that everybody has."""
    sources = visit.desk.company.sources
    mapped = [table.mapping for table in sources.tables.values()] + list(sources.events.values())
    found = {
        role.removeprefix("customer_")
        for one in mapped
        for role in one.fields
        if role.startswith("customer_")
    }
    return tuple(sorted(found | {"email", "phone"}))

"""What arrived lately and what was put aside: where somebody looks who connects a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from trato.console.visit import Visit

LATELY = 10_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """One source: what it is called, whether a table or events bring it, and what came of it lately."""

    source: str
    is_event: bool
    count: int
    last_at: datetime | None


def show(visit: Visit) -> Response:
    """Each source with what it brought, and each reason why something was put aside."""
    arrivals, aside = visit.desk.store.read(lambda it: (it.arrivals(LATELY), it.aside_summary()))
    came = {source: (count, last) for source, count, last in arrivals}
    sources = visit.desk.company.sources
    declared = dict.fromkeys(sources.tables, False) | {one.name: True for one in sources.events.values()}
    rows = [Arrived(name, is_event, *came.get(name, (0, None))) for name, is_event in declared.items()] + [
        Arrived(name, True, count, last) for name, (count, last) in came.items() if name not in declared
    ]
    return visit.show(
        "events",
        rows=sorted(rows, key=lambda one: (-one.count, one.source)),
        aside=aside,
        lately=LATELY,
        address=str(visit.request.url.replace(path="", query="", fragment="")),
    )

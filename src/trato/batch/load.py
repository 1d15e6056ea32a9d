"""`trato load`: a table's rows brought into the store's log, as events would have brought them.

Each record counts once, however often its table is loaded; and a row that the served build counted where the
table lies stays there, for in the log it would count a second time.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from trato.batch.gathered import gather
from trato.batch.people import registered
from trato.batch.permissions import record_permissions
from trato.batch.rows import OneByOne
from trato.errors import BadOption, nearest
from trato.interact.interactions import Interaction
from trato.interact.keep import keep_interactions
from trato.interact.sent import Piece, Sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trato.batch.door import BuildingStore, Door
    from trato.batch.engine import Engine, Reject
    from trato.company.folder import Company
    from trato.interact.mapping import Mapped, Table

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a table's rows: `rows` is the sum of the other numbers and of the rows put aside.

    `known` are those that the store had already, `in_place` those that the served build counted where they
    lie, and `not_permitted` those of which nothing may be kept. `refused` counts rows of permission that
    could not be recorded, by reason.
    """

    table: str
    rows: int
    kept: int
    known: int
    in_place: int
    not_permitted: int
    refused: dict[str, int]
    rejects: tuple[Reject, ...]


def load_table(
    engine: Engine,
    company: Company,
    store: Door,
    name: str,
    *,
    file: Path | None = None,
    now: datetime,
    draw: Callable[[int], bytes],
    tell: Callable[[int], None] = lambda _: None,
) -> LoadReport:
    """Load a table of sources.yaml, or another `file` with the same columns, in chunks.

    What is loaded stays when a later chunk fails: load it again, and the rest comes in. `tell` hears how many
    rows are done. Raises BadOption for a table that is not declared or whose rows cannot be told apart, the
    reading errors of `Engine.read`, and StorageError.
    """
    table = _declared(company, name)
    if file is not None:
        table = replace(table, file=replace(table.file, path=str(file.resolve()), package=None))
    mapping = table.mapping
    until = _counted_until(store, name)
    told = OneByOne(engine, company.folder, table)
    each = iter(told)
    often: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    done = told.readings[0].rejected
    while chunk := list(islice(each, AT_ONCE)):
        rows = [one for one in chunk if isinstance(one, Interaction)]
        if mapping.kind == "permission":
            said, why = _permissions(company, store, mapping, rows, now, draw)
            often["kept"] += said
            often["known"] += len(rows) - said - why.total()
            refused.update(why)
        else:
            left = [one for one in rows if until is None or one.at > until or not _counts(one)]
            often["in_place"] += len(rows) - len(left)
            often.update(
                store.write(lambda it, some=left: _keep(it, company, mapping, some, now, draw))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            )
        done += len(chunk)
        tell(done)
    return LoadReport(
        table=name,
        rows=told.readings[0].rows,
        kept=often["kept"],
        known=often["known"],
        in_place=often["in_place"],
        not_permitted=often["not_permitted"],
        refused=dict(refused),
        rejects=told.rejects(),
    )


def _declared(company: Company, name: str) -> Table:
    tables = company.sources.tables
    if name not in tables:
        close = nearest(name, tables)
        known = ", ".join(tables) or "none is declared"
        raise BadOption(
            f"sources.yaml declares no table {name!r}",
            hint=f"did you mean {close!r}?" if close else f"known: {known}",
        )
    if tables[name].mapping.kind != "permission" and "id" not in tables[name].mapping.fields:
        raise BadOption(
            f"nothing tells the rows of {name!r} apart, so loading them again would count them again",
            hint="map id in sources.yaml: the column that names the record",
        )
    return tables[name]


def _counted_until(store: Door, name: str) -> datetime | None:
    """The moment of the last row of the table that the served build counted where it lies."""
    served = store.read(lambda it: it.current_build())
    if served is None:
        return None
    for one in json.loads(served.summary).get("tables", ()):
        if one["name"] == name and one["until"] is not None:
            return datetime.fromisoformat(one["until"])
    return None


def _counts(one: Interaction) -> bool:
    return one.learns or one.amount is not None


def _keep(
    it: BuildingStore,
    company: Company,
    mapping: Mapped,
    rows: list[Interaction],
    now: datetime,
    draw: Callable[[int], bytes],
) -> Counter[str]:
    """Keep rows as events are kept; how many were kept, were known, and are not permitted."""
    records = [one.record for one in rows if one.record is not None]
    known = {
        record for purpose in mapping.purposes for record in it.kept_records(mapping.name, purpose, records)
    }
    fresh = {one.record or place: one for place, one in enumerate(rows) if one.record not in known}
    pieces = [Piece(Sent("", {}, mapping.name), mapping, one) for one in fresh.values()]
    keep_interactions(it, company.purposes, pieces, now, draw)
    kept = sum(piece.of.outcome == "kept" for piece in pieces)
    return Counter(kept=kept, known=len(rows) - len(pieces), not_permitted=len(pieces) - kept)


def _permissions(
    company: Company,
    store: Door,
    mapping: Mapped,
    rows: list[Interaction],
    now: datetime,
    draw: Callable[[int], bytes],
) -> tuple[int, Counter[str]]:
    if not rows:
        return 0, Counter()
    gathered = gather(rows, mapping.setting.zone)
    owners, _ = registered(store, gathered.groups, now=now, draw=draw)
    whose = [owners[place] for place in gathered.group.tolist()]
    return record_permissions(store, company.purposes, rows, whose, mapping.name, now=now)

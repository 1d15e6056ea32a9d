"""`trato build`: tables and log in, models, counts and scores out, published by the swap of one pointer.

Everything is read and learned first; then it is written under the build's own id, in chunks; the last
transaction makes it the build that is served. Whatever ends a build before that leaves the last good one
serving, and what it wrote is dropped by the next.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.facts import Collecting
from trato.batch.gathered import without
from trato.batch.learned import Asked, Learned, learn
from trato.batch.people import read_tables, settle
from trato.batch.writing import whole_file, write_rejects
from trato.differentiate.needs.names import as_yaml, named_needs
from trato.differentiate.needs.stored_model import as_document
from trato.errors import NotEnoughData
from trato.interact.retention import drop_old
from trato.permission.permit import everyone_permitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from trato.batch.door import BuildingStore, Door
    from trato.batch.engine import Engine, Reject
    from trato.batch.facts import Facts
    from trato.batch.gathered import Gathered
    from trato.batch.rows import TableRead
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.differentiate.store import ModelVersions
    from trato.identify.store import Belonging
    from trato.permission.purposes import Purpose

    Progress = Callable[[str], AbstractContextManager[None]]
    Draw = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. `rejects` is every row put aside; `summary` is what the store keeps of it as JSON."""

    build: str
    summary: Mapping[str, object]
    learned: tuple[Learned, ...]
    rejects: tuple[Reject, ...]


def build(
    engine: Engine,
    company: Company,
    store: Door,
    *,
    now: datetime,
    draw: Draw,
    progress: Progress = lambda _: nullcontext(),
    clock: Callable[[], datetime] | None = None,
    seed: int = 0,
) -> BuildReport:
    """Build a company: read its tables and the log, learn, score, publish.

    `now` is when permissions are read and the build begins, `clock` tells when it is published (`now` where
    it is None), and `draw` gives that many random bytes. Where customers are known and nobody permits a
    purpose, a build says so and learns nothing. Raises the reading errors of `Engine.read`, NotEnoughData
    when nothing is known of anybody, and StorageError; nothing that is served has changed then.
    """
    purposes = [purpose for purpose in company.purposes if purpose.profiling]
    if not purposes:
        raise NotEnoughData(
            "no purpose allows beliefs and values to be computed",
            hint="say profiling: true of a purpose in purposes.yaml, and name it in sources.yaml",
        )
    tables = read_tables(engine, company, progress)
    with progress("settling who is who and who permits what"):
        people = settle(store, company, tables, now=now, draw=draw)
    watermark = store.write(lambda it: it.log_watermark())
    asked = Asked(
        currency=company.settings.currency,
        minor_units=company.settings.minor_units,
        names=company.needs or (),
        today=now.astimezone(company.settings.zone).date(),
        needs_from=company.settings.needs_from,
        seed=seed,
    )
    learned: list[Learned] = []
    from_log = 0
    for purpose in purposes:
        facts, left_out, entries = _facts(store, company, tables, people.customer_of, purpose, watermark, now)
        from_log += entries
        if facts.empty and not left_out:
            continue
        with progress(f"learning for {purpose.key} from {len(facts.customers):,} customers"):
            unit_of = _units(store, company.settings.unit, facts.customers)
            learned.append(learn(purpose.key, facts, unit_of, asked, left_out=left_out))
    if not learned:
        raise _nothing(purposes)
    name = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{draw(4).hex()}"
    summary: dict[str, object] = {
        "build": name,
        "watermark": watermark,
        "tables": [
            {
                "name": one.name,
                "rows": one.readings[0].rows,
                "rows_put_aside": len(one.rejects),
                "interactions": len(one.rows.at),
                "until": _last(one),
            }
            for one in tables
        ],
        "permissions": {
            "rows": people.permission_rows,
            "recorded": people.recorded,
            "refused": people.refused,
        },
        "customers_new": people.new,
        "log_entries": from_log,
        "purposes": [dict(one.built.summary) for one in learned],
    }
    with progress("publishing"):
        publish(store, name, watermark, learned, summary, now, clock)
    rejects = tuple(reject for one in tables for reject in one.rejects)
    return BuildReport(name, summary, tuple(learned), rejects)


def publish(
    store: Door,
    name: str,
    watermark: int,
    learned: list[Learned],
    summary: Mapping[str, object],
    now: datetime,
    clock: Callable[[], datetime] | None,
) -> None:
    """Write a build in chunks, make it the one that is served in the last of them, and drop all others.

    What was received and is kept for a while only is dropped as well, where its time is over.
    """
    store.write(lambda it: it.start_build(name, now, watermark))
    versions: dict[str, ModelVersions] = {}
    for one in learned:
        built = one.built
        for counted in built.counted:
            store.write(lambda it, some=counted: it.put_counted(name, some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        for scores in built.scores:
            store.write(lambda it, some=scores: it.put_scores(name, some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        if built.needs is not None:
            needs = json.dumps(as_document(built.needs), ensure_ascii=False)
            version = built.needs.version
            store.write(lambda it, v=version, d=needs: it.put_model(v, "needs", d))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        if built.values is not None:
            values, version = built.values.document(), built.values.version
            store.write(lambda it, v=version, d=values: it.put_model(v, "values", d))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        versions[built.purpose] = {
            "needs": None if built.needs is None else built.needs.version,
            "values": None if built.values is None else built.values.version,
        }
    told = json.dumps(summary, ensure_ascii=False)
    store.write(lambda it: it.publish_build(name, versions, told, now if clock is None else clock()))
    store.write(lambda it: it.drop_builds())
    store.write(lambda it: drop_old(it, now=now))


def write_beside(report: BuildReport, company: Company) -> tuple[Path | None, Path | None]:
    """The rows put aside, and the proposed names where needs.yaml has drifted; None where there is neither.

    The rows lie beside the store, for they are personal; needs.yaml itself is never overwritten.
    """
    folder = company.folder / "store"
    folder.mkdir(mode=0o700, exist_ok=True)
    rejects = write_rejects(report.rejects, folder / "build")
    proposed = company.folder / "needs.proposed.yaml"
    for one in report.learned:
        matching = one.matching
        if one.needs is None or matching is None:
            continue
        settled = not matching.lost and all(naming.state == "kept" for naming in matching.namings)
        if settled:
            continue
        with whole_file(proposed) as draft:
            draft.write_text(as_yaml(named_needs(one.needs, matching.namings)), encoding="utf-8")
        return rejects, proposed
    proposed.unlink(missing_ok=True)
    return rejects, None


def _facts(
    store: Door,
    company: Company,
    tables: Sequence[TableRead],
    customer_of: Mapping[str, tuple[CustomerId | None, ...]],
    purpose: Purpose,
    watermark: int,
    now: datetime,
) -> tuple[Facts, int, int]:
    """The facts of who permits a purpose, how many do not, and how many entries of the log were used."""

    def collected(it: BuildingStore) -> tuple[Facts, int, int]:
        permitted = everyone_permitted(it, purpose, now=now)
        collecting = Collecting(permitted)
        others: set[object] = set()
        for one in tables:
            if purpose.key not in one.mapping.purposes or one.mapping.kind == "permission":
                continue
            owners = customer_of[one.name]
            collecting.add_rows(_not_in_the_log(it, one, purpose.key), owners)
            others |= {
                owner if owner is not None else group
                for owner, group in zip(owners, one.rows.groups, strict=True)
                if owner not in permitted
            }
        entries = collecting.add_log(
            it.log_for_build(purpose.key, watermark, permitted), company.settings.zone
        )
        return collecting.facts(), len(others), entries

    return store.read(collected)


def _not_in_the_log(it: BuildingStore, table: TableRead, purpose: str) -> Gathered:
    """A table's rows but those that were brought into the log, which counts them itself."""
    rows = table.rows
    named = [str(one) for one in rows.record.tolist() if one is not None]
    logged = it.kept_records(table.name, purpose, named) if named else set()
    if not logged:
        return rows
    return without(rows, np.array([one in logged for one in rows.record.tolist()], dtype=np.bool_))


def _last(table: TableRead) -> str | None:
    """The moment of a table's last row: `trato load` leaves where they lie the rows that are counted."""
    if not len(table.rows.at):
        return None
    last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(table.rows.at.max()))
    return last.isoformat()


def _units(store: Door, unit: str, customers: tuple[CustomerId, ...]) -> dict[CustomerId, CustomerId]:
    """To which unit each customer belongs, named after the first of its members who permit the purpose."""
    if unit == "person":
        return {}
    kind: Belonging = "household" if unit == "household" else "account"
    there = frozenset(customers)

    def asked(it: BuildingStore) -> dict[CustomerId, CustomerId]:
        found: dict[CustomerId, CustomerId] = {}
        for customer in customers:
            if customer in found:
                continue
            members = [one for one in it.members_of(customer, kind) if one in there]
            found |= dict.fromkeys([customer, *members], min([customer, *members]))
        return found

    return store.read(asked)


def _nothing(purposes: list[Purpose]) -> NotEnoughData:
    named = ", ".join(purpose.key for purpose in purposes)
    return NotEnoughData(
        f"nothing is known yet of anybody that may be used for {named}",
        hint="map a table in sources.yaml, or let events of customers who permit it come in; then build",
    )

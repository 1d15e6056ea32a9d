"""`trato build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trato.batch.build import BuildReport


def register(app: typer.Typer) -> None:
    """Add `trato build`."""
    app.command("build")(build)


def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    seed: Annotated[int, typer.Option(help="Seed of the learning.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Learn from a company's tables and its log, and let the store serve the result.

    Reads the tables where they lie, records what tables of kind permission say, learns needs and values from
    those who permit it and from nobody else, and scores them. A build that fails leaves the last good one
    serving. While `trato serve` has an embedded store open, stop it first.

    Example: `trato build shop`
    """
    import os
    import secrets
    from datetime import UTC, datetime

    from trato.batch.build import build as build_company
    from trato.batch.build import write_beside
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.cli.output import emit, progress, tell_put_aside
    from trato.company.folder import read_company
    from trato.storage.of_company import open_company_store

    def clock() -> datetime:
        return datetime.now(UTC)  # noqa: TID251 the door is where the clock is read

    company = read_company(folder)
    with open_company_store(company, os.environ) as store, DuckDBEngine() as engine:
        report = build_company(
            engine,
            company,
            store,
            now=clock(),
            draw=secrets.token_bytes,
            progress=progress,
            clock=clock,
            seed=seed,
        )
        rejects, names = write_beside(report, company)
    tell_put_aside(report.rejects, rejects)
    told = {
        **report.summary,
        "rejects": None if rejects is None else str(rejects),
        "names_proposed": None if names is None else str(names),
    }
    emit(told, lines(report, names, named=company.needs is not None), as_json=as_json)


def lines(report: BuildReport, names: Path | None, *, named: bool) -> Iterator[str]:
    """What people read."""
    said: Mapping[str, Any] = report.summary
    for table in said["tables"]:
        yield f"{table['name']}: {table['interactions']:,} of {table['rows']:,} rows"
    if said["log_entries"]:
        yield f"the log: {said['log_entries']:,} interactions"
    permissions = said["permissions"]
    if permissions["rows"]:
        yield f"permissions: {permissions['recorded']:,} recorded, of {permissions['rows']:,} rows"
        for why, often in permissions["refused"].items():
            yield f"  {often:,} not: {why}"
    for one in said["purposes"]:
        yield from _purpose(one)
    if names is not None and not named:
        yield f"the needs have working titles in {names}: change them, and rename the file needs.yaml"
    elif names is not None:
        yield f"the names of needs do not all fit any more; a new version is proposed in {names}"
    yield f"build {report.build} is served now"


def _purpose(one: Mapping[str, Any]) -> Iterator[str]:
    if not one["customers"]:
        yield f"{one['purpose']}: nobody permits it yet; {one['left_out']:,} customers were left out"
        yield "  map a table of kind permission, let events of permission come in, or: trato grant"
        return
    yield (
        f"{one['purpose']}: learned from {one['customers']:,} customers who permit it; "
        f"{one['left_out']:,} who do not were left out"
    )
    needs, values = one["needs"], one["values"]
    if needs is None:
        yield f"  no needs: {one['why_no_needs']}"
    else:
        for need in needs["needs"]:
            state = "" if need["name_state"] == "kept" else f" ({need['name_state']})"
            yield f"  {need['share']:>4.0%}  {need['name']['en']}{state}"
        for lost in needs["names_lost"]:
            yield f"  no need fits the name {lost['en']!r} any more"
    if values is None:
        yield f"  no values: {one['why_no_values']}"
    else:
        yield f"  values as of {values['until']}, {values['horizon']} days ahead"

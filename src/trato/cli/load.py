"""`trato load`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.load import LoadReport

ROWS_BETWEEN = 10_000


def register(app: typer.Typer) -> None:
    """Add `trato load`."""
    app.command("load")(load)


def load(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The table's name in sources.yaml.")],
    file: Annotated[
        Path | None,
        typer.Option(help="Another file with the same columns (the one that sources.yaml names)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring a table's rows into the store's log, as events would have brought them.

    Keeps interactions, permissions, personal values and who belongs together, each for the purposes that the
    customer permits. A record counts once, however often it is loaded. While `trato serve` has an embedded
    store open, stop it first.

    Example: `trato load shop purchases --file today.csv`
    """
    import os
    import secrets
    from datetime import UTC, datetime

    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.load import load_table
    from trato.batch.writing import write_rejects
    from trato.cli.output import emit, progress, tell_put_aside
    from trato.company.folder import read_company
    from trato.storage.of_company import open_company_store

    company = read_company(folder)
    kept = folder / "store"
    with (
        open_company_store(company, os.environ) as store,
        DuckDBEngine() as engine,
        progress(f"loading {table}"),
    ):
        report = load_table(
            engine,
            company,
            store,
            table,
            file=file,
            now=datetime.now(UTC),  # noqa: TID251 the door is where the clock is read
            draw=secrets.token_bytes,
            tell=_tell,
        )
        kept.mkdir(mode=0o700, exist_ok=True)
        rejects = write_rejects(report.rejects, kept / f"load-{table}")
    tell_put_aside(report.rejects, rejects)
    told = {
        "table": report.table,
        "rows": report.rows,
        "kept": report.kept,
        "known": report.known,
        "in_place": report.in_place,
        "not_permitted": report.not_permitted,
        "refused": report.refused,
        "rows_put_aside": len(report.rejects),
        "rejects": None if rejects is None else str(rejects),
    }
    emit(told, lines(report), as_json=as_json)


def lines(report: LoadReport) -> Iterator[str]:
    """What people read."""
    yield f"{report.table}: {report.kept:,} of {report.rows:,} rows kept"
    if report.known:
        yield f"  {report.known:,} were known already"
    if report.in_place:
        yield f"  {report.in_place:,} are counted where they lie by the build that is served"
    if report.not_permitted:
        yield f"  {report.not_permitted:,} may not be kept: the customer permits no purpose of the table"
    for why, often in report.refused.items():
        yield f"  {often:,} not: {why}"


def _tell(rows: int) -> None:
    import sys

    if rows % ROWS_BETWEEN == 0:
        sys.stderr.write(f"{rows:,} … ")
        sys.stderr.flush()

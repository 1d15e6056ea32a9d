"""`trato check`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.company import Checked

SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add `trato check`."""
    app.command("check")(check)


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    rows: Annotated[
        bool,
        typer.Option(
            "--rows/--no-rows", help="Read the tables' rows too, and not only the names of their columns."
        ),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Everything that is wrong with a company folder, each with file and line and what to do about it.

    Reads the YAML files, checks them against each other, and looks into the tables that they name. Ends with
    exit code 3 when something must be put right; remarks alone leave it at 0.

    Example: `trato check shop`
    """
    from trato.batch.company import check_folder
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.cli.output import emit, progress
    from trato.storage.of_company import key_fault

    with DuckDBEngine() as engine:
        found = check_folder(engine, folder, rows=rows, progress=progress)
    if (remark := key_fault(folder, os.environ)) is not None:
        found = replace(found, faults=(*found.faults, remark))
    emit(summary(found), lines(found), as_json=as_json)
    if not found.sound:
        raise typer.Exit(3)


def summary(found: Checked) -> dict[str, object]:
    """What `--json` prints."""
    company = found.company
    return {
        "folder": str(company.folder),
        "sound": found.sound,
        "name": dict(company.settings.name),
        "touchpoints": list(company.touchpoints.by_key),
        "purposes": list(company.purposes.by_key),
        "tables": [
            {"name": table.name, "file": table.file, "rows": table.rows, "rows_kept": table.kept}
            for table in found.tables
        ],
        "events": [
            {"call": call, "event": name, "kind": mapped.kind}
            for (call, name), mapped in company.sources.events.items()
        ],
        "needs": None if company.needs is None else len(company.needs),
        "programmes": [
            {"name": one.key, "starts": one.moment.starts, "treatments": len(one.treatments) - 1}
            for one in company.programmes
        ],
        "faults": [
            {
                "file": fault.file,
                "line": fault.line,
                "message": fault.message,
                "hint": fault.hint,
                "grave": fault.grave,
            }
            for fault in found.faults
        ],
    }


def lines(found: Checked) -> Iterator[str]:
    """What people read: what must be put right, then remarks, then what there is."""
    for title, grave in (("to put right", True), ("remarks", False)):
        faults = [fault for fault in found.faults if fault.grave is grave]
        if not faults:
            continue
        yield f"{title}: {len(faults):,}"
        for fault in faults[:SHOWN]:
            yield f"  {fault.where}: {fault.message}"
            if fault.hint:
                yield f"      {fault.hint}"
        if len(faults) > SHOWN:
            yield f"  … and {len(faults) - SHOWN:,} more"
        yield ""
    if not found.sound:
        return
    company = found.company
    names = company.settings.name
    yield names.get(company.settings.languages[0]) or next(iter(names.values()))
    for table in found.tables:
        read = "" if table.rows is None else f"{table.kept:,} of {table.rows:,} rows can be read"
        yield f"  table {table.name:<22}{read}"
    for (call, name), mapped in company.sources.events.items():
        called = f"{call} {name}"
        yield f"  {called:<28}{mapped.kind}"
    yield f"  touchpoints: {', '.join(company.touchpoints.by_key)}"
    yield f"  purposes: {', '.join(company.purposes.by_key)}"
    for one in company.programmes:
        count = len(one.treatments) - 1
        yield f"  programme {one.key:<18}{count} {'treatment' if count == 1 else 'treatments'}, or nothing"
    yield "this folder can be used"

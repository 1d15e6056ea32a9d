"""`trato verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trato.permission.ledger import Fault, Head
    from trato.storage.blocks import LogName, LogVerified
    from trato.storage.transaction import Transaction

    Logs = Mapping[LogName, LogVerified]

SHOWN = 50
CALLED: dict[LogName, str] = {"interactions": "log", "decisions": "decisions", "outcomes": "outcomes"}


def register(app: typer.Typer) -> None:
    """Add `trato verify`."""
    app.command("verify")(verify)


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Whether the ledger of permissions, the log, decisions and outcomes are as they were written.

    Reads all of them whole, names what was edited, removed, moved or added, and tells the hashes to note
    elsewhere. Ends with exit code 3 when something is not as it was written.

    Example: `trato verify shop`
    """
    import os

    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.permission import ledger
    from trato.storage.blocks import LOGS
    from trato.storage.of_company import open_company_store

    def read(it: Transaction) -> tuple[Head, tuple[Fault, ...], Logs]:
        head = it.permission_head()
        return head, ledger.verify(it.ledger(), head), {log: it.verify_log(log) for log in LOGS}

    with open_company_store(read_company(folder), os.environ) as store:
        head, faults, logs = store.read(read)
    emit(summary(head, faults, logs), lines(head, faults, logs), as_json=as_json)
    if faults or any(one.faults for one in logs.values()):
        raise typer.Exit(3)


def summary(head: Head, faults: Sequence[Fault], logs: Logs) -> dict[str, object]:
    """What `--json` prints; every fault, and hashes in hexadecimal."""
    return {
        "whole": not faults and not any(one.faults for one in logs.values()),
        "ledger": {
            "entries": head.position,
            "head": head.hash.hex(),
            "faults": [
                {
                    "position": one.position,
                    "kind": one.kind,
                    "from_position": one.from_position,
                    "message": str(one),
                }
                for one in faults
            ],
        },
        **{CALLED[log]: _of_log(found) for log, found in logs.items()},
    }


def _of_log(log: LogVerified) -> dict[str, object]:
    return {
        "blocks": log.last.number,
        "head": log.last.hash.hex(),
        "sealed_up_to": log.last.up_to,
        "sealed_at": log.last.sealed_at.isoformat() if log.last.number else None,
        "unsealed": log.unsealed,
        "faults": [
            {
                "block": one.number,
                "kind": one.kind,
                "first_position": one.after + 1,
                "last_position": one.up_to,
                "message": str(one),
            }
            for one in log.faults
        ],
    }


def lines(head: Head, faults: Sequence[Fault], logs: Logs) -> Iterator[str]:
    """What people read."""
    yield f"the ledger of permissions, {head.position:,} entries: {'NOT ' if faults else ''}whole"
    yield from _shown([str(one) for one in faults])
    yield f"  note elsewhere: entry {head.position}, {head.hash.hex()}"
    for name, log in logs.items():
        yield f"the {CALLED[name]}, {log.last.number:,} sealed blocks: {'NOT ' if log.faults else ''}whole"
        yield from _shown([str(one) for one in log.faults])
        yield f"  note elsewhere: block {log.last.number}, {log.last.hash.hex()}"
        if log.unsealed:
            behind = f"behind position {log.last.up_to}"
            yield f"  not sealed yet, and so not verified: {log.unsealed:,} {behind}"
        else:
            yield "  every entry is sealed"


def _shown(faults: Sequence[str]) -> Iterator[str]:
    yield from (f"  {one}" for one in faults[:SHOWN])
    if len(faults) > SHOWN:
        yield f"  … and {len(faults) - SHOWN:,} more"

"""`trato key make`, `trato key list` and `trato key revoke`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.company.access import ApiKey
    from trato.storage.store import Store

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add `trato key`."""
    keys = typer.Typer(no_args_is_help=True, help="The keys of the programs that send events or ask.")
    keys.command("make")(make)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="key")


def make(
    folder: FolderArgument,
    label: Annotated[str, typer.Option(help="What uses the key, such as `web shop`.")],
    scope: Annotated[
        list[str],
        typer.Option(
            metavar="SCOPE",
            help="What it may do: `track`, `read`, `greet`, `decide`, `permissions`, `build`; repeatable.",
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, this once; only a hash of it is kept.

    Example: `trato key make shop --label "web shop" --scope track`
    """
    import secrets
    from datetime import UTC, datetime

    from trato.cli.output import emit
    from trato.company.keys import make_key, scopes_of

    scopes = scopes_of(scope)
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    with _store(folder) as store:
        words, key = store.write(lambda it: make_key(it, label, scopes, now=now, draw=secrets.token_bytes))
    lines = [words, f"  {_told(key)}", "  it is shown this once: put it where the program finds it"]
    emit({**_plain(key), "key": words}, lines, as_json=as_json)


def list_keys(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """The keys that were made, with what each may do and whether it still serves.

    Example: `trato key list shop`
    """
    from trato.cli.output import emit

    with _store(folder) as store:
        keys = store.read(lambda it: it.keys())
    told = [_told(key) for key in keys] or ["no key was made yet: trato key make DIR --label … --scope track"]
    emit({"keys": [_plain(key) for key in keys]}, told, as_json=as_json)


def revoke(
    folder: FolderArgument,
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `trato key list` tells it.")],
    as_json: JsonOption = False,
) -> None:
    """Let a key open nothing any more.

    Example: `trato key revoke shop 5f0c2a91b3d4`
    """
    from datetime import UTC, datetime

    from trato.cli.output import emit
    from trato.company.keys import revoke_key

    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    with _store(folder) as store:
        store.write(lambda it: revoke_key(it, key, now=now))
    emit({"id": key, "revoked_at": now.isoformat()}, [f"key {key} opens nothing any more"], as_json=as_json)


@contextmanager
def _store(folder: Path) -> Iterator[Store]:
    """The company's store. Raises StoreInUse with the remedy that is at hand here."""
    import os

    from trato.company.folder import read_company
    from trato.errors import StoreInUse
    from trato.storage.of_company import open_company_store

    company = read_company(folder)
    try:
        store = open_company_store(company, os.environ)
    except StoreInUse as error:
        raise StoreInUse(
            error.message,
            hint="make it in the console (Keys), or stop `trato serve`, do this, and start it again; "
            "a PostgreSQL store needs no stop",
            where=error.where,
        ) from None
    with store:
        yield store


def _told(key: ApiKey) -> str:
    state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
    return f"{key.id}  {key.label}  {' '.join(sorted(key.scopes))}  made {key.created_at:%Y-%m-%d}  {state}"


def _plain(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }

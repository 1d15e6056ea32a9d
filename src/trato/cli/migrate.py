"""`trato migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `trato migrate`."""
    app.command("migrate")(migrate)


def migrate(
    company: Annotated[
        Path, typer.Option(metavar="DIR", help="The company's folder.", show_default="the current folder")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The store's tables brought up to the version of this program; done twice, it does nothing.

    A store in a file needs it never: opening it does the same.

    Example: `trato migrate --company shop`
    """
    import os

    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.storage.migrate import known_version, migrate_store
    from trato.storage.of_company import company_store_url, open_company_store

    found = read_company(company)
    url = company_store_url(found, os.environ)
    if url.startswith("sqlite:"):
        with open_company_store(found, os.environ):
            kind, version = "sqlite", known_version()
    else:
        kind, version = "postgresql", migrate_store(url)
    emit({"store": kind, "version": version}, [f"the store is at version {version}"], as_json=as_json)

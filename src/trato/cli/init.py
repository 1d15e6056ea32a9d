"""`trato init`."""

from __future__ import annotations

import os
import secrets
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.company import Checked
    from trato.batch.engine import Engine
    from trato.company.fresh import Answers, TableFound


class Unit(StrEnum):
    """To whom beliefs and treatments belong."""

    PERSON = "person"
    HOUSEHOLD = "household"
    ACCOUNT = "account"


class Language(StrEnum):
    """The languages a company may speak."""

    EN = "en"
    ES = "es"
    PT = "pt"


class DecimalMark(StrEnum):
    """How amounts are written."""

    POINT = "point"
    COMMA = "comma"


def register(app: typer.Typer) -> None:
    """Add `trato init`."""
    app.command("init")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; it may be there already.")],
    table: Annotated[
        Path | None,
        typer.Option(
            help="Table of purchases or choices (CSV or Parquet) whose columns are to be found out."
        ),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help='How its dates are written: day-first, month-first or "%d/%m/%Y".')
    ] = None,
    decimal: Annotated[DecimalMark | None, typer.Option(help="Its decimal mark: point or comma.")] = None,
    name: Annotated[str | None, typer.Option(help="The company's name (asked for).")] = None,
    language: Annotated[Language | None, typer.Option(help="Its first language (asked for).")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency, such as EUR (asked for).")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="In which its days begin, such as Europe/Madrid (asked for).")
    ] = None,
    unit: Annotated[Unit, typer.Option(help="To whom beliefs and treatments belong.")] = Unit.PERSON,
    as_json: Annotated[bool, typer.Option("--json", help="Ask nothing, and print one JSON object.")] = False,
) -> None:
    """A new company folder: commented files to change by hand, which `trato check` accepts as they are.

    Asks what is not said by options; where nobody can answer, takes en, EUR, UTC and the folder's name. With
    --table, finds out which column means what. Makes the master key of the store. Overwrites nothing.

    Example: `trato init shop --table purchases.csv`
    """
    from trato.batch.company import check_folder
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.cli.output import emit
    from trato.company.fresh import Answers, write_folder
    from trato.storage.of_company import make_company_key

    with DuckDBEngine() as engine:
        mark = decimal.value if decimal else None
        found = _found(engine, folder, table, dates, mark) if table else None
        ask = not as_json and sys.stdin.isatty()
        answers = Answers(
            name=name or _asked("What is the company called?", folder.resolve().name or "company", ask=ask),
            language=language.value if language else _language(ask=ask),
            currency=_currency(currency, ask=ask),
            time_zone=_time_zone(time_zone, ask=ask),
            unit=unit.value,
        )
        _must_have_account(answers)
        written = write_folder(folder, answers, found)
        key = make_company_key(folder, os.environ, secrets.token_bytes)
        checked = check_folder(engine, folder)
    told = {
        "folder": str(folder),
        "files": [str(path) for path in written],
        "table": None if found is None else {"kind": found.kind, "columns": dict(found.columns)},
        "master_key": None if key is None else str(key),
        "sound": checked.sound,
    }
    emit(told, lines(written, found, checked, key), as_json=as_json)
    if not checked.sound:
        raise typer.Exit(3)


def lines(
    written: tuple[Path, ...], found: TableFound | None, checked: Checked, key: Path | None
) -> Iterator[str]:
    """What people read."""
    yield "written:"
    for path in written:
        yield f"  {path}"
    if found is not None:
        yield "which column means what; look whether it is right:"
        for role, column in found.columns.items():
            yield f"  {role:<11}{column}"
    for fault in checked.faults:
        yield str(fault)
    yield f"the master key: {key or 'that of the environment'}"
    yield "  whoever loses it loses the personal data in the store: keep a copy safe, apart from the store"
    yield f"change the files as you like, then: trato check {checked.company.folder}"


def _asked(question: str, usual: str, *, ask: bool) -> str:
    return str(typer.prompt(question, default=usual, err=True)).strip() if ask else usual


def _language(*, ask: bool) -> str:
    from trato.errors import BadOption

    language = _asked("Which language comes first: en, es or pt?", Language.EN.value, ask=ask)
    if language not in set(Language):
        raise BadOption(f"{language!r} is none of the languages", hint="say en, es or pt")
    return language


def _currency(given: str | None, *, ask: bool) -> str:
    from trato.company.settings import minor_units_of
    from trato.errors import BadOption

    currency = (given or _asked("In which currency does it count?", "EUR", ask=ask)).strip().upper()
    if minor_units_of(currency) is None:
        raise BadOption(f"{currency!r} is no currency", hint="say its code of three letters, such as EUR")
    return currency


def _time_zone(given: str | None, *, ask: bool) -> str:
    from zoneinfo import available_timezones

    from trato.errors import BadOption, nearest

    zone = given or _asked("In which time zone do its days begin?", "UTC", ask=ask)
    zones = sorted(available_timezones())
    if zone not in zones:
        close = nearest(zone, zones)
        raise BadOption(
            f"there is no time zone {zone!r}",
            hint=f"did you mean {close}?" if close else "say it like Europe/Madrid",
        )
    return zone


def _must_have_account(answers: Answers) -> None:
    from trato.errors import BadOption

    if answers.unit == Unit.ACCOUNT.value:
        raise BadOption(
            "an account needs a column that no proposal can find for you",
            hint="begin with --unit person; then map account in sources.yaml and change company.yaml",
        )


def _found(engine: Engine, folder: Path, table: Path, dates: str | None, decimal: str | None) -> TableFound:
    from trato.batch.propose import must_be_legible, propose
    from trato.batch.tables import must_be_readable
    from trato.company.fresh import TableFound

    must_be_readable(table)
    proposal = propose(table)
    must_be_legible(engine, table, proposal, dates, decimal)
    file = Path(os.path.relpath(table.resolve(), folder.resolve()))
    return TableFound(file.as_posix(), proposal.kind, proposal.identifier, proposal.columns, dates, decimal)

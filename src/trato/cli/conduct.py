"""`trato conduct`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trato.customize.publish import Act


class Conducted(StrEnum):
    """Who chooses."""

    SYSTEM = "system"
    PERSON = "person"


def register(app: typer.Typer) -> None:
    """Add `trato conduct`."""
    app.command("conduct")(conduct)


def conduct(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    programme: Annotated[str, typer.Argument(metavar="PROGRAMME", help="A key of treatments.yaml.")],
    by: Annotated[str, typer.Option(help="Who decides this, as it is kept.")],
    to: Annotated[Conducted, typer.Option(help="Who chooses from now on.")] = Conducted.SYSTEM,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give a programme that a person conducts to the system, once its verdict allows; or take it back.

    It is given only when the last look at its verdict says that differing pays (`trato programme --look`).
    Taking it back needs no verdict. Who did it, when, and on which look, is kept. While `trato serve` has an
    embedded store open, stop it first.

    Example: `trato conduct shop letters --by "Eva Lima"`
    """
    import os
    from datetime import UTC, datetime

    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.models import Models
    from trato.customize.publish import acts_on, automate, publish, take_back
    from trato.errors import BadOption
    from trato.storage.of_company import open_company_store

    name = by.strip()
    if not name:
        raise BadOption("nobody is named who decides this", hint='--by "Eva Lima"')
    company = read_company(folder)
    one = serving_of(company, Models()).programme(programme)
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    change = automate if to is Conducted.SYSTEM else take_back
    with open_company_store(company, os.environ) as store:
        store.write(lambda it: publish(it, one, now=now))
        served = store.write(lambda it: change(it, one.key, by=name, now=now))
        acts = store.read(lambda it: acts_on(it, one.key))
    told = {
        "programme": one.key,
        "conducted": served.conducted,
        "acts": [
            {"at": act.at.isoformat(), "by": act.by, "conducted": act.conducted, "look": act.look}
            for act in acts
        ],
    }
    emit(told, lines(one.key, served.conducted, acts), as_json=as_json)


def lines(programme: str, conducted: str, acts: Sequence[Act]) -> Iterator[str]:
    """What people read."""
    yield f"{programme} is conducted by {'the system' if conducted == 'system' else 'a person'} now"
    for act in acts:
        look = "" if act.look is None else f", on look {act.look}"
        yield f"  {act.at:%Y-%m-%d %H:%M}  to the {act.conducted}, by {act.by}{look}"

"""`trato demo`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.demo import Study
    from trato.pages.report import Report
    from trato.pages.words import Words


class Language(StrEnum):
    """The languages of the report."""

    EN = "en"
    ES = "es"
    PT = "pt"


def register(app: typer.Typer) -> None:
    """Add `trato demo`."""
    app.command("demo")(demo)


def demo(
    out: Annotated[
        Path,
        typer.Option(
            file_okay=False, metavar="DIR", help="Folder for the report and the tables; made if missing."
        ),
    ] = Path("grocer"),
    lang: Annotated[Language, typer.Option(help="Language to begin with; the report holds all three.")] = (
        Language.EN
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The whole method on a real grocer's year, then where to look.

    2,469 households: what they are worth, what they want, and where treating them differently is worth
    trying. Needs the extra `[demo]`. Writes a report that opens in any browser, without a network, and the
    tables that the three commands write.

    Example: `trato demo --out grocer --lang es`
    """
    import json

    from trato import __version__
    from trato.batch.demo import settings, study, tables
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.writing import whole_file
    from trato.cli.output import emit, progress
    from trato.pages.gather import report_of
    from trato.pages.render import render
    from trato.pages.words import words

    data = tables()
    with DuckDBEngine() as engine:
        found = study(engine, data, out, hand=settings(), progress=progress)
        report = report_of(found, version=__version__)
    page = out / "report.html"
    with progress("writing the report"), whole_file(page) as draft:
        draft.write_text(render(report, first=lang.value), encoding="utf-8")
    told = summary(found, report, page)
    with whole_file(out / "summary.json") as draft:
        draft.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    emit(told, lines(report, words(lang.value), page), as_json=as_json)


def summary(found: Study, report: Report, page: Path) -> dict[str, object]:
    """The study in plain values, as `--json` prints it."""
    from dataclasses import asdict

    from trato.batch import appraise, needs
    from trato.cli import value

    return {
        "report": str(page),
        "households": report.value.customers,
        "money": report.money,
        "currency": report.currency,
        "value": value.summary(found.value),
        "needs": needs.summary(found.needs),
        "appraisal": appraise.summary(found.appraisal),
        "campaigns": [asdict(one) for one in report.campaigns],
        "seed": report.made.seed,
    }


def lines(report: Report, words: Words, page: Path) -> Iterator[str]:
    """What people read: the report in short, then where to look."""
    import textwrap

    from trato.pages.render import plain_findings

    for sentence in plain_findings(report, words.language):
        yield ""
        yield from textwrap.wrap(sentence, 78, initial_indent="  ", subsequent_indent="  ")
    yield ""
    yield "  " + words.plain("demo.look")
    yield f"  {page.resolve()}"

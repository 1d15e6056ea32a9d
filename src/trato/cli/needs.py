"""`trato needs`."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.needs import NeedsReport, Written
    from trato.estimates import Interval

SENTENCES = 4


def register(app: typer.Typer) -> None:
    """Add `trato needs`."""
    app.command("needs")(needs)


def needs(
    choices: Annotated[Path, typer.Argument(help="Table of choices: CSV or Parquet, a row a choice.")],
    customer: Annotated[str, typer.Option(help="Column that names the customer.")],
    component: Annotated[str, typer.Option(help="Column that names what was chosen in, such as a category.")],
    module: Annotated[str, typer.Option(help="Column that names what was chosen.")],
    out: Annotated[Path, typer.Option(help="Where to write BELIEFS (.csv or .parquet).")],
    count: Annotated[
        str | None, typer.Option(help="Column with how often it was chosen (each row counts once).")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Column with the date or time, to tune and judge beliefs on later choices."),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(help="needs.yaml with the names of needs; written with working titles if missing."),
    ] = None,
    max_needs: Annotated[int, typer.Option(min=1, help="Most needs to try.")] = 12,
    model: Annotated[
        Path | None, typer.Option(help="Where to write the model (beside OUT, as .model.json).")
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help='How dates are written: day-first, month-first or "%d/%m/%Y".')
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Groups of customers who want the same, and how much each customer belongs to each.

    Rows of BELIEFS: customer, need (the likeliest), weight (its weight), evidence (choices), and the weight
    of every need as need_1, need_2 …

    Example: `trato needs lines.csv --customer card --component category --module type --out beliefs.csv`
    """
    from trato.batch.choices import ChoicesTable
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.needs import NeedsTable, needs_table, summary, write_needs
    from trato.batch.writing import must_have_folder
    from trato.cli.output import emit, progress, tell_rejects

    asked = NeedsTable(
        ChoicesTable(choices, customer, component, module, count=count, at=at, dates=dates),
        names=names,
        max_needs=max_needs,
        seed=seed,
    )
    must_have_folder(out)
    with DuckDBEngine() as engine:
        report = needs_table(engine, asked, progress)
    written = write_needs(report, out, names=names, model=model)
    tell_rejects(report.reading, written.rejects)
    emit(summary(report), lines(report, out, written), as_json=as_json)


def lines(report: NeedsReport, out: Path, written: Written) -> Iterator[str]:
    """What people read."""
    found = report.needs
    number = found.model.needs
    yield (
        f"{report.customers:,} customers made {report.choices:,} choices among "
        f"{int(found.model.offsets[-1]):,} modules in {_several(len(found.model.components), 'component')}"
    )
    if number == 1:
        yield "one need: as far as these choices tell, customers do not differ in what they want"
    else:
        yield f"{number} needs tell them apart"
    yield ""
    for k in range(number):
        yield from _need(report, k)
    yield from _foreseen(report)
    yield from _warnings(report)
    yield ""
    yield f"beliefs are in {out}, the model in {written.model}"
    if written.names is not None:
        proposed = "a new version for you to check is" if report.names_given else "names to edit are"
        yield f"{proposed} in {written.names}"


def _need(report: NeedsReport, k: int) -> Iterator[str]:
    from trato.batch.needs import sentences

    naming = report.matching.namings[k]
    marks = {
        "kept": "",
        "drifting": "  (drifting: does the name still fit?)",
        "untitled": "  (working title)",
    }
    share = report.needs.shares[k]
    bounds = f"[{100 * share.low:.0f}, {100 * share.high:.0f}]"
    yield f"{k + 1:>3}  {100 * share.mean:>3.0f} % {bounds:<10} {naming.name['en']}{marks[naming.state]}"
    for sentence in sentences(report, k, "en")[:SENTENCES]:
        yield f"{'':21}{sentence}"


def _foreseen(report: NeedsReport) -> Iterator[str]:
    judged = report.needs.foresight
    if judged is None:
        yield "not judged on later choices: that needs a column of dates (--at) that differ"
        return
    yield ""
    yield (
        f"judged on {judged.choices:,} later choices: the belief gives the module that was chosen "
        f"{_times(judged.belief)} times the probability that the population's shares give it"
    )
    yield f"  (the needs alone {_times(judged.needs)}; geometric means, 95 % intervals over customers)"


def _warnings(report: NeedsReport) -> Iterator[str]:
    found = report.needs
    if not found.classes.converged:
        yield "CAUTION: the search had not come to rest; do not rely on these needs"
    if found.classes.capped:
        yield f"BIC asked for the most needs allowed, {found.model.needs}: raise --max-needs to see more"
    if not report.dated:
        yield "without later choices the trust in own choices rests on a random half, which flatters it"
    for lost in report.matching.lost:
        yield f"the name {lost.name['en']!r} no longer fits any need"


def _times(gain: Interval) -> str:
    return f"{exp(gain.mean):.2f} [{exp(gain.low):.2f}, {exp(gain.high):.2f}]"


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"

"""`trato appraise`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.appraise import AppraisalReport
    from trato.differentiate.needs.choices import WindowEdges
    from trato.measure.appraise import Component
    from trato.measure.rungs import Rung

SHOWN = 12

RUNGS: tuple[tuple[Rung, str], ...] = (
    ("one_to_one", "one to one is worth trying"),
    ("niche", "groups are worth trying"),
    ("not_yet", "not yet: too early to say"),
    ("mass", "mass: the same for all"),
)


def register(app: typer.Typer) -> None:
    """Add `trato appraise`."""
    app.command("appraise")(appraise)


def appraise(
    choices: Annotated[Path, typer.Argument(help="Table of choices: CSV or Parquet, a row a choice.")],
    customer: Annotated[str, typer.Option(help="Column that names the customer.")],
    at: Annotated[str, typer.Option(help="Column with the date or time.")],
    component: Annotated[str, typer.Option(help="Column that names what was chosen in, such as a category.")],
    module: Annotated[str, typer.Option(help="Column that names what was chosen.")],
    out: Annotated[Path, typer.Option(help="Where to write GAINS (.csv or .parquet).")],
    count: Annotated[
        str | None, typer.Option(help="Column with how often it was chosen (each row counts once).")
    ] = None,
    margin: Annotated[
        str | None,
        typer.Option(help="Money a right guess is worth: a figure, or the column with a choice's margin."),
    ] = None,
    variety_cost: Annotated[
        float | None,
        typer.Option(help="Money a choice that a step up the ladder must earn, in place of --material."),
    ] = None,
    material: Annotated[
        float, typer.Option(help="Share of right guesses that a step up the ladder must gain.")
    ] = 0.02,
    max_groups: Annotated[int, typer.Option(min=1, help="Most groups of a niche in one component.")] = 5,
    min_choices: Annotated[
        int, typer.Option(min=0, help="Leave out components with fewer choices, unless they have one module.")
    ] = 0,
    tune_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day to tune on (4/9 into the span of time)."),
    ] = None,
    judge_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day to judge on (6/9 into the span of time)."),
    ] = None,
    interacts: Annotated[
        bool | None,
        typer.Option(help="You can, or cannot, exchange words with each customer (the choices tell)."),
    ] = None,
    treats: Annotated[
        bool | None,
        typer.Option(help="You can, or cannot, treat each customer differently (the choices tell)."),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help='How dates are written: day-first, month-first or "%d/%m/%Y".')
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: point or comma.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Where customers differ predictably enough to be worth treating differently: mass, niche or one to one.

    Rows of GAINS: component, modules, customers, choices, niche_gain, niche_low, niche_high (nats a choice
    over mass), one_gain, one_low, one_high (over niche), hit_mass, hit_niche, hit_one, worth_trying (mass,
    niche, one_to_one or not_yet), reason, and more.

    Example: `trato appraise lines.csv --customer card --at date --component category --module type --out
    gains.csv`
    """
    from os import cpu_count

    from trato.batch.appraise import AppraisalTable, appraise_table, summary, write_gains
    from trato.batch.choices import ChoicesTable
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.writing import must_have_folder
    from trato.cli.output import emit, progress, tell_rejects
    from trato.measure.appraise import Settings

    figure, margin_column = _figure_or_column(margin)
    table = ChoicesTable(
        choices,
        customer,
        component,
        module,
        count=count,
        at=at,
        dates=dates,
        margin=margin_column,
        decimal=decimal,
        edges=_edges(tune_from, judge_from),
    )
    settings = Settings(
        max_groups=max_groups,
        material=material,
        variety_cost=variety_cost,
        min_choices=min_choices,
        seed=seed,
    )
    workers = min(cpu_count() or 1, 8)
    asked = AppraisalTable(table, settings, figure, interacts, treats, workers)
    must_have_folder(out)
    with DuckDBEngine() as engine:
        report = appraise_table(engine, asked, progress)
    rejects = write_gains(report, out)
    tell_rejects(report.reading, rejects)
    emit(summary(report), lines(report, out), as_json=as_json)


def lines(report: AppraisalReport, out: Path) -> Iterator[str]:
    """What people read: words first, the components that gain most first."""
    from trato.measure.experience import SENTENCES

    yield from _setting(report)
    components = report.appraisal.components
    for rung, title in RUNGS:
        of = [component for component in components if component.worth_trying.rung == rung]
        if not of:
            continue
        yield ""
        yield f"{title}: {_several(len(of), 'component')}"
        for component in of[:SHOWN]:
            yield f"  {component.name[:34]:<34}  {_said(component)}"
        if len(of) > SHOWN:
            yield f"  … and {len(of) - SHOWN:,} more"
    if report.appraisal.left_out:
        yield ""
        left = _several(report.appraisal.left_out, "component")
        yield f"left out: {left} with fewer than {report.appraisal.settings.min_choices:,} choices"
    experience = report.experience
    yield ""
    can = "you can deliver" if experience.declared else "as far as these choices show, you could deliver"
    yield f"{can} {SENTENCES[experience.kind]}:"
    yield f"  {SENTENCES[experience.interacts.why]}; {SENTENCES[experience.treats.why]}"
    if not experience.declared:
        yield "  if you can do more or less than that, say so: --interacts, --treats"
    yield ""
    yield "worth trying is not yet proof that it pays: only a randomised trial shows that"
    yield f"gains are in {out}"


def _setting(report: AppraisalReport) -> Iterator[str]:
    whole = report.appraisal.whole
    if report.judge_from is None:
        yield f"all choices fall on one moment, {report.first:%Y-%m-%d}: there are no later ones to judge on"
        return
    if whole is None:
        yield "no component could be judged: too few customers chose before and again later"
        return
    yield (
        f"learnt from {report.first:%Y-%m-%d} on, judged on {whole.choices:,} choices that customers seen "
        f"before made from {report.judge_from:%Y-%m-%d} to {report.last:%Y-%m-%d}"
    )
    before, gain = whole.hits_mass, whole.hits
    if not whole.carriers:
        yield f"treating everybody alike, {100 * before:.0f} of 100 guesses are right"
        return
    yield (
        f"following this, {100 * (before + gain.mean):.0f} of 100 guesses are right instead of "
        f"{100 * before:.0f} (+{100 * gain.mean:.1f} [{100 * gain.low:.1f}, {100 * gain.high:.1f}])"
    )
    if whole.in_money:
        gained = whole.gained
        yield f"  worth {gained.mean:,.0f} [{gained.low:,.0f}, {gained.high:,.0f}] on these choices"
    half = next(n for n, one in enumerate(whole.carriers, 1) if one.cumulative >= 0.5)
    judged = sum(component.judged is not None for component in report.appraisal.components)
    carry = "carries" if half == 1 else "carry"
    yield f"{_several(half, 'component')} of {judged:,} {carry} half of the gain"


def _said(component: Component) -> str:
    judged, choice = component.judged, component.worth_trying
    if choice.reason == "one_module":
        return "one module: nothing to vary"
    if choice.reason == "no_later_choices":
        return "nobody chose later: nothing to judge on"
    if judged is None:
        return f"too few customers chose before and again later ({component.customers:,} in all)"
    mass, niche, one = (f"{100 * rate:.0f}" for rate in judged.hits)
    gain = judged.ladder.over_mass(choice.rung).hits
    points = f"{100 * gain.mean:+.1f} [{100 * gain.low:.1f}, {100 * gain.high:.1f}]"
    if choice.rung == "one_to_one":
        return f"{one} of 100 guesses right instead of {mass} ({points}); {niche} by groups"
    if choice.rung == "niche":
        groups = f"by {judged.groups} groups; {one} one by one"
        return f"{niche} of 100 guesses right instead of {mass} ({points}) {groups}"
    if choice.rung == "mass":
        return f"{mass} of 100 guesses right; one to one gains too little ({points})"
    doubt = ", but what is popular has changed meanwhile" if choice.reason == "fashion" else ""
    more = f"; about {choice.more_customers:,} more customers would tell" if choice.more_customers else ""
    return f"{one} of 100 guesses right instead of {mass} ({points}){doubt}{more}"


def _figure_or_column(margin: str | None) -> tuple[float | None, str | None]:
    if margin is None:
        return None, None
    try:
        return float(margin), None
    except ValueError:
        return None, margin


def _edges(tune_from: datetime | None, judge_from: datetime | None) -> WindowEdges | None:
    import numpy as np

    from trato.differentiate.needs.choices import WindowEdges
    from trato.errors import BadOption

    if tune_from is None and judge_from is None:
        return None
    if tune_from is None or judge_from is None:
        raise BadOption("--tune-from and --judge-from go together", hint="give both, or neither")
    return WindowEdges(np.datetime64(tune_from), np.datetime64(judge_from))


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"

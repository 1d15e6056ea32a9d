"""`trato evaluate`."""

from __future__ import annotations

from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.evaluate import EvaluationReport, PolicyValue
    from trato.estimates import Interval


def register(app: typer.Typer) -> None:
    """Add `trato evaluate`."""
    app.command("evaluate")(evaluate)


def evaluate(
    log: Annotated[Path, typer.Argument(help="Log of decisions: CSV or Parquet, a row a decision.")],
    treatment: Annotated[str, typer.Option(help="Column with the treatment that was given.")],
    outcome: Annotated[str, typer.Option(help="Column with what came of it, net of cost if costs count.")],
    propensity: Annotated[
        str, typer.Option(help="Column with the probability it was given with, or a figure for all rows.")
    ],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="Column with the treatment that a policy would give; repeatable (each treatment for all)."
        ),
    ] = None,
    features: Annotated[
        list[str] | None, typer.Option(help="Column known before the decision; repeatable.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Column that names the customer or household (each row its own).")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where to write the rows put aside, as REJECTS.rejects.csv.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: point or comma.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What other policies would have brought, from a log of randomised decisions.

    Three estimates of the outcome per decision (IPS, SNIPS, DR), each with a 95 % interval, how many
    customers treated so would say as much, and what to beware of. What the log cannot answer is not claimed.

    Example: `trato evaluate log.csv --treatment mail --outcome spend --propensity p --policy model
    --features recency --unit customer`
    """
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.evaluate import LogTable, evaluate_table, summary
    from trato.batch.writing import must_have_folder, write_rejects
    from trato.cli.output import emit, progress, tell_put_aside

    asked = LogTable(
        log=log,
        treatment=treatment,
        outcome=outcome,
        propensity=_figure_or_column(propensity),
        policies=tuple(policy or ()),
        features=tuple(features or ()),
        unit=unit,
        decimal=decimal,
        seed=seed,
    )
    if rejects is not None:
        must_have_folder(rejects)
    with DuckDBEngine() as engine:
        report = evaluate_table(engine, asked, progress)
    written = write_rejects(report.rejects, rejects) if rejects is not None else None
    tell_put_aside(report.rejects, written)
    emit(summary(report), lines(report), as_json=as_json)


def lines(report: EvaluationReport) -> Iterator[str]:
    """The same for people."""
    units = "" if report.units == report.decisions else f" of {_several(report.units, 'customer')}"
    treatments = _several(len(report.treatments), "treatment")
    yield f"{_several(report.decisions, 'decision')}{units}, {treatments}"
    yield f"per decision, as logged: {_interval(report.logged)}"
    for policy in report.policies:
        yield ""
        yield from _policy(policy, report.policies[0].name)
    yield ""
    yield "intervals are of 95 %; the policies must have been made without these outcomes"


def _policy(policy: PolicyValue, first: str) -> Iterator[str]:
    yield policy.name
    one = policy.estimates[0]
    if one.claimed:
        for told in policy.estimates:
            yield f"  {told.method.upper():5} {_interval(told.value)}"
        yield f"  as sure as {one.effective:,.0f} customers treated so"
    else:
        yield "  not claimed: the log cannot answer"
    for caution in one.warnings:
        yield f"  beware: {caution.says}"
    if policy.over_first is not None and one.claimed:
        over = policy.over_first
        more = _interval(over.value, sign="+") if over.claimed else "not claimed: too few decisions differ"
        yield f"  over {first}: {more}"


def _interval(value: Interval, sign: str = "") -> str:
    if isinf(value.low):
        return f"{value.mean:{sign},.4g}, too few to say how sure"
    digits = f"{sign},.4g"
    return f"{value.mean:{digits}} [{value.low:{digits}}, {value.high:{digits}}]"


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _figure_or_column(propensity: str) -> str | float:
    try:
        return float(propensity)
    except ValueError:
        return propensity

"""`trato verdict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trato.batch.looks import Look
    from trato.batch.verdict import VerdictReport
    from trato.estimates import Interval
    from trato.measure.verdict import Verdict

WIDE = 28

SENTENCES = {
    "personalise": "personalise: treating customers differently pays",
    "groups": "groups: treating the declared groups differently pays, one by one is not proven to pay more",
    "dont": "don't: the same treatment for all is as good as can be told apart",
    "not_yet": "not yet",
}


def register(app: typer.Typer) -> None:
    """Add `trato verdict`."""
    app.command("verdict")(verdict)


def verdict(
    log: Annotated[
        Path, typer.Argument(help="Log of a trial: CSV or Parquet, a row a treatment given at random.")
    ],
    treatment: Annotated[str, typer.Option(help="Column that names the treatment given.")],
    outcome: Annotated[str, typer.Option(help="Column with what came of it, as a number.")],
    propensity: Annotated[
        str | None,
        typer.Option(help="Column with the chance with which it was given (its share of the log)."),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(help="Columns known before it, several by commas (all others that are no ids)."),
    ] = None,
    groups: Annotated[
        list[str] | None, typer.Option(help="Columns whose values make the groups that could be treated.")
    ] = None,
    treatments: Annotated[
        list[str] | None, typer.Option(help="Compare these treatments only; repeat it for each.")
    ] = None,
    nothing: Annotated[
        str | None, typer.Option(help="The treatment that is nothing (found by its name).")
    ] = None,
    capacity: Annotated[
        float | None, typer.Option(help="At most this share may get another treatment than nothing.")
    ] = None,
    cost: Annotated[
        list[str] | None, typer.Option(help="What giving a treatment costs, as TREATMENT=MONEY; repeatable.")
    ] = None,
    value: Annotated[float, typer.Option(help="Money that an outcome of 1 is worth.")] = 1.0,
    worthwhile: Annotated[
        float | None,
        typer.Option(help="Smallest gain a customer that would matter (2 % of the best treatment's value)."),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Column that names the customer, where one has several rows.")
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            help="The share of customers a treatment was meant for, as TREATMENT=SHARE; repeatable."
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="The programme still runs: look often, rows in their order of time."),
    ] = False,
    looks: Annotated[int, typer.Option(min=1, help="How many looks --live takes at the rows so far.")] = 20,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: point or comma.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Whether treating customers differently pays: personalise, groups, don't, or not yet.

    Example: `trato verdict trial.csv --treatment mail --outcome visit --features age,bought --capacity 0.5`
    """
    import os
    from datetime import UTC, datetime

    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.looks import note_look, state_folder
    from trato.batch.trial import VerdictTable
    from trato.batch.verdict import summary, verdict_of_table
    from trato.cli.output import emit, progress, tell_rejects

    asked = VerdictTable(
        log,
        treatment,
        outcome,
        propensity=propensity,
        features=None if features is None else _named(features),
        groups=_named(groups or []),
        unit=unit,
        kept=tuple(treatments or ()),
        nothing=nothing,
        capacity=capacity,
        costs=_figures(cost or [], "--cost"),
        shares=_figures(share or [], "--share"),
        value=value,
        worthwhile=worthwhile,
        decimal=decimal,
        looks=looks if live else None,
        seed=seed,
    )
    with DuckDBEngine() as engine:
        report = verdict_of_table(engine, asked, progress)
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    look = note_look(state_folder(os.environ), *report.digests, report.verdict.verdict, now)
    tell_rejects(report.trial.reading, None)
    emit(summary(report, look), lines(report, look), as_json=as_json)


def lines(report: VerdictReport, look: Look) -> Iterator[str]:
    """What people read: the verdict, why, and every policy with its interval."""
    found = report.verdict
    yield from _said(report)
    for reason in found.reasons:
        yield f"  {reason}"
    for check in found.checks:
        if check.passed is not False or check.said not in found.reasons:
            yield f"  {'not checked' if check.passed is None else 'checked'}: {check.said}"
    if report.nothing_found:
        yield f"  {report.question.nothing!r} is taken for nothing (say --nothing if it is not)"
    yield ""
    yield from _policies(found)
    yield ""
    by = sorted(set(found.learners))
    yield f"the policy follows {', '.join(by)}; chosen without the rows it is judged on"
    if report.trial.left_out:
        left = ", ".join(f"{name} ({why})" for name, why in report.trial.left_out.items())
        yield f"columns left out: {left}"
    yield from _looks(report, look)


def _said(report: VerdictReport) -> Iterator[str]:
    found, asked = report.verdict, report.question
    sentence = SENTENCES[found.verdict]
    if found.verdict == "not_yet" and found.customers_needed is not None:
        sentence += f": about {found.customers_needed:,} more customers would tell"
    yield sentence
    worth = "value" if asked.value != 1 or asked.costs else "outcome"
    net = ", net of cost" if asked.costs else ""
    by = "by groups " if found.verdict == "groups" else ""
    doubt = "" if found.provable else ", if it could be believed"
    if set(found.learners) == {"the best single treatment"}:
        yield f"  the policy is {found.best!r} for all: nothing that departs from it looked better"
    else:
        yield f"  {_shown(found.difference)} {worth} a customer{net}, {by}against {found.best!r}{doubt}"
    gained = found.incremental
    if gained is not None and asked.capacity is not None:
        more = gained.more
        yield (
            f"  {100 * more.mean:+.0f} % [{100 * more.low:.0f}, {100 * more.high:.0f}] of what the same "
            f"treatment brings a random {100 * asked.capacity:g} %"
        )


def _policies(found: Verdict) -> Iterator[str]:
    """A line a policy: its value with its interval, drawn to one scale."""
    ends = [
        end for one in found.policies for end in (one.value.low, one.value.high) if abs(end) < float("inf")
    ]
    least, most = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if found.provable:
        yield "what each would bring a customer, with its 95 % interval"
    else:
        yield "what this log shows of each, which proves nothing"
    learners = [one for one in found.policies if one.kind == "learner"]
    for one in found.policies:
        if one.kind == "learner":
            continue
        name = {"policy": "the policy", "groups": "by groups", "random": "at random"}.get(one.kind, one.name)
        drawn = _drawn(one.value, least, most)
        yield f"  {name[:34]:<34} {_plain(one.value):>30}  {drawn}"
    if learners:
        best = learners[0]
        yield f"  (single learners, not judged: the best-looking one, {best.name}, {_plain(best.value)})"


def _looks(report: VerdictReport, look: Look) -> Iterator[str]:
    if report.watched is not None:
        taken = report.watched.looks
        yield f"{len(taken)} looks at the rows as they came, up to row {taken[-1].rows:,}"
        yield "  their bounds hold at all looks together"
    if look.register is None:
        yield f"this look could not be registered ({look.why_not}): keep count of your looks yourself"
        return
    yield f"look {look.number} at this log, of {look.of} so far ({look.register})"
    if look.of > 1 and report.watched is None:
        yield "  each look may be wrong in its own right: trust the one that was planned before"


def _drawn(one: Interval, least: float, most: float) -> str:
    def at(end: float) -> int:
        share = (min(max(end, least), most) - least) / (most - least) if most > least else 0.5
        return round(share * (WIDE - 1))

    marks = [" "] * WIDE
    for place in range(at(one.low), at(one.high) + 1):
        marks[place] = "─"
    marks[at(one.mean)] = "●"
    return "".join(marks).rstrip()


def _plain(one: Interval) -> str:
    return f"{one.mean:.4g} [{one.low:.4g}, {one.high:.4g}]"


def _shown(one: Interval) -> str:
    return f"{one.mean:+.4g} [{one.low:.4g}, {one.high:.4g}]"


def _named(said: Sequence[str]) -> tuple[str, ...]:
    """Names that were repeated, or separated by commas."""
    return tuple(dict.fromkeys(name.strip() for one in said for name in one.split(",") if name.strip()))


def _figures(said: Sequence[str], option: str) -> dict[str, float]:
    from trato.errors import BadOption

    found = {}
    for one in said:
        name, equals, figure = one.rpartition("=")
        try:
            found[name.strip()] = float(figure)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise BadOption(f"{one!r} does not say how much of what", hint=f"{option} TREATMENT=0.5")
    return found

"""`trato appraise`: a table of choices in, one row a component out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.choices import ChoicesTable, count_choices
from trato.batch.writing import write_rejects, write_table
from trato.differentiate.needs.choices import CHOICE_SPAN
from trato.errors import BadOption
from trato.measure.appraise import MODULE_MARGINS, Appraisal, Component, Settings, appraise
from trato.measure.experience import Experience, deliverable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading
    from trato.differentiate.needs.choices import Choices
    from trato.estimates import Interval

FEW_COMPONENTS = 8

GAINS: dict[str, str] = {
    "component": "string",
    "modules": "int64",
    "customers": "int64",
    "choices": "int64",
    "niche_gain": "double",
    "niche_low": "double",
    "niche_high": "double",
    "one_gain": "double",
    "one_low": "double",
    "one_high": "double",
    "hit_mass": "double",
    "hit_niche": "double",
    "hit_one": "double",
    "worth_trying": "string",
    "reason": "string",
    "more_customers": "int64",
    "one_over_mass": "double",
    "one_over_mass_low": "double",
    "one_over_mass_high": "double",
    "hits_niche": "double",
    "hits_niche_low": "double",
    "hits_niche_high": "double",
    "hits_one": "double",
    "hits_one_low": "double",
    "hits_one_high": "double",
    "hits_one_over_mass": "double",
    "hits_one_over_mass_low": "double",
    "hits_one_over_mass_high": "double",
    "money_niche": "double",
    "money_niche_low": "double",
    "money_niche_high": "double",
    "money_one": "double",
    "money_one_low": "double",
    "money_one_high": "double",
    "money_one_over_mass": "double",
    "money_one_over_mass_low": "double",
    "money_one_over_mass_high": "double",
    "niche_in_its_time": "double",
    "niche_in_its_time_low": "double",
    "niche_in_its_time_high": "double",
    "one_over_mass_in_its_time": "double",
    "one_over_mass_in_its_time_low": "double",
    "one_over_mass_in_its_time_high": "double",
    "gained": "double",
    "judged_customers": "int64",
    "judged_choices": "int64",
    "known": "double",
    "groups": "int64",
    "grouped": "bool",
}


@dataclass(frozen=True, slots=True)
class AppraisalTable:
    """What to read and how to appraise it.

    `margin` is what a right guess is worth, as a figure for all; a column with the margin of each choice is
    named in `choices`. `interacts` and `treats` declare what the company can do; None where its choices
    shall show it.
    """

    choices: ChoicesTable
    settings: Settings = field(default_factory=Settings)
    margin: float | None = None
    interacts: bool | None = None
    treats: bool | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True)
class AppraisalReport:
    """What came of it. The moments are None where the choices fall on one moment, so that none is later."""

    reading: Reading
    customers: int
    first: datetime
    last: datetime
    tune_from: datetime | None
    judge_from: datetime | None
    appraisal: Appraisal
    experience: Experience


def appraise_table(
    engine: Engine,
    asked: AppraisalTable,
    progress: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> AppraisalReport:
    """Read and appraise. Writes nothing. Raises the reading errors of `Engine.read`, and BadOption."""
    _must_make_sense(asked)
    with progress(f"reading {asked.choices.choices.name}"):
        counted = count_choices(engine, asked.choices)
        choices = counted.choices
        margins = _margins(engine, asked, choices)
    several = f"{len(choices.components):,} components" if len(choices.components) > 1 else "one component"
    with progress(f"appraising {several}"):
        appraisal = appraise(
            choices,
            asked.settings,
            margins=margins,
            workers=asked.workers if len(choices.components) >= FEW_COMPONENTS else 1,
        )
    span = engine.run(CHOICE_SPAN).to_pylist()[0]
    edges = counted.edges
    return AppraisalReport(
        reading=counted.reading,
        customers=len(choices.customers),
        first=span["first_at"],
        last=span["last_at"],
        tune_from=_moment(edges.inner) if edges else None,
        judge_from=_moment(edges.judged) if edges else None,
        appraisal=appraisal,
        experience=deliverable(choices, interacts=asked.interacts, treats=asked.treats),
    )


def write_gains(report: AppraisalReport, out: Path) -> Path | None:
    """Write GAINS to `out`, and the rows put aside beside it; the path of the latter, None without any."""
    write_table(gains_table(report.appraisal), out)
    return write_rejects(report.reading.rejects, out)


def gains_table(appraisal: Appraisal) -> pa.Table:
    """One row a component, those that gain most first; empty cells where nothing could be judged."""
    import pyarrow as pa

    rows = [row(component) for component in appraisal.components]
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in GAINS.items()])
    return pa.Table.from_pylist(rows, schema=schema)


def row(component: Component) -> dict[str, object]:
    """A component as a row of GAINS. Gains are per judged choice; a component of one module gains nothing."""
    told: dict[str, object] = dict.fromkeys(GAINS)
    told |= {
        "component": component.name,
        "modules": component.modules,
        "customers": component.customers,
        "choices": component.choices,
        "worth_trying": component.worth_trying.rung,
        "reason": component.worth_trying.reason,
        "more_customers": component.worth_trying.more_customers,
        "gained": component.gained,
    }
    if component.modules == 1:
        told |= dict.fromkeys([name for name in GAINS if name.startswith(("niche_", "one_", "hits_"))], 0.0)
        told |= {"hit_mass": 1.0, "hit_niche": 1.0, "hit_one": 1.0}
    judged = component.judged
    if judged is None:
        return told
    ladder = judged.ladder
    steps = (
        ("niche", ladder.niche_over_mass),
        ("one", ladder.one_to_one_over_niche),
        ("one_over_mass", ladder.one_to_one_over_mass),
    )
    for name, gain in steps:
        told |= _with_bounds(name, gain.nats)
        told |= _with_bounds(f"hits_{name}", gain.hits)
        if gain.money is not None:
            told |= _with_bounds(f"money_{name}", gain.money)
    told |= _with_bounds("niche_in_its_time", ladder.niche_over_mass.nats_in_its_time)
    told |= _with_bounds("one_over_mass_in_its_time", ladder.one_to_one_over_mass.nats_in_its_time)
    told["niche_gain"], told["one_gain"] = told.pop("niche"), told.pop("one")
    told |= dict(zip(("hit_mass", "hit_niche", "hit_one"), judged.hits, strict=True))
    told |= {
        "judged_customers": judged.customers,
        "judged_choices": judged.choices,
        "known": judged.known,
        "groups": judged.groups,
        "grouped": judged.grouped,
    }
    return {name: told[name] for name in GAINS}


def summary(report: AppraisalReport) -> dict[str, object]:
    """The report in plain values, as `--json` prints it."""
    appraisal = report.appraisal
    settings, whole = appraisal.settings, appraisal.whole
    return {
        "rows": report.reading.rows,
        "rows_put_aside": report.reading.rejected,
        "customers": report.customers,
        "windows": {
            "first": report.first.isoformat(),
            "tune_from": report.tune_from.isoformat() if report.tune_from else None,
            "judge_from": report.judge_from.isoformat() if report.judge_from else None,
            "last": report.last.isoformat(),
        },
        "settings": {
            "material": None if settings.variety_cost is not None else settings.material,
            "variety_cost": settings.variety_cost,
            "max_groups": settings.max_groups,
            "min_choices": settings.min_choices,
            "fewest_customers": settings.fewest_customers,
            "replicates": settings.replicates,
            "seed": settings.seed,
        },
        "components": [row(component) for component in appraisal.components],
        "left_out": appraisal.left_out,
        "whole": None
        if whole is None
        else {
            "unit": "money" if whole.in_money else "nats",
            "choices": whole.choices,
            "gained": _interval(whole.gained),
            "hit_mass": whole.hits_mass,
            "hits": _interval(whole.hits),
            "carriers": [
                {"component": one.component, "share": one.share, "cumulative": one.cumulative}
                for one in whole.carriers
            ],
        },
        "experience": {
            "kind": report.experience.kind,
            "interacts": {"able": report.experience.interacts.able, "why": report.experience.interacts.why},
            "treats": {"able": report.experience.treats.able, "why": report.experience.treats.why},
        },
    }


def _must_make_sense(asked: AppraisalTable) -> None:
    settings = asked.settings
    if asked.margin is not None and not (isfinite(asked.margin) and asked.margin > 0):
        raise BadOption(f"a right guess cannot be worth {asked.margin}", hint="--margin is money above zero")
    if not 0 < settings.material < 1:
        raise BadOption(
            f"{settings.material} is no share of right guesses",
            hint="--material is between 0 and 1, such as 0.02 for two guesses of a hundred",
        )
    if settings.variety_cost is not None:
        if not settings.variety_cost >= 0:
            raise BadOption("variety cannot cost less than nothing", hint="--variety-cost is money a choice")
        if asked.margin is None and asked.choices.margin is None:
            raise BadOption(
                "a cost of variety can only be held against what a right guess is worth",
                hint="say that too: --margin, a figure or a column",
            )
    edges = asked.choices.edges
    if edges is not None and edges.inner >= edges.judged:
        raise BadOption("--tune-from must come before --judge-from")


def _margins(engine: Engine, asked: AppraisalTable, choices: Choices) -> Sequence[NDArray[np.float64]] | None:
    if asked.margin is not None:
        return [np.full(len(names), asked.margin) for names in choices.modules]
    if asked.choices.margin is None:
        return None
    found = engine.run(MODULE_MARGINS).to_pylist()
    by_name = {(line["component"], line["module"]): line["margin"] for line in found}
    return [
        np.array([by_name[component, module] for module in names], np.float64)
        for component, names in zip(choices.components, choices.modules, strict=True)
    ]


def _moment(edge: np.datetime64) -> datetime:
    return datetime.fromisoformat(str(edge.astype("datetime64[us]")))


def _with_bounds(name: str, gain: Interval) -> dict[str, float]:
    return {name: gain.mean, f"{name}_low": gain.low, f"{name}_high": gain.high}


def _interval(gain: Interval) -> dict[str, float]:
    return {"mean": gain.mean, "low": gain.low, "high": gain.high}

"""`trato verdict`: from the log of a randomised trial to whether it pays to treat customers differently."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.looks import digest_of, digest_of_file
from trato.batch.trial import Trial, VerdictTable, no_such, read_trial, unit_number
from trato.errors import BadOption
from trato.estimates import Interval
from trato.measure.verdict import (
    Check,
    Log,
    Question,
    Verdict,
    Watched,
    check_log,
    differing,
    judge,
    scores_of,
    watch,
)
from trato.measure.verdict.checks import attrition

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from trato.batch.engine import Engine, Reading
    from trato.batch.looks import Look

NOTHINGS = frozenset(
    {
        *("nothing", "none", "no", "null", "control", "control group", "holdout", "hold out", "held out"),
        *("untreated", "do nothing", "not contacted", "nada", "nenhum", "ninguno", "ninguna", "nothing sent"),
    }
)


@dataclass(frozen=True, slots=True)
class VerdictReport:
    """What came of it. `nothing_found` says that nothing was recognised by its name."""

    trial: Trial
    question: Question
    nothing_found: bool
    verdict: Verdict
    watched: Watched | None
    digests: tuple[str, str]


def verdict_of_table(
    engine: Engine,
    asked: VerdictTable,
    progress: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> VerdictReport:
    """Read a log and judge it. Writes nothing.

    Raises the reading errors of `Engine.read`, BadOption for what makes no sense together, and NotEnoughData
    where there is nothing to compare.
    """
    with progress(f"reading {asked.log.name}"):
        trial = read_trial(engine, asked)
    log = trial.log
    nothing = _nothing(asked, log)
    question = Question(asked.value, dict(asked.costs), asked.capacity, nothing, asked.worthwhile)
    question.cost(log)
    if asked.features is None:
        _must_come_before(log)
    with progress(f"judging {log.rows:,} rows"):
        checks = (*check_log(log, asked.seed), *_lost(asked, trial.reading, log))
        watched = None
        if asked.looks is None:
            place = None if nothing is None else log.treatments.index(nothing)
            scores = scores_of(log, question, seed=asked.seed)
            verdict = judge(scores, checks=checks, nothing=place, worthwhile=asked.worthwhile)
        else:
            watched = watch(log, question, looks=asked.looks, checks=checks, seed=asked.seed)
            verdict = watched.verdict
    return VerdictReport(
        trial=trial,
        question=question,
        nothing_found=nothing is not None and asked.nothing is None,
        verdict=verdict,
        watched=watched,
        digests=(digest_of_file(asked.log), digest_of(_words(asked))),
    )


def summary(report: VerdictReport, look: Look) -> dict[str, object]:
    """The report in plain values, as `--json` prints it."""
    verdict, trial, asked = report.verdict, report.trial, report.question
    log = trial.log
    told: dict[str, object] = {
        "verdict": verdict.verdict,
        "customers_needed": verdict.customers_needed,
        "difference": _interval(verdict.difference),
        "best_single": verdict.best,
        "worthwhile": verdict.worthwhile,
        "policies": [
            {"name": one.name, "kind": one.kind, **_interval(one.value, "value"), "others": one.others}
            for one in verdict.policies
        ],
        "reasons": list(verdict.reasons),
        "checks": [
            {"name": one.name, "passed": one.passed, "p": one.p, "said": one.said} for one in verdict.checks
        ],
        "learners": list(verdict.learners),
        "rows": trial.reading.rows,
        "rows_put_aside": trial.reading.rejected,
        "customers": verdict.units,
        "treatments": dict(zip(log.treatments, log.counts.tolist(), strict=True)),
        "nothing": asked.nothing,
        "nothing_found": report.nothing_found,
        "capacity": asked.capacity,
        "features": list(trial.features),
        "left_out": dict(trial.left_out),
        "look": {
            "number": look.number,
            "of": look.of,
            "register": str(look.register) if look.register else None,
        },
        "by_groups": None,
        "incremental": None,
        "looks": None,
    }
    if verdict.groups_difference is not None and verdict.beyond_groups is not None:
        told["by_groups"] = {
            "groups": list(log.groups),
            "difference": _interval(verdict.groups_difference),
            "personal_over_groups": _interval(verdict.beyond_groups),
        }
    if verdict.incremental is not None:
        gained = verdict.incremental
        told["incremental"] = {
            "policy": _interval(gained.policy),
            "random" if asked.capacity is not None else "best_single": _interval(gained.random),
            "more": _interval(gained.more),
        }
    if report.watched is not None:
        told["looks"] = [
            {"rows": one.rows, "verdict": one.verdict, "difference": _interval(one.difference)}
            for one in report.watched.looks
        ]
    return told


def _nothing(asked: VerdictTable, log: Log) -> str | None:
    if asked.nothing is not None:
        if asked.nothing not in log.treatments:
            no_such(asked.nothing, log.treatments)
        return asked.nothing
    found = [name for name in log.treatments if _is_nothing(name)]
    if len(found) == 1:
        return found[0]
    if asked.capacity is not None:
        raise BadOption(
            "with a capacity, it must be known which treatment is nothing",
            hint=f"--nothing TREATMENT, one of: {', '.join(log.treatments)}",
        )
    return None


def _is_nothing(name: str) -> bool:
    words = " ".join("".join(mark if mark.isalnum() else " " for mark in name.casefold()).split())
    return words in NOTHINGS or words.startswith("no ")


def _must_come_before(log: Log) -> None:
    """Columns that treatments differ in were measured after them, or treatments were not given at random."""
    found = differing(log)
    if found:
        one = len(found) == 1
        raise BadOption(
            f"{', '.join(found[:8])}{' …' if len(found) > 8 else ''} "
            f"{'differs' if one else 'differ'} between treatments: "
            f"{'was it' if one else 'were they'} measured after the treatment?",
            hint="say what was known before it: --features A,B,C",
        )


def _lost(asked: VerdictTable, reading: Reading, log: Log) -> tuple[Check, ...]:
    """Whether rows without a usable outcome came more often with one treatment than with another."""
    place = {name: at for at, name in enumerate(log.treatments)}
    about = 2 if asked.propensity is None else 3  # behind treatment, outcome and propensity
    lost: list[int] = []
    unit: list[int] = []
    for one in reading.rejects:
        said = [(field or "").strip() for field in one.record]
        if said and said[0] in place:
            who = said[about] if asked.unit is not None and len(said) > about else ""
            lost.append(place[said[0]])
            unit.append(unit_number(who) if who else -1 - len(unit))  # who is not named is one alone
    return (attrition(log, np.array(lost, np.int64), np.array(unit, np.int64)),) if lost else ()


def _words(asked: VerdictTable) -> dict[str, object]:
    """The question as told to the register: all but where the log lies."""
    return {
        name: sorted(value.items()) if isinstance(value, dict) else value
        for name in VerdictTable.__dataclass_fields__
        if name != "log"
        for value in [getattr(asked, name)]
    }


def _interval(one: Interval, mean: str = "mean") -> dict[str, float | None]:
    """Bounds that are not known yet are null."""
    return {
        mean: one.mean,
        "low": one.low if np.isfinite(one.low) else None,
        "high": one.high if np.isfinite(one.high) else None,
    }

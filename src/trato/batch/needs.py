"""`trato needs`: a table of choices in, everyone's belief and a model of needs out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.batch.beliefs import beliefs_table, write_model
from trato.batch.choices import ChoicesTable, count_choices
from trato.batch.writing import whole_file, write_rejects, write_table
from trato.differentiate.needs.learn import MAX_NEEDS, Needs, learn_needs
from trato.differentiate.needs.names import Matching, as_yaml, match_names, named_needs, read_names
from trato.differentiate.needs.wording import LANGUAGES, describe
from trato.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa

    from trato.batch.engine import Engine, Reading
    from trato.differentiate.needs.lifts import Lift
    from trato.differentiate.needs.wording import Language
    from trato.estimates import Interval


@dataclass(frozen=True, slots=True)
class NeedsTable:
    """What to read and what to ask of it. `names` is a needs.yaml; it need not exist yet."""

    choices: ChoicesTable
    names: Path | None = None
    max_needs: int = MAX_NEEDS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class NeedsReport:
    """What came of it: the needs, what they are called, and one row a customer in `beliefs`."""

    reading: Reading
    dated: bool
    needs: Needs
    matching: Matching
    names_given: bool
    customers: int
    choices: int
    beliefs: pa.Table


@dataclass(frozen=True, slots=True)
class Written:
    """The files beside BELIEFS; None where there was nothing to write."""

    model: Path
    names: Path | None
    rejects: Path | None


def needs_table(
    engine: Engine,
    asked: NeedsTable,
    progress: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> NeedsReport:
    """Read, learn, describe and name. Writes nothing.

    Raises the reading errors of `Engine.read`, BadDeclaration for a needs.yaml, BadOption and NotEnoughData.
    """
    if asked.max_needs < 1:
        raise BadOption("--max-needs must be at least 1")
    given = asked.names is not None and asked.names.exists()
    named = read_names(asked.names) if asked.names is not None and given else ()
    with progress(f"reading {asked.choices.choices.name}"):
        counted = count_choices(engine, asked.choices)
    choices = counted.choices
    with progress(f"learning needs from {len(choices.customers):,} customers"):
        needs = learn_needs(choices, max_needs=asked.max_needs, seed=asked.seed)
    return NeedsReport(
        reading=counted.reading,
        dated=counted.edges is not None,
        needs=needs,
        matching=match_names(named, needs),
        names_given=given,
        customers=len(choices.customers),
        choices=int(choices.count.sum()),
        beliefs=beliefs_table(needs, choices.customers),
    )


def write_needs(
    report: NeedsReport, out: Path, *, names: Path | None = None, model: Path | None = None
) -> Written:
    """Write BELIEFS to `out`, the model beside it, and the names where `names` says.

    A needs.yaml that exists is never rewritten: where it has drifted, a new version is proposed beside it, as
    needs.proposed.yaml.
    """
    write_table(report.beliefs, out)
    model = model or out.with_name(f"{out.stem}.model.json")
    write_model(report.needs.model, model)
    target = names
    if names is not None and report.names_given:
        settled = not report.matching.lost and all(one.state == "kept" for one in report.matching.namings)
        target = None if settled else names.with_name(f"{names.stem}.proposed{names.suffix}")
    if target is not None:
        with whole_file(target) as draft:
            draft.write_text(as_yaml(named_needs(report.needs, report.matching.namings)), encoding="utf-8")
    return Written(model, target, write_rejects(report.reading.rejects, out))


def summary(report: NeedsReport) -> dict[str, object]:
    """The report in plain values, as `--json` prints it."""
    needs, classes = report.needs, report.needs.classes
    return {
        "rows": report.reading.rows,
        "rows_put_aside": report.reading.rejected,
        "customers": report.customers,
        "choices": report.choices,
        "components": len(needs.model.components),
        "modules": int(needs.model.offsets[-1]),
        "model": needs.model.version,
        "learned_from": needs.learned_from,
        "bic": {str(number): bic for number, bic in classes.bic_by_classes},
        "converged": classes.converged,
        "capped": classes.capped,
        "trust_tuned_on": needs.tuned_on,
        "foresight": None
        if needs.foresight is None
        else {
            "customers": needs.foresight.customers,
            "choices": needs.foresight.choices,
            "needs": _interval(needs.foresight.needs),
            "belief": _interval(needs.foresight.belief),
        },
        "needs": [_need(report, k) for k in range(needs.model.needs)],
        "names_lost": [dict(one.name) for one in report.matching.lost],
    }


def sentences(report: NeedsReport, need: int, language: Language) -> list[str]:
    """What a need's customers choose more often than all do, clearest first."""
    several = len(report.needs.model.components) > 1
    return [describe(one, language, several_components=several) for one in report.needs.portraits[need].more]


def _need(report: NeedsReport, k: int) -> dict[str, object]:
    naming, portrait = report.matching.namings[k], report.needs.portraits[k]
    return {
        "need": k + 1,
        "name": dict(naming.name),
        "name_state": naming.state,
        "likeness": naming.likeness,
        "share": _interval(report.needs.shares[k]),
        "description": {language: sentences(report, k, language) for language in LANGUAGES},
        "more": [_lift(one) for one in portrait.more],
        "less": [_lift(one) for one in portrait.less],
    }


def _lift(one: Lift) -> dict[str, object]:
    return {
        "component": one.component,
        "module": one.module,
        "share": one.share,
        "population_share": one.population_share,
        "lift": _interval(one.lift),
        "customers": round(one.customers, 1),
    }


def _interval(interval: Interval) -> dict[str, float]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}

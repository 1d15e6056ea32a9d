"""`trato evaluate`: a log of randomised decisions in, what other policies would have brought out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.engine import Column, Reject, Source
from trato.errors import BadOption, NoUsableRow
from trato.measure.log import Logged, following
from trato.measure.offpolicy import METHODS, as_logged, compare, evaluate
from trato.measure.predicted import cross_fitted
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading
    from trato.estimates import Interval
    from trato.measure.offpolicy import Evaluated

    Array = NDArray[np.float64]

DECISIONS = Step("evaluated_decisions", "SELECT * FROM decisions ORDER BY place", ("decisions",))
MOST_WORDS = 30


@dataclass(frozen=True, slots=True)
class LogTable:
    """What to read: names are the columns' own.

    `propensity` is a column or one figure for all rows. Each of `policies` is a column with the treatment
    that a policy would give; without any, each treatment for all is one. `features` are what outcomes are
    predicted from, `unit` names whose rows belong together.
    """

    log: Path
    treatment: str
    outcome: str
    propensity: str | float
    policies: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    unit: str | None = None
    decimal: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """A policy by its estimates, in the order of METHODS, and against the first policy by dr."""

    name: str
    estimates: tuple[Evaluated, ...]
    over_first: Evaluated | None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What came of it; `logged` is the mean outcome as it was, with its interval."""

    reading: Reading
    rejects: tuple[Reject, ...]
    decisions: int
    units: int
    treatments: tuple[str, ...]
    logged: Interval
    policies: tuple[PolicyValue, ...]


def evaluate_table(
    engine: Engine,
    asked: LogTable,
    progress: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> EvaluationReport:
    """Read and evaluate. Writes nothing. Raises the reading errors of `Engine.read`, and BadOption."""
    if isinstance(asked.propensity, float) and not 0 < asked.propensity <= 1:
        raise BadOption(f"{asked.propensity:g} is no propensity", hint="it lies above 0, and at most at 1")
    source = _source(asked)
    with progress(f"reading {asked.log.name}"):
        reading = engine.read(source)
        table = engine.run(DECISIONS)
        table, refused = _usable(engine, source, table)
    names, log, chosen = _understood(asked, table)
    features = _features([table[f"feature {i}"] for i in range(len(asked.features))])
    with progress(f"evaluating on {log.rows:,} decisions"):
        predicted = cross_fitted(
            features, log.treatment, log.outcome, len(names), unit=log.unit, seed=asked.seed
        )
        told = []
        first: Array | None = None
        for name, choice in chosen:
            policy = following(choice, len(names))
            estimates = tuple(evaluate(log, policy, method=one, predicted=predicted) for one in METHODS)
            over = None if first is None else compare(log, policy, first, predicted=predicted)
            told.append(PolicyValue(name, estimates, over))
            first = policy if first is None else first
    return EvaluationReport(
        reading=reading,
        rejects=(*reading.rejects, *refused),
        decisions=log.rows,
        units=len(log.per_unit(log.outcome)),
        treatments=names,
        logged=as_logged(log).value,
        policies=tuple(told),
    )


def summary(report: EvaluationReport) -> dict[str, object]:
    """The report in plain values, as `--json` prints it; ends that cannot be told are null."""
    return {
        "rows": report.reading.rows,
        "rows_put_aside": len(report.rejects),
        "decisions": report.decisions,
        "units": report.units,
        "treatments": list(report.treatments),
        "logged": _bounds(report.logged),
        "policies": [
            {
                "name": policy.name,
                "claimed": policy.estimates[0].claimed,
                "effective": policy.estimates[0].effective,
                "estimates": {one.method: _bounds(one.value) for one in policy.estimates},
                "warnings": [
                    {"reason": one.reason, "says": one.says} for one in policy.estimates[0].warnings
                ],
                "over_first": None
                if policy.over_first is None
                else {"claimed": policy.over_first.claimed, **_bounds(policy.over_first.value)},
            }
            for policy in report.policies
        ],
    }


def _bounds(value: Interval) -> dict[str, float | None]:
    return {
        "mean": value.mean,
        "low": value.low if isfinite(value.low) else None,
        "high": value.high if isfinite(value.high) else None,
    }


def _source(asked: LogTable) -> Source:
    columns = [Column("treatment", asked.treatment, "text"), Column("outcome", asked.outcome, "number")]
    if isinstance(asked.propensity, str):
        columns.append(Column("propensity", asked.propensity, "number"))
    if asked.unit is not None:
        columns.append(Column("unit", asked.unit, "text"))
    columns += [Column(f"policy {i}", name, "text") for i, name in enumerate(asked.policies)]
    columns += [Column(f"feature {i}", name, "text", optional=True) for i, name in enumerate(asked.features)]
    return Source(asked.log, "decisions", tuple(columns), decimal=asked.decimal, numbered=True)


def _usable(engine: Engine, source: Source, table: pa.Table) -> tuple[pa.Table, tuple[Reject, ...]]:
    """Rows whose outcome is finite and whose propensity is one, and the others with their lines."""
    fine = np.isfinite(_floats(table["outcome"]))
    columns = {"outcome": ~fine}
    if "propensity" in table.column_names:
        propensity = _floats(table["propensity"])
        columns["propensity"] = ~((propensity > 0) & (propensity <= 1))
        fine &= ~columns["propensity"]
    if fine.all():
        return table, ()
    wrong = np.flatnonzero(~fine)
    rows = table.take(wrong).to_pylist()
    lines = engine.lines_of(source, [row["place"] for row in rows])
    headers = {column.role: column.header or column.role for column in source.columns}
    rejects = []
    for i, line, row in zip(wrong, lines, rows, strict=True):
        role = next(name for name, bad in columns.items() if bad[i])
        reason = "not above 0 and at most 1" if role == "propensity" else "not a finite number"
        record = tuple(None if cell is None else str(cell) for name, cell in row.items() if name != "place")
        rejects.append(Reject(str(source.path), line, headers[role], str(row[role]), reason, record))
    if not fine.any():
        raise NoUsableRow(
            f"every row was put aside: {rejects[0].column} is {rejects[0].reason}",
            where=f"{source.path}:{rejects[0].line}",
        )
    return table.filter(fine), tuple(rejects)


def _understood(
    asked: LogTable, table: pa.Table
) -> tuple[tuple[str, ...], Logged, list[tuple[str, NDArray[np.int64]]]]:
    """Treatments by name, the log, and what each policy would give (n,)."""
    given = _texts(table["treatment"])
    wanted = [_texts(table[f"policy {i}"]) for i in range(len(asked.policies))]
    found = sorted(set(given.tolist()).union(*(set(column.tolist()) for column in wanted)))
    number = {name: i for i, name in enumerate(found)}

    def coded(column: NDArray[np.object_]) -> NDArray[np.int64]:
        return np.fromiter((number[name] for name in column), np.int64, len(column))

    unit = None
    if asked.unit is not None:
        unit = np.unique(_texts(table["unit"]).astype(str), return_inverse=True)[1]
    if isinstance(asked.propensity, str):
        propensity = _floats(table["propensity"])
    else:
        propensity = np.full(len(given), asked.propensity)
    log = Logged(coded(given), _floats(table["outcome"]), propensity, unit)
    if asked.policies:
        return (
            tuple(found),
            log,
            [(name, coded(one)) for name, one in zip(asked.policies, wanted, strict=True)],
        )
    everyone = np.ones(log.rows, np.int64)
    return tuple(found), log, [(f"{name} for all", i * everyone) for name, i in number.items()]


def _features(columns: Sequence[pa.ChunkedArray]) -> Array | None:
    """Numbers as they are, an empty cell as their mean; words as one column each of the most frequent."""
    blocks: list[Array] = []
    for column in columns:
        words = ["" if word is None else str(word).strip() for word in column.to_pylist()]
        numbers = _as_numbers(words)
        if numbers is not None:
            known = np.isfinite(numbers)
            mean = float(numbers[known].mean()) if known.any() else 0.0
            blocks.append(np.where(known, numbers, mean)[:, None])
            if not known.all():
                blocks.append((~known).astype(np.float64)[:, None])
            continue
        values, place, count = np.unique(np.array(words), return_inverse=True, return_counts=True)
        frequent = np.argsort(-count, kind="stable")[: min(MOST_WORDS, len(values))]
        blocks += [(place == one).astype(np.float64)[:, None] for one in frequent]
    return np.hstack(blocks) if blocks else None


def _as_numbers(words: Sequence[str]) -> Array | None:
    try:
        numbers = np.array([float(word) if word else np.nan for word in words])
    except ValueError:
        return None
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _floats(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.to_numpy(), np.float64)


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.array([str(word).strip() for word in column.to_pylist()], dtype=np.object_)

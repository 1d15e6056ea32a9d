"""The log of a trial, by the engine, into arrays: who got what, what came of it, what was known before."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from trato.batch.encoding import encoded, grouped, texts
from trato.batch.engine import Column, Source
from trato.batch.tables import table_header
from trato.errors import BadOption, nearest
from trato.measure.verdict import Log
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.encoding import Texts
    from trato.batch.engine import Engine, Reading

LOG_ROWS = Step("log_rows", "SELECT * FROM log ORDER BY place", ("log",))
MOST_CELLS = 200


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """What to read and what to ask of it.

    `features` None takes all other columns that are no ids. `kept` are the treatments to compare, all where
    empty. `nothing` None is found by its name. `looks` is how often a live programme was looked at; None for
    one look at a finished log.
    """

    log: Path
    treatment: str
    outcome: str
    propensity: str | None = None
    features: tuple[str, ...] | None = None
    groups: tuple[str, ...] = ()
    unit: str | None = None
    kept: tuple[str, ...] = ()
    nothing: str | None = None
    capacity: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    value: float = 1.0
    worthwhile: float | None = None
    decimal: str | None = None
    looks: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """The log, what came of reading it, the columns used as features, and those left out and why."""

    log: Log
    reading: Reading
    features: tuple[str, ...]
    left_out: Mapping[str, str]


def read_trial(engine: Engine, asked: VerdictTable) -> Trial:
    """Read a log. Raises the reading errors of `Engine.read`, BadOption and NotEnoughData."""
    source, features = _source(asked)
    reading = engine.read(source)
    log, used, left_out = _log(engine, asked, source, features, engine.run(LOG_ROWS))
    return Trial(log, reading, used, left_out)


def no_such(name: str, known: Sequence[str]) -> NoReturn:
    """Raise BadOption: a treatment was named that is not in the log."""
    close = nearest(name, known)
    raise BadOption(
        f"there is no treatment {name!r} in the log",
        hint=(f"did you mean {close!r}? " if close else "") + f"There are: {', '.join(known[:20])}",
    )


def _source(asked: VerdictTable) -> tuple[Source, tuple[str, ...]]:
    """The columns to read, and the headers of those that may be features."""
    header = table_header(asked.log)
    own = [asked.treatment, asked.outcome, *filter(None, (asked.propensity, asked.unit))]
    if asked.features is None:
        features = tuple(name for name in header if name not in own)
    else:
        features = tuple(dict.fromkeys((*asked.features, *asked.groups)))
        wrong = [name for name in features if name in (asked.treatment, asked.outcome)]
        if wrong:
            raise BadOption(f"{wrong[0]!r} cannot be a feature: it is the treatment or the outcome")
    columns = [
        Column("treatment", asked.treatment, "text"),
        Column("outcome", asked.outcome, "number"),
    ]
    if asked.propensity is not None:
        columns.append(Column("propensity", asked.propensity, "number"))
    if asked.unit is not None:
        columns.append(Column("unit", asked.unit, "text"))
    columns += [Column(f"feature {i}", name, "text", optional=True) for i, name in enumerate(features)]
    columns += [Column(f"group {i}", name, "text", optional=True) for i, name in enumerate(asked.groups)]
    return Source(asked.log, "log", tuple(columns), decimal=asked.decimal, numbered=True), features


def _log(
    engine: Engine, asked: VerdictTable, source: Source, features: Sequence[str], found: pa.Table
) -> tuple[Log, tuple[str, ...], dict[str, str]]:
    treatment = texts(found["treatment"])
    kept = _kept(asked, treatment)
    if asked.propensity is not None:
        _must_be_chances(engine, asked, source, found)
    if len(kept) < len(treatment.words):
        inside = np.isin(treatment.code, [treatment.words.index(name) for name in kept])
        found = found.filter(_mask(inside))
        treatment = texts(found["treatment"])
    names: list[str] = []
    columns: list[NDArray[np.float64]] = []
    used, left_out = [], {}
    for i, name in enumerate(features):
        column = texts(found[f"feature {i}"])
        if asked.features is None and column.seems_id:
            left_out[name] = "it names rows"
            continue
        its_names, its_columns = encoded(name, column)
        if not its_columns:
            left_out[name] = "it is the same in all rows"
            continue
        used.append(name)
        names += its_names
        columns += its_columns
    groups: tuple[str, ...] = ()
    group = None
    if asked.groups:
        said = [(name, texts(found[f"group {i}"])) for i, name in enumerate(asked.groups)]
        groups, group = grouped(said)
        if len(groups) > MOST_CELLS:
            raise BadOption(
                f"{len(groups):,} groups are too many to treat each its own way",
                hint="declare fewer or coarser ones: --groups",
            )
    log = Log(
        treatment=treatment.code,
        outcome=np.asarray(found["outcome"].to_numpy(), np.float64),
        features=np.column_stack(columns) if columns else np.zeros((found.num_rows, 0)),
        treatments=treatment.words,
        propensity=_chances(asked, found, treatment, kept),
        names=tuple(names),
        shares=_shares(asked, treatment.words),
        group=group,
        groups=groups,
        unit=None if asked.unit is None else _who(texts(found["unit"])),
    )
    return log, tuple(used), left_out


def _kept(asked: VerdictTable, treatment: Texts) -> tuple[str, ...]:
    for name in asked.kept:
        if name not in treatment.words:
            no_such(name, treatment.words)
    return tuple(dict.fromkeys(asked.kept)) or treatment.words


def _must_be_chances(engine: Engine, asked: VerdictTable, source: Source, found: pa.Table) -> None:
    chance = np.asarray(found["propensity"].to_numpy(), np.float64)
    wrong = np.flatnonzero((chance <= 0) | (chance > 1))
    if len(wrong):
        first = int(wrong[0])
        line = engine.lines_of(source, [int(found["place"][first].as_py())])[0]
        raise BadOption(
            f"{asked.propensity!r} is no chance in {len(wrong):,} rows, such as {chance[first]:g}",
            hint="a propensity is the chance with which the row's treatment was given: above 0, at most 1",
            where=f"{asked.log}:{line}",
        )


def _chances(
    asked: VerdictTable, found: pa.Table, treatment: Texts, kept: Sequence[str]
) -> NDArray[np.float64] | None:
    """The logged chances; among the kept treatments alone where they were the same for all."""
    if asked.propensity is None:
        return None
    chance = np.asarray(found["propensity"].to_numpy(), np.float64)
    if not asked.kept:
        return chance
    by_arm = [np.unique(chance[treatment.code == arm]) for arm in range(len(treatment.words))]
    if any(len(found_of_arm) > 1 for found_of_arm in by_arm):
        raise BadOption(
            "the chances of the treatments left out are not known, so those of the others cannot be made up",
            hint="with propensities that differ between customers, give the whole log, without --treatments",
        )
    each = np.array([one[0] for one in by_arm])
    return np.asarray((each / each.sum())[treatment.code])


def _shares(asked: VerdictTable, treatments: Sequence[str]) -> tuple[float, ...] | None:
    if not asked.shares:
        return None
    for name in asked.shares:
        if name not in treatments:
            no_such(name, treatments)
    missing = [name for name in treatments if name not in asked.shares]
    if missing or min(asked.shares.values()) <= 0:
        raise BadOption(
            "a share has to be said of each treatment, above 0",
            hint=f"--share {(missing or treatments)[0]}=1",
        )
    return tuple(asked.shares[name] for name in treatments)


def _who(column: Texts) -> NDArray[np.int64]:
    """Each row's unit as 62 bits of a hash of its name: the same for whoever else is in the log."""
    return np.array([unit_number(word) for word in column.words], np.int64)[column.code]


def unit_number(word: str) -> int:
    """The number of a unit in the log, by its name in the table: not negative."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big") >> 2


def _mask(inside: NDArray[np.bool_]) -> pa.Array:
    import pyarrow as pa

    return pa.array(inside)

"""Whether the log can prove anything: were treatments given as often as was meant, and at random?"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.ridge import about_mean, centred, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.verdict.log import Log

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

# A check that fails takes the verdict away, so it must not fail by chance.
BY_CHANCE = 0.001
RARE, FEW_EFFECTIVE = 0.01, 100
PENALTIES = np.array([0.01, 0.1, 1.0])


@dataclass(frozen=True, slots=True)
class Check:
    """One check: whether it `passed` (None where it could not be made), its p-value, and words about it."""

    name: str
    passed: bool | None
    p: float | None
    said: str


def check_log(log: Log, seed: int = 0) -> tuple[Check, ...]:
    """Sample ratio, randomisation and overlap."""
    return (sample_ratio(log), randomisation(log, seed), overlap(log))


def sample_ratio(log: Log) -> Check:
    """Whether each treatment was given as often as declared shares or logged propensities say (chi²).

    Rows of one unit are counted together: who has many does not make chance look like a fault.
    """
    name = "sample_ratio"
    if log.shares is not None:
        share = np.array(log.shares) / sum(log.shares)
        if log.unit is None:
            meant = share * log.rows
            p = _chi_tail(float(((log.counts - meant) ** 2 / meant).sum()), log.arms - 1)
        else:
            p = _all_zero(_given(log.treatment, log.arms) - share, log.unit)
        what = "the declared shares"
    elif log.propensity is not None:
        p = _all_zero(_surprise(log), log.unit)
        what = "the logged propensities"
    else:
        return Check(
            name, None, None, "no shares were declared and no propensities logged: taken as they are"
        )
    if p >= BY_CHANCE:
        return Check(name, True, p, f"each treatment was given as often as {what} say")
    return Check(
        name,
        False,
        p,
        f"treatments were not given as often as {what} say (p = {p:.1g}): rows were lost, or logged wrongly",
    )


def randomisation(log: Log, seed: int = 0) -> Check:
    """Whether the features foretell, on rows held out, who got which treatment beyond its propensity."""
    name = "randomisation"
    if not log.features.shape[1]:
        return Check(name, None, None, "no features: nothing shows whether treatments were given at random")
    told = _foretold(log, log.folds(2, seed + 2))
    columns = differing(log)
    p = min(told, 1.0)
    if p >= BY_CHANCE and not columns:
        return Check(name, True, p, "the features do not foretell who got which treatment")
    by = f" (most by {', '.join(columns[:5])})" if columns else ""
    return Check(
        name,
        False,
        p,
        f"the features foretell who got which treatment{by}: it was not given at random, or the features "
        "were measured after it",
    )


def overlap(log: Log) -> Check:
    """Whether every treatment was given often enough, to all sorts of customers, to be judged."""
    given = log.given
    thin = []
    for arm, name in enumerate(log.treatments):
        weight = 1 / given[log.treatment == arm]
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        if effective < FEW_EFFECTIVE:
            thin.append(f"{name!r} counts like {effective:,.0f} rows")
    least = float(given.min())
    if thin:
        return Check("overlap", False, None, f"{'; '.join(thin)}: too few to say much about")
    if least < RARE:
        return Check(
            "overlap", True, None, f"some were given at a chance of {least:.2g}: these weigh heavily"
        )
    return Check("overlap", True, None, f"every treatment was given at a chance of {least:.2g} at the least")


def differing(log: Log) -> tuple[str, ...]:
    """Names of the features (before "=") that differ between treatments beyond chance, most telling first."""
    surprise = _surprise(log)
    surprise -= surprise.mean(axis=0)
    found: dict[str, float] = {}
    most = BY_CHANCE / max(log.features.shape[1], 1)
    for place, column in enumerate(log.features.T):
        apart = column - column.mean()
        if not apart.any():
            continue
        p = _all_zero(apart[:, None] * surprise, log.unit)
        source = log.names[place].split("=")[0] if log.names else f"column {place + 1}"
        if p < most:
            found[source] = min(p, found.get(source, 1.0))
    return tuple(sorted(found, key=lambda name: found[name]))


def _surprise(log: Log) -> Array:
    """By how much each treatment came more often than its chance, (n, K): mean zero where that is true."""
    found = np.full((log.rows, log.arms), -1.0)
    found[np.arange(log.rows), log.treatment] += 1 / log.given
    return found


def _given(treatment: Whole, arms: int) -> Array:
    """Which treatment each row got, as columns of 0 and 1, (n, K)."""
    return np.asarray(treatment[:, None] == np.arange(arms), np.float64)


def _foretold(log: Log, half: NDArray[np.int64]) -> float:
    """p of what each half's features and surprises foretell about the other half's surprises.

    Twice the smaller p of the two halves: added up over folds, such scores would not be normal, since each
    row would be foretold by all others.
    """
    features = log.features
    spread = np.maximum(features.std(axis=0), 1e-12)
    columns = np.hstack((np.ones((log.rows, 1)), (features - features.mean(axis=0)) / spread))
    surprise = _surprise(log)
    found = []
    for learning in range(2):
        known = sums(columns[half == learning], surprise[half == learning])
        judged = half != learning
        if known.rows < 2 or judged.sum() < 2:
            return 1.0
        learnt = centred(*about_mean(known), known.rows)
        expected = columns[judged, 1:] @ learnt.weights(learnt.best_penalty(PENALTIES * known.rows))
        expected -= expected.mean(axis=0)
        agreed = np.sum(expected * (surprise[judged] - surprise[judged].mean(axis=0)), axis=1)
        unit = None if log.unit is None else log.unit[judged]
        found.append(_above_zero(_by_unit(agreed[:, None], unit)[:, 0]))
    return min(2 * min(found), 1.0)


def _above_zero(values: Array) -> float:
    """p of a sum (of n) that should be zero but is above, by Student's t; heavy tails count as fewer rows."""
    from scipy.special import stdtr

    squares = values**2
    total = float(squares.sum())
    if total == 0:
        return 1.0
    effective = max(total**2 / float((squares**2).sum()), 1.0)
    return float(stdtr(effective, -float(values.sum()) / sqrt(total)))


def _all_zero(values: Array, unit: NDArray[np.int64] | None) -> float:
    """p of columns (n, K) that should all have a mean of zero, by Hotelling's test.

    A few rows that weigh more than all others make the test less sure, as if there were fewer rows.
    """
    from scipy.special import fdtrc

    summed = _by_unit(values, unit)
    size, directions = np.linalg.eigh(summed.T @ summed)
    kept = size > 1e-9 * max(float(size.max()), 1e-300)
    freedom = int(kept.sum())
    if not freedom:
        return 1.0
    white = summed @ directions[:, kept] / np.sqrt(size[kept])
    effective = freedom**2 / float((np.sum(white**2, axis=1) ** 2).sum())
    rest = effective - freedom
    if rest < 1:
        return 1.0
    chi = float((white.sum(axis=0) ** 2).sum())
    return float(fdtrc(freedom, rest, chi * rest / (freedom * effective)))


def _by_unit(values: Array, unit: NDArray[np.int64] | None) -> Array:
    if unit is None:
        return values
    _, which = np.unique(unit, return_inverse=True)
    return np.column_stack([np.bincount(which, column) for column in values.T])


def _chi_tail(chi: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, chi)) if freedom else 1.0


def attrition(log: Log, lost: Whole, unit: Whole | None = None) -> Check:
    """Whether rows whose outcome is not known are more frequent under one treatment (chi²).

    `lost` (m,) are their treatments, as places in those of the log; `unit` (m,) is who they are about, needed
    where the log has units: then rows of one unit are counted together.
    """
    name = "attrition"
    gone = np.bincount(lost, minlength=log.arms).astype(np.float64)
    table = np.vstack((log.counts.astype(np.float64), gone))
    if log.unit is None or unit is None:
        meant = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
        p = _chi_tail(float(((table - meant) ** 2 / meant).sum()), log.arms - 1)
    else:
        given = _given(np.concatenate((log.treatment, lost)), log.arms) - table.sum(axis=0) / table.sum()
        without = np.repeat([0.0, 1.0], [log.rows, len(lost)]) - gone.sum() / table.sum()
        p = _all_zero(given * without[:, None], np.concatenate((log.unit, unit)))
    count = f"{len(lost):,} row{'s' if len(lost) != 1 else ''}"
    if p >= BY_CHANCE:
        return Check(name, True, p, f"{count} had no usable outcome, alike under all treatments")
    worst = log.treatments[int(np.argmax(gone / table.sum(axis=0)))]
    return Check(
        name,
        False,
        p,
        f"rows without a usable outcome are more frequent under {worst!r}: who is left can not be compared",
    )

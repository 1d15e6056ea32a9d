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

# A check that fails takes the verdict away, so it must not fail by chance.
BY_CHANCE = 0.001
RARE, FEW_EFFECTIVE = 0.01, 100
PENALTIES = np.array([0.01, 0.1, 1.0])
FOLDS = 5


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
    """Whether each treatment was given as often as declared shares or logged propensities say (chi²)."""
    name = "sample_ratio"
    if log.shares is not None:
        meant = np.array(log.shares) / sum(log.shares) * log.rows
        chi = float(((log.counts - meant) ** 2 / meant).sum())
        p = _chi_tail(chi, log.arms - 1)
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
    told = _foretold(log, log.folds(FOLDS, seed + 2))
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


def _foretold(log: Log, fold: NDArray[np.int64]) -> float:
    """p of what the features of other folds' rows foretell about these rows' surprises, by chance."""
    features = log.features
    spread = np.maximum(features.std(axis=0), 1e-12)
    columns = np.hstack((np.ones((log.rows, 1)), (features - features.mean(axis=0)) / spread))
    surprise = _surprise(log)
    parts = [sums(columns[fold == one], surprise[fold == one]) for one in range(FOLDS)]
    agreed = np.zeros(log.rows)
    for one in range(FOLDS):
        others = [part for place, part in enumerate(parts) if place != one]
        known = others[0]
        for more in others[1:]:
            known = known + more
        learnt = centred(*about_mean(known), known.rows)
        slopes = learnt.weights(learnt.best_penalty(PENALTIES * known.rows))
        here = fold == one
        if not here.any():
            continue
        expected = columns[here, 1:] @ slopes
        expected -= expected.mean(axis=0)
        agreed[here] = np.sum(expected * (surprise[here] - surprise[here].mean(axis=0)), axis=1)
    summed = _by_unit(agreed[:, None], log.unit)[:, 0]
    spread_of = sqrt(float((summed**2).sum()))
    if spread_of == 0:
        return 1.0
    from scipy.special import ndtr

    return float(ndtr(-summed.sum() / spread_of))


def _all_zero(values: Array, unit: NDArray[np.int64] | None) -> float:
    """p of columns (n, K) that should all have a mean of zero (Wald's test)."""
    summed = _by_unit(values, unit)
    total = summed.sum(axis=0)
    spread = summed.T @ summed
    size, directions = np.linalg.eigh(spread)
    kept = size > 1e-9 * max(float(size.max()), 1e-300)
    chi = float((((directions.T @ total)[kept]) ** 2 / size[kept]).sum())
    return _chi_tail(chi, int(kept.sum()))


def _by_unit(values: Array, unit: NDArray[np.int64] | None) -> Array:
    if unit is None:
        return values
    _, which = np.unique(unit, return_inverse=True)
    return np.column_stack([np.bincount(which, column) for column in values.T])


def _chi_tail(chi: float, freedom: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(freedom, chi)) if freedom else 1.0


def attrition(log: Log, lost: tuple[int, ...]) -> Check:
    """Whether rows whose outcome is not known, `lost` (K,), are more frequent under one treatment (chi²)."""
    name = "attrition"
    gone = np.array(lost, np.float64)
    table = np.vstack((log.counts.astype(np.float64), gone))
    meant = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    p = _chi_tail(float(((table - meant) ** 2 / meant).sum()), log.arms - 1)
    if p >= BY_CHANCE:
        return Check(
            name, True, p, f"{int(gone.sum()):,} rows had no usable outcome, alike under all treatments"
        )
    worst = log.treatments[int(np.argmax(gone / table.sum(axis=0)))]
    return Check(
        name,
        False,
        p,
        f"rows without a usable outcome are more frequent under {worst!r}: who is left can not be compared",
    )

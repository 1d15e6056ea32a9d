"""Whether a log holds what a policy would do: how large its weights are, and how many units speak of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.log import Logged

    Array = NDArray[np.float64]

Reason = Literal["unlogged", "few_effective", "few_outcomes", "weights_off", "large_weight", "rarely_logged"]

# Fewer effective units than this say nothing that an interval could be put around.
FEWEST_EFFECTIVE = 30.0
# A candidate that does what was never logged in more than this share of its decisions is not in the log.
MOST_UNLOGGED = 0.02
# Amounts that differ from the commonest, such as no purchase, must be as many at least.
FEWEST_OUTCOMES = 20
LARGEST_SHARE = 0.1
TINY = 0.001
LIKELY = 0.5
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Caution:
    """What makes an estimate less than it seems, in one word for programs and in a sentence."""

    reason: Reason
    says: str


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that came (n,), the squares that should come in sum, and of how many units they are."""

    seen: Array
    expected_squares: float
    effective: float


def weights_of(log: Logged, candidate: Array) -> Weights:
    """The weights of a candidate (n, K)."""
    seen = candidate[np.arange(log.rows), log.treatment] / log.propensity
    squares = max(expected_squares(log, candidate), float(seen @ seen))
    return Weights(seen, squares, _effective(log, seen, float(log.rows), squares))


def of_difference(log: Logged, difference: Array) -> tuple[float, float]:
    """The squares that should come in sum, and of how many units the decisions are that differ."""
    seen = difference[np.arange(log.rows), log.treatment] / log.propensity
    squares = max(expected_squares(log, difference), float(seen @ seen))
    return squares, _effective(log, np.abs(seen), float(np.abs(difference).sum()), squares)


def _effective(log: Logged, seen: Array, expected: float, expected_squares: float) -> float:
    """Kish's number of units, by the weights that came and by those that should have: the smaller.

    A log that by chance has none of the rare large weights looks larger than it is.
    """
    by_unit = log.per_unit(seen)
    if not by_unit.any():
        return 0.0
    return min(float(by_unit.sum()) ** 2 / float(by_unit @ by_unit), expected**2 / expected_squares)


def expected_squares(log: Logged, wanted: Array) -> float:
    """What Σ w² should be over all draws of the log's treatments, as far as the log tells.

    With the chances of all treatments it is exact. Without, rows whose treatment was likelier than all others
    together stand for the rest, the others sharing what is left equally: so logs are that explore a little.
    """
    if log.chances is not None:
        possible = log.chances > 0
        return float((wanted**2 / np.where(possible, log.chances, 1.0))[possible].sum())
    given = wanted[np.arange(log.rows), log.treatment] ** 2
    rest = (wanted**2).sum(axis=1) - given
    left = 1 - log.propensity
    each = np.where(left > 0, left, inf) / max(wanted.shape[1] - 1, 1)
    of_row = (given / log.propensity + rest / each) / log.propensity
    return float(of_row[log.propensity > LIKELY].sum())


def _unlogged(log: Logged, candidate: Array) -> float:
    """The share of the candidate's decisions that the log is known not to hold."""
    if log.chances is not None:
        return float(candidate[log.chances <= 0].sum() / log.rows)
    never = np.bincount(log.treatment, minlength=candidate.shape[1]) == 0
    certain = (log.propensity == 1) & ~candidate[:, never].any(axis=1)
    elsewhere = 1 - candidate[certain, log.treatment[certain]]
    return float((candidate[:, never].sum() + elsewhere.sum()) / log.rows)


def cautions(log: Logged, candidate: Array, weights: Weights) -> tuple[tuple[Caution, ...], bool]:
    """What to warn of, and whether a claim can be made all the same."""
    found: list[Caution] = []
    claimed = True
    if (unlogged := _unlogged(log, candidate)) > ROUNDING:
        says = f"{100 * unlogged:.1f} % of its decisions were never possible, or never taken, in the log"
        found.append(Caution("unlogged", says))
        claimed &= unlogged <= MOST_UNLOGGED
    if log.chances is not None:
        rare = float(candidate[(log.chances > 0) & (log.chances < TINY)].sum() / log.rows)
        if rare > MOST_UNLOGGED:
            says = f"{100 * rare:.1f} % of its decisions had a chance below {TINY:g} in the log"
            found.append(Caution("rarely_logged", says))
    if weights.effective < FEWEST_EFFECTIVE:
        found.append(few(weights.effective))
        claimed = False
    values, times = np.unique(log.outcome, return_counts=True)
    if len(values) > 2 and (others := log.rows - int(times.max())) < FEWEST_OUTCOMES:
        # Of shares a few tell enough; amounts can be larger than the few that came.
        found.append(Caution("few_outcomes", f"only {others} outcomes are not {values[times.argmax()]:g}"))
        claimed = False
    mean = float(weights.seen.mean())
    doubt = 4 * sqrt(max(weights.expected_squares / log.rows - 1, 0.0) / len(log.per_unit(weights.seen)))
    if not 1 - max(doubt, MOST_UNLOGGED) <= mean <= 1 + max(doubt, MOST_UNLOGGED):
        says = (
            f"its weights average {mean:.2f} where 1 is due: what it would do was not always possible, "
            "or the propensities are not those that ran"
        )
        found.append(Caution("weights_off", says))
        claimed = False
    total = float(weights.seen.sum())
    if total and (share := float(weights.seen.max()) / total) > LARGEST_SHARE:
        says = f"one decision carries {100 * share:.0f} % of all weight ({weights.seen.max():,.0f})"
        found.append(Caution("large_weight", says))
    return tuple(found), claimed


def few(effective: float) -> Caution:
    """That too few units speak of it."""
    return Caution(
        "few_effective", f"the log says no more of it than {effective:.0f} customers treated so would"
    )

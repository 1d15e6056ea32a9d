"""What a policy that never ran would have brought, from the log of one that ran and knew its chances.

Three estimates (Dudík, Langford & Li, "Doubly robust policy evaluation and learning", ICML 2011; Swaminathan
& Joachims, "The self-normalized estimator for counterfactual learning", NIPS 2015), w being the candidate's
probability of the logged treatment over the logged one:

- ips: the mean of w · outcome;
- snips: the same over the mean of w;
- dr: the mean of what a model predicts under the candidate, plus w · what the model missed.

Their intervals are those of `skewed`, since normal ones do not cover: docs/decisions/0043 has figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.errors import BadOption
from trato.estimates import Interval
from trato.measure.log import must_be_policy
from trato.measure.overlap import FEWEST_EFFECTIVE, Weights, cautions, few, of_difference, weights_of
from trato.measure.predicted import cross_fitted
from trato.measure.skewed import LEVEL, Foreseen, mean_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.log import Logged
    from trato.measure.overlap import Caution

    Array = NDArray[np.float64]

Method = Literal["ips", "snips", "dr"]
METHODS: tuple[Method, ...] = ("ips", "snips", "dr")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a candidate brings per decision, or how much more than another, with its interval.

    `effective` is how many units given the candidate's treatments would say as much (Kish). Where `claimed`
    is false the log cannot answer: the interval's ends are infinite, and `warnings` say why.
    """

    value: Interval
    effective: float
    warnings: tuple[Caution, ...]
    method: Method
    claimed: bool


def as_logged(log: Logged, *, level: float = LEVEL) -> Evaluated:
    """The value per decision of the policy that ran: its mean outcome, with an interval over units."""
    everyone = np.ones(log.rows)
    value = _interval(log, np.zeros(log.rows), everyone, log.outcome, float(log.rows), level)
    units = len(log.per_unit(everyone))
    warnings = () if units >= FEWEST_EFFECTIVE else (few(units),)
    return _told(log, value, units, warnings, "ips", claimed=not warnings, lowest=0.0)


def evaluate(
    log: Logged,
    candidate: Array,
    *,
    method: Method = "dr",
    predicted: Array | None = None,
    features: Array | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> Evaluated:
    """The value per decision of `candidate` (n, K), its probability of each treatment in each row.

    `predicted` (n, K) are outcomes that a model foresees which did not learn from the row's unit; without
    them, dr fits its own from `features` (n, d), cross-fitted with folds drawn by `seed`. Raises BadOption
    where the candidate's rows are no probabilities or its treatments not those of the log.
    """
    must_be_policy(log, candidate)
    guess = _predicted(log, candidate.shape[1], method, predicted, features, seed)
    weights = weights_of(log, candidate)
    base, rest, scale = _scores(log, candidate, weights, method, guess)
    value = _interval(log, base, weights.seen / scale, rest, weights.expected_squares / scale**2, level)
    warnings, claimed = cautions(log, candidate, weights)
    return _told(log, value, weights.effective, warnings, method, claimed=claimed, lowest=0.0)


def compare(
    log: Logged,
    candidate: Array,
    other: Array,
    *,
    method: Method = "dr",
    predicted: Array | None = None,
    features: Array | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> Evaluated:
    """How much more `candidate` (n, K) brings per decision than `other` (n, K), row by row of the same log.

    Arguments and errors as of `evaluate`. Where both would do the same they differ by nothing, so that the
    difference is surer than either value; `effective` is that of the decisions in which they differ.
    """
    must_be_policy(log, candidate)
    must_be_policy(log, other)
    guess = _predicted(log, candidate.shape[1], method, predicted, features, seed)
    one, two = weights_of(log, candidate), weights_of(log, other)
    if np.array_equal(candidate, other):
        warnings, claimed = cautions(log, candidate, one)
        return _told(log, Interval(0, 0, 0), one.effective, warnings, method, claimed=claimed, lowest=-1.0)
    base_one, rest_one, scale_one = _scores(log, candidate, one, method, guess)
    base_two, rest_two, scale_two = _scores(log, other, two, method, guess)
    # snips takes from each outcome the value of either policy. What they share is weighted by the difference
    # of the weights; what is left goes with the weights themselves, which are no rare event.
    middle = (rest_one + rest_two) / 2
    apart = (rest_one - rest_two) / 2
    seen_one, seen_two = one.seen / scale_one, two.seen / scale_two
    base = base_one - base_two + (seen_one + seen_two) * apart
    differ = Weights(seen_one - seen_two, *of_difference(log, candidate / scale_one - other / scale_two))
    value = _interval(log, base, differ.seen, middle, differ.expected_squares, level)
    cautions_one, claimed_one = cautions(log, candidate, one)
    cautions_two, claimed_two = cautions(log, other, two)
    warnings = tuple(dict.fromkeys((*cautions_one, *cautions_two)))
    effective = differ.effective
    claimed = claimed_one and claimed_two
    if claimed and effective < FEWEST_EFFECTIVE:
        warnings = (*warnings, few(effective))
        claimed = False
    return _told(log, value, effective, warnings, method, claimed=claimed, lowest=-1.0)


def _scores(
    log: Logged, candidate: Array, weights: Weights, method: Method, guess: Array | None
) -> tuple[Array, Array, float]:
    """What each row has anyway, what its weight multiplies, (n,) each, and what its weight is divided by."""
    if method == "dr" and guess is not None:
        missed = log.outcome - guess[np.arange(log.rows), log.treatment]
        return (candidate * guess).sum(axis=1), missed, 1.0
    if method == "snips" and weights.seen.any():
        value = float(weights.seen @ log.outcome / weights.seen.sum())
        return np.full(log.rows, value), log.outcome - value, float(weights.seen.mean())
    return np.zeros(log.rows), log.outcome, 1.0


def _interval(
    log: Logged, base: Array, weight: Array, rest: Array, expected_squares: float, level: float
) -> Interval:
    """Of the mean over decisions of base + weight · rest, whole units being drawn."""
    # Outcomes of rows with a small weight tell how large those with a large one can be.
    more, less = _foreseen(weight, rest, expected_squares), _foreseen(-weight, rest, expected_squares)
    if log.unit is None:
        return mean_interval(base, weight * rest, foreseen=(more, less), level=level)
    # Units have different numbers of rows: the mean over rows is a ratio of sums over units.
    base_of, jumps_of = log.per_unit(base), log.per_unit(weight * rest)
    rows_of = log.per_unit(np.ones(log.rows))
    size = float(rows_of.mean())
    value = float((base_of + jumps_of).sum() / rows_of.sum())
    foreseen = more.among(size), less.among(size)
    return mean_interval(
        (base_of - value * (rows_of - size)) / size, jumps_of / size, foreseen=foreseen, level=level
    )


def _foreseen(weight: Array, rest: Array, expected_squares: float) -> Foreseen:
    """How large and how many the positive w · r should be, were w independent of what it multiplies."""
    squares = sums = 0.0
    seen = float(weight @ weight)
    for sign in (1.0, -1.0):
        of_weight, of_rest = np.maximum(sign * weight, 0.0), np.maximum(sign * rest, 0.0)
        squares += float(of_weight @ of_weight) * float(of_rest @ of_rest)
        sums += float(of_weight.sum()) * float(of_rest.sum())
    if not (sums and squares):
        return Foreseen()
    squares *= expected_squares / seen
    return Foreseen(squares / sums, sums * sums / squares / len(weight))


def _told(
    log: Logged,
    value: Interval,
    effective: float,
    warnings: tuple[Caution, ...],
    method: Method,
    *,
    claimed: bool,
    lowest: float,
) -> Evaluated:
    if not claimed:
        return Evaluated(Interval(value.mean, -inf, inf), effective, warnings, method, claimed)
    if ((log.outcome == 0) | (log.outcome == 1)).all():
        # A share lies between 0 and 1, whatever the weights make of it.
        mean, low, high = (min(max(one, lowest), 1.0) for one in (value.mean, value.low, value.high))
        value = Interval(mean, low, high)
    return Evaluated(value, effective, warnings, method, claimed)


def _predicted(
    log: Logged,
    arms: int,
    method: Method,
    predicted: Array | None,
    features: Array | None,
    seed: int,
) -> Array | None:
    if method not in METHODS:
        raise BadOption(f"there is no method {method!r}", hint=f"it is one of {', '.join(METHODS)}")
    if method != "dr":
        return None
    if predicted is None:
        return cross_fitted(features, log.treatment, log.outcome, arms, unit=log.unit, seed=seed)
    if predicted.shape != (log.rows, arms):
        raise BadOption(f"the predictions are {predicted.shape}, not {(log.rows, arms)}")
    return predicted

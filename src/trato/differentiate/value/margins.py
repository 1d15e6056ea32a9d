"""Margins per purchase that may be negative: what customers bring where refunds and costs count.

The margins of customer c's purchases are Normal(μ_c, σ_c²), and both differ between customers: σ_c² is
inverse-gamma (shape, rate) and μ_c, given σ_c², Normal(m, σ_c²/pull). So an expected margin can lie below
zero, and a few customers with huge sales or refunds get a huge σ_c of their own instead of widening
everyone's; their means are still drawn to the population's by the same rule as all. Source: the
normal-inverse-gamma model, Gelman et al. (2013), Bayesian Data Analysis, section 3.3, with its four
parameters fitted by marginal likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln, stdtr, stdtrit, zeta

from trato.differentiate.value.maximum import dot, find_maximum, in_logarithms
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from trato.differentiate.value.maximum import Evaluation
    from trato.differentiate.value.predictive import Block

# m, log pull, log shape and log rate in units of the typical margin; a shape above 1 lets the variance exist.
LOWEST = np.array([-1e6, np.log(1e-4), np.log(1.05), np.log(1e-8)])
HIGHEST = np.array([1e6, np.log(1e6), np.log(1e4), np.log(1e12)])
CUSTOMERS_TO_START_FROM = 20_000
CELLS_AT_ONCE = 500_000
RARE = 1e-7
PRECISION = 1e-7


@dataclass(frozen=True, slots=True)
class Margins:
    """A fitted model: μ_c ~ Normal(mean, σ_c²/pull), σ_c² ~ inverse-gamma(shape, rate).

    `mean` is the population's expected margin per purchase; `pull` is how many purchases of one's own weigh
    as much as the population.
    """

    mean: float
    pull: float
    shape: float
    rate: float
    log_likelihood: float
    customers: int
    converged: bool


@dataclass(frozen=True, slots=True)
class MarginPosterior:
    """What is believed of each customer's margins: the parameters of `Margins` after what was seen, (n,)."""

    mean: NDArray[np.float64]
    pull: NDArray[np.float64]
    shape: NDArray[np.float64]
    rate: NDArray[np.float64]

    def cdf_of_sums(self, block: Block, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(sum <= value) at the `values` (c,) of the block's customers."""
        cdf = np.empty(len(block.customers))
        for some in _chunks(len(cdf), len(block.numbers)):
            sums = _Sums(self, block, some)
            everyone = np.arange(len(sums.none))
            cdf[some] = sums.cdf(values[some], everyone) + sums.none * (values[some] >= 0)
        return cdf

    def quantiles_of_sums(self, block: Block, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values (c, levels) below which the sums stay with the probabilities `levels`."""
        quantiles = np.empty((len(block.customers), len(levels)))
        for some in _chunks(len(quantiles), len(block.numbers)):
            sums = _Sums(self, block, some)
            for column, level in enumerate(levels):
                quantiles[some, column] = sums.quantile(float(level))
        return quantiles


def fit(count: ArrayLike, mean: ArrayLike, squares: ArrayLike) -> Margins:
    """Fit by marginal likelihood to customers' numbers of purchases, mean margins and sums of squares, (n,).

    Customers without a purchase are left out. Where nobody has two purchases, how much customers differ
    cannot be told from how much purchases do, and `pull` stays near 1. Raises NotEnoughData with fewer than
    two customers.
    """
    n, average, sum_of_squares = _checked(count, mean, squares)
    seen = n > 0
    n, average, sum_of_squares = n[seen], average[seen], sum_of_squares[seen]
    if len(n) < 2:
        raise NotEnoughData(
            "Fewer than two customers have a purchase with a known margin.", hint="Give a longer history."
        )
    spread = np.maximum(sum_of_squares - n * average**2, 0.0)
    unit = float(np.median(np.sqrt(sum_of_squares / n)))
    if unit == 0:
        unit = float(np.sqrt((sum_of_squares / n).mean())) or 1.0
    middle = float(np.median(average)) / unit
    starts = [
        np.array([middle, *np.log([k, 2.0, rate])]) for k, rate in ((1.0, 0.5), (10.0, 1e-2), (0.1, 10.0))
    ]
    step = len(n) // CUSTOMERS_TO_START_FROM
    if step >= 4:
        some = _LogLikelihood(n[::step], average[::step] / unit, spread[::step] / unit**2)
        starts = [find_maximum(some, starts, LOWEST, HIGHEST, tolerance=1e-3).at, *starts]
    found = find_maximum(_LogLikelihood(n, average / unit, spread / unit**2), starts, LOWEST, HIGHEST)
    pull, shape, rate = np.exp(found.at[1:]).tolist()
    log_likelihood = found.value - float(n.sum() * np.log(unit))
    return Margins(
        float(found.at[0]) * unit, pull, shape, rate * unit**2, log_likelihood, len(n), found.converged
    )


def posterior(model: Margins, count: ArrayLike, mean: ArrayLike, squares: ArrayLike) -> MarginPosterior:
    """What is believed after `count` purchases of `mean` margin and sum of `squares`, all (n,)."""
    n, average, sum_of_squares = _checked(count, mean, squares)
    seen = n > 0
    average = np.where(seen, average, model.mean)
    spread = np.where(seen, np.maximum(sum_of_squares - n * average**2, 0.0), 0.0)
    pull = model.pull + n
    off = average - model.mean
    return MarginPosterior(
        mean=model.mean + n / pull * off,
        pull=pull,
        shape=model.shape + n / 2,
        rate=model.rate + spread / 2 + model.pull * n / pull * off**2 / 2,
    )


def expected_margin(model: Margins, count: ArrayLike, mean: ArrayLike) -> NDArray[np.float64]:
    """The expected margin per future purchase (n,), below zero for some: the population's where count = 0."""
    return posterior(model, count, mean, np.zeros(np.shape(mean))).mean


def _checked(
    count: ArrayLike, mean: ArrayLike, squares: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    n, average, sum_of_squares = (np.asarray(column, dtype=np.float64) for column in (count, mean, squares))
    if not (n.ndim == 1 and n.shape == average.shape == sum_of_squares.shape):
        raise ValueError("count, mean and squares must be one-dimensional and of the same length")
    if not (np.isfinite(n).all() and (n >= 0).all()):
        raise ValueError("count must be finite and not negative")
    if not (np.isfinite(average[n > 0]).all() and np.isfinite(sum_of_squares[n > 0]).all()):
        raise ValueError("mean and squares must be finite where count > 0")
    return n, average, sum_of_squares


class _LogLikelihood:
    """The marginal log-likelihood with first and second derivatives by (m, log pull, log shape, log rate)."""

    def __init__(
        self, n: NDArray[np.float64], average: NDArray[np.float64], spread: NDArray[np.float64]
    ) -> None:
        self._n, self._average, self._spread = n, average, spread
        self._counts, which = np.unique(n, return_inverse=True)
        self._with_count = np.bincount(which).astype(np.float64)
        self._constant = -0.5 * np.log(2 * np.pi) * float(n.sum())

    def __call__(self, at: NDArray[np.float64]) -> Evaluation:
        m = float(at[0])
        pull, shape, rate = np.exp(at[1:]).tolist()
        n, k, with_k = self._n, self._counts, self._with_count
        everyone = float(with_k.sum())
        off = self._average - m
        weight = pull * n / (pull + n)
        by_pull, by_pull2 = (n / (pull + n)) ** 2, -2 * n**2 / (pull + n) ** 3
        after = shape + n / 2
        beyond = rate + self._spread / 2 + weight * off**2 / 2
        share = after / beyond
        first = np.stack([-weight * off, by_pull * off**2 / 2, np.ones_like(n)])

        value = with_k @ (gammaln(shape + k / 2) + np.log(pull / (pull + k)) / 2) - dot(after, np.log(beyond))
        value += everyone * (shape * np.log(rate) - gammaln(shape)) + self._constant
        slope = -np.einsum("pi,i->p", first, share)
        gradient = np.array([slope[0], slope[1], 0.0, slope[2] + everyone * shape / rate])
        gradient[1] += with_k @ (1 / pull - 1 / (pull + k)) / 2
        gradient[2] = with_k @ digamma(shape + k / 2) + everyone * (np.log(rate) - digamma(shape))
        gradient[2] -= np.log(beyond).sum()

        curve = np.einsum("pi,qi->pq", first * (share / beyond), first)
        curve[0, 0] -= dot(share, weight)
        curve[0, 1] += dot(share, by_pull, off)
        curve[1, 0] = curve[0, 1]
        curve[1, 1] += with_k @ (1 / (pull + k) ** 2 - 1 / pull**2) / 2 - dot(share, by_pull2, off**2) / 2
        curve[2, 2] -= everyone * shape / rate**2
        hessian = np.zeros((4, 4))
        hessian[np.ix_([0, 1, 3], [0, 1, 3])] = curve
        hessian[2, [0, 1, 3]] = -(first / beyond).sum(axis=1) + np.array([0.0, 0.0, everyone / rate])
        hessian[:, 2] = hessian[2]
        hessian[2, 2] = with_k @ zeta(2.0, shape + k / 2) - everyone * zeta(2.0, shape)

        value, log_gradient, log_hessian = in_logarithms(
            (float(value), gradient[1:], hessian[1:, 1:]), np.array([pull, shape, rate])
        )
        scale = np.array([pull, shape, rate])
        gradient[1:] = log_gradient
        hessian[1:, 1:] = log_hessian
        hessian[0, 1:] *= scale
        hessian[1:, 0] *= scale
        return value, gradient, hessian


class _Sums:
    """Sums of customers' margins to come: given n purchases, Student's t with 2·shape degrees of freedom."""

    def __init__(self, belief: MarginPosterior, block: Block, some: slice) -> None:
        customers = block.customers[some]
        chances = np.einsum("kc,kcn->cn", block.weights[:, some], block.chances[:, block.time[some], 1:])
        self.none = 1 - chances.sum(axis=1)
        number = block.numbers[1:]
        likely = chances.max(axis=0, initial=0.0) > RARE
        number, self._chances = number[likely], chances[:, likely]
        self._freedom = 2 * belief.shape[customers, None]
        self._centre = belief.mean[customers, None] * number
        variance = (belief.rate / belief.shape)[customers, None]
        self._scale = np.sqrt(variance * (number + number**2 / belief.pull[customers, None]))

    def cdf(self, values: NDArray[np.float64], of: NDArray[np.intp]) -> NDArray[np.float64]:
        """P(some purchase is made, and the sum <= value), for the customers `of`."""
        t = (values[:, None] - self._centre[of]) / self._scale[of]
        return np.asarray(np.einsum("cn,cn->c", self._chances[of], stdtr(self._freedom[of], t)))

    def quantile(self, level: float) -> NDArray[np.float64]:
        """By Newton's steps, kept between the least and the greatest quantile of the parts of the mixture."""
        everyone = np.arange(len(self.none))
        below_zero = self.cdf(np.zeros(len(everyone)), everyone)
        quantile = np.zeros(len(everyone))
        positive = below_zero + self.none < level
        left = np.flatnonzero(positive | (below_zero >= level))
        parts = self._centre[left] + self._scale[left] * stdtrit(self._freedom[left], level)
        low = np.where(positive[left], 0.0, parts.min(axis=1, initial=0.0))
        high = np.where(positive[left], parts.max(axis=1, initial=0.0), 0.0)
        goal = np.where(positive[left], level - self.none[left], level)
        at, close = (low + high) / 2, 1e-9 * (high - low)
        for _ in range(60):
            if len(left) == 0:
                break
            over = self.cdf(at, left) - goal
            low, high = np.where(over < 0, at, low), np.where(over < 0, high, at)
            step = at - over / np.maximum(self._density(at, left), 1e-300)
            inside = (step > low) & (step < high)
            step = np.where(inside, step, (low + high) / 2)
            done = (np.abs(over) < PRECISION) | (high - low <= close)
            quantile[left[done]] = at[done]
            left, at, goal = left[~done], step[~done], goal[~done]
            low, high, close = low[~done], high[~done], close[~done]
        quantile[left] = at
        return quantile

    def _density(self, values: NDArray[np.float64], of: NDArray[np.intp]) -> NDArray[np.float64]:
        freedom, scale = self._freedom[of], self._scale[of]
        t = (values[:, None] - self._centre[of]) / scale
        height = np.exp(gammaln((freedom + 1) / 2) - gammaln(freedom / 2)) / np.sqrt(np.pi * freedom)
        density = height * np.exp(-(freedom + 1) / 2 * np.log1p(t * t / freedom)) / scale
        return np.asarray(np.einsum("cn,cn->c", self._chances[of], density))


def _chunks(customers: int, numbers: int) -> list[slice]:
    size = max(1, CELLS_AT_ONCE // max(numbers, 1))
    return [slice(first, first + size) for first in range(0, customers, size)]

"""The Gamma-Gamma model of what a customer spends per purchase.

A customer's spend per purchase is Gamma(p, ν), and ν ~ Gamma(q, v) differs between customers, independently
of how often they buy. Source: Fader and Hardie (2013), "The Gamma-Gamma model of monetary value",
brucehardie.com note 025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincinv, betaln, digamma, expit, gammaln, zeta

from trato.differentiate.value.maximum import dot, find_maximum, in_logarithms
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from trato.differentiate.value.maximum import Evaluation
    from trato.differentiate.value.predictive import Block

# In units of the typical spend. At q <= 1 spend has no mean; at the lowest q allowed it is still 20·p·v.
LOWEST = np.log([1e-3, 1.05, 1e-6])
HIGHEST = np.log([1e4, 1e4, 1e6])
CUSTOMERS_TO_START_FROM = 20_000
KNOTS, BETWEEN = 129, 4
NODES = BETWEEN * (KNOTS - 1) + 1
RARE = 1e-7


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted Gamma-Gamma model: spend per purchase ~ Gamma(p, ν), ν ~ Gamma(q, v).

    `q` is kept at 1.05 or more, so that the mean exists; `heavy_tailed` says that it rests there, and that
    the mean is then not to be trusted.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    converged: bool

    @property
    def mean(self) -> float:
        """Mean spend per purchase over the population."""
        return self.p * self.v / (self.q - 1)

    @property
    def heavy_tailed(self) -> bool:
        """Whether the data asked for a q below the lowest one allowed."""
        return self.q <= 1.0500001


@dataclass(frozen=True, slots=True)
class SpendPosterior:
    """What is believed of customers' spend: Gamma(p, ν) a purchase, ν ~ Gamma(q, v); q and v are (n,)."""

    p: float
    q: NDArray[np.float64]
    v: NDArray[np.float64]

    def cdf_of_sums(self, block: Block, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(sum <= value) at the `values` (c,) of the block's customers, to about 1e-4."""
        cdf = np.empty(len(block.customers))
        for members, table in self._tables(block):
            ratio = values[members] / self.v[block.customers[members]]
            cdf[members] = table.cdf(block.time[members], block.weights[:, members], ratio)
        return cdf

    def quantiles_of_sums(self, block: Block, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values (c, levels) below which the sums stay with the probabilities `levels`."""
        quantiles = np.empty((len(block.customers), len(levels)))
        for members, table in self._tables(block):
            scale = self.v[block.customers[members]]
            for column, level in enumerate(levels):
                ratio = table.quantile(block.time[members], block.weights[:, members], float(level))
                quantiles[members, column] = ratio * scale
        return quantiles

    def _tables(self, block: Block) -> Iterator[tuple[NDArray[np.intp], _SumTable]]:
        shapes, which = np.unique(self.q[block.customers], return_inverse=True)
        for i, q in enumerate(shapes):
            yield np.flatnonzero(which == i), _SumTable(self.p, float(q), block)


def fit(x: ArrayLike, mean_spend: ArrayLike) -> GammaGamma:
    """Fit by maximum likelihood to the mean spend (n,) of customers over their `x` repeat purchases (n,).

    Customers without a repeat purchase or without positive spend are left out.
    Raises NotEnoughData when fewer than two customers are left.
    """
    purchases, spend = _same_length(x, mean_spend)
    known = (purchases > 0) & (spend > 0)
    purchases, spend = purchases[known], spend[known]
    if len(spend) < 2:
        raise NotEnoughData(
            "Fewer than two customers have a repeat purchase with positive spend.",
            hint="Give a longer history; where refunds outweigh sales, the signed margin model applies.",
        )
    typical = float(np.exp(np.log(spend).mean()))
    starts = [np.log([p, q, q / p]) for p, q in ((4.0, 4.0), (1.0, 2.0), (50.0, 20.0))]
    step = len(spend) // CUSTOMERS_TO_START_FROM
    if step >= 4:
        near = find_maximum(
            _LogLikelihood(purchases[::step], spend[::step] / typical),
            starts,
            LOWEST,
            HIGHEST,
            tolerance=1e-3,
        )
        starts = [near.at, *starts]
    found = find_maximum(_LogLikelihood(purchases, spend / typical), starts, LOWEST, HIGHEST)
    p, q, v = np.exp(found.at).tolist()
    log_likelihood = found.value - len(spend) * np.log(typical)
    return GammaGamma(p, q, v * typical, float(log_likelihood), len(spend), found.converged)


def posterior(model: GammaGamma, x: ArrayLike, mean_spend: ArrayLike) -> SpendPosterior:
    """What is believed of each customer after `x` repeat purchases of `mean_spend` on average, both (n,).

    A customer with x = 0, or whose spend is not positive, gets the population's belief.
    """
    purchases, spend = _same_length(x, mean_spend)
    known = (purchases > 0) & (spend > 0)
    seen = np.where(known, purchases, 0.0)
    return SpendPosterior(
        p=model.p, q=model.q + model.p * seen, v=model.v + seen * np.where(known, spend, 0.0)
    )


def expected_spend(model: GammaGamma, x: ArrayLike, mean_spend: ArrayLike) -> NDArray[np.float64]:
    """The expected spend per future purchase (n,): the population's mean where x = 0."""
    belief = posterior(model, x, mean_spend)
    return model.p * belief.v / (belief.q - 1)


def _same_length(x: ArrayLike, mean_spend: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    purchases = np.asarray(x, dtype=np.float64)
    spend = np.asarray(mean_spend, dtype=np.float64)
    if purchases.ndim != 1 or purchases.shape != spend.shape:
        raise ValueError("x and mean_spend must be one-dimensional and of the same length")
    if not (np.isfinite(purchases).all() and (purchases >= 0).all()):
        raise ValueError("x must be finite and not negative")
    if not np.isfinite(spend[purchases > 0]).all():
        raise ValueError("mean_spend must be finite where x > 0")
    return purchases, spend


class _LogLikelihood:
    """The log-likelihood of mean spends, with first and second derivatives by log (p, q, v)."""

    def __init__(self, x: NDArray[np.float64], spend: NDArray[np.float64]) -> None:
        self._counts, count = np.unique(x, return_inverse=True)
        self._customers = np.bincount(count).astype(np.float64)
        self._x = x
        self._total = x * spend
        self._sum_log = float(np.log(spend).sum())
        self._sum_x_log = dot(x, np.log(spend)) + dot(x, np.log(x))

    def __call__(self, logarithms: NDArray[np.float64]) -> Evaluation:
        parameters = np.exp(logarithms)
        p, q, v = parameters.tolist()
        n, k = self._customers, self._counts
        customers = float(n.sum())
        beyond = self._total + v
        log_beyond = np.log(beyond)
        inverse = np.divide(1.0, beyond, out=beyond)
        sum_log, sum_x_log = float(log_beyond.sum()), dot(self._x, log_beyond)
        sum_inverse, sum_x_inverse = float(inverse.sum()), dot(self._x, inverse)
        np.multiply(inverse, inverse, out=inverse)
        sum_square, sum_x_square = float(inverse.sum()), dot(self._x, inverse)

        value = n @ (gammaln(p * k + q) - gammaln(p * k)) + customers * (q * np.log(v) - gammaln(q))
        value += p * self._sum_x_log - self._sum_log - p * sum_x_log - q * sum_log
        psi = digamma(p * k + q)
        gradient = np.array(
            [
                n @ (k * (psi - digamma(p * k))) + self._sum_x_log - sum_x_log,
                n @ psi - customers * (digamma(q) - np.log(v)) - sum_log,
                customers * q / v - p * sum_x_inverse - q * sum_inverse,
            ]
        )
        bend = zeta(2.0, p * k + q)
        hessian = np.empty((3, 3))
        hessian[0] = [n @ (k * k * (bend - zeta(2.0, p * k))), n @ (k * bend), -sum_x_inverse]
        hessian[1, 1:] = [n @ bend - customers * zeta(2.0, q), customers / v - sum_inverse]
        hessian[2, 2] = -customers * q / v**2 + p * sum_x_square + q * sum_square
        return in_logarithms((float(value), gradient, np.triu(hessian) + np.triu(hessian, 1).T), parameters)


class _SumTable:
    """The distribution of (sum of spends)/v for each kind and time of a block, over a grid of its logarithm.

    Given n purchases the ratio is beta-prime with p·n and q, whatever v: so one table serves all customers
    that share x, and the incomplete beta function is worked out once for each n and node.
    """

    def __init__(self, p: float, q: float, block: Block) -> None:
        self._never = block.chances[..., 0]
        if len(block.numbers) == 1:
            self._low, self._step = 0.0, 1.0
            self._cdf = np.repeat(block.chances, 2, axis=2)
            return
        likely = np.append(False, block.chances[..., 1:].max(axis=(0, 1)) > RARE)
        likely[1] = True
        shape = p * block.numbers[likely]
        lowest = max(float(betaincinv(shape[0], q, 1e-5)), 1e-9 * float(shape[0]) / q)
        highest = max(1 / float(betaincinv(q, shape[-1], 1e-5)) - 1, 2 * lowest)
        self._low = np.log(lowest)
        self._step = (np.log(highest) - self._low) / (NODES - 1)
        given_number = _beta_prime_cdf(shape[:, None], q, self._low, self._step)
        self._cdf = block.chances[..., :1] + np.einsum(
            "ktn,nw->ktw", block.chances[..., likely], given_number
        )

    def cdf(
        self, time: NDArray[np.intp], weights: NDArray[np.float64], ratio: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        place = (np.log(np.maximum(ratio, 1e-300)) - self._low) / self._step
        node = np.clip(np.floor(place).astype(np.intp), 0, self._cdf.shape[2] - 2)
        share = np.clip(place - node, 0.0, 1.0)
        inside = self._at(time, weights, node) * (1 - share) + self._at(time, weights, node + 1) * share
        none = self._none(time, weights)
        first = none + (self._at(time, weights, np.zeros_like(node)) - none) * ratio / np.exp(self._low)
        return np.where(ratio < 0, 0.0, np.where(place < 0, first, inside))

    def quantile(
        self, time: NDArray[np.intp], weights: NDArray[np.float64], level: float
    ) -> NDArray[np.float64]:
        below = np.full(len(time), -1)
        above = np.full(len(time), self._cdf.shape[2] - 1)
        while (apart := above - below > 1).any():
            middle = np.where(apart, (below + above) // 2, above)
            reached = self._at(time, weights, middle) >= level
            below, above = np.where(reached, below, middle), np.where(reached, middle, above)
            below = np.minimum(below, above - 1)
        none = self._none(time, weights)
        start = np.where(below < 0, none, self._at(time, weights, np.maximum(below, 0)))
        rise = self._at(time, weights, above) - start
        share = np.clip((level - start) / np.where(rise > 0, rise, 1.0), 0.0, 1.0)
        ratio = np.where(
            below < 0, share * np.exp(self._low), np.exp(self._low + self._step * (below + share))
        )
        return np.where(none >= level, 0.0, ratio)

    def _none(self, time: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 - np.einsum("kc,kc->c", weights, 1 - self._never[:, time]))

    def _at(
        self, time: NDArray[np.intp], weights: NDArray[np.float64], node: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        return np.asarray(1 - np.einsum("kc,kc->c", weights, 1 - self._cdf[:, time, node]))


def _beta_prime_cdf(shape: NDArray[np.float64], q: float, low: float, step: float) -> NDArray[np.float64]:
    """P(ratio <= w) at NODES of log w, for beta-prime ratios of `shape` (numbers, 1) and q.

    The incomplete beta function is dear and the density is cheap: so both are worked out at every fourth
    node, and the cubics through them give the nodes between.
    """
    knots = low + BETWEEN * step * np.arange(KNOTS)
    log_odds = np.logaddexp(0.0, knots)
    value = betainc(shape, q, expit(knots))
    slope = BETWEEN * step * np.exp(shape * (knots - log_odds) - q * log_odds - betaln(shape, q))
    cdf = np.empty((len(shape), NODES))
    cdf[:, ::BETWEEN] = value
    for i in range(1, BETWEEN):
        s = i / BETWEEN
        rising = s * s * (3 - 2 * s)
        cdf[:, i::BETWEEN] = (1 - rising) * value[:, :-1] + rising * value[:, 1:]
        cdf[:, i::BETWEEN] += s * (1 - s) * ((1 - s) * slope[:, :-1] - s * slope[:, 1:])
    return np.maximum.accumulate(np.clip(cdf, 0.0, 1.0), axis=1)

"""The Pareto/NBD model of repeat purchases.

A customer buys at a rate λ ~ Gamma(r, α) and stops for good at a rate μ ~ Gamma(s, β), at any moment. Source:
Schmittlein, Morrison and Colombo (1987), "Counting your customers", Management Science 33(1). Times are in
weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, digamma, exprel, gammaln, logsumexp, zeta

from trato.differentiate.value.bg_nbd import check_enough
from trato.differentiate.value.maximum import dot, find_maximum, in_logarithms
from trato.differentiate.value.predictive import Kind
from trato.differentiate.value.purchase_rows import PurchaseRows, distinct_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from trato.differentiate.value.maximum import Evaluation

LOWEST = np.log([1e-5, 1e-5, 1e-6, 1e-5])
HIGHEST = np.log([1e4, 1e7, 1e4, 1e7])
ROWS_TO_START_FROM = 20_000
ROWS_AT_ONCE = 16_384
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)
NEGLIGIBLE = 38.0


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """A fitted Pareto/NBD model: λ ~ Gamma(r, α) purchases a week, μ ~ Gamma(s, β) to leave in a week.

    A parameter may lie on the edge of its allowed range: s of 1e-6 says that nobody leaves. `converged` is
    false when the search did not come to rest; the parameters are then the best ones seen.
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float
    customers: int
    converged: bool


def fit(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> ParetoNbd:
    """Fit by maximum likelihood to `x` repeat purchases, the last at `t_x` of `T` weeks, each (n,).

    Raises NotEnoughData when nobody was observed for any time after the first purchase, or nobody bought
    again.
    """
    return fit_rows(distinct_rows(x, t_x, T))


def fit_rows(rows: PurchaseRows) -> ParetoNbd:
    """`fit` on rows already made distinct."""
    check_enough(rows)
    rate = dot(rows.customers, rows.x) / dot(rows.customers, rows.T)
    weeks = float(rows.T.max())
    starts = [
        np.log([0.5, 0.5 / rate, 0.5, 0.3 * weeks]),
        np.log([1.5, 1.5 / rate, 0.1, weeks]),
        np.log([0.1, 0.1 / rate, 2.0, 2 * weeks]),
    ]
    step = len(rows.row) // ROWS_TO_START_FROM
    if step >= 4:
        some = rows.sample(step)
        if (some.x > 0).any():
            near = find_maximum(partial(_log_likelihood, some), starts, LOWEST, HIGHEST, tolerance=1e-3)
            starts = [near.at, *starts]
    found = find_maximum(partial(_log_likelihood, rows), starts, LOWEST, HIGHEST)
    r, alpha, s, beta = np.exp(found.at).tolist()
    return ParetoNbd(r, alpha, s, beta, found.value, len(rows.row), found.converged)


def p_alive(model: ParetoNbd, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> NDArray[np.float64]:
    """The probability (n,) that each customer will still buy."""
    rows = distinct_rows(x, t_x, T)
    return rows.spread(p_alive_rows(model, rows))


def p_alive_rows(model: ParetoNbd, rows: PurchaseRows) -> NDArray[np.float64]:
    """`p_alive` (rows,) of distinct rows."""
    alive = np.empty(len(rows.x))
    for first in range(0, len(alive), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        _, _, endings = _endings(model, rows.x[part], rows.t_x[part], rows.T[part])
        alive[part] = np.exp(endings[:, 0] - logsumexp(endings, axis=1))
    return alive


def expected_purchases(
    model: ParetoNbd, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, horizon: float
) -> NDArray[np.float64]:
    """The expected number of purchases (n,) of each customer in the next `horizon` weeks."""
    rows = distinct_rows(x, t_x, T)
    return rows.spread(expected_purchases_rows(model, rows, horizon))


def expected_purchases_rows(model: ParetoNbd, rows: PurchaseRows, horizon: float) -> NDArray[np.float64]:
    """`expected_purchases` (rows,) of distinct rows."""
    if not 0 <= horizon < np.inf:
        raise ValueError("the horizon must be finite and not negative")
    rate = (model.r + rows.x) / (model.alpha + rows.T)
    stretch = np.log1p(horizon / (model.beta + rows.T))
    weeks_alive = (model.beta + rows.T) * stretch * exprel((1 - model.s) * stretch)
    return np.asarray(p_alive_rows(model, rows) * rate * weeks_alive)


def purchases_ahead(model: ParetoNbd, rows: PurchaseRows, horizon: float) -> tuple[Kind, ...]:
    """The distribution of the purchases in the next `horizon` weeks, as the one kind of those alive."""
    return (Kind(p_alive_rows(model, rows), partial(at_least_if_alive, model, horizon)),)


def at_least_if_alive(
    model: ParetoNbd,
    horizon: float,
    x: NDArray[np.float64],
    T: NDArray[np.float64],
    n: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The probability of `n` or more purchases in the next `horizon` weeks of who is alive; shapes broadcast.

    Given alive, λ ~ Gamma(r+x, α+T) and μ ~ Gamma(s, β+T) are independent: the mean of the negative
    binomial's tail over the time u after which the customer leaves, by Gauss-Legendre nodes in log(β+T+u).
    The more purchases there were, the steeper the tail is in u, and the more nodes it takes.
    """
    number = np.maximum(n, 1.0)

    def reached(weeks: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(betainc(number, model.r + x, weeks / (model.alpha + T + weeks)))

    span = np.log1p(horizon / (model.beta + T))
    total = np.exp(-model.s * span) * reached(horizon)
    span = np.minimum(span, NEGLIGIBLE / model.s)
    steepness = np.sqrt(model.r + np.max(x, initial=0.0)) * np.max(span, initial=0.0)
    for node, weight in zip(*_gauss_legendre(min(24 + 8 * int(steepness / 2), 256)), strict=True):
        since = span * (1 + node) / 2
        leaves = model.s * np.exp(-model.s * since) * span * (weight / 2)
        total = total + leaves * reached((model.beta + T) * np.expm1(since))
    return np.where(n < 1, 1.0, np.clip(total, 0.0, 1.0))


@cache
def _gauss_legendre(nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.polynomial.legendre.leggauss(nodes)


def _log_likelihood(rows: PurchaseRows, logarithms: NDArray[np.float64]) -> Evaluation:
    """The log-likelihood with first and second derivatives by log (r, α, s, β), under the integral's sign."""
    parameters = np.exp(logarithms)
    r, alpha, s, beta = parameters.tolist()
    model = ParetoNbd(r, alpha, s, beta, 0.0, 0, converged=False)
    counts, which = np.unique(rows.x, return_inverse=True)
    n = np.bincount(which, rows.customers)
    everyone = float(n.sum())
    value = n @ (gammaln(r + counts) - gammaln(r)) + everyone * (r * np.log(alpha) + s * np.log(beta))
    gradient = everyone * np.array([np.log(alpha), r / alpha, np.log(beta), s / beta])
    gradient[0] += n @ (digamma(r + counts) - digamma(r))
    hessian = np.zeros((4, 4))
    hessian[0, 0] = n @ (zeta(2.0, r + counts) - zeta(2.0, r))
    hessian[0, 1] = hessian[1, 0] = everyone / alpha
    hessian[1, 1] = -everyone * r / alpha**2
    hessian[2, 3] = hessian[3, 2] = everyone / beta
    hessian[3, 3] = -everyone * s / beta**2
    for first in range(0, len(rows.x), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        customers, k = rows.customers[part], (r + rows.x[part])[:, None]
        log_a, log_b, endings = _endings(model, rows.x[part], rows.t_x[part], rows.T[part])
        total = logsumexp(endings, axis=1)
        value += dot(customers, total)
        chance = np.exp(endings - total[:, None])
        left = np.ones(endings.shape[1])
        left[0] = 0.0
        inverse_a, inverse_b = np.exp(-log_a), np.exp(-log_b)
        slopes = np.stack([-log_a, -k * inverse_a, left / s - log_b, -(s + left) * inverse_b])
        means = np.einsum("pij,ij->pi", slopes, chance)
        gradient += np.einsum("pi,i->p", means, customers)
        weight = chance * customers[:, None]
        hessian += np.einsum("pij,qij->pq", slopes * weight, slopes)
        hessian -= np.einsum("pi,qi->pq", means * customers, means)
        bends = np.zeros((4, 4))
        bends[0, 1] = -(weight * inverse_a).sum()
        bends[1, 1] = (weight * k * inverse_a**2).sum() / 2
        bends[2, 2] = -weight[:, 1:].sum() / s**2 / 2
        bends[2, 3] = -(weight * inverse_b).sum()
        bends[3, 3] = (weight * (s + left) * inverse_b**2).sum() / 2
        hessian += bends + bends.T
    return in_logarithms((float(value), gradient, hessian), parameters)


def _endings(
    model: ParetoNbd, x: NDArray[np.float64], t_x: NDArray[np.float64], T: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How each history may have ended: alive at T, or leaving at a time u between t_x and T.

    Returns log(α+u), log(β+u) and the logarithm of each ending's part in the likelihood, all (rows, 1 +
    nodes); the first ending is alive at T. The times u are Gauss-Legendre nodes in log(c+u) with c the
    smaller of α and β, up to where the integrand has become negligible: so it is smooth however large x is.
    """
    k = model.r + x
    last = np.minimum(T, _after(model.alpha, t_x, NEGLIGIBLE / k))
    last = np.minimum(last, _after(model.beta, t_x, np.full_like(t_x, NEGLIGIBLE / (model.s + 1))))
    least = min(model.alpha, model.beta)
    from_, half = np.log(least + t_x), np.log((least + last) / (least + t_x)) / 2
    u = np.empty((len(x), 1 + len(NODES)))
    u[:, 0] = T
    u[:, 1:] = (least + t_x)[:, None] * np.exp(half[:, None] * (1 + NODES)) - least
    log_a, log_b = np.log(model.alpha + u), np.log(model.beta + u)
    endings = -k[:, None] * log_a - model.s * log_b
    endings[:, 1:] += half[:, None] * (1 + NODES) + from_[:, None] - log_b[:, 1:]
    endings[:, 1:] += np.log(WEIGHTS * model.s) + np.log(np.maximum(half, 1e-300))[:, None]
    return log_a, log_b, endings


def _after(offset: float, t: NDArray[np.float64], decay: NDArray[np.float64]) -> NDArray[np.float64]:
    """The time by which log(offset+t) has grown by `decay`."""
    return t + (offset + t) * np.expm1(np.minimum(decay, 500.0))

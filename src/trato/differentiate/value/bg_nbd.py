"""The BG/NBD model of repeat purchases.

A customer buys at a rate λ ~ Gamma(r, α) and stops for good after any purchase with probability p ~ Beta(a,
b). Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2). All
times are in weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, gammaln, zeta

from trato.differentiate.value.maximum import dot, find_maximum, in_logarithms
from trato.differentiate.value.predictive import Kind
from trato.differentiate.value.purchase_rows import PurchaseRows, distinct_rows
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from trato.differentiate.value.maximum import Evaluation

LOWEST = np.log([1e-5, 1e-5, 1e-6, 1e-5])
HIGHEST = np.log([1e4, 1e7, 1e5, 1e5])
ROWS_TO_START_FROM = 20_000


@dataclass(frozen=True, slots=True)
class BgNbd:
    """A fitted BG/NBD model: λ ~ Gamma(r, α) purchases a week, p ~ Beta(a, b) to stop after a purchase.

    A parameter may lie on the edge of its allowed range: a of 1e-6 says that nobody stops. `converged` is
    false when the search did not come to rest; the parameters are then the best ones seen.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    converged: bool


def fit(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> BgNbd:
    """Fit by maximum likelihood to `x` repeat purchases, the last at `t_x` of `T` weeks, each (n,).

    Raises NotEnoughData when nobody was observed for any time after the first purchase, or nobody bought
    again.
    """
    return fit_rows(distinct_rows(x, t_x, T))


def fit_rows(rows: PurchaseRows) -> BgNbd:
    """`fit` on rows already made distinct."""
    check_enough(rows)
    rate = dot(rows.customers, rows.x) / dot(rows.customers, rows.T)
    starts = [
        np.log([0.5, 0.5 / rate, 1.0, 2.5]),
        np.log([1.5, 1.5 / rate, 0.1, 1.0]),
        np.log([0.1, 0.1 / rate, 0.5, 0.5]),
    ]
    step = len(rows.row) // ROWS_TO_START_FROM
    if step >= 4:
        some = rows.sample(step)
        if (some.x > 0).any():
            near = find_maximum(_LogLikelihood(some), starts, LOWEST, HIGHEST, tolerance=1e-3)
            starts = [near.at, *starts]
    found = find_maximum(_LogLikelihood(rows), starts, LOWEST, HIGHEST)
    r, alpha, a, b = np.exp(found.at).tolist()
    return BgNbd(r, alpha, a, b, found.value, len(rows.row), found.converged)


def p_alive(model: BgNbd, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> NDArray[np.float64]:
    """The probability (n,) that each customer will still buy.

    Under this model nobody can stop before a repeat purchase: with x = 0 it is 1, however long ago the first
    was.
    """
    rows = distinct_rows(x, t_x, T)
    return rows.spread(p_alive_rows(model, rows))


def p_alive_rows(model: BgNbd, rows: PurchaseRows) -> NDArray[np.float64]:
    """`p_alive` (rows,) of distinct rows."""
    bought = rows.x > 0
    x = rows.x[bought]
    alive = np.ones(len(rows.x))
    silence = np.log((model.alpha + rows.T[bought]) / (model.alpha + rows.t_x[bought]))
    log_odds_stopped = np.log(model.a) - np.log(model.b + x - 1) + (model.r + x) * silence
    alive[bought] = expit(-log_odds_stopped)
    return alive


def expected_purchases(
    model: BgNbd, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, horizon: float
) -> NDArray[np.float64]:
    """The expected number of purchases (n,) of each customer in the next `horizon` weeks."""
    rows = distinct_rows(x, t_x, T)
    return rows.spread(expected_purchases_rows(model, rows, horizon))


def expected_purchases_rows(model: BgNbd, rows: PurchaseRows, horizon: float) -> NDArray[np.float64]:
    """`expected_purchases` (rows,) of distinct rows."""
    if not 0 <= horizon < np.inf:
        raise ValueError("the horizon must be finite and not negative")
    if horizon == 0 or len(rows.x) == 0:
        return np.zeros(len(rows.x))
    # Given that a customer is alive, when the last purchase was says nothing more: few pairs (x, T) remain.
    times, time = np.unique(rows.T, return_inverse=True)
    counts, count = np.unique(rows.x, return_inverse=True)
    pairs, pair = np.unique(count.astype(np.int64) * len(times) + time, return_inverse=True)
    which_count, which_time = np.divmod(pairs, len(times))
    alive = _expected_if_alive(model, counts, which_count, horizon / (model.alpha + times[which_time]))
    return p_alive_rows(model, rows) * alive[pair]


def purchases_ahead(model: BgNbd, rows: PurchaseRows, horizon: float) -> tuple[Kind, ...]:
    """The distribution of the purchases in the next `horizon` weeks, as the one kind of those alive."""
    return (Kind(p_alive_rows(model, rows), partial(at_least_if_alive, model, horizon)),)


def at_least_if_alive(
    model: BgNbd,
    horizon: float,
    x: NDArray[np.float64],
    T: NDArray[np.float64],
    n: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The probability of `n` or more purchases in the next `horizon` weeks of who is alive; shapes broadcast.

    Whoever reaches the n-th purchase has made n of them at rate λ ~ Gamma(r+x, α+T) and stayed after n-1 of
    them with p ~ Beta(a, b+x); given alive, λ and p are independent, so both have closed forms.
    """
    reached = betainc(np.maximum(n, 1.0), model.r + x, horizon / (model.alpha + T + horizon))
    stay = model.b + x
    stayed = np.exp(betaln(model.a, stay + np.maximum(n, 1.0) - 1) - betaln(model.a, stay))
    return np.where(n < 1, 1.0, reached * np.minimum(stayed, 1.0))


def check_enough(rows: PurchaseRows) -> None:
    """Raise NotEnoughData unless somebody was observed for some time and somebody bought again."""
    if len(rows.row) == 0 or not (rows.T > 0).any():
        raise NotEnoughData(
            "No customer was observed for any time after the first purchase.",
            hint="All purchases share one date, or no customer is left: give a longer history.",
        )
    if not ((rows.x > 0) & (rows.T > 0)).any():
        raise NotEnoughData(
            "No customer bought a second time, so there is no rate of buying to learn.",
            hint="Give a longer history, or check that each customer keeps one id throughout.",
        )


class _LogLikelihood:
    """The log-likelihood of distinct rows with its first and second derivatives by log (r, α, a, b)."""

    def __init__(self, rows: PurchaseRows) -> None:
        self._counts, count = np.unique(rows.x, return_inverse=True)
        self._with_count = np.bincount(count, rows.customers)
        self._times, time = np.unique(rows.T, return_inverse=True)
        self._with_time = np.bincount(time, rows.customers)
        self._bought_by_time = np.bincount(time, rows.customers * rows.x)
        bought = np.flatnonzero(rows.x > 0)
        self._customers = rows.customers[bought]
        self._x = rows.x[bought]
        self._count = count[bought]
        self._time = time[bought]
        self._last_values, self._last = np.unique(rows.t_x[bought], return_inverse=True)

    def __call__(self, logarithms: NDArray[np.float64]) -> Evaluation:
        parameters = np.exp(logarithms)
        value, gradient, hessian = self._buying(*parameters.tolist())
        for part in (self._staying(*parameters.tolist()), self._silence(*parameters.tolist())):
            value += part[0]
            gradient += part[1]
            hessian += part[2]
        return in_logarithms((value, gradient, hessian), parameters)

    def _buying(self, r: float, alpha: float, _a: float, _b: float) -> Evaluation:
        """log of Γ(r+x)/Γ(r) · α^r · (α+T)^-(r+x)."""
        n, n_T, x_T = self._with_count, self._with_time, self._bought_by_time
        total = n.sum()
        log_T, inverse_T = np.log(alpha + self._times), 1 / (alpha + self._times)
        weight = r * n_T + x_T
        value = n @ (gammaln(r + self._counts) - gammaln(r)) + total * r * np.log(alpha) - weight @ log_T
        gradient = np.zeros(4)
        gradient[0] = n @ (digamma(r + self._counts) - digamma(r)) + total * np.log(alpha) - n_T @ log_T
        gradient[1] = total * r / alpha - weight @ inverse_T
        hessian = np.zeros((4, 4))
        hessian[0, 0] = n @ (_trigamma(r + self._counts) - _trigamma(r))
        hessian[0, 1] = hessian[1, 0] = total / alpha - n_T @ inverse_T
        hessian[1, 1] = -total * r / alpha**2 + weight @ inverse_T**2
        return float(value), gradient, hessian

    def _staying(self, _r: float, _alpha: float, a: float, b: float) -> Evaluation:
        """log of B(a, b+x)/B(a, b): to have stayed after each of x purchases."""
        n, x = self._with_count, self._counts
        value = n @ (gammaln(b + x) - gammaln(b) - gammaln(a + b + x) + gammaln(a + b))
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        gradient[2] = n @ (digamma(a + b) - digamma(a + b + x))
        gradient[3] = gradient[2] + n @ (digamma(b + x) - digamma(b))
        mixed = n @ (_trigamma(a + b) - _trigamma(a + b + x))
        hessian[2, 2] = hessian[2, 3] = hessian[3, 2] = mixed
        hessian[3, 3] = mixed + n @ (_trigamma(b + x) - _trigamma(b))
        return float(value), gradient, hessian

    def _silence(self, r: float, alpha: float, a: float, b: float) -> Evaluation:
        """log of 1 + a/(b+x-1) · ((α+T)/(α+t_x))^(r+x): alive and silent, or stopped at the last purchase."""
        n, rate = self._customers, r + self._x
        since = np.log(alpha + self._times)[self._time] - np.log(alpha + self._last_values)[self._last]
        remaining = np.where(self._counts > 0, b + self._counts - 1, 1.0)  # x = 0 is never looked up
        log_odds = rate * since + (np.log(a) - np.log(remaining))[self._count]
        stopped = expit(log_odds)
        value = dot(n, np.logaddexp(0.0, log_odds))
        first = n * stopped
        second = first * (1 - stopped)
        faster = (1 / (alpha + self._times))[self._time] - (1 / (alpha + self._last_values))[self._last]
        slower = (1 / (alpha + self._times) ** 2)[self._time]
        slower -= (1 / (alpha + self._last_values) ** 2)[self._last]
        by_alpha = rate * faster
        by_b = (-1 / remaining)[self._count]
        gradient = np.array([dot(first, since), dot(first, by_alpha), first.sum() / a, dot(first, by_b)])
        hessian = np.zeros((4, 4))
        hessian[0] = [
            dot(second, since, since),
            dot(second, since, by_alpha) + dot(first, faster),
            dot(second, since) / a,
            dot(second, since, by_b),
        ]
        hessian[1, 1:] = [
            dot(second, by_alpha, by_alpha) - dot(first, rate, slower),
            dot(second, by_alpha) / a,
            dot(second, by_alpha, by_b),
        ]
        hessian[2, 2:] = [(second.sum() - first.sum()) / a**2, dot(second, by_b) / a]
        hessian[3, 3] = dot(second + first, by_b, by_b)
        return float(value), gradient, np.triu(hessian) + np.triu(hessian, 1).T


def _trigamma(z: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(zeta(2.0, z), dtype=np.float64)


def _expected_if_alive(
    model: BgNbd, counts: NDArray[np.float64], which: NDArray[np.int64], reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected purchases, given alive, of pairs (x = counts[which], reach = horizon/(α+T)).

    With k = r+x it is the mean over p ~ Beta(a, b+x) of f(p) = (1 - (1 + p·reach)^-k)/p. The published form
    with 2F1 overflows or loses all digits for large x, for a near 1 and for large r; this integral does not.
    A straight line has a known mean; what lies between f and the line is integrated over y = log(p/(1-p)),
    where the trapezoidal rule converges exponentially. The line meets f at p = 1, so that a tiny b does no
    harm, and at p = 0 too when a < 1, where much of the Beta's mass may lie; for larger a it is level, so
    that nothing cancels.
    """
    k = model.r + counts
    stay = model.b + counts
    y, weights = _nodes(model.a, stay, k * reach.max())
    p, q = expit(y), expit(-y)
    stopping = model.a / (model.a + stay)
    expected = np.empty(len(reach))
    chunk = max(1, 1_000_000 // y.shape[1])
    for first in range(0, len(reach), chunk):
        part = slice(first, first + chunk)
        of = which[part]
        at_one = -np.expm1(-k[of] * np.log1p(reach[part]))
        at_zero = k[of] * reach[part] if model.a < 1 else at_one
        between = at_zero[:, None] * q[of] + at_one[:, None] * p[of]
        between += np.expm1(-k[of, None] * np.log1p(p[of] * reach[part, None])) / p[of]
        line = at_zero * (1 - stopping[of]) + at_one * stopping[of]
        expected[part] = np.maximum(line - np.einsum("ij,ij->i", weights[of], between), 0.0)
    return expected


def _nodes(
    a: float, stay: NDArray[np.float64], steepest: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Trapezoidal nodes and weights (n, nodes) in y = log(p/(1-p)) for p ~ Beta(a, stay).

    Good to about 1e-11. On the right the integrand vanishes as 1-p; on the left, when a < 1, as p·steepest.
    """
    small = 30.0
    mode = np.log(a / stay)
    left = mode - _distance_down(a, stay, small)
    if a < 1:
        left = np.maximum(left, -np.log(np.maximum(np.maximum(steepest, stay), 1.0)) - small / (1 + a))
    right = mode + _distance_down(stay, np.full_like(stay, a), small)
    right = np.minimum(right, np.log(max(a, 1.0)) + np.log(np.maximum(steepest, 1.0)) + small / (1 + stay))
    right = np.maximum(right, left + 1e-3)
    step = np.minimum(0.3, 0.65 * np.sqrt((a + stay) / (a * stay)))
    nodes = int(np.ceil(((right - left) / step).max())) + 1
    y = np.linspace(left, right, nodes, axis=1)
    density = np.exp(-a * np.logaddexp(0, -y) - stay[:, None] * np.logaddexp(0, y) - betaln(a, stay)[:, None])
    return y, density * ((right - left) / (nodes - 1))[:, None]


def _distance_down(
    near: float | NDArray[np.float64], far: NDArray[np.float64], drop: float
) -> NDArray[np.float64]:
    """How far from its mode a logit-Beta's log-density falls by `drop`, going towards the end of `near`."""
    share = near / (near + far)
    low = np.zeros_like(share)
    high = 2 * (drop + (near + far) * -np.log1p(-share)) / near + 1
    for _ in range(60):
        middle = (low + high) / 2
        fallen = near * middle + (near + far) * np.log1p(share * np.expm1(-middle))
        low, high = np.where(fallen < drop, middle, low), np.where(fallen < drop, high, middle)
    return high

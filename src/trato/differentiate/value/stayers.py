"""Those who try once, those who leave some day, and those who stay: a mover-stayer model of repeat purchases.

A share of the customers never buys again after the first purchase, another buys at a rate λ ~ Gamma(r, α)
for good, and the others follow BG/NBD with parameters of their own. BG/NBD alone has to explain all three by
one distribution, and so forecasts too little far ahead. Sources: Blumen, Kogan and McCarthy (1955) for
movers and stayers; Fader, Hardie and Lee (2005) for BG/NBD; Ehrenberg (1959) for the negative binomial of
the stayers. Times are in weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, gammaln, logsumexp

from trato.differentiate.value import bg_nbd
from trato.differentiate.value.bg_nbd import BgNbd, check_enough
from trato.differentiate.value.predictive import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.optimize import OptimizeResult

    from trato.differentiate.value.purchase_rows import PurchaseRows

# Stayers whose r is near zero would be customers who never buy: those have a share of their own.
LOWEST = np.array([*bg_nbd.LOWEST, np.log(0.2), np.log(1e-5), -12.0, -12.0])
HIGHEST = np.array([*bg_nbd.HIGHEST, np.log(1e4), np.log(1e7), 12.0, 12.0])
PARAMETERS = 8
MOST_STEPS = 2_000
# Gradient, in nats a customer, at which a climb that rounding has stopped counts as having come to rest.
RESTING = 1e-5
ROWS_TO_START_FROM = 20_000


@dataclass(frozen=True, slots=True)
class Stayers:
    """A fitted model: the shares of those who `stay`, with λ ~ Gamma(r, α), and who `tried` once; the rest
    leave.

    `leavers` are BG/NBD's parameters for the rest; `leavers.log_likelihood` is that of the whole mixture.
    """

    leavers: BgNbd
    stay: float
    tried: float
    r: float
    alpha: float
    log_likelihood: float
    customers: int
    converged: bool


def fit_rows(rows: PurchaseRows, alone: BgNbd) -> Stayers:
    """Fit by maximum likelihood on distinct rows, from where BG/NBD `alone` rests.

    The gradient of the mixture is that of its parts weighted by who belongs where (Fisher's identity),
    followed by L-BFGS-B. Raises NotEnoughData as BG/NBD does.
    """
    from scipy.optimize import minimize

    check_enough(rows)

    def downhill(at: NDArray[np.float64], some: PurchaseRows) -> tuple[float, NDArray[np.float64]]:
        value, gradient = _log_likelihood(at, some)
        scale = some.customers.sum()
        return -value / scale, -gradient / scale

    there = np.log([alone.r, alone.alpha, alone.a, alone.b])
    busier = there + np.array([1.0, 1.0, 0.0, 0.0])
    slow = np.log([1.0, 4 * alone.alpha])
    starts = [
        np.r_[there, slow, -2.0, -3.0],
        np.r_[busier, slow, -2.0, 0.0],
        np.r_[busier, busier[:2], 0.0, -1.0],
    ]
    step = len(rows.row) // ROWS_TO_START_FROM
    some = rows.sample(step) if step >= 4 else rows

    def climb(start: NDArray[np.float64], some: PurchaseRows) -> OptimizeResult:
        options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "ftol": 1e-12, "gtol": 1e-7}
        bounds = list(zip(LOWEST, HIGHEST, strict=True))
        return minimize(
            downhill, start, args=(some,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )

    # Two climbs that end equally high but for rounding: the one that came to rest is the better witness.
    best = min(
        (climb(start, some) for start in starts), key=lambda f: (round(float(f.fun), 8), not f.success)
    )
    if some is not rows:
        best = climb(best.x, rows)
    r, alpha, a, b, r_stay, alpha_stay = np.exp(best.x[:6]).tolist()
    _, stay, tried = np.exp(_log_shares(best.x)).tolist()
    log_likelihood = -float(best.fun) * float(rows.customers.sum())
    leavers = replace(alone, r=r, alpha=alpha, a=a, b=b, log_likelihood=log_likelihood)
    return Stayers(leavers, stay, tried, r_stay, alpha_stay, log_likelihood, len(rows.row), _at_rest(best))


def _at_rest(found: OptimizeResult) -> bool:
    """Whether the climb ended where nothing but rounding is left to gain, on a bound or inside."""
    held = ((found.x <= LOWEST) & (found.jac > 0)) | ((found.x >= HIGHEST) & (found.jac < 0))
    return bool(found.success or np.abs(np.where(held, 0.0, found.jac)).max() < RESTING)


def kinds_rows(model: Stayers, rows: PurchaseRows) -> NDArray[np.float64]:
    """The probabilities (3, rows) that the customers of each distinct row leave some day, stay, or tried
    once.
    """
    at = np.log(
        [model.leavers.r, model.leavers.alpha, model.leavers.a, model.leavers.b, model.r, model.alpha]
    )
    shares = np.log(np.maximum([1 - model.stay - model.tried, model.stay, model.tried], 1e-300))
    parts = shares[:, None] + _parts(at, rows)
    return np.asarray(np.exp(parts - logsumexp(parts, axis=0)), dtype=np.float64)


def p_alive_rows(model: Stayers, rows: PurchaseRows) -> NDArray[np.float64]:
    """The probability (rows,) that each will still buy: stayers always do, those who tried once never."""
    leave, stay, _ = kinds_rows(model, rows)
    return np.asarray(stay + leave * bg_nbd.p_alive_rows(model.leavers, rows))


def expected_purchases_rows(model: Stayers, rows: PurchaseRows, horizon: float) -> NDArray[np.float64]:
    """The expected number of purchases (rows,) in the next `horizon` weeks."""
    leave, stay, _ = kinds_rows(model, rows)
    for_good = (model.r + rows.x) / (model.alpha + rows.T) * horizon
    return np.asarray(stay * for_good + leave * bg_nbd.expected_purchases_rows(model.leavers, rows, horizon))


def purchases_ahead(model: Stayers, rows: PurchaseRows, horizon: float) -> tuple[Kind, ...]:
    """Who may buy in the next `horizon` weeks: leavers who are still there, and stayers."""
    leave, stay, _ = kinds_rows(model, rows)
    there = leave * bg_nbd.p_alive_rows(model.leavers, rows)
    return (
        Kind(there, partial(bg_nbd.at_least_if_alive, model.leavers, horizon)),
        Kind(stay, partial(_at_least_if_staying, model, horizon)),
    )


def _at_least_if_staying(
    model: Stayers,
    horizon: float,
    x: NDArray[np.float64],
    T: NDArray[np.float64],
    n: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The probability of `n` or more purchases of a stayer: negative binomial; shapes broadcast."""
    share = horizon / (model.alpha + T + horizon)
    return np.where(n < 1, 1.0, betainc(np.maximum(n, 1.0), model.r + x, share))


def _log_likelihood(at: NDArray[np.float64], rows: PurchaseRows) -> tuple[float, NDArray[np.float64]]:
    """The mixture's log-likelihood and its gradient.

    `at` (8,) holds the logarithms of r, α, a, b, r' and α', then the log-odds of staying and of having tried
    once against leaving some day.
    """
    parts = _log_shares(at)[:, None] + _parts(at, rows)
    total = logsumexp(parts, axis=0)
    kinds = rows.customers * np.exp(parts - total)
    expected = rows.customers.sum() * np.exp(_log_shares(at))
    gradient = np.concatenate(
        [
            _leaving_gradient(at, rows, kinds[0]),
            _staying_gradient(at, rows, kinds[1]),
            kinds[1:].sum(axis=1) - expected[1:],
        ]
    )
    return float(rows.customers @ total), gradient


def _log_shares(at: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.array([0.0, at[6], at[7]])
    return np.asarray(odds - logsumexp(odds), dtype=np.float64)


def _parts(at: NDArray[np.float64], rows: PurchaseRows) -> NDArray[np.float64]:
    """The log-likelihoods (3, rows) of each row as leaving some day, staying, and having tried once."""
    r, alpha, a, b, r_stay, alpha_stay = np.exp(at[:6])
    x, T = rows.x, rows.T
    leaving = gammaln(r + x) - gammaln(r) + r * at[1] - (r + x) * np.log(alpha + T)
    leaving += betaln(a, b + x) - betaln(a, b) + np.where(x > 0, np.logaddexp(0.0, _log_odds(at, rows)), 0.0)
    staying = gammaln(r_stay + x) - gammaln(r_stay) + r_stay * at[5] - (r_stay + x) * np.log(alpha_stay + T)
    return np.stack([leaving, staying, np.where(x > 0, -np.inf, 0.0)])


def _log_odds(at: NDArray[np.float64], rows: PurchaseRows) -> NDArray[np.float64]:
    r, alpha, a, b = np.exp(at[:4])
    remaining = np.where(rows.x > 0, b + rows.x - 1, 1.0)
    since = np.log(alpha + rows.T) - np.log(alpha + rows.t_x)
    return np.asarray((r + rows.x) * since + np.log(a) - np.log(remaining), dtype=np.float64)


def _leaving_gradient(
    at: NDArray[np.float64], rows: PurchaseRows, n: NDArray[np.float64]
) -> NDArray[np.float64]:
    r, alpha, a, b = np.exp(at[:4])
    x, t_x, T = rows.x, rows.t_x, rows.T
    stopped = n * np.where(x > 0, expit(_log_odds(at, rows)), 0.0)
    remaining = np.where(x > 0, b + x - 1, 1.0)
    since = np.log(alpha + T) - np.log(alpha + t_x)
    by_r = n @ (digamma(r + x) - digamma(r) + np.log(alpha) - np.log(alpha + T)) + stopped @ since
    by_alpha = n @ (r / alpha - (r + x) / (alpha + T)) + stopped @ (
        (r + x) * (1 / (alpha + T) - 1 / (alpha + t_x))
    )
    by_a = n @ (digamma(a + b) - digamma(a + b + x)) + stopped.sum() / a
    by_b = n @ (digamma(a + b) - digamma(a + b + x) + digamma(b + x) - digamma(b)) - stopped @ (1 / remaining)
    return np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])


def _staying_gradient(
    at: NDArray[np.float64], rows: PurchaseRows, n: NDArray[np.float64]
) -> NDArray[np.float64]:
    r, alpha = np.exp(at[4:6])
    by_r = n @ (digamma(r + rows.x) - digamma(r) + np.log(alpha) - np.log(alpha + rows.T))
    by_alpha = n @ (r / alpha - (r + rows.x) / (alpha + rows.T))
    return np.array([by_r * r, by_alpha * alpha])

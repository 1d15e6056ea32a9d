"""Pareto/NBD against the published figures, the 2F1 form at many digits, lifetimes, and simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import given
from lifetimes import ParetoNBDFitter

from tests.differentiate.value.bought import (
    Bought,
    cdnow_39_weeks,
    histories,
    parameters,
    simulate_pareto_nbd,
)
from trato.differentiate.value import pareto_nbd
from trato.differentiate.value.pareto_nbd import ParetoNbd
from trato.differentiate.value.purchase_rows import distinct_rows
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = ParetoNbd(0.553, 10.578, 0.606, 11.669, -9595.0, 2357, converged=True)


def plain(model: ParetoNbd, x: int, t_x: float, T: float) -> tuple[float, float]:
    """One customer's log-likelihood and P(alive), by Gauss's hypergeometric function at forty digits."""
    with mpmath.workdps(40):
        r, alpha, s, beta = map(mpmath.mpf, (model.r, model.alpha, model.s, model.beta))
        k = r + x

        def ending(t: float) -> mpmath.mpf:
            if alpha >= beta:
                argument, other, most = (alpha - beta) / (alpha + t), s + 1, alpha + t
            else:
                argument, other, most = (beta - alpha) / (beta + t), k, beta + t
            return mpmath.hyp2f1(k + s, other, k + s + 1, argument) / most ** (k + s)

        alive = (alpha + T) ** -k * (beta + T) ** -s
        left = s / (k + s) * (ending(t_x) - ending(T))
        known = mpmath.loggamma(k) - mpmath.loggamma(r) + r * mpmath.log(alpha) + s * mpmath.log(beta)
        return float(known + mpmath.log(alive + left)), float(alive / (alive + left))


def test_published_figures(cdnow_sample: Path) -> None:
    bought = cdnow_39_weeks(cdnow_sample)
    model = pareto_nbd.fit(bought.x, bought.t_x, bought.T)
    assert model.converged
    assert model.r == pytest.approx(0.553, abs=0.0005)
    assert model.alpha == pytest.approx(10.578, abs=0.0005)
    assert model.s == pytest.approx(0.606, abs=0.0005)
    assert model.beta == pytest.approx(11.67, abs=0.005)
    assert model.log_likelihood == pytest.approx(-9594.98, abs=0.01)


def test_predictions_are_those_of_lifetimes(cdnow_sample: Path) -> None:
    x, t_x, T, _ = cdnow_39_weeks(cdnow_sample)
    theirs = ParetoNBDFitter()
    theirs.params_ = {of: getattr(PUBLISHED, of) for of in ("r", "alpha", "s", "beta")}
    alive = np.asarray(theirs.conditional_probability_alive(x, t_x, T))
    assert pareto_nbd.p_alive(PUBLISHED, x, t_x, T) == pytest.approx(alive, rel=1e-9)
    expected = np.asarray(theirs.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, T))
    assert pareto_nbd.expected_purchases(PUBLISHED, x, t_x, T, 39.0) == pytest.approx(expected, rel=1e-9)


@given(
    parameters(1e-3, 100),
    parameters(1e-2, 100),
    parameters(1e-5, 100),
    parameters(1e-2, 1000),
    parameters(1, 2000).map(lambda x: round(x) - 1),
    parameters(1e-3, 1),
    parameters(0.1, 300),
)
def test_one_customer_at_many_digits(
    r: float, alpha: float, s: float, beta: float, x: int, share: float, T: float
) -> None:
    model = ParetoNbd(r, alpha, s, beta, 0.0, 0, converged=True)
    t_x = share * T if x else 0.0
    try:
        log_likelihood, alive = plain(model, x, t_x, T)
    except ValueError:  # mpmath gives up on a few
        return
    value, _, _ = pareto_nbd._log_likelihood(distinct_rows([x], [t_x], [T]), np.log([r, alpha, s, beta]))
    assert value == pytest.approx(log_likelihood, rel=1e-9, abs=1e-8)
    assert pareto_nbd.p_alive(model, [x], [t_x], [T])[0] == pytest.approx(alive, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("at", [[0.5, 9.0, 0.6, 11.0], [3.0, 50.0, 0.01, 0.3], [0.05, 1.0, 5.0, 400.0]])
def test_derivatives(cdnow_sample: Path, at: list[float]) -> None:
    x, t_x, T, _ = cdnow_39_weeks(cdnow_sample)
    rows = distinct_rows(x, t_x, T)
    _, gradient, hessian = pareto_nbd._log_likelihood(rows, np.log(at))
    for i, step in enumerate(1e-5 * np.eye(4)):
        up = pareto_nbd._log_likelihood(rows, np.log(at) + step)
        down = pareto_nbd._log_likelihood(rows, np.log(at) - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-3)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5, abs=1e-3)


def test_it_finds_what_was_simulated_and_forecasts_it() -> None:
    rng = np.random.default_rng(12)
    T = rng.uniform(20, 52, 6000)
    x, t_x, after = simulate_pareto_nbd(rng, 0.8, 6.0, 0.7, 12.0, T, 26.0)
    model = pareto_nbd.fit(x, t_x, T)
    assert model.converged
    assert [model.r, model.alpha] == pytest.approx([0.8, 6.0], rel=0.15)
    expected = pareto_nbd.expected_purchases(model, x, t_x, T, 26.0)
    assert expected.sum() == pytest.approx(after.sum(), rel=0.05)


def test_customers_who_never_leave_are_no_failure() -> None:
    rng = np.random.default_rng(2)
    T = np.full(500, 52.0)
    x = rng.poisson(rng.gamma(2.0, 1 / 4.0, 500) * T)
    model = pareto_nbd.fit(x, np.where(x > 0, T - 1e-3, 0.0), T)
    assert model.converged
    expected = pareto_nbd.expected_purchases(model, x, np.where(x > 0, T - 1e-3, 0.0), T, 52.0)
    assert expected.sum() == pytest.approx(x.sum(), rel=0.01)


@given(histories())
def test_any_history_is_fitted_or_refused_with_a_reason(bought: Bought) -> None:
    x, t_x, T, _ = bought
    try:
        model = pareto_nbd.fit(x, t_x, T)
    except NotEnoughData:
        assert not ((x > 0) & (T > 0)).any()
        return
    assert np.isfinite([model.r, model.alpha, model.s, model.beta, model.log_likelihood]).all()
    alive = pareto_nbd.p_alive(model, x, t_x, T)
    assert ((alive >= 0) & (alive <= 1)).all()
    expected = pareto_nbd.expected_purchases(model, x, t_x, T, 13.0)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()


@given(
    histories(), parameters(1e-5, 1e4), parameters(1e-5, 1e7), parameters(1e-6, 1e4), parameters(1e-5, 1e7)
)
def test_no_parameters_give_nonsense(bought: Bought, r: float, alpha: float, s: float, beta: float) -> None:
    model = ParetoNbd(r, alpha, s, beta, 0.0, 0, converged=True)
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    value, gradient, hessian = pareto_nbd._log_likelihood(rows, np.log([r, alpha, s, beta]))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    alive = pareto_nbd.p_alive_rows(model, rows)
    assert ((alive >= 0) & (alive <= 1)).all()
    for horizon in (0.0, 1e-3, 13.0, 1e4):
        expected = pareto_nbd.expected_purchases_rows(model, rows, horizon)
        assert (expected >= 0).all()
        assert (expected <= (r + rows.x) / (alpha + rows.T) * horizon * (1 + 1e-9)).all()


@pytest.mark.parametrize("horizon", [-1.0, np.inf, np.nan])
def test_an_impossible_horizon_is_refused(horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon"):
        pareto_nbd.expected_purchases(PUBLISHED, [1], [1.0], [2.0], horizon)

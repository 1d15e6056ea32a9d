"""BG/NBD against the published figures, the formulas at many digits, lifetimes, and simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import given
from lifetimes import BetaGeoFitter

from tests.differentiate.value.bought import Bought, cdnow_39_weeks, histories, parameters, simulate_bg_nbd
from trato.differentiate.value import bg_nbd
from trato.differentiate.value.bg_nbd import BgNbd
from trato.differentiate.value.maximum import find_maximum
from trato.differentiate.value.purchase_rows import distinct_rows
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = BgNbd(0.2426, 4.4136, 0.7929, 2.4259, -9582.43, 2357, converged=True)


def peer(model: BgNbd) -> BetaGeoFitter:
    fitter = BetaGeoFitter()
    fitter.params_ = {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}
    return fitter


def plain_log_likelihood(model: BgNbd, x: int, t_x: float, T: float) -> float:
    """One customer's, as equation (6) of the paper has it."""
    with mpmath.workdps(30):
        r, alpha, a, b = map(mpmath.mpf, (model.r, model.alpha, model.a, model.b))
        known = mpmath.gamma(r + x) / mpmath.gamma(r) * alpha**r
        alive = mpmath.beta(a, b + x) / mpmath.beta(a, b) * (alpha + T) ** -(r + x)
        stopped = mpmath.beta(a + 1, b + x - 1) / mpmath.beta(a, b) * (alpha + t_x) ** -(r + x) if x else 0
        return float(mpmath.log(known * (alive + stopped)))


def plain_expectation(model: BgNbd, x: int, T: float, horizon: float, digits: int = 60) -> float | None:
    """Given alive, by equation (10) of the paper after Euler's transformation, at many digits."""
    with mpmath.workdps(digits):
        r, alpha, b = map(mpmath.mpf, (model.r, model.alpha, model.b))
        a = mpmath.mpf(model.a) if model.a != 1 else 1 + mpmath.mpf(10) ** (-digits // 3)
        z = horizon / (alpha + T + horizon)
        try:
            series = mpmath.hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
        except ValueError:  # it did not converge
            return None
        return float((a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (a - 1) * series))


def test_published_figures(cdnow_sample: Path) -> None:
    bought = cdnow_39_weeks(cdnow_sample)
    model = bg_nbd.fit(bought.x, bought.t_x, bought.T)
    assert model.customers == 2357
    assert model.converged
    assert model.r == pytest.approx(0.2426, abs=0.00005)
    assert model.alpha == pytest.approx(4.4136, abs=0.00005)
    assert model.a == pytest.approx(0.7929, abs=0.00005)
    assert model.b == pytest.approx(2.4259, abs=0.00005)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.01)


def test_predictions_are_those_of_lifetimes(cdnow_sample: Path) -> None:
    x, t_x, T, _ = cdnow_39_weeks(cdnow_sample)
    theirs = peer(PUBLISHED)
    assert bg_nbd.p_alive(PUBLISHED, x, t_x, T) == pytest.approx(
        theirs.conditional_probability_alive(x, t_x, T)
    )
    assert bg_nbd.expected_purchases(PUBLISHED, x, t_x, T, 39.0) == pytest.approx(
        np.asarray(theirs.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, T)), rel=1e-9
    )


@given(
    histories(),
    parameters(1e-3, 100),
    parameters(1e-2, 1000),
    parameters(1e-4, 50),
    parameters(1e-4, 1e4),
)
def test_log_likelihood_is_the_sum_of_the_customers(
    bought: Bought, r: float, alpha: float, a: float, b: float
) -> None:
    model = BgNbd(r, alpha, a, b, 0.0, 0, converged=True)
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    plain = [
        plain_log_likelihood(model, int(x), t_x, T)
        for x, t_x, T in zip(*(rows.spread(of) for of in (rows.x, rows.t_x, rows.T)), strict=True)
    ]
    value, _, _ = bg_nbd._LogLikelihood(rows)(np.log([r, alpha, a, b]))
    assert value == pytest.approx(sum(plain), rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("at", [[0.2, 4.0, 0.8, 2.4], [3.0, 50.0, 0.01, 0.3], [0.05, 1.0, 5.0, 40.0]])
def test_derivatives(cdnow_sample: Path, at: list[float]) -> None:
    x, t_x, T, _ = cdnow_39_weeks(cdnow_sample)
    log_likelihood = bg_nbd._LogLikelihood(distinct_rows(x, t_x, T))
    _, gradient, hessian = log_likelihood(np.log(at))
    for i, step in enumerate(1e-5 * np.eye(4)):
        up, down = log_likelihood(np.log(at) + step), log_likelihood(np.log(at) - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-3)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5, abs=1e-3)


@given(
    parameters(1e-3, 100),
    parameters(1e-2, 100),
    parameters(1e-6, 50),
    parameters(1e-5, 1e5),
    parameters(1, 2000).map(lambda x: round(x) - 1),
    parameters(0.1, 300),
    parameters(0.1, 1000),
)
def test_expectation_at_many_digits(
    r: float, alpha: float, a: float, b: float, x: int, T: float, horizon: float
) -> None:
    model = BgNbd(r, alpha, a, b, 0.0, 0, converged=True)
    exact, again = (plain_expectation(model, x, T, horizon, digits) for digits in (60, 150))
    if exact is None or again is None or exact != pytest.approx(again, rel=1e-12):
        return  # the published form loses all its digits now and then
    ours = bg_nbd._expected_if_alive(
        model, np.array([float(x)]), np.array([0]), np.array([horizon / (alpha + T)])
    )
    assert ours[0] == pytest.approx(exact, rel=2e-9)


def test_expectation_at_a_of_exactly_one() -> None:
    near = [
        bg_nbd.expected_purchases(
            BgNbd(0.3, 4.0, a, 2.0, 0.0, 0, converged=True), [0, 3], [0.0, 20.0], [30.0, 30.0], 26.0
        )
        for a in (1 - 1e-9, 1.0, 1 + 1e-9)
    ]
    assert near[0] == pytest.approx(near[1], rel=1e-7)
    assert near[2] == pytest.approx(near[1], rel=1e-7)


def test_it_finds_what_was_simulated_and_forecasts_it() -> None:
    rng = np.random.default_rng(11)
    T = rng.uniform(20, 52, 6000)
    x, t_x, after = simulate_bg_nbd(rng, 0.6, 5.0, 0.9, 3.0, T, 26.0)
    model = bg_nbd.fit(x, t_x, T)
    assert [model.r, model.alpha] == pytest.approx([0.6, 5.0], rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(0.9 / 3.9, rel=0.15)
    expected = bg_nbd.expected_purchases(model, x, t_x, T, 26.0)
    assert expected.sum() == pytest.approx(after.sum(), rel=0.05)
    often = x >= np.quantile(x, 0.9)
    assert expected[often].sum() == pytest.approx(after[often].sum(), rel=0.07)


def test_fit_is_that_of_lifetimes() -> None:
    rng = np.random.default_rng(4)
    T = rng.integers(70, 364, 3000) / 7
    x, t_x, _ = simulate_bg_nbd(rng, 1.2, 8.0, 0.7, 4.0, T, 0.0)
    model = bg_nbd.fit(x, t_x, T)
    theirs = BetaGeoFitter()
    theirs.fit(x, t_x, T, tol=1e-9)
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx(theirs.params_.to_numpy(), rel=2e-3)


@pytest.mark.parametrize("seed", range(6))
def test_every_start_leads_to_the_same_place(cdnow_sample: Path, seed: int) -> None:
    x, t_x, T, _ = cdnow_39_weeks(cdnow_sample)
    start = np.random.default_rng(seed).normal(0, 2, 4)
    found = find_maximum(
        bg_nbd._LogLikelihood(distinct_rows(x, t_x, T)), [start], bg_nbd.LOWEST, bg_nbd.HIGHEST
    )
    assert found.converged
    assert found.value == pytest.approx(-9582.43, abs=0.01)


def test_customers_who_never_stop_are_no_failure() -> None:
    rng = np.random.default_rng(2)
    T = np.full(500, 52.0)
    x = rng.poisson(rng.gamma(2.0, 1 / 4.0, 500) * T)
    model = bg_nbd.fit(x, np.where(x > 0, T - 1e-3, 0.0), T)
    assert model.converged
    alive = bg_nbd.p_alive(model, x, np.where(x > 0, T - 1e-3, 0.0), T)
    assert alive.min() > 0.99
    expected = bg_nbd.expected_purchases(model, x, np.where(x > 0, T - 1e-3, 0.0), T, 52.0)
    assert expected.sum() == pytest.approx(x.sum(), rel=0.01)


@given(histories())
def test_any_history_is_fitted_or_refused_with_a_reason(bought: Bought) -> None:
    x, t_x, T, _ = bought
    try:
        model = bg_nbd.fit(x, t_x, T)
    except NotEnoughData:
        assert not ((x > 0) & (T > 0)).any()
        return
    assert np.isfinite([model.r, model.alpha, model.a, model.b, model.log_likelihood]).all()
    alive = bg_nbd.p_alive(model, x, t_x, T)
    assert ((alive >= 0) & (alive <= 1)).all()
    expected = bg_nbd.expected_purchases(model, x, t_x, T, 13.0)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()


@given(
    histories(), parameters(1e-5, 1e4), parameters(1e-5, 1e7), parameters(1e-6, 1e5), parameters(1e-5, 1e5)
)
def test_no_parameters_give_nonsense(bought: Bought, r: float, alpha: float, a: float, b: float) -> None:
    model = BgNbd(r, alpha, a, b, 0.0, 0, converged=True)
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    value, gradient, hessian = bg_nbd._LogLikelihood(rows)(np.log([r, alpha, a, b]))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    alive = bg_nbd.p_alive_rows(model, rows)
    assert ((alive >= 0) & (alive <= 1)).all()
    for horizon in (1e-3, 13.0, 1e4):
        expected = bg_nbd.expected_purchases_rows(model, rows, horizon)
        most = (r + rows.x) / (alpha + rows.T) * horizon
        assert (expected >= 0).all()
        assert (expected <= most * (1 + 1e-9)).all()


def test_nobody_stops_before_a_repeat_purchase() -> None:
    assert bg_nbd.p_alive(PUBLISHED, [0, 0], [0.0, 0.0], [1.0, 500.0]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("horizon", [-1.0, np.inf, np.nan])
def test_an_impossible_horizon_is_refused(horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon"):
        bg_nbd.expected_purchases(PUBLISHED, [1], [1.0], [2.0], horizon)


def test_no_time_ahead_brings_nothing() -> None:
    assert bg_nbd.expected_purchases(PUBLISHED, [1], [1.0], [2.0], 0.0).tolist() == [0.0]

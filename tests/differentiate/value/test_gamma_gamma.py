"""Gamma-Gamma against the published figures, the formula row by row, lifetimes, and simulation."""

from __future__ import annotations

from math import lgamma, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from lifetimes import GammaGammaFitter

from tests.differentiate.value.bought import Bought, cdnow_39_weeks, histories, parameters
from trato.differentiate.value import gamma_gamma
from trato.differentiate.value.gamma_gamma import GammaGamma
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from pathlib import Path


def simulate(rng: np.random.Generator, p: float, q: float, v: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.poisson(2.0, n)
    scale = 1 / rng.gamma(q, 1 / v, n)
    return x, rng.gamma(p * np.maximum(x, 1)) * scale / np.maximum(x, 1) * (x > 0)


def test_published_figures(cdnow_sample: Path) -> None:
    x, _, _, spend = cdnow_39_weeks(cdnow_sample)
    model = gamma_gamma.fit(x, spend)
    assert model.customers == 946
    assert model.converged
    assert model.p == pytest.approx(6.25, abs=0.005)
    assert model.q == pytest.approx(3.74, abs=0.005)
    assert model.v == pytest.approx(15.44, abs=0.005)
    assert not model.heavy_tailed


def test_predictions_are_those_of_lifetimes(cdnow_sample: Path) -> None:
    x, _, _, spend = cdnow_39_weeks(cdnow_sample)
    model = gamma_gamma.fit(x, spend)
    theirs = GammaGammaFitter()
    theirs.params_ = {"p": model.p, "q": model.q, "v": model.v}
    assert gamma_gamma.expected_spend(model, x, spend) == pytest.approx(
        np.asarray(theirs.conditional_expected_average_profit(x, spend))
    )


@given(histories(), parameters(1e-2, 1e3), parameters(1.05, 1e3), parameters(1e-3, 1e5))
def test_log_likelihood_is_the_sum_of_the_customers(bought: Bought, p: float, q: float, v: float) -> None:
    known = (bought.x > 0) & (bought.spend > 0)
    x, spend = bought.x[known].astype(float), bought.spend[known]
    plain = sum(
        lgamma(p * n + q) - lgamma(p * n) - lgamma(q) + q * log(v)
        + (p * n - 1) * log(z) + p * n * log(n) - (p * n + q) * log(v + n * z)
        for n, z in zip(x.tolist(), spend.tolist(), strict=True)
    )  # fmt: skip
    if len(x):
        value, _, _ = gamma_gamma._LogLikelihood(x, spend)(np.log([p, q, v]))
        assert value == pytest.approx(plain, rel=1e-8, abs=1e-5)


@pytest.mark.parametrize("at", [[6.0, 4.0, 15.0], [0.5, 1.2, 100.0], [200.0, 30.0, 2.0]])
def test_derivatives(at: list[float]) -> None:
    x, spend = simulate(np.random.default_rng(1), 6.0, 4.0, 15.0, 400)
    log_likelihood = gamma_gamma._LogLikelihood(x[x > 0].astype(float), spend[x > 0])
    _, gradient, hessian = log_likelihood(np.log(at))
    for i, step in enumerate(1e-5 * np.eye(3)):
        up, down = log_likelihood(np.log(at) + step), log_likelihood(np.log(at) - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-3)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5, abs=1e-3)


def test_it_finds_what_was_simulated_in_any_currency() -> None:
    x, spend = simulate(np.random.default_rng(7), 3.0, 5.0, 40.0, 20_000)
    model = gamma_gamma.fit(x, spend)
    assert [model.p, model.q, model.v] == pytest.approx([3.0, 5.0, 40.0], rel=0.12)
    assert model.mean == pytest.approx(30.0, rel=0.03)
    in_pesos = gamma_gamma.fit(x, 4000 * spend)
    assert [in_pesos.p, in_pesos.q, in_pesos.v] == pytest.approx([model.p, model.q, 4000 * model.v], rel=1e-4)


def test_spend_without_a_mean_is_kept_at_the_edge_and_says_so() -> None:
    x, spend = simulate(np.random.default_rng(8), 3.0, 0.6, 40.0, 5000)
    model = gamma_gamma.fit(x, spend)
    assert model.converged
    assert model.heavy_tailed
    assert np.isfinite(gamma_gamma.expected_spend(model, x, spend)).all()


def test_expected_spend_moves_from_the_population_to_the_customer() -> None:
    model = GammaGamma(6.25, 3.74, 15.44, 0.0, 946, converged=True)
    spend = gamma_gamma.expected_spend(model, [0, 1, 10, 1000], [0.0, 80.0, 80.0, 80.0])
    assert spend[0] == pytest.approx(model.mean)
    assert (np.diff(spend) > 0).all()
    assert spend[3] == pytest.approx(80.0, rel=0.01)


@given(histories())
def test_any_spend_is_fitted_or_refused_with_a_reason(bought: Bought) -> None:
    try:
        model = gamma_gamma.fit(bought.x, bought.spend)
    except NotEnoughData:
        assert ((bought.x > 0) & (bought.spend > 0)).sum() < 2
        return
    assert np.isfinite([model.p, model.q, model.v, model.log_likelihood]).all()
    expected = gamma_gamma.expected_spend(model, bought.x, bought.spend)
    assert np.isfinite(expected).all()
    assert (expected > 0).all()


def test_impossible_spend_is_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        gamma_gamma.fit([1, 2], [3.0])
    with pytest.raises(ValueError, match="mean_spend"):
        gamma_gamma.fit([1, 2], [3.0, np.nan])
    with pytest.raises(ValueError, match="x must"):
        gamma_gamma.fit([1, -2], [3.0, 2.0])

"""Margins that may be negative, against the densities multiplied out, the truth simulated, and themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from tests.differentiate.value.bought import parameters
from trato.differentiate.value import margins
from trato.differentiate.value.margins import Margins
from trato.errors import NotEnoughData


def summed(bought: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = np.array([len(each) for each in bought])
    mean = np.array([each.mean() if len(each) else 0.0 for each in bought])
    return count, mean, np.array([(each**2).sum() for each in bought])


def simulate(rng: np.random.Generator, model: Margins, customers: int, most: int = 6) -> list[np.ndarray]:
    variance = model.rate / rng.gamma(model.shape, 1, customers)
    mean = model.mean + rng.standard_normal(customers) * np.sqrt(variance / model.pull)
    return [
        mean[i] + np.sqrt(variance[i]) * rng.standard_normal(rng.integers(0, most + 1))
        for i in range(customers)
    ]


def test_log_likelihood_is_the_density_integrated_over_what_is_unknown() -> None:
    m, pull, shape, rate = 2.0, 0.7, 3.0, 5.0
    bought = [np.array([1.0, 3.5, -2.0]), np.array([4.0])]

    def joint(mean: float, variance: float, margins_seen: np.ndarray) -> float:
        seen = stats.norm.pdf(margins_seen, mean, np.sqrt(variance)).prod()
        prior = stats.norm.pdf(mean, m, np.sqrt(variance / pull)) * stats.invgamma.pdf(
            variance, shape, scale=rate
        )
        return float(seen * prior)

    plain = sum(
        np.log(integrate.dblquad(joint, 0, 40, -20, 25, args=(each,), epsabs=1e-7, epsrel=1e-5)[0])
        for each in bought
    )
    count, mean, squares = summed(bought)
    spread = squares - count * mean**2
    value, _, _ = margins._LogLikelihood(count.astype(float), mean, spread)(
        np.array([m, *np.log([pull, shape, rate])])
    )
    assert value == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("at", [[5.0, 0.1, 0.9, 2.0], [-3.0, -2.0, 3.0, 4.0], [0.0, 5.0, 0.1, -1.0]])
def test_derivatives(at: list[float]) -> None:
    truth = Margins(5.0, 0.5, 4.0, 12.0, 0.0, 0, converged=True)
    count, mean, squares = summed(
        [each for each in simulate(np.random.default_rng(2), truth, 300) if len(each)]
    )
    log_likelihood = margins._LogLikelihood(count.astype(float), mean, squares - count * mean**2)
    _, gradient, hessian = log_likelihood(np.array(at))
    for i, step in enumerate(1e-5 * np.eye(4)):
        up, down = log_likelihood(np.array(at) + step), log_likelihood(np.array(at) - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5, abs=1e-3)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5, abs=1e-3)


def test_it_finds_what_was_simulated_in_any_currency() -> None:
    truth = Margins(5.0, 0.5, 4.0, 12.0, 0.0, 0, converged=True)
    count, mean, squares = summed(simulate(np.random.default_rng(3), truth, 8000))
    model = margins.fit(count, mean, squares)
    assert model.converged
    assert model.mean == pytest.approx(5.0, abs=0.15)
    assert [model.pull, model.shape, model.rate] == pytest.approx([0.5, 4.0, 12.0], rel=0.12)
    in_pesos = margins.fit(count, 4000 * mean, 4000.0**2 * squares)
    assert [in_pesos.mean, in_pesos.rate] == pytest.approx(
        [4000 * model.mean, 4000.0**2 * model.rate], rel=1e-4
    )
    assert [in_pesos.pull, in_pesos.shape] == pytest.approx([model.pull, model.shape], rel=1e-4)


def test_customers_below_zero_are_found_and_drawn_towards_the_rest() -> None:
    truth = Margins(5.0, 0.5, 4.0, 12.0, 0.0, 0, converged=True)
    bought = simulate(np.random.default_rng(3), truth, 2000)
    bought.append(np.array([-30.0, -28.0, -33.0, -29.0]))
    bought.append(np.array([-30.0]))
    count, mean, squares = summed(bought)
    model = margins.fit(count, mean, squares)
    expected = margins.expected_margin(model, count, mean)
    assert -30 < expected[-2] < expected[-1] < 0
    assert expected[count == 0] == pytest.approx(model.mean)


def test_a_huge_order_widens_its_own_customer_and_hardly_the_others() -> None:
    truth = Margins(5.0, 0.5, 4.0, 12.0, 0.0, 0, converged=True)
    bought = simulate(np.random.default_rng(3), truth, 2000)
    plain = margins.fit(*summed(bought))
    huge = margins.fit(*summed([*bought, np.array([4.0, 1e5, 6.0])]))
    assert huge.mean == pytest.approx(plain.mean, rel=0.02)
    assert huge.rate / huge.shape == pytest.approx(plain.rate / plain.shape, rel=0.1)


def test_expected_margins_forecast_the_next_purchase() -> None:
    truth = Margins(5.0, 0.5, 4.0, 12.0, 0.0, 0, converged=True)
    rng = np.random.default_rng(9)
    bought = [each for each in simulate(rng, truth, 6000) if len(each) > 1]
    model = margins.fit(*summed([each[:-1] for each in bought]))
    count, mean, _ = summed([each[:-1] for each in bought])
    last = np.array([each[-1] for each in bought])
    errors = {
        name: np.square(last - guess).mean()
        for name, guess in {
            "ours": margins.expected_margin(model, count, mean),
            "own mean": mean,
            "same for all": np.full(len(last), model.mean),
        }.items()
    }
    assert errors["ours"] < min(errors["own mean"], errors["same for all"])


MONEY = st.one_of(st.sampled_from([0.0, -1.0, 10.0]), st.floats(-1e7, 1e7, allow_subnormal=False))


@given(st.lists(st.lists(MONEY, max_size=6), min_size=1, max_size=12))
def test_any_margins_are_fitted_or_refused_with_a_reason(bought: list[list[float]]) -> None:
    count, mean, squares = summed([np.array(each) for each in bought])
    try:
        model = margins.fit(count, mean, squares)
    except NotEnoughData:
        assert (count > 0).sum() < 2
        return
    assert np.isfinite([model.mean, model.pull, model.shape, model.rate, model.log_likelihood]).all()
    belief = margins.posterior(model, count, mean, squares)
    for part in (belief.mean, belief.pull, belief.shape, belief.rate):
        assert np.isfinite(part).all()
    assert (belief.rate > 0).all()


@given(parameters(1e-3, 1e3), st.integers(0, 50), MONEY)
def test_expected_margin_lies_between_the_population_and_the_customer(
    pull: float, n: int, own: float
) -> None:
    model = Margins(3.0, pull, 2.0, 5.0, 0.0, 0, converged=True)
    expected = margins.expected_margin(model, [n], [own])[0]
    assert min(3.0, own) - 1e-6 * abs(own) <= expected <= max(3.0, own) + 1e-6 * abs(own)


def test_impossible_margins_are_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        margins.fit([1, 2], [3.0], [9.0])
    with pytest.raises(ValueError, match="finite"):
        margins.fit([1, 2], [3.0, np.nan], [9.0, 9.0])
    with pytest.raises(ValueError, match="count"):
        margins.fit([1, -2], [3.0, 2.0], [9.0, 9.0])

"""Distributions of purchases and value to come, against exact sums, expectations, and simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats
from scipy.special import betainc, stdtr

from tests.differentiate.value.bought import (
    Bought,
    cdnow_39_weeks,
    histories,
    parameters,
    simulate_bg_nbd,
    simulate_pareto_nbd,
)
from trato.differentiate.value import bg_nbd, gamma_gamma, margins, pareto_nbd, predictive
from trato.differentiate.value.bg_nbd import BgNbd
from trato.differentiate.value.gamma_gamma import GammaGamma
from trato.differentiate.value.margins import Margins
from trato.differentiate.value.pareto_nbd import ParetoNbd
from trato.differentiate.value.predictive import Kind
from trato.differentiate.value.purchase_rows import PurchaseRows, distinct_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BG_NBD = BgNbd(0.2426, 4.4136, 0.7929, 2.4259, 0.0, 0, converged=True)
PARETO_NBD = ParetoNbd(0.553, 10.578, 0.606, 11.669, 0.0, 0, converged=True)
GAMMA_GAMMA = GammaGamma(6.25, 3.74, 15.44, 0.0, 0, converged=True)
MARGINS = Margins(20.0, 0.8, 3.0, 900.0, 0.0, 0, converged=True)


def expectation(rows: PurchaseRows, kinds: Sequence[Kind]) -> np.ndarray:
    expected = np.zeros(len(rows.row))
    for block in predictive.blocks(rows, kinds):
        means = block.chances @ block.numbers
        expected[block.customers] = (block.weights * means[:, block.time]).sum(axis=0)
    return expected


def exact_chances(rows: PurchaseRows, kinds: Sequence[Kind], customer: int, most: int = 3000) -> np.ndarray:
    row = rows.row[customer]
    n = np.arange(most + 1.0)
    survival = np.zeros(len(n))
    for kind in kinds:
        survival += kind.weight[row] * kind.at_least(rows.x[row], rows.T[row], n)
    survival[0] = 1.0
    return np.asarray(survival[:-1] - survival[1:])


@pytest.fixture(scope="module")
def bought(cdnow_sample: Path) -> Bought:
    return cdnow_39_weeks(cdnow_sample)


@pytest.fixture(scope="module")
def rows(bought: Bought) -> PurchaseRows:
    return distinct_rows(bought.x, bought.t_x, bought.T)


@pytest.mark.parametrize("horizon", [1.0, 13.0, 39.0])
def test_the_mean_is_the_expectation(rows: PurchaseRows, horizon: float) -> None:
    assert expectation(rows, bg_nbd.purchases_ahead(BG_NBD, rows, horizon)) == pytest.approx(
        rows.spread(bg_nbd.expected_purchases_rows(BG_NBD, rows, horizon)), rel=1e-6
    )
    assert expectation(rows, pareto_nbd.purchases_ahead(PARETO_NBD, rows, horizon)) == pytest.approx(
        rows.spread(pareto_nbd.expected_purchases_rows(PARETO_NBD, rows, horizon)), rel=1e-6
    )


def test_hundreds_of_purchases_are_taken_together_without_shifting_the_mean(rows: PurchaseRows) -> None:
    assert expectation(rows, bg_nbd.purchases_ahead(BG_NBD, rows, 500.0)) == pytest.approx(
        rows.spread(bg_nbd.expected_purchases_rows(BG_NBD, rows, 500.0)), rel=3e-4
    )


@settings(max_examples=40)
@given(
    histories(),
    parameters(1e-2, 30),
    parameters(1e-1, 100),
    parameters(1e-4, 30),
    parameters(1e-2, 1e3),
    parameters(0.1, 100),
)
def test_any_chances_are_chances(
    bought: Bought, one: float, two: float, three: float, four: float, horizon: float
) -> None:
    rows = distinct_rows(np.minimum(bought.x, 200), bought.t_x, bought.T)
    bg = BgNbd(one, two, three, four, 0.0, 0, converged=True)
    pareto = ParetoNbd(one, two, three, four, 0.0, 0, converged=True)
    for kinds, expected in (
        (bg_nbd.purchases_ahead(bg, rows, horizon), bg_nbd.expected_purchases_rows(bg, rows, horizon)),
        (
            pareto_nbd.purchases_ahead(pareto, rows, horizon),
            pareto_nbd.expected_purchases_rows(pareto, rows, horizon),
        ),
    ):
        seen = np.concatenate([block.customers for block in predictive.blocks(rows, kinds)])
        assert np.array_equal(np.sort(seen), np.arange(len(rows.row)))
        for block in predictive.blocks(rows, kinds):
            assert (block.chances >= 0).all()
            assert block.chances.sum(axis=2) == pytest.approx(1.0)
        assert expectation(rows, kinds) == pytest.approx(rows.spread(expected), rel=2e-3, abs=1e-6)


@pytest.mark.parametrize("of", ["BG/NBD", "Pareto/NBD"])
def test_chances_are_those_of_simulated_purchases(of: str) -> None:
    rng = np.random.default_rng(21)
    T = np.full(40_000, 30.0)
    if of == "BG/NBD":
        x, t_x, after = simulate_bg_nbd(rng, 0.9, 6.0, 0.8, 2.5, T, 20.0)
        rows = distinct_rows(x, t_x, T)
        kinds = bg_nbd.purchases_ahead(BgNbd(0.9, 6.0, 0.8, 2.5, 0.0, 0, converged=True), rows, 20.0)
    else:
        x, t_x, after = simulate_pareto_nbd(rng, 0.9, 6.0, 0.7, 9.0, T, 20.0)
        rows = distinct_rows(x, t_x, T)
        kinds = pareto_nbd.purchases_ahead(ParetoNbd(0.9, 6.0, 0.7, 9.0, 0.0, 0, converged=True), rows, 20.0)
    for n in (1, 2, 4, 8):
        chance = predictive.purchases_at_least(rows, kinds, n)
        for group in (x == 0, x == 1, x > 4):
            reached = (after[group] >= n).sum()
            error = np.sqrt((chance[group] * (1 - chance[group])).sum())
            assert abs(reached - chance[group].sum()) < 4 * error + 1


def test_purchases_at_least_looks_at_each_customer(rows: PurchaseRows) -> None:
    kinds = bg_nbd.purchases_ahead(BG_NBD, rows, 39.0)
    n = np.random.default_rng(0).integers(0, 12, len(rows.row))
    chance = predictive.purchases_at_least(rows, kinds, n)
    assert (chance[n == 0] == 1.0).all()
    for customer in range(0, len(n), 97):
        assert chance[customer] == pytest.approx(
            exact_chances(rows, kinds, customer)[n[customer] :].sum(), abs=1e-9
        )


def two_kinds(rows: PurchaseRows) -> tuple[Kind, ...]:
    """A third of BG/NBD, another of Pareto/NBD, and a third that never buys."""
    return tuple(
        Kind(kind.weight / 3, kind.at_least)
        for kind in (
            *bg_nbd.purchases_ahead(BG_NBD, rows, 39.0),
            *pareto_nbd.purchases_ahead(PARETO_NBD, rows, 39.0),
        )
    )


@pytest.mark.parametrize("of", ["one kind", "two kinds"])
def test_value_is_the_exact_mixture(bought: Bought, rows: PurchaseRows, of: str) -> None:
    kinds = bg_nbd.purchases_ahead(BG_NBD, rows, 39.0) if of == "one kind" else two_kinds(rows)
    belief = gamma_gamma.posterior(GAMMA_GAMMA, bought.x, bought.spend)
    rng = np.random.default_rng(1)
    values = rng.choice([0.0, 5.0, 30.0, 80.0, 300.0, 2000.0], len(rows.row))
    cdf = predictive.value_cdf(rows, kinds, belief, values)
    for customer in range(0, len(values), 61):
        chances = exact_chances(rows, kinds, customer)
        share = values[customer] / (values[customer] + belief.v[customer])
        given_n = betainc(belief.p * np.arange(1.0, len(chances)), belief.q[customer], share)
        assert cdf[customer] == pytest.approx(chances[0] + chances[1:] @ given_n, abs=2e-4)


@pytest.mark.parametrize("of", ["one kind", "two kinds"])
def test_margins_ahead_are_the_exact_mixture(bought: Bought, rows: PurchaseRows, of: str) -> None:
    kinds = bg_nbd.purchases_ahead(BG_NBD, rows, 39.0) if of == "one kind" else two_kinds(rows)
    margin = bought.spend - 25
    belief = margins.posterior(MARGINS, bought.x, margin, bought.x * margin**2)
    rng = np.random.default_rng(1)
    values = rng.choice([-300.0, -20.0, 0.0, 30.0, 300.0], len(rows.row))
    cdf = predictive.value_cdf(rows, kinds, belief, values)
    n = np.arange(1.0, 3000)
    for customer in range(0, len(values), 61):
        chances = exact_chances(rows, kinds, customer)
        scale = np.sqrt(belief.rate[customer] / belief.shape[customer] * (n + n**2 / belief.pull[customer]))
        t = (values[customer] - n * belief.mean[customer]) / scale
        given_n = stdtr(2 * belief.shape[customer], t)
        exact = chances[0] * (values[customer] >= 0) + chances[1:] @ given_n
        assert cdf[customer] == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("worth", ["spend", "margins"])
def test_quantiles_undo_the_cdf(bought: Bought, worth: str) -> None:
    x, t_x, T, spend = bought.x[::5], bought.t_x[::5], bought.T[::5], bought.spend[::5]
    rows = distinct_rows(x, t_x, T)
    belief = (
        gamma_gamma.posterior(GAMMA_GAMMA, x, spend)
        if worth == "spend"
        else margins.posterior(MARGINS, x, spend - 25, x * (spend - 25) ** 2)
    )
    levels = np.array([0.05, 0.5, 0.8, 0.95])
    for kinds in (bg_nbd.purchases_ahead(BG_NBD, rows, 39.0), two_kinds(rows)):
        quantiles = predictive.value_quantiles(rows, kinds, belief, levels)
        assert (np.diff(quantiles, axis=1) >= 0).all()
        for column, level in enumerate(levels):
            value = quantiles[:, column]
            cdf = predictive.value_cdf(rows, kinds, belief, value)
            assert cdf[value != 0] == pytest.approx(level, abs=1e-5)
            assert (cdf[value == 0] >= level - 1e-9).all()
            below = predictive.value_cdf(rows, kinds, belief, np.full(len(value), -1e-9))
            assert (below[value == 0] <= level + 1e-9).all()


def test_nine_in_ten_simulated_totals_fall_where_they_should() -> None:
    rng = np.random.default_rng(5)
    T = rng.integers(140, 364, 8000) / 7
    model = BgNbd(0.9, 6.0, 0.8, 2.5, 0.0, 0, converged=True)
    x, t_x, after = simulate_bg_nbd(rng, model.r, model.alpha, model.a, model.b, T, 20.0)
    rate = rng.gamma(GAMMA_GAMMA.q, 1 / GAMMA_GAMMA.v, len(T))
    spend = rng.gamma(GAMMA_GAMMA.p * np.maximum(x, 1)) / rate / np.maximum(x, 1) * (x > 0)
    total = rng.gamma(GAMMA_GAMMA.p * np.maximum(after, 1)) / rate * (after > 0)
    rows = distinct_rows(x, t_x, T)
    kinds = bg_nbd.purchases_ahead(model, rows, 20.0)
    belief = gamma_gamma.posterior(GAMMA_GAMMA, x, spend)
    at = predictive.value_cdf(rows, kinds, belief, total)
    pit = predictive.randomised_pit(np.where(total > 0, at, 0.0), at, rng.random(len(T)))
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert ((pit > 0.05) & (pit < 0.95)).mean() == pytest.approx(0.9, abs=0.012)
    number = predictive.randomised_pit(
        1 - predictive.purchases_at_least(rows, kinds, after),
        1 - predictive.purchases_at_least(rows, kinds, after + 1),
        rng.random(len(T)),
    )
    assert stats.kstest(number, "uniform").pvalue > 0.01


@settings(max_examples=40)
@given(
    histories(),
    parameters(1e-2, 1e3),
    parameters(1.05, 1e3),
    parameters(1e-2, 1e5),
    parameters(0.1, 1000),
)
def test_no_customer_gives_nonsense(bought: Bought, p: float, q: float, v: float, horizon: float) -> None:
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    belief = gamma_gamma.posterior(GammaGamma(p, q, v, 0.0, 0, converged=True), bought.x, bought.spend)
    signed = margins.posterior(
        Margins(v, p, q, v * v, 0.0, 0, converged=True), bought.x, -bought.spend, bought.x * bought.spend**2
    )
    kinds = bg_nbd.purchases_ahead(BG_NBD, rows, horizon)
    for worth in (belief, signed):
        quantiles = predictive.value_quantiles(rows, kinds, worth, [0.05, 0.95])
        assert np.isfinite(quantiles).all()
        assert (quantiles[:, 0] <= quantiles[:, 1]).all()
        cdf = predictive.value_cdf(rows, kinds, worth, bought.spend)
        assert ((cdf >= 0) & (cdf <= 1)).all()


def test_levels_are_probabilities(rows: PurchaseRows, bought: Bought) -> None:
    belief = gamma_gamma.posterior(GAMMA_GAMMA, bought.x, bought.spend)
    with pytest.raises(ValueError, match="levels"):
        predictive.value_quantiles(rows, bg_nbd.purchases_ahead(BG_NBD, rows, 1.0), belief, [5, 95])

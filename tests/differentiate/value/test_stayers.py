"""Movers and stayers against the plain formula, numeric derivatives, planted shares and CDNOW held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from tests.differentiate.value.bought import cdnow_39_weeks, histories, simulate_bg_nbd
from trato.differentiate.value import bg_nbd, stayers
from trato.differentiate.value.bg_nbd import BgNbd
from trato.differentiate.value.predictive import purchases_at_least
from trato.differentiate.value.purchase_rows import PurchaseRows, distinct_rows
from trato.differentiate.value.purchases import aic, fit_purchases
from trato.differentiate.value.stayers import Stayers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.differentiate.value.bought import Bought

AT = np.array([-0.4, 1.1, -0.2, 0.4, 0.1, 2.0, -0.7, -0.3])


def plainly(at: np.ndarray, x: float, t_x: float, T: float) -> float:
    """One customer's likelihood as a sum over the three kinds, with gamma functions only."""
    r, alpha, a, b, r_stay, alpha_stay = np.exp(at[:6])
    odds = np.exp([0.0, at[6], at[7]])
    leave, stay, tried = odds / odds.sum()

    def buys(r: float, alpha: float, until: float) -> float:
        return float(
            np.exp(gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + until))
        )

    def beta(p: float, q: float) -> float:
        return float(np.exp(gammaln(p) + gammaln(q) - gammaln(p + q)))

    there = beta(a, b + x) / beta(a, b) * buys(r, alpha, T)
    gone = beta(a + 1, b + x - 1) / beta(a, b) * buys(r, alpha, t_x) if x else 0.0
    return float(leave * (there + gone) + stay * buys(r_stay, alpha_stay, T) + tried * (x == 0))


def some_rows() -> PurchaseRows:
    x = np.array([0, 0, 1, 3, 12, 40])
    t_x = np.array([0.0, 0.0, 2.0, 10.0, 11.0, 30.0])
    T = np.array([5.0, 30.0, 30.0, 12.0, 30.0, 30.0])
    return distinct_rows(
        np.repeat(x, [5, 9, 4, 3, 2, 1]), np.repeat(t_x, [5, 9, 4, 3, 2, 1]), np.repeat(T, [5, 9, 4, 3, 2, 1])
    )


def test_log_likelihood_is_the_plain_sum_over_kinds() -> None:
    rows = some_rows()
    value, _ = stayers._log_likelihood(AT, rows)
    slow = sum(
        n * np.log(plainly(AT, x, t_x, T))
        for n, x, t_x, T in zip(rows.customers, rows.x, rows.t_x, rows.T, strict=True)
    )
    assert value == pytest.approx(slow, rel=1e-12)


def test_gradient_is_the_numeric_one() -> None:
    rows = some_rows()
    _, gradient = stayers._log_likelihood(AT, rows)
    for i, step in enumerate(np.eye(8) * 1e-6):
        up, down = (stayers._log_likelihood(AT + sign * step, rows)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-5)


def test_planted_kinds_are_found() -> None:
    rng = np.random.default_rng(3)
    n = 12_000
    T = rng.integers(20 * 7, 40 * 7, n) / 7
    kind = rng.choice(3, n, p=[0.4, 0.25, 0.35])
    x, t_x, _ = simulate_bg_nbd(rng, 1.0, 4.0, 1.0, 2.0, T, 1.0)
    for i in np.flatnonzero(kind == 1):
        times = np.sort(rng.uniform(0, T[i], rng.poisson(rng.gamma(4.0, 1 / 16.0) * T[i])))
        x[i], t_x[i] = len(times), times[-1] if len(times) else 0.0
    x[kind == 2], t_x[kind == 2] = 0, 0.0
    rows = distinct_rows(x, t_x, T)
    alone = bg_nbd.fit_rows(rows)
    found = stayers.fit_rows(rows, alone)
    assert found.converged
    assert aic(found) < aic(alone)
    assert found.stay == pytest.approx(0.25, abs=0.06)
    assert found.tried == pytest.approx(0.35, abs=0.06)
    assert found.r / found.alpha == pytest.approx(4 / 16, rel=0.15)


def test_it_is_never_worse_than_bg_nbd_and_forecasts_cdnow_better(cdnow_sample: Path) -> None:
    bought = cdnow_39_weeks(cdnow_sample)
    models = fit_purchases(distinct_rows(bought.x, bought.t_x, bought.T))
    assert models.stayers.log_likelihood > models.bg_nbd.log_likelihood + 4
    assert models.best is models.stayers
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    repeat_purchases_in_the_next_39_weeks = 1882
    expected = rows.spread(stayers.expected_purchases_rows(models.stayers, rows, 39)).sum()
    alone = rows.spread(bg_nbd.expected_purchases_rows(models.bg_nbd, rows, 39)).sum()
    assert abs(expected / repeat_purchases_in_the_next_39_weeks - 1) < 0.05
    assert abs(alone / repeat_purchases_in_the_next_39_weeks - 1) > 0.10


def test_the_distribution_has_the_expected_mean(cdnow_sample: Path) -> None:
    bought = cdnow_39_weeks(cdnow_sample)
    rows = distinct_rows(bought.x[:300], bought.t_x[:300], bought.T[:300])
    model = Stayers(
        BgNbd(0.4, 3.5, 0.8, 1.5, 0.0, 1, converged=True), 0.2, 0.3, 1.3, 22.0, 0.0, 1, converged=True
    )
    ahead = stayers.purchases_ahead(model, rows, 13.0)
    mean = sum(purchases_at_least(rows, ahead, np.full(300, n)) for n in range(1, 400))
    assert mean == pytest.approx(rows.spread(stayers.expected_purchases_rows(model, rows, 13.0)), rel=1e-6)
    alive = rows.spread(stayers.p_alive_rows(model, rows))
    assert ((alive > 0) & (alive <= 1)).all()
    assert (alive[rows.x[rows.row] == 0] < 0.8).all()


@settings(max_examples=40)
@given(bought=histories(), at=st.lists(st.floats(-8, 8), min_size=8, max_size=8))
def test_never_nan(bought: Bought, at: list[float]) -> None:
    rows = distinct_rows(bought.x, bought.t_x, bought.T)
    r, alpha, a, b, r_stay, alpha_stay = np.exp(at[:6]).tolist()
    odds = np.exp([0.0, at[6], at[7]])
    model = Stayers(
        BgNbd(r, alpha, a, b, 0.0, 1, converged=True),
        float(odds[1] / odds.sum()),
        float(odds[2] / odds.sum()),
        r_stay,
        alpha_stay,
        0.0,
        1,
        converged=True,
    )
    for figures in (stayers.p_alive_rows(model, rows), stayers.expected_purchases_rows(model, rows, 13.0)):
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()

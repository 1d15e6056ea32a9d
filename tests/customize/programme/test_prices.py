"""Prices of what is scarce: the linear programme's own duals, and a budget spent as planned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from trato.customize.programme.prices import Pace, alike, paced, prices

SEEDS = st.integers(0, 2**32 - 1)


def best_allocation(values: np.ndarray, uses: np.ndarray, allowance: np.ndarray) -> float:
    """What the best allocation brings for each row, by HiGHS: everybody gets shares of candidates."""
    n, k = values.shape
    able = np.where(np.isfinite(values), values, 0.0)
    one_each = np.kron(np.eye(n), np.ones(k))
    limited = np.isfinite(allowance)
    used = np.tile(uses.T[limited], (1, n)) / n
    found = linprog(
        -able.ravel() / n,
        A_ub=np.vstack([one_each, used]),
        b_ub=np.concatenate([np.ones(n), allowance[limited]]),
        bounds=[(0, 1 if ok else 0) for ok in np.isfinite(values).ravel()],
        method="highs",
    )
    return -float(found.fun)


def dual(values: np.ndarray, uses: np.ndarray, allowance: np.ndarray, at: np.ndarray) -> float:
    nets = np.maximum((values - uses @ at).max(axis=1), 0.0)
    priced = at > 0
    return float(nets.mean() + at[priced] @ allowance[priced])


def problem(seed: int, n: int, k: int, r: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2, 1, (n, 1)) * rng.normal(0.3, 1, (n, k)) * 10.0 ** rng.integers(-3, 4)
    values[rng.random((n, k)) < 0.1] = -np.inf
    uses = (rng.random((k, r)) < 0.6) * rng.uniform(0.2, 2, (k, r)) * 10.0 ** rng.integers(-3, 4, r)
    return values, uses, rng.uniform(0, 0.5, r) * uses.max(axis=0)


@given(SEEDS, st.integers(10, 60), st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=150)
def test_prices_are_the_duals_of_the_best_allocation(seed: int, n: int, k: int, r: int) -> None:
    values, uses, allowance = problem(seed, n, k, r)
    found = prices(values, uses, allowance)
    best = best_allocation(values, uses, allowance)
    assert np.all(found >= 0)
    assert dual(values, uses, allowance, found) == pytest.approx(best, rel=1e-5, abs=1e-12)


@given(SEEDS, st.integers(1, 5))
@settings(max_examples=20)
def test_many_rows_and_any_start_come_to_the_same_value(seed: int, r: int) -> None:
    values, uses, allowance = problem(seed, 4000, 6, r)
    cold = dual(values, uses, allowance, found := prices(values, uses, allowance))
    rng = np.random.default_rng(seed)
    for start in (found, found * rng.uniform(0.5, 2, r), np.zeros(r), found + values.max()):
        warm = dual(values, uses, allowance, prices(values, uses, allowance, start))
        assert warm == pytest.approx(cold, rel=1e-6)


@given(SEEDS, st.integers(1, 4))
def test_values_twice_as_high_make_prices_twice_as_high(seed: int, r: int) -> None:
    values, uses, allowance = problem(seed, 30, 4, r)
    found = prices(values, uses, allowance)
    doubled = prices(2 * values, uses, allowance)
    np.testing.assert_allclose(doubled, 2 * found, rtol=1e-9, atol=1e-12)


def test_what_is_enough_has_no_price() -> None:
    values = np.array([[3.0, 1.0], [2.0, 5.0]])
    uses = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = prices(values, uses, np.array([np.inf, 1.0, 0.0]))
    assert found.tolist() == [0.0, 0.0, 0.0]
    assert prices(-values, uses, np.array([0.1, 0.1, 0.1])).tolist() == [0.0] * 3
    assert prices(np.empty((0, 2)), uses, np.array([0.1, 0.1, 0.1])).tolist() == [0.0] * 3


def test_what_is_gone_costs_more_than_anybody_would_give() -> None:
    values = np.array([[3.0, 1.0], [2.0, 5.0]])
    uses = np.array([[0.5, 0.0], [1.0, 1.0]])
    found = prices(values, uses, np.array([0.0, 0.3]))
    assert np.all(values - uses @ found <= 1e-9)


def test_one_budget_takes_the_best_customers() -> None:
    values = np.arange(1.0, 101.0).reshape(-1, 1)
    found = prices(values, np.ones((1, 1)), np.array([0.2]))
    assert 80.0 <= found[0] <= 81.0


@pytest.mark.parametrize(
    ("values", "uses", "allowance", "match"),
    [
        ([[1.0]], [[1.0, 1.0]], [1.0], "fit"),
        ([[np.nan]], [[1.0]], [1.0], "numbers"),
        ([[np.inf]], [[1.0]], [1.0], "numbers"),
        ([[1.0]], [[-1.0]], [1.0], "negative"),
        ([[1.0]], [[1.0]], [-1.0], "negative"),
    ],
)
def test_what_cannot_be_priced_is_refused(
    values: object, uses: object, allowance: object, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        prices(values, uses, allowance)  # type: ignore[arg-type]  # lists


def served(values: np.ndarray, uses: np.ndarray, budget: np.ndarray) -> tuple[float, np.ndarray]:
    """Decide row after row at paced prices: what it brought, and what is left after each row."""
    left, brought, made = budget.copy(), 0.0, 0
    pace: Pace | None = None
    trail = []
    for row in range(len(values)):
        if row and (pace is None or made >= pace.recheck):
            start = None if pace is None else pace.prices
            pace = paced(values[:row], uses, left, len(values) - row, start=start, every=200)
            made = 0
        net = values[row] - uses @ (np.zeros(len(left)) if pace is None else pace.charged(left, made))
        net[(uses > left).any(axis=1)] = -1.0
        if net.max() > 0:
            brought += float(values[row, net.argmax()])
            left -= uses[net.argmax()]
        made += 1
        trail.append(left.copy())
    return brought, np.array(trail)


@pytest.mark.parametrize("resources", [1, 3])
def test_paced_prices_bring_nearly_what_hindsight_would(resources: int) -> None:
    rng = np.random.default_rng(resources)
    values = rng.gamma(2, 1, (3000, 1)) * rng.normal(0.3, 1, (3000, 5))
    uses = rng.uniform(0.5, 1.5, (5, resources))
    allowance = rng.uniform(0.05, 0.2, resources)
    brought, trail = served(values, uses, allowance * 3000)
    best = dual(values, uses, allowance, prices(values, uses, allowance))
    assert 0.99 <= brought / (3000 * best) <= 1.0
    assert np.all(trail >= 0)


def test_customers_who_all_tie_share_the_budget_over_the_whole_time() -> None:
    """Everybody is worth the same: at the price's edge all or nobody would be served."""
    brought, trail = served(np.full((1000, 1), 2.0), np.ones((1, 1)), np.array([300.0]))
    assert brought == pytest.approx(600.0)
    planned = 300.0 * (1 - np.arange(1, 1001) / 1000)
    assert np.abs(trail[:, 0] - planned).max() <= 5.0


def test_a_change_is_seen_in_the_rows_and_only_the_rows_after_it_are_asked() -> None:
    rng = np.random.default_rng(4)
    uses = np.array([[1.0, 0.0], [0.0, 2.0]])
    at = np.array([0.5, 0.4])
    steady = rng.normal(0.3, 1, (6000, 2))
    assert alike(steady, uses, at) == 6000
    assert alike(steady[:900], uses, at) == 900
    moved = np.concatenate([steady, rng.normal([0.8, 0.1], 1, (1100, 2))])
    assert alike(moved, uses, at) == 1000
    remaining = np.array([600.0, 400.0])
    found = paced(moved, uses, remaining, 2000.0)
    np.testing.assert_allclose(found.prices, prices(moved[-1000:], uses, remaining / 2000), rtol=1e-4)


def test_false_changes_are_rare() -> None:
    rng = np.random.default_rng(5)
    uses = rng.uniform(0, 1, (5, 3))
    cuts = [alike(rng.gamma(2, 1, (4000, 5)) - 2, uses, np.full(3, 0.4)) < 4000 for _ in range(300)]
    assert sum(cuts) <= 3


def test_prices_lean_only_by_a_hair_and_unlimited_ones_not_at_all() -> None:
    pace = Pace(np.array([2.0, 0.0]), np.array([100.0, np.inf]), 50.0, 10)
    behind, ahead = pace.charged([95.0, np.inf], 5), pace.charged([85.0, np.inf], 5)
    assert 1.999 < behind[0] < 2.0 < ahead[0] < 2.001
    assert behind[1] == ahead[1] == 0.0

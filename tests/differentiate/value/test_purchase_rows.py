"""Distinct rows: nothing is lost, nobody is mixed up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.differentiate.value.bought import Bought, histories
from trato.differentiate.value.purchase_rows import distinct_rows


def check(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> None:
    rows = distinct_rows(x, t_x, T)
    given_rows = list(zip(x.tolist(), t_x.tolist(), T.tolist(), strict=True))
    assert np.array_equal(rows.spread(rows.x), x)
    assert np.allclose(rows.spread(rows.t_x), t_x, rtol=1e-8, atol=1e-9)
    assert np.allclose(rows.spread(rows.T), T, rtol=1e-8, atol=1e-9)
    assert (rows.t_x <= rows.T).all()
    assert rows.customers.sum() == len(x)
    assert np.array_equal(np.bincount(rows.row, minlength=len(rows.x)), rows.customers)
    assert len(rows.x) <= len(set(given_rows))


@given(histories())
def test_rows_are_the_customers(bought: Bought) -> None:
    check(bought.x, bought.t_x, bought.T)


@pytest.mark.parametrize("unit", [1 / 7, 0.01, np.pi])
def test_equal_histories_share_a_row(unit: float) -> None:
    rng = np.random.default_rng(5)
    T = rng.integers(0, 30, 3000)
    t_x = rng.integers(0, T + 1)
    x = np.minimum(rng.integers(0, 4, 3000), t_x)
    check(x, t_x * unit, T * unit)
    rows = distinct_rows(x, t_x * unit, T * unit)
    assert len(rows.x) == len(set(zip(x.tolist(), t_x.tolist(), T.tolist(), strict=True)))


def test_a_sample_is_every_so_many_customers() -> None:
    x, t_x, T = np.array([0, 3, 1, 3, 2]), np.array([0.0, 5, 1, 5, 2]), np.array([9.0, 9, 8, 9, 7])
    sample = distinct_rows(x, t_x, T).sample(2)
    assert sample.customers.sum() == 3
    assert np.array_equal(sample.spread(sample.x), x[::2])
    assert np.array_equal(sample.spread(sample.T), T[::2])


def test_no_customer_is_no_row() -> None:
    rows = distinct_rows([], [], [])
    assert len(rows.x) == len(rows.row) == 0


@pytest.mark.parametrize(
    ("x", "t_x", "T"),
    [
        ([1], [2.0], [1.0]),
        ([-1], [0.0], [1.0]),
        ([1], [-1.0], [1.0]),
        ([1], [np.nan], [1.0]),
        ([1], [1.0], [np.inf]),
        ([1.5], [1.0], [2.0]),
        ([np.nan], [1.0], [2.0]),
        ([1, 2], [1.0], [2.0]),
    ],
)
def test_impossible_histories_are_refused(x: list[float], t_x: list[float], T: list[float]) -> None:
    with pytest.raises(ValueError, match=r"x|last"):
        distinct_rows(x, t_x, T)

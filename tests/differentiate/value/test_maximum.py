"""The climb: to the top, to a bound, or as far as there is anything to gain."""

from __future__ import annotations

import numpy as np
import pytest

from trato.differentiate.value.maximum import find_maximum, in_logarithms

WIDE = np.array([10.0, 10.0])


def hill(at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Rosenbrock's valley upside down, with its top at (1, 1)."""
    x, y = at
    value = -((1 - x) ** 2) - 100 * (y - x * x) ** 2
    gradient = np.array([2 * (1 - x) + 400 * x * (y - x * x), -200 * (y - x * x)])
    hessian = np.array([[-2 + 400 * y - 1200 * x * x, 400 * x], [400 * x, -200.0]])
    return float(value), gradient, hessian


def test_it_reaches_the_top() -> None:
    found = find_maximum(hill, [np.array([-1.2, 1.0])], -WIDE, WIDE)
    assert found.converged
    assert found.at == pytest.approx([1, 1], abs=1e-3)


def test_it_stays_within_bounds() -> None:
    found = find_maximum(hill, [np.array([-1.2, 1.0])], -WIDE, np.array([0.5, 10.0]))
    assert found.converged
    assert found.at == pytest.approx([0.5, 0.25], abs=1e-6)


def test_a_top_infinitely_far_away_ends_the_climb() -> None:
    def slope(at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        fading = np.exp(-at)
        return float(-fading.sum()), fading, -np.diag(fading)

    assert find_maximum(slope, [np.zeros(2)], -WIDE, 40 * np.ones(2)).converged


def test_a_second_start_helps_out() -> None:
    def broken_on_the_left(at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        if at[0] < 0:
            return 0.0, np.ones(2), -np.eye(2)
        return -float(((at - 2) ** 2).sum()), -2 * (at - 2), -2 * np.eye(2)

    found = find_maximum(broken_on_the_left, [np.array([-5.0, 0.0]), np.array([1.0, 0.0])], -WIDE, WIDE)
    assert found.converged
    assert found.at == pytest.approx([2, 2])


def test_logarithms_follow_the_chain_rule() -> None:
    at = np.array([0.7, 1.9])

    def by_logarithm(logarithms: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        return in_logarithms(hill(np.exp(logarithms)), np.exp(logarithms))

    _, gradient, hessian = by_logarithm(np.log(at))
    for i, step in enumerate(1e-6 * np.eye(2)):
        up, down = by_logarithm(np.log(at) + step), by_logarithm(np.log(at) - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / 2e-6, rel=1e-6)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / 2e-6, rel=1e-6)

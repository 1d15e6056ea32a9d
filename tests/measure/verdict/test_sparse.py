"""Forward selection on sums, against the same done row by row, and against chance."""

from __future__ import annotations

import numpy as np
import pytest

from trato.measure.verdict.ridge import sums
from trato.measure.verdict.sparse import MARGIN, MOST, picked


def slowly(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The same, with a least-squares fit on the rows for each column that might be picked."""
    n, m = columns.shape
    chosen = [0]
    weights = np.zeros(m)
    while True:
        fitted = np.linalg.lstsq(columns[:, chosen], target, rcond=None)[0]
        weights[:] = 0.0
        weights[chosen] = fitted
        lost = float(((target - columns[:, chosen] @ fitted) ** 2).sum())
        if len(chosen) == MOST + 1:
            return weights
        gains = np.zeros(m)
        for j in set(range(m)) - set(chosen):
            some = columns[:, [*chosen, j]]
            left = target - some @ np.linalg.lstsq(some, target, rcond=None)[0]
            gains[j] = lost - float((left**2).sum())
        best = int(gains.argmax())
        if gains[best] <= (2 * np.log(m - 1) + MARGIN) * lost / (n - len(chosen)):
            return weights
        chosen.append(best)


def table(seed: int, n: int = 400, m: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, m))
    columns[:, 3] = columns[:, 2] + 0.3 * columns[:, 3]
    return np.column_stack((np.ones(n), columns))


@pytest.mark.parametrize("seed", range(6))
def test_it_picks_what_fits_of_the_rows_pick(seed: int) -> None:
    columns = table(seed)
    rng = np.random.default_rng(100 + seed)
    targets = np.column_stack(
        (
            columns[:, 2] - 0.5 * columns[:, 5] + rng.normal(size=len(columns)),
            0.3 * columns[:, 1] + 0.6 * columns[:, 7] + 2 + rng.normal(size=len(columns)),
        )
    )
    found = picked(sums(columns, targets))
    for place in range(2):
        np.testing.assert_allclose(found[:, place], slowly(columns, targets[:, place]), atol=1e-8)


def test_chance_is_hardly_ever_picked() -> None:
    picks = 0
    for seed in range(200):
        columns = table(seed)
        noise = np.random.default_rng(1_000 + seed).standard_t(4, size=(len(columns), 1))
        picks += bool(picked(sums(columns, noise))[1:].any())
    assert picks <= 14  # a column of twelve lies beyond three standard deviations 3 times of 100


def test_what_two_marks_do_only_together_is_picked() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.integers(0, 2, (2, 4_000)) - 0.5
    columns = np.column_stack((np.ones(4_000), one, other, 4 * one * other))
    target = 0.1 * np.sign(one * other)[:, None] + rng.normal(size=(4_000, 1))
    found = picked(sums(columns, target))
    assert found[3, 0] == pytest.approx(0.1, abs=0.06)
    assert not found[1:3, 0].any()


def test_a_column_twice_and_one_that_never_varies_do_no_harm() -> None:
    columns = np.column_stack((table(9), table(9)[:, 1], np.zeros(400)))
    found = picked(sums(columns, columns[:, [1]] * 2 + 1))
    np.testing.assert_allclose(columns @ found, columns[:, [1]] * 2 + 1, atol=1e-6)

"""Bootstrap over customers: how sure a ratio of sums is when whole customers could have been others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPLICATES = 1_000
LEVEL = 0.95
DRAWN_AT_ONCE = 4_000_000


def ratios(
    gains: NDArray[np.float64],
    sizes: NDArray[np.float64],
    *,
    replicates: int = REPLICATES,
    rng: np.random.Generator,
) -> tuple[Interval, ...]:
    """Sum of each column of `gains` (n, q) over the sum of `sizes` (n,), with its 95 % percentile interval.

    A row is a customer, drawn with all that belongs to it: each replicate gives every row a Poisson(1)
    weight (Hanley & MacGibbon, 2006), the limit of drawing n rows with replacement. Sizes are not negative,
    and not all zero.
    """
    table = np.column_stack((gains, sizes))
    drawn = np.zeros((replicates, table.shape[1]))
    block = max(1, DRAWN_AT_ONCE // replicates)
    for start in range(0, len(table), block):
        rows = table[start : start + block]
        drawn += _poisson_one(rng, (replicates, len(rows))) @ rows
    drawn = drawn[drawn[:, -1] > 0]
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(drawn[:, :-1] / drawn[:, -1:], [tail, 100 - tail], axis=0)
    mean = gains.sum(axis=0) / sizes.sum()
    return tuple(Interval(float(m), float(a), float(b)) for m, a, b in zip(mean, low, high, strict=True))


def _poisson_one(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Draws by table: eight times as fast as `Generator.poisson`, and right to 2⁻¹⁶ in probability."""
    return _POISSON_ONE[rng.integers(0, len(_POISSON_ONE), shape, dtype=np.uint16)]


def _quantiles_of_poisson_one(size: int) -> NDArray[np.float64]:
    chances = np.exp(-1.0) / np.cumprod(np.concatenate(([1.0], np.arange(1.0, 20.0))))
    return np.searchsorted(np.cumsum(chances), (np.arange(size) + 0.5) / size).astype(np.float64)


_POISSON_ONE = _quantiles_of_poisson_one(1 << 16)

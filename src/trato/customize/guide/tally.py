"""Numeric kernels of the guide: one walk over the weighted configurations for all that a step asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def tally(
    configurations: NDArray[np.int16], weights: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each module (the modules of component j at `starts[j]`), the sum and the largest of the weights.

    `configurations` (m, n) are positions, `weights` (m,) their weights; both results are (starts[-1],).
    """
    n = configurations.shape[1]
    mass = np.zeros(starts[n])
    largest = np.zeros(starts[n])
    for i in range(len(weights)):
        weight = weights[i]
        if weight > 0:
            for j in range(n):
                place = starts[j] + configurations[i, j]
                mass[place] += weight
                largest[place] = max(largest[place], weight)
    return mass, largest


@kernel
def weigh(
    configurations: NDArray[np.int16],
    weights: NDArray[np.float64],
    starts: NDArray[np.int64],
    said: NDArray[np.int64],
    factors: NDArray[np.float64],
    allowed: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The weights after what was said, summing to one unless all is nothing: (m,).

    Each is multiplied by `factors[j]` where a configuration differs from `said[j]`, which is -1 where nothing
    is said. One with a module that is not `allowed` (starts[-1],), of a component where nothing binds, has
    none.
    """
    m, n = configurations.shape
    found = np.empty(m)
    total = 0.0
    for i in range(m):
        weight = weights[i]
        for j in range(n):
            if said[j] >= 0 and configurations[i, j] != said[j]:
                weight *= factors[j]
            elif not allowed[starts[j] + configurations[i, j]]:
                weight = 0.0
                break
        found[i] = weight
        total += weight
    if total > 0:
        for i in range(m):
            found[i] /= total
    return found


@kernel
def beside(
    configurations: NDArray[np.int16], weights: NDArray[np.float64], said: NDArray[np.int64]
) -> tuple[int, float]:
    """The heaviest configuration that agrees with all that is said, and its weight; -1 when none does."""
    best = -1
    heaviest = 0.0
    n = configurations.shape[1]
    for i in range(len(weights)):
        if weights[i] > heaviest:
            agrees = True
            for j in range(n):
                if said[j] >= 0 and configurations[i, j] != said[j]:
                    agrees = False
                    break
            if agrees:
                best = i
                heaviest = weights[i]
    return best, heaviest

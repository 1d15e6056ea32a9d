"""The normal distribution as a table of 65,536 equally likely values, by arithmetic that has one result.

Inverse normal distributions of libraries ask the C library for logarithms, whose last bit differs between its
versions. Here each quantile is found by Newton's method from its neighbour; the distribution is its power
series, and the exponential a short Taylor series squared ten times: only + - * / in one order.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 2**16
_ROOT_OF_2_PI = 2.5066282746310002


@kernel
def density(z: float) -> float:
    """The standard normal density, exp(-z²/2) / √(2π), to about 1e-13 of itself for |z| < 6."""
    y = -z * z / 2.0 / 1024.0
    total = 1.0
    for n in range(12, 0, -1):
        total = 1.0 + total * y / n
    for _ in range(10):
        total *= total
    return total / _ROOT_OF_2_PI


@kernel
def above_half(z: float) -> float:
    """P(0 < Z < z) for z ≥ 0: the density times z + z³/3 + z⁵/15 + …; all terms are positive."""
    term = z
    total = z
    n = 1
    while term > total * 1e-17:
        n += 2
        term = term * z * z / n
        total += term
    return density(z) * total


@kernel
def upper_quantiles(half: int) -> NDArray[np.float64]:
    """The quantiles at 1/2 + (i + 1/2) / (2 · half) for i = 0 … half - 1: (half,), rising."""
    found = np.empty(half)
    z = 0.0
    for i in range(half):
        aim = (i + 0.5) / (2.0 * half)
        for _ in range(6):
            z += (aim - above_half(z)) / density(z)
        found[i] = z
    return found


@cache
def normal_table() -> NDArray[np.float32]:
    """Quantiles at the middles of 65,536 equally likely cells, rising, scaled to the variance 1.

    (65536,) float32, read-only, symmetric. The largest is 4.33. Made once in a process, in some 20 ms.
    """
    upper = upper_quantiles(SIZE // 2)
    square = 0.0
    for z in upper.tolist():
        square += z * z
    scaled = (upper / np.sqrt(square / (SIZE // 2))).astype(np.float32)
    table = np.concatenate([-scaled[::-1], scaled])
    table.flags.writeable = False
    return table

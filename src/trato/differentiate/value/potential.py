"""Potential value: what the better ones among comparable customers are expected to bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOOD = 0.8
FEWEST = 30
TENURES = 4


def potential_value(
    expected_value: NDArray[np.float64],
    tenure: NDArray[np.float64],
    needs: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """What each customer (n,) could bring in the same time: at least what is expected, and as much as the
    best fifth.

    `needs` (n, k) are the weights of each customer's belief, rows that sum to one; `tenure` (n,) is any
    measure of how long they have been customers; `known` (n,) says whose needs are known. Comparable
    customers share the need and the quarter of tenure; where fewer than 30 do, the need alone; where still
    fewer, all customers. A customer's potential is the weighted mean over their needs of the 80th percentile
    of comparable customers' expected value.
    """
    n, k = needs.shape
    potential = expected_value.copy()
    if n == 0:
        return potential
    band = np.searchsorted(np.quantile(tenure, np.arange(1, TENURES) / TENURES), tenure, side="left")
    likeliest = np.where(known, needs.argmax(axis=1), -1)
    everyone = float(np.quantile(expected_value, GOOD))
    good = np.empty((k, TENURES))
    for need in range(k):
        same = likeliest == need
        of_need = float(np.quantile(expected_value[same], GOOD)) if same.sum() >= FEWEST else everyone
        for quarter in range(TENURES):
            close = same & (band == quarter)
            good[need, quarter] = (
                np.quantile(expected_value[close], GOOD) if close.sum() >= FEWEST else of_need
            )
    reachable = np.einsum("nk,kn->n", needs, good[:, band])
    return np.where(known, np.maximum(potential, reachable), potential)

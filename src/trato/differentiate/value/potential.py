"""Potential value: what the better ones among comparable customers are expected to bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOOD = 0.8
FEWEST = 30
TENURES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What the best fifth of comparable customers are expected to bring.

    `tenures` (3,) part the customers into quarters by how long they have been there; `good` (k, 4) is the
    80th percentile of each need and quarter.
    """

    tenures: NDArray[np.float64]
    good: NDArray[np.float64]


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
    if len(needs) == 0:
        return expected_value.copy()
    return within_reach(reach_of(expected_value, tenure, needs, known), expected_value, tenure, needs, known)


def reach_of(
    expected_value: NDArray[np.float64],
    tenure: NDArray[np.float64],
    needs: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> Reach:
    """What `potential_value` learns from all customers, at least one; the same arguments."""
    k = needs.shape[1]
    tenures = np.quantile(tenure, np.arange(1, TENURES) / TENURES)
    band = np.searchsorted(tenures, tenure, side="left")
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
    return Reach(tenures, good)


def within_reach(
    reach: Reach,
    expected_value: NDArray[np.float64],
    tenure: NDArray[np.float64],
    needs: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The potential (n,) of customers, of those who taught `reach` or of others; as `potential_value`."""
    band = np.searchsorted(reach.tenures, tenure, side="left")
    reachable = np.zeros(len(expected_value))
    for need in range(needs.shape[1]):  # one after the other, so that one customer's sum is as in a crowd
        reachable += needs[:, need] * reach.good[need, band]
    return np.where(known, np.maximum(expected_value, reachable), expected_value)

"""The few columns that tell: forward selection on sums, which stops before chance would go on."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.ridge import about_mean, with_intercept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.verdict.ridge import Sums

    Array = NDArray[np.float64]

MOST = 8
# The best of m columns that tell nothing explains about 2 log m variances; that much, and a clear margin.
MARGIN = 4.0
_NEW = 1e-6  # a column that the ones already picked all but make up says nothing new


def picked(given: Sums) -> Array:
    """Weights (m, t) of least squares on the few columns that were picked for each target; the rest 0.

    One column after the other, the one that explains most of what is left, as long as it explains more than
    the best of so many would by chance (Donoho & Johnstone 1994: 2 log m).
    """
    xx, xy, yy = about_mean(given)
    columns, targets = xy.shape
    slopes = np.zeros((columns, targets))
    if not columns:
        return with_intercept(given, slopes)
    own = np.maximum(np.diag(xx), 1e-12)
    enough = 2 * log(max(columns, 2)) + MARGIN
    for target in range(targets):
        chosen: list[int] = []
        weights: Array = np.zeros(0)
        while len(chosen) < min(MOST, columns):
            left = xy[:, target] - xx[:, chosen] @ weights
            inside = (
                np.linalg.solve(xx[np.ix_(chosen, chosen)], xx[chosen]) if chosen else np.zeros((0, columns))
            )
            free = own - np.einsum("ij,ij->j", xx[chosen], inside)
            gain = np.where(free > _NEW * own, left**2 / np.maximum(free, 1e-12), 0.0)
            gain[chosen] = 0.0
            best = int(gain.argmax())
            unexplained = yy[target] - (xy[chosen, target] @ weights if chosen else 0.0)
            if gain[best] <= enough * max(unexplained, 1e-12) / max(given.rows - len(chosen) - 1, 1.0):
                break
            chosen.append(best)
            weights = np.asarray(np.linalg.solve(xx[np.ix_(chosen, chosen)], xy[chosen, target]), np.float64)
        slopes[chosen, target] = weights
    return with_intercept(given, slopes)

"""How far to trust a customer's own past against what their needs predict, per component.

The trust is fitted on later choices than those it is applied to. Fitted on the same ones it comes out too
small, because a short past repeats itself more than the future does: on a grocer's year the predictions of
baby food and greeting cards then turn worse than the population's shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GRID = np.geomspace(0.05, 5_000.0, 61)
SPREAD = 1.0
USUAL_TRUST = 5.0


def fit_trust(
    towards: Array,
    own: Array,
    chosen: Array,
    component: NDArray[np.integer],
    count: NDArray[np.integer],
    components: int,
) -> Array:
    """The trust of each component that predicts the later choices best, in nats; shape (c,).

    One entry a (customer, item) chosen later: `towards` is what the needs predict, `own` the earlier count,
    `chosen` the earlier choices in the component, `count` how often it was chosen later. Components with few
    later choices borrow from all: the log of each trust has a normal prior around the best common one, one
    unit wide. A component nobody chose in later has the common trust; without any later choice that is
    `USUAL_TRUST`.
    """
    seen_before = chosen > 0  # where nothing was chosen earlier, no trust changes the prediction
    towards, own, chosen = towards[seen_before], own[seen_before], chosen[seen_before]
    component, count = component[seen_before], count[seen_before]
    if len(count) == 0:
        return np.full(components, USUAL_TRUST)
    log_likelihood = np.stack(
        [
            np.bincount(component, count * np.log((own + trust * towards) / (chosen + trust)), components)
            for trust in GRID
        ],
        axis=1,
    )
    grid = np.log(GRID)
    common = _peak(log_likelihood.sum(axis=0)[None, :], grid)[0]
    return np.asarray(np.exp(_peak(log_likelihood - ((grid - common) / SPREAD) ** 2 / 2, grid)))


def _peak(height: Array, grid: Array) -> Array:
    """Where each row is highest, by the parabola through its best point of the grid and the neighbours."""
    best = np.clip(height.argmax(axis=1), 1, len(grid) - 2)
    row = np.arange(len(height))
    left, top, right = height[row, best - 1], height[row, best], height[row, best + 1]
    bend = left - 2 * top + right
    aside = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1.0), 0.0)
    return np.asarray(grid[best] + np.clip(aside, -1, 1) * (grid[1] - grid[0]))

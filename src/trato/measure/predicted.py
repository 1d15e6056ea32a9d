"""What each treatment would have brought each row, predicted from other rows: the outcome model of DR.

It need not be right: doubly robust estimates hold without, and gain in precision by as much as it explains
(Dudík, Langford & Li, "Doubly robust policy evaluation and learning", ICML 2011). So it is a plain one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FOLDS = 5
# How many rows of a treatment weigh as much as what holds for all treatments together.
TRUST = 20.0


def cross_fitted(
    features: Array | None,
    treatment: NDArray[np.integer],
    outcome: Array,
    arms: int,
    *,
    unit: NDArray[np.integer] | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> Array:
    """Predicted outcomes (n, arms) from `features` (n, d), of models that never saw the row's unit.

    One ridge regression of all treatments together, and one a treatment of what that leaves. None for
    `features` predicts by treatment alone. `unit` (n,) numbers whom the rows belong to, from 0 on. No
    prediction lies outside what was seen.
    """
    n = len(outcome)
    own = np.arange(n) if unit is None else unit
    fold = np.random.default_rng(seed).permutation(int(own.max()) + 1)[own] % max(folds, 2)
    design = _design(features, n)
    predicted = np.empty((n, arms))
    with threadpool_limits(1):
        for one in range(max(folds, 2)):
            learnt, judged = fold != one, fold == one
            if not learnt.any():
                predicted[judged] = 0.0
                continue
            model = _fit(design[learnt], treatment[learnt], outcome[learnt], arms)
            seen = outcome[learnt]
            predicted[judged] = np.clip(design[judged] @ model.T, seen.min(), seen.max())
    return predicted


def _design(features: Array | None, n: int) -> Array:
    """The features on one scale, behind a column of ones."""
    if features is None or not features.shape[1]:
        return np.ones((n, 1))
    scale = features.std(axis=0)
    return np.column_stack((np.ones(n), (features - features.mean(axis=0)) / np.where(scale > 0, scale, 1.0)))


def _fit(design: Array, treatment: NDArray[np.integer], outcome: Array, arms: int) -> Array:
    """Coefficients (arms, d + 1)."""
    width = design.shape[1]
    free_mean = np.ones(width)
    free_mean[0] = 1e-9
    common = np.linalg.solve(design.T @ design + np.diag(free_mean), design.T @ outcome)
    left = outcome - design @ common
    model = np.tile(common, (arms, 1))
    for arm in range(arms):
        rows = treatment == arm
        if rows.any():
            table = design[rows]
            model[arm] += np.linalg.solve(table.T @ table + TRUST * np.eye(width), table.T @ left[rows])
    return model

"""Ridge regression on sums over rows, so that any set of folds is fitted without going back to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over rows with columns x (m,), the first of which is 1, and targets y (t,): they add up.

    `xx` is Σ x xᵀ (m, m), `xy` Σ x yᵀ (m, t), `yy` Σ y² (t,).
    """

    xx: Array
    xy: Array
    yy: Array

    def __add__(self, other: Sums) -> Sums:
        """The sums over both sets of rows."""
        return Sums(self.xx + other.xx, self.xy + other.xy, self.yy + other.yy)

    @property
    def rows(self) -> float:
        """How many rows were summed."""
        return float(self.xx[0, 0])

    def lost(self, weights: Array) -> Array:
        """Squared error (t,) of predicting these rows with weights (m, t)."""
        fitted = np.einsum("mt,mt->t", weights, self.xx @ weights)
        return np.asarray(self.yy - 2 * np.einsum("mt,mt->t", weights, self.xy) + fitted)

    def first(self, columns: int) -> Sums:
        """The sums of the first columns alone."""
        return Sums(self.xx[:columns, :columns], self.xy[:columns], self.yy)


def sums(columns: Array, targets: Array) -> Sums:
    """The sums of rows (n, m) and targets (n, t)."""
    return Sums(columns.T @ columns, columns.T @ targets, np.einsum("nt,nt->t", targets, targets))


@dataclass(frozen=True, slots=True)
class Centred:
    """Sums about the mean, in the `directions` (m − 1, m − 1) in which columns vary by `spread` (m − 1,)."""

    spread: Array
    directions: Array
    xy: Array
    yy: Array
    rows: float

    def weights(self, penalty: float) -> Array:
        """Slopes (m − 1, t) shrunk by a penalty that counts like so many rows of unit variance."""
        return np.asarray(self.directions @ (self.xy / (self.spread + penalty)[:, None]))

    def best_penalty(self, penalties: Array) -> float:
        """The one with the least generalised cross-validation error (Golub, Heath & Wahba 1979)."""
        errors = []
        for penalty in penalties:
            kept = self.spread / (self.spread + penalty)
            explained = (self.xy**2 / (self.spread + penalty)[:, None] * (2 - kept)[:, None]).sum()
            free = self.rows - 1 - kept.sum()
            errors.append(np.inf if free <= 1 else (self.yy.sum() - explained) / free**2)
        return float(penalties[int(np.argmin(errors))])


def centred(xx: Array, xy: Array, yy: Array, rows: float) -> Centred:
    """From sums about the mean, without the column of ones."""
    spread, directions = np.linalg.eigh(xx)
    return Centred(np.maximum(spread, 0.0) + 1e-9, directions, directions.T @ xy, yy, rows)


def about_mean(given: Sums) -> tuple[Array, Array, Array]:
    """The sums about the mean of their rows: of columns, columns and targets, and targets."""
    n, mean = max(given.rows, 1.0), given.xx[0, 1:] / max(given.rows, 1.0)
    target = given.xy[0] / n
    return (
        given.xx[1:, 1:] - n * np.outer(mean, mean),
        given.xy[1:] - n * np.outer(mean, target),
        given.yy - n * target**2,
    )


def with_intercept(given: Sums, slopes: Array) -> Array:
    """Weights (m, t) whose intercept makes these rows' mean prediction their mean target."""
    n = max(given.rows, 1.0)
    start = given.xy[0] / n - (given.xx[0, 1:] / n) @ slopes
    return np.vstack((start[None, :], slopes))

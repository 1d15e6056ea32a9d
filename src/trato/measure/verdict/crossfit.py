"""Everything that is learnt for one fold without that fold's rows, and without the rows it is tried on.

With five folds, what is learnt leaves out one fold (to judge on it), two (to try policies on the second
before one is chosen for the first) or three (to score the rows that those policies learn from). As sums of
folds add up, all are fitted from the same sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.outcomes import outcome_weights, robust_scores
from trato.measure.verdict.ridge import Sums, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.verdict.basis import Basis
    from trato.measure.verdict.log import Log

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """One fold's rows (n,): where they stand in the log, and what is known of them.

    `columns` (n, m + q) are the basis' full columns, of which the first `main` are those by themselves;
    `given` (n,) is the chance of the treatment that was given.
    """

    rows: Whole
    columns: Array
    main: int
    steps: NDArray[np.float32]
    treatment: Whole
    outcome: Array
    given: Array

    def by_arm(self, arms: int) -> tuple[Sums, ...]:
        """Sums of the main columns and the outcome, for the rows of each treatment."""
        found = []
        for arm in range(arms):
            got = self.treatment == arm
            found.append(sums(self.columns[got, : self.main], self.outcome[got, None]))
        return tuple(found)


class CrossFit:
    """The log in folds, and what is predicted for each from the others; `net` (n,) is the rows' value."""

    def __init__(self, log: Log, net: Array, basis: Basis, fold: Whole) -> None:
        self.arms = log.arms
        given = log.given
        self.parts = []
        for place in range(int(fold.max()) + 1):
            rows = np.flatnonzero(fold == place)
            features = log.features[rows]
            self.parts.append(
                Part(
                    rows,
                    basis.full(features),
                    basis.main_columns,
                    basis.steps(features),
                    log.treatment[rows],
                    net[rows],
                    given[rows],
                )
            )
        self._by_arm = [part.by_arm(self.arms) for part in self.parts]
        self._weights: dict[frozenset[int], Array] = {}

    @property
    def folds(self) -> range:
        """The folds' numbers."""
        return range(len(self.parts))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of folds."""
        return list(combinations(self.folds, 2))

    def outcome_weights(self, without: frozenset[int]) -> Array:
        """Weights (m, K) of the outcome under each treatment, learnt without these folds."""
        if without not in self._weights:
            kept = [self._by_arm[fold] for fold in self.folds if fold not in without]
            added = list(kept[0])
            for more in kept[1:]:
                added = [one + other for one, other in zip(added, more, strict=True)]
            self._weights[without] = outcome_weights(added)
        return self._weights[without]

    def predicted(self, fold: int, without: frozenset[int]) -> Array:
        """The fold's outcomes (n, K) under each treatment as predicted without these folds."""
        part = self.parts[fold]
        return np.asarray(part.columns[:, : part.main] @ self.outcome_weights(without | {fold}))

    def scores(self, fold: int, without: frozenset[int]) -> Array:
        """The fold's doubly robust scores (n, K), outcomes being predicted without it and these folds."""
        part = self.parts[fold]
        return robust_scores(self.predicted(fold, without), part.treatment, part.outcome, part.given)

    @cached_property
    def columns_by_fold(self) -> list[Array]:
        """Σ x xᵀ of the full columns, by fold."""
        return [part.columns.T @ part.columns for part in self.parts]

    def effect_sums(self, fold: int, effects: Array) -> Sums:
        """Sums of a fold's full columns and effects (n, K)."""
        part = self.parts[fold]
        squares = np.einsum("nk,nk->k", effects, effects)
        return Sums(self.columns_by_fold[fold], part.columns.T @ effects, squares)


def effects_of(scores: Array) -> Array:
    """Scores about their mean over the treatments: what is left is what treatments differ by."""
    return np.asarray(scores - scores.mean(axis=1, keepdims=True))

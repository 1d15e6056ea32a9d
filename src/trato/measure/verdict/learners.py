"""Who gains from what: several ways to forecast by how much treatments differ for a customer.

None is trusted: policies made of each are tried inside the training folds, and one is chosen there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.crossfit import CrossFit, effects_of
from trato.measure.verdict.ridge import Centred, Sums, about_mean, centred, with_intercept
from trato.measure.verdict.sparse import picked
from trato.measure.verdict.trees import Grower, Leaf, Split, cut, effects_by_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# In rows a row of the training folds: from believing every slope to believing none.
PENALTIES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
DEPTHS = (1, 2, 3)
LEAST_SHARE, LEAST_OF_EACH = 0.02, 25
EAGER = "eager"


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecast effects for one fold, learnt without it.

    `tried` has, for each of the other folds, its scores (n, K) and the forecasts (n, K) by learner, which
    were learnt without either fold. `judged` are the forecasts for the fold itself, the mean of those of the
    learners that were tried.
    """

    tried: tuple[tuple[Array, Mapping[str, Array]], ...]
    judged: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What was learnt without a pair of folds."""

    slopes: Centred
    slopes_sums: Sums
    products: Centred
    products_sums: Sums
    few: Array
    trees: tuple[Leaf | Split, ...]
    rows: float


class Learners:
    """All learners, on all folds."""

    def __init__(self, fit: CrossFit) -> None:
        self._fit = fit
        self._learnt = {frozenset(pair): self._learn(frozenset(pair)) for pair in fit.pairs}

    def forecasts(self, fold: int) -> Forecasts:
        """The forecasts for a fold."""
        others = [other for other in self._fit.folds if other != fold]
        scores = {other: self._fit.scores(other, frozenset({fold})) for other in others}
        penalties = self._penalties(fold, scores)
        weights = {other: self._weights(frozenset({fold, other}), penalties) for other in others}
        tried = tuple(
            (scores[other], self._forecast(other, frozenset({fold, other}), weights[other]))
            for other in others
        )
        by_other = [self._forecast(fold, frozenset({fold, other}), weights[other]) for other in others]
        judged = {name: np.mean([one[name] for one in by_other], axis=0) for name in by_other[0]}
        return Forecasts(tried, judged)

    def _learn(self, pair: frozenset[int]) -> _Learnt:
        fit = self._fit
        folds = [fold for fold in fit.folds if fold not in pair]
        effects = [effects_of(fit.scores(fold, pair)) for fold in folds]
        parts = [fit.effect_sums(fold, of) for fold, of in zip(folds, effects, strict=True)]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole + part
        main = whole.first(fit.parts[0].main)
        every = np.concatenate(effects)
        steps = np.concatenate([fit.parts[fold].steps for fold in folds])
        least = max(LEAST_SHARE * len(every), LEAST_OF_EACH * fit.arms)
        noise = np.maximum(every.var(axis=0), 1e-12)
        tree = Grower(max(DEPTHS), least, noise).grow(steps, every)
        trees = tuple(cut(tree, depth) for depth in DEPTHS)
        return _Learnt(
            centred(*about_mean(main), main.rows),
            main,
            centred(*about_mean(whole), whole.rows),
            whole,
            picked(whole),
            trees,
            whole.rows,
        )

    def _penalties(self, fold: int, scores: Mapping[int, Array]) -> tuple[float, float]:
        """The penalties, of slopes and of products, that forecast the tried folds' effects best."""
        lost = np.zeros((2, len(PENALTIES)))
        for other, found in scores.items():
            learnt = self._learnt[frozenset({fold, other})]
            there = self._fit.effect_sums(other, effects_of(found))
            main = there.first(self._fit.parts[0].main)
            for i, penalty in enumerate(PENALTIES * learnt.rows):
                lost[0, i] += main.lost(
                    with_intercept(learnt.slopes_sums, learnt.slopes.weights(penalty))
                ).sum()
                lost[1, i] += there.lost(
                    with_intercept(learnt.products_sums, learnt.products.weights(penalty))
                ).sum()
        slopes, products = PENALTIES[lost.argmin(axis=1)]
        return float(slopes), float(products)

    def _weights(self, pair: frozenset[int], penalties: tuple[float, float]) -> tuple[Array, Array, Array]:
        learnt = self._learnt[pair]
        return (
            with_intercept(learnt.slopes_sums, learnt.slopes.weights(penalties[0] * learnt.rows)),
            with_intercept(learnt.products_sums, learnt.products.weights(penalties[1] * learnt.rows)),
            with_intercept(learnt.slopes_sums, learnt.slopes.weights(PENALTIES[0] * learnt.rows)),
        )

    def _forecast(
        self, fold: int, pair: frozenset[int], weights: tuple[Array, Array, Array]
    ) -> dict[str, Array]:
        part, learnt = self._fit.parts[fold], self._learnt[pair]
        main = part.columns[:, : part.main]
        found = {
            "slopes": main @ weights[0],
            "products": part.columns @ weights[1],
            "few": part.columns @ learnt.few,
            EAGER: main @ weights[2],
            "outcomes": effects_of(self._fit.predicted(fold, pair)),
        }
        trees = [effects_by_tree(tree, part.steps) for tree in learnt.trees]
        found["trees"] = np.mean(trees, axis=0)
        found["together"] = np.mean([found["slopes"], found["products"], *trees], axis=0)
        return found

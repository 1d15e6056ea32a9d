"""Features as columns that a linear model can bend: each by itself, its steps, and products of two."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LEAST_SPREAD = 0.2  # a rare mark is not blown up to weigh as much as a common one
STEP_WEIGHT = 0.5  # steps and products are rarer truths than a slope: they are shrunk four times as much
PAIR_WEIGHT = 0.5
MOST_STEPS, MOST_PAIRED, MOST_CELLS = 90, 20, 20_000_000
ROWS_A_COLUMN = 40
LOOKED_AT = 4_000  # rows that show whether a product says anything new


@dataclass(frozen=True, slots=True)
class Basis:
    """How p features become columns; learnt without outcomes, so that all rows may be used for it.

    A feature has a `low` and `high` (p,) beyond which it is clipped, a `centre` and `spread` (p,).
    `cut_of` (s,) and `cuts` (s,) are the steps: feature above cut. `bent` (s,) are those of features with
    more than two values, which the linear models take too. `pairs` (q, 2) are the products.
    """

    low: Array
    high: Array
    centre: Array
    spread: Array
    cut_of: NDArray[np.int64]
    cuts: Array
    bent: NDArray[np.bool_]
    step_share: Array
    pairs: NDArray[np.int64]

    @property
    def main_columns(self) -> int:
        """How many columns `main` has."""
        return 1 + len(self.centre) + int(self.bent.sum())

    def main(self, features: Array) -> Array:
        """A column of ones, the features by themselves, and the steps of those with more than two values."""
        steps = features[:, self.cut_of[self.bent]] > self.cuts[self.bent]
        share = self.step_share[self.bent]
        spread = np.maximum(np.sqrt(share * (1 - share)), LEAST_SPREAD)
        bent = STEP_WEIGHT * (steps - share) / spread
        return np.hstack((np.ones((len(features), 1)), self._plain(features), bent))

    def full(self, features: Array) -> Array:
        """The columns of `main`, then the products."""
        plain = self._plain(features)
        products = PAIR_WEIGHT * plain[:, self.pairs[:, 0]] * plain[:, self.pairs[:, 1]]
        return np.hstack((self.main(features), products))

    def steps(self, features: Array) -> NDArray[np.float32]:
        """Each feature above each of its cuts, 0 or 1, (n, s)."""
        return (features[:, self.cut_of] > self.cuts).astype(np.float32)

    def _plain(self, features: Array) -> Array:
        return np.asarray((np.clip(features, self.low, self.high) - self.centre) / self.spread)


def basis_of(features: Array) -> Basis:
    """The columns for features (n, p): fewer of them where there are few rows to learn from."""
    n = len(features)
    low, high = (np.quantile(features, q, axis=0) for q in (0.005, 0.995)) if n else (np.zeros(0),) * 2
    rare = low == high  # all but one in two hundred are alike: the rare ones are what tells
    low, high = np.where(rare, features.min(axis=0), low), np.where(rare, features.max(axis=0), high)
    clipped = np.clip(features, low, high)
    several = [np.unique(column) for column in features.T]
    numeric = np.array([len(values) > 2 for values in several], np.bool_)
    most = min(MOST_STEPS, n // ROWS_A_COLUMN, MOST_CELLS // max(n, 1))
    each = min(9, most // max(int(numeric.sum()), 1))
    cut_of, cuts, bent = [], [], []
    for place, values in enumerate(several):
        if len(values) == 2:
            found = [(values[0] + values[1]) / 2]
        elif len(values) > 2:
            found = _cuts(features[:, place], values, max(each, 1))
        else:
            continue
        cut_of += [place] * len(found)
        cuts += found
        bent += [len(values) > 2 and each > 0] * len(found)
    of, at = np.array(cut_of, np.int64), np.array(cuts, np.float64)
    spread = np.maximum(clipped.std(axis=0), np.where(numeric, 1e-12, LEAST_SPREAD))
    return Basis(
        low=low,
        high=high,
        centre=clipped.mean(axis=0),
        spread=spread,
        cut_of=of,
        cuts=at,
        bent=np.array(bent, np.bool_),
        step_share=(features[:, of] > at).mean(axis=0),
        pairs=_pairs(clipped / spread, n),
    )


def _cuts(column: Array, values: Array, number: int) -> list[float]:
    """At most so many cuts between values that occur, near the quantiles."""
    wanted = np.quantile(column, (np.arange(number) + 1) / (number + 1))
    places = np.clip(np.searchsorted(values, wanted, side="right"), 1, len(values) - 1)
    return [float((values[i - 1] + values[i]) / 2) for i in np.unique(places)]


def _pairs(plain: Array, n: int) -> NDArray[np.int64]:
    """Products of the features that vary most; none of two marks that exclude each other."""
    varied = np.argsort(-plain.var(axis=0), kind="stable")[:MOST_PAIRED]
    varied = np.sort(varied[plain[:, varied].var(axis=0) > 1e-9])
    most = min(n // ROWS_A_COLUMN // 2, MOST_CELLS // max(n, 1))
    plain = plain[:LOOKED_AT] - plain[:LOOKED_AT].mean(axis=0)
    found = []
    for one, other in combinations(varied.tolist(), 2):
        product = plain[:, one] * plain[:, other]
        if not _is_sum(product, plain[:, one], plain[:, other]):
            found.append((one, other))
    return np.array(found[:most] or np.zeros((0, 2)), np.int64).reshape(-1, 2)


def _is_sum(product: Array, one: Array, other: Array) -> bool:
    """Whether a product says no more than a constant and its factors do."""
    columns = np.column_stack((np.ones(len(product)), one, other))
    gram = columns.T @ columns + 1e-9 * np.eye(3)
    fitted = columns @ np.linalg.solve(gram, columns.T @ product)
    return (
        float(np.sum((product - fitted) ** 2)) < 1e-6 * float(np.sum((product - product.mean()) ** 2)) + 1e-9
    )

"""How much of the value the customers called best turned out to bring, and how sure the comparison is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BEST = 0.1
REPLICATES = 1_000
MOST_DRAWS = 40_000_000


def capture(brought: NDArray[np.float64], score: NDArray[np.float64], share: float = BEST) -> float:
    """What the best `share` by `score` brought, over what the truly best `share` brought; ties in given
    order.

    Not a number when the truly best brought nothing.
    """
    count = max(1, round(share * len(brought)))
    most = float(np.sort(brought)[::-1][:count].sum())
    return (
        float(brought[np.argsort(-score, kind="stable")[:count]].sum()) / most if most > 0 else float("nan")
    )


def capture_difference(
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    *,
    seed: int,
) -> Interval:
    """Mean capture by one score less that by another over several tests of the same customers, with 95 %
    interval.

    Each fold holds (who, brought, one score, other score), `who` being a customer's number in all folds.
    Customers are resampled (Poisson bootstrap), the same in every fold, so that the interval is paired and
    respects that the folds are about the same people.
    """
    plain = float(np.mean([capture(y, one) - capture(y, other) for _, y, one, other in folds]))
    rng = np.random.default_rng(seed)
    people = 1 + max(int(who.max()) for who, *_ in folds)
    replicates = int(np.clip(MOST_DRAWS // people, 100, REPLICATES))
    orders: list[tuple[NDArray[np.intp], NDArray[np.float64], list[NDArray[np.intp]]]] = [
        (who, y, [np.argsort(-score, kind="stable") for score in (y, one, other)])
        for who, y, one, other in folds
    ]
    found = np.empty(replicates)
    for replicate in range(replicates):
        weight = rng.poisson(1.0, people).astype(np.float64)
        differences = []
        for who, y, by in orders:
            w = weight[who]
            target = float(BEST * w.sum())
            most, one, other = (_top(y, w, order, target) for order in by)
            differences.append((one - other) / most if most > 0 else 0.0)
        found[replicate] = np.mean(differences)
    low, high = np.quantile(found, [0.025, 0.975]).tolist()
    return Interval(plain, low, high)


def _top(y: NDArray[np.float64], w: NDArray[np.float64], order: NDArray[np.intp], target: float) -> float:
    """The value of the first customers in `order` up to a weight of `target`, the last one in part."""
    weight = w[order]
    before = np.cumsum(weight) - weight
    return float(y[order] @ np.clip(target - before, 0.0, weight))

"""What each treatment would bring to each customer: a prediction that only narrows the intervals.

Given at random, treatments are compared without bias whatever is predicted; a good prediction takes away
what varies between customers anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.measure.verdict.ridge import Sums, about_mean, centred, with_intercept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PENALTIES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 30.0, 1e6])  # in rows per row


def outcome_weights(by_arm: Sequence[Sums]) -> Array:
    """Weights (m, K) that predict the outcome under each of K treatments, from each one's own rows.

    First what all treatments have in common, then how each departs from it, both ridge with the penalty of
    the least generalised cross-validation error: a treatment that few had is predicted like the others.
    """
    kept = [one for one in by_arm if one.rows > 0]
    parts = [about_mean(one) for one in kept]
    xx, xy, yy = (np.sum([part[i] for part in parts], axis=0) for i in range(3))
    rows = sum(one.rows for one in kept)
    common = centred(xx, xy, yy, rows)
    shared = common.weights(common.best_penalty(PENALTIES * rows))
    total = kept[0]
    for one in kept[1:]:
        total = total + one
    columns = []
    for one in by_arm:
        if one.rows == 0:
            columns.append(with_intercept(total, shared))
            continue
        xx, xy, yy = about_mean(one)
        left = xy - xx @ shared
        unexplained = yy - 2 * np.einsum("mt,mt->t", shared, xy) + np.einsum("mt,mt->t", shared, xx @ shared)
        own = centred(xx, left, unexplained, one.rows)
        slopes = shared + own.weights(own.best_penalty(PENALTIES * one.rows))
        columns.append(with_intercept(one, slopes))
    return np.hstack(columns)


def robust_scores(predicted: Array, treatment: NDArray[np.int64], outcome: Array, given: Array) -> Array:
    """Doubly robust scores (n, K): what each treatment is predicted to bring, and for the one that was given
    what it brought beyond that, weighted by one over its chance (Robins, Rotnitzky & Zhao 1994).

    Their mean is unbiased for each treatment's value when the chances `given` (n,) are true, whatever is
    predicted (n, K) from other rows.
    """
    scores = predicted.copy()
    rows = np.arange(len(treatment))
    scores[rows, treatment] += (outcome - predicted[rows, treatment]) / given
    return scores

"""A gradient booster trained on the window before: what customers with such a history went on to bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.value.histories import Histories

FOLDS = 4
MOST_TO_LEARN_FROM = 100_000


def features(
    histories: Histories,
    p_alive: NDArray[np.float64],
    purchases: NDArray[np.float64],
    spend: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What the booster sees (n, 19): the history, the last weeks of it, and what the purchase model makes of
    it.
    """
    h = histories
    silent = h.T - h.t_x
    return np.column_stack(
        [
            h.x,
            silent,
            h.T,
            h.mean_spend,
            h.total,
            h.repeat_total / (h.T + 1),
            silent * (h.x + 1) / (h.T + 1 / 7),
            p_alive,
            purchases,
            spend,
            purchases * spend,
            h.recent_days,
            h.recent_totals,
        ]
    )


def boost(
    seen: NDArray[np.float64],
    brought: NDArray[np.float64],
    asked: NDArray[np.float64],
    *,
    seed: int,
    rounds: int = 3,
) -> NDArray[np.float64]:
    """Expected value (m,) of customers with features `asked` (m, f), learnt from `seen` (n, f) and `brought`
    (n,).

    Where nobody brought less than nothing the loss is Poisson's, which suits heavy tails; otherwise squared
    error. `rounds` boosters that differ by seed are averaged. Of more than 100,000 customers a sample is
    learnt from.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    if len(brought) > MOST_TO_LEARN_FROM:
        some = rng.choice(len(brought), MOST_TO_LEARN_FROM, replace=False)
        seen, brought = seen[some], brought[some]
    scale = float(np.abs(brought).mean())
    if scale == 0:
        return np.zeros(len(asked))
    loss = "poisson" if (brought >= 0).all() else "squared_error"
    expected = np.zeros(len(asked))
    for round_seed in rng.integers(0, 2**31 - 1, rounds):
        booster = HistGradientBoostingRegressor(
            loss=loss,
            max_iter=150,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=40,
            l2_regularization=10.0,
            early_stopping=False,
            random_state=int(round_seed),
        )
        # One thread, for the same figures on every machine: sums over threads depend on how many there are.
        with threadpool_limits(1, user_api="openmp"):
            expected += booster.fit(seen, brought / scale).predict(asked) * (scale / rounds)
    return expected


def boost_unseen(
    seen: NDArray[np.float64], brought: NDArray[np.float64], *, seed: int
) -> NDArray[np.float64]:
    """Expected value (n,) of each customer by boosters that were trained on the others."""
    fold = np.random.default_rng(seed).permutation(len(brought)) % FOLDS
    expected = np.empty(len(brought))
    for held_out in range(FOLDS):
        out = fold == held_out
        expected[out] = boost(seen[~out], brought[~out], seen[out], seed=seed + held_out, rounds=1)
    return expected

"""Fashion is no difference between customers: the ladder judged again, told what is popular now.

When everyone's taste moves together, a customer's own past also tells *when* they chose: those who chose
lately look like the present. Groups and own counts then beat a mass that knows only the average past,
though all customers are alike. So each rung is told the popularity of the judged window, as the *other*
customers show it: its shares are multiplied by one factor a module, such that on average they meet what
others chose. Identical customers gain nothing from any rung then, for no prediction beats the true shares
on average (Gibbs' inequality).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.ladder import Rungs, Scores, judge, mass_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MAX_ROUNDS = 50
CLOSE_ENOUGH = 1e-6


def judge_in_its_time(rungs: Rungs, judged: Array, worth: Array, *, rng: np.random.Generator) -> Scores:
    """Score as `judge` does, each half of the customers told the popularity that the other half shows."""
    half = rng.permutation(len(judged)) % 2
    nats, hits, money = (np.zeros((3, len(judged))) for _ in range(3))
    for own in (0, 1):
        mine, others = half == own, half != own
        told = _told(rungs, judged[others], others, mine)
        scores = judge(told, judged[mine], worth)
        nats[:, mine], hits[:, mine], money[:, mine] = scores.nats, scores.hits, scores.money
    return Scores(nats, hits, money)


def _told(rungs: Rungs, chosen: Array, others: NDArray[np.bool_], mine: NDArray[np.bool_]) -> Rungs:
    popular = mass_shares(chosen)
    for_niche = _factors(rungs.niche[others], chosen, popular)
    for_one = _factors(rungs.one[others], chosen, popular)
    return replace(
        rungs,
        mass=popular,
        niche=_tilted(rungs.niche[mine], for_niche),
        one=_tilted(rungs.one[mine], for_one),
        group=rungs.group[mine],
        favoured=_tilted(rungs.favoured, for_niche),
    )


def _tilted(shares: Array, factors: Array) -> Array:
    raised = shares * factors
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _factors(shares: Array, chosen: Array, popular: Array) -> Array:
    """One factor a module (M,) with which shares (n, M) meet `popular`, averaged over choices made."""
    factors = np.ones(len(popular))
    sizes = chosen.sum(axis=1)
    sizes = sizes / max(sizes.sum(), 1.0)
    for _ in range(MAX_ROUNDS):
        correction = popular / (sizes @ _tilted(shares, factors))
        factors *= correction
        if np.abs(np.log(correction)).max() < CLOSE_ENOUGH:
            break
    return factors

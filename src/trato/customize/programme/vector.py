"""The policy's vector: with which probability each candidate is chosen, as integers that sum to 2³².

128 draws of the posterior are made as 64 antithetic pairs. A candidate's share is the share of draws in which
its net worth is the greatest; a declared part of the probability is spread equally (exploration). The vector
is not an estimate of ideal Thompson sampling: it is the policy, and the treatment is drawn from it by a
separate logged integer. So the logged probability is exact, and recomputing it from the same arrays and seed
gives the same bits: `kernels.py` says on what that rests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from trato.customize.programme.features import Layout

WHOLE = 2**32
DRAWS = 128


@dataclass(frozen=True, slots=True)
class Drawn:
    """The vector of one decision over its K candidates: all arrays (K,). Of many decisions: all (N, K).

    `probabilities` uint64 sum to exactly 2³² (in each row; 0 where not eligible). `expected` is the net worth
    at the posterior's mean, in the unit of worth and charge, and `spread` its standard deviation. `wins` says
    in how many of the 128 draws the candidate was best.
    """

    probabilities: NDArray[np.uint64]
    expected: NDArray[np.float64]
    spread: NDArray[np.float64]
    wins: NDArray[np.int64]


def vector(
    features: NDArray[np.float32],
    mean: NDArray[np.float32],
    root: NDArray[np.float32],
    worth: NDArray[np.float64],
    charge: NDArray[np.float64],
    *,
    seed: int,
    explore: int,
    least: int = 0,
) -> Drawn:
    """The vector of one decision between K ≥ 1 candidates with the features φ (K, D).

    The posterior is given by `mean` (D,) and lower triangular `root` (D, D), covariance = root · rootᵀ, both
    float32 (`Posterior.served`). In draw s candidate k is worth `worth[k]` · (φ_k · coefficients_s) -
    `charge[k]`; the first of the greatest wins. *Nothing* is a row of zeros with charge 0. Shares are
    p_k = (2³² - explore) · wins_k // 128 + explore // K, the remainder to the one with most wins (the first).

    `seed` is in [0, 2⁶⁴); `explore` in [0, 2³²] is the part of 2³² that all K share equally, raised where
    that is needed so that nobody's probability is under `least`. Raises ValueError for shapes that do not
    fit, no candidate, numbers that are not finite, or a seed or share out of range.
    """
    from trato.customize.programme.kernels import one_vector
    from trato.customize.programme.quantiles import normal_table

    phi = np.ascontiguousarray(features, np.float32)
    m = np.ascontiguousarray(mean, np.float32)
    r = np.ascontiguousarray(root, np.float32)
    w = np.ascontiguousarray(worth, np.float64)
    c = np.ascontiguousarray(charge, np.float64)
    if phi.ndim != 2:
        raise ValueError("features must be (K, D)")
    many, size = phi.shape
    if not many:
        raise ValueError("there is no candidate: nothing is always one")
    if m.shape != (size,) or r.shape != (size, size) or w.shape != (many,) or c.shape != (many,):
        raise ValueError("features (K, D), mean (D,), root (D, D), worth (K,) and charge (K,) do not fit")
    if not 0 <= seed < 2**64:
        raise ValueError("a seed is a whole number of 64 bits")
    if not (0 <= explore <= WHOLE and 0 <= least <= WHOLE // many):
        raise ValueError("exploration lies between 0 and 2³², and the least probability of all within 2³²")
    share = max(int(explore), int(least) * many)
    probabilities, wins = np.empty(many, np.uint64), np.empty(many, np.int64)
    expected, spread = np.empty(many), np.empty(many)
    low, high = int(seed) & 0xFFFFFFFF, int(seed) >> 32
    table = normal_table()
    if not one_vector(phi, m, r, w, c, low, high, share, table, probabilities, expected, spread, wins):
        raise ValueError("worth, charge, features or posterior are not finite")
    return Drawn(probabilities, expected, spread, wins)


def vectors(
    layout: Layout,
    customers: NDArray[np.float32],
    modules: NDArray[np.float32],
    mean: NDArray[np.float32],
    root: NDArray[np.float32],
    worth: NDArray[np.float64],
    charge: NDArray[np.float64],
    *,
    seeds: NDArray[np.uint64],
    explore: NDArray[np.int64] | int,
    eligible: NDArray[np.bool_] | None = None,
    least: int = 0,
) -> Drawn:
    """`vector` for N customers at once, bit for bit: all results (N, K), ineligible candidates 0 throughout.

    `customers` (N, p) and `modules` (K, q) make the features as `features.phi` does under `layout`. `worth`
    and `charge` are (K,) or (N, K); `seeds` (N,) uint64; `explore` one number or (N,); `eligible` (N, K), all
    where it is not given. Only the eligible are candidates of a row, in their order. The Python lock is not
    held, so threads may share the rows. Raises ValueError as `vector`, naming the first row that
    cannot be decided.
    """
    from trato.customize.programme.kernels import many_vectors
    from trato.customize.programme.quantiles import normal_table

    x = np.ascontiguousarray(customers, np.float32)
    m = np.ascontiguousarray(modules, np.float32)
    p, q = len(layout.customer), len(layout.modules)
    if x.ndim != 2 or m.ndim != 2 or x.shape[1] != p or m.shape[1] != q:
        raise ValueError(f"customers must be (N, {p}) and modules (K, {q})")
    shape = rows, many = len(x), len(m)
    given_seeds = np.asarray(seeds)
    if given_seeds.dtype != np.uint64 or given_seeds.shape != (rows,):
        raise ValueError("seeds must be uint64, one for each customer")
    share = _spread(explore, (rows,), np.int64)
    if (rows and not 0 <= share.min() <= share.max() <= WHOLE) or not 0 <= least <= WHOLE // max(many, 1):
        raise ValueError("exploration lies between 0 and 2³², and the least probability of all within 2³²")
    mask = np.ones(shape, np.bool_) if eligible is None else np.ascontiguousarray(eligible, np.bool_)
    size = layout.size
    if mask.shape != shape or np.shape(mean) != (size,) or np.shape(root) != (size, size):
        raise ValueError("eligible (N, K), mean (D,) or root (D, D) does not fit")
    wins, probabilities = np.empty(shape, np.int64), np.empty(shape, np.uint64)
    expected, spread = np.empty(shape), np.empty(shape)
    failed = many_vectors(
        x,
        m,
        np.ascontiguousarray(layout.pairs, np.int32),
        np.ascontiguousarray(mean, np.float32),
        np.ascontiguousarray(root, np.float32),
        _spread(worth, shape, np.float64),
        _spread(charge, shape, np.float64),
        np.ascontiguousarray(given_seeds),
        share,
        int(least),
        mask,
        normal_table(),
        probabilities,
        expected,
        spread,
        wins,
    )
    if failed >= 0:
        raise ValueError(f"row {failed} has no candidate, or numbers that are not finite")
    return Drawn(probabilities, expected, spread, wins)


def _spread(given: ArrayLike, shape: tuple[int, ...], kind: type[Any]) -> NDArray[Any]:
    """What is given for each row, or once for all: an array of that shape. Raises ValueError as NumPy."""
    found = np.empty(shape, kind)
    found[...] = given  # a sixth of the time that broadcasting and copying take
    return found


def chosen(probabilities: NDArray[np.uint64], draw: int) -> int:
    """The candidate that a draw in [0, 2³²) falls on: the first whose cumulative sum exceeds it.

    Raises ValueError for a draw out of range or probabilities (K,) that do not sum to 2³².
    """
    if not 0 <= draw < WHOLE:
        raise ValueError("a draw is a whole number from 0 to 2³² - 1")
    total = 0
    found = -1
    for place, share in enumerate(probabilities.tolist()):
        total += share
        if found < 0 and total > draw:
            found = place
    if total != WHOLE:
        raise ValueError("the probabilities do not sum to 2³²")
    return found

"""What customers may yet do: distributions of purchases to come, and of what they will bring.

A purchase model hands over *kinds*: with some probability a customer is of a kind (alive, for one), and then
makes n or more purchases with a known probability; of no kind, none. Given n, the total they bring has a
known distribution, so the value to come is a mixture over n. Only the number x of past purchases and the time
T matter to the purchases of a kind, and all customers who share both share the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from trato.differentiate.value.purchase_rows import PurchaseRows

TAIL = 1e-9
TIMES_AT_ONCE = 2048
# Numbers of purchases are told apart up to 128; beyond, they are taken together in steps of 2.5 %.
_EDGES = np.unique(np.concatenate([np.arange(129.0), np.rint(128 * 1.025 ** np.arange(1, 560))]))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of customer: `weight` (rows,) is the probability to be one, given the history.

    `at_least(x, T, n)` is the probability of n or more purchases within the horizon of whoever is one, after
    x purchases in T weeks; it falls with n, is 1 at n = 0, and its arguments broadcast.
    """

    weight: NDArray[np.float64]
    at_least: Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Block:
    """Customers with the same number `x` of past purchases, and how many purchases may follow.

    `customers` (c,) are their places, `time` (c,) their places in the times, and `weights` (kinds, c) their
    probabilities to be of each kind. `chances` (kinds, times, numbers) are those of each of `numbers`
    (numbers,) of purchases; the first is 0, and those beyond 128 stand for a range and need not be whole.
    """

    x: float
    customers: NDArray[np.intp]
    time: NDArray[np.intp]
    weights: NDArray[np.float64]
    numbers: NDArray[np.float64]
    chances: NDArray[np.float64]


class Worth(Protocol):
    """What purchases bring to each customer: the distribution of the sum of n of them."""

    def cdf_of_sums(self, block: Block, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(sum <= value) at the `values` (c,) of the block's customers."""
        ...

    def quantiles_of_sums(self, block: Block, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values (c, levels) below which the sums stay with the probabilities `levels`."""
        ...


def purchases_at_least(rows: PurchaseRows, kinds: Sequence[Kind], n: ArrayLike) -> NDArray[np.float64]:
    """The probability (customers,) that each customer makes `n` (customers,) or more purchases."""
    number = np.broadcast_to(np.asarray(n, dtype=np.float64), rows.row.shape)
    key, which = np.unique(np.stack([rows.row, number]), axis=1, return_inverse=True)
    row = key[0].astype(np.intp)
    of_kinds = sum(kind.weight[row] * kind.at_least(rows.x[row], rows.T[row], key[1]) for kind in kinds)
    return np.where(key[1] < 1, 1.0, of_kinds)[which.ravel()]


def value_cdf(
    rows: PurchaseRows, kinds: Sequence[Kind], worth: Worth, values: ArrayLike
) -> NDArray[np.float64]:
    """The probability (customers,) that each customer brings at most `values` (customers,)."""
    bound = np.broadcast_to(np.asarray(values, dtype=np.float64), rows.row.shape)
    cdf = np.empty(len(rows.row))
    for block in blocks(rows, kinds):
        cdf[block.customers] = worth.cdf_of_sums(block, bound[block.customers])
    return np.clip(cdf, 0.0, 1.0)


def value_quantiles(
    rows: PurchaseRows, kinds: Sequence[Kind], worth: Worth, levels: ArrayLike
) -> NDArray[np.float64]:
    """The values (customers, levels) below which each customer's total stays with the probabilities `levels`.

    [.05, .95] gives the 90 % interval. With many customers who will never buy again the lower end is often
    exactly 0.
    """
    wanted = np.atleast_1d(np.asarray(levels, dtype=np.float64))
    if not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError("levels must lie between 0 and 1")
    quantiles = np.empty((len(rows.row), len(wanted)))
    for block in blocks(rows, kinds):
        quantiles[block.customers] = worth.quantiles_of_sums(block, wanted)
    return quantiles


def randomised_pit(cdf_below: ArrayLike, cdf_at: ArrayLike, uniforms: ArrayLike) -> NDArray[np.float64]:
    """Where outcomes fell in their predicted distributions: uniform on [0, 1] if the predictions are true.

    `cdf_below` is P(less than the outcome), `cdf_at` P(at most the outcome); `uniforms` spread an outcome of
    positive probability, such as 0, over its share. Source: Czado, Gneiting and Held (2009), Biometrics
    65(4).
    """
    below, at = np.asarray(cdf_below, dtype=np.float64), np.asarray(cdf_at, dtype=np.float64)
    return np.clip(below + np.asarray(uniforms, dtype=np.float64) * (at - below), 0.0, 1.0)


def blocks(rows: PurchaseRows, kinds: Sequence[Kind]) -> Iterator[Block]:
    """The customers in blocks of equal `x` and at most a few thousand times, so that memory stays bounded."""
    order = np.lexsort((rows.T, rows.x))
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    place_of_customer = place[rows.row]
    customers = np.argsort(place_of_customer, kind="stable")
    upto = np.concatenate([[0], np.cumsum(rows.customers[order]).astype(np.intp)])
    x, T = rows.x[order], rows.T[order]
    new_time = np.concatenate([[True], (x[1:] != x[:-1]) | (T[1:] != T[:-1])])[: len(x)]
    time_of_place = np.cumsum(new_time) - 1
    starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]])[: len(x)])
    for first, last in zip(starts, np.append(starts[1:], len(x)), strict=True):
        times = np.flatnonzero(new_time[first:last]) + first
        for i in range(0, len(times), TIMES_AT_ONCE):
            low = times[i]
            high = times[i + TIMES_AT_ONCE] if i + TIMES_AT_ONCE < len(times) else last
            here = customers[upto[low] : upto[high]]
            row = rows.row[here]
            numbers, chances = _chances(kinds, x[low], T[times[i : i + TIMES_AT_ONCE]])
            yield Block(
                x=float(x[low]),
                customers=here,
                time=time_of_place[place_of_customer[here]] - time_of_place[low],
                weights=np.stack([kind.weight[row] for kind in kinds]),
                numbers=numbers,
                chances=chances,
            )


def _chances(
    kinds: Sequence[Kind], x: np.float64, T: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The numbers of purchases and their chances (kinds, times, numbers), until the tail is negligible."""
    parts: list[NDArray[np.float64]] = []
    at = 0
    while at < len(_EDGES):
        edges = _EDGES[at : at + 16]
        parts.append(np.stack([kind.at_least(np.full((1, 1), x), T[:, None], edges[None]) for kind in kinds]))
        at += len(edges)
        if parts[-1][..., -1].max() < TAIL:
            break
    survival = np.concatenate(parts, axis=2)
    used = int((survival.max(axis=(0, 1)) >= TAIL).sum())
    survival = np.minimum.accumulate(survival[..., : max(used, 1)], axis=2)
    beyond = np.concatenate([survival[..., 1:], np.zeros((*survival.shape[:2], 1))], axis=2)
    edges = _EDGES[: survival.shape[2] + 1]
    if len(edges) == survival.shape[2]:
        edges = np.append(edges, edges[-1] + 1)
    return (edges[:-1] + edges[1:] - 1) / 2, survival - beyond

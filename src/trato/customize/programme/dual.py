"""Numeric kernel of prices: one pass over the values for the smoothed dual, its slope and its curvature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def smoothed(  # noqa: C901 -- a machine function has its loops inside it
    values: NDArray[np.float64],
    order: NDArray[np.int64],
    charge: NDArray[np.float64],
    width: float,
    uses: NDArray[np.float64],
    taken: NDArray[np.float64],
    curve: NDArray[np.float64],
) -> float:
    """The sum over the rows `order` of width · log(1 + Σ_k exp((values_ik - charge_k) / width)).

    Fills `taken` (K,), how often each candidate is taken under the soft choice, and `curve` (R, R), the
    covariances of a row's use of resources under it, added up; `uses` is (K, R). Candidates more than 40
    widths behind the best are left out: their share is below 1e-17.
    """
    many, resources = uses.shape
    taken[:] = 0.0
    curve[:] = 0.0
    total = 0.0
    near = np.empty(many, np.int64)
    share = np.empty(many)
    mean = np.empty(resources)
    for place in range(len(order)):
        row = values[order[place]]
        best = 0.0
        for k in range(many):
            best = max(best, row[k] - charge[k])
        floor = best - 40.0 * width
        count = 0
        weight = np.exp(-best / width) if floor < 0 else 0.0
        for k in range(many):
            net = row[k] - charge[k]
            if net > floor:
                near[count] = k
                share[count] = np.exp((net - best) / width)
                weight += share[count]
                count += 1
        total += best + width * np.log(weight)
        if count == 1 and share[0] == weight:
            taken[near[0]] += 1.0
        else:
            mean[:] = 0.0
            for c in range(count):
                part = share[c] / weight
                k = near[c]
                taken[k] += part
                for r in range(resources):
                    use = uses[k, r]
                    if use != 0:
                        mean[r] += part * use
                        for q in range(r + 1):
                            curve[r, q] += part * use * uses[k, q]
            for r in range(resources):
                if mean[r] != 0:
                    for q in range(r + 1):
                        curve[r, q] -= mean[r] * mean[q]
    for r in range(resources):
        for q in range(r):
            curve[q, r] = curve[r, q]
    return total


@kernel
def unsettled(
    values: NDArray[np.float64],
    order: NDArray[np.int64],
    charge: NDArray[np.float64],
    margin: float,
    taken: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Those of the rows `order` whose best candidate leads by at most `margin`, *nothing* (0) being one.

    Adds to `taken` (K,) how often each candidate is best in the others.
    """
    found = np.empty(len(order), np.int64)
    count = 0
    for i in order:
        best, second, who = 0.0, -np.inf, -1
        for k in range(len(charge)):
            net = values[i, k] - charge[k]
            if net > best:
                second = best
                best = net
                who = k
            elif net > second:
                second = net
        if best - second <= margin:
            found[count] = i
            count += 1
        elif who >= 0:
            taken[who] += 1.0
    return found[:count].copy()

"""Prices of what is scarce: budgets, stocks and capacities, as duals of the best allocation; and their pace.

With a price λ_r for each resource, each customer gets what is best for them net of prices, and together they
use what there is: minimise over λ ≥ 0

    mean_i max(0, max_k (values_ik - uses_k · λ)) + λ · allowance.

That is a linear programme's dual, convex and piecewise linear. It is solved by following its smoothed form
(soft choices, a logarithmic barrier for λ ≥ 0) to ever smaller widths with Newton's method. A pass over the
rows costs no more than scoring them: uses do not depend on the customer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# Widths are in mean values of a row's best candidate.
_WIDEST = 0.3
_COARSE = 0.02
_FINEST = 1e-6
_NARROWER = 0.25
_COARSE_ROWS = 1500  # looked at while the width is above _COARSE
_MARGIN = 60.0  # in widths: who leads by more is settled for this stage
_REACH = 30.0  # in widths: how far one step may go
_STEPS = 50
_LEAN = 1e-4
_LATEST = (500, 1000, 2000, 4000)
_CLEARLY = 4.5  # standard errors


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of the values, and what the other ones take whatever the price does now.

    `order` are the rows that are looked at, `count` how many rows there are with the settled ones, and
    `settled` (K,) how often each candidate is best in those.
    """

    values: NDArray[np.float64]
    uses: NDArray[np.float64]
    order: NDArray[np.int64]
    count: int
    settled: NDArray[np.float64]


def prices(
    values: ArrayLike, uses: ArrayLike, allowance: ArrayLike, start: ArrayLike | None = None
) -> NDArray[np.float64]:
    """The price of one unit of each resource: (R,), not negative, in the unit of values.

    `values` (N, K): what each of K candidates would bring of each of N customers, without prices; -inf where
    it is not eligible; *nothing* (0) is always a candidate and not among them. `uses` (K, R) ≥ 0: how much of
    each resource it takes. `allowance` (R,) ≥ 0: how much there is for each of the N decisions on average;
    infinite where there is enough. `start` (R,) are prices to begin at, those of a moment ago. A resource of
    which nothing is left gets the lowest price at which nobody takes it.

    The dual's value at these prices is at most some millionths of it above the least, of thousands of
    different customers less than 1e-9; of one or two customers, of whom nobody makes prices, it may be a
    hundredth. Where many customers tie, the price stands on the edge: `Pace.charged`
    splits them. Raises ValueError for shapes that do not fit, negative uses or allowances, or numbers that
    are not finite.
    """
    v = np.ascontiguousarray(values, np.float64)
    u = np.ascontiguousarray(uses, np.float64)
    a = np.ascontiguousarray(allowance, np.float64)
    if v.ndim != 2 or u.shape != (v.shape[1], len(a)):
        raise ValueError("values (N, K), uses (K, R) and allowance (R,) do not fit")
    if np.isnan(v).any() or (v == np.inf).any() or not np.isfinite(u).all() or np.isnan(a).any():
        raise ValueError("values, uses and allowances must be numbers")
    if (u < 0).any() or (a < 0).any():
        raise ValueError("uses and allowances must not be negative")
    found = np.zeros(len(a))
    largest = u.max(axis=0, initial=0.0)
    open_ = np.isfinite(a) & (largest > 0) & (a < largest)
    spent = open_ & (a == 0)
    v = v.copy()
    for r in np.flatnonzero(spent):
        takers = u[:, r] > 0
        best = v[:, takers].max(axis=0, initial=0.0)
        found[r] = max(0.0, float((best / u[takers, r]).max()))
        v[:, takers] = -np.inf
    some = np.flatnonzero((v > 0).any(axis=1))
    priced = open_ & ~spent & (u[(v > 0).any(axis=0)] > 0).any(axis=0) if len(some) else np.zeros_like(open_)
    if not priced.any():
        return found
    scale = u[:, priced].max(axis=0)
    rows = _Rows(v, np.ascontiguousarray(u[:, priced] / scale), some, len(some), np.zeros(v.shape[1]))
    each = a[priced] / scale * (len(v) / len(some))
    begun = None if start is None else np.asarray(start, np.float64)[priced] * scale
    found[priced] = _solved(rows, each, begun) / scale
    return found


@dataclass(frozen=True, slots=True)
class Pace:
    """Prices, and the plan that they were solved for: all arrays (R,), in each resource's unit.

    `remaining` is what there was when they were solved, to last for `decisions` more; `recheck` says after
    how many decisions they ought to be solved anew.
    """

    prices: NDArray[np.float64]
    remaining: NDArray[np.float64]
    decisions: float
    recheck: int

    def charged(self, left: ArrayLike, made: int) -> NDArray[np.float64]:
        """The prices to charge now (R,), when `made` decisions since have left `left` (R,) of the resources.

        Where spending is behind the plan a price leans down by one part in ten thousand, otherwise up. So
        customers who tie at the price's edge are served while there is a lag, and not while there is none:
        the budget is neither over- nor underspent, and nobody else is decided otherwise.
        """
        limited = np.isfinite(self.remaining)
        plan = np.where(limited, self.remaining, 0.0)
        behind = plan - np.where(limited, left, 0.0) < plan * (made / self.decisions)
        return self.prices * np.where(behind, 1 - _LEAN, 1 + _LEAN)


def paced(
    values: ArrayLike,
    uses: ArrayLike,
    remaining: ArrayLike,
    decisions: float,
    *,
    start: ArrayLike | None = None,
    every: int = 500,
) -> Pace:
    """Solve the prices for what remains (R,), to last for the `decisions` that are still expected.

    `values` (N, K) are rows of recent customers, the last at the end, those to come being thought like them:
    the more, up to some ten thousand, the better. Where the last of them differ clearly from those before
    (`alike`), only they are asked. With few rows the
    prices ought to be solved again soon: after as many decisions as there are rows, at most `every`, and at
    most the twentieth part of those to come (but 20), since towards the end each customer weighs more. That
    nobody spends what is not there is the store's to keep: prices only plan. Raises ValueError as `prices`.
    """
    v = np.asarray(values, np.float64)
    left = np.array(remaining, np.float64)
    expected = max(1.0, float(decisions))
    found = prices(v, uses, left / expected, start)
    last = alike(v, uses, found)
    if last < len(v):
        found = prices(v[-last:], uses, left / expected, found)
    return Pace(found, left, expected, max(1, min(every, len(v), max(20, int(expected / 20)))))


def alike(values: ArrayLike, uses: ArrayLike, at: ArrayLike) -> int:
    """How many of the last rows are alike: all N, or 500, 1,000, 2,000 or 4,000 that differ from the others.

    At the prices `at` (R,), what a row brings and what it uses of each resource is compared between the last
    rows and those before. They differ when any of these means does by more than 4.5 standard errors; the
    place where they differ most is the cut. So a change is seen without having been announced.
    """
    v, u = np.asarray(values, np.float64), np.asarray(uses, np.float64)
    nets = v - u @ np.asarray(at, np.float64)
    if nets.shape[0] < 2 * _LATEST[0] or not nets.shape[1]:
        return len(nets)
    best = nets.argmax(axis=1)
    gain = np.maximum(nets[np.arange(len(nets)), best], 0.0)
    seen = np.column_stack([gain, np.where(gain[:, None] > 0, u[best], 0.0)])
    found, most = len(nets), _CLEARLY
    for last in _LATEST:
        if 2 * last <= len(nets):
            new, old = seen[-last:], seen[:-last]
            error = np.sqrt(new.var(axis=0) / len(new) + old.var(axis=0) / len(old))
            apart = np.abs(new.mean(axis=0) - old.mean(axis=0))
            score = float((apart[error > 0] / error[error > 0]).max(initial=0.0))
            if score > most:
                found, most = last, score
    return found


def _solved(
    rows: _Rows, allowance: NDArray[np.float64], begun: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """The prices of scaled resources (R,), by following the smoothed dual from wide to narrow.

    Wide stages look at some rows only, narrow ones at those that are near a tie; the last one at all.
    """
    unit = float(rows.values[rows.order].max(axis=1).mean())
    at = np.full(len(allowance), 0.1 * unit)
    width = _WIDEST * unit
    if begun is not None and _dual(rows, allowance, begun) < _dual(rows, allowance, at):
        at, width = begun, _COARSE * unit
    stride = max(1, rows.count // _COARSE_ROWS)
    few = replace(rows, order=rows.order[::stride], count=len(rows.order[::stride]))
    while width > _FINEST * unit:
        if width > _COARSE * unit:
            at = _newton(few, allowance, at, width)
        else:
            at = _near_newton(rows, allowance, at, width)
        width *= _NARROWER
    return _newton(rows, allowance, at, _FINEST * unit, last=True)


def _dual(rows: _Rows, allowance: NDArray[np.float64], at: NDArray[np.float64]) -> float:
    """The dual's value at the prices, with nothing smoothed."""
    nets = rows.values[rows.order] - rows.uses @ at
    return float(np.maximum(nets.max(axis=1), 0.0).mean() + allowance @ at)


def _near_newton(
    rows: _Rows, allowance: NDArray[np.float64], at: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """`_newton` with only the rows near a tie; again where prices moved further than the nearness."""
    margin = _MARGIN * width
    for _ in range(_STEPS):
        before = at
        at = _newton(_near(rows, before, margin), allowance, before, width)
        if 2 * np.abs(rows.uses @ (at - before)).max() <= margin:
            break
    return at


def _near(rows: _Rows, at: NDArray[np.float64], margin: float) -> _Rows:
    """The rows that a small change of prices could decide otherwise; the others are settled."""
    from trato.customize.programme.dual import unsettled

    settled = np.zeros(len(rows.uses))
    order = unsettled(rows.values, rows.order, rows.uses @ at, margin, settled)
    return replace(rows, order=order, settled=settled)


def _newton(
    rows: _Rows, allowance: NDArray[np.float64], at: NDArray[np.float64], width: float, *, last: bool = False
) -> NDArray[np.float64]:
    """Minimise the dual smoothed to `width` over prices ≥ 0, starting at `at`: damped projected Newton (R,).

    A stage is done when the next step would be shorter than the width; the last one when the soft choice uses
    what is allowed to one in a million.
    """
    from trato.customize.programme.dual import smoothed

    taken = np.empty(len(rows.uses))
    curve = np.empty((len(allowance), len(allowance)))

    def value_at(to: NDArray[np.float64]) -> float:
        charge = rows.uses @ to
        soft = smoothed(rows.values, rows.order, charge, width, rows.uses, taken, curve)
        return (soft - float(rows.settled @ charge)) / rows.count + float(allowance @ to)

    here = value_at(at)
    for _ in range(_STEPS):
        slope = allowance - (rows.uses.T @ (taken + rows.settled)) / rows.count
        held = at <= width
        free = ~held | (slope < 0)
        # Without rows near a tie there is no curvature, and the slope says nothing about how far to go.
        damping = np.abs(slope[free]) / (_REACH * width) + 1e-12 * allowance[free] / width
        step = np.where(held, -at, 0.0)
        step[free] = -np.linalg.solve(
            curve[np.ix_(free, free)] / (rows.count * width) + np.diag(damping), slope[free]
        )
        moved = np.maximum(at + step, 0.0) - at
        exact = bool((np.abs(slope[free]) <= 1e-6 * allowance[free]).all())
        if np.abs(moved).max() <= width and (exact or not last):
            break
        length = 1.0
        while True:
            to = np.maximum(at + length * step, 0.0)
            there = value_at(to)
            if there <= here + 1e-4 * float(slope @ (to - at)) or length < 1e-4:
                break
            length *= 0.3
        at, here = to, there
    return at

"""The maximum of a smooth function of a few parameters within bounds, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float64]
    Evaluation: TypeAlias = tuple[float, Vector, Vector]

LONGEST_STEP = 2.0
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the function is greatest, `at` (parameters,), its `value`, and whether the search rested."""

    at: Vector
    value: float
    converged: bool


def in_logarithms(evaluation: Evaluation, parameters: Vector) -> Evaluation:
    """Value, gradient and Hessian by the parameters, turned into those by their logarithms."""
    value, gradient, hessian = evaluation
    slope = gradient * parameters
    return value, slope, hessian * np.outer(parameters, parameters) + np.diag(slope)


def dot(one: Vector, *others: Vector) -> float:
    """The sum of the products of long arrays, in this thread alone.

    `@` would share the work among threads and then wait for them: on a busy machine ten times as long.
    """
    return float(np.einsum(",".join("i" * (1 + len(others))) + "->", one, *others))


def find_maximum(
    evaluate: Callable[[Vector], Evaluation],
    starts: Sequence[Vector],
    low: Vector,
    high: Vector,
    tolerance: float = 1e-7,
) -> Maximum:
    """Climb from the first of `starts`, and from the others only while no climb has come to rest.

    `evaluate` returns value, gradient (k,) and Hessian (k, k). The search rests when the next Newton step
    promises a gain below `tolerance`; a maximum on a bound, or one that lies infinitely far away, is
    legitimate and also ends it. Never raises: the best point seen comes back with `converged` false.
    """
    climbs: list[Maximum] = []
    for start in starts:
        climbs.append(_climb(evaluate, np.clip(start, low, high), low, high, tolerance))
        if climbs[-1].converged:
            break
    return max(climbs, key=lambda climb: (climb.converged, climb.value))


def _climb(
    evaluate: Callable[[Vector], Evaluation], at: Vector, low: Vector, high: Vector, tolerance: float
) -> Maximum:
    value, gradient, hessian = evaluate(at)
    reach = LONGEST_STEP
    for _ in range(MOST_STEPS):
        step, promised = _newton_step(at, gradient, hessian, low, high, reach)
        rounding = 1e-15 * abs(value) * len(at)
        if promised <= tolerance + rounding:
            return Maximum(at, value, converged=True)
        fraction = 1.0
        while fraction > 1e-6:
            there = np.clip(at + fraction * step, low, high)
            evaluation = evaluate(there)
            if np.isfinite(evaluation[0]) and evaluation[0] >= value + 1e-4 * fraction * promised - rounding:
                break
            fraction /= 4
        else:
            return Maximum(at, value, converged=False)
        reach = min(2 * reach, LONGEST_STEP) if fraction == 1.0 else max(reach / 2, 1e-3)
        at, (value, gradient, hessian) = there, evaluation
    return Maximum(at, value, converged=False)


def _newton_step(
    at: Vector, gradient: Vector, hessian: Vector, low: Vector, high: Vector, reach: float
) -> tuple[Vector, float]:
    """The step uphill and the gain it promises; parameters that press against a bound stay there."""
    free = ~(((at <= low) & (gradient <= 0)) | ((at >= high) & (gradient >= 0)))
    step = np.zeros_like(at)
    if not free.any():
        return step, 0.0
    slope = gradient[free]
    curvature, directions = np.linalg.eigh(-hessian[np.ix_(free, free)])
    along = directions.T @ slope
    # Where the function is not concave the size of the curvature still gives a sensible scale uphill.
    steepness = np.maximum(np.abs(curvature), 1e-12 + 1e-9 * np.abs(curvature).max())
    climb = along / steepness
    longest = np.abs(climb).max()
    if longest > reach:
        climb *= reach / longest
    step[free] = directions @ climb
    return step, float(along @ climb)

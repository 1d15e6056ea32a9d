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
NEGLIGIBLE = 1e-4


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
    tolerance: float = 1e-10,
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
    reach, promised = LONGEST_STEP, np.inf
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
            break
        reach = min(2 * reach, LONGEST_STEP) if fraction == 1.0 else max(reach / 2, 1e-3)
        at, (value, gradient, hessian) = there, evaluation
    # What is left to gain drowns in rounding, or creeps towards a maximum infinitely far away.
    return Maximum(at, value, converged=promised <= NEGLIGIBLE)


def _newton_step(
    at: Vector, gradient: Vector, hessian: Vector, low: Vector, high: Vector, reach: float
) -> tuple[Vector, float]:
    """The step uphill and the gain it promises; what meets a bound goes no further."""
    free = ~(((at <= low) & (gradient <= 0)) | ((at >= high) & (gradient >= 0)))
    inside = free.copy()
    step = np.zeros_like(at)
    while inside.any():
        slope = gradient + hessian @ np.where(inside, 0.0, step)
        step[inside] = _uphill(slope[inside], hessian[inside][:, inside], reach)
        beyond = inside & ((at + step < low) | (at + step > high))
        if not beyond.any():
            break
        step[beyond] = (np.clip(at + step, low, high) - at)[beyond]
        inside &= ~beyond
    if free.any() and gradient @ step <= 0:
        # Bounds can leave a step that goes downhill; the gradient, each by its own curvature, never does.
        scaled = np.where(free, gradient / np.maximum(np.abs(np.diag(hessian)), 1e-12), 0.0)
        step = np.clip(at + np.clip(scaled, -reach, reach), low, high) - at
    return step, float(gradient @ step)


def _uphill(slope: Vector, hessian: Vector, reach: float) -> Vector:
    """Newton's step, no parameter moving further than `reach`."""
    curvature, directions = np.linalg.eigh(-hessian)
    # Where the function is not concave the size of the curvature still gives a sensible scale uphill.
    steepness = np.maximum(np.abs(curvature), 1e-12 + 1e-9 * np.abs(curvature).max())
    step = np.asarray(directions @ ((directions.T @ slope) / steepness))
    longest = np.abs(step).max()
    return step * (reach / longest) if longest > reach else step

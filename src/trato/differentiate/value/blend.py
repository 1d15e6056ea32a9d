"""Past spend, the probability model and the booster in one forecast, weighted by how well they did before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the three forecasts, multiples of a quarter that sum to one."""

    model: float
    past: float
    booster: float


MODEL_ALONE = Weights(1.0, 0.0, 0.0)


def choose_weights(
    model: NDArray[np.float64],
    past: NDArray[np.float64],
    booster: NDArray[np.float64] | None,
    brought: NDArray[np.float64],
) -> Weights:
    """The weights whose blend was nearest to what customers `brought` in the window before; all (n,).

    Nearest by Poisson's deviance, or by squared error where somebody brought less than nothing. `booster`
    must not have seen the customers that it is asked about.
    """
    if brought.sum() <= 0:
        return MODEL_ALONE
    tries = [
        Weights(a / PARTS, b / PARTS, (PARTS - a - b) / PARTS)
        for a in range(PARTS, -1, -1)
        for b in range(PARTS - a + 1)
        if booster is not None or a + b == PARTS
    ]
    none = np.zeros(len(model)) if booster is None else booster
    return min(tries, key=lambda weights: _distance(blend(weights, model, past, none), brought))


def blend(
    weights: Weights, model: NDArray[np.float64], past: NDArray[np.float64], booster: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The weighted forecast (n,), each part first brought to the model's total: the parts rank, the model
    levels.

    Parts whose total is not positive cannot be brought to a level; the model then stands alone.
    """
    level = _total(model)
    mixed = np.zeros(len(model))
    for weight, part in ((weights.model, model), (weights.past, past), (weights.booster, booster)):
        if weight == 0:
            continue
        total = _total(part)
        if level <= 0 or total <= 0:
            return model
        mixed += weight * part * (level / total)
    return mixed


def past_level(model: NDArray[np.float64], past: NDArray[np.float64]) -> float | None:
    """By how much `blend` brings past spend to the model's total; None where it cannot be brought there."""
    level, total = _total(model), _total(past)
    return None if level <= 0 or total <= 0 else level / total


def _distance(forecast: NDArray[np.float64], brought: NDArray[np.float64]) -> float:
    total = _total(forecast)
    if total <= 0:
        return np.inf
    level = forecast * (float(brought.sum()) / total)
    if (brought < 0).any():
        return float(np.square(brought - level).mean())
    floor = np.maximum(level, 1e-6 * level.mean())
    return float((floor - brought * np.log(floor)).mean())


def _total(part: NDArray[np.float64]) -> float:
    """The sum, 0 where gains and losses cancel but for rounding, or nothing is left but rounding."""
    total = float(part.sum())
    return total if total > max(1e-9 * float(np.abs(part).sum()), 1e-100) else 0.0

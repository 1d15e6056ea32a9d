"""What each customer will bring: purchases × spend, blended with past spend and a booster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.value.blend import MODEL_ALONE, Weights, blend, choose_weights
from trato.differentiate.value.booster import boost, boost_unseen, features
from trato.differentiate.value.predictive import randomised_pit, value_cdf, value_quantiles
from trato.differentiate.value.purchases import (
    PurchaseModel,
    PurchaseModels,
    expected_purchases_rows,
    fit_purchases,
    p_alive_rows,
    purchases_ahead,
)
from trato.differentiate.value.spend import SpendModel, expected_spend, fit_spend, worth
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.value.histories import Histories

LEVEL = 0.90
NOMINAL = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
# Below these the window before teaches nothing that can be told from chance.
FEWEST_TO_LEARN_FROM = 200
FEWEST_WHO_BOUGHT = 50


@dataclass(frozen=True, slots=True)
class Probability:
    """The probability model's view of n customers: the models, and its means (n,) over the horizon."""

    purchases: PurchaseModel
    spend: SpendModel
    p_alive: NDArray[np.float64]
    expected_purchases: NDArray[np.float64]
    expected_spend: NDArray[np.float64]

    @property
    def expected_value(self) -> NDArray[np.float64]:
        """Purchases times spend (n,), which the models hold to be independent."""
        return self.expected_purchases * self.expected_spend


@dataclass(frozen=True, slots=True)
class Forecast:
    """What n customers are expected to bring within the horizon; money in the table's unit.

    `weights` are those of the blend, `levels` the levels of the model's own distribution that held 90 % of
    the customers of the window before: .05 and .95 if it was right about them, wider or narrower if not.
    `stretch` (n,) is how the blend moves the model's distribution of each customer.
    """

    models: PurchaseModels
    probability: Probability
    weights: Weights
    levels: tuple[float, float]
    expected_value: NDArray[np.float64]
    stretch: NDArray[np.float64]


def forecast(
    now: Histories, before: Histories | None, *, signed: bool, seed: int, boosted: bool = True
) -> Forecast:
    """Forecast the horizon after `now`.

    `before` are the histories one window earlier, whose future is known and no later than `now`: from it
    come the booster, the weights and the width of the intervals. Without it the probability model stands
    alone. Unless `boosted`, the booster has no part in it. Raises NotEnoughData when nobody bought twice.
    """
    models, probability = _probability(now, signed=signed)
    alone = probability.expected_value
    if before is None or not _teaches(before):
        return Forecast(models, probability, MODEL_ALONE, NOMINAL, alone, np.ones(len(alone)))
    try:
        _, earlier = _probability(before, signed=signed)
    except NotEnoughData:
        return Forecast(models, probability, MODEL_ALONE, NOMINAL, alone, np.ones(len(alone)))
    seen = _features(before, earlier)
    unseen = boost_unseen(seen, before.future_total, seed=seed) if boosted else None
    weights = choose_weights(earlier.expected_value, before.total, unseen, before.future_total)
    booster = (
        boost(seen, before.future_total, _features(now, probability), seed=seed)
        if weights.booster > 0
        else np.zeros(len(alone))
    )
    expected = blend(weights, alone, now.total, booster)
    of_before = np.zeros(len(seen)) if unseen is None else unseen
    expected_before = blend(weights, earlier.expected_value, before.total, of_before)
    levels = _levels(before, earlier, _stretch(expected_before, earlier.expected_value), seed=seed)
    return Forecast(models, probability, weights, levels, expected, _stretch(expected, alone))


def interval(found: Forecast, now: Histories) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 90 % interval (n,), (n,) of what each customer will bring."""
    low, high = quantiles(found, now, np.array(NOMINAL)).T
    # The mean of a skewed distribution can lie beyond its quantiles: an estimate is always inside its
    # interval.
    return np.minimum(low, found.expected_value), np.maximum(high, found.expected_value)


def quantiles(found: Forecast, now: Histories, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values (n, levels) below which each customer stays with the probabilities `levels`."""
    p = found.probability
    rows = now.rows()
    buyers = purchases_ahead(p.purchases, rows, now.weeks_ahead)
    ends = value_quantiles(rows, buyers, worth(p.spend, now), own_levels(found.levels, levels))
    return np.sort(ends * found.stretch[:, None], axis=1)


def own_levels(found: tuple[float, float], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The levels of the model's own distribution for the levels that are asked.

    What was found of the levels .05 and .95 holds for those between and beyond them in proportion.
    """
    own = np.interp(levels, [0.0, *NOMINAL, 1.0], [0.0, *found, 1.0])
    return np.clip(own, 1e-4, 1 - 1e-4)


def pit(found: Forecast, now: Histories, *, seed: int) -> NDArray[np.float64]:
    """Where what came fell in the predicted distributions (n,): uniform over [levels] if they are right."""
    return _pit(now, found.probability, found.stretch, seed=seed)


def _probability(histories: Histories, *, signed: bool) -> tuple[PurchaseModels, Probability]:
    rows = histories.rows()
    models = fit_purchases(rows)
    spend = fit_spend(histories, signed=signed)
    return models, Probability(
        models.best,
        spend,
        rows.spread(p_alive_rows(models.best, rows)),
        rows.spread(expected_purchases_rows(models.best, rows, histories.weeks_ahead)),
        expected_spend(spend, histories),
    )


def _teaches(before: Histories) -> bool:
    return len(before.x) >= FEWEST_TO_LEARN_FROM and int((before.future_days > 0).sum()) >= FEWEST_WHO_BOUGHT


def _features(histories: Histories, p: Probability) -> NDArray[np.float64]:
    return features(histories, p.p_alive, p.expected_purchases, p.expected_spend)


def _stretch(expected: NDArray[np.float64], alone: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much the blend says more than the model (n,), 1 where they disagree on the sign."""
    ratio = np.divide(expected, alone, out=np.ones(len(alone)), where=alone != 0)
    return np.where(ratio > 0, ratio, 1.0)


def _pit(
    histories: Histories, p: Probability, stretch: NDArray[np.float64], *, seed: int
) -> NDArray[np.float64]:
    rows = histories.rows()
    came = histories.future_total / stretch
    buyers = purchases_ahead(p.purchases, rows, histories.weeks_ahead)
    at = value_cdf(rows, buyers, worth(p.spend, histories), came)
    just_below = came - np.maximum(np.abs(came), 1e-6) * 1e-6
    below = value_cdf(rows, buyers, worth(p.spend, histories), just_below)
    return randomised_pit(below, at, np.random.default_rng(seed).uniform(size=len(at)))


def _levels(
    before: Histories, p: Probability, stretch: NDArray[np.float64], *, seed: int
) -> tuple[float, float]:
    """The levels that would have held the middle 90 % of the window before (a conformal recalibration)."""
    low, high = np.quantile(_pit(before, p, stretch, seed=seed), NOMINAL).tolist()
    return low, high

"""Learning the model of worth that is served, from all customers' days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.value.blend import past_level
from trato.differentiate.value.days import histories_of
from trato.differentiate.value.forecast import forecast
from trato.differentiate.value.live import ValueModel, Worths, look_ahead, place_among
from trato.differentiate.value.potential import reach_of, within_reach
from trato.differentiate.value.spend import needs_signs
from trato.differentiate.value.tiers import TierCuts, TierRule, tier_cuts
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.value.days import DayRows

    Array = NDArray[np.float64]

USUAL_HORIZON = 91
SEED = 1


def learn_values(
    rows: DayRows,
    until: date,
    *,
    horizon: int | None = None,
    weights: Array | None,
    known: NDArray[np.bool_],
    needs_version: str | None,
    currency: str,
    minor_units: int,
    rule: TierRule | None = None,
) -> tuple[ValueModel, Worths, NDArray[np.int64]]:
    """Learn the model from all customers' days up to `until`, and say what each is worth.

    `horizon` is a quarter, but at most a third of the history, unless it is given. `weights` (customers, K)
    and `known` (customers,) are for all numbers that `rows` counts customers by. Beside the model come the
    worths (n,) and the numbers (n,) of the customers who were seen. Raises NotEnoughData when nobody bought
    twice.
    """
    if not len(rows.day):
        raise NotEnoughData("nobody brought anything yet", hint="values are learned from amounts")
    first = np.datetime64(int(rows.day.min()), "D").astype(date)
    length = (until - first).days + 1
    horizon = horizon or max(1, min(USUAL_HORIZON, length // 3))
    now, seen, total = histories_of(rows, until, horizon)
    window = min(horizon, length // 3)
    before = None
    if window > 0:
        then = until - timedelta(days=window)
        before = histories_of(rows, then, window)[0]
    found = forecast(now, before, signed=needs_signs(now), seed=SEED, boosted=False)
    alone = found.probability.expected_value
    level = past_level(alone, now.total) if found.weights.past > 0 else None
    model = ValueModel(
        purchases=found.probability.purchases,
        spend=found.probability.spend,
        model_weight=found.weights.model if level is not None else 1.0,
        past_weight=found.weights.past if level is not None else 0.0,
        past_level=level if level is not None else 0.0,
        levels=found.levels,
        until=until,
        horizon=horizon,
        cuts=TierCuts(None, None, 0.0),
        reach=None,
        needs_version=needs_version,
        currency=currency,
        minor_units=minor_units,
    )
    ahead = look_ahead(model, now)
    told = weights[seen] if weights is not None else None
    expected = ahead.expected
    reach, potential = None, None
    if told is not None and known[seen].any():
        reach = reach_of(expected, now.T, told, known[seen])
        potential = within_reach(reach, expected, now.T, told, known[seen])
    model = replace(model, reach=reach, cuts=tier_cuts(expected, potential, rule or TierRule()))
    return model, place_among(model, ahead, now, total, told, known[seen]), seen

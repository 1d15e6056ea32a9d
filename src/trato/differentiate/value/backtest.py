"""How good the forecast would have been: the last part of the history held out, from several origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.differentiate.value.capture import capture, capture_difference
from trato.differentiate.value.forecast import Forecast, pit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from trato.differentiate.value.histories import Histories
    from trato.estimates import Interval

ORIGINS = 3


@dataclass(frozen=True, slots=True)
class Origin:
    """One test: what was forecast at the end of the day `at`, against what then came.

    `total_error` is the forecast number of purchases over the true one, less one; `value_error` the same of
    money; `rmse` is per customer, in money; `capture` is what the best tenth by the forecast brought over
    what the truly best tenth did, `capture_past_spend` the same when sorted by past spend; `pit_90` is the
    share of customers within the stated 90 % of their predicted distribution.
    """

    at: date
    customers: int
    total_error: float
    value_error: float
    rmse: float
    rmse_past_spend: float
    capture: float
    capture_past_spend: float
    pit_90: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The tests over all origins: errors as means of absolute values, the other figures as plain means.

    `capture_gain` is capture less capture by past spend with its 95 % interval, paired by customer over all
    origins.
    """

    horizon: int
    origins: tuple[Origin, ...]
    total_error: float
    value_error: float
    rmse: float
    rmse_past_spend: float
    capture: float
    capture_past_spend: float
    capture_gain: Interval
    pit_90: float

    @property
    def beats_past_spend(self) -> Literal["yes", "no", "not_proven"]:
        """Whether the forecast finds the best customers better than sorting them by past spend."""
        if self.capture_gain.low > 0:
            return "yes"
        return "no" if self.capture_gain.high < 0 else "not_proven"


def backtest(tests: Sequence[tuple[Histories, Forecast]], *, seed: int) -> Backtest:
    """Judge forecasts (at least one) whose future is in their histories."""
    origins = tuple(_judge(now, found, seed=seed) for now, found in tests)
    people = np.unique(np.concatenate([now.customers for now, _ in tests]))
    folds = [
        (
            np.searchsorted(people, now.customers),
            now.future_total,
            found.expected_value,
            now.total,
        )
        for now, found in tests
    ]
    return Backtest(
        horizon=tests[0][0].horizon,
        origins=origins,
        total_error=_mean(np.abs([o.total_error for o in origins])),
        value_error=_mean(np.abs([o.value_error for o in origins])),
        rmse=_mean([o.rmse for o in origins]),
        rmse_past_spend=_mean([o.rmse_past_spend for o in origins]),
        capture=_mean([o.capture for o in origins]),
        capture_past_spend=_mean([o.capture_past_spend for o in origins]),
        capture_gain=capture_difference(folds, seed=seed),
        pit_90=_mean([o.pit_90 for o in origins]),
    )


def _judge(now: Histories, found: Forecast, *, seed: int) -> Origin:
    came, bought = now.future_total, float(now.future_days.sum())
    total = float(came.sum())
    past = now.total * (total / now.total.sum() if now.total.sum() > 0 else 1.0)
    low, high = found.levels
    fell = pit(found, now, seed=seed)
    return Origin(
        at=now.origin,
        customers=len(came),
        total_error=float(found.probability.expected_purchases.sum()) / bought - 1,
        value_error=float(found.expected_value.sum()) / total - 1,
        rmse=_rmse(found.expected_value, came),
        rmse_past_spend=_rmse(past, came),
        capture=capture(came, found.expected_value),
        capture_past_spend=capture(came, now.total),
        pit_90=float(((fell >= low) & (fell <= high)).mean()),
    )


def _rmse(forecast: NDArray[np.float64], came: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(forecast - came).mean()))


def _mean(values: Sequence[float] | NDArray[np.float64]) -> float:
    return float(np.mean(values))

"""What is known of each customer at the end of a day, and what the days after then brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.value.purchase_rows import PurchaseRows, distinct_rows
from trato.steps import Step

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

CUSTOMER_DAYS = Step.beside(__file__, "customer_days.sql", inputs=("transactions",))
SPAN = Step.beside(__file__, "customer_days_span.sql", inputs=("customer_days",))
HISTORIES = Step.beside(
    __file__,
    "histories.sql",
    inputs=("customer_days",),
    parameters=("origin", "horizon_end", "since_1", "since_2", "since_3", "since_4"),
)

# The four recent spans of which purchases and value are counted, as parts of the horizon.
RECENT = (0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Histories:
    """Purchase histories of n customers up to the end of the day `origin`; money in the table's own unit.

    A purchase is a day with at least one sale; refunds and costs are taken off the purchase they follow. `x`
    counts the purchases after the first, `t_x` is the time from the first to the last purchase and `T` to
    `origin`, in weeks, as the models of Schmittlein, Morrison and Colombo (1987) and their heirs define
    them. `total` is what all purchases brought, `repeat_total` without the first, `squares` the sum of
    squared purchases; `recent_days` and `recent_totals` (n, 4) count what fell in the last RECENT horizons.
    `future_days` and `future_total` are what the `horizon` days after `origin` brought, zeros where they lie
    beyond the table.
    """

    customers: NDArray[np.object_]
    origin: date
    horizon: int
    x: NDArray[np.int64]
    t_x: NDArray[np.float64]
    T: NDArray[np.float64]
    total: NDArray[np.float64]
    repeat_total: NDArray[np.float64]
    squares: NDArray[np.float64]
    recent_days: NDArray[np.int64]
    recent_totals: NDArray[np.float64]
    future_days: NDArray[np.int64]
    future_total: NDArray[np.float64]

    @property
    def weeks_ahead(self) -> float:
        """The horizon in weeks."""
        return self.horizon / 7

    @property
    def mean_spend(self) -> NDArray[np.float64]:
        """Mean net value (n,) of the purchases after the first; 0 where there is none."""
        return np.divide(self.repeat_total, self.x, out=np.zeros(len(self.x)), where=self.x > 0)

    def rows(self) -> PurchaseRows:
        """The distinct (x, t_x, T)."""
        return distinct_rows(self.x, self.t_x, self.T)

"""What a purchase brings: Gamma-Gamma where every customer's purchases do, a signed model where some lose
money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trato.differentiate.value import gamma_gamma, margins
from trato.differentiate.value.gamma_gamma import GammaGamma
from trato.differentiate.value.margins import Margins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.value.histories import Histories
    from trato.differentiate.value.predictive import Worth

SpendModel: TypeAlias = GammaGamma | Margins


def needs_signs(histories: Histories) -> bool:
    """Whether some customer's purchases brought less than nothing, which Gamma-Gamma cannot hold."""
    h = histories
    return bool((h.repeat_total < 0).any() or (h.total < 0).any())


def fit_spend(histories: Histories, *, signed: bool) -> SpendModel:
    """Fit Gamma-Gamma to the purchases after the first, as published; or the signed model to all of them."""
    if signed:
        return margins.fit(*_all_purchases(histories))
    return gamma_gamma.fit(histories.x, histories.mean_spend)


def expected_spend(model: SpendModel, histories: Histories) -> NDArray[np.float64]:
    """What the next purchase of each customer (n,) is expected to bring."""
    if isinstance(model, Margins):
        count, mean, _ = _all_purchases(histories)
        return margins.expected_margin(model, count, mean)
    return gamma_gamma.expected_spend(model, histories.x, histories.mean_spend)


def worth(model: SpendModel, histories: Histories) -> Worth:
    """What sums of purchases bring to each customer, for `predictive`."""
    if isinstance(model, Margins):
        return margins.posterior(model, *_all_purchases(histories))
    return gamma_gamma.posterior(model, histories.x, histories.mean_spend)


def _all_purchases(
    histories: Histories,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    count = histories.x + 1
    return count, histories.total / count, histories.squares

"""How often customers buy: three purchase models side by side, and the one that explains the data best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trato.differentiate.value import bg_nbd, pareto_nbd, stayers
from trato.differentiate.value.bg_nbd import BgNbd
from trato.differentiate.value.pareto_nbd import ParetoNbd
from trato.differentiate.value.predictive import Kind
from trato.differentiate.value.stayers import Stayers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trato.differentiate.value.purchase_rows import PurchaseRows

PurchaseModel: TypeAlias = BgNbd | ParetoNbd | Stayers


@dataclass(frozen=True, slots=True)
class PurchaseModels:
    """The fitted models; `best` is the one of least AIC (Akaike 1974), which looks ahead best."""

    bg_nbd: BgNbd
    pareto_nbd: ParetoNbd
    stayers: Stayers

    @property
    def best(self) -> PurchaseModel:
        """The model that forecasts are made with."""
        fitted: tuple[PurchaseModel, ...] = (self.bg_nbd, self.pareto_nbd, self.stayers)
        return min(fitted, key=aic)


def aic(model: PurchaseModel) -> float:
    """Akaike's information criterion: twice the parameters less twice the log-likelihood."""
    return 2 * (stayers.PARAMETERS if isinstance(model, Stayers) else 4) - 2 * model.log_likelihood


def fit_purchases(rows: PurchaseRows) -> PurchaseModels:
    """Fit the three models to distinct rows. Raises NotEnoughData when nobody bought twice."""
    alone = bg_nbd.fit_rows(rows)
    return PurchaseModels(alone, pareto_nbd.fit_rows(rows), stayers.fit_rows(rows, alone))


def expected_purchases_rows(model: PurchaseModel, rows: PurchaseRows, horizon: float) -> NDArray[np.float64]:
    """The expected number of purchases (rows,) in the next `horizon` weeks."""
    if isinstance(model, Stayers):
        return stayers.expected_purchases_rows(model, rows, horizon)
    if isinstance(model, ParetoNbd):
        return pareto_nbd.expected_purchases_rows(model, rows, horizon)
    return bg_nbd.expected_purchases_rows(model, rows, horizon)


def p_alive_rows(model: PurchaseModel, rows: PurchaseRows) -> NDArray[np.float64]:
    """The probability (rows,) that each will still buy."""
    if isinstance(model, Stayers):
        return stayers.p_alive_rows(model, rows)
    if isinstance(model, ParetoNbd):
        return pareto_nbd.p_alive_rows(model, rows)
    return bg_nbd.p_alive_rows(model, rows)


def purchases_ahead(model: PurchaseModel, rows: PurchaseRows, horizon: float) -> tuple[Kind, ...]:
    """Who may buy in the next `horizon` weeks, and how often, for `predictive`."""
    if isinstance(model, Stayers):
        return stayers.purchases_ahead(model, rows, horizon)
    if isinstance(model, ParetoNbd):
        return pareto_nbd.purchases_ahead(model, rows, horizon)
    return bg_nbd.purchases_ahead(model, rows, horizon)

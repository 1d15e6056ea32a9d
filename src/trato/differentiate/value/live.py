"""The model of worth that is served: the same number for one customer on a page as for all in a build.

A build fits it without the booster, so that worth is a pure function of the model, of a customer's money days
and of the weights of their belief. Customers share the work only where what is shared is the same for each of
them alone: so nobody's number depends on who else is asked about.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from trato.differentiate.value.bg_nbd import BgNbd
from trato.differentiate.value.days import histories_of, rows_of
from trato.differentiate.value.forecast import NOMINAL, own_levels
from trato.differentiate.value.gamma_gamma import GammaGamma
from trato.differentiate.value.margins import Margins
from trato.differentiate.value.pareto_nbd import ParetoNbd
from trato.differentiate.value.potential import Reach, within_reach
from trato.differentiate.value.predictive import value_quantiles
from trato.differentiate.value.purchase_rows import PurchaseRows
from trato.differentiate.value.purchases import (
    PurchaseModel,
    expected_purchases_rows,
    p_alive_rows,
    purchases_ahead,
)
from trato.differentiate.value.spend import SpendModel, expected_spend, worth
from trato.differentiate.value.stayers import Stayers
from trato.differentiate.value.tiers import TierCuts, tiers_by
from trato.errors import BadDeclaration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.differentiate.known import MoneyDay
    from trato.differentiate.value.histories import Histories

    Array = NDArray[np.float64]

FORMAT = "trato.values/1"

_PURCHASES: dict[str, type[BgNbd | ParetoNbd]] = {"bg_nbd": BgNbd, "pareto_nbd": ParetoNbd}
_SPEND: dict[str, type[GammaGamma | Margins]] = {"gamma_gamma": GammaGamma, "margins": Margins}


@dataclass(frozen=True, slots=True, eq=False)
class ValueModel:
    """The numbers behind worth; money in minor units of `currency`, which has `minor_units` decimal places.

    `until` is the last day that taught it, `horizon` the days that it looks ahead. The forecast is
    `model_weight` of what the models say and `past_weight` of past spend times `past_level`. `levels` are
    those of the models' own distribution that held 90 % of the window before. `reach` is what the potential
    of each need is, by the needs model `needs_version`; None where no needs were learned.
    """

    purchases: PurchaseModel
    spend: SpendModel
    model_weight: float
    past_weight: float
    past_level: float
    levels: tuple[float, float]
    until: date
    horizon: int
    cuts: TierCuts
    reach: Reach | None
    needs_version: str | None
    currency: str
    minor_units: int
    version: str = field(init=False)

    def __post_init__(self) -> None:
        plain = json.dumps(_plain(self), sort_keys=True, separators=(",", ":"), allow_nan=False)
        object.__setattr__(self, "version", hashlib.sha256(plain.encode()).hexdigest()[:16])

    def document(self) -> str:
        """The model as JSON. Floats are exact: JSON writes the shortest text that reads back the same."""
        return json.dumps({"format": FORMAT, "version": self.version, **_plain(self)}, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one customer is worth at the end of the day `as_of`; money in minor units.

    `actual_value` is exact. `expected_value` with its 90 % interval from `low` to `high`, and
    `expected_purchases`, are for the model's horizon after `as_of`. `potential` is None where the customer's
    needs are not known. `tier` is a value of `tiers.Tier`. `repeats` counts the days with a sale after the
    first such day.
    """

    as_of: date
    repeats: int
    actual_value: int
    p_alive: float
    expected_purchases: float
    expected_value: float
    low: float
    high: float
    potential: float | None
    tier: str


@dataclass(frozen=True, slots=True, eq=False)
class Worths:
    """The same of n customers, as columns (n,); `potential` is NaN where needs are not known."""

    repeats: NDArray[np.int64]
    actual_value: NDArray[np.int64]
    p_alive: Array
    expected_purchases: Array
    expected_value: Array
    low: Array
    high: Array
    potential: Array
    tier: NDArray[np.object_]


def worth_of(
    model: ValueModel, days: Sequence[MoneyDay], weights: Array | None, *, as_of: date | None = None
) -> Worth | None:
    """What one customer is worth who brought `days`, sorted by day, by the end of `as_of`.

    `as_of` is the later of the model's last day and the customer's own, unless it is given. `weights` (K,)
    are those of the customer's belief under the needs model `needs_version`; None when it is not known.
    None is returned for a customer who brought nothing by then: unknown is said, not guessed.
    """
    if as_of is None:
        as_of = max([model.until, *(one.day for one in days[-1:])])
    histories, seen, total = histories_of(rows_of([days]), as_of, model.horizon)
    if not len(seen):
        return None
    known = weights is not None and model.reach is not None and len(weights) == len(model.reach.good)
    found = worths(model, histories, total, weights[None] if known and weights is not None else None)
    return Worth(
        as_of=as_of,
        repeats=int(found.repeats[0]),
        actual_value=int(found.actual_value[0]),
        p_alive=float(found.p_alive[0]),
        expected_purchases=float(found.expected_purchases[0]),
        expected_value=float(found.expected_value[0]),
        low=float(found.low[0]),
        high=float(found.high[0]),
        potential=float(found.potential[0]) if known else None,
        tier=str(found.tier[0]),
    )


def worths(
    model: ValueModel,
    histories: Histories,
    total: NDArray[np.int64],
    weights: Array | None,
    known: NDArray[np.bool_] | None = None,
) -> Worths:
    """What n customers are worth at the end of the day of their `histories`, `total` (n,) being exact.

    `weights` (n, K) are those of their beliefs, of whom `known` (n,) says; of all where it is None.
    """
    return place_among(model, look_ahead(model, histories), histories, total, weights, known)


def from_document(text: str, where: str) -> ValueModel:
    """The model again, bit for bit.

    Raises BadDeclaration when the document is none, or was changed since it was written.
    """
    try:
        said = json.loads(text)
        if said.get("format") != FORMAT:
            raise BadDeclaration("this is no model of values", where=where)
        model = _from_plain(said)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadDeclaration("this model of values is damaged", where=where) from None
    if model.version != said.get("version"):
        raise BadDeclaration("this model of values was changed after it was written", where=where)
    return model


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What the models say of n customers before they are compared with each other, all (n,)."""

    p_alive: Array
    purchases: Array
    expected: Array
    low: Array
    high: Array


def look_ahead(model: ValueModel, histories: Histories) -> Ahead:
    """What the models say of n customers, whoever else is asked about."""
    n = len(histories.x)
    p_alive, purchases, low, high = (np.zeros(n) for _ in range(4))
    levels = own_levels(model.levels, np.array(NOMINAL))
    for members, rows in _alike(model, histories):
        p_alive[members] = rows.spread(p_alive_rows(model.purchases, rows))
        ahead = expected_purchases_rows(model.purchases, rows, histories.weeks_ahead)
        purchases[members] = rows.spread(ahead)
        kinds = purchases_ahead(model.purchases, rows, histories.weeks_ahead)
        bring = worth(model.spend, _some(histories, members))
        low[members], high[members] = value_quantiles(rows, kinds, bring, levels).T
    alone = purchases * expected_spend(model.spend, histories)
    expected = model.model_weight * alone
    if model.past_weight > 0:
        expected = expected + model.past_weight * histories.total * model.past_level
    stretch = np.divide(expected, alone, out=np.ones(n), where=alone != 0)
    ends_of = np.sort(np.stack([low, high]) * np.where(stretch > 0, stretch, 1.0), axis=0)
    # The mean of a skewed distribution can lie beyond its quantiles: an estimate is always inside.
    return Ahead(
        p_alive, purchases, expected, np.minimum(ends_of[0], expected), np.maximum(ends_of[1], expected)
    )


def _alike(model: ValueModel, histories: Histories) -> Iterator[tuple[NDArray[np.intp], PurchaseRows]]:
    """Customers whose numbers do not depend on each other, though they are worked out together.

    The distribution of purchases to come depends on how many there were and for how long, whenever the last
    one was. The signed model leaves out what is negligible of all who are asked about: there nobody may be
    asked about together with others who are not quite alike.
    """
    rows = histories.rows()
    when = rows.t_x if isinstance(model.spend, Margins) else np.zeros(len(rows.x))
    _, group = np.unique(np.stack([rows.x, rows.T, when]), axis=1, return_inverse=True)
    of_customer = group.ravel()[rows.row]
    order = np.argsort(of_customer, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(of_customer[order])) + 1):
        if len(members):
            some, own = np.unique(rows.row[members], return_inverse=True)
            shared = np.bincount(own, minlength=len(some)).astype(np.float64)
            yield (
                members,
                PurchaseRows(rows.x[some], rows.t_x[some], rows.T[some], shared, own.astype(np.intp)),
            )


def place_among(
    model: ValueModel,
    ahead: Ahead,
    histories: Histories,
    total: NDArray[np.int64],
    weights: Array | None,
    known: NDArray[np.bool_] | None,
) -> Worths:
    """Potential and tier, which say how a customer stands among those who taught the model."""
    n = len(total)
    potential, told = None, np.full(n, np.nan)
    if weights is not None and model.reach is not None:
        sure = np.ones(n, np.bool_) if known is None else known
        potential = within_reach(model.reach, ahead.expected, histories.T, weights, sure)
        told = np.where(sure, potential, np.nan)
    return Worths(
        repeats=histories.x,
        actual_value=total,
        p_alive=ahead.p_alive,
        expected_purchases=ahead.purchases,
        expected_value=ahead.expected,
        low=ahead.low,
        high=ahead.high,
        potential=told,
        tier=tiers_by(model.cuts, ahead.expected, potential),
    )


def _some(histories: Histories, members: NDArray[np.intp]) -> Histories:
    h = histories
    return replace(
        h,
        customers=h.customers[members],
        x=h.x[members],
        t_x=h.t_x[members],
        T=h.T[members],
        total=h.total[members],
        repeat_total=h.repeat_total[members],
        squares=h.squares[members],
    )


def _plain(model: ValueModel) -> dict[str, Any]:
    """The model in plain values, without its version."""
    purchases = next((name for name, of in _PURCHASES.items() if isinstance(model.purchases, of)), "stayers")
    spend = "margins" if isinstance(model.spend, Margins) else "gamma_gamma"
    return {
        "purchases": {"model": purchases, **asdict(model.purchases)},
        "spend": {"model": spend, **asdict(model.spend)},
        "model_weight": model.model_weight,
        "past_weight": model.past_weight,
        "past_level": model.past_level,
        "levels": list(model.levels),
        "until": model.until.isoformat(),
        "horizon": model.horizon,
        "cuts": asdict(model.cuts),
        "reach": None
        if model.reach is None
        else {"tenures": model.reach.tenures.tolist(), "good": model.reach.good.tolist()},
        "needs_version": model.needs_version,
        "currency": model.currency,
        "minor_units": model.minor_units,
    }


def _from_plain(said: Mapping[str, Any]) -> ValueModel:
    buying, spending = dict(said["purchases"]), dict(said["spend"])
    kind = buying.pop("model")
    purchases: PurchaseModel
    if kind == "stayers":
        purchases = Stayers(**{**buying, "leavers": BgNbd(**buying["leavers"])})
    else:
        purchases = _PURCHASES[kind](**buying)
    reach = said["reach"]
    return ValueModel(
        purchases=purchases,
        spend=_SPEND[spending.pop("model")](**spending),
        model_weight=said["model_weight"],
        past_weight=said["past_weight"],
        past_level=said["past_level"],
        levels=(said["levels"][0], said["levels"][1]),
        until=date.fromisoformat(said["until"]),
        horizon=said["horizon"],
        cuts=TierCuts(**said["cuts"]),
        reach=None if reach is None else Reach(np.array(reach["tenures"]), np.array(reach["good"])),
        needs_version=said["needs_version"],
        currency=said["currency"],
        minor_units=said["minor_units"],
    )

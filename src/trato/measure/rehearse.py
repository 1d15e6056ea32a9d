"""A programme rehearsed on customers as they are: reach, spend, what binds, what it is worth, and fairness.

What the programme would do is counted. What that would bring is only told where a randomised log tells it; a
model's own expectation is shown as what it is, an expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.prices import prices
from trato.errors import BadOption
from trato.estimates import Interval
from trato.measure.log import following
from trato.measure.offpolicy import Evaluated, evaluate
from trato.measure.skewed import mean_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trato.measure.log import Logged

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Whole = NDArray[np.int64]

NOBODY = -1
Z = 1.959963984540054
# Who loses by less than this part of the value at the prices is indifferent, and takes what is left.
_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Customers and treatments of a rehearsal; "nothing" is always possible and not among the treatments.

    `eligible` (n, K); `predicted` (n, K) is the incremental value that is expected, in minor units, before
    cost; `cost` (K,) what giving it costs, in minor units; `names` (K,). `groups` are labels (n,) of each
    declared fact by which fairness is watched. Raises BadOption for what does not fit together.
    """

    names: tuple[str, ...]
    eligible: Mask
    predicted: Array
    cost: Whole
    groups: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        """Refuse what is no table."""
        n, k = self.eligible.shape
        if self.predicted.shape != (n, k) or self.cost.shape != (k,) or len(self.names) != k:
            raise BadOption("a rehearsal needs eligibility and value of all customers for all treatments")
        if any(len(labels) != n for labels in self.groups.values()):
            raise BadOption("a group has to be said of all customers")
        if (self.cost < 0).any() or not np.isfinite(self.predicted).all():
            raise BadOption("costs are not negative, and values are numbers")


@dataclass(frozen=True, slots=True)
class Given:
    """A treatment in the rehearsal: how many may get it, how many do, what that costs and what is left.

    `price` is what one more of it would bring, in minor units: 0 unless its cap binds.
    """

    name: str
    eligible: int
    reach: int
    spend: int
    cap: int | None
    price: float

    @property
    def binds(self) -> bool:
        """Whether its cap keeps it from customers who would get it."""
        return self.cap is not None and self.price > 0


@dataclass(frozen=True, slots=True)
class GroupShare:
    """A group: its customers, the share of them that is treated, and the expected net value of each."""

    label: str
    customers: int
    treated: Interval
    value: Interval


@dataclass(frozen=True, slots=True)
class Apart:
    """Two groups: by how much the first is treated more, in share, and expected to bring more."""

    first: str
    second: str
    treated: Interval
    value: Interval


@dataclass(frozen=True, slots=True)
class Fairness:
    """Groups by one declared fact, and every two of them compared. Intervals are of 95 %, over customers."""

    fact: str
    groups: tuple[GroupShare, ...]
    apart: tuple[Apart, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the programme would do. Money is in minor units.

    `choice` (n,) numbers the treatment of each customer, -1 for nothing. `budget_price` is what one more
    minor unit of budget would bring, `most_price` what one more treatment of any kind would, each 0 unless it
    binds. `expected` is the model's own net sum. `value` is
    what the choice would bring per customer by a randomised log; `why_no_value` says why that cannot be told.
    """

    customers: int
    reach: int
    spend: int
    budget: int | None
    budget_price: float
    most_price: float
    treatments: tuple[Given, ...]
    choice: Whole
    expected: float
    value: Evaluated | None
    why_no_value: str | None
    fairness: tuple[Fairness, ...]

    @property
    def budget_binds(self) -> bool:
        """Whether more budget would reach more customers who are worth it."""
        return self.budget is not None and self.budget_price > 0

    @property
    def most_binds(self) -> bool:
        """Whether more treatments in all would reach more customers who are worth it."""
        return self.most_price > 0


def rehearse(
    customers: Rehearsed,
    *,
    caps: Mapping[str, int] | None = None,
    budget: int | None = None,
    most: int | None = None,
    log: Logged | None = None,
    seed: int = 0,
) -> Rehearsal:
    """Give each customer what is worth most net of cost and of the prices of caps and budget.

    `caps` are the most customers a treatment may have (stock, capacity), `budget` the most that may be spent,
    `most` the most treatments in all.
    `log` is a randomised log of the same customers, row by row, whose treatment 0 is nothing and whose others
    are `names` in order. Never over a cap, the budget or `most`. Raises BadOption for a cap of no treatment.
    """
    n, k = customers.eligible.shape
    limits = dict(caps or {})
    if unknown := set(limits) - set(customers.names):
        raise BadOption(f"there is a cap but no treatment {', '.join(sorted(unknown))}")
    net = np.where(customers.eligible, customers.predicted - customers.cost, -np.inf)
    left = np.array([limits.get(name, n) for name in customers.names], np.int64)
    uses = np.column_stack((np.eye(k), customers.cost, np.ones(k)))
    whole = [np.inf if one is None else one for one in (budget, most)]
    allowance = np.append(left, whole) / max(n, 1)
    charged = prices(net, uses, allowance) if n else np.zeros(k + 2)
    charge = np.asarray(uses @ charged, np.float64)
    choice = _given(net, charge, customers.cost, left, budget, n if most is None else most)
    reach = np.bincount(choice[choice >= 0], minlength=k)
    treatments = tuple(
        Given(
            name,
            int(customers.eligible[:, j].sum()),
            int(reach[j]),
            int(reach[j] * customers.cost[j]),
            limits.get(name),
            float(charged[j]),
        )
        for j, name in enumerate(customers.names)
    )
    gained = np.where(choice >= 0, net[np.arange(n), choice], 0.0)
    value, why = _value(choice, k, log, n, seed)
    return Rehearsal(
        customers=n,
        reach=int(reach.sum()),
        spend=sum(one.spend for one in treatments),
        budget=budget,
        budget_price=float(charged[-2]),
        most_price=float(charged[-1]),
        treatments=treatments,
        choice=choice,
        expected=float(gained.sum()),
        value=value,
        why_no_value=why,
        fairness=tuple(_fairness(fact, labels, choice, gained) for fact, labels in customers.groups.items()),
    )


def _given(net: Array, charge: Array, cost: Whole, caps: Whole, budget: int | None, most: int) -> Whole:
    """Who gets what: the best net of prices, those first to whom it matters most, while there is any."""
    n, k = net.shape
    choice = np.full(n, NOBODY, np.int64)
    if not n or not k:
        return choice
    worth = net - charge
    left, money = caps.astype(np.int64).copy(), np.inf if budget is None else float(budget)
    ranked = np.sort(np.column_stack((np.zeros(n), worth)), axis=1)
    # Who is indifferent at these prices comes last, and takes what is left.
    for i in np.argsort(-(ranked[:, -1] - ranked[:, -2]), kind="stable"):
        # Of two that come to the same at these prices, the scarce one first: the other will be left over.
        for j in np.argsort(-(worth[i] + _EDGE * charge), kind="stable"):
            if most <= 0 or net[i, j] <= 0 or worth[i, j] < -_EDGE * max(abs(net[i, j]), 1.0):
                break
            if left[j] > 0 and cost[j] <= money:
                choice[i] = j
                left[j] -= 1
                most -= 1
                money -= float(cost[j])
                break
    return choice


def _value(
    choice: Whole, treatments: int, log: Logged | None, customers: int, seed: int
) -> tuple[Evaluated | None, str | None]:
    if log is None:
        return None, "cannot be estimated: not randomised"
    if log.rows != customers:
        raise BadOption(f"the log has {log.rows:,} rows for {customers:,} customers")
    found = evaluate(log, following(choice + 1, treatments + 1), seed=seed)
    if not found.claimed:
        return found, "cannot be estimated: " + "; ".join(one.says for one in found.warnings)
    return found, None


def _fairness(fact: str, labels: Sequence[str], choice: Whole, gained: Array) -> Fairness:
    label = np.asarray(labels, dtype=object)
    treated = (choice >= 0).astype(np.float64)
    rows = {one: label == one for one in sorted(set(labels))}
    shares = tuple(
        GroupShare(one, int(own.sum()), _share(treated[own]), _mean(gained[own])) for one, own in rows.items()
    )
    apart = tuple(
        Apart(a.label, b.label, _minus(a.treated, b.treated), _minus(a.value, b.value))
        for a, b in combinations(shares, 2)
    )
    return Fairness(fact, shares, apart)


def _share(treated: Array) -> Interval:
    """Wilson's interval of a share ("Probable inference", JASA 22, 1927)."""
    n, share = len(treated), float(treated.mean())
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * float(np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)))
    return Interval(share, max(centre - half, 0.0), min(centre + half, 1.0))


def _mean(values: Array) -> Interval:
    return mean_interval(np.zeros(len(values)), values)


def _minus(one: Interval, other: Interval) -> Interval:
    """The difference of two independent estimates from their intervals (Newcombe 1998; Zou & Donner 2008)."""
    mean = one.mean - other.mean
    below = np.hypot(one.mean - one.low, other.high - other.mean)
    above = np.hypot(one.high - one.mean, other.mean - other.low)
    return Interval(mean, mean - float(below), mean + float(above))

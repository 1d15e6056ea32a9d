"""What interactions teach and what they cost, by touchpoint: nats of information about needs, and money.

Every choice that is told moves a belief. How far is told by two figures: the *information gained*, the
Kullback-Leibler divergence of the belief after it from the belief before it, which is never below zero; and
the *certainty gained*, by how much the entropy of the belief fell, which is below zero where a customer turns
out to be another than we thought. Before the answer is known both are expected to be the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.learned import learned_of
from trato.customize.leave import leave_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.models import Models
    from trato.customize.sections import Unit
    from trato.customize.store import KnowingStore
    from trato.differentiate.needs.beliefs import Counts, NeedsModel
    from trato.interact.log import LogEntry
    from trato.permission.purposes import Purposes

MOST_ENTRIES = 2_000  # of a unit's log


@dataclass(frozen=True, slots=True)
class Taught:
    """What the interactions at a touchpoint taught about needs, and what they cost.

    `interactions` is how many there were, `telling` how many of them moved a belief. `information` and
    `certainty` are sums in nats. `cost` is in minor units, None where no cost of an interaction is declared
    for the touchpoint.
    """

    touchpoint: str
    interactions: int
    telling: int
    information: float
    certainty: float
    cost: int | None

    @property
    def cost_of_a_nat(self) -> float | None:
        """Minor units for each nat of information; None where no cost is declared, or nothing was learned."""
        return None if self.cost is None or self.information <= 0 else self.cost / self.information


@dataclass(slots=True)
class Mover:
    """The belief of one unit, moved by one choice after another.

    The weights are those of `beliefs.believe` for the same counts, but for rounding.
    """

    model: NeedsModel
    strengths: NDArray[np.float64]
    joint: NDArray[np.float64]
    counts: dict[int, int] = field(default_factory=dict)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Weights over needs (K,), summing to one."""
        raised = np.exp(self.joint - self.joint.max())
        return np.asarray(raised / raised.sum())

    def chose(self, component: str, module: str, count: int) -> bool:
        """Note a choice; whether it says anything of needs."""
        item = self.model.item_of.get((component, module))
        if item is None or count <= 0 or not self.model.tells_of(np.array([item]))[0]:
            return False
        before = self.counts.get(item, 0)
        # log Γ(a + n + 1) - log Γ(a + n) = log(a + n): what one choice more adds.
        more = self.strengths[:, item, None] + np.arange(before, before + count)
        self.joint = self.joint + np.log(more).sum(axis=1)
        self.counts[item] = before + count
        return True


def information_by_touchpoint(
    model: NeedsModel,
    entries: Iterable[LogEntry],
    *,
    before: Mapping[str, Counts] | None = None,
    unit_of: Mapping[CustomerId, str] | None = None,
    costs: Mapping[str, int] | None = None,
) -> tuple[Taught, ...]:
    """What the log's entries, the oldest first, taught at each touchpoint; that which taught most first.

    `before` are the counts that were known of a unit before its first entry, `unit_of` the unit of each
    customer (themselves where they are not in it), `costs` what one interaction at a touchpoint costs, in
    minor units.
    """
    strengths = _strengths(model)
    movers: dict[str, Mover] = {}
    sums: dict[str, list[float]] = {}
    for entry in entries:
        found = sums.setdefault(entry.touchpoint.key, [0, 0, 0.0, 0.0])
        found[0] += 1
        if not entry.learns or not entry.choices:
            continue
        unit = (unit_of or {}).get(entry.customer, entry.customer)
        mover = movers.get(unit)
        if mover is None:
            mover = movers[unit] = _mover(model, strengths, (before or {}).get(unit, {}))
        old = mover.weights
        moved = [mover.chose(component, module, entry.count) for component, module in entry.choices]
        if any(moved):
            new = mover.weights
            found[1] += 1
            found[2] += divergence(new, old)
            found[3] += entropy(old) - entropy(new)
    costs = costs or {}
    told = [
        Taught(
            key,
            int(one[0]),
            int(one[1]),
            float(one[2]),
            float(one[3]),
            costs[key] * int(one[0]) if key in costs else None,
        )
        for key, one in sums.items()
    ]
    return tuple(sorted(told, key=lambda one: (-one.information, one.touchpoint)))


def information_of(
    store: KnowingStore,
    customer: CustomerId,
    *,
    purposes: Purposes,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    now: datetime,
    costs: Mapping[str, int] | None = None,
) -> tuple[Taught, ...] | None:
    """What the interactions of a customer's unit taught at each touchpoint, as far as the log goes back.

    What a build counted besides (from tables, which bear no touchpoint) was known before. None where they
    permit no profiling, and before a build learned needs. Raises UnknownCustomer, and StorageUnavailable.
    """
    leave = leave_of(store, purposes, customer, now=now)
    learned = learned_of(store, customer, leave, store.current_build(), purposes, unit, zone, models, now=now)
    if learned is None or learned.needs is None:
        return None
    entries = sorted(
        (
            entry
            for permit in learned.permits.values()
            for entry in store.interactions_of(permit, limit=MOST_ENTRIES)
        ),
        key=lambda entry: (entry.at, entry.position),
    )
    before = dict(learned.counts)
    for entry in entries:
        for choice in entry.choices if entry.learns else ():
            before[choice] = max(before.get(choice, 0) - entry.count, 0)
    unit_of = dict.fromkeys(learned.permits, str(customer))
    return information_by_touchpoint(
        learned.needs, entries, before={str(customer): before}, unit_of=unit_of, costs=costs
    )


def together(several: Iterable[Iterable[Taught]]) -> tuple[Taught, ...]:
    """What all of several customers taught, by touchpoint; that which taught most first."""
    found: dict[str, Taught] = {}
    for one in (each for some in several for each in some):
        there = found.get(one.touchpoint)
        if there is not None:
            cost = None if there.cost is None or one.cost is None else there.cost + one.cost
            found[one.touchpoint] = Taught(
                one.touchpoint,
                there.interactions + one.interactions,
                there.telling + one.telling,
                there.information + one.information,
                there.certainty + one.certainty,
                cost,
            )
        else:
            found[one.touchpoint] = one
    return tuple(sorted(found.values(), key=lambda one: (-one.information, one.touchpoint)))


def entropy(weights: NDArray[np.float64]) -> float:
    """The entropy of weights (K,) that sum to one, in nats.

    >>> import numpy as np
    >>> round(entropy(np.array([0.5, 0.5, 0.0])), 4)
    0.6931
    """
    some = weights[weights > 0]
    return float(-(some * np.log(some)).sum())


def divergence(after: NDArray[np.float64], before: NDArray[np.float64]) -> float:
    """How far `after` (K,) is from `before` (K,), in nats: Σ after · log(after / before), at least zero."""
    some = after > 0
    return max(float((after[some] * np.log(after[some] / before[some])).sum()), 0.0)


def _mover(model: NeedsModel, strengths: NDArray[np.float64], counts: Counts) -> Mover:
    mover = Mover(model, strengths, np.log(model.shares))
    for (component, module), count in counts.items():
        mover.chose(component, module, count)
    return mover


def _strengths(model: NeedsModel) -> NDArray[np.float64]:
    """habit · profile of each need and module (K, v), as `beliefs.log_evidence`."""
    component_of = np.repeat(np.arange(len(model.components)), np.diff(model.offsets))
    return np.exp(model.log_profiles + np.log(model.habit)[component_of])

"""What the learning relationship with a customer is worth: what a competitor would have to learn again.

Somebody who knows nothing of a customer proposes what all customers choose. We propose what the belief, and
what the customer said, call likeliest. In each component the difference between the two chances of being
right, both under what we believe of this customer, is what knowing them gains. Weighed by how much of what
they choose lies in each component, it is the share of their choices that only we guess; times the value that
is expected of them, it is money at stake. That is the most that could be lost, not a forecast of a loss: some
customers find what they want without being understood.

The same holds for treatments: the expected net of the best treatment by what is known, minus that of the
treatment that would be given if nothing were. Neither can be below zero: knowing more and doing the same is
always possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING

from trato.customize.learned import learned_of
from trato.customize.leave import leave_of
from trato.customize.scores import as_of, weights_for
from trato.differentiate.needs.beliefs import Belief, believe, predict
from trato.estimates import Interval
from trato.interact.statements import statements_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import numpy as np
    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.learned import Learned
    from trato.customize.models import Models
    from trato.customize.sections import Unit
    from trato.customize.store import KnowingStore
    from trato.differentiate.needs.beliefs import Counts, NeedsModel, Statement
    from trato.interact.log import LogEntry
    from trato.permission.purposes import Purposes

MONTHS = 12
MOST_ENTRIES = 2_000  # of a unit's log that a trend goes back over
_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Guess:
    """One component: how often it was chosen, how likely our best guess at their next choice is right, and
    how likely that is of what all customers choose most, both as we believe of them.
    """

    component: str
    module: str
    as_all_module: str
    chosen: int
    right: float
    as_all: float


@dataclass(frozen=True, slots=True)
class MonthsWorth:
    """What the relationship was worth at the end of a month (`2026-03`), or today for the last: the share of
    choices that only we guess, by what was known then and the value that is expected today.
    """

    month: str
    gain: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Relationship:
    """What the learning relationship with a customer's unit is worth at a moment.

    `gain` is the share of its choices that we guess and somebody who knows nothing of it does not. `value` is
    that share of the value expected of it within `horizon_days`, in minor units; None before a build learned
    a model of values. `evidence` is the number of choices that it rests on. `trend` is oldest first; the
    counts that a build took from tables bear no dates, and count as known from the beginning. `members` are
    those of the unit who permit it: each of them is told the same.
    """

    customer: CustomerId
    purpose: str
    at: datetime
    guesses: tuple[Guess, ...]
    gain: float
    value: float | None
    expected_value: float | None
    horizon_days: int | None
    evidence: int
    trend: tuple[MonthsWorth, ...]
    members: int = 1


@dataclass(frozen=True, slots=True)
class InAll:
    """The worth of the relationships with `customers`, from a sample of them: minor units in all with a 95 %
    interval, the mean share of choices that only we guess, and the trend in all by month, oldest first.
    """

    customers: int
    sampled: int
    value: Interval
    gain: Interval
    trend: tuple[tuple[str, float], ...]


def guesses_of(model: NeedsModel, belief: Belief, statements: Sequence[Statement] = ()) -> tuple[Guess, ...]:
    """A guess for each component of the model in which the customer chose anything, in the model's order."""
    chosen: dict[str, int] = {}
    for (component, _), count in belief.counts.items():
        chosen[component] = chosen.get(component, 0) + count
    everybody = Belief(model.version, model.shares, {})
    found: list[Guess] = []
    for component in model.components:
        if not chosen.get(component, 0):
            continue
        told = predict(model, belief, component, statements)
        usual = predict(model, everybody, component)
        ours, theirs = _likeliest(told), _likeliest(usual)
        found.append(Guess(component, ours, theirs, chosen[component], told[ours], told.get(theirs, 0.0)))
    return tuple(found)


def gain_of(guesses: Iterable[Guess]) -> float:
    """The share of choices that we guess and that who knows nothing does not; 0 where nothing was chosen."""
    some = list(guesses)
    total = sum(one.chosen for one in some)
    return fsum(one.chosen * (one.right - one.as_all) for one in some) / total if total else 0.0


def treatment_gain(net_known: NDArray[np.float64], net_unknown: NDArray[np.float64]) -> float:
    """What knowing the customer gains in one decision, in minor units, never below zero.

    Both arrays (K,) are expected nets of the same candidates: by the customer's facts, and by none of them.
    It is the net of the best by what is known minus that of the one that would be given without knowing.
    """
    return float(net_known.max() - net_known[int(net_unknown.argmax())])


def relationship_of(
    store: KnowingStore,
    customer: CustomerId,
    *,
    purposes: Purposes,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    now: datetime,
) -> Relationship | None:
    """What the learning relationship with a customer's unit is worth.

    None where they permit no profiling, and before a build learned needs. Raises UnknownCustomer, and
    StorageUnavailable.
    """
    leave = leave_of(store, purposes, customer, now=now)
    learned = learned_of(store, customer, leave, store.current_build(), purposes, unit, zone, models, now=now)
    if learned is None or learned.needs is None or learned.belief is None:
        return None
    entries = [
        entry
        for permit in learned.permits.values()
        for entry in store.interactions_of(permit, limit=MOST_ENTRIES)
    ]
    said = [entry for permit in learned.permits.values() for entry in store.statements_of(permit)]
    guesses = guesses_of(learned.needs, learned.belief, statements_from(said))
    gain, expected = gain_of(guesses), _expected(learned, now.astimezone(zone))
    return Relationship(
        customer=customer,
        purpose=learned.purpose,
        at=now,
        guesses=guesses,
        gain=gain,
        value=None if expected is None else gain * expected[0],
        expected_value=None if expected is None else expected[0],
        horizon_days=None if expected is None else expected[1],
        evidence=learned.evidence,
        trend=trend_of(
            learned.needs,
            learned.counts,
            entries,
            said,
            value=None if expected is None else expected[0],
            zone=zone,
            now=now,
        ),
        members=len(learned.permits),
    )


def trend_of(
    model: NeedsModel,
    counts: Counts,
    entries: Iterable[LogEntry],
    said: Iterable[LogEntry] = (),
    *,
    value: float | None,
    zone: ZoneInfo,
    now: datetime,
    months: int = MONTHS,
) -> tuple[MonthsWorth, ...]:
    """The worth at the end of each of the last months since the log's first entry, and today.

    `counts` are those of today; `entries` and `said` are of the log, in any order, and what they chose or
    said after a month's end was not known then. `value` is what is expected of the unit today.
    """
    teaching = [entry for entry in entries if entry.learns and entry.choices]
    words = list(said)
    dated = [entry.at for entry in (*teaching, *words) if entry.at <= now]
    first = _month(min(dated, default=now), zone)
    wanted = [one for one in _last_months(_month(now, zone), months) if one >= first]
    found: list[MonthsWorth] = []
    for month in wanted:
        known = dict(counts)
        for entry in teaching:
            if _month(entry.at, zone) > month:
                for choice in entry.choices:
                    known[choice] = max(known.get(choice, 0) - entry.count, 0)
        then = {choice: count for choice, count in known.items() if count}
        spoken = statements_from(one for one in words if _month(one.at, zone) <= month)
        gain = gain_of(guesses_of(model, believe(model, then), spoken))
        found.append(MonthsWorth(month, gain, None if value is None else gain * value))
    return tuple(found)


def in_all(sample: Sequence[Relationship], customers: int) -> InAll | None:
    """What the relationships with so many customers are worth, from a random sample of them.

    The intervals are normal, at 95 %, over customers, narrowed by the share of them that was looked at. A
    customer without a value brings none, and one of a unit of several their part of what it is worth: all who
    permit it may be drawn, and it counts once. None for an empty sample.
    """
    if not sample:
        return None
    values = _mean([(one.value or 0.0) / one.members for one in sample], customers)
    months = sorted({point.month for one in sample for point in one.trend})
    scale = customers / len(sample)
    trend = [(month, scale * fsum(_at(one.trend, month) / one.members for one in sample)) for month in months]
    return InAll(
        customers=customers,
        sampled=len(sample),
        value=Interval(values.mean * customers, values.low * customers, values.high * customers),
        gain=_mean([one.gain for one in sample], customers),
        trend=tuple(trend),
    )


def _at(trend: Sequence[MonthsWorth], month: str) -> float:
    """The value at a month's end: that of the last point up to it, 0 before the first."""
    points = [one.value or 0.0 for one in trend if one.month <= month]
    return points[-1] if points else 0.0


def _mean(values: Sequence[float], of: int) -> Interval:
    many = len(values)
    mean = fsum(values) / many
    if many < 2:
        return Interval(mean, mean, mean)
    variance = fsum((one - mean) ** 2 for one in values) / (many - 1)
    unseen = max(1.0 - many / max(of, many), 0.0)
    reach = _95 * sqrt(variance / many * unseen)
    return Interval(mean, mean - reach, mean + reach)


def _expected(learned: Learned, today: datetime) -> tuple[float, int] | None:
    """The value expected of the unit, in minor units, and within how many days."""
    from trato.differentiate.value.live import worth_of

    model = learned.values
    if model is None:
        return None
    at = as_of(model, learned, today.date())
    found = worth_of(model, learned.days, weights_for(learned), as_of=at)
    return None if found is None else (found.expected_value, model.horizon)


def _likeliest(shares: Mapping[str, float]) -> str:
    """The likeliest module; of equals the first by name."""
    return min(shares, key=lambda module: (-shares[module], module))


def _month(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m}"


def _last_months(last: str, many: int) -> list[str]:
    year, month = (int(part) for part in last.split("-"))
    places = [year * 12 + month - 1 - back for back in range(many)]
    return [f"{place // 12:04d}-{place % 12 + 1:02d}" for place in reversed(places)]

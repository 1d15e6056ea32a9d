"""Pacing: what is scarce is priced anew by what is left of it and how many decisions are still to come.

A price is a dual of the best allocation (`programme/prices.py`) over a sample of the last decisions, as
though those to come were like them. What is left is what was not used, plus what of the things set aside will
come back when windows close. Solved again and again, prices follow what really happens. What the hold-outs
and the exploration take is not the policy's to price, and is set aside for them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.learn import read_taught
from trato.customize.programme.choose import policy
from trato.customize.programme.decision import ELIGIBLE, Candidate
from trato.customize.programme.encode import encoded
from trato.customize.programme.features import phi
from trato.customize.programme.filters import HELD_BACK
from trato.customize.programme.prices import alike, prices
from trato.customize.programme.ready import BUDGET, CAPACITY, Ready, ready_of
from trato.customize.programme.treatments import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision
    from trato.customize.programme.store import LearningStore, ServedProgramme
    from trato.customize.programme.treatments import Programme
    from trato.permission.purposes import Purposes

SAMPLE = 1_000
TAIL = 20_000  # decisions over which it is counted how many come in a day
LEAST = 50  # decisions, before which nothing is priced
# A programme without an end has to last all the same: what is left is for so many days.
HORIZON = timedelta(days=30)
CHANGED = 0.005  # by less than this share of it a price is not published anew
_WOULD_BE = frozenset({ELIGIBLE, HELD_BACK, "no_stock", "no_budget", "no_capacity"})
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Priced:
    """Prices, not yet taken up: minor units for each unit of what is scarce. `instead` is what was served,
    `left` how much there is, `to_come` how many decisions are expected to need it, `sampled` how many of the
    last decisions they rest on.
    """

    instead: ServedProgramme
    prices: Mapping[str, float]
    left: Mapping[str, float]
    to_come: Mapping[str, float]
    sampled: int
    version: str
    document: str


def study_prices(
    store: LearningStore,
    programme: Programme,
    *,
    purposes: Purposes,
    zone: ZoneInfo,
    now: datetime,
    sample: int = SAMPLE,
) -> Priced | None:
    """The prices of what a programme has too little of, at this moment; nothing is written.

    None where nothing is limited, too few decisions were made yet, another declaration is served than this
    one, or the prices are as good as those that are served. Raises StorageUnavailable.
    """
    served = store.served_programmes().get(programme.key)
    if served is None or served.version != programme.version:
        return None
    document = store.model_document(served.model) if served.model else ""
    ready = ready_of(programme, model=served.model, document=document)
    if not ready.limits:
        return None
    tail = last_decisions(store, programme.key, served.learned_up_to)
    some = tail[:: max(1, len(tail) // sample)]
    taught, _ = read_taught(store, programme, some, purposes, now)
    recent = [one.decision for one in taught if one.decision.treatment in ready.place]
    if len(recent) < LEAST:
        return None
    day = len(tail) * timedelta(days=1) / max(now - recent[0].at, timedelta(minutes=1))
    left = _left(store, ready, served, recent, zone, now)
    to_come = {what: max(1.0, day * days) for what, days in _days_left(ready, zone, now).items()}
    before = json.loads(store.model_document(served.prices)) if served.prices else {}
    found = _solved(ready, recent, {what: left[what] / to_come[what] for what in left}, before)
    if all(_as_good(found.get(what, 0.0), before.get(what, 0.0)) for what in {*found, *before}):
        return None
    text = json.dumps(found, sort_keys=True, separators=(",", ":")) if found else ""
    version = hashlib.sha256(text.encode()).hexdigest()[:32] if text else ""
    return Priced(served, found, left, to_come, len(recent), version, text)


def take_up_prices(store: LearningStore, priced: Priced, *, now: datetime) -> bool:
    """Serve prices; False, and nothing done, where what is served is no longer what they were found for."""
    if priced.version:
        store.put_model(priced.version, "prices", priced.document)
    after = replace(priced.instead, prices=priced.version, changed_at=now)
    return store.serve_programme(after, instead=priced.instead)


def last_decisions(
    store: LearningStore, programme: str, near: int, many: int = TAIL
) -> tuple[tuple[int, CustomerId | None], ...]:
    """Positions and customers of a programme's last decisions, in order: `many`, or a few more, or all.

    Positions are shared with other programmes, so where the last ones begin is searched for, from `near` on.
    """

    def behind(position: int) -> int:
        return len(store.matured(programme, position, _FAR, many))

    low, high, step = near, near, max(many, 1)
    while low > 0 and behind(low) < many:  # begin further back
        low, high, step = max(0, low - step), low, step * 2
    if high == low:
        high = low + step
        while behind(high) == many:
            low, step = high, step * 2
            high = low + step
    while high - low > many:  # at least so many behind `low`, fewer behind `high`
        middle = (low + high) // 2
        if behind(middle) == many:
            low = middle
        else:
            high = middle
    return store.matured(programme, low, _FAR, 4 * many)[-many:]


def _days_left(ready: Ready, zone: ZoneInfo, now: datetime) -> dict[str, float]:
    """For how many days what is left of each thing has to last."""
    ends = ready.programme.ends
    whole = HORIZON if ends is None else max(ends - now, timedelta(0))
    here = now.astimezone(zone)
    midnight = datetime.combine(here.date() + timedelta(days=1), time(), zone)
    today = min(midnight - here, whole)
    return {what: (today if what == CAPACITY else whole) / timedelta(days=1) for what in ready.limits}


def _left(
    store: LearningStore,
    ready: Ready,
    served: ServedProgramme,
    recent: Sequence[Decision],
    zone: ZoneInfo,
    now: datetime,
) -> dict[str, float]:
    """What is left of all that is limited: of the budget with what will come back of what is set aside,
    counted in what is set aside when something is given.
    """
    used = {one.what: one.used for one in store.uses_of(ready.programme.key)}
    day = f"{CAPACITY}:{now.astimezone(zone).date().isoformat()}"
    left = {
        what: float(limit - used.get(day if what == CAPACITY else what, 0))
        for what, limit in ready.limits.items()
    }
    if BUDGET in left:
        given = [ready.place[one.treatment] for one in recent]
        aside = np.array([ready.uses[place].get(BUDGET, 0) for place in given], np.float64)
        taken = _taken(ready, recent)[np.arange(len(given)), given]
        cost_taken = np.array([one.cost_taken for one in ready.programme.treatments], np.float64)[given]
        back = cost_taken * (1.0 - taken)
        open_ = len(store.matured(ready.programme.key, served.settled_up_to, _FAR, TAIL))
        spent = (aside.sum() - back.sum()) / aside.sum() if aside.sum() > 0 else 1.0
        left[BUDGET] = (left[BUDGET] + open_ * float(back.mean())) / max(spent, 1e-6)
    return {what: max(0.0, amount) for what, amount in left.items()}


def _taken(ready: Ready, recent: Sequence[Decision]) -> NDArray[np.float64]:
    """How likely each treatment is taken in each decision (N, K), as the model expects.

    Where the goal is money the model does not say how likely that is: then each is taken, as it is charged.
    """
    if ready.programme.goal.outcome == "money":
        return np.ones((len(recent), len(ready.keys)))
    x = encoded(ready.programme.features, [one.facts for one in recent]).astype(np.float64)
    outcome = (x * ready.posterior.mean[: x.shape[1]]).sum(axis=1)[:, None] + np.stack(
        [phi(ready.layout, one, ready.modules) @ ready.posterior.mean for one in x.astype(np.float32)]
    )
    likely: NDArray[np.float64] = np.clip(outcome, 0.0, 1.0)
    return likely


def _solved(
    ready: Ready, recent: Sequence[Decision], allowance: Mapping[str, float], before: Mapping[str, float]
) -> dict[str, float]:
    """The prices above zero, for what is left for each decision on average, whoever takes it."""
    names = list(ready.limits)
    uses = np.array([[one.get(what, 0) for what in names] for one in ready.uses], np.float64)
    each = np.array([allowance[what] for what in names])
    mine = np.array([one.arm == "policy" and one.by_person is None for one in recent])
    if not mine.any():
        return {}
    may = np.array(
        [
            [one.treatment == NOTHING or one.reason in _WOULD_BE for one in _in_order(ready, decision)]
            for decision in recent
        ]
    )
    given = uses[[ready.place[one.treatment] for one in recent]]
    others = given[~mine].sum(axis=0) / len(recent)
    each = np.maximum(each - others, 0.0) / mine.mean()
    may = may[mine]
    explored = (may[:, :, None] * uses).sum(axis=1) / may.sum(axis=1, keepdims=True)
    share = ready.programme.explore
    each = np.maximum(each - share * explored.mean(axis=0), 0.0) / max(1.0 - share, 1e-9)
    chosen = [one for one, own in zip(recent, mine.tolist(), strict=True) if own]
    drawn = policy(
        ready,
        encoded(ready.programme.features, [one.facts for one in chosen]),
        np.array([one.contacts for one in chosen], np.int64),
        np.ones(may.shape, np.bool_),
        np.zeros(len(chosen), np.uint64),
    )
    values = np.where(may, drawn.expected, -np.inf)[:, 1:]
    start = np.array([before.get(what, 0.0) for what in names]) if before else None
    found = prices(values, uses[1:], each, start)
    last = alike(
        values, uses[1:], found
    )  # where customers have changed, only the last are like those to come
    if last < len(values):
        found = prices(values[-last:], uses[1:], each, found)
    return {what: float(price) for what, price in zip(names, found, strict=True) if price > 0}


def _in_order(ready: Ready, decision: Decision) -> list[Candidate]:
    """The candidates of a decision in the order of today's treatments; what was none then may not be."""
    by_key = {one.treatment: one for one in decision.candidates}
    return [by_key.get(key, Candidate(key, "unknown", 0)) for key in ready.keys]


def _as_good(new: float, old: float) -> bool:
    return abs(new - old) <= CHANGED * max(abs(old), 1e-12)

"""The verdict: personalise, treat groups, don't, or not yet.

A policy is judged once, as a whole, on rows it was not learnt from. It is proven better than the best single
treatment only if it is proven better than every single one: whichever of them is the best, the chance of a
false proof stays that of one test (intersection-union; Berger 1982), so nothing has to be corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.estimates import Interval
from trato.measure.verdict.intervals import Estimate, Look, fixed_look
from trato.measure.verdict.scores import BOLDEST, GROUPS, POLICY, Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.measure.verdict.checks import Check

    Array = NDArray[np.float64]

Say = Literal["personalise", "groups", "dont", "not_yet"]
Kind = Literal["single", "random", "policy", "groups", "learner"]

WORTHWHILE = 0.02
# To be found with 80 % probability by a look with 2.5 % false alarms, a gain is so many standard errors.
FOUND_AT = 1.96 + 0.84
# A group that differs by so many standard errors is one that learners find.
SEEN_AT = 3.0
# Without these, nothing is provable; what fails of the others is told.
BASIC = ("sample_ratio", "randomisation", "attrition")


@dataclass(frozen=True, slots=True)
class Value:
    """What a policy brings a customer, net, with its 95 % interval. `others` is the share of customers who
    get another treatment than the best single one (than nothing, where capacity is limited).
    """

    name: str
    kind: Kind
    value: Interval
    others: float


@dataclass(frozen=True, slots=True)
class Incremental:
    """Beyond nothing: what the policy brings, what the best treatment brings to as many at random, and by
    what share of the latter the policy brings more. All with 95 % intervals.
    """

    policy: Interval
    random: Interval
    more: Interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict and all it rests on, net of cost, per customer (row).

    `difference` is that of the advised policy against `best`, the best single treatment: its lower end is
    the least over all of them, so that it is above zero only if the policy is proven better than each.
    `groups_difference` is that of the policy by declared groups, and `beyond_groups` that of the personal
    policy against it. `customers_needed` is about how many more would decide; None unless not yet, and where
    no number would.
    """

    verdict: Say
    customers_needed: int | None
    difference: Interval
    best: str
    worthwhile: float
    policies: tuple[Value, ...]
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    learners: tuple[str, ...]
    units: int
    groups_difference: Interval | None = None
    beyond_groups: Interval | None = None
    incremental: Incremental | None = None

    @property
    def provable(self) -> bool:
        """Whether the log was randomised as it had to be, so that it can prove anything."""
        return not any(check.name in BASIC and check.passed is False for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Against:
    """A policy against every alternative: the difference from the `best`, its least lower end, and the
    estimate of the alternative that it is hardest to be proven better than.
    """

    difference: Interval
    hardest: Estimate

    @property
    def proven(self) -> bool:
        return self.difference.low > 0


def judge(
    scores: Scores,
    *,
    checks: Sequence[Check] = (),
    nothing: int | None = None,
    worthwhile: float | None = None,
    look: Look = fixed_look,
    found_at: float = FOUND_AT,
) -> Verdict:
    """Judge the scored log. `worthwhile` is the smallest gain a customer that would matter, WORTHWHILE of the
    best single treatment's value where None; `nothing` is the place of the treatment that is nothing. A gain
    of `found_at` standard errors is one that such a look will find with 80 % probability.
    """
    bars = scores.alternatives
    best = int(bars.mean(axis=0).argmax())
    policy = _against(scores, POLICY, best, look)
    eager = _against(scores, BOLDEST, best, look)
    groups = _against(scores, GROUPS, best, look) if GROUPS in scores.chosen else None
    beyond = None
    if groups is not None:
        beyond = look(scores.value(POLICY) - scores.value(GROUPS), scores.unit).interval
    bar = WORTHWHILE * abs(float(bars[:, best].mean())) if worthwhile is None else worthwhile
    failed = [check for check in checks if check.name in BASIC and check.passed is False]
    clear = _is_clear(scores, best, eager, bar, look)
    say = _say(policy, eager, groups, beyond, bar if clear else 0.0)
    if failed:
        say = "not_yet"
    advised = groups if say == "groups" and groups is not None else policy
    needed = None
    if say == "not_yet" and not failed:
        order = np.argsort(-bars.mean(axis=0), kind="stable")
        second = look(bars[:, order[0]] - bars[:, order[1]], scores.unit).se
        needed = _more(policy, eager, second, bar, _units(scores), found_at)
    kept = range(scores.gamma.shape[1])
    names = [name_of(scores, arm) for arm in kept]
    tried = max((arm for arm in kept if arm != nothing), key=lambda arm: bars[:, arm].mean(), default=best)
    return Verdict(
        verdict=say,
        customers_needed=needed,
        difference=advised.difference,
        best=names[best],
        worthwhile=bar,
        policies=_values(scores, best, names, look),
        reasons=_reasons(say, failed, checks, policy, eager, bar, names[best], scores.treatments[tried]),
        checks=tuple(checks),
        learners=scores.learners,
        units=_units(scores),
        groups_difference=None if groups is None else groups.difference,
        beyond_groups=beyond,
        incremental=_incremental(scores, best, nothing, look),
    )


def name_of(scores: Scores, arm: int) -> str:
    """What the alternative of a treatment is called."""
    limits = scores.limits
    if limits is None or arm == limits.nothing:
        return scores.treatments[arm]
    return f"{scores.treatments[arm]} to a random {100 * limits.capacity:g} %"


def _against(scores: Scores, name: str, best: int, look: Look) -> _Against:
    value = scores.value(name)
    found = [look(value - bar, scores.unit) for bar in scores.alternatives.T]
    hardest = min(found, key=lambda one: one.low)
    low = min(hardest.low, found[best].mean)
    return _Against(Interval(found[best].mean, low, max(found[best].high, found[best].mean)), hardest)


def _say(
    policy: _Against, eager: _Against, groups: _Against | None, beyond: Interval | None, bar: float
) -> Say:
    by_groups = groups is not None and groups.proven
    if policy.proven and not (by_groups and beyond is not None and beyond.low <= 0):
        return "personalise"
    if by_groups:
        return "groups"
    highs = [policy.difference.high, eager.difference.high]
    highs += [groups.difference.high] if groups is not None else []
    return "dont" if max(highs) < bar else "not_yet"


def _is_clear(scores: Scores, best: int, eager: _Against, bar: float, look: Look) -> bool:
    """Whether the log is large enough that nobody's gaining anything that matters can be told from not
    having seen it.

    Either a gain that matters would stand out where the boldest policy departs and on all customers; or the
    best treatment is so far ahead that a group with another best one could not have been missed.
    """
    if eager.hardest.se > bar:
        return False
    if scores.limits is not None:
        return True
    arms = [arm for arm in range(scores.gamma.shape[1]) if arm != best]
    ahead = [look(scores.gamma[:, best] - scores.gamma[:, arm], scores.unit) for arm in arms]
    return all(one.se <= bar or _would_show(one, bar) for one in ahead)


def _would_show(ahead: Estimate, bar: float) -> bool:
    """Whether any group that another treatment suits, enough to gain `bar` a customer, would be seen.

    A share s of the customers has to gain bar / s from it instead of losing `ahead`, which is seen in them
    with a standard error of se / √s: at (ahead √s + bar / √s) / se, least where s = bar / ahead.
    """
    if ahead.mean <= 0 or ahead.se == 0:
        return False
    share = min(bar / ahead.mean, 0.5)
    return (ahead.mean * sqrt(share) + bar / sqrt(share)) / ahead.se >= SEEN_AT


def _more(
    policy: _Against, eager: _Against, runner_up: float, bar: float, units: int, found_at: float
) -> int | None:
    """How many more customers (units) would show the gain that there seems to be, or one that would matter.

    `runner_up` is the standard error of how far the best treatment is ahead. None where even that cannot be
    told: nothing varies, or the smallest gain that matters is none.
    """
    se, gain = policy.hardest.se, max(policy.hardest.mean, bar)
    if policy.hardest.mean <= bar or se == 0:
        # The policy hardly departs: a bolder one says how sure a gain that matters could be told.
        se = max(se, eager.hardest.se)
    if se == 0:
        # Nobody departs at all: as sure as half of the customers getting the runner-up would be.
        se = runner_up * sqrt(0.5)
    if not (gain > 0 and se > 0):
        return None
    needed = units * (found_at * se / gain) ** 2 - units
    return max(ceil(needed), ceil(0.05 * units)) if isfinite(needed) else None


def _values(scores: Scores, best: int, names: Sequence[str], look: Look) -> tuple[Value, ...]:
    bars, limits = scores.alternatives, scores.limits
    usual = best if limits is None else limits.nothing
    found: list[Value] = []

    def add(name: str, kind: Kind, values: Array, others: float) -> None:
        found.append(Value(name, kind, look(values, scores.unit).interval, others))

    for arm, name in enumerate(names):
        share = 1.0 if limits is None else limits.capacity
        add(name, "single", bars[:, arm], 0.0 if arm == usual else share)
    several = [arm for arm in range(len(names)) if limits is None or arm != limits.nothing]
    away = 1 - 1 / len(names) if limits is None else limits.capacity
    add("random", "random", bars[:, several].mean(axis=1), away)
    for name, chosen in scores.chosen.items():
        kind: Kind = "policy" if name == POLICY else "groups" if name == GROUPS else "learner"
        add(name, kind, scores.value(name), float((chosen != usual).mean()))
    return tuple(sorted(found, key=lambda one: -one.value.mean))


def _incremental(scores: Scores, best: int, nothing: int | None, look: Look) -> Incremental | None:
    if nothing is None or best == nothing:
        return None
    without = scores.gamma[:, nothing]
    gained = scores.value(POLICY) - without
    random = scores.alternatives[:, best] - without
    if random.mean() <= 0:
        return None
    ratio = float(gained.mean() / random.mean())
    # The ratio's own influence: what a row adds to it, to first order.
    more = look((gained - ratio * random) / random.mean() + ratio - 1, scores.unit)
    return Incremental(look(gained, scores.unit).interval, look(random, scores.unit).interval, more.interval)


def _reasons(
    say: Say,
    failed: Sequence[Check],
    checks: Sequence[Check],
    policy: _Against,
    eager: _Against,
    bar: float,
    best: str,
    tried: str,
) -> tuple[str, ...]:
    """Why it says so. `tried` is the best treatment that is something."""
    found = [check.said for check in checks if check.passed is False]
    if failed:
        found.append(
            "nothing can be proven from this log: hold out customers at random, a tenth who get nothing, a "
            f"tenth who get {tried!r}, and a tenth who get any treatment by lot, and ask again"
        )
        return tuple(found)
    gain = policy.difference
    same = gain.low == gain.high == 0
    if say == "personalise":
        found.append(f"the policy is better than {best!r} and every other single treatment, each by itself")
    elif say == "groups":
        found.append("treating the declared groups differently is proven; more than that is not")
    elif say == "dont":
        found.append(f"whatever differences there are between customers gain less than {bar:.3g} a customer")
    elif same:
        found.append(f"no policy that departs from {best!r} looked better where it was tried")
    elif gain.mean <= 0:
        found.append(
            f"the policy does not look better than {best!r}, but a gain of {bar:.3g} is possible still"
        )
    else:
        found.append(f"the policy looks better than {best!r}, but that may be chance")
    if say == "not_yet" and max(gain.high, eager.difference.high) >= bar:
        found.append(f"a gain as small as {bar:.3g} a customer would matter, and cannot be ruled out")
    return tuple(found)


def _units(scores: Scores) -> int:
    return len(scores.gamma) if scores.unit is None else len(np.unique(scores.unit))

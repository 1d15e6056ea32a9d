"""What rules a treatment out, each rule with its reason. *Nothing* is never ruled out.

A rule registers itself, and nothing else changes:

    @rule("too_far_away")
    def far_away(case: Case) -> Iterable[int]:
        ...                         # places of the treatments that fall out

Rules are asked in the order in which they registered; the first that rules a treatment out gives its reason.
Words for the reasons of this file stand in customize/explain.py; another rule brings its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from trato.customize.programme.ready import BUDGET, CAPACITY, STOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from trato.customize.programme.facts import Facts
    from trato.customize.programme.ready import Ready
    from trato.differentiate.needs.beliefs import Statement

    Rule: TypeAlias = Callable[["Case"], Iterable[int]]

HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True)
class Case:
    """One decision as the rules see it.

    `permitted` says whether the programme's purpose may be served, `holds` (K,) of each treatment whether its
    conditions hold (see `held`). `said` are the customer's statements that bind. `contacts` are when, and on
    which channel, the company turned to them for the purpose; `channel` is that of the touchpoint. `left` is
    what is left of all that is limited.
    """

    ready: Ready
    now: datetime
    permitted: bool
    channel: str
    facts: Facts
    holds: Sequence[bool | None]
    said: Sequence[Statement]
    contacts: Sequence[tuple[datetime, str]]
    left: Mapping[str, int]

    @property
    def given(self) -> range:
        """The places of all treatments but *nothing*."""
        return range(1, len(self.ready.keys))


RULES: list[tuple[str, Rule]] = []


def rule(reason: str, words: Mapping[str, str] | None = None) -> Callable[[Rule], Rule]:
    """Register a rule under its reason; `words` say the reason by language where it is a new one."""

    def registered(given: Rule) -> Rule:
        RULES.append((reason, given))
        if words is not None:
            OWN_WORDS[reason] = words
        return given

    return registered


OWN_WORDS: dict[str, Mapping[str, str]] = {}


def reasons_of(case: Case) -> list[str]:
    """Why each treatment falls out, "" where it does not: (K,)."""
    reasons = [""] * len(case.ready.keys)
    for reason, asks in RULES:
        for place in asks(case):
            if place and not reasons[place]:
                reasons[place] = reason
    return reasons


@rule("not_permitted")
def not_permitted(case: Case) -> Iterable[int]:
    """The customer does not permit the programme's purpose; inbound channels are no exception."""
    return () if case.permitted else case.given


@rule("not_running")
def not_running(case: Case) -> Iterable[int]:
    """The programme has not begun, or is over."""
    programme = case.ready.programme
    begun = programme.starts is None or programme.starts <= case.now
    over = programme.ends is not None and programme.ends <= case.now
    return () if begun and not over else case.given


@rule("said_no")
def said_no(case: Case) -> Iterable[int]:
    """It sets a module that the customer never wants, or another than they always want."""
    if not case.said or not case.ready.sets:
        return ()
    never = {(one.component, one.module) for one in case.said if one.binds == "never"}
    always = {one.component: one.module for one in case.said if one.binds == "always"}
    return [
        place
        for place, sets in case.ready.sets
        if any(one in never or always.get(one[0], one[1]) != one[1] for one in sets)
    ]


@rule("not_eligible")
def not_eligible(case: Case) -> Iterable[int]:
    """Its condition, or the programme's, does not hold."""
    return [place for place, holds in enumerate(case.holds) if holds is False]


@rule("unknown")
def unknown(case: Case) -> Iterable[int]:
    """Whether its condition holds is not known: what it looks at is unknown, and is not guessed."""
    return [place for place, holds in enumerate(case.holds) if holds is None]


@rule("contact_cap")
def contact_cap(case: Case) -> Iterable[int]:
    """The company turned to the customer as often as it may."""
    for cap in case.ready.programme.caps:
        if cap.channel is not None and cap.channel != case.channel:
            continue  # a cap of one channel says nothing of another
        since = case.now - timedelta(days=cap.days)
        counted = sum(at > since and cap.channel in (None, channel) for at, channel in case.contacts)
        if counted >= cap.contacts:
            return case.given
    return ()


def _lacking(case: Case, kind: str) -> Iterable[int]:
    left = case.left
    return [place for place, what, amount in case.ready.users[kind] if amount > left[what]] if left else ()


@rule("no_stock")
def no_stock(case: Case) -> Iterable[int]:
    """There is none left."""
    return _lacking(case, STOCK)


@rule("no_budget")
def no_budget(case: Case) -> Iterable[int]:
    """What it may come to cost is more than what is left of the budget."""
    return _lacking(case, BUDGET)


@rule("no_capacity")
def no_capacity(case: Case) -> Iterable[int]:
    """As many were given today as can be."""
    return _lacking(case, CAPACITY)


def held(ready: Ready, facts: Facts) -> Sequence[bool | None]:
    """Whether the programme's condition and the treatment's own hold, None where that is unknown: (K,)."""
    eligible = ready.programme.eligible
    for_all = True if eligible is None else eligible.holds(facts)
    found: list[bool | None] = [for_all] * len(ready.keys)
    if for_all is not False:
        for condition, places in ready.conditions:
            holds = condition.holds(facts)
            for place in places:
                found[place] = for_all if holds is True else holds
    found[0] = True
    return found


def by_conditions(ready: Ready, facts: Facts) -> list[str]:
    """What conditions alone say of each treatment: (K,), `not_eligible`, `unknown` or "".

    It is all of the reasons that follows from the facts of a record.
    """
    words = {True: "", False: "not_eligible", None: "unknown"}
    return [words[one] for one in held(ready, facts)]

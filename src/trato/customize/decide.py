"""Decide: the treatment for each customer now, with its probability and the reasons, logged as it is made.

The way of a decision: permission, facts, hold-out arm, rules (filters.py), the policy's vector (vector.py),
what is limited set aside, the log. All of it happens in one transaction, for many requests at once; one
request is many of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.choose import by_arm, by_person, fallen_on, policy
from trato.customize.programme.decision import Asked, Candidate, Decision, DecisionId
from trato.customize.programme.encode import encoded
from trato.customize.programme.facts import Facts
from trato.customize.programme.filters import HELD_BACK, Case, held, reasons_of
from trato.customize.programme.holdouts import arm_of
from trato.customize.programme.look import look
from trato.customize.programme.ready import BUDGET, CAPACITY
from trato.customize.programme.serving import Serving
from trato.errors import BadOption
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.programme.look import Known
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.store import DecidingStore, ServedProgramme
    from trato.customize.programme.treatments import Arm

__all__ = ["Decided", "Serving", "decide", "look_at"]

SOURCE = "decisions"
_MOST_KEPT = 4096
_LOST = {BUDGET: "no_budget", CAPACITY: "no_capacity"}


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """A decision, and what it was made with, for who explains it (explain.py)."""

    decision: Decision
    ready: Ready


def decide(
    store: DecidingStore,
    asked: Sequence[Asked],
    *,
    serving: Serving,
    now: datetime,
    only_look: bool = False,
) -> list[Decided]:
    """Decide what is asked for, log it, and set aside what it takes; the answers in the order of asking.

    Several requests of one customer are decided one after the other: each sees the contacts, and what is left
    of all that is limited, as those before left them. With `only_look` nothing is written.

    Raises UnknownProgramme, UnknownCustomer, UnknownPurpose, BadOption for a touchpoint or a choice that is
    none of the programme's, and StorageUnavailable; then nothing of it is done.
    """
    found: dict[int, Decided] = {}
    served = store.served_programmes()
    ready: dict[str, Ready] = {}
    for one in asked:
        if one.programme not in ready:
            ready[one.programme] = serving.served(store, one.programme, served.get(one.programme))
        _check(ready[one.programme], one, serving)
    for key, places in _rounds(store, asked, serving):
        batch = _Batch(store, ready[key], served.get(key), [asked[place] for place in places], serving, now)
        found |= zip(places, batch.decided(only_look=only_look), strict=True)
    return [found[place] for place in range(len(asked))]


def look_at(
    store: DecidingStore, customer: CustomerId, *, serving: Serving, now: datetime, seed: int = 0
) -> tuple[Decided, ...]:
    """What each programme would give a customer next, without giving it: nothing is logged or set aside.

    Each decision is as on the programme's first touchpoint, and its treatment is the likeliest one. A
    programme that only a moment starts is told as if the moment were now. Raises as `decide`.
    """
    asked = [
        Asked(
            DecisionId(f"look {place}"),
            customer,
            one.key,
            one.touchpoints[0],
            seed,
            0,
            moment=one.moment.starts,
        )
        for place, one in enumerate(serving.programmes)
        if one.touchpoints
    ]
    return tuple(_likeliest(one) for one in decide(store, asked, serving=serving, now=now, only_look=True))


def _likeliest(one: Decided) -> Decided:
    best = max(one.decision.candidates, key=lambda each: each.probability)
    shown = replace(one.decision, treatment=best.treatment, probability=best.probability, reserved=0)
    return Decided(shown, one.ready)


def _check(ready: Ready, asked: Asked, serving: Serving) -> None:
    programme = ready.programme
    if asked.touchpoint not in programme.touchpoints or asked.touchpoint not in serving.touchpoints.by_key:
        raise BadOption(
            f"the programme {programme.key!r} gives nothing on the touchpoint {asked.touchpoint!r}",
            hint=f"it does on: {', '.join(programme.touchpoints)}",
        )
    if asked.choice is not None and asked.choice not in ready.place:
        raise BadOption(
            f"the programme {programme.key!r} has no treatment {asked.choice!r}",
            hint=f"it has: {', '.join(ready.keys)}",
        )


def _rounds(
    store: DecidingStore, asked: Sequence[Asked], serving: Serving
) -> Iterator[tuple[str, list[int]]]:
    """Programmes and places of requests that can be decided at once: no unit twice in a round."""
    customers = list(dict.fromkeys(one.customer for one in asked))
    units: Mapping[CustomerId, str] = {}
    if serving.unit != "person" and customers:
        units = store.units_of(customers, serving.unit)
    rounds: list[dict[str, list[int]]] = []
    seen: dict[str, int] = {}
    for place, one in enumerate(asked):
        unit = units.get(one.customer, one.customer)
        turn = seen.get(unit, 0)
        seen[unit] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn].setdefault(one.programme, []).append(place)
    for groups in rounds:
        yield from groups.items()


@dataclass(slots=True)
class _Row:
    """One request on its way."""

    asked: Asked
    known: Known
    arm: Arm
    person: str | None
    facts: Facts
    holds: Sequence[bool | None]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was chosen: the place, all probabilities and reasons."""

    place: int
    probabilities: Sequence[int]
    reasons: Sequence[str]


class _Batch:
    """Requests of one programme, of different units, decided at once."""

    def __init__(
        self,
        store: DecidingStore,
        ready: Ready,
        served: ServedProgramme | None,
        asked: Sequence[Asked],
        serving: Serving,
        now: datetime,
    ) -> None:
        self.store = store
        self.ready = ready
        self.asked = asked
        self.serving = serving
        self.now = now
        self.day = f"{CAPACITY}:{now.astimezone(serving.zone).date().isoformat()}"
        conducted = ready.programme.conducted if served is None else served.conducted
        self.by_person = conducted == "person"

    def decided(self, *, only_look: bool) -> list[Decided]:
        """Decide, and unless one only looks log it and set aside what it takes."""
        known = look(self.store, self.ready, self.asked, serving=self.serving, now=self.now)
        arms = self._arms(known, only_look=only_look)
        self.rows = [
            self._row(one, each, arms[each.unit]) for one, each in zip(self.asked, known, strict=True)
        ]
        self.customers = encoded(self.ready.programme.features, [each.facts for each in known])
        self.contacts = np.array([each.recent for each in known], np.int64)
        choices = self._choices(self._left())
        if not only_look:
            taken = self._taken(choices)
            if taken and not self.store.reserve(self.ready.programme.key, taken):
                choices = self._one_by_one()
        decisions = [self._decision(row, one) for row, one in zip(self.rows, choices, strict=True)]
        if not only_look:
            given = [
                self._contact(row, one) for row, one in zip(self.rows, choices, strict=True) if one.place
            ]
            if given:
                self.store.append_interactions(given)
            self.store.append_decisions(decisions)
        return [Decided(one, self.ready) for one in decisions]

    def _row(self, asked: Asked, known: Known, arm: Arm) -> _Row:
        person = None
        if self.by_person and arm == "policy":
            person = asked.choice or ""
        facts = Facts(known.facts)
        return _Row(asked, known, arm, person, facts, held(self.ready, facts))

    def _arms(self, known: Sequence[Known], *, only_look: bool) -> Mapping[str, Arm]:
        """The arm of each unit: as it was given, else by the hash; kept of those who permit anything."""
        programme = self.ready.programme
        units = {one.unit: bool(one.purpose) for one in known}
        arms = dict(self.store.arms_of(programme.key, list(units)))
        new = [unit for unit in units if unit not in arms]
        if new:
            salt = self.store.holdout_salt()
            found = {unit: arm_of(salt, programme.key, unit, programme.holdouts) for unit in new}
            if self.serving.unit != "person":
                found |= self._brought(known, new)
            kept = {unit: arm for unit, arm in found.items() if units[unit]}
            arms |= found
            if kept and not only_look:
                arms |= self.store.put_arms(programme.key, kept, self.now)
        return arms

    def _brought(self, known: Sequence[Known], new: Collection[str]) -> Mapping[str, Arm]:
        """The arms that new units keep of their members, who were units of their own: the one given first."""
        found: dict[str, Arm] = {}
        for asked, one in zip(self.asked, known, strict=True):
            if one.unit in new and self.serving.unit != "person":
                members = self.store.members_of(asked.customer, self.serving.unit)
                alone = [f"person:{member}" for member in members]
                arm = self.store.oldest_arm(self.ready.programme.key, alone)
                if arm is not None:
                    found[one.unit] = arm
        return found

    def _left(self) -> dict[str, int]:
        """What is left of all that is limited, the day's capacity among it."""
        limits = self.ready.limits
        if not limits:
            return {}
        used = {one.what: one.used for one in self.store.uses_of(self.ready.programme.key)}
        return {what: limit - used.get(self._name(what), 0) for what, limit in limits.items()}

    def _name(self, what: str) -> str:
        return self.day if what == CAPACITY else what

    def _choices(self, left: dict[str, int]) -> list[_Choice]:
        """Choose row by row. Once too little is left for a candidate, the rest is looked at anew."""
        choices: list[_Choice] = []
        while len(choices) < len(self.rows):
            start = len(choices)
            reasons = [self._reasons(row, left) for row in self.rows[start:]]
            vectors = self._vectors(start, reasons)
            for why, vector in zip(reasons, vectors, strict=True):
                one = self._chosen(self.rows[len(choices)], why, vector)
                choices.append(one)
                if self._take(one.place, left):
                    break
        return choices

    def _take(self, place: int, left: dict[str, int]) -> bool:
        """Take what a treatment uses of what is left; whether for some candidate that was enough, and is not
        any more.
        """
        uses, most = self.ready.uses[place], self.ready.most
        scarce = any(left[what] - amount < most[what] for what, amount in uses.items())
        before = self._short(left) if scarce else None
        for what, amount in uses.items():
            left[what] -= amount
        return scarce and self._short(left) != before

    def _short(self, left: Mapping[str, int]) -> list[int]:
        """The treatments of which too little is left."""
        return [
            place
            for place, uses in enumerate(self.ready.uses)
            if any(amount > left[what] for what, amount in uses.items())
        ]

    def _reasons(self, row: _Row, left: Mapping[str, int]) -> list[str]:
        known = row.known
        channel = self.serving.touchpoints.by_key[row.asked.touchpoint].channel
        return reasons_of(
            Case(
                self.ready,
                self.now,
                known.permitted,
                channel,
                row.facts,
                row.holds,
                known.said,
                known.contacts,
                left,
            )
        )

    def _vectors(self, start: int, reasons: Sequence[Sequence[str]]) -> list[list[int]]:
        """The probabilities of each row from `start` on, (K,)."""
        eligible = [[not one for one in why] for why in reasons]
        found: list[list[int]] = []
        drawn: list[int] = []
        for place, may in enumerate(eligible):
            row = self.rows[start + place]
            if row.person is not None:
                found.append(by_person(self.ready, row.person, may))
            elif row.arm != "policy":
                found.append(by_arm(self.ready, row.arm, may))
            else:
                found.append(by_arm(self.ready, "nothing", may))
                if sum(may) > 1:
                    drawn.append(place)
        if drawn:
            rows = np.array(drawn, np.intp)
            vectors = policy(
                self.ready,
                self.customers[start + rows],
                self.contacts[start + rows],
                np.array([eligible[place] for place in drawn], np.bool_),
                np.array([self.rows[start + place].asked.seed for place in drawn], np.uint64),
            )
            for place, vector in zip(drawn, vectors.probabilities.tolist(), strict=True):
                found[place] = vector
        return found

    def _chosen(self, row: _Row, reasons: list[str], vector: Sequence[int]) -> _Choice:
        if row.arm in {"nothing", "same_for_all"}:
            reasons = [
                HELD_BACK if not why and not share else why
                for why, share in zip(reasons, vector, strict=True)
            ]
        return _Choice(fallen_on(vector, row.asked.draw), vector, reasons)

    def _taken(self, choices: Sequence[_Choice]) -> dict[str, tuple[int, int]]:
        """What the choices take together: {what: (amount, limit)}."""
        taken: dict[str, tuple[int, int]] = {}
        for one in choices:
            for what, amount in self.ready.uses[one.place].items():
                name = self._name(what)
                taken[name] = (taken.get(name, (0, 0))[0] + amount, self.ready.limits[what])
        return taken

    def _one_by_one(self) -> list[_Choice]:
        """Another took something in between: each in turn, and made anew where what it chose is gone."""
        choices: list[_Choice] = []
        for place, row in enumerate(self.rows):
            lost: dict[int, str] = {}
            while True:
                reasons = self._reasons(row, self._left())
                for gone, why in lost.items():
                    reasons[gone] = reasons[gone] or why
                one = self._chosen(row, reasons, self._vector_of(place, reasons))
                taken = self._taken([one])
                if not taken or self.store.reserve(self.ready.programme.key, taken):
                    break
                lost[one.place] = _LOST.get(self._scarcest(one.place), "no_stock")
            choices.append(one)
        return choices

    def _scarcest(self, place: int) -> str:
        """Of what a treatment uses, that of which there is least now, counted in how often it is enough."""
        left = self._left()
        return min(self.ready.uses[place].items(), key=lambda one: left[one[0]] / one[1])[0]

    def _vector_of(self, place: int, reasons: Sequence[str]) -> list[int]:
        return self._vectors(place, [reasons])[0]

    def _decision(self, row: _Row, one: _Choice) -> Decision:
        asked, known, programme = row.asked, row.known, self.ready.programme
        treatment = programme.treatments[one.place]
        reserved = self.ready.uses[one.place].get(BUDGET, 0)
        return Decision(
            id=asked.id,
            customer=asked.customer,
            unit=known.unit,
            programme=programme.key,
            version=programme.version,
            model=self.ready.model,
            prices=self.ready.prices,
            at=self.now,
            matures_at=self.now + timedelta(days=programme.goal.days),
            touchpoint=asked.touchpoint,
            moment=asked.moment,
            arm=row.arm,
            facts=known.facts,
            contacts=known.recent,
            candidates=self._candidates(one),
            seed=asked.seed,
            draw=asked.draw,
            treatment=treatment.key,
            probability=one.probabilities[one.place],
            reserved=reserved,
            purpose=known.purpose,
            by_person=row.person,
        )

    def _candidates(self, one: _Choice) -> tuple[Candidate, ...]:
        """The candidates; most stand as others did before, so they are made once."""
        kept = self.ready.kept
        if len(kept) > _MOST_KEPT:
            kept.clear()
        found = []
        for key in zip(self.ready.keys, one.reasons, one.probabilities, strict=True):
            candidate = kept.get(key)
            if candidate is None:
                candidate = kept[key] = Candidate(*key)
            found.append(candidate)
        return tuple(found)

    def _contact(self, row: _Row, one: _Choice) -> NewEntry:
        """The contact that a treatment is: so caps and timelines see it."""
        programme = self.ready.programme
        return NewEntry(
            row.asked.customer,
            Interaction(
                source=SOURCE,
                kind="contact",
                record=row.asked.id,
                identifiers=(),
                household=None,
                account=None,
                at=self.now,
                touchpoint=self.serving.touchpoints.by_key[row.asked.touchpoint],
                component=None,
                module=None,
                more_choices=(),
                count=1,
                amount=None,
                cost=None,
                statement=None,
                stance=None,
                learns=False,
            ),
            0,
            (programme.purpose,),
            self.now,
        )

"""Explain: why this treatment, in money: what spoke for it, the runner-up, what bound, how sure it is.

All figures are what the model of the record believed when it decided, made again from the record alone. Money
is in the company's minor units; words stand in `programme/wording.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.choose import charges, policy
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.encode import encoded
from trato.customize.programme.features import phi
from trato.customize.replay import may_be_given
from trato.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.customize.programme.decision import Decision
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.ready import Ready

    Array = NDArray[np.float64]

_NEVER_TOLD = frozenset({"not_permitted", "not_running"})
Z = 1.6449  # the normal quantile of a 90 % interval


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing adds to a treatment's net worth, in minor units.

    `of` is *everybody* (what it does for anybody), a fact's name (`value` is what was known), *lever*,
    *cost*, *fatigue* or *price* (`value` is what it is the price of). They sum to a treatment's net worth.
    """

    of: str
    money: float
    value: Fact = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """One candidate: why it fell out ("" if it did not), its probability, and its net worth with its 90 %
    interval; None for one that may not be weighed.
    """

    treatment: str
    reason: str
    probability: float
    worth: Interval | None


@dataclass(frozen=True, slots=True)
class Bound:
    """A rule, or a price, without which another treatment would have been best: which, and by how much."""

    by: str
    treatment: str
    money: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a decision came out so.

    `parts` are those of the treatment given, the greatest first, none for *nothing*.
    `runner_up` is the best of all others that could be given, and `margin` by how much less it is worth
    (below zero where the treatment given was explored). `explored` says that another was likelier.
    `evidence` is how many outcomes the model had learned, 0 for what was declared. `lever` multiplied the
    treatment's worth, 1 for none; `without_levers` is what would have been likeliest without any, None where
    that is the same.
    """

    decision: Decision
    ready: Ready
    parts: tuple[Part, ...]
    runner_up: str | None
    margin: float
    bound: tuple[Bound, ...]
    explored: bool
    evidence: int
    lever: float
    without_levers: str | None
    _sums: _Sums = field(repr=False)

    @property
    def candidates(self) -> tuple[Weighed, ...]:
        """All candidates in the programme's order."""
        worths = self._sums.worths(range(len(self.ready.keys)))
        return tuple(
            Weighed(
                one.treatment,
                one.reason,
                one.probability / WHOLE,
                worth if self.decision.purpose and one.reason != "not_permitted" else None,
            )
            for one, worth in zip(self.decision.candidates, worths, strict=True)
        )

    @property
    def given(self) -> Interval | None:
        """What the treatment given is worth, with its 90 % interval; None where it may not be weighed."""
        if not self.decision.purpose:
            return None
        return self._sums.worths([self.ready.place[self.decision.treatment]])[0]


def explain(decision: Decision, ready: Ready) -> Explanation:
    """Explain a decision by what it was made with (`Serving.ready` of the versions in its record).

    It tells of the customer what the record holds and nothing else: facts that were read under a permit.
    Raises ValueError where the record is of another programme.
    """
    if tuple(one.treatment for one in decision.candidates) != ready.keys:
        raise ValueError("the record and what it is explained by are of different declarations")
    sums = _Sums.of(decision, ready)
    may = np.array(may_be_given(decision))
    place = ready.place[decision.treatment]
    weighable = bool(decision.purpose)
    others = np.where(may, sums.net, -np.inf)
    best = int(others.argmax())
    others[place] = -np.inf
    second = int(others.argmax()) if others.max() > -np.inf else None
    likeliest = max([one.probability for one in decision.candidates])
    return Explanation(
        decision=decision,
        ready=ready,
        parts=tuple(sums.parts(place)) if place else (),
        runner_up=None if second is None else ready.keys[second],
        margin=0.0 if second is None else float(sums.net[place] - sums.net[second]),
        bound=tuple(_bounds(decision, ready, sums, may, best)) if weighable else (),
        explored=decision.arm == "policy" and decision.probability < likeliest,
        evidence=ready.posterior.evidence,
        lever=ready.programme.treatments[place].lever,
        without_levers=_without_levers(decision, ready, may),
        _sums=sums,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """What all treatments are worth to the customer of a record: arrays (K,) or, of features, (K, D)."""

    ready: Ready
    facts: Mapping[str, Fact]
    contacts: int
    features: NDArray[np.float32]
    incremental: Array
    charge: Array
    net: Array

    @classmethod
    def of(cls, decision: Decision, ready: Ready) -> _Sums:
        x = encoded(ready.programme.features, [decision.facts])
        charge = charges(ready, x, np.array([decision.contacts], np.int64))[0]
        features = phi(ready.layout, x[0], ready.modules)
        incremental = features.astype(np.float64) @ ready.mean
        net = ready.worth * incremental - charge
        return cls(ready, decision.facts, decision.contacts, features, incremental, charge, net)

    def worths(self, places: Sequence[int]) -> list[Interval]:
        """The net worths of the treatments at these places."""
        some = list(places)
        turned = self.features[some] @ self.ready.root
        spread = Z * np.abs(self.ready.worth[some]) * np.sqrt((turned * turned).sum(axis=1))
        return [
            Interval(mean, mean - each, mean + each)
            for mean, each in zip(self.net[some].tolist(), spread.tolist(), strict=True)
        ]

    def parts(self, place: int) -> list[Part]:
        """What each thing adds to a treatment's net worth, the greatest first; they sum to it."""
        ready = self.ready
        treatment = ready.programme.treatments[place]
        value = treatment.value if ready.programme.goal.outcome == "taken" else 1.0
        added: dict[str, float] = {}
        products = self.features[place].astype(np.float64) * ready.mean
        for at in np.flatnonzero(products).tolist():
            of = ready.groups[at]
            added[of] = added.get(of, 0.0) + value * float(products[at])
        found = [Part(of, money, self.facts.get(of)) for of, money in added.items() if money]
        incremental = float(self.incremental[place])
        found.append(Part("lever", (treatment.lever - 1.0) * value * incremental))
        paid = (value * treatment.lever - float(ready.worth[place])) * incremental
        prices = [
            Part("price", -amount * ready.price_of.get(what, 0.0), what)
            for what, amount in ready.uses[place].items()
        ]
        contacts = -float(ready.fatigue[place]) * self.contacts
        rest = -float(self.charge[place]) - contacts - sum(one.money for one in prices)
        found += [*prices, Part("fatigue", contacts, float(self.contacts)), Part("cost", rest - paid)]
        return sorted((one for one in found if one.money), key=lambda one: (-abs(one.money), one.of))

    def without_price(self, what: str) -> Array:
        """What treatments would be worth if one thing had no price."""
        uses = np.array([uses.get(what, 0) for uses in self.ready.uses], np.float64)
        unpriced: Array = self.net + uses * self.ready.price_of.get(what, 0.0)
        return unpriced


def _bounds(
    decision: Decision, ready: Ready, sums: _Sums, may: NDArray[np.bool_], best: int
) -> Iterator[Bound]:
    """The rules and prices without which another treatment than the best would have been best."""
    by_rule: dict[str, int] = {}
    for k in np.flatnonzero(~may & (sums.net > sums.net[best])).tolist():
        reason = decision.candidates[k].reason
        if reason not in _NEVER_TOLD and (reason not in by_rule or sums.net[k] > sums.net[by_rule[reason]]):
            by_rule[reason] = k
    for reason, k in by_rule.items():
        yield Bound(reason, ready.keys[k], float(sums.net[k] - sums.net[best]))
    for what in sorted(ready.price_of):
        free = sums.without_price(what)
        other = int(np.where(may, free, -np.inf).argmax())
        if other != best and free[other] > free[best]:
            yield Bound(f"price of {what}", ready.keys[other], float(free[other] - free[best]))


def _without_levers(decision: Decision, ready: Ready, may: NDArray[np.bool_]) -> str | None:
    """What would have been likeliest without levers; None where it is what was likeliest with them."""
    levered = any(one.lever != 1.0 for one in ready.programme.treatments)
    if not levered or decision.arm != "policy" or decision.by_person is not None or may.sum() == 1:
        return None
    drawn = policy(
        ready,
        encoded(ready.programme.features, [decision.facts]),
        np.array([decision.contacts], np.int64),
        may[None, :],
        np.array([decision.seed], np.uint64),
        levers=False,
    )
    would = ready.keys[int(drawn.probabilities[0].argmax())]
    is_ = max(decision.candidates, key=lambda one: one.probability).treatment
    return None if would == is_ else would

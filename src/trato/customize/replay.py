"""Replay: a decision made again from its record, and whether it comes out the same, bit for bit.

The record holds the facts, the versions, the seed and the draw. Features, what conditions say, the vector and
the choice follow from these alone; whatever was served or learned since changes nothing. What followed from
the world at that moment (a statement, what was left, a permission) is in the record as its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.choose import by_arm, by_person, fallen_on, policy
from trato.customize.programme.decision import ELIGIBLE
from trato.customize.programme.encode import encoded
from trato.customize.programme.facts import Facts
from trato.customize.programme.filters import HELD_BACK, RULES, by_conditions
from trato.customize.programme.ready import BUDGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trato.customize.models import ModelStore
    from trato.customize.programme.decision import Decision
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.serving import Serving

_CONDITIONS = frozenset({"not_eligible", "unknown"})


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it was logged: `what` (`probability of TREATMENT` …), as logged and as made again."""

    what: str
    logged: str
    made: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision made again: whether all is the same, what is not, and the probabilities in 2**-32 (K,)."""

    same: bool
    differences: tuple[Difference, ...]
    probabilities: tuple[int, ...]


def replayed(store: ModelStore, decision: Decision, *, serving: Serving) -> Replayed:
    """Make a decision again from its record, with the versions that it names.

    Raises StorageUnavailable where one of the versions is not kept.
    """
    return replayed_with(serving.ready(store, decision.version, decision.model, decision.prices), decision)


def replayed_with(ready: Ready, decision: Decision) -> Replayed:
    """The same with what was made ready by the versions that the record names."""
    logged = tuple(one.treatment for one in decision.candidates)
    if logged != ready.keys:
        wrong = Difference("candidates", ", ".join(logged), ", ".join(ready.keys))
        return Replayed(False, (wrong,), ())
    probabilities = _probabilities(ready, decision)
    differences = tuple(_differences(ready, decision, probabilities))
    return Replayed(not differences, differences, tuple(probabilities))


def may_be_given(decision: Decision) -> list[bool]:
    """Which candidates nothing ruled out, those among them that the hold-out held back: (K,)."""
    return [one.reason in {ELIGIBLE, HELD_BACK} for one in decision.candidates]


def _probabilities(ready: Ready, decision: Decision) -> list[int]:
    eligible = may_be_given(decision)
    if decision.by_person is not None:
        return by_person(ready, decision.by_person, eligible)
    if decision.arm != "policy":
        return by_arm(ready, decision.arm, eligible)
    if sum(eligible) == 1:
        return by_arm(ready, "nothing", eligible)
    found: list[int] = (
        policy(
            ready,
            encoded(ready.programme.features, [decision.facts]),
            np.array([decision.contacts], np.int64),
            np.array([eligible], np.bool_),
            np.array([decision.seed], np.uint64),
        )
        .probabilities[0]
        .tolist()
    )
    return found


def _differences(ready: Ready, decision: Decision, made: Sequence[int]) -> Iterator[Difference]:
    for one, conditions in zip(decision.candidates, by_conditions(ready, Facts(decision.facts)), strict=True):
        if _asked_conditions(one.reason) and (one.reason if one.reason in _CONDITIONS else "") != conditions:
            yield Difference(f"condition of {one.treatment}", one.reason, conditions)
    for one, probability in zip(decision.candidates, made, strict=True):
        if one.probability != probability:
            yield Difference(f"probability of {one.treatment}", str(one.probability), str(probability))
    place = fallen_on(made, decision.draw)
    treatment = ready.programme.treatments[place]
    programme = ready.programme
    for what, logged, again in (
        ("treatment", decision.treatment, treatment.key),
        ("probability", decision.probability, made[place]),
        ("reserved", decision.reserved, ready.uses[place].get(BUDGET, 0)),
        ("programme", decision.programme, programme.key),
        ("matures_at", decision.matures_at, decision.at + timedelta(days=programme.goal.days)),
    ):
        if logged != again:
            yield Difference(what, str(logged), str(again))


def _asked_conditions(reason: str) -> bool:
    """Whether conditions decided, or had nothing against it: no rule before them gave its reason."""
    for name, _ in RULES:
        if name in _CONDITIONS:
            return True
        if name == reason:
            return False
    return True

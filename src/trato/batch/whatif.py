"""A programme rehearsed before it is launched: on the customers as they are today, with nothing written.

Every customer who permits it is looked at as a decision would look at them, and then all of them at once:
who would get what within stock, capacity and budget, what that costs, which of these bind, and how that falls
on the groups that the programme watches.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import numpy as np

from trato.customize.decide import decide
from trato.customize.programme.choose import policy
from trato.customize.programme.decision import WHOLE, Asked, DecisionId
from trato.customize.programme.encode import encoded
from trato.measure.rehearse import Rehearsed, rehearse
from trato.permission.permit import everyone_permitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.decide import Decided, Serving
    from trato.customize.programme.store import DecidingStore, ServedProgramme
    from trato.customize.programme.treatments import Programme
    from trato.customize.programme.vector import Drawn
    from trato.measure.rehearse import Rehearsal

T = TypeVar("T")

AT_ONCE = 500
SCARCE = frozenset({"no_stock", "no_budget", "no_capacity"})  # what the rehearsal hands out itself
UNKNOWN = "unknown"


class ReadingDoor(Protocol):
    """An open store."""

    def read(self, work: Callable[[DecidingStore], T], /) -> T:
        """What `work` returns, from one moment of the store."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a programme would do today.

    `customers` permit its purpose; `ruled_out` says how often each reason took a treatment from one of them,
    by treatment. `by_policy` is how many would get each treatment if the programme began with what it
    believes now, trying out included, before stock, capacity and budget. `model` is the version that values
    are expected by, "" for what is declared alone.
    """

    programme: str
    customers: int
    model: str
    ruled_out: Mapping[str, Mapping[str, int]]
    by_policy: Mapping[str, float]
    rehearsal: Rehearsal


def what_if(
    store: ReadingDoor,
    programme: Programme,
    *,
    serving: Serving,
    now: datetime,
    tell: Callable[[int], None] = lambda _: None,
) -> WhatIf:
    """Rehearse a programme on all customers who permit its purpose. Nothing is written.

    Budget, stock and one day's capacity are as they are declared: a launch begins with all of it. `tell`
    hears how many customers were looked at. Raises UnknownProgramme and StorageUnavailable.
    """
    purpose = serving.purposes.named(programme.purpose)
    everyone = sorted(store.read(lambda it: everyone_permitted(it, purpose, now=now)))
    looks: list[_Looks] = []
    rest, seen, model = iter(everyone), 0, ""
    while some := list(islice(rest, AT_ONCE)):
        looks.append(store.read(lambda it, some=some: _look(it, programme, some, serving, now)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        seen, model = seen + len(some), looks[-1].model
        tell(seen)
    names = tuple(one.key for one in programme.treatments[1:])
    whole = Rehearsed(
        names=names,
        eligible=np.concatenate([one.eligible for one in looks] or [np.zeros((0, len(names)), np.bool_)]),
        predicted=np.concatenate([one.predicted for one in looks] or [np.zeros((0, len(names)))]),
        cost=np.array([one.most_cost for one in programme.treatments[1:]], np.int64),
        groups={fact: [label for one in looks for label in one.groups[fact]] for fact in programme.fairness},
    )
    ruled_out: dict[str, Counter[str]] = {name: Counter() for name in names}
    for one in looks:
        for name, counted in one.ruled_out.items():
            ruled_out[name].update(counted)
    return WhatIf(
        programme.key,
        len(everyone),
        model,
        {name: dict(counted.most_common()) for name, counted in ruled_out.items()},
        {name: sum(float(one.given[place]) for one in looks) for place, name in enumerate(names)},
        rehearse(
            whole,
            caps={one.key: one.stock for one in programme.treatments[1:] if one.stock is not None},
            budget=programme.budget,
            most=programme.capacity,
        ),
    )


class _AsDeclared:
    """A store in which nothing is served yet, so that a programme is looked at as it is declared."""

    def __init__(self, store: DecidingStore, model: ServedProgramme | None) -> None:
        self._store = store
        self._served = {} if model is None else {model.programme: model}

    def served_programmes(self) -> Mapping[str, ServedProgramme]:
        """What is served of the declaration that is rehearsed, if it is."""
        return self._served

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass(frozen=True, slots=True)
class _Looks:
    """What was seen of some customers, without *nothing*: (n, K), and `given` (K,) summed over them."""

    model: str
    eligible: NDArray[np.bool_]
    predicted: NDArray[np.float64]
    given: NDArray[np.float64]
    groups: Mapping[str, Sequence[str]]
    ruled_out: Mapping[str, Counter[str]]


def _look(
    it: DecidingStore,
    programme: Programme,
    customers: Sequence[CustomerId],
    serving: Serving,
    now: datetime,
) -> _Looks:
    asked = [
        Asked(
            DecisionId(f"look {place}"),
            customer,
            programme.key,
            programme.touchpoints[0],
            0,
            0,
            moment=programme.moment.starts,
        )
        for place, customer in enumerate(customers)
    ]
    served = it.served_programmes().get(programme.key)
    same = served if served is not None and served.version == programme.version else None
    as_declared = cast("DecidingStore", _AsDeclared(it, same))
    found = decide(as_declared, asked, serving=serving, now=now, only_look=True)
    may = np.array([[_may(one.reason) for one in each.decision.candidates] for each in found], np.bool_)
    ruled_out: dict[str, Counter[str]] = {}
    for each in found:
        for one in each.decision.candidates[1:]:
            counted = ruled_out.setdefault(one.treatment, Counter())
            if not _may(one.reason):
                counted[one.reason] += 1
    drawn = _drawn(it, found, may, serving)
    return _Looks(
        model=found[0].ready.model,
        eligible=may[:, 1:],
        predicted=np.where(may, drawn.expected, 0.0)[:, 1:]
        + np.array([one.most_cost for one in programme.treatments[1:]]),
        given=drawn.probabilities.sum(axis=0, dtype=np.float64)[1:] / WHOLE,
        groups={
            fact: [_label(each.decision.facts.get(fact)) for each in found] for fact in programme.fairness
        },
        ruled_out=ruled_out,
    )


def _may(reason: str) -> bool:
    """Whether a treatment may be given but for what is scarce, or for a hold-out that a launch would have."""
    return not reason or reason in SCARCE or reason == "held_back"


def _drawn(it: DecidingStore, found: Sequence[Decided], may: NDArray[np.bool_], serving: Serving) -> Drawn:
    """The policy's vectors and expectations, without prices of what is scarce: (n, K)."""
    ready = found[0].ready
    bare = serving.ready(it, ready.programme.version, ready.model, "")
    return policy(
        bare,
        encoded(bare.programme.features, [one.decision.facts for one in found]),
        np.array([one.decision.contacts for one in found], np.int64),
        may,
        np.arange(len(found), dtype=np.uint64),
    )


def _label(fact: float | str | None) -> str:
    """The group of a fact: its word, or its number as it stands."""
    if fact is None:
        return UNKNOWN
    return fact if isinstance(fact, str) else f"{fact:g}"

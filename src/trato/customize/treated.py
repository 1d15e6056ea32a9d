"""What knowing a customer is worth in the company's programmes: what a stranger would give them, and we do.

In each programme, of the treatments that may be given to the customer now, the expected net of the best one
by what is known of them, minus that of the one that would be given if nothing were. Both nets are by what is
known, so the difference is never below zero. What the moment says (a weekday, a touchpoint) a stranger knows
as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.decide import look_at
from trato.customize.programme.choose import policy
from trato.customize.programme.encode import encoded
from trato.customize.programme.facts import is_believed
from trato.customize.programme.treatments import NOTHING
from trato.customize.relationship import treatment_gain
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.decide import Decided
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.serving import Serving
    from trato.customize.programme.store import LearningStore

YEAR = timedelta(days=365)
MOST_DECISIONS = 500
# Not the customer's: what anybody would know who met them there and then.
_OF_THE_MOMENT = frozenset({"touchpoint", "channel", "weekday", "hour", "moment", "context"})


@dataclass(frozen=True, slots=True)
class Treated:
    """What knowing a customer gains in a programme: `gain` in one decision, in minor units, by giving `ours`
    in the place of `as_all`; `decisions` were made about them in the last year, and `value` is that often
    the gain. Both are 0 where nothing but *nothing* may be given. `purpose` is the one under which it was
    read.
    """

    programme: str
    purpose: str
    ours: str
    as_all: str
    gain: float
    decisions: int

    @property
    def value(self) -> float:
        """What it gains in a year, in minor units."""
        return self.gain * self.decisions


def treated(
    store: LearningStore, customer: CustomerId, *, serving: Serving, now: datetime
) -> tuple[Treated, ...]:
    """What knowing a customer gains in each programme that may know them; nothing is written.

    Raises UnknownCustomer, and StorageUnavailable.
    """
    made = _made(store, customer, serving, now)
    looks = look_at(store, customer, serving=serving, now=now)
    return tuple(_treated(one, made.get(one.decision.programme, 0)) for one in looks if one.decision.purpose)


def _treated(look: Decided, decisions: int) -> Treated:
    ready, decision = look.ready, look.decision
    stranger = {name: fact for name, fact in decision.facts.items() if not is_customers(name)}
    may = np.array([not one.reason for one in decision.candidates])
    known, unknown = (_nets(look, facts)[may] for facts in (decision.facts, stranger))
    keys = [key for key, yes in zip(ready.keys, may.tolist(), strict=True) if yes]
    return Treated(
        programme=decision.programme,
        purpose=decision.purpose,
        ours=keys[int(known.argmax())] if keys else NOTHING,
        as_all=keys[int(unknown.argmax())] if keys else NOTHING,
        gain=treatment_gain(known, unknown) if keys else 0.0,
        decisions=decisions,
    )


def is_customers(name: str) -> bool:
    """Whether a fact is of the customer, and not of the moment."""
    return is_believed(name) or name.split(".", maxsplit=1)[0] not in _OF_THE_MOMENT


def _nets(look: Decided, facts: Mapping[str, Fact]) -> NDArray[np.float64]:
    """The expected net of each treatment (K,), in minor units."""
    ready = look.ready
    contacts = np.array([look.decision.contacts], np.int64)
    everything = np.ones((1, len(ready.keys)), np.bool_)
    customers = encoded(ready.programme.features, [facts])
    drawn = policy(ready, customers, contacts, everything, np.zeros(1, np.uint64))
    nets: NDArray[np.float64] = drawn.expected[0]
    return nets


def _made(store: LearningStore, customer: CustomerId, serving: Serving, now: datetime) -> dict[str, int]:
    """How many decisions were made about a customer in the last year, by programme, as far as one may see."""
    found: dict[str, int] = {}
    programmes = list(serving.programmes)
    purposes = dict.fromkeys(key for one in programmes for key in (one.believes, one.purpose) if key)
    for key in purposes:
        permit = read_permits(store, serving.purposes.named(key), [customer], now=now).get(customer)
        if permit is None:
            continue
        for decision in store.decisions_of(permit, limit=MOST_DECISIONS):
            if decision.at > now - YEAR:
                found[decision.programme] = found.get(decision.programme, 0) + 1
    return found

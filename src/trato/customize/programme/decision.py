"""A decision: its record with probability and reasons, as it is logged, replayed and explained.

The record holds all that the choice was made of: the facts (not what was made of them), why each candidate
fell out, the versions of programme, model and prices, the seed of the draws, the probabilities as whole
numbers that sum to 2**32, and the whole number by which the treatment was drawn. Features, scores and
probabilities are pure functions of these, so a decision can be replayed bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.treatments import Arm

DecisionId = NewType("DecisionId", str)

WHOLE = 1 << 32
ELIGIBLE = ""  # the reason code of a candidate that nothing filtered out


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that is asked for: of whom, by which programme, where, why now.

    `context` are facts of the visit or the call (`context.NAME`). `choice` is a person's choice where a
    person conducts the programme. `seed` (64 bits) and `draw` (32 bits) are drawn by the caller, and so is
    `id`, a UUIDv7.
    """

    id: DecisionId
    customer: CustomerId
    programme: str
    touchpoint: str
    seed: int
    draw: int
    moment: str = "request"
    context: Mapping[str, Fact] = field(default_factory=dict)
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One treatment of the programme as it stood: why it fell out ("" if it did not), and its probability
    in units of 2**-32 (0 for what fell out).
    """

    treatment: str
    reason: str
    probability: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it is logged. `at` in UTC; `matures_at` is when its outcome's window closes.

    `unit` is the unit's word (`person:ID`, `household:…`), kept as a keyed hash. `facts` are those that the
    programme's conditions, features and fairness use, by name. `contacts` (of the last 30 days) price the
    fatigue. `reserved` is what was set aside of the budget, in minor units. `by_person` tells the choice of
    the person who conducts a trial, "" where nobody chose and the same for all stood for it, None for the
    system's. `purpose` is the one under which the facts were
    read, and under which it may be read again: the profiling purpose where that is permitted, else
    the programme's own; "" where neither is: then there are no facts, and it is logged as nobody's.
    """

    id: DecisionId
    customer: CustomerId
    unit: str
    programme: str
    version: str
    model: str
    prices: str
    at: datetime
    matures_at: datetime
    touchpoint: str
    moment: str
    arm: Arm
    facts: Mapping[str, Fact]
    contacts: int
    candidates: tuple[Candidate, ...]
    seed: int
    draw: int
    treatment: str
    probability: int
    reserved: int
    purpose: str
    by_person: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision: `taken` and the money it brought (minor units; 0 where the goal is `taken`).

    `record` names it at its source, the same each time it arrives: it counts once.
    """

    decision: DecisionId
    record: str
    at: datetime
    received_at: datetime
    taken: bool
    amount: int


@dataclass(frozen=True, slots=True)
class Taught:
    """A matured decision and what came of it in its window: what learning reads.

    Where the goal is found in the log, one that does not open an episode (`opens`) shares what came with the
    one that does, and teaches nothing.
    """

    decision: Decision
    taken: bool
    amount: int
    opens: bool = True


@dataclass(frozen=True, slots=True)
class Anonymous:
    """What is kept of every decision, and alone of the forgotten: nothing that says whose it was.

    `unit` is a keyed hash, the same for all decisions of a unit in a programme, or b"" of the forgotten.
    `unread` are those of which nobody knows what came: they could not be read when that was looked for.
    """

    position: int
    programme: str
    version: str
    arm: Arm
    treatment: str
    probability: int
    at: datetime
    matures_at: datetime
    unit: bytes
    taken: bool
    amount: int
    unread: bool = False

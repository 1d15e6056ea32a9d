"""Programmes and their treatments: what a company may give whom, where and when, to what end and cost.

A treatment is a (partial) configuration of the offer, given at a moment on a touchpoint. "Nothing" is always
among a programme's treatments, and one of the others is the same for all. Treatments are for groups in ways
that matter to the individual; none is made up for one person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from trato.customize.programme.eligibility import Condition

Language = Literal["en", "es", "pt"]
Words: TypeAlias = "Mapping[Language, str]"

Arm = Literal["policy", "nothing", "same_for_all", "random"]
ARMS: tuple[Arm, ...] = get_args(Arm)

Starts = Literal["request", "arrives", "runs_out", "falls_due", "promise_due"]
STARTS: tuple[Starts, ...] = get_args(Starts)

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Treatment:
    """One thing that may be given.

    Money is in minor units: `value` is what one success brings before costs, `cost` is paid when it is given
    and `cost_taken` when it is taken. `configuration` says the module of each component that it sets;
    `attributes` are numbers that tell treatments apart (a price, a length). `stock` is how many there are,
    None for no end. `lever` multiplies its expected value by a manager's wish; 1 is none. `prior_rate` is the
    outcome (a rate, or money where the goal is money) that is expected of it before any evidence, None for
    that of the programme; `prior_weight` is how many outcomes that is worth.
    """

    key: str
    label: Words
    says: Words
    configuration: Mapping[str, str]
    attributes: Mapping[str, float]
    value: int
    cost: int
    cost_taken: int
    eligible: Condition | None = None
    stock: int | None = None
    lever: float = 1.0
    prior_rate: float | None = None
    prior_weight: float = 10.0

    @property
    def most_cost(self) -> int:
        """What it may come to cost, in minor units: this much is set aside when it is given."""
        return self.cost + self.cost_taken


NO_TREATMENT = Treatment(
    NOTHING, {"en": "nothing", "es": "nada", "pt": "nada"}, {}, {}, {}, value=0, cost=0, cost_taken=0
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What starts a decision: a request; a module that arrives and fits; a supply of `component` that runs
    out; a service of `component` that falls due every `days`; a promise that falls due within `days`.

    `least` is the least share or weight that fits (for `arrives`).
    """

    starts: Starts
    component: str | None = None
    days: int = 0
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to come of a treatment within `days`: `taken` (yes or no, worth the treatment's value) or
    `money` (an amount in minor units, which is its own value).

    `source` says how it is known: `reported` by decision id, or by an interaction of that kind (`purchase` …)
    of the customer behind the decision, with `component` (and `module`) where one is given. `value` is what
    the verdict counts one success for, in minor units, whatever was given; None for what treatments say.
    `arrives_within` so many days of the window's end, all that happened in it has been told.
    """

    outcome: Literal["taken", "money"]
    days: float
    source: str = "reported"
    component: str | None = None
    module: str | None = None
    value: int | None = None
    arrives_within: float = 0.0

    @property
    def is_reported(self) -> bool:
        """Whether what came of a decision is reported by its id, and not looked up in the log."""
        return self.source == "reported"

    @property
    def grace(self) -> timedelta:
        """How long after a window's end it is waited for what happened in it."""
        return timedelta(days=self.arrives_within)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `contacts` contacts of a customer within `days`, by this programme's purpose, on any touchpoint
    or, where `channel` is given, on that channel alone.
    """

    contacts: int
    days: int
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Holdouts:
    """Shares of units, sticky by salted hash, that get nothing, the same for all, or one drawn uniformly
    among the eligible; all others get the policy.
    """

    nothing: float = 0.05
    same_for_all: float = 0.05
    random: float = 0.05

    def shares(self) -> dict[Arm, float]:
        """The share of each arm; they sum to one."""
        rest = 1.0 - self.nothing - self.same_for_all - self.random
        return {
            "policy": rest,
            "nothing": self.nothing,
            "same_for_all": self.same_for_all,
            "random": self.random,
        }


@dataclass(frozen=True, slots=True)
class Feature:
    """A fact that the model learns from: one column for each of its `levels`, or where it has none its number
    over `scale` (money by the logarithm of one plus it). Its columns are 0 where it is unknown.
    """

    name: str
    levels: tuple[str, ...] = ()
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Programme:
    """A set of treatments with a goal, capacity, budget and hold-outs.

    `purpose` is why customers may be contacted, `believes` the profiling purpose under which value and belief
    are read (None: nothing personal is used). `treatments` begins with "nothing". `budget` is in minor units
    over the programme's time, `capacity` the most treatments other than nothing a day. `fatigue` is the price
    of each contact within the last 30 days, in minor units. `explore` is the share of uniform exploration.
    `conducted` by a person: a person chooses, but for the share `explore`, until its verdict allows more.
    `features` are what the model learns from; `fairness` those whose groups are watched. `noise` is
    the prior variance of one outcome. `version` is the digest of what is declared.
    """

    key: str
    label: Words
    purpose: str
    believes: str | None
    touchpoints: tuple[str, ...]
    moment: Moment
    goal: Goal
    treatments: tuple[Treatment, ...]
    same_for_all: str
    eligible: Condition | None = None
    caps: tuple[Cap, ...] = ()
    fatigue: int = 0
    budget: int | None = None
    capacity: int | None = None
    explore: float = 0.1
    holdouts: Holdouts = Holdouts()
    conducted: Literal["system", "person"] = "system"
    features: tuple[Feature, ...] = ()
    fairness: tuple[str, ...] = ()
    prior_rate: float = 0.02
    noise: float | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    version: str = ""
    document: str = field(default="", repr=False)

    def treatment(self, key: str) -> Treatment:
        """The treatment of that key. Raises KeyError."""
        return next(one for one in self.treatments if one.key == key)

    def place(self, key: str) -> int:
        """The place of a treatment among the programme's, from 0. Raises ValueError."""
        return [one.key for one in self.treatments].index(key)


@dataclass(frozen=True, slots=True)
class Programmes:
    """All programmes of a company, by key, in the order in which they are declared."""

    by_key: Mapping[str, Programme]

    def __iter__(self) -> Iterator[Programme]:
        return iter(self.by_key.values())

    def __len__(self) -> int:
        return len(self.by_key)


NO_PROGRAMMES = Programmes({})

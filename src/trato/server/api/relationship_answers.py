"""What is answered of what knowing customers is worth, and of what interactions teach."""

from datetime import datetime
from typing import Any

from pydantic import Field

from trato.server.api.answers import Answer
from trato.server.api.door import ID, example

_GUESS = {
    "component": "bread",
    "module": "rye",
    "as_all_module": "wheat",
    "chosen": 6,
    "right": 0.7,
    "as_all": 0.2,
}
_TREATED = {
    "programme": "loaves",
    "ours": "rye",
    "as_all": "wheat",
    "gain": 18.5,
    "decisions": 12,
    "value": 222.0,
}
_TAUGHT = {
    "touchpoint": "till",
    "interactions": 6,
    "telling": 6,
    "information": 1.4,
    "certainty": 0.6,
    "cost": 300,
    "cost_of_a_nat": 214.3,
}
OF_ONE: dict[str, Any] = example(
    customer=ID,
    at="2026-03-01T12:00:00Z",
    currency="EUR",
    minor_units=2,
    under=["advice"],
    gain=0.5,
    value=4100.0,
    expected_value=8200.0,
    horizon_days=365,
    evidence=6,
    guesses=[_GUESS],
    trend=[{"month": "2026-02", "gain": 0.4, "value": 3280.0}],
    treatments=[_TREATED],
    interactions=[_TAUGHT],
)
OF_ALL: dict[str, Any] = example(
    at="2026-03-01T12:00:00Z",
    currency="EUR",
    minor_units=2,
    purpose="advice",
    customers=412,
    sampled=100,
    value={"mean": 812000.0, "low": 640000.0, "high": 984000.0},
    gain={"mean": 0.21, "low": 0.17, "high": 0.25},
    trend=[{"month": "2026-02", "value": 640000.0}],
    interactions=[_TAUGHT],
)


class Guess(Answer):
    """A component: our likeliest module and that of all, and how likely each is their next choice."""

    component: str
    module: str
    as_all_module: str
    chosen: int
    right: float
    as_all: float


class MonthsWorth(Answer):
    """What knowing them was worth at the end of a month, or today."""

    month: str
    gain: float
    value: float | None = None


class Treated(Answer):
    """A programme: what we would give, and what a stranger would; what the difference brings."""

    programme: str
    ours: str
    as_all: str
    gain: float = Field(description="In one decision, in minor units.")
    decisions: int = Field(description="About them in the last year.")
    value: float = Field(description="In a year, in minor units.")


class Taught(Answer):
    """What interactions at a touchpoint taught, in nats, and what they cost, in minor units."""

    touchpoint: str
    interactions: int
    telling: int
    information: float
    certainty: float
    cost: int | None = None
    cost_of_a_nat: float | None = None


class Relationship(Answer):
    """What knowing a customer is worth; `gain` is null where none is learned, or they do not permit it."""

    customer: str
    at: datetime
    currency: str
    minor_units: int
    under: list[str] = Field(description="The purposes under which it was read.")
    gain: float | None = Field(None, description="The share of their choices that only we guess.")
    value: float | None = Field(None, description="The value that hangs on that, in minor units.")
    expected_value: float | None = None
    horizon_days: int | None = None
    evidence: int = 0
    guesses: list[Guess]
    trend: list[MonthsWorth]
    treatments: list[Treated]
    interactions: list[Taught]


class Interval(Answer):
    """A figure with its 95 % interval over customers."""

    mean: float
    low: float
    high: float


class MonthInAll(Answer):
    """What knowing all of them was worth at the end of a month, or today."""

    month: str
    value: float


class Relationships(Answer):
    """What knowing all customers is worth, from a sample; figures are null where there are too few."""

    at: datetime
    currency: str
    minor_units: int
    purpose: str
    customers: int
    sampled: int
    value: Interval | None = None
    gain: Interval | None = None
    trend: list[MonthInAll]
    interactions: list[Taught] = Field(description="Of the customers sampled.")

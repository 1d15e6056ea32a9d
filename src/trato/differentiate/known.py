"""What a build finds out about each customer, and what is stored of it: counts, money by day, scores.

Counts and money days are whole numbers, so they add up in any order: what a build counted up to its
watermark plus what the log says behind it is what a build of today would count. Belief and worth are pure
functions of these sums and of a model, worked out when they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from trato.customers.customer import CustomerId
    from trato.differentiate.needs.beliefs import NeedsModel
    from trato.differentiate.value.live import ValueModel

NO_NEED = -1


@dataclass(frozen=True, slots=True)
class MoneyDay:
    """What a customer's interactions of one day brought, in the company's minor units.

    `day` is the day in the company's time zone. `amount` sums the amounts of all interactions of that day
    that have one, returns being negative; `cost` sums their costs as they are stored (a return's negative),
    None where no interaction of the day has one. `bought` says whether at least one of them has an amount
    of zero or more: such a day is a purchase, and one without is a refund of an earlier one.
    """

    day: date
    amount: int
    cost: int | None
    bought: bool

    @property
    def net(self) -> int:
        """What the day brought, costs taken off."""
        return self.amount - (self.cost or 0)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one customer for one profiling purpose, up to a build's watermark.

    `counts` are the choices that learn, by (component, module), all above zero; `days` are sorted by day,
    one entry a day. Neither holds anything that the customer does not permit for `purpose`.
    """

    customer: CustomerId
    purpose: str
    counts: Mapping[tuple[str, str], int]
    days: tuple[MoneyDay, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a customer is worth and wants, as a list or a portfolio shows it; a page works it out anew.

    `need` is the likeliest need's place in the model, from 0, and `weight` its weight; NO_NEED and 0 where
    there is no model of needs. `evidence` is the number of choices counted. Money is in minor units:
    `actual_value` is exact, `expected_value` with the 90 % interval from `low` to `high` is for the model's
    horizon after `as_of`. Without a model of values `p_alive`, `expected_value`, `low` and `high` are 0,
    `potential` is None and `tier` is ""; else `tier` is a value of `tiers.Tier`.
    """

    customer: CustomerId
    purpose: str
    need: int
    weight: float
    evidence: int
    actual_value: int
    expected_value: float
    low: float
    high: float
    p_alive: float
    potential: float | None
    tier: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Built:
    """What a build has to publish for one profiling purpose.

    `counted` and `scores` come in chunks, every customer at most once in each; both are walked once. The
    models are None where there was too little to learn them from, and `summary` (plain values) says why.
    """

    purpose: str
    needs: NeedsModel | None
    values: ValueModel | None
    counted: Iterable[Sequence[Counted]]
    scores: Iterable[Sequence[Score]]
    summary: Mapping[str, object]


def add_days(*several: Iterable[MoneyDay]) -> tuple[MoneyDay, ...]:
    """Money days summed, one entry a day, sorted by day. Sums are whole numbers: the order is no matter.

    >>> from datetime import date
    >>> one = MoneyDay(date(2025, 1, 2), 100, None, True)
    >>> add_days([one], [one, MoneyDay(date(2025, 1, 1), -30, 5, False)])[1].amount
    200
    """
    found: dict[date, MoneyDay] = {}
    for days in several:
        for one in days:
            there = found.get(one.day)
            if there is None:
                found[one.day] = one
                continue
            cost = None if there.cost is None and one.cost is None else (there.cost or 0) + (one.cost or 0)
            found[one.day] = MoneyDay(one.day, there.amount + one.amount, cost, there.bought or one.bought)
    return tuple(found[day] for day in sorted(found))

"""What it gains to follow an appraisal in every component, and which few components carry most of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval
from trato.measure import resample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Followed:
    """What following the appraisal brings in one component, by judged customer (n,): over mass on all their
    choices.

    `gained` is in money or nats, `hits` the right guesses gained, `hits_mass` those of mass.
    """

    customer: NDArray[np.int32]
    choices: Array
    gained: Array
    hits: Array
    hits_mass: Array


@dataclass(frozen=True, slots=True)
class Carrier:
    """A component's share of the whole gain, and what it and all before it gain together."""

    component: str
    share: float
    cumulative: float


@dataclass(frozen=True, slots=True)
class Whole:
    """What it gains to follow the appraisal: nothing where it says *mass* or *not yet*. 95 % intervals.

    `gained` is the sum over the judged choices of customers seen before, in money where a margin is known
    and in nats elsewhere; `carriers` are the components in which it is gained, the largest first. `hits` is
    the gain in right guesses per choice over all judged components, `hits_mass` the rate it starts from.
    """

    in_money: bool
    choices: int
    gained: Interval
    hits_mass: float
    hits: Interval
    carriers: tuple[Carrier, ...]


def put_together(
    followed: Mapping[str, Followed],
    customers: int,
    *,
    in_money: bool,
    replicates: int,
    rng: np.random.Generator,
) -> Whole | None:
    """The whole of all judged components by name; None where there is none."""
    if not followed:
        return None
    columns, choices = np.zeros((customers, 3)), np.zeros(customers)
    for _, one in sorted(followed.items()):
        columns[one.customer] += np.column_stack((one.gained, one.hits, one.hits_mass))
        choices[one.customer] += one.choices
    seen = choices > 0
    gained, hits, mass = resample.ratios(columns[seen], choices[seen], replicates=replicates, rng=rng)
    size = float(choices.sum())
    return Whole(
        in_money=in_money,
        choices=round(size),
        gained=Interval(gained.mean * size, gained.low * size, gained.high * size),
        hits_mass=mass.mean,
        hits=hits,
        carriers=_carriers({name: float(one.gained.sum()) for name, one in followed.items()}),
    )


def _carriers(gained: Mapping[str, float]) -> tuple[Carrier, ...]:
    carrying = sorted(((-gain, name) for name, gain in gained.items() if gain > 0))
    whole = -sum(gain for gain, _ in carrying)
    found, upto = [], 0.0
    for gain, name in carrying:
        upto -= gain / whole
        found.append(Carrier(name, -gain / whole, upto))
    return tuple(found)

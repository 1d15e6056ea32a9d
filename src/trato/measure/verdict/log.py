"""What a verdict is given: who got which treatment, what came of it, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadOption, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

# The two halves of a customer's id in a fold: any odd constants that mix well would do (splitmix64).
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
FEWEST_OF_ARM = 10
FEWEST_UNITS, DEALT_EVENLY = 20, 200


@dataclass(frozen=True, slots=True)
class Log:
    """Treatments that were given at random, and what came of each; n rows, K treatments, p features.

    `treatment` (n,) holds places in `treatments`; `outcome` (n,) is what came of it; `features` (n, p) is
    what was known before, in numbers (texts as columns of 0 and 1, nothing missing), with `names` a column.
    `propensity` is the chance with which the row's treatment was given (n,), or that of each treatment
    (n, K); None where it was the same for all, and is then the share of the log. `shares` (K,) are the shares
    that were meant, where declared. `group` (n,) is the declared group of a row as a number from 0, `unit`
    (n,) who the row is about, as any whole numbers, where a customer has several rows.
    """

    treatment: Whole
    outcome: Array
    features: Array
    treatments: tuple[str, ...]
    propensity: Array | None = None
    names: tuple[str, ...] = ()
    shares: tuple[float, ...] | None = None
    group: Whole | None = None
    groups: tuple[str, ...] = ()
    unit: Whole | None = None

    def __post_init__(self) -> None:
        """Refuse what no log can be: raises BadOption, or NotEnoughData where there is nothing to compare."""
        if self.outcome.shape != (self.rows,) or self.features.shape[:1] != (self.rows,):
            message = "treatment, outcome and features need as many rows as each other"
            raise BadOption(message)
        if not np.isfinite(self.outcome).all() or not np.isfinite(self.features).all():
            raise BadOption("an outcome or a feature is not a finite number", hint="leave such rows out")
        if self.rows and not 0 <= int(self.treatment.min()) <= int(self.treatment.max()) < self.arms:
            raise BadOption("a row has a treatment that is not among the treatments")
        if self.propensity is not None:
            given = self.given
            if not (np.isfinite(given).all() and (given > 0).all() and (given <= 1).all()):
                raise BadOption(
                    "a propensity lies outside of (0, 1]", hint="it is the chance of what was given"
                )
        self._must_compare()

    @property
    def rows(self) -> int:
        """How many rows there are, n."""
        return len(self.treatment)

    @property
    def arms(self) -> int:
        """How many treatments there are, K."""
        return len(self.treatments)

    @property
    def counts(self) -> Whole:
        """How often each treatment was given, (K,)."""
        return np.bincount(self.treatment, minlength=self.arms)

    @property
    def given(self) -> Array:
        """The chance of the treatment that each row got, (n,)."""
        if self.propensity is None:
            return np.asarray((self.counts / self.rows)[self.treatment])
        if self.propensity.ndim == 1:
            return self.propensity
        return np.asarray(self.propensity[np.arange(self.rows), self.treatment])

    def folds(self, number: int, seed: int) -> Whole:
        """The fold of each row (n,): a hash of the seed and of whom the row is about, so one customer's rows
        stay together, and a row's fold does not change when others come. A few are dealt evenly instead.
        """
        about = np.arange(self.rows) if self.unit is None else self.unit
        drawn = hashed(about, seed)
        each, which = np.unique(drawn, return_inverse=True)
        if len(each) < DEALT_EVENLY:
            return np.asarray(which % number, np.int64)
        return np.asarray(drawn % np.uint64(number), np.int64)

    def first(self, rows: int) -> Log:
        """The first rows of the log."""
        return self.where(np.arange(self.rows) < rows)

    def where(self, kept: NDArray[np.bool_]) -> Log:
        """The rows that are kept, with all treatments."""
        return Log(
            treatment=self.treatment[kept],
            outcome=self.outcome[kept],
            features=self.features[kept],
            treatments=self.treatments,
            propensity=None if self.propensity is None else self.propensity[kept],
            names=self.names,
            shares=self.shares,
            group=None if self.group is None else self.group[kept],
            groups=self.groups,
            unit=None if self.unit is None else self.unit[kept],
        )

    def _must_compare(self) -> None:
        if self.arms < 2:
            raise NotEnoughData(
                f"there is one treatment only ({', '.join(self.treatments) or 'none'}): nothing to compare",
                hint="a verdict needs customers who were treated differently at random",
            )
        few = [
            f"{name!r} ({count})"
            for name, count in zip(self.treatments, self.counts.tolist(), strict=True)
            if count < FEWEST_OF_ARM
        ]
        if few:
            raise NotEnoughData(
                f"too few rows of {', '.join(few)}: each treatment needs {FEWEST_OF_ARM} at the least",
                hint="leave them out by naming the others: --treatments A --treatments B",
            )
        units = self.rows if self.unit is None else len(np.unique(self.unit))
        if units < FEWEST_UNITS:
            raise NotEnoughData(f"there are {units} customers: too few to say anything at all")
        if self.outcome.min() == self.outcome.max():
            raise NotEnoughData(
                f"every outcome is {self.outcome[0]:g}: there is nothing to compare",
                hint="has the outcome had the time to come?",
            )


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a log.

    An outcome is worth `value` each, and a treatment costs `costs` by its name (0 for those unnamed): all
    values are net. With a `capacity` at most that share of the customers may get another treatment than
    `nothing`, which then has to be named. `worthwhile` is the smallest gain a customer that would matter, net
    too; None for WORTHWHILE of the best single treatment's value.
    """

    value: float = 1.0
    costs: Mapping[str, float] = field(default_factory=dict)
    capacity: float | None = None
    nothing: str | None = None
    worthwhile: float | None = None

    def __post_init__(self) -> None:
        """Raises BadOption for figures that make no sense."""
        if not (np.isfinite(self.value) and self.value > 0):
            raise BadOption("an outcome has to be worth something", hint="--value is money above zero")
        if not all(np.isfinite(cost) for cost in self.costs.values()):
            raise BadOption("a treatment's cost is not a number")
        if self.capacity is not None and not 0 < self.capacity < 1:
            raise BadOption(
                f"{self.capacity} is no share of the customers",
                hint="--capacity is between 0 and 1, such as 0.5",
            )
        if self.capacity is not None and self.nothing is None:
            raise BadOption(
                "a capacity needs a treatment that is nothing", hint="name it: --nothing TREATMENT"
            )
        if self.worthwhile is not None and not (np.isfinite(self.worthwhile) and self.worthwhile > 0):
            raise BadOption(
                "the smallest worthwhile gain is above zero", hint="--worthwhile is a gain a customer"
            )

    def net(self, log: Log) -> Array:
        """Net value of each row, (n,). Raises BadOption for a cost of a treatment that is not in the log."""
        return self.value * log.outcome - self.cost(log)[log.treatment]

    def cost(self, log: Log) -> Array:
        """What each treatment costs, (K,). Raises BadOption for one that is not in the log."""
        for name in (*self.costs, *([self.nothing] if self.nothing is not None else [])):
            if name not in log.treatments:
                raise BadOption(
                    f"there is no treatment {name!r} in the log",
                    hint=f"there are: {', '.join(log.treatments)}",
                )
        return np.array([self.costs.get(name, 0.0) for name in log.treatments])


def hashed(about: Whole, seed: int) -> NDArray[np.uint64]:
    """64 well-mixed bits (n,) of a number and a seed: splitmix64 (Steele, Lea & Flood 2014)."""
    step, first, second = (np.uint64(one) for one in _MIX)
    with np.errstate(over="ignore"):
        state = about.astype(np.uint64) + np.uint64(seed % 2**32) * np.uint64(0xD1342543DE82EF95)
        for _ in range(2):
            state = state + step
            state = (state ^ (state >> np.uint64(30))) * first
            state = (state ^ (state >> np.uint64(27))) * second
            state = state ^ (state >> np.uint64(31))
    return state

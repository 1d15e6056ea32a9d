"""A log of randomised decisions, and policies for it, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadOption, NotEnoughData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Logged:
    """A log of randomised decisions, a row a decision.

    `treatment` (n,) numbers what was given, from 0 on; `outcome` (n,) is what came of it, net of cost if
    costs shall count; `propensity` (n,) is the probability with which it was given. `unit` (n,) numbers the
    customers (or households) from 0 on, where one may have several rows: their rows are not independent.
    `chances` (n, K), where the log has them, are the probabilities of all treatments, so that what was never
    possible is seen. Raises BadOption for columns that do not fit together or are no probabilities,
    NotEnoughData without rows.
    """

    treatment: Whole
    outcome: Array
    propensity: Array
    unit: Whole | None = None
    chances: Array | None = None

    def __post_init__(self) -> None:
        """Refuse what is no log."""
        n = len(self.outcome)
        if n == 0:
            raise NotEnoughData("the log has no decision")
        for column in (self.treatment, self.propensity, self.unit, self.chances):
            if column is not None and len(column) != n:
                raise BadOption(f"the log's columns have {n:,} and {len(column):,} rows")
        if int(self.treatment.min()) < 0:
            raise BadOption("treatments are numbered from 0 on")
        if not np.isfinite(self.outcome).all():
            raise BadOption("an outcome is not a finite number")
        if not ((self.propensity > 0) & (self.propensity <= 1)).all():
            raise BadOption(
                "a propensity is not above 0 and at most 1",
                hint="it is the probability with which the logged treatment was given",
            )

    @property
    def rows(self) -> int:
        """How many decisions."""
        return len(self.outcome)

    def per_unit(self, values: Array) -> Array:
        """Sums of `values` (n,) over each unit's rows, units in the order of their numbers."""
        if self.unit is None:
            return values
        _, place = np.unique(self.unit, return_inverse=True)
        return np.asarray(np.bincount(place, weights=values), np.float64)


def following(choices: Whole, arms: int) -> Array:
    """The probabilities (n, arms) of a policy that gives row i the treatment choices[i]."""
    chances = np.zeros((len(choices), arms))
    chances[np.arange(len(choices)), choices] = 1.0
    return chances


def must_be_policy(log: Logged, candidate: Array) -> None:
    """Raise BadOption unless `candidate` (n, K) has each treatment's probability for each row of the log."""
    if candidate.ndim != 2 or len(candidate) != log.rows or candidate.shape[1] <= int(log.treatment.max()):
        raise BadOption(f"a policy for {log.rows:,} decisions cannot be {candidate.shape}")
    if log.chances is not None and log.chances.shape != candidate.shape:
        raise BadOption(f"the log's chances are {log.chances.shape}, the policy {candidate.shape}")
    if (candidate < 0).any() or not np.allclose(candidate.sum(axis=1), 1.0, atol=1e-6):
        raise BadOption("a policy's probabilities are not negative and sum to 1 in each row")

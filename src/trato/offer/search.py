"""An offer that cannot be compiled, answered by search: the same domains, best completions, conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses


class SearchEngine:
    """A SAT solver that keeps the clauses; it neither counts nor weighs."""

    exact = False

    def __init__(self, clauses: Clauses) -> None:
        self.clauses = clauses

    def count(self, fixed: NDArray[np.int8]) -> int:
        """Raises OfferTooLarge: search does not count."""
        raise NotImplementedError

    def possible(self, fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which values lead to an assignment: (variables + 1, 2)."""
        raise NotImplementedError

    def marginals(self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raises OfferTooLarge: search does not weigh."""
        raise NotImplementedError

    def best(self, fixed: NDArray[np.int8], scores: NDArray[np.float64]) -> tuple[float, NDArray[np.int8]]:
        """The highest sum of scores, and an assignment that has it."""
        raise NotImplementedError

    def sample(
        self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64], draw: np.random.Generator, count: int
    ) -> NDArray[np.int8]:
        """Valid assignments, not evenly drawn: (count, variables + 1)."""
        raise NotImplementedError

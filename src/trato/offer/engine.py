"""How a diagram is asked: by passes over what was compiled, or by search where nothing could be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from trato.offer import compile as passes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Engine(Protocol):
    """Answers about the assignments that keep to the clauses and to `fixed`.

    `fixed` (variables + 1,) int8 is 1 for true, -1 for false, 0 for open. Weights and scores are
    (variables + 1, 2), [v, 0] for false and [v, 1] for true. In a contradiction a count is 0, nothing is
    possible, and the best score is -inf.
    """

    exact: bool

    def count(self, fixed: NDArray[np.int8]) -> int:
        """How many assignments there are."""
        ...

    def possible(self, fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which values lead to an assignment: (variables + 1, 2)."""
        ...

    def marginals(self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """How probable each value is: (variables + 1, 2)."""
        ...

    def best(self, fixed: NDArray[np.int8], scores: NDArray[np.float64]) -> tuple[float, NDArray[np.int8]]:
        """The highest sum of scores, and an assignment that has it."""
        ...

    def sample(
        self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64], draw: np.random.Generator, count: int
    ) -> NDArray[np.int8]:
        """Assignments drawn with the weights: (count, variables + 1), all nought in a contradiction."""
        ...


class CircuitEngine:
    """Passes over a compiled circuit; each thread has one workspace for all its guides."""

    exact = True

    def __init__(self, circuit: passes.Circuit) -> None:
        self.circuit = circuit
        self._of_thread = threading.local()

    def _workspace(self) -> passes.Workspace:
        room: passes.Workspace | None = getattr(self._of_thread, "workspace", None)
        if room is None:
            room = self._of_thread.workspace = passes.Workspace(self.circuit)
        return room

    def count(self, fixed: NDArray[np.int8]) -> int:
        """How many assignments there are, exactly."""
        return passes.count(self.circuit, fixed, self._workspace())

    def possible(self, fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which values lead to an assignment: (variables + 1, 2)."""
        return passes.possible(self.circuit, fixed, self._workspace())

    def marginals(self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """How probable each value is: (variables + 1, 2)."""
        return passes.marginals(self.circuit, fixed, log_weights, self._workspace())

    def best(self, fixed: NDArray[np.int8], scores: NDArray[np.float64]) -> tuple[float, NDArray[np.int8]]:
        """The highest sum of scores, and an assignment that has it."""
        return passes.best(self.circuit, fixed, scores, self._workspace())

    def sample(
        self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64], draw: np.random.Generator, count: int
    ) -> NDArray[np.int8]:
        """Assignments drawn exactly with the weights: (count, variables + 1)."""
        uniforms = draw.random((count, self.circuit.draws))
        return passes.sample(self.circuit, fixed, log_weights, uniforms, self._workspace())

"""An offer that cannot be compiled, answered by search: the same domains, best completions, conflicts."""

from __future__ import annotations

import threading
from math import inf
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from trato.errors import OfferTooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses

SOLVER = "minisat22"
_FINE = 1 << 20  # scores are told apart to a millionth of the largest difference between two


class SearchEngine:
    """A SAT solver that keeps the clauses; it neither counts nor weighs.

    Only the first `asked` variables are asked about one by one: those of components and facts.
    """

    exact = False

    def __init__(self, clauses: Clauses, asked: int | None = None) -> None:
        from pysat.solvers import Solver

        self.clauses = clauses
        self.asked = clauses.variables if asked is None else asked
        self._lists = [list(clause) for clause in clauses]
        self._solver = Solver(SOLVER, bootstrap_with=self._lists)
        self._lock = threading.Lock()

    def count(self, fixed: NDArray[np.int8]) -> int:
        """Raises OfferTooLarge: search does not count."""
        return self._cannot("counted")

    def marginals(self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raises OfferTooLarge: search does not weigh."""
        return self._cannot("weighed")

    def _cannot(self, what: str) -> NoReturn:
        raise OfferTooLarge(
            f"the configurations of this offer cannot be {what}: it could not be compiled",
            hint="allow more seconds and megabytes, or split the offer",
        )

    def possible(self, fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which values lead to an assignment: (variables + 1, 2), sure for the variables asked about."""
        found = np.zeros((self.clauses.variables + 1, 2), np.bool_)
        said = _literals(fixed)
        with self._lock:
            model = self._model(said)
            if model is None:
                return found
            self._see(model, found)
            # A variable of which only one value was seen has that one for sure; is the other possible too?
            for variable in (np.flatnonzero(fixed[1 : self.asked + 1] == 0) + 1).tolist():
                if found[variable].all():
                    continue
                other = -variable if found[variable, 1] else variable
                model = self._model([*said, other])
                if model is not None:
                    self._see(model, found)
        return found

    def best(self, fixed: NDArray[np.int8], scores: NDArray[np.float64]) -> tuple[float, NDArray[np.int8]]:
        """The highest sum of scores, and an assignment that has it."""
        from pysat.examples.rc2 import RC2Stratified
        from pysat.formula import WCNF

        nothing = np.zeros(self.clauses.variables + 1, np.int8)
        never = [(v if side == 0 else -v) for v, side in np.argwhere(scores == -inf).tolist() if v]
        hard = [*self._lists, *([literal] for literal in _literals(fixed)), *([literal] for literal in never)]
        differences = np.nan_to_num(scores[:, 1] - scores[:, 0], nan=0.0, posinf=0.0, neginf=0.0)
        largest = float(np.abs(differences).max())
        formula = WCNF()
        formula.extend(hard)
        weights = np.rint(differences * (_FINE / largest if largest else 1.0)).astype(np.int64)
        for variable in np.flatnonzero(weights).tolist():
            weight = int(weights[variable])
            formula.append([variable if weight > 0 else -variable], weight=abs(weight))
        if not any(weights):
            with self._lock:
                model = self._model([*_literals(fixed), *never])
        else:
            with RC2Stratified(formula, solver="g4") as rc2:
                model = rc2.compute()
        if model is None:
            return -inf, nothing
        found = self._assignment(model)
        sides = (found[1:] > 0).astype(np.int64)
        return float(scores[np.arange(1, len(found)), sides].sum()), found

    def sample(
        self, fixed: NDArray[np.int8], log_weights: NDArray[np.float64], draw: np.random.Generator, count: int
    ) -> NDArray[np.int8]:
        """Valid assignments, each near one drawn by weight, but not evenly: (count, variables + 1)."""
        found = np.zeros((count, self.clauses.variables + 1), np.int8)
        said = _literals(fixed)
        chance = 1.0 / (1.0 + np.exp(np.clip(log_weights[1:, 0] - log_weights[1:, 1], -60.0, 60.0)))
        numbers = np.arange(1, self.clauses.variables + 1)
        with self._lock:
            for row in found:
                wished = np.where(draw.random(len(chance)) < chance, numbers, -numbers)
                self._solver.set_phases(wished.tolist())
                model = self._model(said)
                if model is None:
                    break
                row[:] = self._assignment(model)
        return found

    def _model(self, said: list[int]) -> list[int] | None:
        model: list[int] | None = self._solver.get_model() if self._solver.solve(assumptions=said) else None
        return model

    def _assignment(self, model: list[int]) -> NDArray[np.int8]:
        """A variable that no clause mentions is false."""
        found = np.full(self.clauses.variables + 1, -1, np.int8)
        found[0] = 0
        literals = np.array(model, np.int64)
        literals = literals[np.abs(literals) <= self.clauses.variables]
        found[np.abs(literals)] = np.sign(literals)
        return found

    def _see(self, model: list[int], found: NDArray[np.bool_]) -> None:
        assignment = self._assignment(model)[1:]
        found[1:, 1] |= assignment > 0
        found[1:, 0] |= assignment < 0


def _literals(fixed: NDArray[np.int8]) -> list[int]:
    said: list[int] = (np.flatnonzero(fixed) * fixed[np.flatnonzero(fixed)]).tolist()
    return said

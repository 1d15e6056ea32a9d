"""DIMACS: clauses over numbered variables, whose names stand in comments (`c 12 name`).

Each variable becomes a component with the modules `yes` and `no`, each clause a rule named after its line.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadDeclaration
from trato.offer.clauses import Clauses
from trato.offer.offer import NO, YES, Component, Module, Offer, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = re.compile(r"c\s+(\d+)\s+(\S.*)")
_PROBLEM = re.compile(r"p\s+cnf\s+(\d+)\s+(\d+)\s*")
_BOTH = (Module(YES), Module(NO))
MOST_VARIABLES = 1_000_000


def read_dimacs(lines: Iterable[str], source: str) -> Offer:
    """The offer of a DIMACS file, given line by line. Raises BadDeclaration at the line that is damaged."""
    names: dict[int, tuple[str, int]] = {}
    body = _Body(source)
    number = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("c"):
            named = _NAMED.match(line)
            if named:
                names.setdefault(int(named[1]), (named[2].strip(), number))
        elif line.startswith("p"):
            body.begin(line, number)
        elif line.startswith("%"):
            break
        elif line.strip():
            body.clause(line, number)
    variables, clauses, places = body.end(number)
    components: list[Component] = []
    taken: set[str] = set()
    for variable in range(1, variables + 1):
        name, at = names.get(variable, (str(variable), 0))
        name = name if name not in taken else f"{name} #{variable}"
        taken.add(name)
        components.append(Component(name, _BOTH, place=Place(source, at)))
    return Offer(tuple(components), source=source, clauses=clauses, clause_lines=places)


class _Body:
    """What stands below the comments, as far as it was read."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._variables = -1
        self._declared = 0
        self._literals = array("i")
        self._starts = array("q", [0])
        self._lines = array("q")
        self._begun = 0

    def _stop(self, line: int, message: str, hint: str | None = None) -> BadDeclaration:
        return BadDeclaration(message, hint=hint, where=f"{self._source}:{line}")

    def begin(self, line: str, number: int) -> None:
        problem = _PROBLEM.fullmatch(line.rstrip("\n"))
        if problem is None:
            raise self._stop(number, f"expected `p cnf VARIABLES CLAUSES`, found {line.strip()[:60]!r}")
        if self._variables >= 0:
            raise self._stop(number, "a second line `p cnf` stands here", "one file holds one offer")
        self._variables, self._declared = int(problem[1]), int(problem[2])
        if not 0 < self._variables <= MOST_VARIABLES:
            raise self._stop(
                number, f"{self._variables:,} variables are declared; 1 to {MOST_VARIABLES:,} can be read"
            )

    def clause(self, line: str, number: int) -> None:
        if self._variables < 0:
            raise self._stop(
                number, "a clause stands before the line `p cnf`", "is this a DIMACS file, and all of it?"
            )
        for word in line.split():
            try:
                literal = int(word)
            except ValueError:
                raise self._stop(number, f"{word[:40]!r} is no literal") from None
            if abs(literal) > self._variables:
                raise self._stop(
                    number, f"the literal {literal} is beyond the {self._variables:,} declared variables"
                )
            self._begun = self._begun or number
            if literal:
                self._literals.append(literal)
                continue
            if self._starts[-1] == len(self._literals):
                # An empty clause is lost on the way into some solvers; a contradiction is not.
                self._literals.append(1)
                self._starts.append(len(self._literals))
                self._lines.append(self._begun)
                self._literals.append(-1)
                self._declared += 1
            self._starts.append(len(self._literals))
            self._lines.append(self._begun)
            self._begun = 0

    def end(self, number: int) -> tuple[int, Clauses, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        if self._variables < 0:
            raise self._stop(max(number, 1), "the line `p cnf VARIABLES CLAUSES` is missing")
        if self._begun:
            raise self._stop(self._begun, "this clause does not end with 0", "is the file cut off?")
        if len(self._lines) != self._declared:
            raise self._stop(
                number,
                f"{self._declared:,} clauses are declared, and {len(self._lines):,} stand here",
                "is the file cut off?",
            )
        starts = np.frombuffer(self._starts, np.int64)
        literals = np.frombuffer(self._literals, np.int32) if self._literals else np.zeros(0, np.int32)
        lines = np.frombuffer(self._lines, np.int64) if self._lines else np.zeros(0, np.int64)
        return self._variables, Clauses(self._variables, starts, literals), lines

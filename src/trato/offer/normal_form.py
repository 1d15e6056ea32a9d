"""Formulas as clauses, with as few new variables as that takes, each determined by what it stands for."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb, lcm, prod
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trato.offer import layered
from trato.offer.formula import Allowed, Count, Every, Formula, Is, Not, Same, Some, Total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Clause: TypeAlias = tuple[int, ...]

_MOST_PAIRWISE = 30
_MOST_PRODUCT = 32
_MOST_SUBSETS = 64
_MOST_PATHS = 30_000  # beyond, nodes of a layered diagram are fewer, though they make the circuit larger


class NormalForm:
    """Turns formulas into clauses.

    `literals` gives for every component and fact the literals of its modules, exactly one being true, and
    `places` the position of each module. New variables count on from `variables`; what they stand for is
    in `definitions`, which must always hold.
    """

    def __init__(
        self, variables: int, literals: Mapping[str, tuple[int, ...]], places: Mapping[str, Mapping[str, int]]
    ) -> None:
        self.variables = variables
        self.definitions: list[Clause] = []
        self._literals = literals
        self._places = places
        self._known: dict[frozenset[int], int] = {}

    def clauses(self, formula: Formula, *, holds: bool = True, alone: bool = False) -> list[Clause]:
        """Clauses that say that a formula holds, or that it does not; none where that is always so.

        They are `alone` when they will stand as they are: only then may they determine variables themselves,
        instead of by the definitions.
        """
        match formula:
            case Is():
                return self._is(formula, holds=holds)
            case Not():
                return self.clauses(formula.part, holds=not holds, alone=alone)
            case Every() | Some():
                if isinstance(formula, Every) == holds:
                    parts = (self.clauses(part, holds=holds, alone=alone) for part in formula.parts)
                    found = list(dict.fromkeys(clause for part in parts for clause in part))
                    return [()] if () in found else found
                return self._either([self.clauses(part, holds=holds) for part in formula.parts])
            case Same():
                return self._same(formula, holds=holds)
            case Count():
                return self._count(formula, holds=holds, alone=alone)
            case Total():
                return self._total(formula, holds=holds, alone=alone)
            case Allowed():
                return self._allowed(formula, holds=holds, alone=alone)

    def new(self) -> int:
        """A new variable."""
        self.variables += 1
        return self.variables

    def exactly_one(self, literals: Sequence[int]) -> list[Clause]:
        """Clauses that say that exactly one literal is true; long ones climb a ladder of new variables."""
        if len(literals) == 2 and literals[0] == -literals[1]:
            return []
        if len(literals) <= _MOST_PAIRWISE:
            pairs = [(-one, -other) for one, other in combinations(literals, 2)]
            return [tuple(literals), *pairs]
        found: list[Clause] = []
        so_far = literals[0]
        for literal in literals[1:-1]:
            step = self.new()
            found += [(-literal, -so_far), (-literal, step), (-so_far, step), (-step, so_far, literal)]
            so_far = step
        return [*found, (literals[-1], so_far), (-literals[-1], -so_far)]

    def _is(self, formula: Is, *, holds: bool) -> list[Clause]:
        literals = self._literals[formula.name]
        places = self._places[formula.name]
        taken = {places[module] for module in formula.modules}
        if not holds:
            taken = set(range(len(literals))) - taken
        if len(taken) == len(literals):
            return []
        if len(taken) == len(literals) - 1:
            return [(-next(one for place, one in enumerate(literals) if place not in taken),)]
        return [tuple(one for place, one in enumerate(literals) if place in taken)]

    def _either(self, parts: Sequence[list[Clause]]) -> list[Clause]:
        """One of the parts holds: multiplied out where that is short, else parts get a variable."""
        if [] in parts:
            return []
        found = [clauses for clauses in parts if () not in clauses]
        size = prod(min(len(clauses), _MOST_PRODUCT + 1) for clauses in found)
        while size > _MOST_PRODUCT:
            longest = max(range(len(found)), key=lambda i: len(found[i]))
            found[longest] = [(self._stand_for(found[longest]),)]
            size = prod(min(len(clauses), _MOST_PRODUCT + 1) for clauses in found)
        multiplied = (tuple(dict.fromkeys(x for clause in some for x in clause)) for some in product(*found))
        return list(dict.fromkeys(one for one in multiplied if _can_fail(one)))

    def _same(self, formula: Same, *, holds: bool) -> list[Clause]:
        (left, not_left), (right, not_right) = self._both_ways(formula.left), self._both_ways(formula.right)
        if not holds:
            right, not_right = not_right, right
        found = [*self._either([not_left, right]), *self._either([left, not_right])]
        return [()] if () in found else found

    def _both_ways(self, formula: Formula) -> tuple[list[Clause], list[Clause]]:
        inner = formula
        while isinstance(inner, Not):
            inner = inner.part
        if isinstance(inner, Is):
            return self.clauses(formula), self.clauses(formula, holds=False)
        literal = self.literal(formula)
        return [(literal,)], [(-literal,)]

    def _stand_for(self, clauses: Sequence[Clause]) -> int:
        """A variable that is true exactly when the clauses hold."""
        truths = [clause[0] if len(clause) == 1 else self._any(clause) for clause in clauses]
        return truths[0] if len(truths) == 1 else -self._any(tuple(-truth for truth in truths))

    def _any(self, clause: Clause) -> int:
        """A variable that is true exactly when one of the literals is."""
        key = frozenset(clause)
        if key not in self._known:
            self._known[key] = one = self.new()
            self.definitions += [(one, -literal) for literal in clause]
            self.definitions.append((-one, *clause))
        return self._known[key]

    def literal(self, formula: Formula) -> int:
        """A literal that is true exactly when the formula holds."""
        clauses = self.clauses(formula)
        if len(clauses) == 1 and len(clauses[0]) == 1:
            return clauses[0][0]
        if not clauses or () in clauses:
            constant = self.new()
            self.definitions.append((constant,))
            return -constant if clauses else constant
        return self._stand_for(clauses)

    def _count(self, formula: Count, *, holds: bool, alone: bool) -> list[Clause]:
        parts, size = formula.parts, len(formula.parts)
        least, most = max(formula.least, 0), min(formula.most, size)
        if least > most:
            return [()] if holds else []
        direct = (comb(size, size - least + 1) if least else 0) + (comb(size, most + 1) if most < size else 0)
        if direct <= (_MOST_SUBSETS if holds else 4):
            enough = [Some(some) for some in combinations(parts, size - least + 1)] if least else []
            few = [Some(tuple(Not(one) for one in some)) for some in combinations(parts, most + 1)]
            return self.clauses(Every((*enough, *few)), holds=holds, alone=alone)
        literals = [self.literal(part) for part in parts]
        diagram = layered.sums([(0, 1)] * size, least, most)
        return self._layered(diagram, [(-one, one) for one in literals], holds=holds, alone=alone)

    def _total(self, formula: Total, *, holds: bool, alone: bool) -> list[Clause]:
        exact = [adds for _, adds in formula.terms]
        bounds = [bound for bound in (formula.least, formula.most) if bound is not None]
        scale = lcm(*(number.denominator for adds in exact for number in adds.values()))
        scale = lcm(scale, *(bound.denominator for bound in bounds))
        weights = [
            [int(adds.get(module, Fraction(0)) * scale) for module in self._places[name]]
            for name, adds in formula.terms
        ]
        least = None if formula.least is None else int(formula.least * scale)
        most = None if formula.most is None else int(formula.most * scale)
        if not holds and (least is None) != (most is None):
            # Numbers are whole by now: not at most 40 is at least 41.
            least, most = None if most is None else most + 1, None if least is None else least - 1
            holds = True
        if not weights:
            good = (least is None or least <= 0) and (most is None or most >= 0)
            return [] if good == holds else [()]
        diagram = layered.sums(weights, least, most)
        questions = [self._literals[name] for name, _ in formula.terms]
        return self._layered(diagram, questions, holds=holds, alone=alone)

    def _allowed(self, formula: Allowed, *, holds: bool, alone: bool) -> list[Clause]:
        holds = holds != formula.forbidden
        columns = [self._places[name] for name in formula.columns]
        rows = np.empty_like(formula.rows)
        for i, (places, modules) in enumerate(zip(columns, formula.modules, strict=True)):
            rows[:, i] = np.array([places[module] for module in modules], np.int32)[formula.rows[:, i]]
        questions = [self._literals[name] for name in formula.columns]
        if not holds and len(rows) <= _MOST_PATHS:
            taken = (zip(questions, row, strict=True) for row in rows.tolist())
            return list(dict.fromkeys(tuple(-literals[one] for literals, one in row) for row in taken))
        sizes = [len(literals) for literals in questions]
        diagram = layered.table(rows, sizes)
        if holds and alone and diagram.constant is None:
            paths = layered.paths(diagram, sizes, _MOST_PATHS)
            if paths is not None:
                return [clause for path in paths for clause in _prefixed(path, questions)]
        return self._layered(diagram, questions, holds=holds, alone=alone)

    def _layered(
        self, diagram: layered.Layered, questions: Sequence[Sequence[int]], *, holds: bool, alone: bool
    ) -> list[Clause]:
        if diagram.constant is not None:
            return [] if (diagram.constant == layered.TRUE) == holds else [()]
        variables = [[0], *([self.new() for _ in nodes] for nodes in diagram.layers[1:])]
        if holds and alone:
            return list(layered.clauses(diagram, questions, variables, None))
        truth = self.new()
        self.definitions += layered.clauses(diagram, questions, variables, truth)
        return [(truth if holds else -truth,)]


def _prefixed(
    path: tuple[tuple[int, tuple[int, ...]], ...], questions: Sequence[Sequence[int]]
) -> list[Clause]:
    *before, (last, allowed) = path
    found: list[Clause] = list(layered.among(questions[last], allowed))
    for question, answers in reversed(before):
        found = [one + clause for one in layered.unless(questions[question], answers) for clause in found]
    return found


def _can_fail(clause: Clause) -> bool:
    return not any(-literal in clause for literal in clause)

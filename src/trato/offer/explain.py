"""Why no configuration keeps to what is said, in choices, facts and named rules, and the cheapest repair.

A conflict is made minimal in two steps: first what was said, with all rules in force; then the rules, with
what is left of that. Leaving out any one of either then leaves a configuration.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from trato.errors import NoConfiguration
from trato.offer.encode import ALWAYS
from trato.offer.offer import NO, YES
from trato.offer.search import SOLVER

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from trato.offer.diagram import Choices, Diagram, Numbers, Pair
    from trato.offer.encode import Encoded
    from trato.offer.offer import Rule

_CONFLICTS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Repair:
    """The cheapest change of choices: what each changed component takes `before` and `after`.

    `cost` is the sum of the costs of what is given up; `configuration` is a valid one after the repair.
    """

    changes: Mapping[str, tuple[str, str]]
    cost: float
    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A conflict: choices, facts, modules not to be had, and rules that cannot all hold together.

    `minimal` says that without any one of them there would be a configuration. `repair` is None where facts
    and rules alone leave no configuration.
    """

    choices: Mapping[str, str]
    facts: Mapping[str, str]
    without: tuple[Pair, ...]
    rules: tuple[Rule, ...]
    minimal: bool
    repair: Repair | None


class Conflicts:
    """Searches for conflicts in one offer, for one thread at a time."""

    def __init__(self, code: Encoded) -> None:
        from pysat.solvers import Solver

        self._code = code
        self._lists = [list(clause) for clause in code.clauses]
        self._first = code.clauses.variables + 1
        self._all: Any = Solver(SOLVER, bootstrap_with=self._lists)
        self._by_rule: Any = None
        self._always: dict[int, list[int]] | None = None
        self.lock = threading.Lock()

    def of(self, said: Collection[int], deadline: float) -> tuple[list[int], list[int], bool] | None:
        """The literals and the groups of rules of a conflict, and whether it is minimal; None without one.

        `deadline` is a time of `time.monotonic`.
        """
        found = self.said(said, deadline)
        if found is None:
            return None
        literals, first = found
        if len(literals) == 2 and literals[0] == -literals[1]:
            return literals, [], first
        groups, second = self._rules(literals, deadline)
        return literals, groups, first and second

    def said(self, said: Collection[int], deadline: float) -> tuple[list[int], bool] | None:
        """Of what is said, what the rules together contradict, and whether it is minimal."""
        opposite = next((literal for literal in said if -literal in said), None)
        if opposite is not None:
            return [-opposite, opposite], True
        able, core = _solve(self._all, list(said), deadline)
        if able:
            return None
        return (core, False) if able is None else _shrunk(self._all, core, [], deadline)

    def _rules(self, literals: list[int], deadline: float) -> tuple[list[int], bool]:
        from pysat.solvers import Solver

        selectors = range(self._first, self._first + self._code.rules)
        if self._by_rule is None:
            began = time.monotonic()
            self._by_rule = Solver(SOLVER, bootstrap_with=self._selected(range(len(self._lists))))
            deadline += time.monotonic() - began  # made once, and not by this conflict
        able, core = _solve(self._by_rule, [*literals, *selectors], deadline)
        if able is not False:
            return [], False
        left = [selector for selector in core if selector >= self._first]
        # What is left speaks of few variables: a solver of its own is many times quicker.
        groups = np.array(left, np.int64) - self._first
        clauses = np.flatnonzero(np.isin(self._code.groups, groups)).tolist()
        clauses += self._always_about(clauses, literals)
        with Solver(SOLVER, bootstrap_with=self._selected(clauses)) as few:
            left, minimal = _shrunk(few, left, literals, deadline)
        return sorted(selector - self._first for selector in left), minimal

    def _selected(self, clauses: Iterable[int]) -> list[list[int]]:
        """Clauses that bind only where the selector of their rule is true."""
        groups = self._code.groups
        return [
            self._lists[i] if groups[i] == ALWAYS else [*self._lists[i], -(self._first + int(groups[i]))]
            for i in clauses
        ]

    def _always_about(self, clauses: list[int], literals: list[int]) -> list[int]:
        """What always holds of the variables of these clauses, and of those that it leads to."""
        if self._always is None:
            self._always = {}
            for i in np.flatnonzero(self._code.groups == ALWAYS).tolist():
                for literal in self._lists[i]:
                    self._always.setdefault(abs(literal), []).append(i)
        open_ = {abs(literal) for i in clauses for literal in self._lists[i]} | {abs(one) for one in literals}
        seen: set[int] = set(open_)
        found: set[int] = set()
        while open_:
            for i in self._always.get(open_.pop(), ()):
                if i not in found:
                    found.add(i)
                    new = {abs(literal) for literal in self._lists[i]} - seen
                    seen |= new
                    open_ |= new
        return sorted(found)


def _solve(solver: Any, said: list[int], deadline: float) -> tuple[bool | None, list[int]]:
    """Whether there is an assignment, and if not, which of what was said contradicts; None out of time."""
    while True:
        solver.conf_budget(_CONFLICTS_AT_ONCE)
        able = solver.solve_limited(assumptions=said)
        if able is not None:
            return able, [] if able else list(solver.get_core() or [])
        if time.monotonic() > deadline:
            return None, said


def _shrunk(solver: Any, core: list[int], kept: list[int], deadline: float) -> tuple[list[int], bool]:
    """The core without what it can do without, `kept` being said in any case; whether it is minimal."""
    needed: list[int] = []
    left = list(core)
    among = set(core)
    while left:
        if time.monotonic() > deadline:
            return [*needed, *left], False
        tried = left.pop()
        able, smaller = _solve(solver, [*kept, *needed, *left], deadline)
        if able is None:
            return [*needed, *left, tried], False
        if able:
            needed.append(tried)
        else:
            still = set(smaller) & among
            left = [one for one in left if one in still]
    return needed, True


def explained(
    diagram: Diagram,
    choices: Choices,
    *,
    facts: Choices | None,
    without: Collection[Pair],
    costs: Mapping[str, float] | None,
    seconds: float,
) -> Explanation | None:
    """What `Diagram.explain` does."""
    said = diagram.said(choices, facts, without)
    conflicts = diagram.conflicts
    with conflicts.lock:
        found = conflicts.of(list(dict.fromkeys(said.values())), time.monotonic() + seconds)
    if found is None:
        return None
    literals, groups, minimal = found
    why: dict[int, tuple[str, str, str]] = {}
    for what, literal in said.items():
        why.setdefault(literal, what)
    conflict = [why[literal] for literal in literals]
    in_order = [what for what in said if what in conflict]
    try:
        repair = repaired(diagram, choices, facts=facts, without=without, costs=costs, score=None)
    except NoConfiguration:
        repair = None
    return Explanation(
        choices={name: module for kind, name, module in in_order if kind == "choice"},
        facts={name: value for kind, name, value in in_order if kind == "fact"},
        without=tuple((name, module) for kind, name, module in in_order if kind == "without"),
        rules=tuple(diagram.code.rule(group) for group in groups),
        minimal=minimal,
        repair=repair,
    )


def repaired(
    diagram: Diagram,
    choices: Choices,
    *,
    facts: Choices | None,
    without: Collection[Pair],
    costs: Mapping[str, float] | None,
    score: Numbers | None,
) -> Repair:
    """What `Diagram.repair` does."""
    said = diagram.said(choices, facts, without)
    fixed = diagram.fixed({}, facts=facts, without=without)
    scores = diagram.over_variables(score)
    asked = {name: (costs or {}).get(name, 1.0) for name in choices}
    if score is not None:
        # Costs come first: all scores together stay below the smallest difference between two sums of costs.
        grain = 1.0 if all(float(cost).is_integer() for cost in asked.values()) else 1e-3
        scores *= grain / (2.0 * float(np.abs(scores).max(axis=1).sum()) + 1.0)
    for (kind, name, _), literal in said.items():
        if kind == "choice":
            scores[abs(literal), int(literal > 0)] += asked[name]
    total, found = (-inf, None) if fixed is None else diagram.engine.best(fixed, scores)
    if found is None or total == -inf:
        raise NoConfiguration("facts and rules alone leave no configuration", hint="run `trato offer check`")
    configuration = diagram.configuration_of(found)
    changes = {
        name: (module, configuration.get(name, NO if module == YES else YES))
        for (kind, name, module), literal in said.items()
        if kind == "choice" and (found[abs(literal)] > 0) != (literal > 0)
    }
    return Repair(changes, float(sum(asked[name] for name in changes)), configuration)

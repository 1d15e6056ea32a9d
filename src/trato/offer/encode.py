"""From an offer to clauses: every configuration, with the facts, is exactly one assignment of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadDeclaration
from trato.offer.clauses import Clauses
from trato.offer.formula import Is, Some
from trato.offer.layered import MOST_SUMS, TooManySums
from trato.offer.normal_form import NormalForm
from trato.offer.offer import NO, UNKNOWN, YES, Place, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trato.offer.normal_form import Clause
    from trato.offer.offer import Offer

ALWAYS = -1


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """An offer as clauses.

    `literals` gives for each component its modules' literals in order, and for each fact its values' and
    then that of `unknown`. `groups` (clauses,) int32 says from which rule each clause comes, ALWAYS for what
    holds by itself; `rule` tells which rule that is.
    """

    offer: Offer
    clauses: Clauses
    groups: NDArray[np.int32]
    literals: Mapping[str, tuple[int, ...]]

    @property
    def asked(self) -> int:
        """How many variables are those of components and facts; they come first."""
        return max(abs(literal) for of in self.literals.values() for literal in of)

    @property
    def rules(self) -> int:
        """How many groups there are: the named rules, then the clauses that arrived as such."""
        return len(self.offer.rules) + (0 if self.offer.clauses is None else len(self.offer.clauses))

    def rule(self, group: int) -> Rule:
        """The rule of a group of clauses; a clause that arrived as such is named after its line."""
        offer = self.offer
        if group < len(offer.rules):
            return offer.rules[group]
        if offer.clauses is None or offer.clause_lines is None:
            raise IndexError(group)
        clause = group - len(offer.rules)
        first, after = offer.clauses.starts[clause : clause + 2].tolist()
        literals = offer.clauses.literals[first:after].tolist()
        parts = tuple(
            Is(offer.components[abs(literal) - 1].name, (YES if literal > 0 else NO,)) for literal in literals
        )
        line = int(offer.clause_lines[clause])
        return Rule(f"line {line}", Some(parts), place=Place(offer.source, line))


def encoded(offer: Offer) -> Encoded:
    """The clauses of an offer.

    Variables that stand for parts of rules are determined by the components' and facts' own, so they never
    change how many assignments there are. Raises BadDeclaration for a rule that adds up to too many sums.
    """
    literals: dict[str, tuple[int, ...]] = {}
    places: dict[str, dict[str, int]] = {}
    variables = 0
    named = [(component.name, component.names) for component in offer.components]
    named += [(fact.name, (*fact.values, UNKNOWN)) for fact in offer.facts]
    for name, modules in named:
        places[name] = {module: place for place, module in enumerate(modules)}
        if len(modules) == 2:
            variables += 1
            literals[name] = (variables, -variables)
        else:
            literals[name] = tuple(range(variables + 1, variables + 1 + len(modules)))
            variables += len(modules)
    form = NormalForm(variables, literals, places)
    always: list[Clause] = [clause for name, _ in named for clause in form.exactly_one(literals[name])]
    found: list[Clause] = []
    groups: list[int] = []
    for group, rule in enumerate(offer.rules):
        try:
            clauses = form.clauses(rule.formula, alone=True)
            if () in clauses:
                clauses = [(1,), (-1,)]  # an empty clause is lost on the way into some solvers
        except TooManySums:
            raise BadDeclaration(
                f"the rule {rule.name!r} adds up to more than {MOST_SUMS:,} different sums",
                hint="round its attributes, or split the limit over fewer components",
                where=str(rule.place),
            ) from None
        found += clauses
        groups += [group] * len(clauses)
    ruled = _joined(form.variables, [*always, *form.definitions, *found], offer.clauses)
    free = len(always) + len(form.definitions)
    arrived = 0 if offer.clauses is None else len(offer.clauses)
    numbers = np.concatenate(
        (
            np.full(free, ALWAYS, np.int32),
            np.array(groups, np.int32),
            np.arange(arrived, dtype=np.int32) + len(offer.rules),
        )
    )
    return Encoded(offer, ruled, numbers.astype(np.int32), literals)


def _joined(variables: int, ours: Sequence[Clause], arrived: Clauses | None) -> Clauses:
    lengths = np.fromiter(map(len, ours), np.int64, len(ours))
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
    literals = np.fromiter(chain.from_iterable(ours), np.int32, int(starts[-1]))
    if arrived is None:
        return Clauses(variables, starts, literals)
    return Clauses(
        variables,
        np.concatenate((starts, arrived.starts[1:] + starts[-1])),
        np.concatenate((literals, arrived.literals)),
    )

"""Whether what an offer's diagram answers is exactly true: the full figures behind the tests.

    python benchmarks/offer_exactness.py                          1,000 random offers, all of it
    python benchmarks/offer_exactness.py --offers 50              a taste
    python benchmarks/offer_exactness.py --files a.uvl b.dimacs   random clicks on these instead

Each answer is compared with one found another way: counts with every configuration looked at one by one by
the rules' own meaning, or with pysdd's count of the clauses where there are too many to look at and few
enough variables for it; domains with a SAT solver asked about each module (python-sat); repairs with the
MaxSAT optimum (RC2); conflicts with the solver, once with all of them and once without each.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pysat.examples.rc2 import RC2
from pysat.formula import WCNF
from pysat.solvers import Solver

import trato
from trato.errors import NoConfiguration
from trato.offer.diagram import Diagram
from trato.offer.encode import encoded
from trato.offer.formula import Allowed, Count, Every, Is, Not, Same, Some, Total, holds, implies
from trato.offer.offer import UNKNOWN, Component, Fact, Module, Offer, Rule
from trato.offer.search import SearchEngine

if TYPE_CHECKING:
    from trato.offer.formula import Formula

MOST_LOOKED_AT = 5_000
MOST_VARIABLES = 70  # beyond, pysdd may take minutes


def random_offer(draw: np.random.Generator, components: int) -> Offer:
    """An offer with rules of every kind, some facts, and modules that add up."""
    sizes = draw.integers(1, 7, components)
    made = tuple(
        Component(
            f"c{i}",
            tuple(
                Module(
                    f"m{j}", price=int(draw.integers(0, 50)), attributes={"size": int(draw.integers(0, 6))}
                )
                for j in range(size)
            ),
        )
        for i, size in enumerate(sizes)
    )
    facts = tuple(Fact(f"f{i}", ("a", "b")) for i in range(int(draw.integers(0, 3))))
    modules = {one.name: one.names for one in made} | {one.name: (*one.values, UNKNOWN) for one in facts}
    rules = [random_formula(draw, modules, 2) for _ in range(int(draw.integers(components, 2 * components)))]
    found = Offer(made, facts, tuple(Rule(f"r{i}", rule) for i, rule in enumerate(rules)))
    while found.rules and not searched(found).possible().any():
        found = Offer(made, facts, found.rules[: len(found.rules) // 2])
    return found


def searched(offer: Offer) -> Diagram:
    """The offer answered by search, without compiling."""
    code = encoded(offer)
    return Diagram(offer, code, SearchEngine(code.clauses), "by search")


def random_formula(draw: np.random.Generator, modules: dict[str, tuple[str, ...]], depth: int) -> Formula:
    """A formula over a few components."""
    names = [str(name) for name in draw.permutation(sorted(modules))]

    def one_is() -> Formula:
        name = names[int(draw.integers(len(names)))]
        of = modules[name]
        return Is(name, tuple(of[i] for i in draw.permutation(len(of))[: int(draw.integers(1, 3))].tolist()))

    def part() -> Formula:
        return random_formula(draw, modules, depth - 1) if depth and draw.random() < 0.4 else one_is()

    kind = int(draw.integers(8))
    if kind == 0:
        return implies(part(), part())
    if kind == 1:
        return Some((part(), part(), Not(part())))
    if kind == 2:
        return Same(part(), part())
    if kind == 3:
        return implies(part(), Every((part(), Not(part()))))
    if kind == 4:
        size = min(int(draw.integers(3, 9)), len(names))
        return Count(0, int(draw.integers(1, size + 1)), tuple(part() for _ in range(size)))
    if kind == 5:
        some = names[: int(draw.integers(2, 7))]
        terms = tuple(
            (name, {module: Fraction(int(draw.integers(0, 6))) for module in modules[name]}) for name in some
        )
        return Total(terms, None, Fraction(int(draw.integers(2, 3 * len(some) + 1))))
    some = names[: int(draw.integers(2, 5))]
    every = np.array(list(product(*(range(len(modules[name])) for name in some))), np.int32)
    rows = every[draw.random(len(every)) < (0.7 if kind == 6 else 0.2)]
    return Allowed(tuple(some), tuple(modules[name] for name in some), rows, forbidden=kind == 7)


@dataclass
class Figures:
    compared: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, times: int, wrong: int) -> None:
        self.compared[what] += times
        self.wrong[what] += wrong


def counts(diagram: Diagram, draw: np.random.Generator, figures: Figures) -> None:
    """Against every configuration looked at, where there are few enough, and against pysdd."""
    offer = diagram.offer
    facts = {fact.name: str(draw.choice(fact.values)) for fact in offer.facts if draw.random() < 0.5}
    known = {fact.name: UNKNOWN for fact in offer.facts} | facts
    size = 1
    for component in offer.components:
        size *= len(component.modules)
    if size <= MOST_LOOKED_AT:
        names = [component.name for component in offer.components]
        every = (dict(zip(names, one, strict=True)) for one in product(*(c.names for c in offer.components)))
        found = sum(all(holds(rule.formula, one | known) for rule in offer.rules) for one in every)
        figures.note("counts by looking", 1, diagram.count(facts=facts) != found)
        return
    if diagram.code.clauses.variables > MOST_VARIABLES:
        return
    from pysdd.sdd import SddManager

    said = list(diagram.said({}, facts, ()).values())
    manager = SddManager(var_count=diagram.code.clauses.variables, auto_gc_and_minimize=True)
    node = manager.true()
    for clause in (*([literal] for literal in said), *diagram.code.clauses):
        some = manager.false()
        for literal in clause:
            some |= manager.literal(literal)
        node &= some
    found = node.global_model_count() if not node.is_false() else 0
    figures.note("counts by pysdd", 1, diagram.count(facts=facts) != int(found))


def clicks(diagram: Diagram, draw: np.random.Generator, times: int, figures: Figures) -> None:
    """Domains after each of several choices, valid or not, against SAT."""
    with Solver("glucose4", bootstrap_with=[list(clause) for clause in diagram.code.clauses]) as solver:
        choices: dict[str, str] = {}
        for _ in range(times):
            able = diagram.possible(choices)
            if draw.random() < 0.1 or not able.any():
                choices = {}
            open_ = [one for one in diagram.components if one.name not in choices]
            if not open_:
                choices = {}
                open_ = list(diagram.components)
            component = open_[int(draw.integers(len(open_)))]
            choices[component.name] = component.names[int(draw.integers(len(component.names)))]
            said = list(diagram.said(choices, {}, ()).values())
            found = diagram.possible(choices)
            expected = np.zeros(len(found), np.bool_)
            if solver.solve(assumptions=said):
                unseen = set(range(len(found)))
                literals = diagram.table.literals
                while unseen:
                    place = unseen.pop()
                    if solver.solve(assumptions=[*said, int(literals[place])]):
                        model = np.array(solver.get_model(), np.int64)
                        truth = np.zeros(diagram.code.clauses.variables + 1, np.bool_)
                        truth[np.abs(model)] = model > 0
                        seen = truth[np.abs(literals)] == (literals > 0)
                        expected |= seen
                        unseen -= set(np.flatnonzero(seen).tolist())
            domains = diagram.domains(choices)
            told = [module in domains[name] for name, module in diagram.table.pairs]
            figures.note("clicks", 1, bool((found != expected).any() or told != expected.tolist()))


def conflicts(diagram: Diagram, draw: np.random.Generator, times: int, figures: Figures) -> None:
    """Repairs against MaxSAT, and conflicts against what they claim, from random contradictory choices."""
    clauses = [list(clause) for clause in diagram.code.clauses]
    found = tries = 0
    while found < times and tries < 50 * times:
        tries += 1
        asked = [one for one in diagram.components if draw.random() < draw.random()]
        choices = {one.name: one.names[int(draw.integers(len(one.names)))] for one in asked}
        fixed = diagram.fixed(choices)
        if fixed is None or diagram.engine.possible(fixed).any():
            continue
        facts = list(diagram.said({}, {}, ()).values())
        costs = {name: int(draw.integers(1, 6)) for name in choices}
        formula = WCNF()
        formula.extend(clauses)
        formula.extend([[literal] for literal in facts])
        for name, module in choices.items():
            formula.append([diagram.literal(name, module)], weight=costs[name])
        with RC2(formula) as rc2:
            rc2.compute()
            optimum = rc2.cost
        try:
            repair = diagram.repair(choices, costs=costs)
        except NoConfiguration:
            continue  # nothing can be offered where no fact is known
        found += 1
        good = repair.cost == optimum and diagram.count(repair.configuration) == 1
        figures.note("repairs", 1, not good)
        explanation = diagram.explain(choices, seconds=60)
        figures.note("conflicts", 1, explanation is None or not _minimal(diagram, explanation))


def _minimal(diagram: Diagram, explanation: Any) -> bool:
    code = diagram.code
    names = [rule.name for rule in explanation.rules]
    groups = [group for group in range(code.rules) if code.rule(group).name in names]
    said = [diagram.literal(*pair) for pair in (*explanation.choices.items(), *explanation.facts.items())]
    first = code.clauses.variables + 1
    kept = [
        [*clause, -(first + group)] if group >= 0 else list(clause)
        for clause, group in zip(code.clauses, code.groups.tolist(), strict=True)
        if group < 0 or group in groups
    ]
    every = [*said, *(first + group for group in groups)]
    with Solver("glucose4", bootstrap_with=kept) as solver:
        contradiction = not solver.solve(assumptions=every)
        needed = all(solver.solve(assumptions=[x for x in every if x != one]) for one in every)
    return bool(explanation.minimal and contradiction and needed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--offers", type=int, default=1000)
    parser.add_argument("--clicks", type=int, default=100, help="on each offer")
    parser.add_argument("--conflicts", type=int, default=2, help="in each offer")
    parser.add_argument("--seconds", type=float, default=10.0, help="to compile each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    figures = Figures()
    draw = np.random.default_rng(asked.seed)
    began = time.process_time()
    if asked.files:
        for file in asked.files:
            diagram = trato.offer.read(file).compile()
            clicks(diagram, draw, asked.clicks, figures)
            conflicts(diagram, draw, asked.conflicts, figures)
    for number in range(0 if asked.files else asked.offers):
        # Every second one is small enough to look at all its configurations.
        offer = random_offer(draw, int(draw.integers(2, 25 if number % 2 else 7)))
        diagram = offer.compile(seconds=asked.seconds)
        figures.note("compiled" if diagram.exact else "too hard", 1, 0)
        if not diagram.exact:
            continue
        counts(diagram, draw, figures)
        clicks(diagram, draw, asked.clicks, figures)
        conflicts(diagram, draw, asked.conflicts, figures)
        if (number + 1) % 50 == 0:
            sys.stderr.write(f"{number + 1} offers, {time.process_time() - began:.0f} s of processor time\n")
    for what, times in figures.compared.items():
        print(f"{what:<18}{times:>9,} compared{figures.wrong[what]:>7,} wrong")
    return int(any(figures.wrong.values()))


if __name__ == "__main__":
    sys.exit(main())

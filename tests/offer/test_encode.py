"""Every configuration, with the facts, is exactly one assignment of the clauses."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from pysat.solvers import Solver

from tests.offer.offers import configurations, offers
from trato.errors import BadDeclaration
from trato.offer import normal_form
from trato.offer.encode import ALWAYS, encoded
from trato.offer.formula import Total
from trato.offer.offer import UNKNOWN, Component, Module, Offer, Rule

if TYPE_CHECKING:
    from trato.offer.encode import Encoded


def assignments(offer: Offer, code: Encoded, facts: dict[str, str]) -> list[dict[str, str]]:
    """What the clauses allow, found by search, one for each assignment of all their variables."""
    values = {fact.name: (*fact.values, UNKNOWN) for fact in offer.facts}
    known = [code.literals[name][of.index(facts.get(name, UNKNOWN))] for name, of in values.items()]
    found = []
    with Solver("minisat22", bootstrap_with=[list(clause) for clause in code.clauses]) as solver:
        for variable in range(1, code.clauses.variables + 1):
            solver.add_clause([variable, -variable])
        for model in solver.enum_models(assumptions=known):
            true = set(model)
            placed = [(one, zip(one.names, code.literals[one.name], strict=True)) for one in offer.components]
            found.append({one.name: next(m for m, x in at if x in true) for one, at in placed})
    return found


@given(offers())
def test_what_is_written_out_only_when_long_means_the_same(offer: Offer) -> None:
    with patch.multiple(normal_form, _MOST_PAIRWISE=1, _MOST_PRODUCT=1, _MOST_SUBSETS=0, _MOST_PATHS=0):
        code = encoded(offer)
    found = assignments(offer, code, {})
    assert sorted(map(str, found)) == sorted(map(str, configurations(offer)))


@settings(max_examples=150)
@given(offers())
def test_configurations_and_assignments_are_one_to_one(offer: Offer) -> None:
    code = encoded(offer)
    assert len(code.groups) == len(code.clauses)
    for facts in [{}] if not offer.facts else [{}, {"age": "young"}]:
        expected = configurations(offer, facts)
        found = assignments(offer, code, facts)
        assert sorted(map(str, found)) == sorted(map(str, expected))


@given(offers())
def test_without_its_clauses_a_rule_does_not_bind(offer: Offer) -> None:
    code = encoded(offer)
    free = [
        clause for clause, group in zip(code.clauses, code.groups.tolist(), strict=True) if group == ALWAYS
    ]
    with Solver("minisat22", bootstrap_with=[list(clause) for clause in free]) as solver:
        for component in offer.components:
            for literal in code.literals[component.name]:
                assert solver.solve(assumptions=[literal])
    assert set(np.unique(code.groups).tolist()) <= {ALWAYS, *range(len(offer.rules))}


def priced(prices: list[list[int]], most: int) -> Offer:
    components = tuple(
        Component(f"c{i}", tuple(Module(f"m{j}", price=price) for j, price in enumerate(of)))
        for i, of in enumerate(prices)
    )
    terms = tuple(
        (one.name, {module.name: Fraction(module.price) for module in one.modules}) for one in components
    )
    return Offer(components, rules=(Rule("budget", Total(terms, None, Fraction(most))),))


def test_a_budget_in_full_euros_is_as_small_as_one_of_euros() -> None:
    euros = [[3 * i % 17 + j * (i + 1) % 23 for j in range(5)] for i in range(12)]
    cents = [[100 * price for price in of] for of in euros]
    small, large = encoded(priced(euros, 90)), encoded(priced(cents, 9_050))
    assert small.clauses.digest == large.clauses.digest
    assert priced(cents, 9_050).compile().count() == sum_at_most(euros, 90)


def sum_at_most(weights: list[list[int]], most: int) -> int:
    """How many ways there are, by a table of sums."""
    ways = {0: 1}
    for of in weights:
        after: dict[int, int] = {}
        for total, count in ways.items():
            for weight in of:
                after[total + weight] = after.get(total + weight, 0) + count
        ways = after
    return sum(count for total, count in ways.items() if total <= most)


def test_a_limit_with_too_many_sums_is_refused_with_a_remedy() -> None:
    prices = [[0, *((7_919 * (5 * i + j + 2) ** 3) % 1_000_003 for j in range(5))] for i in range(24)]
    with pytest.raises(BadDeclaration, match="the rule 'budget' adds up to more than 400,000") as told:
        encoded(priced(prices, 12_000_000))
    assert "round its attributes" in (told.value.hint or "")

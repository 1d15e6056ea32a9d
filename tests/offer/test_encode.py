"""Every configuration, with the facts, is exactly one assignment of the clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from pysat.solvers import Solver

from tests.offer.offers import configurations, offers
from trato.offer import normal_form
from trato.offer.encode import ALWAYS, encoded
from trato.offer.offer import UNKNOWN

if TYPE_CHECKING:
    from trato.offer.encode import Encoded
    from trato.offer.offer import Offer


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

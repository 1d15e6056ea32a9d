"""Random offers, and the plain truth about them: every configuration looked at one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from trato.offer.formula import Allowed, Count, Every, Is, Not, Same, Some, Total, holds, implies
from trato.offer.offer import UNKNOWN, Component, Fact, Module, Offer, Rule

if TYPE_CHECKING:
    from trato.offer.formula import Formula


def configurations(offer: Offer, facts: dict[str, str] | None = None) -> list[dict[str, str]]:
    """Every valid configuration, for customers of whom these facts are known."""
    known = {fact.name: UNKNOWN for fact in offer.facts} | (facts or {})
    every = product(*(component.names for component in offer.components))
    taken = (dict(zip((one.name for one in offer.components), modules, strict=True)) for modules in every)
    return [one for one in taken if all(holds(rule.formula, one | known) for rule in offer.rules)]


def halves(least: int, most: int) -> st.SearchStrategy[Fraction]:
    return st.integers(least, most).map(lambda number: Fraction(number, 2))


@st.composite
def formulas(draw: st.DrawFn, modules: dict[str, tuple[str, ...]], depth: int = 3) -> Formula:
    """A formula over names that take one of their modules each."""

    def one_is(name: str) -> st.SearchStrategy[Formula]:
        some = st.lists(st.sampled_from(modules[name]), max_size=3, unique=True)
        return some.map(lambda taken: Is(name, tuple(taken)))

    def total(names: list[str]) -> st.SearchStrategy[Formula]:
        adds = [
            st.fixed_dictionaries(
                {module: st.integers(-2, 5).map(lambda n: Fraction(n, 2)) for module in modules[name]}
            )
            for name in names
        ]
        bound = st.none() | st.integers(-3, 9).map(lambda n: Fraction(n, 2))
        return st.builds(
            lambda weights, least, most: Total(tuple(zip(names, weights, strict=True)), least, most),
            st.tuples(*adds),
            bound,
            bound,
        )

    def allowed(names: list[str]) -> st.SearchStrategy[Formula]:
        row = st.tuples(*(st.integers(0, len(modules[name]) - 1) for name in names))
        return st.builds(
            lambda rows, forbidden: Allowed(
                tuple(names),
                tuple(modules[name] for name in names),
                np.array(rows, np.int32).reshape(len(rows), len(names)),
                forbidden,
            ),
            st.lists(row, max_size=12),
            st.booleans(),
        )

    several = st.lists(st.sampled_from(sorted(modules)), min_size=1, max_size=4, unique=True)
    leaf = st.sampled_from(sorted(modules)).flatmap(one_is)
    if depth == 0:
        return draw(leaf)
    inner = formulas(modules, depth - 1)
    some = st.lists(inner, max_size=4).map(tuple)
    found: Formula = draw(
        st.one_of(
            leaf,
            leaf,
            inner.map(Not),
            some.map(Every),
            some.map(Some),
            st.builds(Same, inner, inner),
            st.builds(implies, inner, inner),
            st.builds(Count, st.integers(-1, 4), st.integers(-1, 5), some),
            several.flatmap(total),
            several.flatmap(allowed),
        )
    )
    return found


@st.composite
def offers(draw: st.DrawFn, rules: int = 3) -> Offer:
    """An offer of a few components with few modules, sometimes with a fact, and rules of every kind."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    components = tuple(
        Component(f"c{i}", tuple(Module(f"m{j}", price=draw(st.integers(-3, 9))) for j in range(size)))
        for i, size in enumerate(sizes)
    )
    facts = (Fact("age", ("young", "old")),) if draw(st.booleans()) else ()
    modules = {component.name: component.names for component in components}
    modules |= {fact.name: (*fact.values, UNKNOWN) for fact in facts}
    said = draw(st.lists(formulas(modules), max_size=rules))
    return Offer(components, facts, tuple(Rule(f"r{i}", formula) for i, formula in enumerate(said)))

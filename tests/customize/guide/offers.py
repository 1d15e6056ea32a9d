"""Small offers to guide through, and what customers took of them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from trato.customize.guide.sales import Sales, sales_of
from trato.offer.formula import Every, Is, Not, holds, implies
from trato.offer.offer import Component, Fact, Module, Offer, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.offer.diagram import Diagram
    from trato.offer.formula import Formula


def component(name: str, *modules: str, price: int = 100) -> Component:
    return Component(name, tuple(Module(one, price=price * place) for place, one in enumerate(modules)))


def phones() -> Offer:
    """Phones for companies: a headset needs a plan that has calls, and the elderly get large print."""
    return Offer(
        components=(
            component("phone", "basic", "smart", "rugged"),
            component("plan", "calls", "data", "both"),
            component("headset", "none", "wired", "wireless"),
            component("print", "normal", "large"),
        ),
        facts=(Fact("age", ("young", "old")),),
        rules=(
            Rule("smart needs data", implies(Is("phone", ("smart",)), Is("plan", ("data", "both")))),
            Rule(
                "headset needs calls", implies(Not(Is("headset", ("none",))), Is("plan", ("calls", "both")))
            ),
            Rule("large print", implies(Is("age", ("old",)), Is("print", ("large",)))),
        ),
    )


def every_configuration(offer: Offer, **facts: str) -> list[dict[str, str]]:
    """All valid configurations, by trying every combination."""
    known = {fact.name: facts.get(fact.name, "unknown") for fact in offer.facts}
    names = [one.name for one in offer.components]
    found = [
        dict(zip(names, taken, strict=True)) for taken in product(*(one.names for one in offer.components))
    ]
    return [one for one in found if all(holds(rule.formula, one | known) for rule in offer.rules)]


def sold(diagram: Diagram, often: Mapping[Any, int]) -> Sales:
    """Sales of all components, by the modules taken."""
    names = [one.name for one in diagram.components]
    sales, refused = sales_of(diagram, names, list(often), list(often.values()))
    assert not refused
    return sales


def drawn_sales(diagram: Diagram, seed: int, number: int) -> Sales:
    """Sales drawn unevenly from all that is valid."""
    rng = np.random.default_rng(seed)
    leaning = rng.normal(size=len(diagram.table.pairs))
    taken = diagram.sample(rng, number, log_weights=leaning).astype(np.int16)
    kept, counts = np.unique(taken, axis=0, return_counts=True)
    return Sales(np.arange(len(diagram.components)), kept, counts.astype(np.int64))


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Offers of two to five components under a few rules, with at least one configuration."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    components = tuple(component(f"c{i}", *(f"m{a}" for a in range(size))) for i, size in enumerate(sizes))

    def one_of() -> Formula:
        place = draw(st.integers(0, len(sizes) - 1))
        return Is(f"c{place}", (f"m{draw(st.integers(0, sizes[place] - 1))}",))

    rules = tuple(
        Rule(f"r{i}", implies(one_of(), Not(one_of()) if draw(st.booleans()) else one_of()))
        for i in range(draw(st.integers(0, 4)))
    )
    offer = Offer(components, rules=rules)
    return offer if every_configuration(offer) else Offer(components, rules=(Rule("none", Every(())),))

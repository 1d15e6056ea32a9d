"""What a diagram answers is what looking at every configuration one by one finds, compiled or by search."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import exp, inf
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.offer.offers import configurations, offers
from trato.errors import NoConfiguration, OfferTooLarge, UnknownModule
from trato.offer.diagram import Diagram
from trato.offer.encode import encoded
from trato.offer.formula import FALSE, Is, Not, implies
from trato.offer.offer import Component, Fact, Module, Offer, Rule
from trato.offer.search import SearchEngine

if TYPE_CHECKING:
    from collections.abc import Callable

Choices = dict[str, str]
Case = tuple[Offer, Choices, Choices]


def searched(offer: Offer) -> Diagram:
    code = encoded(offer)
    return Diagram(offer, code, SearchEngine(code.clauses, code.asked), "answered by search")


def compiled(offer: Offer) -> Diagram:
    return offer.compile()


BOTH = pytest.mark.parametrize("made", [compiled, searched])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """An offer, some choices, and some facts."""
    offer = draw(offers())
    asked = draw(st.lists(st.sampled_from(offer.components), unique_by=lambda one: one.name))
    choices = {one.name: draw(st.sampled_from(one.names)) for one in asked}
    facts = {fact.name: draw(st.sampled_from(fact.values)) for fact in offer.facts if draw(st.booleans())}
    return offer, choices, facts


def left(offer: Offer, choices: Choices, facts: Choices) -> list[Choices]:
    """The configurations that keep to what is said."""
    return [one for one in configurations(offer, facts) if choices.items() <= one.items()]


@BOTH
@settings(max_examples=50)
@given(cases())
def test_domains_are_the_modules_of_the_configurations_left(
    made: Callable[[Offer], Diagram], case: Case
) -> None:
    offer, choices, facts = case
    found = made(offer).domains(choices, facts=facts)
    valid = left(offer, choices, facts)
    assert found == {one.name: {each[one.name] for each in valid} for one in offer.components}


@settings(max_examples=50)
@given(cases())
def test_the_count_is_of_configurations(case: Case) -> None:
    offer, choices, facts = case
    diagram = compiled(offer)
    assert diagram.exact
    assert diagram.count(choices, facts=facts) == len(left(offer, choices, facts))


@BOTH
@settings(max_examples=50)
@given(cases(), st.data())
def test_the_best_configuration_scores_highest(
    made: Callable[[Offer], Diagram], case: Case, data: st.DataObject
) -> None:
    offer, choices, facts = case
    diagram = made(offer)
    score = {pair: float(data.draw(st.integers(-9, 9))) for pair in diagram.table.pairs}
    valid = left(offer, choices, facts)
    if not valid:
        with pytest.raises(NoConfiguration):
            diagram.best(score, choices, facts=facts)
        return
    found = diagram.best(score, choices, facts=facts)
    assert found in valid
    assert sum(score[pair] for pair in found.items()) == max(
        sum(score[pair] for pair in one.items()) for one in valid
    )


@settings(max_examples=50)
@given(cases(), st.data())
def test_marginals_are_shares_of_the_weighted_configurations(case: Case, data: st.DataObject) -> None:
    offer, choices, facts = case
    diagram = compiled(offer)
    weights = {pair: data.draw(st.floats(-3, 3)) for pair in diagram.table.pairs}
    valid = left(offer, choices, facts)
    shares = [exp(sum(weights[pair] for pair in one.items())) for one in valid]
    expected = [
        sum(share for one, share in zip(valid, shares, strict=True) if one[component] == module)
        / (sum(shares) or 1.0)
        for component, module in diagram.table.pairs
    ]
    np.testing.assert_allclose(diagram.marginals(choices, weights, facts=facts), expected, atol=1e-9)


@BOTH
@settings(max_examples=50)
@given(cases(), st.integers(0, 99))
def test_samples_are_valid(made: Callable[[Offer], Diagram], case: Case, seed: int) -> None:
    offer, choices, facts = case
    diagram, draw = made(offer), np.random.default_rng(seed)
    valid = left(offer, choices, facts)
    if not valid:
        with pytest.raises(NoConfiguration):
            diagram.sample(draw, 3, choices, facts=facts)
        return
    drawn = diagram.sample(draw, 3, choices, facts=facts)
    for row in drawn.tolist():
        assert {one.name: one.names[at] for one, at in zip(offer.components, row, strict=True)} in valid


@BOTH
@settings(max_examples=50)
@given(cases())
def test_a_conflict_is_one_and_is_minimal(made: Callable[[Offer], Diagram], case: Case) -> None:
    offer, choices, facts = case
    found = made(offer).explain(choices, facts=facts, seconds=60)
    if left(offer, choices, facts):
        assert found is None
        return
    assert found is not None
    assert found.minimal
    assert found.choices.items() <= choices.items()
    names = [one.name for one in offer.components]
    free = Offer(
        (
            *offer.components,
            *(Component(f.name, tuple(map(Module, (*f.values, "unknown")))) for f in offer.facts),
        )
    )

    def contradicts(said: set[tuple[str, str]], rules: set[str]) -> bool:
        kept = replace(free, rules=tuple(rule for rule in offer.rules if rule.name in rules))
        return not left(kept, dict(said), {})

    said = set(found.choices.items()) | set(found.facts.items())
    rules = {rule.name for rule in found.rules}
    assert contradicts(said, rules)
    assert not any(contradicts(said - {one}, rules) for one in said)
    assert not any(contradicts(said, rules - {one}) for one in rules)
    assert set(found.choices) <= set(names)


@BOTH
@settings(max_examples=50)
@given(cases(), st.data())
def test_the_repair_gives_up_as_little_as_possible(
    made: Callable[[Offer], Diagram], case: Case, data: st.DataObject
) -> None:
    offer, choices, facts = case
    costs = {name: float(data.draw(st.integers(0, 5))) for name in choices}
    diagram = made(offer)
    valid = configurations(offer, facts)
    if not valid:
        with pytest.raises(NoConfiguration):
            diagram.repair(choices, facts=facts, costs=costs)
        return
    found = diagram.repair(choices, facts=facts, costs=costs)
    assert found.cost == min(
        sum(costs[name] for name, module in choices.items() if one[name] != module) for one in valid
    )
    assert found.configuration in valid
    assert dict(found.changes) == {
        name: (module, found.configuration[name])
        for name, module in choices.items()
        if found.configuration[name] != module
    }


def test_among_equally_cheap_repairs_the_score_decides() -> None:
    diagram = BICYCLE.compile()
    choices = {"frame": "child", "motor": "yes"}
    old = {"age": "old"}
    frame = diagram.repair(choices, facts=old, score={("frame", "city"): 3.0, ("motor", "no"): 1.0})
    assert dict(frame.changes) == {"frame": ("child", "city")}
    motor = diagram.repair(choices, facts=old, score={("frame", "city"): 1.0, ("motor", "no"): 3.0})
    assert dict(motor.changes) == {"motor": ("yes", "no")}
    dear = diagram.repair(choices, facts=old, score={("motor", "no"): 1e9}, costs={"motor": 2.0})
    assert dict(dear.changes) == {"frame": ("child", "city")}


BICYCLE = Offer(
    (
        Component("frame", (Module("city", price=500), Module("child", price=300))),
        Component("motor", (Module("yes", price=900), Module("no"))),
        Component("bell", (Module("none"), Module("loud", price=9), Module("soft", price=12))),
    ),
    (Fact("age", ("young", "old")),),
    (
        Rule("no motor for children", implies(Is("frame", ("child",)), Is("motor", ("no",)))),
        Rule("of age", implies(Is("motor", ("yes",)), Is("age", ("old",)))),
    ),
)


def test_an_unknown_fact_is_not_taken_for_known() -> None:
    diagram = BICYCLE.compile()
    assert diagram.domains()["motor"] == {"no"}
    assert diagram.domains(facts={"age": "old"})["motor"] == {"yes", "no"}
    found = diagram.explain({"motor": "yes", "bell": "loud"})
    assert found is not None
    assert (dict(found.choices), dict(found.facts)) == ({"motor": "yes"}, {"age": "unknown"})
    assert [rule.name for rule in found.rules] == ["of age"]
    assert found.repair is not None
    assert dict(found.repair.changes) == {"motor": ("yes", "no")}


def test_what_is_not_to_be_had_is_in_no_configuration() -> None:
    diagram = BICYCLE.compile()
    gone = [("frame", "city")]
    assert diagram.domains(without=gone)["frame"] == {"child"}
    assert diagram.count(without=gone) == 3
    found = diagram.explain({"frame": "city"}, without=gone)
    assert found is not None
    assert (found.without, found.rules) == ((("frame", "city"),), ())


def test_prices_add_up() -> None:
    diagram = BICYCLE.compile()
    assert diagram.price({"frame": "city", "motor": "no", "bell": "soft"}) == 512


def test_where_nothing_can_be_offered_the_rules_alone_say_why() -> None:
    contradiction = replace(
        BICYCLE, rules=(*BICYCLE.rules, Rule("none", FALSE), Rule("soft", Is("bell", ("soft",))))
    )
    diagram = contradiction.compile()
    assert diagram.count() == 0
    found = diagram.explain({})
    assert found is not None
    assert [rule.name for rule in found.rules] == ["none"]
    assert found.repair is None
    with pytest.raises(NoConfiguration):
        diagram.best()


@pytest.mark.parametrize(
    ("choices", "facts", "said", "hint"),
    [
        ({"fram": "city"}, {}, "no component 'fram'", "frame"),
        ({"frame": "cty"}, {}, "'frame' has no module 'cty'", "city"),
        ({"age": "old"}, {}, "'age' is a fact", "among the facts"),
        ({}, {"age": "odl"}, "the fact 'age' has no value 'odl'", "old"),
        ({}, {"aeg": "old"}, "there is no fact 'aeg'", "age"),
    ],
)
def test_unknown_words_are_told_with_the_nearest(
    choices: Choices, facts: Choices, said: str, hint: str
) -> None:
    with pytest.raises(UnknownModule, match=said) as told:
        BICYCLE.compile().domains(choices, facts=facts)
    assert hint in (told.value.hint or "")


def test_a_feature_that_became_a_module_can_be_chosen_by_its_name() -> None:
    offer = replace(
        BICYCLE,
        aliases={("loud", "yes"): ("bell", "loud", True), ("loud", "no"): ("bell", "loud", False)},
    )
    diagram = offer.compile()
    assert diagram.domains({"loud": "yes"})["bell"] == {"loud"}
    assert diagram.domains({"loud": "no"})["bell"] == {"none", "soft"}
    found = diagram.explain({"loud": "no", "bell": "loud"})
    assert found is not None
    assert dict(found.choices) == {"loud": "no", "bell": "loud"}
    with pytest.raises(UnknownModule, match="the feature 'loud'"):
        diagram.count({"loud": "maybe"})


def test_what_cannot_be_compiled_is_answered_by_search_and_says_so() -> None:
    diagram = searched(BICYCLE)
    assert (diagram.exact, diagram.message) == (False, "answered by search")
    for ask in (diagram.count, diagram.marginals):
        with pytest.raises(OfferTooLarge, match="could not be compiled"):
            ask()


def test_domains_of_many_modules() -> None:
    many = tuple(Module(f"m{i}") for i in range(200))
    offer = Offer(
        (Component("one", many), BICYCLE.components[1]), rules=(Rule("not 7", Not(Is("one", ("m7",)))),)
    )
    found = offer.compile().domains()
    assert found["one"] == {module.name for module in many} - {"m7"}
    assert found["motor"] == {"yes", "no"}
    assert offer.compile().count() == 2 * 199
    assert offer.compile().repair({"one": "m7"}).cost == 1.0
    assert offer.compile().repair({"one": "m150"}).cost == 0.0


def test_pairs_of_modules_go_together_or_not() -> None:
    offer = replace(BICYCLE, rules=())
    taken = {tuple(row) for row in offer.compile().sample(np.random.default_rng(1), 200).tolist()}
    assert len(taken) == 12
    assert all(len(pair) == 2 for pair in combinations(taken, 2))
    assert offer.compile().best({("bell", "soft"): -inf, ("bell", "none"): -1.0})["bell"] == "loud"

"""A proposal rests on what was said, or on a belief that says more than the population, and on no more."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.corner import PROFILES, needs_model
from trato.customize.proposal import LEAST_GAIN, gains_over_population, propose
from trato.customize.wants import needs_in_words, weigh_needs
from trato.differentiate.needs.beliefs import Belief, Statement, believe, predict
from trato.differentiate.needs.names import NamedNeed

if TYPE_CHECKING:
    from trato.customize.proposal import Proposal
    from trato.customize.wants import NeedInWords
    from trato.differentiate.needs.beliefs import NeedsModel

LABELS = list(needs_model().item_of)
COUNTS = st.lists(st.sampled_from([*LABELS, ("bread", "new"), ("tea", "green")]), max_size=30).map(Counter)
STATEMENTS = st.lists(
    st.builds(
        Statement,
        st.sampled_from(["bread", "milk", "tea"]),
        st.sampled_from(["rye", "wheat", "whole", "green"]),
        st.sampled_from(["always", "never"]),
    ),
    max_size=5,
)
BAKERS = NamedNeed(
    {"en": "Bakers", "es": "Panaderos", "pt": "Padeiros"},
    0.5,
    {("bread", "rye"): 1.7, ("bread", "wheat"): 0.3},
)


def words(model: NeedsModel) -> tuple[NeedInWords, ...]:
    return needs_in_words(model, ())


def proposal(counts: Counter[tuple[str, str]], *said: Statement, most: int = 10) -> Proposal:
    model = needs_model()
    return propose(model, believe(model, counts), said, words(model), most=most)


def test_nothing_is_proposed_where_nothing_was_said_or_done() -> None:
    found = proposal(Counter())
    assert found.components == ()
    assert found.as_all == ("bread", "milk")
    assert found.evidence == 0
    assert not found.not_yet


def test_the_petrol_station_proposes_nothing() -> None:
    """Where all needs choose alike, habit apart, knowing the need is no reason to propose anything."""
    alike = replace(
        needs_model(), log_profiles=np.log(np.tile(PROFILES.mean(axis=0), (2, 1))), trust=np.full(2, 1e6)
    )
    found = propose(alike, believe(alike, Counter({("bread", "rye"): 9})), (), words(alike))
    assert found.components == ()
    assert found.as_all == ("bread", "milk")


def test_who_wants_rye_is_proposed_rye_and_told_why() -> None:
    found = proposal(Counter({("bread", "rye"): 6, ("bread", "wheat"): 1}))
    bread = found.components[0]
    assert bread.component == "bread"
    assert [one.module for one in bread.modules] == ["rye"]
    assert found.as_all == ("milk",)
    rye = bread.modules[0]
    assert rye.usual is not None
    assert rye.probability > rye.usual
    assert [one.because for one in rye.reasons] == ["chosen", "need", "usual"]
    assert rye.reasons[0].evidence == 6
    assert rye.reasons[0].words["en"] == "They chose it 6 of 7 times in bread."
    assert rye.reasons[0].words["es"] == "Lo eligió 6 de 7 veces en bread."
    assert "1,8 vezes" in rye.reasons[1].words["pt"]
    assert all(set(one.words) == {"en", "es", "pt"} for one in rye.reasons)


def test_who_buys_whole_milk_like_everybody_is_proposed_no_milk() -> None:
    found = proposal(Counter({("milk", "whole"): 7, ("milk", "skimmed"): 3}))
    assert "milk" in found.as_all


@given(COUNTS)
def test_no_component_is_proposed_that_says_no_more_than_the_population(
    counts: Counter[tuple[str, str]],
) -> None:
    found = proposal(counts)
    assert {one.component for one in found.components}.isdisjoint(found.as_all)
    assert {one.component for one in found.components} | set(found.as_all) == {"bread", "milk"}
    for one in found.components:
        assert one.gain >= LEAST_GAIN
        assert one.modules
        for module in one.modules:
            assert module.probability >= 1.2 * (module.usual or 0)
            assert module.reasons


@given(COUNTS, STATEMENTS)
def test_what_was_said_binds_whatever_was_done(
    counts: Counter[tuple[str, str]], said: list[Statement]
) -> None:
    found = proposal(counts, *said)
    model = needs_model()
    belief = believe(model, counts)
    shown = {(one.component, module.module) for one in found.components for module in one.modules}
    for component in model.components:
        bound = predict(model, belief, component, said)
        for module, share in bound.items():
            if share == 0:
                assert (component, module) not in shown
            if share == 1 and Statement(component, module, "always") in said:
                assert (component, module) in shown


def test_what_everybody_chooses_is_proposed_to_who_asked_for_it() -> None:
    model = replace(needs_model(), log_profiles=np.log(np.tile([0.1, 0.1, 0.8, 0.05, 0.95], (2, 1))))
    said = (Statement("milk", "whole", "always"),)
    found = propose(model, believe(model, {}), said, words(model))
    assert [(one.component, one.binding) for one in found.components] == [("milk", True)]
    assert found.components[0].modules[0].reasons[0].because == "said"


def test_the_later_word_counts() -> None:
    never = Statement("bread", "rye", "never")
    always = Statement("bread", "rye", "always")
    counts = Counter({("bread", "rye"): 6})
    assert proposal(counts, never, always).components[0].binding
    left = proposal(counts, always, never)
    assert "rye" not in {m.module for one in left.components for m in one.modules}
    assert all("rye" in one.left_out for one in left.components if one.component == "bread")


def test_a_no_where_all_are_treated_alike_is_still_told() -> None:
    found = proposal(Counter(), Statement("milk", "skimmed", "never"))
    assert found.components == ()
    assert found.left_out == {"milk": ("skimmed",)}


def test_what_was_said_counts_before_any_build_and_for_what_no_model_knows() -> None:
    tea = Statement("tea", "green", "always")
    early = propose(None, None, (tea,), ())
    assert early.not_yet
    assert early.components[0].modules[0].reasons[0].words["en"] == "They said that they want it."
    late = proposal(Counter(), tea)
    assert late.components[0].component == "tea"
    assert late.components[0].modules[0].usual is None


def test_what_was_said_comes_first_then_where_the_belief_serves_most() -> None:
    counts = Counter({("bread", "rye"): 2, ("milk", "skimmed"): 40})
    both = proposal(counts)
    assert [one.component for one in both.components] == ["milk", "bread"]
    assert both.further == 0
    found = proposal(counts, most=1)
    assert found.components == both.components[:1]
    assert found.further == 1
    assert found.as_all == ()
    said = proposal(counts, Statement("bread", "spelt", "always"))
    assert [one.component for one in said.components] == ["bread", "milk"]


@given(COUNTS)
def test_the_gain_is_that_of_the_prediction(counts: Counter[tuple[str, str]]) -> None:
    """Worked out for all components at once, it is what one prediction after the other gives."""
    model = needs_model()
    belief = believe(model, counts)
    nobody = Belief(model.version, model.shares, {})
    for component, gain in gains_over_population(model, belief).items():
        usual = predict(model, nobody, component)
        told = predict(model, belief, component)
        each = (p * math.log(p / max(usual.get(module, 0), 1e-4)) for module, p in told.items() if p > 0)
        assert gain == pytest.approx(math.fsum(each), abs=1e-12)


def test_needs_are_told_under_the_names_that_fit() -> None:
    model = needs_model()
    found = needs_in_words(model, [BAKERS])
    assert [one.name["en"] for one in found] == ["Bakers", "More wheat"]
    assert [one.state for one in found] == ["kept", "untitled"]
    assert found[0].description["en"][0].startswith("rye 1.8× as often")


def test_names_move_with_their_needs() -> None:
    """The model of another day has the needs in another order."""
    model = needs_model()
    turned = replace(model, log_profiles=model.log_profiles[::-1].copy())
    assert [one.name["en"] for one in needs_in_words(turned, [BAKERS])] == ["More wheat", "Bakers"]


def test_a_need_is_told_with_what_moved_it_and_none_without() -> None:
    model = needs_model()
    assert weigh_needs(model, believe(model, {}), words(model)) == ()
    assert weigh_needs(model, believe(model, {("tea", "green"): 4}), words(model)) == ()
    found = weigh_needs(model, believe(model, {("bread", "rye"): 5, ("milk", "whole"): 9}), words(model))
    assert len(found) == 1
    assert found[0].weight > 0.9
    assert [(one.module, one.count) for one in found[0].evidence] == [("rye", 5)]  # milk tells nothing apart


@pytest.mark.parametrize("count", [1, 2])
def test_evidence_is_put_in_words(count: int) -> None:
    model = needs_model()
    found = weigh_needs(model, believe(model, {("bread", "rye"): count}), words(model))
    assert ("once" in found[0].evidence[0].words["en"]) == (count == 1)

"""The guide proposes what is valid, asks what is worth asking, and loses nothing on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.customize.guide.offers import drawn_sales, every_configuration, offers, phones, sold
from trato.customize.guide.guide import Guide, Stakes
from trato.customize.guide.preferences import leaning, learn_preferences
from trato.customize.guide.questions import PlainAnswer, PlainQuestion
from trato.customize.guide.state import as_document, begun, from_document, with_choice
from trato.errors import BadInput, BadOption, UnknownModule

if TYPE_CHECKING:
    from trato.customize.guide.state import GuideState
    from trato.offer.diagram import Diagram
    from trato.offer.offer import Offer


@pytest.fixture(scope="module")
def diagram() -> Diagram:
    return phones().compile()


@pytest.fixture(scope="module")
def guide(diagram: Diagram) -> Guide:
    often = {
        ("smart", "both", "wireless", "normal"): 40,
        ("basic", "calls", "none", "large"): 30,
        ("smart", "data", "none", "normal"): 20,
        ("rugged", "calls", "wired", "normal"): 10,
    }
    return Guide(diagram, learn_preferences(diagram, sold(diagram, often), draw=np.random.default_rng(1)))


def test_the_proposal_is_what_most_took_and_says_so(guide: Guide) -> None:
    step = guide.step(begun())
    assert step.proposal == {"phone": "smart", "plan": "both", "headset": "wireless", "print": "normal"}
    phone = next(one for one in step.values if one.component == "phone")
    assert (phone.settled, phone.took, phone.of) == ("guess", 60, 100)
    assert step.price == 100 + 200 + 200


def test_what_is_asked_tells_most(guide: Guide) -> None:
    """Any of phone, plan and headset tells three of the four groups apart; print tells two."""
    question = guide.step(begun()).question
    assert question is not None
    assert question.key in {"phone", "plan", "headset"}
    assert sum(one.probability for one in question.options) == pytest.approx(1.0)
    assert question.options[0].probability >= question.options[-1].probability


def test_one_answer_leads_to_the_rest(guide: Guide) -> None:
    state = begun()
    state = guide.answer(state, guide.step(state), "phone", "rugged")
    step = guide.step(state)
    assert step.proposal == {"phone": "rugged", "plan": "calls", "headset": "wired", "print": "normal"}
    assert next(one for one in step.values if one.component == "phone").settled == "said"


def test_what_follows_from_a_choice_is_not_asked(guide: Guide) -> None:
    state = with_choice(with_choice(begun(), "headset", "wired"), "phone", "smart")
    step = guide.step(state)
    assert next(one for one in step.values if one.component == "plan").settled == "only"
    assert step.question is None or step.question.key == "print"


def test_a_statement_binds_from_the_start(guide: Guide) -> None:
    step = guide.step(begun(statements={"print": "large"}))
    assert step.proposal["print"] == "large"
    assert step.question is None or step.question.key != "print"


def test_a_fact_is_never_offered_and_its_rule_holds(guide: Guide) -> None:
    step = guide.step(begun(facts={"age": "old"}))
    assert step.proposal["print"] == "large"
    assert {one.component for one in step.values} == {"phone", "plan", "headset", "print"}


def test_no_preference_is_not_asked_again(guide: Guide) -> None:
    state = begun()
    asked = []
    while (question := (step := guide.step(state)).question) is not None:
        assert question.key not in asked
        asked.append(question.key)
        state = guide.answer(state, step, question.key, None)
    assert state.effort == len(asked)
    assert not state.choices


def test_a_correction_that_conflicts_gives_up_as_little_as_it_can(guide: Guide) -> None:
    state = begun()
    for component, module in (("plan", "data"), ("print", "large"), ("headset", "none")):
        state = with_choice(state, component, module)
    state = guide.correct(state, guide.step(state), "headset", "wired")
    assert state.choices == {"print": "large", "headset": "wired"}
    assert guide.step(state).proposal["headset"] == "wired"


def test_a_correction_of_what_cannot_be_had_is_refused(diagram: Diagram, guide: Guide) -> None:
    sold_out = Guide(diagram, guide.preferences, without={("headset", "wired")})
    step = sold_out.step(begun())
    with pytest.raises(BadOption):
        sold_out.correct(begun(), step, "headset", "wired")
    with pytest.raises(UnknownModule):
        sold_out.correct(begun(), step, "headset", "golden")
    with pytest.raises(UnknownModule):
        sold_out.answer(begun(), step, "hat", "golden")


def test_a_module_withdrawn_in_between_is_told_and_the_rest_goes_on(diagram: Diagram, guide: Guide) -> None:
    state = with_choice(with_choice(begun(), "phone", "rugged"), "print", "large")
    later = Guide(diagram, guide.preferences, without={("phone", "rugged")})
    step = later.step(state)
    assert step.changed == (("phone", "rugged"),)
    assert step.proposal["print"] == "large"
    assert step.proposal["phone"] != "rugged"


def test_a_module_that_the_new_offer_does_not_know_is_told(guide: Guide) -> None:
    state = with_choice(begun(facts={"shoe": "42"}), "phone", "folding")
    assert guide.step(state).changed == (("phone", "folding"),)


def test_small_matters_ask_less(diagram: Diagram, guide: Guide) -> None:
    def asks(stakes: Stakes) -> bool:
        return Guide(diagram, guide.preferences, stakes=stakes).step(begun()).question is not None

    assert asks(Stakes(price_share=0.1, effort=1))
    assert not asks(Stakes(price_share=0.1, effort=400))
    assert asks(Stakes(price_share=0.1, times=1000, effort=400))


def test_a_plain_question_is_asked_where_it_tells_more(diagram: Diagram, guide: Guide) -> None:
    group = PlainQuestion(
        "group",
        {"en": "Who will use it?"},
        {},
        (
            PlainAnswer("office", {}, 0.6, likes={("phone", "smart"): 50.0}),
            PlainAnswer("retired", {}, 0.3, facts={"age": "old"}, likes={("phone", "basic"): 50.0}),
            PlainAnswer("site", {}, 0.1, likes={("phone", "rugged"): 50.0}),
        ),
        effort=0.5,
    )
    asking = Guide(diagram, guide.preferences, questions=[group])
    state = begun()
    step = asking.step(state)
    assert step.question is not None
    assert step.question.key == "group"
    state = asking.answer(state, step, "group", "retired")
    assert state.facts == {"age": "old"}
    after = asking.step(state)
    assert after.proposal == {"phone": "basic", "plan": "calls", "headset": "none", "print": "large"}
    assert after.question is None or after.question.key != "group"
    with pytest.raises(UnknownModule):
        asking.answer(begun(), step, "group", "martian")


def test_a_customer_s_own_likes_move_the_first_proposal(diagram: Diagram, guide: Guide) -> None:
    mine = leaning(guide.preferences, {(0, 0): 20.0})  # basic phones
    assert Guide(diagram, mine).step(begun()).proposal["phone"] == "basic"
    assert np.allclose(
        leaning(guide.preferences, {(0, 0): 20.0}, sure=0.0).weights, guide.preferences.weights
    )


def test_a_conversation_is_left_and_resumed_elsewhere(guide: Guide) -> None:
    state = begun(facts={"age": "young"})
    step = guide.step(state)
    state = guide.answer(state, step, "phone", "basic")
    state = guide.correct(state, guide.step(state), "headset", "wired")
    resumed = from_document(json.loads(json.dumps(as_document(state))))
    assert resumed == state
    assert guide.step(resumed) == guide.step(state)
    with pytest.raises(BadInput):
        from_document({"format": "trato.guide/1", "choices": 3})
    with pytest.raises(BadInput):
        from_document({})


def walk(guide: Guide, target: dict[str, str], *, correcting: bool) -> tuple[int, list[dict[str, str]]]:
    """The number of answers until the proposal is the target, and every proposal on the way."""
    state: GuideState = begun()
    shown = []
    for answers in range(20):
        step = guide.step(state)
        shown.append(dict(step.proposal))
        if step.proposal == target:
            return answers, shown
        wrong = next(
            one.component for one in step.values if step.proposal[one.component] != target[one.component]
        )
        if correcting or step.question is None:
            state = guide.correct(state, step, wrong, target[wrong])
        else:
            assert step.question.key not in state.choices
            state = guide.answer(state, step, step.question.key, target[step.question.key])
    pytest.fail("it never came to the target")


@settings(max_examples=60, deadline=None)
@given(offers(), st.data())
def test_every_proposal_is_valid_and_every_customer_arrives(offer: Offer, data: st.DataObject) -> None:
    diagram = offer.compile()
    valid = every_configuration(offer)
    sales = drawn_sales(diagram, data.draw(st.integers(0, 99)), data.draw(st.sampled_from([0, 3, 40])) or 1)
    history = data.draw(st.booleans())
    preferences = learn_preferences(diagram, sales if history else None, draw=np.random.default_rng(0))
    assert preferences.weights.sum() == pytest.approx(1.0)
    guide = Guide(diagram, preferences)
    target = data.draw(st.sampled_from(valid))
    answers, shown = walk(guide, target, correcting=data.draw(st.booleans()))
    assert all(one in valid for one in shown)
    assert answers <= len(offer.components)


@settings(max_examples=40, deadline=None)
@given(offers(), st.data())
def test_whatever_is_said_in_whatever_order_the_proposal_is_valid(offer: Offer, data: st.DataObject) -> None:
    diagram = offer.compile()
    valid = every_configuration(offer)
    guide = Guide(diagram, learn_preferences(diagram, None, draw=np.random.default_rng(0)))
    state = begun()
    for _ in range(data.draw(st.integers(0, 6))):
        step = guide.step(state)
        assert dict(step.proposal) in valid
        component = data.draw(st.sampled_from(offer.components))
        module = data.draw(st.sampled_from(component.names))
        if not any(one[component.name] == module for one in valid):
            with pytest.raises(BadOption):
                guide.correct(state, step, component.name, module)
        elif data.draw(st.booleans()):
            state = guide.correct(state, step, component.name, module)
        else:
            state = guide.answer(state, step, component.name, module)
        for name, chosen in state.choices.items():
            assert guide.step(state).proposal[name] == chosen
    assert dict(guide.step(replace(state, confirmed=())).proposal) in valid

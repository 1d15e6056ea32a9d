"""Explanations: they sum up, they name what bound, and they say nothing that the record does not hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.programme.memory import Memory
from tests.customize.programme.shop import NOW, Cap, asked, drawn, programme, serving, treatment
from trato.customers.customer import CustomerId
from trato.customize.decide import decide
from trato.customize.explain import Bound, explain
from trato.customize.names import Names
from trato.customize.programme.belief import prior_of
from trato.customize.programme.encode import layout_of
from trato.customize.programme.features import full, phi
from trato.customize.programme.phrases import REASONS, Language
from trato.customize.programme.posterior import to_document, updated
from trato.customize.programme.ready import ready_of
from trato.customize.programme.treatments import NOTHING, Goal, Holdouts
from trato.customize.programme.vector import vector
from trato.customize.programme.wording import count_in_words, fact_in_words, in_words, reason_in_words

if TYPE_CHECKING:
    from trato.customize.decide import Decided
    from trato.customize.explain import Explanation
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.treatments import Programme

ANA = CustomerId("ana")
ALL = Holdouts(0, 0, 0)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def decided(one: Programme, store: Memory | None = None, **request: Any) -> Decided:
    store = store or ana()
    if one.key not in store.served:
        store.serve(one)
    with store.begun() as it:
        wish = replace(asked("ana"), **request)
        return decide(it, [wish], serving=serving(one), now=NOW)[0]


def ana(*purposes: str) -> Memory:
    store = Memory()
    store.meet("ana", *(purposes or ("offers", "suggestions")))
    store.score(ANA, tier="most_valuable", p_alive=0.4, evidence=3)
    return store


def explained(one: Programme, store: Memory | None = None, **request: Any) -> Explanation:
    found = decided(one, store, **request)
    return explain(found.decision, found.ready)


def learned(one: Programme, store: Memory, *effects: float) -> None:
    """Serve a model that saw each treatment a thousand times, with these effects for everybody."""
    layout, before = layout_of(one), prior_of(one)
    ready = ready_of(one)
    chance = np.random.default_rng(3)
    rows, outcomes = [], []
    for place, effect in enumerate((0.0, *effects)):
        for _ in range(300):
            x = np.zeros(len(layout.customer), np.float32)
            x[0] = 1
            x[1 + int(chance.integers(4))] = 1
            rows.append(full(layout, x, ready.modules[place]))
            outcomes.append(0.1 + effect)
    document = json.dumps(to_document(updated(before, np.array(rows), np.array(outcomes))))
    store.put_model("a model", "posterior", document)
    store.serve(one, model="a model")


@pytest.mark.parametrize("seed", range(12))
def test_parts_sum_to_the_net_worth_that_the_policy_weighed(seed: int) -> None:
    chance = np.random.default_rng(seed)
    treatments = [
        treatment(
            f"t{n}",
            cost=int(chance.integers(0, 90)),
            cost_taken=int(chance.integers(0, 300)),
            configuration={"gift": f"g{n % 2}"},
            lever=float(chance.choice([1.0, 0.5, 2.0])),
            stock=10,
            prior_rate=float(chance.random() * 0.3),
            value=int(chance.choice([0, 900])),
        )
        for n in range(4)
    ]
    goal = Goal("money" if seed % 2 else "taken", 14)
    one = programme(*treatments, holdouts=ALL, fatigue=30, budget=9000, capacity=50, goal=goal)
    store = ana()
    store.happens(ANA, NOW - timedelta(days=1), "offers", kind="contact")
    store.put_model("λ", "prices", json.dumps({"budget": 0.2, "capacity": 3.0, "stock:t1": 40.0}))
    store.serve(one, prices="λ")
    with store.begun() as it:
        found = decide(it, [drawn("ana", chance, 1)], serving=serving(one), now=NOW)[0]
    told = explain(found.decision, found.ready)
    weighed = by_hand(found)
    for candidate, expected in zip(told.candidates, weighed, strict=True):
        assert candidate.worth is not None
        assert candidate.worth.mean == pytest.approx(expected, rel=1e-5, abs=1e-3)
        assert candidate.worth.low <= candidate.worth.mean <= candidate.worth.high
    if told.decision.treatment != NOTHING:
        place = found.ready.place[told.decision.treatment]
        assert sum(part.money for part in told.parts) == pytest.approx(weighed[place], rel=1e-5, abs=1e-3)


def by_hand(found: Decided) -> list[float]:
    """Net worths as the kernel tells them, of charges reckoned slowly from the declaration."""
    ready, decision = found.ready, found.decision
    features = phi(ready.layout, by_name(ready, decision.facts), ready.modules)
    x = by_name(ready, decision.facts)
    anyway = max(float(x.astype(np.float64) @ ready.mean[: len(x)].astype(np.float64)), 0.0)
    worth, charge = [], []
    for place, one in enumerate(ready.programme.treatments):
        taken = one.cost_taken
        if ready.programme.goal.outcome == "taken":
            worth.append(one.value * one.lever - taken)
            paid = taken * min(anyway, 1.0)
        else:
            worth.append(one.lever)
            paid = taken
        prices = 0.2 * one.most_cost + 3.0 + (40.0 if one.key == "t1" else 0.0)
        charge.append(0.0 if place == 0 else one.cost + paid + prices + 30.0 * decision.contacts)
    worth[0] = 0.0
    drawn_ = vector(features, ready.mean, ready.root, np.array(worth), np.array(charge), seed=1, explore=0)
    return [float(one) for one in drawn_.expected]


def by_name(ready: Ready, facts: Any) -> Any:
    """The customer's features, by the names of their columns."""
    found = []
    for name in ready.layout.customer:
        fact, _, level = name.partition("=")
        known = facts.get(fact)
        scale = next((one.scale for one in ready.programme.features if one.name == fact), 1.0)
        found.append(
            1.0 if fact == "1" or (level and known == level) else 0.0 if level else (known or 0) / scale
        )
    return np.array(found, np.float32)


def test_runner_up_and_margin_are_of_what_could_be_given() -> None:
    store = ana()
    store.says(ANA, "avoids", "gift", "tea", NOW)
    one = programme(holdouts=ALL)
    learned(one, store, 0.3, 0.5, 0.9)
    told = explained(one, store, draw=2**31)
    assert told.decision.treatment == "coupon"
    assert told.runner_up in {"card", NOTHING}
    assert told.margin > 0
    assert told.bound == (Bound("said_no", "tea", told.bound[0].money),)
    assert 100 < told.bound[0].money < 900
    assert told.evidence == 1200


def test_what_is_not_the_likeliest_was_explored() -> None:
    store = ana()
    one = programme(holdouts=ALL)
    learned(one, store, 0.0, 0.6, 0.0)
    likely, explored = explained(one, store, draw=2**31), explained(one, store, draw=0, id="another")
    assert (likely.decision.treatment, likely.explored, likely.margin > 0) == ("coupon", False, True)
    assert (explored.decision.treatment, explored.explored, explored.margin < 0) == (NOTHING, True, True)


def test_a_price_that_turned_the_choice_is_told() -> None:
    store = ana()
    one = programme(holdouts=ALL, budget=10_000)
    learned(one, store, 0.0, 0.6, 0.5)
    store.put_model("λ", "prices", json.dumps({"budget": 4.0}))
    store.serve(one, model="a model", prices="λ")
    told = explained(one, store, draw=2**31)
    assert told.decision.treatment == "tea"
    assert [(each.by, each.treatment) for each in told.bound] == [("price of budget", "coupon")]


def test_a_lever_tells_what_it_changed() -> None:
    store = ana()
    wished = treatment("card", cost=20, lever=3.0)
    one = programme(wished, treatment("tea", cost=20), holdouts=ALL)
    learned(one, store, 0.3, 0.5)
    told = explained(one, store, draw=2**31)
    assert (told.decision.treatment, told.lever, told.without_levers) == ("card", 3.0, "tea")
    words = in_words(told, "en", currency="EUR", minor_units=2)
    assert "A manager's lever multiplies its worth by 3." in words
    assert "Without levers the likeliest would have been the tea." in words


def test_without_permission_nothing_is_told_but_that() -> None:
    store = ana()
    store.withdraw(ANA, "offers")
    store.withdraw(ANA, "suggestions")
    told = explained(programme(holdouts=ALL), store)
    assert told.parts == ()
    assert all(one.worth is None for one in told.candidates)
    assert in_words(told, "en", currency="EUR", minor_units=2) == (
        "Nothing was given, with a probability of 100 %.",
        "Nothing else may be given.",
        "Not possible: the card, the coupon and the tea (the customer did not permit it).",
    )


def test_facts_that_were_not_permitted_appear_nowhere() -> None:
    store = ana("offers")
    store.says(ANA, "wants", "gift", "coupon", NOW)  # said under the other purpose
    told = explained(programme(holdouts=ALL), store, draw=2**31)
    words = " ".join(in_words(told, "en", currency="EUR", minor_units=2))
    assert not {one.of for one in told.parts} & {"tier", "p_alive", "wants.gift"}
    assert "valuable" not in words
    assert "tier" not in words


def test_words() -> None:
    store = ana()
    store.happens(ANA, NOW - timedelta(days=1), "offers", kind="contact")
    one = programme(holdouts=ALL, fatigue=25, caps=(Cap(9, 30),))
    learned(one, store, 0.3, 0.55, 0.2)
    told = explained(one, store, draw=2**31)
    assert in_words(told, "en", currency="EUR", minor_units=2)[0] == (
        "Given: the coupon, with a probability of 93 %."
    )
    for language in LANGUAGES:
        words = in_words(told, language, currency="EUR", minor_units=2)
        assert any(count_in_words(1200, language) in one for one in words), words
        assert all(one and one[0].isupper() and one.endswith(".") for one in words), words


@pytest.mark.parametrize("arm", ["nothing", "same_for_all", "random"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hold_out_says_that_it_is_one(arm: Any, language: Language) -> None:
    store = ana()
    store.arms["come_back", "person:ana"] = arm
    told = explained(programme(), store)
    assert not told.explored
    words = in_words(told, language, currency="EUR", minor_units=2)
    assert {"en": "customer is one of those", "es": "cliente", "pt": "cliente"}[language] in words[1]


def test_every_reason_and_fact_has_words_in_every_language() -> None:
    called = Names({"bread": {"en": "bread", "es": "pan", "pt": "pão"}}, {})
    for language in LANGUAGES:
        for reason in REASONS:
            assert reason_in_words(reason, language) != reason
        assert fact_in_words("days_since_purchase", language) != "days_since_purchase"
    assert fact_in_words("wants.bread", "es", called) == "quiere, de pan"
    assert fact_in_words("bought.bread.rye", "en", called) == "how often they bought bread: rye"
    assert fact_in_words("context.mood", "pt") == "mood"
    assert reason_in_words("one_of_nobody", "en") == "one_of_nobody"


def test_a_record_of_another_declaration_is_not_explained() -> None:
    found = decided(programme(holdouts=ALL))
    with pytest.raises(ValueError, match="different declarations"):
        explain(replace(found.decision, candidates=found.decision.candidates[:2]), found.ready)


@pytest.mark.parametrize(("language", "shown"), [("en", "12,345"), ("es", "12.345"), ("pt", "12.345")])
@given(count=st.integers(0, 10**10))
def test_counts_are_written_as_the_language_does(language: Language, shown: str, count: int) -> None:
    assert count_in_words(12_345, language) == shown
    assert count_in_words(count, language) == format_decimal(count, locale=language)

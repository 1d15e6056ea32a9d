"""Prices that make what is scarce last, and go where it brings most."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.programme.letters import (
    PURPOSES,
    START,
    TOUCHPOINTS,
    decided,
    letters,
    treatment,
)
from tests.customize.programme.memory import Memory
from trato.customers.customer import CustomerId
from trato.customize.decide import decide
from trato.customize.pace import last_decisions, study_prices, take_up_prices
from trato.customize.programme.belief import prior_of
from trato.customize.programme.decision import Asked, DecisionId
from trato.customize.programme.drift import watching
from trato.customize.programme.encode import layout_of
from trato.customize.programme.lessons import Learning, written
from trato.customize.programme.posterior import Posterior
from trato.customize.programme.serving import Serving
from trato.customize.programme.treatments import NO_TREATMENT, Feature, Goal, Holdouts, Programmes
from trato.customize.publish import publish

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customize.pace import Priced
    from trato.customize.programme.treatments import Programme

ZONE = ZoneInfo("UTC")


def scarce(**said: Any) -> Programme:
    usual: dict[str, Any] = {
        "treatments": (
            NO_TREATMENT,
            treatment("rye", cost=10, cost_taken=0, value=1000, configuration={}),
            treatment("wheat", cost=40, cost_taken=0, value=1000, configuration={}),
        ),
        "features": (Feature("context.keen"),),
        "holdouts": Holdouts(0.0, 0.0, 0.0),
        "explore": 0.001,
        "budget": None,
        "starts": START,
        "ends": START + timedelta(days=10),
    }
    return letters(**(usual | said))


def serving_of(programme: Programme) -> Serving:
    return Serving(Programmes({programme.key: programme}), PURPOSES, TOUCHPOINTS, "person", ZONE)


def known_for_sure(programme: Programme) -> Posterior:
    """A belief without doubt: rye brings a tenth of how keen they are, wheat twice as much."""
    start = prior_of(programme)
    mean = np.zeros(start.size)
    names = layout_of(programme).names
    mean[names.index("context.keen × own:rye")] = 0.1
    mean[names.index("context.keen × own:wheat")] = 0.2
    return Posterior(mean, start.root * 1e-9, start.noise, 1)


def opened(programme: Programme) -> Memory:
    store = Memory()
    publish(store, programme, now=START)
    model, document = written(Learning(known_for_sure(programme), watching()), programme)
    store.put_model(model, "posterior", document)
    store.served[programme.key] = replace(store.served[programme.key], model=model)
    store.meet("ana", "offers", "suggestions")
    return store


def asks(
    store: Memory, programme: Programme, keen: float, number: int, now: datetime, serving: Serving
) -> float:
    """Decide for somebody so keen; what that is expected to bring, in minor units."""
    asked = Asked(
        DecisionId(f"decision {number}"),
        CustomerId("ana"),
        programme.key,
        "letter",
        number,
        (number * 2654435761) % 2**32,
        context={"keen": keen},
    )
    with store.begun() as it:
        (made,) = decide(it, [asked], serving=serving, now=now)
    return net(programme, made.decision.treatment, keen)


def net(programme: Programme, key: str, keen: float) -> float:
    brings = {"nothing": 0.0, "rye": 0.1 * keen, "wheat": 0.2 * keen}[key]
    one = programme.treatment(key)
    return brings * one.value - one.cost


def price(store: Memory, programme: Programme, now: datetime) -> Priced | None:
    with store.begun() as it:
        found = study_prices(it, programme, purposes=PURPOSES, zone=ZONE, now=now)
        if found is not None:
            assert take_up_prices(it, found, now=now)
    return found


def best_possible(programme: Programme, keen: np.ndarray, limits: dict[str, float]) -> float:
    """What the linear programme could have brought, knowing all who would come."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity, vstack

    keys = ("rye", "wheat")
    values = [np.array([net(programme, key, one) for one in keen]) for key in keys]
    once = hstack([identity(len(keen))] * len(keys))
    rows = [once]
    most = [np.ones(len(keen))]
    for what, limit in limits.items():
        uses = [
            float(programme.treatment(key).most_cost if what == "budget" else what == f"stock:{key}")
            for key in keys
        ]
        rows.append(csr_array(np.concatenate([np.full(len(keen), one) for one in uses])[None, :]))
        most.append(np.array([limit]))
    found = linprog(
        -np.concatenate(values), A_ub=vstack(rows), b_ub=np.concatenate(most), bounds=(0, 1), method="highs"
    )
    return float(-found.fun)


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 60), st.integers(1, 12))
def test_the_last_decisions_are_found_among_those_of_others(mine: list[bool], near: int, many: int) -> None:
    store = Memory()
    store.append_decisions(
        [replace(decided(n, "ana"), programme="letters" if own else "another") for n, own in enumerate(mine)]
    )
    own = [position for position, yes in enumerate(mine, 1) if yes]
    found = [position for position, _ in last_decisions(store, "letters", near, many)]
    assert found == own[-many:]


def story(
    programme: Programme, customers: int, *, every: int = 25, seed: int = 5
) -> tuple[Memory, float, np.ndarray[Any, Any]]:
    """Ten days of customers, prices made anew after every so many; the store, what it brought, how keen."""
    store, serving = opened(programme), serving_of(programme)
    keen = np.random.default_rng(seed).random(customers)
    step = timedelta(days=10) / customers
    total = 0.0
    for number, one in enumerate(keen.tolist()):
        now = START + number * step
        total += asks(store, programme, one, number, now, serving)
        if every and number % every == every - 1:
            price(store, programme, now)
    return store, total, keen


def with_stock(amount: int) -> Programme:
    nothing, rye, wheat = scarce().treatments
    return scarce(treatments=(nothing, rye, replace(wheat, stock=amount)))


def test_stock_lasts_and_goes_where_it_brings_most() -> None:
    programme = with_stock(100)
    store, total, keen = story(programme, 800)
    assert {one.what: one.used <= 100 for one in store.uses_of("letters")} == {"stock:wheat": True}
    assert total >= 0.95 * best_possible(programme, keen, {"stock:wheat": 100})


def test_a_budget_lasts_and_goes_where_it_brings_most() -> None:
    programme = scarce(budget=8_000)
    store, total, keen = story(programme, 800)
    best = best_possible(programme, keen, {"budget": 8_000})
    _, unpaced, _ = story(programme, 800, every=0)
    assert store.used["letters", "budget"].used <= 8_000
    assert total >= 0.95 * best
    assert unpaced < 0.6 * best


def test_what_nobody_lacks_has_no_price() -> None:
    store, _, _ = story(with_stock(10_000), 200)
    assert store.served["letters"].prices == ""
    assert price(opened(scarce()), scarce(), START) is None


def test_the_price_is_that_of_the_linear_programme() -> None:
    """One more unit of stock would bring what its price says."""
    programme = with_stock(100)
    store, _, keen = story(programme, 400, every=0)
    store.used["letters", "stock:wheat"] = replace(store.used["letters", "stock:wheat"], used=0)
    half = START + timedelta(days=5)  # as many are still to come as came in the five days before
    found = price(store, programme, half)
    assert found is not None
    assert found.to_come["stock:wheat"] == pytest.approx(400, rel=0.02)
    more = best_possible(programme, keen, {"stock:wheat": 105})
    less = best_possible(programme, keen, {"stock:wheat": 95})
    assert found.prices["stock:wheat"] == pytest.approx((more - less) / 10, rel=0.05)
    assert json.loads(store.model_document(found.version)) == found.prices
    assert price(store, programme, half) is None  # as good as those that are served


def test_what_hold_outs_take_is_set_aside_for_them() -> None:
    programme = with_stock(100)
    for_all = replace(programme, same_for_all="wheat")
    prices = []
    for arms in (0, 100):
        store, _, _ = story(for_all, 400, every=0)
        store.used["letters", "stock:wheat"] = replace(store.used["letters", "stock:wheat"], used=0)
        store.decisions = [
            replace(one, arm="same_for_all", treatment="wheat") if one.position <= arms else one
            for one in store.decisions
        ]
        found = price(store, programme, START + timedelta(days=5))
        assert found is not None
        prices.append(found.prices["stock:wheat"])
    assert prices[1] > prices[0]


def test_a_day_has_its_own_capacity() -> None:
    programme = scarce(capacity=20)
    store, _, _ = story(programme, 400)
    used = {one.what: one.used for one in store.uses_of("letters")}
    assert len(used) == 11  # from nine in the morning of the first
    assert all(amount <= 20 for amount in used.values())
    assert sum(used.values()) > 150


def test_what_comes_back_of_the_budget_counts_as_left() -> None:
    """Half of each letter's money is set aside for being taken, and one in some thirteen takes it."""
    nothing, *letters_ = scarce().treatments
    dear = scarce(
        treatments=(nothing, *(replace(one, cost=50, cost_taken=50) for one in letters_)), budget=100_000
    )
    store, _, _ = story(dear, 200, every=0)
    used = store.used["letters", "budget"].used
    tight = replace(dear, budget=used + 100)
    with store.begun() as it:
        found = study_prices(it, tight, purposes=PURPOSES, zone=ZONE, now=START + timedelta(days=5))
    assert found is not None
    assert found.left["budget"] == pytest.approx((100 + 0.44 * used) / 0.56, rel=0.05)


def test_where_the_goal_is_money_nothing_is_hoped_to_come_back() -> None:
    """How much came says not how many took it, so that all that is set aside is held to be spent."""
    nothing, *letters_ = scarce().treatments
    dear = scarce(
        treatments=(
            nothing,
            *(replace(one, value=1, lever=9000, cost=50, cost_taken=50) for one in letters_),
        ),
        goal=Goal("money", 7, "purchase"),
        prior_rate=1000.0,
        budget=100_000,
    )
    store, _, _ = story(dear, 200, every=0)
    used = store.used["letters", "budget"].used
    assert used > 0
    tight = replace(dear, budget=used + 100)
    with store.begun() as it:
        found = study_prices(it, tight, purposes=PURPOSES, zone=ZONE, now=START + timedelta(days=5))
    assert found is not None
    assert found.left["budget"] == pytest.approx(100)

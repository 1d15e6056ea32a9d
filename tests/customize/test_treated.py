"""What a stranger would give a customer, and what we would."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.customize.programme.letters import PURPOSES, START, TOUCHPOINTS, decided, letters, treatment
from tests.customize.programme.memory import Memory, built
from trato.customers.customer import CustomerId
from trato.customize.programme.belief import prior_of
from trato.customize.programme.drift import watching
from trato.customize.programme.encode import layout_of
from trato.customize.programme.lessons import Learning, written
from trato.customize.programme.posterior import Posterior
from trato.customize.programme.serving import Serving
from trato.customize.programme.treatments import NO_TREATMENT, Feature, Programmes
from trato.customize.publish import publish
from trato.customize.treated import is_customers, treated

ANA = CustomerId("ana")
FREE = letters(
    treatments=(
        NO_TREATMENT,
        treatment("rye", cost=10, cost_taken=0, configuration={}),
        treatment("wheat", cost=10, cost_taken=0, configuration={}),
    ),
    features=(Feature("tier", ("most_valuable", "migrator")), Feature("weekday", ("sunday",))),
    budget=None,
)


def shop() -> tuple[Memory, Serving]:
    """Rye brings .1 of anybody, and wheat .3 of the most valuable: who they are is worth .2 times 900."""
    store = Memory(build=built())
    store.meet("ana", "offers", "suggestions")
    store.score(ANA, tier="most_valuable")
    publish(store, FREE, now=START)
    start, names = prior_of(FREE), layout_of(FREE).names
    mean = np.zeros(start.size)
    mean[names.index("own:rye")] = 0.1
    mean[names.index("tier=most_valuable × own:wheat")] = 0.3
    learning = Learning(Posterior(mean, start.root * 1e-9, start.noise, 1), watching())
    model, document = written(learning, FREE)
    store.put_model(model, "posterior", document)
    store.served["letters"] = replace(store.served["letters"], model=model)
    serving = Serving(Programmes({"letters": FREE}), PURPOSES, TOUCHPOINTS, "person", ZoneInfo("UTC"))
    return store, serving


def test_it_is_the_net_of_the_best_that_is_known_over_what_a_stranger_would_give() -> None:
    store, serving = shop()
    store.append_decisions([decided(n, "ana", programme=FREE) for n in range(3)])
    with store.begun() as it:
        (found,) = treated(it, ANA, serving=serving, now=START + timedelta(days=2))
    assert (found.ours, found.as_all, found.decisions) == ("wheat", "rye", 3)
    assert found.gain == pytest.approx(0.2 * 900, rel=1e-4)
    assert found.value == pytest.approx(3 * found.gain)


def test_nothing_is_gained_of_whom_nothing_is_known() -> None:
    store, serving = shop()
    store.scores.clear()
    with store.begun() as it:
        (found,) = treated(it, ANA, serving=serving, now=START)
    assert (found.ours, found.as_all, found.gain) == ("rye", "rye", 0)


def test_who_permits_nothing_is_not_looked_at() -> None:
    store, serving = shop()
    store.withdraw(ANA, "offers")
    store.withdraw(ANA, "suggestions")
    with store.begun() as it:
        assert treated(it, ANA, serving=serving, now=START) == ()


def test_nothing_is_written() -> None:
    store, serving = shop()
    with store.begun() as it:
        treated(it, ANA, serving=serving, now=START)
    assert (store.decisions, store.log, store.arms) == ([], [], {})


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("tier", True),
        ("need.bakers", True),
        ("bought.bread.rye", True),
        ("value.city", True),
        ("contacts", True),
        ("weekday", False),
        ("context.season", False),
        ("touchpoint", False),
    ],
)
def test_what_is_of_the_customer_and_what_of_the_moment(name: str, theirs: bool) -> None:
    assert is_customers(name) is theirs

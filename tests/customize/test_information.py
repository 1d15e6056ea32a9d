"""What interactions teach, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.corner import MODULES, NOW, Corner, needs_model
from trato.customers.customer import CustomerId
from trato.customize.information import (
    Taught,
    divergence,
    entropy,
    information_by_touchpoint,
    information_of,
    together,
)
from trato.differentiate.needs.beliefs import add, believe
from trato.interact.log import LogEntry
from trato.interact.touchpoints import Touchpoint

ANA = CustomerId("ana")
RUI = CustomerId("rui")


def entry(
    number: int, module: str = "rye", *, where: str = "till", who: CustomerId = ANA, count: int = 1
) -> LogEntry:
    component = "bread" if module in MODULES[0] else "milk"
    return LogEntry(
        position=number,
        customer=who,
        source="till",
        kind="purchase",
        at=NOW + timedelta(minutes=number),
        received_at=NOW + timedelta(minutes=number),
        touchpoint=Touchpoint(where, "store"),
        component=component,
        module=module,
        more_choices=(),
        count=count,
        amount=100,
        cost=None,
        statement=None,
        stance=None,
        learns=True,
        purposes=("advice",),
    )


MODULE = st.sampled_from([module for modules in MODULES for module in modules])
ENTRIES = st.lists(
    st.tuples(MODULE, st.sampled_from(["till", "web"]), st.sampled_from([ANA, RUI]), st.integers(1, 3)),
    max_size=12,
)


@given(ENTRIES)
def test_it_is_what_believing_anew_after_each_entry_gives(
    said: list[tuple[str, str, CustomerId, int]],
) -> None:
    """The slow and obvious way: all counts up to an entry, and all with it."""
    model = needs_model((0.7, 0.3))
    entries = [
        entry(n, module, where=where, who=who, count=count)
        for n, (module, where, who, count) in enumerate(said)
    ]
    before: dict[str, dict[tuple[str, str], int]] = {ANA: {("bread", "wheat"): 2}}
    told = {one.touchpoint: one for one in information_by_touchpoint(model, entries, before=before)}
    known = {ANA: before[ANA], RUI: {}}
    information, certainty = {"till": 0.0, "web": 0.0}, {"till": 0.0, "web": 0.0}
    for each in entries:
        old = believe(model, known[each.customer]).weights
        known[each.customer] = add(known[each.customer], {each.choices[0]: each.count})
        new = believe(model, known[each.customer]).weights
        information[each.touchpoint.key] += float((new * np.log(new / old)).sum())
        certainty[each.touchpoint.key] += float((new * np.log(new)).sum() - (old * np.log(old)).sum())
    for where, one in told.items():
        assert one.information == pytest.approx(information[where], abs=1e-9)
        assert one.certainty == pytest.approx(certainty[where], abs=1e-9)


@given(st.lists(MODULE, max_size=6), st.sampled_from([0, 1]))
def test_before_the_answer_both_figures_are_expected_to_be_the_same(
    chosen: list[str], component: int
) -> None:
    """Information and certainty gained are the mutual information of answer and need, on average."""
    model = needs_model((0.6, 0.4))
    counts = add(*({("bread" if one in MODULES[0] else "milk", one): 1} for one in chosen))
    name, modules = model.components[component], MODULES[component]
    old = believe(model, counts).weights
    habit = float(model.habit[component])
    whole = habit + sum(count for (where, _), count in counts.items() if where == name)
    gained, surer = 0.0, 0.0
    for module in modules:
        profile = np.exp(model.log_profiles[:, model.item_of[name, module]])
        likely = float(old @ (habit * profile + counts.get((name, module), 0))) / whole
        new = believe(model, add(counts, {(name, module): 1})).weights
        gained += likely * divergence(new, old)
        surer += likely * (entropy(old) - entropy(new))
    assert gained == pytest.approx(surer, abs=1e-9)


def test_what_says_nothing_of_needs_costs_and_teaches_nothing() -> None:
    one, other = information_by_touchpoint(
        needs_model(),
        [entry(1, "rye"), entry(2, "whole", where="web"), entry(3, "whole", where="web")],
        costs={"web": 40},
    )
    assert (one.touchpoint, one.telling, one.cost, one.cost_of_a_nat) == ("till", 1, None, None)
    assert (other.interactions, other.cost) == (2, 80)
    assert other.information == pytest.approx(0.0, abs=1e-12)


def test_a_nat_costs_what_the_interactions_cost_for_each() -> None:
    (one,) = information_by_touchpoint(needs_model(), [entry(1), entry(2)], costs={"till": 30})
    assert one.cost_of_a_nat == pytest.approx(60 / one.information)


def test_members_of_a_unit_teach_one_belief() -> None:
    entries = [entry(1, who=ANA), entry(2, who=RUI)]
    (together,) = information_by_touchpoint(
        needs_model(), entries, unit_of={ANA: "household", RUI: "household"}
    )
    (apart,) = information_by_touchpoint(needs_model(), entries)
    assert together.information < apart.information


def test_the_store_tells_what_a_customer_taught_and_nothing_of_who_does_not_permit_it(
    corner: Corner,
) -> None:
    ana, rui = corner.meet(), corner.meet("Rui Lima")
    corner.grant(ana)
    corner.build({ana: {("bread", "rye"): 2}})
    corner.does(ana, "wheat", at=NOW + timedelta(hours=1))
    settings = corner.company.settings

    def told(who: CustomerId) -> tuple[Taught, ...] | None:
        return corner.store.read(
            lambda it: information_of(
                it,
                who,
                purposes=corner.company.purposes,
                unit=settings.unit,
                zone=settings.zone,
                models=corner.models,
                now=NOW + timedelta(days=1),
                costs={"till": 50},
            )
        )

    found = told(ana)
    assert found is not None
    (till,) = found
    old = believe(needs_model(), {("bread", "rye"): 2}).weights
    new = believe(needs_model(), {("bread", "rye"): 2, ("bread", "wheat"): 1}).weights
    assert till.information == pytest.approx(divergence(new, old), abs=1e-9)
    assert till.certainty < 0  # they turned out to be another than we thought
    assert till.cost == 50
    assert told(rui) is None
    (both,) = together([found, found])
    assert (both.interactions, both.cost) == (2, 100)
    assert both.information == pytest.approx(2 * till.information)

"""Preferences hold valid configurations only, weigh what was taken, and foresee what nobody took yet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.customize.guide.offers import component, drawn_sales, every_configuration, offers, phones, sold
from trato.customize.guide.preferences import learn_preferences
from trato.customize.guide.sales import sales_of
from trato.customize.guide.tally import beside, tally, weigh
from trato.errors import NotEnoughData, UnknownModule
from trato.offer.offer import Offer


@settings(max_examples=40, deadline=None)
@given(offers(), st.integers(0, 50), st.sampled_from([1, 5, 60]))
def test_only_what_is_valid_has_weight(offer: Offer, seed: int, number: int) -> None:
    diagram = offer.compile()
    found = learn_preferences(diagram, drawn_sales(diagram, seed, number), draw=np.random.default_rng(seed))
    valid = {tuple(one.values()) for one in every_configuration(offer)}
    held = {
        tuple(c.names[a] for c, a in zip(diagram.components, row, strict=True))
        for row in found.configurations.tolist()
    }
    assert held <= valid
    assert found.sales == number
    assert found.weights.min() > 0
    assert found.weights.sum() == pytest.approx(1.0)


def test_a_step_nobody_took_weighs_more_than_what_lies_far_off() -> None:
    """Customers vary the last component and nothing else; its unseen modules come before all other steps."""
    offer = Offer((component("a", "x", "y"), component("b", "x", "y"), component("c", *"pqrstu")))
    diagram = offer.compile()
    sales = sold(diagram, {("x", "x", one): 1 for one in "pqrst"} | {("y", "y", one): 1 for one in "pqr"})
    found = learn_preferences(diagram, sales, draw=np.random.default_rng(0))
    weight = {
        "".join(c.names[a] for c, a in zip(diagram.components, row, strict=True)): one
        for row, one in zip(found.configurations.tolist(), found.weights.tolist(), strict=True)
    }
    assert weight["yys"] > 3 * weight["xyp"]
    assert weight["xxp"] > weight["xyp"]


def test_without_history_all_that_is_valid_weighs_about_the_same() -> None:
    diagram = phones().compile()
    found = learn_preferences(diagram, None, draw=np.random.default_rng(0))
    valid = every_configuration(phones())
    assert len(found.weights) == len(valid)
    assert found.weights.max() < 2 / len(valid)
    assert found.sales == 0


def test_sales_are_merged_and_what_is_no_configuration_is_refused_with_its_row() -> None:
    diagram = phones().compile()
    rows: list[list[str | None]] = [
        ["smart", "both"],
        ["smart", "calls"],
        ["smart", "both"],
        ["clever", "both"],
        ["basic", None],
    ]
    sales, refused = sales_of(diagram, ["phone", "plan"], rows, [2, 1, 3, 1, 1])
    assert len(sales) == 5
    assert len(sales.counts) == 1
    assert [(one.row, "rules" in one.reason) for one in refused] == [(1, True), (3, False), (4, False)]
    with pytest.raises(UnknownModule):
        sales_of(diagram, ["fone"], [["smart"]])
    with pytest.raises(NotEnoughData):
        sales_of(diagram, ["phone"], [["clever"]])


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_kernels_do_what_they_say(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    m, n = data.draw(st.integers(1, 8)), len(sizes)
    rows = [[data.draw(st.integers(0, size - 1)) for size in sizes] for _ in range(m)]
    configurations = np.array(rows, np.int16)
    weights = data.draw(arrays(np.float64, m, elements=st.floats(0, 1)))
    said = np.array([data.draw(st.integers(-1, size - 1)) for size in sizes], np.int64)
    factors = np.full(n, 0.25)
    allowed = data.draw(arrays(np.bool_, int(starts[-1])))

    mass, largest = tally(configurations, weights, starts)
    for j in range(n):
        for a in range(sizes[j]):
            having = [w for row, w in zip(rows, weights.tolist(), strict=True) if row[j] == a]
            assert mass[starts[j] + a] == pytest.approx(sum(having))
            assert largest[starts[j] + a] == max(having, default=0.0)

    slow = []
    for row, weight in zip(rows, weights.tolist(), strict=True):
        for j, a in enumerate(row):
            if said[j] >= 0 and a != said[j]:
                weight *= 0.25  # noqa: PLW2901 the slow obvious version
            elif not allowed[starts[j] + a]:
                weight = 0.0  # noqa: PLW2901 the slow obvious version
        slow.append(weight)
    total = sum(slow)
    found = weigh(configurations, weights, starts, said, factors, allowed)
    assert found.tolist() == pytest.approx([one / total if total else 0.0 for one in slow])

    agreeing = [
        (weight, -i)
        for i, (row, weight) in enumerate(zip(rows, weights.tolist(), strict=True))
        if weight > 0 and all(s in (-1, a) for s, a in zip(said.tolist(), row, strict=True))
    ]
    place, weight = beside(configurations, weights, said)
    assert (place, weight) == ((-max(agreeing)[1], max(agreeing)[0]) if agreeing else (-1, 0.0))

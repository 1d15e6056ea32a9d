"""Rehearsals count answers honestly: against a slow count, and on customers whose ways are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.customize.guide.offers import component, drawn_sales, phones, sold
from trato.customize.guide.rehearse import rehearse, split
from trato.errors import BadOption, NotEnoughData
from trato.offer.offer import Offer


def test_customers_who_are_all_alike_answer_nothing() -> None:
    diagram = phones().compile()
    found = rehearse(diagram, sold(diagram, {("smart", "both", "wired", "normal"): 200}), seed=1)
    assert found.asking.mean == found.showing.mean == found.showing_random.mean == 0
    assert found.value_error == 0
    assert found.fixed_order.mean == 4
    assert found.without_history is not None
    assert found.without_history.mean > 0


def test_two_groups_answer_half_a_question() -> None:
    """Each is proposed to one group at once, and to the other after one answer."""
    diagram = phones().compile()
    sales = sold(
        diagram, {("smart", "both", "wireless", "normal"): 200, ("basic", "calls", "none", "large"): 200}
    )
    found = rehearse(diagram, sales, seed=3, held_out=0.5, history=False)
    assert found.asking.mean == pytest.approx(0.5, abs=0.1)
    assert found.showing.mean == pytest.approx(0.5, abs=0.1)
    assert found.asking.low < found.asking.mean < found.asking.high
    assert found.invalid == 0
    assert not found.unseen


def test_held_out_customers_teach_nothing() -> None:
    diagram = phones().compile()
    sales = drawn_sales(diagram, 5, 300)
    for unseen_only in (False, True):
        learned, tested = split(sales, np.random.default_rng(0), 0.2, unseen_only=unseen_only)
        held = np.bincount(tested, minlength=len(sales.counts))
        assert (learned + held == sales.counts).all()
        assert not unseen_only or not (learned[tested] > 0).any()


def test_unseen_configurations_are_reached_too_and_counted_apart() -> None:
    diagram = phones().compile()
    found = rehearse(diagram, drawn_sales(diagram, 7, 400), seed=2, unseen_only=True, history=False)
    assert not found.seen
    assert found.unseen["asking"].customers == found.held_out
    assert found.asking.mean <= 4
    assert found.proposals > found.held_out
    assert found.invalid == 0


def test_the_same_seed_gives_the_same_figures() -> None:
    diagram = phones().compile()
    sales = drawn_sales(diagram, 9, 200)
    assert rehearse(diagram, sales, seed=4, customers=10) == rehearse(diagram, sales, seed=4, customers=10)


def test_learning_beats_a_fixed_order_where_components_go_together() -> None:
    """Ten components that all follow one taste: one answer tells all, a fixed order asks for each."""
    offer = Offer(tuple(component(f"c{i}", "x", "y", "z") for i in range(10)))
    diagram = offer.compile()
    sales = sold(diagram, {(one,) * 10: 100 for one in "xyz"})
    found = rehearse(diagram, sales, seed=0, history=False)
    assert found.fixed_order.mean == 10
    assert found.asking.mean < 1.2


def test_too_few_sales_are_told() -> None:
    diagram = phones().compile()
    few = sold(diagram, {("smart", "both", "wireless", "normal"): 5})
    with pytest.raises(NotEnoughData):
        rehearse(diagram, few)
    with pytest.raises(BadOption):
        rehearse(diagram, few, held_out=1.5)

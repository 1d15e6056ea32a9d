"""Features: which there are, what they are worth before any outcome, and what a new treatment inherits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customize.programme.features import (
    Layout,
    Scales,
    fitted_layout,
    full,
    own,
    phi,
    places,
    scales,
)
from trato.customize.programme.posterior import carried, prior, updated

CUSTOMER = ("one", "recency", "need:comfort", "value")
MODULES = ("mail", "gift", own("spring"), own("summer"))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6), st.integers(0, 60))
def test_features_are_zeros_modules_and_products(seed: int, p: int, q: int, cap: int) -> None:
    rng = np.random.default_rng(seed)
    layout = fitted_layout([f"x{i}" for i in range(p)], [f"m{j}" for j in range(q)], cap=cap)
    x, m = rng.normal(size=p).astype(np.float32), rng.normal(size=(3, q)).astype(np.float32)
    found = phi(layout, x, m)
    for k in range(3):
        expected = [0.0] * p + list(m[k]) + [x[i] * m[k, j] for i, j in layout.pairs]
        np.testing.assert_array_equal(found[k], np.array(expected, np.float32))
        learnt = full(layout, x, m[k])
        np.testing.assert_array_equal(learnt[:p], x)
        np.testing.assert_array_equal(learnt[p:], found[k, p:])
    np.testing.assert_array_equal(full(layout, np.tile(x, (3, 1)), m)[2], full(layout, x, m[2]))
    assert layout.size == found.shape[1] == len(layout.names) == len(scales(layout, 1.0))


def test_nothing_is_a_row_of_zeros_and_only_the_baseline_to_learn_from() -> None:
    layout = fitted_layout(CUSTOMER, MODULES)
    x = np.array([1, 2, 3, 4], np.float32)
    assert not phi(layout, x, np.zeros((1, 4), np.float32)).any()
    assert full(layout, x, np.zeros(4)).tolist() == [1, 2, 3, 4] + [0] * (layout.size - 4)


@given(st.integers(0, 30))
def test_under_a_cap_needs_and_value_are_crossed_first_and_own_intercepts_last(cap: int) -> None:
    layout = fitted_layout(CUSTOMER, MODULES, first={"need:comfort", "value"}, cap=cap)
    room = max(0, cap - 8)
    order = [(2, 0), (2, 1), (3, 0), (3, 1), (0, 0), (0, 1), (1, 0), (1, 1)]
    order += [(2, 2), (2, 3), (3, 2), (3, 3), (0, 2), (0, 3), (1, 2), (1, 3)]
    assert layout.pairs.tolist() == [list(pair) for pair in sorted(order[:room])]
    assert layout.size == min(max(cap, 8), 24)


def test_a_feature_twice_or_first_and_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        fitted_layout(["a", "a"], ["m"])
    with pytest.raises(ValueError, match="first"):
        fitted_layout(["a"], ["m"], first={"b"})
    with pytest.raises(ValueError, match="do not fit"):
        phi(fitted_layout(["a"], ["m"]), np.zeros(2, np.float32), np.zeros((1, 1), np.float32))
    with pytest.raises(ValueError, match="do not fit"):
        full(fitted_layout(["a"], ["m"]), np.zeros((2, 1)), np.zeros((1, 1)))


def test_scales_are_the_blocks_and_more_features_do_not_mean_more_difference() -> None:
    blocks = Scales(baseline=2.0, module=0.5, own=0.1, pair=0.3)
    for p in (1, 5, 25):
        layout = fitted_layout([f"x{i}" for i in range(p)], ["mail", own("spring")])
        found = scales(layout, 10.0, blocks)
        assert found[:p].tolist() == [20.0] * p
        assert found[p : p + 2].tolist() == [5.0, 1.0]
        mail = [place for place, (_, j) in enumerate(layout.pairs.tolist()) if j == 0]
        assert np.sqrt(np.sum(found[p + 2 :][mail] ** 2)) == pytest.approx(3.0)


def test_a_new_treatment_of_known_modules_has_their_belief() -> None:
    """Mail and gift are learnt apart; both together, under a new name, is expected to bring the sum."""
    rng = np.random.default_rng(1)
    old = fitted_layout(["one"], ["mail", "gift", own("a"), own("b")])
    made_of = np.array([[0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]])
    got = rng.integers(0, 3, 6000)
    outcomes = np.array([5.0, 7.0, 6.0])[got] + rng.normal(size=6000)
    start = prior(scales(old, 3.0, Scales(baseline=3.0, module=1.0, own=0.05, pair=0.0)), noise=1.0)
    p = updated(start, full(old, np.ones((6000, 1)), made_of[got]), outcomes)
    new = fitted_layout(["one"], ["mail", "gift", own("a"), own("both")])
    fresh = prior(scales(new, 3.0, Scales(baseline=3.0, module=1.0, own=0.05, pair=0.0)), noise=1.0)
    after = carried(p, fresh, places(old, new))
    both = phi(new, np.ones(1, np.float32), np.array([[1, 1, 0, 1]], np.float32))[0]
    assert float(both @ after.mean) == pytest.approx(3.0, abs=0.3)
    untaught = float(np.linalg.norm(both @ fresh.root))
    assert float(np.linalg.norm(both @ after.root)) < untaught / 5


def test_a_place_is_found_by_the_names_of_both_sides() -> None:
    old = Layout(("a", "b"), ("a",), np.array([[0, 0], [1, 0]], np.int32))
    new = Layout(("b",), ("a", "c"), np.array([[0, 0], [0, 1]], np.int32))
    assert places(old, new).tolist() == [1, 2, -1, 4, -1]

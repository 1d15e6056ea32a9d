from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.differentiate.needs.choices import (
    EARLY,
    INNER,
    Choices,
    collect,
    in_windows,
    split_in_halves,
    window_edges,
)

Row = tuple[str, str, str, int, int]
LABELS = st.sampled_from(["a", "B", "é", "z", "10", "9", "𝄞"])
ROWS = st.lists(st.tuples(LABELS, LABELS, LABELS, st.integers(0, 2), st.integers(0, 5)), max_size=40)


def collected(rows: list[Row]) -> Choices:
    return collect(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        window=[row[3] for row in rows],
        count=[row[4] for row in rows],
    )


@given(ROWS)
def test_collecting_keeps_every_count_under_its_labels(rows: list[Row]) -> None:
    chosen = collected(rows)
    expected: dict[tuple[str, str, str, int], int] = {}
    for who, what, which, window, count in rows:
        if count:
            expected[who, what, which, window] = expected.get((who, what, which, window), 0) + count
    found = {
        (str(chosen.customers[i]), chosen.components[c], chosen.modules[c][m], int(w)): int(n)
        for i, c, m, w, n in zip(
            chosen.customer, chosen.component, chosen.module, chosen.window, chosen.count, strict=True
        )
    }
    assert found == expected


@given(ROWS)
def test_labels_are_sorted_as_utf8_text_and_all_used(rows: list[Row]) -> None:
    chosen = collect([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    for labels in (list(chosen.customers), list(chosen.components), *map(list, chosen.modules)):
        assert labels == sorted(labels, key=lambda label: label.encode())
    assert np.array_equal(np.unique(chosen.customer), np.arange(len(chosen.customers)))
    assert np.array_equal(np.unique(chosen.item), np.arange(chosen.offsets[-1]))


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], shuffler: object) -> None:
    shuffled = list(rows)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis's Random
    one, other = collected(rows), collected(shuffled)
    assert one.customers.tolist() == other.customers.tolist()
    assert (one.components, one.modules) == (other.components, other.modules)
    for name in ("customer", "component", "module", "window", "count"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_year_is_split_in_four_two_and_three_ninths() -> None:
    edges = window_edges(np.datetime64("2017-01-01"), np.datetime64("2017-12-31"))
    assert edges is not None
    assert str(edges.inner)[:10] == "2017-06-11"
    assert str(edges.judged)[:10] == "2017-08-31"


def test_one_moment_has_no_later_window() -> None:
    assert window_edges(np.datetime64("2017-01-01"), np.datetime64("2017-01-01")) is None


def test_halves_hold_every_choice_once() -> None:
    chosen = collect(["a", "a", "b"], ["x"] * 3, ["m", "n", "m"], count=[40, 1, 7])
    halves = split_in_halves(chosen, np.random.default_rng(5))
    assert halves.count.sum() == chosen.count.sum() == 48
    assert (halves.count > 0).all()
    early, inner = in_windows(halves, EARLY), in_windows(halves, INNER)
    assert early.count.sum() + inner.count.sum() == 48
    assert early.customers is halves.customers
    assert 5 < early.count[early.customer == 0].sum() < 36


@pytest.mark.parametrize("seed", [1, 2])
def test_halves_are_reproducible(seed: int) -> None:
    chosen = collect(["a", "a", "b"], ["x"] * 3, ["m", "n", "m"], count=[40, 1, 7])
    one, other = (split_in_halves(chosen, np.random.default_rng(seed)) for _ in range(2))
    assert np.array_equal(one.count, other.count)

"""Columns of texts become numbers, and say what they are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from trato.batch.encoding import MISSING, OTHER, Texts, encoded, grouped, texts


def column(*said: str | None) -> Texts:
    return texts(pa.chunked_array([pa.array(said, pa.string())]))


def test_figures_stay_figures_and_a_missing_one_is_marked() -> None:
    names, columns = encoded("age", column("3", "1", None, "2"))
    assert names == ["age", f"age={MISSING}"]
    np.testing.assert_array_equal(columns[0], [3, 1, 2, 2])
    np.testing.assert_array_equal(columns[1], [0, 0, 1, 0])


def test_days_and_decimal_commas_are_figures() -> None:
    _, (days,) = encoded("since", column("2024-01-01", "2024-01-03", "2024-01-03 12:00"))
    np.testing.assert_allclose(np.diff(days), [2, 0.5])
    _, (prices,) = encoded("price", column("1,5", "2,25", "2"))
    np.testing.assert_array_equal(prices, [1.5, 2.25, 2])


def test_words_are_marks_and_two_words_are_one() -> None:
    names, columns = encoded("town", column("Lima", "Rio", "Lima", "Faro"))
    assert names == ["town=Faro", "town=Lima", "town=Rio"]
    np.testing.assert_array_equal(np.sum(columns, axis=0), 1)
    assert encoded("new", column("no", "yes", "no"))[0] == ["new=yes"]


def test_rare_words_are_together_and_missing_is_a_word() -> None:
    said = ["a"] * 500 + ["b"] * 400 + [f"rare{i}" for i in range(90)] + [None] * 10
    names, columns = encoded("x", column(*said))
    assert names == ["x=a", "x=b", f"x={OTHER}", f"x={MISSING}"]
    assert [int(one.sum()) for one in columns] == [500, 400, 90, 10]


def test_what_is_the_same_in_all_rows_says_nothing() -> None:
    assert encoded("x", column("a", "a")) == ([], [])
    assert encoded("x", column("1", "1")) == ([], [])
    assert encoded("x", column(None, None)) == ([], [])


def test_what_names_rows_seems_an_id() -> None:
    assert column(*(str(i) for i in range(50))).seems_id
    assert column(*(f"c{i}" for i in range(50))).seems_id
    assert not column(*(str(i / 7) for i in range(50))).seems_id
    assert not column(*(str(i % 30) for i in range(50))).seems_id


def test_groups_are_what_columns_say_together() -> None:
    names, group = grouped([("a", column("x", "x", "y", "y")), ("b", column("1", "2", "1", "1"))])
    assert names == ("a=x, b=1", "a=x, b=2", "a=y, b=1")
    np.testing.assert_array_equal(group, [0, 1, 2, 2])


def test_many_figures_are_grouped_in_fifths() -> None:
    names, group = grouped([("age", column(*(str(i) for i in range(100))))])
    assert len(names) == 5
    np.testing.assert_array_equal(np.bincount(group), 20)


@given(st.lists(st.none() | st.text("ab1.-", max_size=3), min_size=1, max_size=30))
def test_any_column_becomes_finite_columns_that_vary(said: list[str | None]) -> None:
    names, columns = encoded("x", column(*(word or None for word in said)))
    assert len(set(names)) == len(names) == len(columns)
    for one in columns:
        assert np.isfinite(one).all()
        assert one.min() < one.max()

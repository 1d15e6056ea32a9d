from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.offer.clauses import Clauses

literals = st.integers(-9, 9).filter(bool)
formulas = st.lists(st.lists(literals, max_size=5).map(tuple), max_size=12)


@given(formulas)
def test_the_clauses_come_back_as_they_were_given(clauses: list[tuple[int, ...]]) -> None:
    formula = Clauses.of(9, clauses)
    assert list(formula) == clauses
    assert len(formula) == len(clauses)


@given(formulas, formulas)
def test_formulas_have_one_digest_exactly_when_they_are_equal(
    one: list[tuple[int, ...]], other: list[tuple[int, ...]]
) -> None:
    assert (Clauses.of(9, one).digest == Clauses.of(9, other).digest) == (one == other)


def test_the_number_of_variables_is_content_too() -> None:
    assert Clauses.of(2, [(1,)]).digest != Clauses.of(3, [(1,)]).digest


@pytest.mark.parametrize("wrong", [0, 3, -3])
def test_a_literal_of_no_variable_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="2 variables"):
        Clauses.of(2, [(1, wrong)])

"""The slow, obvious answers: every assignment is written down."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from trato.offer.clauses import Clauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def assignments(
    variables: int, clauses: Iterable[Sequence[int]], fixed: NDArray[np.int8]
) -> NDArray[np.int8]:
    """(n, variables + 1) of 1 and -1, column 0 being 0: all that keep to the clauses and to what is fixed."""
    rows = [list(clause) for clause in clauses]
    kept = []
    for values in product((-1, 1), repeat=variables):
        row = (0, *values)
        if all(f in (0, r) for f, r in zip(fixed[1:], row[1:], strict=True)) and all(
            any(row[abs(literal)] == np.sign(literal) for literal in clause) for clause in rows
        ):
            kept.append(row)
    return np.array(kept, np.int8).reshape(len(kept), variables + 1)


def weight_of(row: NDArray[np.int8], weights: NDArray[np.float64]) -> float:
    """The sum of the weights (variables + 1, 2) of the values in a row."""
    return float(sum(weights[v, int(row[v] > 0)] for v in range(1, len(row))))


def marginals(rows: NDArray[np.int8], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(variables + 1, 2): how probable each value is among the rows, weighted."""
    out = np.zeros((len(weights), 2))
    if len(rows):
        heights = np.array([weight_of(row, weights) for row in rows])
        shares = np.exp(heights - heights.max())
        shares /= shares.sum()
        out[1:, 1] = (shares[:, None] * (rows[:, 1:] > 0)).sum(axis=0)
        out[1:, 0] = (shares[:, None] * (rows[:, 1:] < 0)).sum(axis=0)
    return out


@st.composite
def formulas(draw: st.DrawFn, most: int = 9, lengths: int = 4, per_variable: float = 3.0) -> Clauses:
    """Small formulas of every sort: contradictory ones, with clauses said twice or always true, and with
    variables that no clause mentions.
    """
    variables = draw(st.integers(0, most))
    if variables == 0:
        return Clauses.of(0, draw(st.sampled_from([[], [[]]])))
    literal = st.integers(1, variables).flatmap(lambda v: st.sampled_from([v, -v]))
    clause = st.lists(literal, min_size=draw(st.sampled_from([0, 1, 1, 2, 2, 2])), max_size=lengths)
    return Clauses.of(variables, draw(st.lists(clause, max_size=int(per_variable * variables))))


@st.composite
def fixings(draw: st.DrawFn, variables: int) -> NDArray[np.int8]:
    """What is fixed: mostly little."""
    values = st.lists(st.sampled_from([0, 0, 0, 0, 1, -1]), min_size=variables, max_size=variables)
    return np.array([0, *draw(values)], np.int8)

"""What a circuit answers is what writing every assignment down answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.offer.compile import brute
from trato.offer.clauses import Clauses
from trato.offer.compile import Workspace, best, compile_clauses, count, marginals, possible, sample


def weights_for(variables: int, seed: int, *, with_never: bool = False) -> np.ndarray:
    generator = np.random.default_rng(seed)
    weights = generator.normal(0.0, 3.0, (variables + 1, 2))
    if with_never:
        weights[generator.random(weights.shape) < 0.1] = -np.inf
    return weights


@given(formula=brute.formulas(), data=st.data())
def test_count_and_possible(formula: Clauses, data: st.DataObject) -> None:
    circuit = compile_clauses(formula)
    room = Workspace(circuit)
    for _ in range(3):
        fixed = data.draw(brute.fixings(formula.variables))
        rows = brute.assignments(formula.variables, formula, fixed)
        assert count(circuit, fixed, room) == len(rows)
        expected = np.stack([(rows == -1).any(axis=0), (rows == 1).any(axis=0)], axis=1)
        assert (possible(circuit, fixed, room) == expected).all()


@given(formula=brute.formulas(), data=st.data(), seed=st.integers(0, 2**32), with_never=st.booleans())
def test_weighted_answers(formula: Clauses, data: st.DataObject, seed: int, with_never: bool) -> None:
    circuit = compile_clauses(formula)
    fixed = data.draw(brute.fixings(formula.variables))
    weights = weights_for(formula.variables, seed, with_never=with_never)
    rows = brute.assignments(formula.variables, formula, fixed)
    rows = np.array([row for row in rows if brute.weight_of(row, weights) > -np.inf]).reshape(-1, len(fixed))
    np.testing.assert_allclose(
        marginals(circuit, fixed, weights), brute.marginals(rows, weights), rtol=1e-9, atol=1e-12
    )
    score, row = best(circuit, fixed, weights)
    assert score == pytest.approx(max((brute.weight_of(r, weights) for r in rows), default=-np.inf))
    if len(rows):
        assert brute.weight_of(row, weights) == pytest.approx(score)
        assert (rows == row).all(axis=1).any()
    else:
        assert not row.any()
    drawn = sample(circuit, fixed, weights, np.random.default_rng(seed).random((20, circuit.draws)))
    assert drawn.shape == (20, formula.variables + 1)
    for one in drawn:
        assert (rows == one).all(axis=1).any() if len(rows) else not one.any()


def test_an_array_of_another_shape_is_refused() -> None:
    circuit = compile_clauses(Clauses.of(3, [[1, 2]]))
    fixed, weights = np.zeros(4, np.int8), np.zeros((4, 2))
    for call in (
        lambda: count(circuit, np.zeros(3, np.int8)),
        lambda: possible(circuit, np.zeros((4, 1), np.int8)),
        lambda: marginals(circuit, fixed, np.zeros((3, 2))),
        lambda: best(circuit, fixed, np.zeros(8)),
        lambda: sample(circuit, fixed, weights, np.zeros((2, 1))),
    ):
        with pytest.raises(ValueError, match="shape"):
            call()


def test_arrays_of_another_layout_are_read() -> None:
    circuit = compile_clauses(Clauses.of(3, [[1, 2]]))
    fixed = np.zeros(4, np.int8)
    fixed.setflags(write=False)
    assert count(circuit, fixed) == 6
    assert best(circuit, fixed[::-1], np.zeros((2, 4)).T)[0] == 0.0

"""Compiling: the same diagram each time, verified, and given up within its limits."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.offer.compile import brute
from trato.errors import OfferTooLarge
from trato.offer.clauses import Clauses
from trato.offer.compile import compile_clauses, count, possible, simplify
from trato.offer.compile.compiler import top_down
from trato.offer.compile.sdd import bottom_up
from trato.offer.compile.tally import PRIMES, tally
from trato.offer.compile.verify import fault

if TYPE_CHECKING:
    from trato.offer.compile import Circuit


def open_to_all(clauses: Clauses) -> np.ndarray:
    return np.zeros(clauses.variables + 1, np.int8)


def pigeons(holes: int) -> Clauses:
    """One pigeon more than holes: contradictory, and hard to see."""
    place = {(p, h): p * holes + h + 1 for p in range(holes + 1) for h in range(holes)}
    each = [[place[p, h] for h in range(holes)] for p in range(holes + 1)]
    apart = [[-place[p, h], -place[q, h]] for h in range(holes) for p in range(holes + 1) for q in range(p)]
    return Clauses.of(len(place), each + apart)


def tangle(variables: int, seed: int, clauses: int) -> Clauses:
    """Clauses of three over random variables: no order of theirs makes small components."""
    generator = np.random.default_rng(seed)
    rows = [generator.permutation(variables)[:3] + 1 for _ in range(clauses)]
    return Clauses.of(variables, [(row * generator.choice([-1, 1], 3)).tolist() for row in rows])


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        (Clauses.of(0, []), 1),
        (Clauses.of(0, [[]]), 0),
        (Clauses.of(3, []), 8),
        (Clauses.of(3, [[1, -1], [2, 2]]), 4),
        (Clauses.of(2, [[1], [-1]]), 0),
        (Clauses.of(3, [[1, 2], [-1, -2], [2, 3], [-2, -3], [1, 3], [-1, -3]]), 0),
        (Clauses.of(4, [[-1, 2], [-2, 3], [-3, 1]]), 4),
        (pigeons(4), 0),
    ],
    ids=["nothing", "empty", "free", "always", "units", "odd circle", "circle", "pigeons"],
)
def test_corner_cases(clauses: Clauses, expected: int) -> None:
    circuit = compile_clauses(clauses)
    assert count(circuit, open_to_all(clauses)) == expected
    assert possible(circuit, open_to_all(clauses)).any() == (expected > 0 and clauses.variables > 0)


def test_a_count_beyond_any_float() -> None:
    clauses = Clauses.of(3000, [[v, v + 1] for v in range(1, 3000, 2)])
    assert count(compile_clauses(clauses), open_to_all(clauses)) == 3**1500


def test_a_chain_too_deep_for_recursion() -> None:
    clauses = Clauses.of(5000, [[-v, v + 1, v + 2] for v in range(1, 4999)])
    circuit = compile_clauses(clauses)
    assert fault(circuit, clauses) is None
    # Counted from the right by what the next two are: a set one needs one of them.
    last = {(a, b): 1 for a in (0, 1) for b in (0, 1)}
    for _ in range(4998):
        last = {(a, b): sum(last[b, c] for c in (0, 1) if not a or b or c) for a in (0, 1) for b in (0, 1)}
    assert count(circuit, open_to_all(clauses)) == sum(last.values())


@given(formula=brute.formulas(most=12, lengths=5))
@settings(max_examples=60)
def test_what_stays_for_large_offers_only(formula: Clauses) -> None:
    """Beyond so many clauses, those of two are thinned out along their implications alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simplify, "SMALL", -1)
        circuit = compile_clauses(formula)
    rows = brute.assignments(formula.variables, formula, open_to_all(formula))
    assert count(circuit, open_to_all(formula)) == len(rows)


@given(formula=brute.formulas(most=12))
@settings(max_examples=60)
def test_the_same_clauses_give_the_same_circuit(formula: Clauses) -> None:
    one, other = compile_clauses(formula), compile_clauses(formula)
    assert all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


@given(formula=brute.formulas(most=8))
def test_the_tally_counts(formula: Clauses) -> None:
    rows = brute.assignments(formula.variables, formula, open_to_all(formula))
    assert [tally(formula, prime, 16) for prime in PRIMES] == [len(rows)] * 2


def test_the_tally_says_where_it_cannot() -> None:
    assert tally(Clauses.of(20, [list(range(1, 21))]), PRIMES[0], 16) is None
    assert tally(tangle(60, 1, 200), PRIMES[0], 10) is None


def test_time_is_limited() -> None:
    with pytest.raises(OfferTooLarge, match=r"0\.3 seconds"):
        compile_clauses(tangle(300, 1, 700), seconds=0.3)


def test_memory_is_limited() -> None:
    with pytest.raises(OfferTooLarge, match="5 megabytes"):
        compile_clauses(tangle(300, 1, 700), megabytes=5)


@given(formula=brute.formulas(most=8), data=st.data())
@settings(max_examples=8)
def test_pysdd_says_the_same(formula: Clauses, data: st.DataObject) -> None:
    one = compile_clauses(formula)
    other = bottom_up(formula, seconds=60, megabytes=4000)
    assert fault(other, formula, decisions=False) is None
    fixed = data.draw(brute.fixings(formula.variables))
    assert count(one, fixed) == count(other, fixed)
    assert (possible(one, fixed) == possible(other, fixed)).all()


@pytest.mark.parametrize(
    ("variables", "rows", "expected"), [(1, [[1, 1, 1]], 1), (3, [[1, -1]], 8), (2, [[]], 0)]
)
def test_pysdd_bears_every_clause(variables: int, rows: list[list[int]], expected: int) -> None:
    clauses = Clauses.of(variables, rows)
    circuit = bottom_up(clauses, seconds=60, megabytes=4000)
    assert count(circuit, open_to_all(clauses)) == expected
    assert fault(circuit, clauses, decisions=False) is None


def test_pysdd_is_ended_in_time() -> None:
    with pytest.raises(OfferTooLarge, match="pysdd"):
        bottom_up(tangle(300, 1, 700), seconds=0.5, megabytes=4000)


def test_pysdd_is_held_to_its_memory() -> None:
    clauses = Clauses.of(3, [[1, 2]])
    assert count(bottom_up(clauses, seconds=60, megabytes=500), open_to_all(clauses)) == 6
    with pytest.raises(OfferTooLarge, match="gave up within 20 megabytes"):
        bottom_up(tangle(120, 1, 300), seconds=60, megabytes=20)


def test_pysdd_stands_in_for_a_wrong_circuit() -> None:
    clauses = Clauses.of(4, [[1, 2], [-2, 3, 4]])
    wrong = top_down(Clauses.of(4, [[1, 2], [-2, 3]]), seconds=1, megabytes=100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trato.offer.compile.compiler.top_down", lambda *_, **__: wrong)
        assert count(compile_clauses(clauses), open_to_all(clauses)) == 10
        patch.setattr("trato.offer.compile.sdd.bottom_up", lambda *_, **__: wrong)
        with pytest.raises(RuntimeError, match="report"):
            compile_clauses(clauses)


class TestVerification:
    """Each sort of mistake is found by the check that is there for it."""

    clauses = tangle(12, 3, 20)

    @pytest.fixture
    def circuit(self) -> Circuit:
        return compile_clauses(self.clauses)

    def test_a_literal_turned(self, circuit: Circuit) -> None:
        for place in range(len(circuit.literals)):
            turned = circuit.literals.copy()
            turned[place] ^= 1
            assert fault(replace(circuit, literals=turned), self.clauses) is not None

    def test_a_clause_forgotten(self) -> None:
        rows = list(self.clauses)
        for k in range(len(rows)):
            fewer = Clauses.of(12, rows[:k] + rows[k + 1 :])
            wrong = compile_clauses(fewer)
            if count(wrong, open_to_all(fewer)) != count(compile_clauses(self.clauses), open_to_all(fewer)):
                assert "breaks" in (fault(wrong, self.clauses) or "")

    def test_assignments_forgotten(self) -> None:
        wrong = compile_clauses(Clauses.of(12, [*self.clauses, [1, 2, 3]]))
        assert "differs" in (fault(wrong, self.clauses) or "")

    def test_assignments_forgotten_where_no_count_is_feasible(self) -> None:
        clauses = tangle(60, 2, 100)
        wrong = compile_clauses(Clauses.of(60, [*clauses, [1]]))
        assert "can be False" in (fault(wrong, clauses) or "")

    def test_everything_forgotten(self) -> None:
        clauses = tangle(60, 2, 100)
        wrong = compile_clauses(Clauses.of(60, [*clauses, [1], [-1]]))
        assert "can be satisfied" in (fault(wrong, clauses) or "")

    @pytest.mark.parametrize("name", ["children", "literals", "gaps", "nodes", "literal"])
    @pytest.mark.parametrize("value", [-1, 1 << 30])
    def test_a_number_out_of_range(self, circuit: Circuit, name: str, value: int) -> None:
        array = getattr(circuit, name).copy()
        if len(array):
            array[len(array) // 2] = value
            assert fault(replace(circuit, **{name: array}), self.clauses) is not None

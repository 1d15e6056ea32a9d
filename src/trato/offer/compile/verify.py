"""Whether a circuit says what its clauses say, checked after every compilation by other means.

1. Its shape: every branch of a node speaks of the same variables, the root of each variable once, and the two
   branches of a decision differ in a literal. So no assignment is counted twice.
2. No assignment of the circuit breaks a clause: all clauses are tried, hundreds in one pass.
3. No assignment of the clauses is missing: by an independent count where that is feasible, and by a SAT
   solver that is asked for what the circuit holds to be impossible.

Compilers with a name have published wrong counts; nothing that a customer sees should rest on trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.circuit import Workspace, count, possible, sample
from trato.offer.compile.kernel import kernel
from trato.offer.compile.tally import PRIMES, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses
    from trato.offer.compile.circuit import Circuit
    from trato.offer.compile.passes import Graph

WORDS = 4  # clauses tried in one pass: 64 each
CLICKS = 8
ASKED = 25  # questions to the solver at each click
WIDEST = 16  # variables that the independent count may hold together


def fault(circuit: Circuit, clauses: Clauses, *, decisions: bool = True) -> str | None:
    """What is wrong with the circuit, in words; None when nothing was found.

    `decisions`: every node of two branches decides a variable, as our own compiler's do.
    """
    return (
        shape_fault(circuit, decisions=decisions)
        or broken_clause(circuit, clauses)
        or missing(circuit, clauses)
    )


def shape_fault(circuit: Circuit, *, decisions: bool = True) -> str | None:
    """What is wrong with the arrays, without looking at the clauses. Every index is checked, so that a kernel
    may be let loose on them. `decisions`: of two branches the first literals must be opposite.
    """
    many, branches = len(circuit.nodes) - 1, len(circuit.literal_starts) - 1
    starts = (
        (circuit.nodes, branches),
        (circuit.literal_starts, len(circuit.literals)),
        (circuit.gap_starts, len(circuit.gaps)),
        (circuit.child_starts, len(circuit.children)),
    )
    for bounds, end in starts:
        if len(bounds) == 0 or bounds[0] != 0 or bounds[-1] != end or (np.diff(bounds) < 0).any():
            return "the lists do not fit together"
    if many < 1 or len(circuit.gap_starts) != branches + 1 or len(circuit.child_starts) != branches + 1:
        return "the lists do not fit together"
    limits = (
        (circuit.literals, 2, 2 * circuit.kept + 2),
        (circuit.gaps, 1, circuit.kept + 1),
        (circuit.children, 0, many),
        (circuit.literal, 0, 2 * circuit.kept + 2),
    )
    for array, low, high in limits:
        if len(array) and (int(array.min()) < low or int(array.max()) >= high):
            return "a number is out of its range"
    if len(circuit.literal) != circuit.variables + 1:
        return "the variables are not all there"
    used = np.unique(circuit.literal[1:] >> 1)
    if len(used[used > 0]) != circuit.kept:
        return "a variable of the graph stands for none"
    random = np.random.Generator(np.random.Philox(key=circuit.kept))
    marks = random.integers(0, 2**64, circuit.kept + 1, np.uint64)
    fault = shape(Workspace(circuit).graph, marks, decisions)
    return (
        "",
        "a child comes after its node",
        "the branches of a node differ in their variables",
        "the root does not hold each variable once",
        "two branches can both be taken",
    )[fault] or None


@kernel
def shape(graph: Graph, marks: NDArray[np.uint64], decisions: bool) -> int:
    """0 when the order, the variables and the decisions are sound, else which is not."""
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    many = len(nodes) - 1
    scope = np.zeros(many, np.uint64)
    for i in range(many):
        for b in range(nodes[i], nodes[i + 1]):
            total = np.uint64(0)
            for k in range(literal_starts[b], literal_starts[b + 1]):
                total += marks[literals[k] >> 1]
            for k in range(gap_starts[b], gap_starts[b + 1]):
                total += marks[gaps[k]]
            for k in range(child_starts[b], child_starts[b + 1]):
                if children[k] >= i:
                    return 1
                total += scope[children[k]]
            if b > nodes[i] and total != scope[i]:
                return 2
            scope[i] = total
        if decisions and nodes[i + 1] - nodes[i] > 1:
            first = nodes[i]
            if nodes[i + 1] - first > 2 or literal_starts[first] == literal_starts[first + 1]:
                return 4
            if literal_starts[first + 1] == literal_starts[first + 2]:
                return 4
            if literals[literal_starts[first]] != literals[literal_starts[first + 1]] ^ 1:
                return 4
    total = np.uint64(0)
    for r in range(1, len(marks)):
        total += marks[r]
    if nodes[many] > nodes[many - 1] and scope[many - 1] != total:
        return 3
    return 0


def broken_clause(circuit: Circuit, clauses: Clauses) -> str | None:
    """A clause that an assignment of the circuit breaks."""
    graph = Workspace(circuit).graph
    allowed = np.full((2 * circuit.kept + 2, WORDS), ~np.uint64(0))
    holds = np.zeros((len(circuit.nodes) - 1, WORDS), np.uint64)
    starts = np.require(clauses.starts, np.int64, ("C", "W"))  # as the kernel is compiled for
    literals = np.require(clauses.literals, np.int32, ("C", "W"))
    step = 64 * WORDS
    for first in range(0, len(clauses), step):
        after = min(first + step, len(clauses))
        if breaks(graph, circuit.literal, starts, literals, first, after, allowed, holds):
            return f"an assignment of the diagram breaks one of the clauses {first} to {after - 1}"
    return None


@kernel
def breaks(
    graph: Graph,
    literal: NDArray[np.int32],
    starts: NDArray[np.int64],
    signed: NDArray[np.int32],
    first: int,
    after: int,
    allowed: NDArray[np.uint64],
    holds: NDArray[np.uint64],
) -> bool:
    """Whether any of these clauses can be false in the circuit.

    Bit j forbids all literals of clause first + j. `allowed` has every bit set, and has so again in the end.
    """
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    words = allowed.shape[1]
    full = ~np.uint64(0)
    for undo in range(2):
        for c in range(first, after):
            bit = np.uint64(1) << np.uint64((c - first) & 63)
            for k in range(starts[c], starts[c + 1]):
                code = literal[abs(signed[k])] ^ (signed[k] < 0)
                if undo:
                    allowed[code] = full
                else:
                    allowed[code, (c - first) >> 6] &= ~bit
        if undo:
            return False
        some = np.empty(words, np.uint64)
        for i in range(len(holds)):
            holds[i] = np.uint64(0)
            for b in range(nodes[i], nodes[i + 1]):
                some[:] = full
                for k in range(child_starts[b], child_starts[b + 1]):
                    for w in range(words):
                        some[w] &= holds[children[k], w]
                for k in range(literal_starts[b], literal_starts[b + 1]):
                    for w in range(words):
                        some[w] &= allowed[literals[k], w]
                for k in range(gap_starts[b], gap_starts[b + 1]):
                    for w in range(words):
                        some[w] &= allowed[2 * gaps[k], w] | allowed[2 * gaps[k] + 1, w]
                for w in range(words):
                    holds[i, w] |= some[w]
        for c in range(first, after):
            w = (c - first) >> 6
            bit = np.uint64(1) << np.uint64((c - first) & 63)
            if holds[len(holds) - 1, w] & allowed[1, w] & bit:
                return True
    return False


def missing(circuit: Circuit, clauses: Clauses) -> str | None:
    """What the clauses allow and the circuit does not."""
    from pysat.solvers import Solver

    room = Workspace(circuit)
    fixed = np.zeros(clauses.variables + 1, np.int8)
    whole = count(circuit, fixed, room)
    for prime in PRIMES:
        other = tally(clauses, prime, WIDEST)
        if other is not None and other != whole % prime:
            return "an independent count differs"
    generator = np.random.Generator(np.random.Philox(key=clauses.variables))
    with Solver(name="cadical153", bootstrap_with=list(clauses)) as solver:
        if not whole:
            return "the clauses can be satisfied" if solver.solve() else None
        weights = np.zeros((clauses.variables + 1, 2))
        models = sample(circuit, fixed, weights, generator.random((CLICKS, circuit.draws)), room)
        for click, model in enumerate(models):
            # The first click fixes nothing; each one after it fixes a random part of a valid assignment.
            share = generator.random() ** 2 if click else 0.0
            fixed = np.where(generator.random(len(model)) < share, model, 0).astype(np.int8)
            wanted = possible(circuit, fixed, room)
            held = [int(v * fixed[v]) for v in np.flatnonzero(fixed)]
            variables, values = np.nonzero(~wanted[1:] & (fixed[1:, None] == 0))
            for place in generator.permutation(len(variables))[:ASKED]:
                v = int(variables[place]) + 1
                if solver.solve(assumptions=[*held, v if values[place] else -v]):
                    return f"variable {v} can be {bool(values[place])} where the diagram says it cannot"
    return None

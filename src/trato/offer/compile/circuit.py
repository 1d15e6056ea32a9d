"""A compiled offer: every valid configuration in one small graph that a handful of passes can read.

The graph is a d-DNNF, a sum of products in which the terms of a sum exclude each other and the factors of a
product share no variable. So a count, a best completion or a probability of all configurations is one pass
over its edges, however many configurations there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """A smooth d-DNNF in flat arrays, children before parents, the root last.

    The variables 1..`variables` of the clauses are written as literals of the 1..`kept` variables on which
    the graph stands: `literal` (variables + 1,) int32 holds the code 2r + 1 for a variable that is true when
    r is, 2r for one that is true when r is false; r = 0 is the constant, so 1 says always true and 0 always
    false. Entry 0 is unused.

    Node i is the sum of the branches `nodes[i]` to `nodes[i + 1]` (a node without a branch is false); branch
    b is the product of
    - the literals `literals[literal_starts[b]:literal_starts[b + 1]]`, as codes 2r + 1 for r, 2r for not r;
    - the free variables `gaps[gap_starts[b]:gap_starts[b + 1]]`, which may take either value;
    - the nodes `children[child_starts[b]:child_starts[b + 1]]`.
    Every branch of a node speaks of the same variables, the root of all. All arrays are int32.
    """

    variables: int
    kept: int
    literal: NDArray[np.int32]
    nodes: NDArray[np.int32]
    literal_starts: NDArray[np.int32]
    literals: NDArray[np.int32]
    gap_starts: NDArray[np.int32]
    gaps: NDArray[np.int32]
    child_starts: NDArray[np.int32]
    children: NDArray[np.int32]

    @property
    def size(self) -> int:
        """The number of edges: literals, free variables and children of all branches."""
        return len(self.literals) + len(self.gaps) + len(self.children)

    @property
    def draws(self) -> int:
        """How many uniform numbers one sample takes at most."""
        return 2 * self.kept + 1


class Workspace:
    """The room that the passes over one circuit need, made once and used again by every click.

    A pass leaves nothing in it that another one reads, so one workspace serves all guides of a thread; two
    threads need two.
    """

    def __init__(self, circuit: Circuit) -> None:
        from trato.offer.compile.passes import Graph

        codes, many, branches = 2 * circuit.kept + 2, len(circuit.nodes) - 1, int(circuit.nodes[-1])
        self.circuit = circuit
        self.graph = Graph(*(getattr(circuit, name) for name in Graph._fields))
        self.allowed = np.zeros(codes, np.bool_)
        self.found = np.zeros(codes, np.bool_)
        self.weights = np.zeros(codes, np.float64)
        self.mass = np.zeros(codes, np.float64)
        self.holds = np.zeros(many, np.bool_)
        self.sums = np.zeros(many, np.float64)
        self.flow = np.zeros(many, np.float64)
        self.taken = np.zeros(many, np.int32)
        self.alive = np.zeros(branches, np.bool_)
        self.free = np.zeros(branches, np.int32)
        self.shares = np.zeros(branches, np.float64)

    @property
    def bytes(self) -> int:
        """What the workspace holds beyond the circuit."""
        return sum(array.nbytes for array in vars(self).values() if isinstance(array, np.ndarray))


def count(circuit: Circuit, fixed: NDArray[np.int8], workspace: Workspace | None = None) -> int:
    """How many assignments of all the variables keep to the clauses and to `fixed`, exactly.

    `fixed` (variables + 1,) is 1 for true, -1 for false, 0 for open; entry 0 is not read. A contradiction
    counts 0. All passes raise ValueError for an array of another shape.
    """
    from trato.offer.compile.passes import allow, open_branches

    room = workspace or Workspace(circuit)
    if not allow(circuit.literal, _plain(fixed, np.int8, circuit.literal.shape), room.allowed):
        return 0
    open_branches(room.graph, room.allowed, room.alive, room.free)
    alive, free = room.alive.tolist(), room.free.tolist()
    nodes, starts, children = (
        array.tolist() for array in (circuit.nodes, circuit.child_starts, circuit.children)
    )
    counts: list[int] = []
    for first, after in pairwise(nodes):
        total = 0
        for branch in range(first, after):
            if alive[branch]:
                product = 1
                for child in children[starts[branch] : starts[branch + 1]]:
                    product *= counts[child]
                    if not product:
                        break
                else:
                    total += product << free[branch]
        counts.append(total)
    return counts[-1]


def possible(
    circuit: Circuit, fixed: NDArray[np.int8], workspace: Workspace | None = None
) -> NDArray[np.bool_]:
    """Which values lead to a valid assignment: (variables + 1, 2), [v, 0] for false and [v, 1] for true.

    `fixed` as in `count`. A variable that is fixed has its own value only. All is False in a contradiction;
    row 0 always is.
    """
    from trato.offer.compile.passes import allow, mark_alive, mark_found, spread_possible

    room = workspace or Workspace(circuit)
    out = np.zeros((circuit.variables + 1, 2), np.bool_)
    if allow(circuit.literal, _plain(fixed, np.int8, circuit.literal.shape), room.allowed) and mark_alive(
        room.graph, room.allowed, room.alive, room.holds
    ):
        mark_found(room.graph, room.allowed, room.alive, room.holds, room.found)
        spread_possible(circuit.literal, room.found, out)
    return out


def marginals(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    log_weights: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> NDArray[np.float64]:
    """How probable each value is among the valid assignments, each weighted by the product of its values.

    `log_weights` (variables + 1, 2) are finite or -inf. Gives (variables + 1, 2), each row summing to 1; all
    is 0 in a contradiction and where every valid assignment weighs nothing; row 0 always is.
    """
    from trato.offer.compile.passes import flow_down, spread_mass

    room = workspace or Workspace(circuit)
    out = np.zeros((circuit.variables + 1, 2), np.float64)
    if _weighed(circuit, fixed, log_weights, room):
        flow_down(room.graph, room.shares, room.flow, room.weights, room.mass)
        spread_mass(circuit.literal, room.mass, out)
    return out


def best(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    scores: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> tuple[float, NDArray[np.int8]]:
    """The valid assignment of the highest sum of `scores` (variables + 1, 2), and that sum.

    Scores are finite or -inf for what must not be. The assignment is (variables + 1,) of 1 and -1, entry 0
    being 0. A contradiction gives -inf and only zeros. Of several best ones always the same is given.
    """
    from trato.offer.compile.passes import allow, find_best, gather_weights

    room = workspace or Workspace(circuit)
    if not (
        allow(circuit.literal, _plain(fixed, np.int8, circuit.literal.shape), room.allowed)
        and gather_weights(
            circuit.literal,
            room.allowed,
            _plain(scores, np.float64, (circuit.variables + 1, 2)),
            room.weights,
        )
        and find_best(room.graph, room.weights, room.sums, room.taken, room.holds, room.found)
    ):
        return -np.inf, np.zeros(circuit.variables + 1, np.int8)
    true = room.found[circuit.literal]
    assignment = np.where(true, 1, -1).astype(np.int8)
    assignment[0] = 0
    return float(np.where(true, scores[:, 1], scores[:, 0])[1:].sum()), assignment


def sample(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    log_weights: NDArray[np.float64],
    uniforms: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> NDArray[np.int8]:
    """Valid assignments drawn with the weights of `marginals`: (n, variables + 1) of 1 and -1; column 0 is 0.

    `uniforms` (n, `circuit.draws`) in [0, 1) is the randomness. Where `marginals` gives only 0, so does this.
    """
    from trato.offer.compile.passes import draw

    room = workspace or Workspace(circuit)
    out = np.zeros((len(uniforms), circuit.variables + 1), np.int8)
    if _weighed(circuit, fixed, log_weights, room):
        numbers = _plain(uniforms, np.float64, (len(uniforms), circuit.draws))
        draw(room.graph, circuit.literal, room.weights, room.shares, numbers, room.found, out)
    return out


def _plain(array: NDArray[Any], kind: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
    """The array as the kernels are compiled for: contiguous, writable, of this type; as a rule the very same.

    Raises ValueError for another shape: a kernel would read beyond its end.
    """
    if array.shape != shape:
        raise ValueError(f"an array of shape {array.shape} was given where {shape} is needed")
    return np.require(array, kind, ("C", "W"))


def _weighed(
    circuit: Circuit, fixed: NDArray[np.int8], log_weights: NDArray[np.float64], room: Workspace
) -> bool:
    """Weigh every node and branch; False where the whole weighs nothing."""
    from trato.offer.compile.passes import allow, gather_weights, scale, sum_up

    if not (
        allow(circuit.literal, _plain(fixed, np.int8, circuit.literal.shape), room.allowed)
        and gather_weights(
            circuit.literal,
            room.allowed,
            _plain(log_weights, np.float64, (circuit.variables + 1, 2)),
            room.weights,
        )
    ):
        return False
    scale(room.weights)
    return sum_up(room.graph, room.weights, room.sums, room.shares)

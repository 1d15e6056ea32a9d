"""A compiled offer: every valid configuration in one small graph that a handful of passes can read.

The graph is a d-DNNF, a sum of products in which the terms of a sum exclude each other and the factors of a
product share no variable. So a count, a best completion or a probability of all configurations is one pass
over its edges, however many configurations there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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

    A pass leaves nothing in it that another one reads, so one workspace serves all guides of a thread.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        raise NotImplementedError


def count(circuit: Circuit, fixed: NDArray[np.int8], workspace: Workspace | None = None) -> int:
    """How many assignments of all the variables keep to the clauses and to `fixed`, exactly.

    `fixed` (variables + 1,) is 1 for true, -1 for false, 0 for open; entry 0 is not read. A contradiction
    counts 0.
    """
    raise NotImplementedError


def possible(
    circuit: Circuit, fixed: NDArray[np.int8], workspace: Workspace | None = None
) -> NDArray[np.bool_]:
    """Which values lead to a valid assignment: (variables + 1, 2), [v, 0] for false and [v, 1] for true.

    `fixed` as in `count`. A variable that is fixed has its own value only. All is False in a contradiction;
    row 0 always is.
    """
    raise NotImplementedError


def marginals(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    log_weights: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> NDArray[np.float64]:
    """How probable each value is among the valid assignments, each weighted by the product of its values.

    `log_weights` (variables + 1, 2) may hold -inf. Gives (variables + 1, 2), each row summing to 1; all is 0
    in a contradiction, row 0 always.
    """
    raise NotImplementedError


def best(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    scores: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> tuple[float, NDArray[np.int8]]:
    """The valid assignment of the highest sum of `scores` (variables + 1, 2), and that sum.

    The assignment is (variables + 1,) of 1 and -1, entry 0 being 0. A contradiction gives -inf and only
    zeros. Of several best ones always the same is given.
    """
    raise NotImplementedError


def sample(
    circuit: Circuit,
    fixed: NDArray[np.int8],
    log_weights: NDArray[np.float64],
    uniforms: NDArray[np.float64],
    workspace: Workspace | None = None,
) -> NDArray[np.int8]:
    """Valid assignments drawn with the weights of `marginals`: (n, variables + 1) of 1 and -1; column 0 is 0.

    `uniforms` (n, `circuit.draws`) in [0, 1) is the randomness. A contradiction gives only zeros.
    """
    raise NotImplementedError

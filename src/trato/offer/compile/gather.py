"""From what a compiler found, in the order it found it, to a circuit: only what the root reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.circuit import Circuit
from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.offer.compile.simplify import Simplified


@kernel
def gathered(
    root: int,
    node_starts: NDArray[np.int64],
    branches: NDArray[np.int32],
    ends: NDArray[np.int64],
    literals: NDArray[np.int32],
    gaps: NDArray[np.int32],
    children: NDArray[np.int32],
) -> tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
]:
    """The arrays of a Circuit. Node i, which comes after its children, has the branches
    `branches[node_starts[i]:node_starts[i + 1]]`; branch b ends at `ends[b]` in the lists of literals, gaps
    and children. A node of one branch that a single branch mentions is written into it.
    """
    uses = np.zeros(root + 1, np.int32)
    uses[root] = 1
    begin = np.zeros(3, np.int64)
    for i in range(root, -1, -1):
        if uses[i] == 0:
            continue
        for j in range(node_starts[i], node_starts[i + 1]):
            b = branches[j]
            for k in range(ends[b - 1, 2] if b > 0 else 0, ends[b, 2]):
                uses[children[k]] += 1
    number = np.full(root + 1, -1, np.int32)
    within = np.zeros(root + 1, np.bool_)
    many = 0
    for i in range(root + 1):
        within[i] = i != root and uses[i] == 1 and node_starts[i + 1] - node_starts[i] == 1
        if uses[i] > 0 and not within[i]:
            number[i] = many
            many += 1
    nodes = np.zeros(many + 1, np.int32)
    out_branches = 0
    sizes = np.zeros(3, np.int64)
    for i in range(root + 1):
        if number[i] >= 0:
            out_branches += node_starts[i + 1] - node_starts[i]
        if uses[i] > 0:
            for j in range(node_starts[i], node_starts[i + 1]):
                b = branches[j]
                for kind in range(3):
                    sizes[kind] += ends[b, kind] - (ends[b - 1, kind] if b > 0 else 0)
    literal_starts = np.zeros(out_branches + 1, np.int32)
    gap_starts = np.zeros(out_branches + 1, np.int32)
    child_starts = np.zeros(out_branches + 1, np.int32)
    out_literals = np.empty(sizes[0], np.int32)
    out_gaps = np.empty(sizes[1], np.int32)
    out_children = np.empty(sizes[2], np.int32)
    waiting = np.empty(root + 2, np.int32)
    sizes[:] = 0
    out_branches = 0
    for i in range(root + 1):
        if number[i] < 0:
            continue
        for j in range(node_starts[i], node_starts[i + 1]):
            waiting[0] = branches[j]
            waits = 1
            while waits > 0:
                waits -= 1
                b = waiting[waits]
                for kind in range(3):
                    begin[kind] = ends[b - 1, kind] if b > 0 else 0
                for k in range(begin[0], ends[b, 0]):
                    out_literals[sizes[0]] = literals[k]
                    sizes[0] += 1
                for k in range(begin[1], ends[b, 1]):
                    out_gaps[sizes[1]] = gaps[k]
                    sizes[1] += 1
                for k in range(begin[2], ends[b, 2]):
                    child = children[k]
                    if within[child]:
                        waiting[waits] = branches[node_starts[child]]
                        waits += 1
                    else:
                        out_children[sizes[2]] = number[child]
                        sizes[2] += 1
            out_branches += 1
            literal_starts[out_branches] = sizes[0]
            gap_starts[out_branches] = sizes[1]
            child_starts[out_branches] = sizes[2]
        nodes[number[i] + 1] = out_branches
    return (
        nodes,
        literal_starts,
        out_literals,
        gap_starts,
        out_gaps,
        child_starts,
        out_children[: sizes[2]].copy(),
    )


def circuit_of(
    variables: int,
    simplified: Simplified,
    root: int,
    node_starts: NDArray[np.int64],
    branches: NDArray[np.int32],
    ends: NDArray[np.int64],
    lists: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
) -> Circuit:
    """The circuit over all the variables; see `gathered` for the rest."""
    arrays = gathered(root, node_starts, branches, ends, *lists)
    return Circuit(variables, simplified.kept, simplified.literal, *arrays)


def contradiction(variables: int) -> Circuit:
    """The circuit of clauses that no assignment keeps to: a root without a branch."""
    nothing, zero = np.zeros(0, np.int32), np.zeros(1, np.int32)
    literal = np.ones(variables + 1, np.int32)
    return Circuit(variables, 0, literal, np.zeros(2, np.int32), zero, nothing, zero, nothing, zero, nothing)

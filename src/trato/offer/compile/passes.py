"""The passes over a circuit: up from the leaves, and for some of them down again.

Weights are scaled first so that the two values of each variable weigh 1 together. Then a free variable weighs
1 wherever it stands, and only the way down has to look at it. Sums are kept as logarithms on the way up and
as shares of the whole on the way down, so that no number of variables overflows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Graph(NamedTuple):
    """The arrays of a Circuit of the same names."""

    nodes: NDArray[np.int32]
    literal_starts: NDArray[np.int32]
    literals: NDArray[np.int32]
    gap_starts: NDArray[np.int32]
    gaps: NDArray[np.int32]
    child_starts: NDArray[np.int32]
    children: NDArray[np.int32]


@kernel
def allow(literal: NDArray[np.int32], fixed: NDArray[np.int8], allowed: NDArray[np.bool_]) -> bool:
    """Write which codes the fixed values leave: False where they contradict each other at once."""
    allowed[:] = True
    allowed[0] = False
    for v in range(1, len(literal)):
        if fixed[v] > 0:
            allowed[literal[v] ^ 1] = False
        elif fixed[v] < 0:
            allowed[literal[v]] = False
    if not allowed[1]:
        return False
    for r in range(1, len(allowed) // 2):
        if not allowed[2 * r] and not allowed[2 * r + 1]:
            return False
    return True


@kernel
def open_branches(
    graph: Graph, allowed: NDArray[np.bool_], alive: NDArray[np.bool_], free: NDArray[np.int32]
) -> None:
    """Which branches hold no forbidden literal, and how many of their free variables are open."""
    for b in range(len(alive)):
        alive[b] = True
        for k in range(graph.literal_starts[b], graph.literal_starts[b + 1]):
            if not allowed[graph.literals[k]]:
                alive[b] = False
                break
        free[b] = 0
        for k in range(graph.gap_starts[b], graph.gap_starts[b + 1]):
            r = graph.gaps[k]
            free[b] += allowed[2 * r] and allowed[2 * r + 1]


@kernel
def mark_alive(
    graph: Graph, allowed: NDArray[np.bool_], alive: NDArray[np.bool_], holds: NDArray[np.bool_]
) -> bool:
    """Write which branches (`alive`) and nodes (`holds`) remain; False where the root does not."""
    nodes, literal_starts, literals, _, _, child_starts, children = graph
    for i in range(len(holds)):
        some = False
        for b in range(nodes[i], nodes[i + 1]):
            fine = True
            for k in range(child_starts[b], child_starts[b + 1]):
                if not holds[children[k]]:
                    fine = False
                    break
            if fine:
                for k in range(literal_starts[b], literal_starts[b + 1]):
                    if not allowed[literals[k]]:
                        fine = False
                        break
            alive[b] = fine
            some |= fine
        holds[i] = some
    return bool(holds[len(holds) - 1])


@kernel
def mark_found(
    graph: Graph,
    allowed: NDArray[np.bool_],
    alive: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    found: NDArray[np.bool_],
) -> None:
    """Write which codes (`found`) stand in a branch that is alive and reached from the root."""
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    many = len(reached)
    found[:] = False
    found[1] = True
    reached[:] = False
    reached[many - 1] = True
    for i in range(many - 1, -1, -1):
        if not reached[i]:
            continue
        for b in range(nodes[i], nodes[i + 1]):
            if not alive[b]:
                continue
            for k in range(literal_starts[b], literal_starts[b + 1]):
                found[literals[k]] = True
            for k in range(gap_starts[b], gap_starts[b + 1]):
                found[2 * gaps[k]] |= allowed[2 * gaps[k]]
                found[2 * gaps[k] + 1] |= allowed[2 * gaps[k] + 1]
            for k in range(child_starts[b], child_starts[b + 1]):
                reached[children[k]] = True


@kernel
def spread_possible(literal: NDArray[np.int32], found: NDArray[np.bool_], out: NDArray[np.bool_]) -> None:
    """Write codes back as values of the variables: (variables + 1, 2)."""
    for v in range(1, len(literal)):
        out[v, 0] = found[literal[v] ^ 1]
        out[v, 1] = found[literal[v]]


@kernel
def gather_weights(
    literal: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    given: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> bool:
    """Write what each code weighs, as a logarithm: False where a variable can take neither of its values."""
    weights[:] = 0.0
    for v in range(1, len(literal)):
        weights[literal[v]] += given[v, 1]
        weights[literal[v] ^ 1] += given[v, 0]
    for code in range(len(weights)):
        if not allowed[code]:
            weights[code] = -np.inf
    if weights[1] == -np.inf:
        return False
    for r in range(1, len(weights) // 2):
        if weights[2 * r] == -np.inf and weights[2 * r + 1] == -np.inf:
            return False
    return True


@kernel
def scale(weights: NDArray[np.float64]) -> None:
    """Let the two values of each variable weigh 1 together."""
    for r in range(1, len(weights) // 2):
        high = max(weights[2 * r], weights[2 * r + 1])
        low = min(weights[2 * r], weights[2 * r + 1])
        total = high + np.log1p(np.exp(low - high))
        weights[2 * r] -= total
        weights[2 * r + 1] -= total


@kernel
def sum_up(
    graph: Graph, weights: NDArray[np.float64], sums: NDArray[np.float64], shares: NDArray[np.float64]
) -> bool:
    """Write the weight of each node, as a logarithm, and the share that each branch has in its node; False
    where the whole weighs nothing.
    """
    nodes, literal_starts, literals, _, _, child_starts, children = graph
    for i in range(len(sums)):
        high = -np.inf
        for b in range(nodes[i], nodes[i + 1]):
            product = 0.0
            for k in range(child_starts[b], child_starts[b + 1]):
                product += sums[children[k]]
            if product > -np.inf:
                for k in range(literal_starts[b], literal_starts[b + 1]):
                    product += weights[literals[k]]
            shares[b] = product
            high = max(high, product)
        if high == -np.inf:
            sums[i] = high
            continue
        total = 0.0
        for b in range(nodes[i], nodes[i + 1]):
            shares[b] = np.exp(shares[b] - high) if shares[b] != high else 1.0
            total += shares[b]
        for b in range(nodes[i], nodes[i + 1]):
            shares[b] /= total
        sums[i] = high + (np.log(total) if total != 1.0 else 0.0)
    return bool(sums[len(sums) - 1] > -np.inf)


@kernel
def flow_down(
    graph: Graph,
    shares: NDArray[np.float64],
    flow: NDArray[np.float64],
    weights: NDArray[np.float64],
    mass: NDArray[np.float64],
) -> None:
    """Write the probability of each code (`mass`), going down from the root by the branches' shares."""
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    many = len(flow)
    mass[:] = 0.0
    flow[:] = 0.0
    flow[many - 1] = 1.0
    for i in range(many - 1, -1, -1):
        if flow[i] == 0.0:
            continue
        for b in range(nodes[i], nodes[i + 1]):
            part = flow[i] * shares[b]
            if part == 0.0:
                continue
            for k in range(literal_starts[b], literal_starts[b + 1]):
                mass[literals[k]] += part
            for k in range(gap_starts[b], gap_starts[b + 1]):
                r = gaps[k]
                mass[2 * r] += part * np.exp(weights[2 * r])
                mass[2 * r + 1] += part * np.exp(weights[2 * r + 1])
            for k in range(child_starts[b], child_starts[b + 1]):
                flow[children[k]] += part
    mass[1] = 1.0
    for r in range(1, len(mass) // 2):
        total = mass[2 * r] + mass[2 * r + 1]
        mass[2 * r] /= total
        mass[2 * r + 1] /= total


@kernel
def spread_mass(literal: NDArray[np.int32], mass: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write codes back as values of the variables: (variables + 1, 2)."""
    for v in range(1, len(literal)):
        out[v, 0] = mass[literal[v] ^ 1]
        out[v, 1] = mass[literal[v]]


@kernel
def find_best(
    graph: Graph,
    weights: NDArray[np.float64],
    tops: NDArray[np.float64],
    taken: NDArray[np.int32],
    reached: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
) -> bool:
    """Write the codes of the best assignment (`chosen`); False where there is none. Of two equal branches the
    earlier one is taken, of two equal values of a free variable: false.
    """
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    many = len(tops)
    for r in range(1, len(weights) // 2):
        high = max(weights[2 * r], weights[2 * r + 1])
        weights[2 * r] -= high
        weights[2 * r + 1] -= high
    for i in range(many):
        tops[i] = -np.inf
        taken[i] = -1
        for b in range(nodes[i], nodes[i + 1]):
            total = 0.0
            for k in range(child_starts[b], child_starts[b + 1]):
                total += tops[children[k]]
            if total > tops[i]:  # nothing weighs more than nought here
                for k in range(literal_starts[b], literal_starts[b + 1]):
                    total += weights[literals[k]]
                if total > tops[i]:
                    tops[i] = total
                    taken[i] = b
    chosen[:] = False
    if taken[many - 1] < 0:
        return False
    chosen[1] = True
    reached[:] = False
    reached[many - 1] = True
    for i in range(many - 1, -1, -1):
        if not reached[i]:
            continue
        b = taken[i]
        for k in range(literal_starts[b], literal_starts[b + 1]):
            chosen[literals[k]] = True
        for k in range(gap_starts[b], gap_starts[b + 1]):
            r = gaps[k]
            chosen[2 * r + (weights[2 * r + 1] > weights[2 * r])] = True
        for k in range(child_starts[b], child_starts[b + 1]):
            reached[children[k]] = True
    return True


@kernel
def draw(
    graph: Graph,
    literal: NDArray[np.int32],
    weights: NDArray[np.float64],
    shares: NDArray[np.float64],
    uniforms: NDArray[np.float64],
    chosen: NDArray[np.bool_],
    out: NDArray[np.int8],
) -> None:
    """Write one assignment for each row of `uniforms`, going down from the root by the branches' shares."""
    nodes, literal_starts, literals, gap_starts, gaps, child_starts, children = graph
    waiting = np.empty(len(chosen) + len(nodes), np.int32)
    for row in range(len(uniforms)):
        chosen[:] = False
        chosen[1] = True
        used = 0
        waiting[0] = len(nodes) - 2
        many = 1
        while many > 0:
            many -= 1
            i = waiting[many]
            b = nodes[i]
            if nodes[i + 1] - b > 1:
                left = uniforms[row, used]
                used += 1
                last = b
                for other in range(b, nodes[i + 1]):
                    if (
                        shares[other] > 0.0
                    ):  # should rounding leave something, the last one with a share has it
                        last = other
                        left -= shares[other]
                        if left < 0.0:
                            break
                b = last
            for k in range(literal_starts[b], literal_starts[b + 1]):
                chosen[literals[k]] = True
            for k in range(gap_starts[b], gap_starts[b + 1]):
                r = gaps[k]
                chosen[2 * r + (uniforms[row, used] < np.exp(weights[2 * r + 1]))] = True
                used += 1
            for k in range(child_starts[b], child_starts[b + 1]):
                waiting[many] = children[k]
                many += 1
        for v in range(1, len(literal)):
            out[row, v] = 1 if chosen[literal[v]] else -1

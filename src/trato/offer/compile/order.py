"""In which order the search decides the variables: along a tree decomposition of what the clauses tie.

Variables are taken out of the graph one by one, each with the neighbours it has then: a bag. The bags form a
tree, in which every clause lies in one bag. Deciding the variables of a bag in the middle of the tree makes
its sides independent of each other, and so on outwards: the search then finds small components again and
again.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


MOST_BITS = 24_000  # variables whose graph is held as bits: 72 megabytes
MOST_PAIRS = 200_000_000  # literals squared, over all clauses
STEPS = 30_000_000  # each one may take some bytes
FILL_STEPS = 300_000_000  # a second or so


@kernel
def bits_of(word: np.uint64) -> int:
    """How many bits are set."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def shared(near: NDArray[np.uint64], a: int, b: int) -> int:
    """How many neighbours two vertices have in common."""
    total = 0
    for k in range(near.shape[1]):
        total += bits_of(near[a, k] & near[b, k])
    return total


@kernel
def eliminate_by_fill(
    near: NDArray[np.uint64], steps: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Take the vertices out, the one first whose neighbours lack the fewest ties among each other, tying its
    neighbours together.

    `near` (n, words) holds the neighbours as bits and is used up. Gives the order, and the neighbours that
    each vertex had then: those of order[i] are around[starts[i]:starts[i + 1]]. When the steps are used up,
    all that is left becomes one last bag, so there may be fewer bags than vertices.
    """
    n, words = near.shape
    degree = np.zeros(n, np.int64)
    fill = np.zeros(n, np.int64)  # counts every missing tie twice
    neighbours = np.empty(n, np.int32)
    for v in range(n):
        degree[v] = shared(near, v, v)
    for v in range(n):
        many = listed(near, v, neighbours)
        steps -= many * words
        for k in range(many):
            fill[v] += many - 1 - shared(near, v, neighbours[k])
    order = np.empty(n, np.int32)
    starts = np.zeros(n + 1, np.int64)
    around = np.empty(4 * n + 16, np.int32)
    alive = np.arange(n).astype(np.int32)
    for turn in range(n):
        if steps < 0:
            order[turn:] = alive[: n - turn]
            around = np.concatenate((around[: starts[turn]], alive[1 : n - turn]))
            starts[turn + 1] = len(around)
            return order, starts[: turn + 2], around
        at = 0
        for k in range(n - turn):
            u = alive[k]
            w = alive[at]
            if fill[u] < fill[w] or (
                fill[u] == fill[w] and (degree[u] < degree[w] or (degree[u] == degree[w] and u < w))
            ):
                at = k
        v = alive[at]
        alive[at] = alive[n - turn - 1]
        many = listed(near, v, neighbours)
        order[turn] = v
        while starts[turn] + many > len(around):
            around = np.concatenate((around, np.empty_like(around)))
        around[starts[turn] : starts[turn] + many] = neighbours[:many]
        starts[turn + 1] = starts[turn] + many
        clique = fill[v] == 0
        steps -= n - turn + many * words
        for i in range(many):
            u = neighbours[i]
            near[u, v >> 6] &= ~(np.uint64(1) << np.uint64(v & 63))
            degree[u] -= 1
            fill[u] -= 2 * (degree[u] - shared(near, u, v))
        if clique:
            continue
        steps -= many * many
        for i in range(many):
            u = neighbours[i]
            for j in range(i):
                w = neighbours[j]
                if (near[u, w >> 6] >> np.uint64(w & 63)) & np.uint64(1):
                    continue
                common = 0
                steps -= words
                for k in range(words):
                    word = near[u, k] & near[w, k]
                    if word:
                        common += bits_of(word)
                        while word:
                            low = word & (~word + np.uint64(1))
                            fill[64 * k + bits_of(low - np.uint64(1))] -= 2
                            word ^= low
                fill[u] += 2 * (degree[u] - common)
                fill[w] += 2 * (degree[w] - common)
                near[u, w >> 6] |= np.uint64(1) << np.uint64(w & 63)
                near[w, u >> 6] |= np.uint64(1) << np.uint64(u & 63)
                degree[u] += 1
                degree[w] += 1
    return order, starts, around


@kernel
def eliminate_by_degree(
    n: int, clause_starts: NDArray[np.int64], literals: NDArray[np.int32], steps: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """The same by the fewest neighbours, about, without a graph.

    What ties vertices together are sets: at first the clauses, later the neighbours of those taken out. A set
    inside a newer one goes (the quotient graph of minimum-degree orderings).
    """
    m = len(clause_starts) - 1
    size = len(literals)
    sets = np.empty(2 * size + 16, np.int32)  # the members of all sets, one set after the other
    set_starts = np.zeros(m + n + 1, np.int64)
    set_sizes = np.zeros(m + n, np.int64)
    for k in range(size):
        sets[k] = (literals[k] >> 1) - 1
    for c in range(m):
        set_starts[c] = clause_starts[c]
        set_sizes[c] = clause_starts[c + 1] - clause_starts[c]
    end = size
    # Which sets a vertex lies in: lists that only ever shrink and then take one set more.
    lists = np.zeros(n + 1, np.int64)
    for k in range(size):
        lists[sets[k] + 1] += 1
    for v in range(n):
        lists[v + 1] += lists[v] + 1
    holding = np.empty(lists[n] + 1, np.int32)
    held = np.zeros(n, np.int64)
    bound = np.zeros(n, np.int64)  # on the number of neighbours
    for c in range(m):
        for k in range(set_starts[c], set_starts[c] + set_sizes[c]):
            v = sets[k]
            holding[lists[v] + held[v]] = c
            held[v] += 1
            bound[v] += set_sizes[c] - 1
    heap = [(np.int64(bound[v]), np.int64(v)) for v in range(n)]
    heapq.heapify(heap)
    gone = np.zeros(n, np.bool_)
    mark = np.full(n, -1, np.int64)
    counted = np.full(m + n, -1, np.int64)
    outside = np.zeros(m + n, np.int64)
    order = np.empty(n, np.int32)
    starts = np.zeros(n + 1, np.int64)
    around = np.empty(4 * n + 16, np.int32)
    turn = 0
    while turn < n:
        if steps < 0:
            begin = turn
            for v in range(n):
                if not gone[v]:
                    order[turn] = v
                    turn += 1
            around = np.concatenate((around[: starts[begin]], order[begin + 1 : n]))
            starts[begin + 1] = len(around)
            return order, starts[: begin + 2], around
        degree, nearest = heapq.heappop(heap)
        if gone[nearest] or degree != bound[nearest]:
            continue
        v = int(nearest)
        gone[v] = True
        order[turn] = v
        # The neighbours: the union of the sets that hold v, which go into one new set.
        many = 0
        mark[v] = turn
        total = 0
        for j in range(lists[v], lists[v] + held[v]):
            total += set_sizes[holding[j]]
        while starts[turn] + total > len(around):
            around = np.concatenate((around, np.empty_like(around)))
        for j in range(lists[v], lists[v] + held[v]):
            c = holding[j]
            for k in range(set_starts[c], set_starts[c] + set_sizes[c]):
                u = sets[k]
                if not gone[u] and mark[u] != turn:
                    mark[u] = turn
                    around[starts[turn] + many] = u
                    many += 1
            set_sizes[c] = 0
        steps -= total
        starts[turn + 1] = starts[turn] + many
        new = m + turn
        while end + many > len(sets):
            sets = np.concatenate((sets, np.empty_like(sets)))
        sets[end : end + many] = around[starts[turn] : starts[turn] + many]
        set_starts[new] = end
        set_sizes[new] = many
        end += many
        # What every other set holds besides the new one; a set inside the new one goes.
        for i in range(many):
            u = around[starts[turn] + i]
            steps -= held[u]
            for j in range(lists[u], lists[u] + held[u]):
                c = holding[j]
                if set_sizes[c] > 0:
                    if counted[c] != turn:
                        counted[c] = turn
                        outside[c] = set_sizes[c]
                    outside[c] -= 1
        for i in range(many):
            u = around[starts[turn] + i]
            kept = 0
            bound[u] = many - 1
            for j in range(lists[u], lists[u] + held[u]):
                c = holding[j]
                if set_sizes[c] > 0 and outside[c] > 0:
                    holding[lists[u] + kept] = c
                    kept += 1
                    bound[u] += outside[c]
            holding[lists[u] + kept] = new
            held[u] = kept + 1
            heapq.heappush(heap, (np.int64(bound[u]), np.int64(u)))
        turn += 1
    return order, starts, around


@kernel
def listed(near: NDArray[np.uint64], v: int, into: NDArray[np.int32]) -> int:
    """Write the neighbours of v into `into`: how many."""
    many = 0
    for k in range(near.shape[1]):
        word = near[v, k]
        while word:
            low = word & (~word + np.uint64(1))
            into[many] = 64 * k + bits_of(low - np.uint64(1))
            many += 1
            word ^= low
    return many


@kernel
def depths(
    order: NDArray[np.int32], starts: NDArray[np.int64], around: NDArray[np.int32], halving: bool
) -> NDArray[np.int32]:
    """How far from the middle of the tree each vertex is first met.

    `halving`: next to the middle of the tree come the middles of its sides, and so on, so that even a long
    chain is left in small pieces soon; else what lies next to the middle.
    """
    n = len(starts) - 1  # bags
    place = np.empty(len(order), np.int32)
    for i in range(len(order)):
        place[order[i]] = min(i, n - 1)
    parent = np.full(n, -1, np.int32)
    stands = np.arange(n).astype(np.int32)  # the bag into which a bag inside it went
    taken = np.zeros(n, np.bool_)
    for i in range(n):
        for k in range(starts[i], starts[i + 1]):
            p = place[around[k]]
            if p != i and (parent[i] < 0 or p < parent[i]):
                parent[i] = p
    for i in range(n):
        p = parent[i]
        if p >= 0 and not taken[p] and starts[p + 1] - starts[p] + 1 == starts[i + 1] - starts[i]:
            taken[p] = True
            stands[p] = stands[i]
    # The tree of the bags that are left.
    count = np.zeros(n + 1, np.int64)
    for i in range(n):
        p = parent[i]
        if p >= 0 and stands[p] != stands[i]:
            count[stands[p] + 1] += 1
            count[stands[i] + 1] += 1
    for i in range(n):
        count[i + 1] += count[i]
    at = count[:-1].copy()
    ties = np.empty(count[n], np.int32)
    for i in range(n):
        p = parent[i]
        if p >= 0 and stands[p] != stands[i]:
            a = stands[p]
            b = stands[i]
            ties[at[a]] = b
            at[a] += 1
            ties[at[b]] = a
            at[b] += 1
    depth = np.full(len(order), -1, np.int32)
    level = np.full(n, -1, np.int32)  # of bags
    came = np.full(n, -1, np.int32)
    below = np.zeros(n, np.int32)
    queue = np.empty(n, np.int32)
    roots = np.empty(n, np.int32)
    levels = np.empty(n, np.int32)
    for i in range(n):
        if stands[i] != i or level[i] >= 0:
            continue
        roots[0] = i
        levels[0] = 0
        waits = 1
        while waits > 0:
            waits -= 1
            centre = centre_of(roots[waits], count, ties, level, came, below, queue)
            level[centre] = levels[waits]
            queue[0] = centre
            tail = 1
            head = 0
            while head < tail:
                bag = queue[head]
                head += 1
                v = order[bag]
                if depth[v] < 0:
                    depth[v] = level[bag]
                for k in range(starts[bag], starts[bag + 1]):
                    if depth[around[k]] < 0:
                        depth[around[k]] = level[bag]
                for k in range(count[bag], count[bag + 1]):
                    other = ties[k]
                    if level[other] >= 0:
                        continue
                    if halving:
                        roots[waits] = other
                        levels[waits] = level[bag] + 1
                        waits += 1
                    else:
                        level[other] = level[bag] + 1
                        queue[tail] = other
                        tail += 1
    return depth


@kernel
def centre_of(
    root: int,
    count: NDArray[np.int64],
    ties: NDArray[np.int32],
    level: NDArray[np.int32],
    came: NDArray[np.int32],
    below: NDArray[np.int32],
    queue: NDArray[np.int32],
) -> int:
    """The bag whose removal leaves no part of the tree with more than half of its bags."""
    queue[0] = root
    came[root] = -1
    tail = 1
    head = 0
    while head < tail:
        bag = queue[head]
        head += 1
        below[bag] = 1
        for k in range(count[bag], count[bag + 1]):
            other = ties[k]
            if other != came[bag] and level[other] < 0:
                came[other] = bag
                queue[tail] = other
                tail += 1
    for head in range(tail - 1, 0, -1):
        below[came[queue[head]]] += below[queue[head]]
    bag = root
    while True:
        deeper = -1
        for k in range(count[bag], count[bag + 1]):
            other = ties[k]
            if level[other] < 0 and other != came[bag] and 2 * below[other] > tail:
                deeper = other
        if deeper < 0:
            return bag
        bag = deeper


@kernel
def near_of(variables: int, starts: NDArray[np.int64], literals: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Which variables stand in a clause together, as bits: row v - 1 for variable v."""
    near = np.zeros((variables, (variables + 63) // 64), np.uint64)
    for c in range(len(starts) - 1):
        for i in range(starts[c], starts[c + 1]):
            u = (literals[i] >> 1) - 1
            for j in range(starts[c], i):
                w = (literals[j] >> 1) - 1
                near[u, w >> 6] |= np.uint64(1) << np.uint64(w & 63)
                near[w, u >> 6] |= np.uint64(1) << np.uint64(u & 63)
    return near


def ranks(variables: int, starts: NDArray[np.int64], literals: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """Orders worth trying, each (variables + 1,): the lower, the earlier a variable is decided."""
    if variables == 0:
        return [np.zeros(1, np.int32)]
    lengths = np.diff(starts)
    by_degree = eliminate_by_degree(variables, starts, literals, STEPS)
    by_fill = by_degree
    if variables <= MOST_BITS and int((lengths * lengths).sum()) <= MOST_PAIRS:
        by_fill = eliminate_by_fill(near_of(variables, starts, literals), FILL_STEPS)
    none = np.zeros(1, np.int32)
    return [np.concatenate((none, depths(*by_fill, True))), np.concatenate((none, depths(*by_degree, False)))]

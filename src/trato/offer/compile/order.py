"""In which order the search decides the variables: along a tree decomposition of what the clauses tie.

Variables are taken out of the graph one by one, each with the neighbours it has then: a bag. The bags form a
tree, in which every clause lies in one bag. Deciding the variables of a bag in the middle of the tree makes
its sides independent of each other, and so on outwards: the search then finds small components again and
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
def eliminate(
    near: NDArray[np.uint64], by_fill: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Take the vertices out, the one first whose neighbours lack the fewest ties among each other (or, not
    `by_fill`, the one with the fewest neighbours), tying its neighbours together.

    `near` (n, words) holds the neighbours as bits and is used up. Gives the order, and the neighbours that
    each vertex had then: those of order[i] are around[starts[i]:starts[i + 1]].
    """
    n, words = near.shape
    degree = np.zeros(n, np.int64)
    fill = np.zeros(n, np.int64)
    neighbours = np.empty(n, np.int32)
    for v in range(n):
        degree[v] = shared(near, v, v)
    if by_fill:
        for v in range(n):
            many = listed(near, v, neighbours)
            for k in range(many):
                fill[v] += many - 1 - shared(near, v, neighbours[k])
    order = np.empty(n, np.int32)
    starts = np.zeros(n + 1, np.int64)
    around = np.empty(4 * n + 16, np.int32)
    alive = np.arange(n).astype(np.int32)
    for turn in range(n):
        # fill counts every missing tie twice here
        at = 0
        for k in range(n - turn):
            u = alive[k]
            w = alive[at]
            if by_fill and fill[u] != fill[w]:
                if fill[u] < fill[w]:
                    at = k
            elif degree[u] < degree[w] or (degree[u] == degree[w] and u < w):
                at = k
        v = alive[at]
        alive[at] = alive[n - turn - 1]
        many = listed(near, v, neighbours)
        order[turn] = v
        while starts[turn] + many > len(around):
            around = np.concatenate((around, np.empty_like(around)))
        around[starts[turn] : starts[turn] + many] = neighbours[:many]
        starts[turn + 1] = starts[turn] + many
        clique = by_fill and fill[v] == 0
        for i in range(many):
            u = neighbours[i]
            near[u, v >> 6] &= ~(np.uint64(1) << np.uint64(v & 63))
            degree[u] -= 1
            if by_fill:
                fill[u] -= 2 * (degree[u] - shared(near, u, v))
        if clique:
            continue
        for i in range(many):
            u = neighbours[i]
            for j in range(i):
                w = neighbours[j]
                if (near[u, w >> 6] >> np.uint64(w & 63)) & np.uint64(1):
                    continue
                if by_fill:
                    common = 0
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
    """How far from the middle of the tree each vertex is first met."""
    n = len(order)
    place = np.empty(n, np.int32)
    for i in range(n):
        place[order[i]] = i
    parent = np.full(n, -1, np.int32)
    stands = np.arange(n).astype(np.int32)  # the bag into which a bag inside it went
    taken = np.zeros(n, np.bool_)
    for i in range(n):
        for k in range(starts[i], starts[i + 1]):
            p = place[around[k]]
            if parent[i] < 0 or p < parent[i]:
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
    depth = np.full(n, -1, np.int32)
    level = np.full(n, -1, np.int32)  # of bags
    came = np.full(n, -1, np.int32)
    below = np.zeros(n, np.int32)
    queue = np.empty(n, np.int32)
    roots = np.empty(n, np.int32)
    levels = np.empty(n, np.int32)
    waits = 0
    for i in range(n):
        if stands[i] != i or level[i] >= 0:
            continue
        roots[0] = i
        levels[0] = 0
        waits = 1
        while waits > 0:
            waits -= 1
            base = levels[waits]
            centre = centre_of(roots[waits], count, ties, level, came, below, queue)
            # Meet the bags from the middle outwards; when halving, only the middle, then each side anew.
            level[centre] = base
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
                        levels[waits] = base + 1
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


def ranks(
    variables: int,
    starts: NDArray[np.int64],
    literals: NDArray[np.int32],
    *,
    by_fill: bool,
    halving: bool = False,
) -> NDArray[np.int32]:
    """(variables + 1,): the lower, the earlier a variable is decided."""
    near = near_of(variables, starts, literals)
    return np.concatenate((np.zeros(1, np.int32), depths(*eliminate(near, by_fill), halving)))

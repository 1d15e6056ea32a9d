"""Counting assignments without a circuit, as a check: one variable after the other is summed out of tables.

Slow, and feasible only where few variables hang together at a time; but nothing of it is shared with the
compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses

PRIMES = (2_147_483_647, 2_147_483_629)
MOST = 1_000  # clauses beyond which it is not tried


def tally(clauses: Clauses, prime: int, widest: int) -> int | None:
    """How many assignments keep to the clauses, modulo a prime below 2**31; None where more than `widest`
    variables would have to be held together.
    """
    if len(clauses) > MOST:
        return None
    tables: list[tuple[tuple[int, ...], NDArray[np.int64]]] = []
    near: dict[int, set[int]] = {v: set() for v in range(1, clauses.variables + 1)}
    for clause in clauses:
        literals = set(clause)
        if any(-literal in literals for literal in literals):
            continue
        scope = tuple(sorted({abs(literal) for literal in literals}))
        if len(scope) > widest:
            return None
        table = np.ones((2,) * len(scope), np.int64)
        table[tuple(0 if v in literals else 1 for v in scope)] = 0
        tables.append((scope, table))
        for v in scope:
            near[v].update(scope)
    product = 1
    while near:
        v = min(near, key=lambda w: (len(near[w]), w))
        around = near.pop(v) - {v}
        if len(around) >= widest:
            return None
        for w in around:
            near[w] |= around
            near[w].discard(v)
        scope = (*sorted(around), v)
        joined = np.ones((2,) * len(scope), np.int64)
        kept = []
        for names, table in tables:
            if v not in names:
                kept.append((names, table))
                continue
            order = sorted(range(len(names)), key=lambda k: scope.index(names[k]))
            shape = [2 if name in names else 1 for name in scope]
            joined = joined * table.transpose(order).reshape(shape) % prime
        summed = joined.sum(axis=-1) % prime
        tables = kept
        if around:
            tables.append((scope[:-1], summed))
        else:
            product = product * int(summed) % prime
    for _, table in tables:
        product = product * int(table) % prime  # only the empty clause is left: nought
    return product

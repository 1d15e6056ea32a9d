"""Unit propagation by counting, as the simplifier and the search both need it.

A literal is a code: 2v + 1 for v, 2v for not v, so `code ^ 1` is its opposite. Clauses of two literals are
implication lists; a longer one counts its literals that are not false (`left`) and the true ones (`held`),
and keeps the sum of the codes that are not false (`rest`): with one left, the sum is that literal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


TAKEN_OUT = 1 << 30


class Formula(NamedTuple):
    """Clauses as propagation reads them. For n variables the lists by literal have 2n + 2 entries.

    `implied[implied_starts[l]:implied_starts[l + 1]]` are the literals that l implies; `found_in[…]` the long
    clauses that hold l; `members[clause_starts[c]:clause_starts[c + 1]]` the literals of long clause c.
    """

    implied_starts: NDArray[np.int64]
    implied: NDArray[np.int32]
    found_starts: NDArray[np.int64]
    found_in: NDArray[np.int32]
    clause_starts: NDArray[np.int64]
    members: NDArray[np.int32]


class Values(NamedTuple):
    """What is assigned: `value` (2n + 2,) is 1 for a true literal, -1 for a false one, 0 for an open one."""

    value: NDArray[np.int8]
    trail: NDArray[np.int32]
    left: NDArray[np.int32]
    held: NDArray[np.int32]
    rest: NDArray[np.int64]


@kernel
def index(
    variables: int, starts: NDArray[np.int64], literals: NDArray[np.int32]
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int32],
    NDArray[np.int64],
    NDArray[np.int32],
    NDArray[np.int64],
    NDArray[np.int32],
]:
    """The fields of a Formula, from clauses of two or more literals, as codes, none of them twice."""
    codes = 2 * variables + 2
    implied_starts = np.zeros(codes + 1, np.int64)
    found_starts = np.zeros(codes + 1, np.int64)
    long = 0
    total = 0
    for c in range(len(starts) - 1):
        if starts[c + 1] - starts[c] == 2:
            implied_starts[(literals[starts[c]] ^ 1) + 1] += 1
            implied_starts[(literals[starts[c] + 1] ^ 1) + 1] += 1
        else:
            long += 1
            for k in range(starts[c], starts[c + 1]):
                found_starts[literals[k] + 1] += 1
                total += 1
    for code in range(codes):
        implied_starts[code + 1] += implied_starts[code]
        found_starts[code + 1] += found_starts[code]
    implied = np.empty(implied_starts[codes], np.int32)
    found_in = np.empty(total, np.int32)
    clause_starts = np.zeros(long + 1, np.int64)
    members = np.empty(total, np.int32)
    implied_next = implied_starts[:-1].copy()
    found_next = found_starts[:-1].copy()
    long = 0
    total = 0
    for c in range(len(starts) - 1):
        if starts[c + 1] - starts[c] == 2:
            a = literals[starts[c]]
            b = literals[starts[c] + 1]
            implied[implied_next[a ^ 1]] = b
            implied_next[a ^ 1] += 1
            implied[implied_next[b ^ 1]] = a
            implied_next[b ^ 1] += 1
        else:
            for k in range(starts[c], starts[c + 1]):
                code = literals[k]
                members[total] = code
                total += 1
                found_in[found_next[code]] = long
                found_next[code] += 1
            long += 1
            clause_starts[long] = total
    return implied_starts, implied, found_starts, found_in, clause_starts, members


def formula_of(variables: int, starts: NDArray[np.int64], literals: NDArray[np.int32]) -> Formula:
    """The clauses, as codes, made ready for propagation."""
    return Formula(*index(variables, starts, literals))


def nothing_assigned(variables: int, formula: Formula) -> Values:
    """The values before anything is decided. One clause more than there are stands for those taken out: it is
    never short of literals.
    """
    value = np.zeros(2 * variables + 2, np.int8)
    value[0], value[1] = -1, 1
    lengths = np.diff(formula.clause_starts)
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(formula.members, dtype=np.int64)))
    sums = sums[formula.clause_starts[1:]] - sums[formula.clause_starts[:-1]]
    return Values(
        value,
        np.zeros(variables + 1, np.int32),
        np.append(lengths, TAKEN_OUT).astype(np.int32),
        np.zeros(len(lengths) + 1, np.int32),
        np.append(sums, 0),
    )


@kernel
def propagate(formula: Formula, values: Values, done: int, ready: int) -> tuple[int, bool]:
    """Draw the consequences of trail[done:ready], whose literals are set: the trail's new end, and whether
    all is consistent. What is on the trail has been counted in full where it is consistent; where it is not,
    `retreat` from the returned end puts everything back.
    """
    value, trail, left, held, rest = values
    consistent = True
    while done < ready and consistent:
        code = trail[done]
        done += 1
        for k in range(formula.implied_starts[code], formula.implied_starts[code + 1]):
            other = formula.implied[k]
            if value[other] == 0:
                value[other] = 1
                value[other ^ 1] = -1
                trail[ready] = other
                ready += 1
            elif value[other] < 0:
                consistent = False
        for k in range(formula.found_starts[code], formula.found_starts[code + 1]):
            held[formula.found_in[k]] += 1
        gone = code ^ 1
        for k in range(formula.found_starts[gone], formula.found_starts[gone + 1]):
            c = formula.found_in[k]
            left[c] -= 1
            rest[c] -= gone
            if left[c] == 1:
                other = np.int32(rest[c])
                if value[other] == 0:
                    value[other] = 1
                    value[other ^ 1] = -1
                    trail[ready] = other
                    ready += 1
            elif left[c] == 0:
                consistent = False
    if not consistent:
        while ready > done:  # these were set, but not yet counted
            ready -= 1
            value[trail[ready]] = 0
            value[trail[ready] ^ 1] = 0
    return ready, consistent


@kernel
def retreat(formula: Formula, values: Values, end: int, to: int) -> None:
    """Take trail[to:end] back."""
    value, trail, left, held, rest = values
    for place in range(end - 1, to - 1, -1):
        code = trail[place]
        value[code] = 0
        value[code ^ 1] = 0
        for k in range(formula.found_starts[code], formula.found_starts[code + 1]):
            held[formula.found_in[k]] -= 1
        gone = code ^ 1
        for k in range(formula.found_starts[gone], formula.found_starts[gone + 1]):
            c = formula.found_in[k]
            left[c] += 1
            rest[c] += gone

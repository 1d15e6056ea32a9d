"""Making the clauses easier before the search, without changing which assignments keep to them.

Literals that every valid assignment holds are set, variables that always go together become one, and clauses
that follow from the others go. In this order: literals are found equivalent along the implications of two
literals, so these must still be there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel
from trato.offer.compile.propagation import (
    TAKEN_OUT,
    Formula,
    Values,
    formula_of,
    nothing_assigned,
    propagate,
    retreat,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses

ROUNDS = 6
SLICE = 20_000_000  # steps between two looks at the clock
PROBES = 400_000_000  # steps given to trying literals out: some seconds
TRIALS = 400_000_000  # steps given to trying clauses out
SMALL = 20_000  # up to so many clauses those of two literals are tried out too


@dataclass(frozen=True, slots=True, eq=False)
class Simplified:
    """Clauses over the variables 1..`kept`, as codes 2r + 1 and 2r; `literal` is that of a Circuit.

    `consistent` is False where no assignment keeps to the clauses; then there are none left.
    """

    consistent: bool
    kept: int
    literal: NDArray[np.int32]
    starts: NDArray[np.int64]
    literals: NDArray[np.int32]


@kernel
def rewritten(
    becomes: NDArray[np.int32], starts: NDArray[np.int64], literals: NDArray[np.int32]
) -> tuple[bool, int, NDArray[np.int64], NDArray[np.int32]]:
    """Whether no clause is empty, how many hold one literal, and the clauses, with each code c written as
    `becomes[c]`, where 1 is true and 0 false: without literals said twice, clauses that are always true, and
    clauses said twice.
    """
    m = len(starts) - 1
    seen = np.full(len(becomes), -1, np.int64)
    out_starts = np.zeros(m + 1, np.int64)
    out = np.empty(len(literals), np.int32)
    room = 16
    while room < 2 * m:
        room *= 2
    table = np.full(room, -1, np.int64)
    kept = 0
    units = 0
    size = 0
    for c in range(m):
        begin = size
        true = False
        for k in range(starts[c], starts[c + 1]):
            code = becomes[literals[k]]
            if code == 1 or seen[code ^ 1] == c:
                true = True
                break
            if code != 0 and seen[code] != c:
                seen[code] = c
                out[size] = code
                size += 1
        if true:
            size = begin
            continue
        if size == begin:
            return False, 0, out_starts[:1], out[:0]
        # Sorted, so that two clauses with the same literals read the same.
        out[begin:size].sort()
        mark = np.uint64(size - begin)
        for k in range(begin, size):
            mark = (mark ^ np.uint64(out[k])) * np.uint64(0x9E3779B97F4A7C15)
            mark ^= mark >> np.uint64(29)
        slot = np.int64(mark & np.uint64(room - 1))
        twin = False
        while table[slot] >= 0:
            d = table[slot]
            if out_starts[d + 1] - out_starts[d] == size - begin:
                twin = True
                for k in range(size - begin):
                    if out[out_starts[d] + k] != out[begin + k]:
                        twin = False
                        break
                if twin:
                    break
            slot = (slot + 1) & (room - 1)
        if twin:
            size = begin
            continue
        table[slot] = kept
        kept += 1
        out_starts[kept] = size
        if size - begin == 1:
            units += 1
    return True, units, out_starts[: kept + 1], out[:size]


@kernel
def set_units(formula: Formula, values: Values, units: NDArray[np.int32]) -> tuple[int, bool]:
    """Set these literals and what follows: the trail's end, and whether all is consistent."""
    ready = 0
    for code in units:
        if values.value[code] < 0:
            return ready, False
        if values.value[code] == 0:
            values.value[code] = 1
            values.value[code ^ 1] = -1
            values.trail[ready] = code
            ready += 1
    return propagate(formula, values, 0, ready)


@kernel
def tried(formula: Formula, values: Values, end: int, code: int) -> tuple[int, bool]:
    """Set one open literal after trail[:end], and what follows."""
    values.value[code] = 1
    values.value[code ^ 1] = -1
    values.trail[end] = code
    return propagate(formula, values, end, end + 1)


@kernel
def find(joined: NDArray[np.int32], code: int) -> int:
    """The literal that stands for this one: `joined` (2n + 2,) leads there."""
    while joined[code] != code:
        joined[code] = joined[joined[code]]
        code = joined[code]
    return code


@kernel
def join(joined: NDArray[np.int32], one: int, other: int) -> bool:
    """Let both literals be the same from now on, and their opposites; False where that cannot be."""
    a = find(joined, one)
    b = find(joined, other)
    if a == b:
        return True
    if a == b ^ 1:
        return False
    if a > b:  # the smaller variable stands for the larger; literal 1 is the constant
        a, b = b, a
    joined[b] = a
    joined[b ^ 1] = a ^ 1
    return True


@kernel
def probe(
    formula: Formula,
    values: Values,
    joined: NDArray[np.int32],
    end: int,
    first: int,
    steps: int,
) -> tuple[int, int, int, bool]:
    """Try both values of each variable from `first` on: what both lead to is set, what both lead to with
    opposite signs is joined to the variable. Gives the next variable, the trail's end, the steps left, and
    whether all is consistent.
    """
    variables = len(values.value) // 2 - 1
    under = np.zeros(len(values.value), np.int32)
    both = np.empty(variables, np.int32)
    v = first
    while v <= variables and steps > 0:
        code = 2 * v + 1
        if values.value[code] == 0:
            reached, fine = tried(formula, values, end, code)
            for place in range(end, reached):
                under[values.trail[place]] = v
            steps -= 8 * (reached - end)
            retreat(formula, values, reached, end)
            if not fine:
                end, fine = tried(formula, values, end, code ^ 1)
                if not fine:
                    return v, end, steps, False
            else:
                reached, fine = tried(formula, values, end, code ^ 1)
                steps -= 8 * (reached - end)
                common = 0
                for place in range(end + 1, reached):
                    other = values.trail[place]
                    if under[other] == v:
                        both[common] = other
                        common += 1
                    elif under[other ^ 1] == v and fine and not join(joined, code, other ^ 1):
                        return v, end, steps, False
                retreat(formula, values, reached, end)
                if not fine:
                    end, fine = tried(formula, values, end, code)
                    if not fine:
                        return v, end, steps, False
                else:
                    for k in range(common):
                        other = both[k]
                        if values.value[other] < 0:
                            return v, end, steps, False
                        if values.value[other] == 0:
                            end, fine = tried(formula, values, end, other)
                            if not fine:
                                return v, end, steps, False
        v += 1
    return v, end, steps, True


@kernel
def join_circles(formula: Formula, values: Values, joined: NDArray[np.int32]) -> bool:
    """Join the open literals that imply each other in a circle of clauses of two; False where a literal would
    be its own opposite. Tarjan's strongly connected components, with a stack of our own.
    """
    codes = len(values.value)
    number = np.zeros(codes, np.int32)
    low = np.zeros(codes, np.int32)
    next_edge = np.zeros(codes, np.int64)
    inside = np.zeros(codes, np.bool_)
    path = np.empty(codes, np.int32)
    waiting = np.empty(codes, np.int32)
    last = 0
    for start in range(2, codes):
        if number[start] != 0 or values.value[start] != 0:
            continue
        depth = 1
        waits = 0
        path[0] = start
        while depth > 0:
            code = path[depth - 1]
            if number[code] == 0:
                last += 1
                number[code] = last
                low[code] = last
                next_edge[code] = formula.implied_starts[code]
                waiting[waits] = code
                waits += 1
                inside[code] = True
            deeper = False
            while next_edge[code] < formula.implied_starts[code + 1]:
                other = formula.implied[next_edge[code]]
                next_edge[code] += 1
                if values.value[other] != 0:
                    continue
                if number[other] == 0:
                    path[depth] = other
                    depth += 1
                    deeper = True
                    break
                if inside[other]:
                    low[code] = min(low[code], number[other])
            if deeper:
                continue
            depth -= 1
            if depth > 0:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[code])
            if low[code] == number[code]:
                while True:
                    waits -= 1
                    other = waiting[waits]
                    inside[other] = False
                    if not join(joined, code, other):
                        return False
                    if other == code:
                        break
    return True


@kernel
def drop_implied_pairs(formula: Formula, values: Values, steps: int) -> int:
    """Take out the clauses of two open literals that follow from other such clauses. There must be no circle
    of implications. Gives the steps left.
    """
    codes = len(values.value)
    reached = np.zeros(codes, np.int32)
    stack = np.empty(codes, np.int32)
    turn = 0
    for code in range(2, codes):
        begin, after = formula.implied_starts[code], formula.implied_starts[code + 1]
        if values.value[code] != 0 or after - begin < 2:
            continue
        # What is reached over two or more implications needs no clause of its own.
        turn += 1
        size = 0
        for k in range(begin, after):
            first = formula.implied[k]
            for j in range(formula.implied_starts[first], formula.implied_starts[first + 1]):
                other = formula.implied[j]
                if other > 1 and reached[other] != turn:
                    reached[other] = turn
                    stack[size] = other
                    size += 1
        while size > 0:
            size -= 1
            first = stack[size]
            for j in range(formula.implied_starts[first], formula.implied_starts[first + 1]):
                other = formula.implied[j]
                steps -= 1
                if other > 1 and reached[other] != turn:
                    reached[other] = turn
                    stack[size] = other
                    size += 1
        for k in range(begin, after):
            if formula.implied[k] > 1 and reached[formula.implied[k]] == turn:
                back = mirror(formula, code, formula.implied[k])
                steps -= back - formula.implied_starts[formula.implied[k] ^ 1]
                formula.implied[back] = 1  # implies what is true anyway
                formula.implied[k] = 1
        if steps < 0:
            break
    return steps


@kernel
def mirror(formula: Formula, code: int, other: int) -> int:
    """The place where not `other` implies not `code`."""
    for j in range(formula.implied_starts[other ^ 1], formula.implied_starts[(other ^ 1) + 1]):
        if formula.implied[j] == code ^ 1:
            return j
    return -1


@kernel
def try_pairs(formula: Formula, values: Values, end: int, first: int, steps: int) -> tuple[int, int]:
    """Take out the clauses of two that follow from all the others: the next literal, and the steps left."""
    code = first
    while code < len(values.value) and steps > 0:
        for k in range(formula.implied_starts[code], formula.implied_starts[code + 1]):
            other = formula.implied[k]
            if values.value[code] != 0 or values.value[other] != 0 or code > other ^ 1:
                continue
            back = mirror(formula, code, other)
            formula.implied[k] = 1  # implies what is true anyway
            formula.implied[back] = 1
            reached, fine = tried(formula, values, end, code)
            follows = not fine or values.value[other] > 0
            steps -= 8 * (reached - end) + back - formula.implied_starts[other ^ 1]
            retreat(formula, values, reached, end)
            if not follows:
                formula.implied[k] = other
                formula.implied[back] = code ^ 1
        code += 1
    return code, steps


@kernel
def try_clauses(
    formula: Formula,
    values: Values,
    lengths: NDArray[np.int32],
    order: NDArray[np.int64],
    end: int,
    first: int,
    steps: int,
) -> tuple[int, int, int, bool]:
    """Take out the long clauses, in this order from place `first`, that follow from the others, and from the
    rest the literals that can go. `lengths` (m,) is what remains of each clause, at its front. Gives the next
    place, the trail's end, the steps left, and whether all is consistent.
    """
    value, _, left, held, rest = values
    taken_out = len(left) - 1
    place = first
    while place < len(order) and steps > 0:
        c = order[place]
        place += 1
        if held[c] > 0:
            continue
        begin = formula.clause_starts[c]
        left[c] += TAKEN_OUT
        reached = end
        follows = False
        k = begin
        while k < begin + lengths[c]:
            code = formula.members[k]
            if value[code] > 0:
                follows = True
                break
            if value[code] < 0:  # false when the others are: the clause says the same without it
                lengths[c] -= 1
                formula.members[k] = formula.members[begin + lengths[c]]
                formula.members[begin + lengths[c]] = code
                continue
            reached, fine = tried(formula, values, reached, code ^ 1)
            if not fine:
                follows = True
                break
            k += 1
        steps -= 8 * (reached - end) + lengths[c]
        retreat(formula, values, reached, end)
        if follows:
            lengths[c] = 0
            continue
        for k in range(begin + lengths[c], formula.clause_starts[c + 1]):
            code = formula.members[k]
            for j in range(formula.found_starts[code], formula.found_starts[code + 1]):
                steps -= 1
                if formula.found_in[j] == c:
                    formula.found_in[j] = taken_out
                    if value[code] == 0:
                        left[c] -= 1
                        rest[c] -= code
                    break
        left[c] -= TAKEN_OUT
        if left[c] == 0:
            return place, end, steps, False
        if left[c] == 1:
            end, fine = tried(formula, values, end, int(rest[c]))
            if not fine:
                return place, end, steps, False
    return place, end, steps, True


class _Working:
    """The clauses while they are made easier; the variables keep their numbers until the end."""

    def __init__(self, clauses: Clauses, pause: Callable[[], None]) -> None:
        n = clauses.variables
        self.pause = pause
        self.variables = n
        self.literal = np.arange(1, 2 * n + 2, 2, dtype=np.int32)
        signed = clauses.literals.astype(np.int32)
        self.starts = clauses.starts.astype(np.int64)
        self.literals = 2 * np.abs(signed) + (signed > 0)
        self.consistent = True
        self.rewrite(np.arange(2 * n + 2, dtype=np.int32))

    def rewrite(self, becomes: NDArray[np.int32]) -> None:
        """Write each literal anew, and set what stands in clauses of one, until no clause of one is left."""
        while True:
            self.pause()
            self.literal = becomes[self.literal]
            fine, units, self.starts, self.literals = rewritten(becomes, self.starts, self.literals)
            self.consistent = fine
            if not fine or units == 0:
                return
            alone = self.starts[:-1][np.diff(self.starts) == 1]
            becomes = np.arange(2 * self.variables + 2, dtype=np.int32)
            for code in self.literals[alone].tolist():
                if not join(becomes, 1, code):
                    self.consistent = False
                    return
            becomes = resolved(becomes)

    def look(self, *, trying: bool) -> bool:
        """Join what goes in circles, and set and join what trying out shows: whether anything was found."""
        formula = formula_of(self.variables, self.starts, self.literals)
        values = nothing_assigned(self.variables, formula)
        joined = np.arange(2 * self.variables + 2, dtype=np.int32)
        v, end, budget, fine = 1, 0, PROBES if trying else 0, True
        while v <= self.variables and budget > 0 and fine:
            self.pause()
            v, end, steps, fine = probe(formula, values, joined, end, v, SLICE)
            budget -= SLICE - steps
        fine = fine and join_circles(formula, values, joined)
        for code in values.trail[:end].tolist():
            fine = fine and join(joined, 1, code)
        if not fine:
            self.consistent = False
            return False
        becomes = resolved(joined)
        found = bool((becomes != np.arange(len(becomes))).any())
        if found:
            self.rewrite(becomes)
        return found

    def thin_out(self) -> None:
        """Take out what follows from the rest. There must be no circle of implications."""
        formula = formula_of(self.variables, self.starts, self.literals)
        values = nothing_assigned(self.variables, formula)
        lengths = np.diff(formula.clause_starts).astype(np.int32)
        order = np.argsort(-lengths, kind="stable")
        place, end, budget, fine = 0, 0, TRIALS, True
        while place < len(order) and budget > 0 and fine:
            self.pause()
            place, end, steps, fine = try_clauses(formula, values, lengths, order, end, place, SLICE)
            budget -= SLICE - steps
        code = 2
        if fine and len(self.starts) > SMALL:
            drop_implied_pairs(formula, values, TRIALS)
        while fine and len(self.starts) <= SMALL and code < len(values.value) and budget > 0:
            self.pause()
            code, steps = try_pairs(formula, values, end, code, SLICE)
            budget -= SLICE - steps
        if not fine:
            self.consistent = False
            return
        self.starts, self.literals = remaining(formula, lengths)
        joined = np.arange(2 * self.variables + 2, dtype=np.int32)
        for code in values.trail[:end].tolist():
            self.consistent = self.consistent and join(joined, 1, code)
        if self.consistent:
            self.rewrite(resolved(joined))

    def result(self) -> Simplified:
        """The clauses with their variables numbered without holes."""
        if not self.consistent:
            nothing = np.zeros(0, np.int32)
            return Simplified(False, 0, np.ones(self.variables + 1, np.int32), np.zeros(1, np.int64), nothing)
        used = np.unique(self.literal[1:] >> 1)
        used = used[used > 0]
        number = np.zeros(self.variables + 1, np.int32)
        number[used] = np.arange(1, len(used) + 1)
        literal = 2 * number[self.literal >> 1] + (self.literal & 1)
        literals = 2 * number[self.literals >> 1] + (self.literals & 1)
        return Simplified(True, len(used), literal.astype(np.int32), self.starts, literals.astype(np.int32))


@kernel
def resolved(joined: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each literal the one that stands for it."""
    becomes = np.empty_like(joined)
    for code in range(len(joined)):
        becomes[code] = find(joined, code)
    return becomes


@kernel
def remaining(formula: Formula, lengths: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The clauses that were not taken out."""
    many = 1
    size = 0
    for c in range(len(lengths)):
        many += lengths[c] > 0
        size += lengths[c]
    many += len(formula.implied)
    size += 2 * len(formula.implied)
    starts = np.zeros(many, np.int64)
    literals = np.empty(size, np.int32)
    many = 0
    size = 0
    for code in range(2, len(formula.implied_starts) - 1):
        for k in range(formula.implied_starts[code], formula.implied_starts[code + 1]):
            other = formula.implied[k]
            if other > 1 and code <= other ^ 1:
                literals[size] = code ^ 1
                literals[size + 1] = other
                size += 2
                many += 1
                starts[many] = size
    for c in range(len(lengths)):
        if lengths[c] > 0:
            for k in range(formula.clause_starts[c], formula.clause_starts[c] + lengths[c]):
                literals[size] = formula.members[k]
                size += 1
            many += 1
            starts[many] = size
    return starts[: many + 1], literals[:size]


def simplify(clauses: Clauses, pause: Callable[[], None]) -> Simplified:
    """The same assignments in fewer clauses over fewer variables. `pause` is called now and then; what it
    raises ends the work.
    """
    working = _Working(clauses, pause)
    rounds = 0
    while working.consistent and working.look(trying=rounds < ROUNDS):
        rounds += 1
    if working.consistent:
        working.thin_out()
    return working.result()

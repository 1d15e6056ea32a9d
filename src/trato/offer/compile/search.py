"""The search for all valid assignments, whose trace is the circuit.

A variable is decided both ways; what follows is set; what remains falls into components that share no
variable, and each is searched alone. A component that was met before, under other decisions, is looked up.
The search is one loop over stacks of its own, which can stop at any step and go on later: for the clock, for
more room, or to let a search in another order go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trato.offer.compile.gather import circuit_of
from trato.offer.compile.kernel import kernel
from trato.offer.compile.propagation import Formula, Values, formula_of, nothing_assigned, propagate, retreat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.offer.compile.circuit import Circuit
    from trato.offer.compile.simplify import Simplified

FALSE = -1  # the node of a component that no assignment satisfies
ABSENT = -2

# What the kernel says when it stops.
DONE, PAUSED, FULL = 0, 1, 2

# Places in Stacks.at: how far each stack and each list is filled.
(
    DEPTH,
    VARS,
    PARTS,
    GAPS,
    KIDS,
    STAMP,
    WORK,
    NODES,
    BRANCHES,
    OUT_LITERALS,
    OUT_GAPS,
    OUT_KIDS,
    ENTRIES,
    END,
    STAGE,
    DECISIONS,
    ROOT,
) = range(17)


class Stacks(NamedTuple):
    """What is under way. A frame is a component that is being decided; a part is a component still to be."""

    at: NDArray[np.int64]  # (17,) see above
    vars: NDArray[np.int32]  # the variables of components, one after the other
    parts: NDArray[np.int64]  # (parts, 3): where its variables begin and end, and which one to decide
    part_keys: NDArray[np.uint64]  # (parts, 2)
    gaps: NDArray[np.int32]  # variables that became free
    kids: NDArray[np.int32]  # nodes of the components that are done
    frames: NDArray[np.int64]  # (depth, 10) see the names below
    frame_keys: NDArray[np.uint64]  # (depth, 2)


# Places in a frame.
F_BEGIN, F_AFTER, F_VAR, F_PHASE, F_TRAIL, F_PART, F_GAPS, F_KIDS, F_VARS, F_BRANCH = range(10)


class Trace(NamedTuple):
    """The circuit as it is found: node i is the sum of the branches `nodes[i]`, -1 for none."""

    nodes: NDArray[np.int32]  # (nodes, 2)
    ends: NDArray[np.int64]  # (branches, 3): where its literals, gaps and children end
    literals: NDArray[np.int32]
    gaps: NDArray[np.int32]
    kids: NDArray[np.int32]


class Memory(NamedTuple):
    """The components met so far: a hash table of 128-bit keys with their nodes."""

    keys: NDArray[np.uint64]  # (room, 2)
    nodes: NDArray[np.int32]  # (room,), ABSENT where nothing is


class Marks(NamedTuple):
    """What the components are told apart by, and room for finding them."""

    rank: NDArray[np.int32]  # (n + 1,)
    of_var: NDArray[np.uint64]  # (n + 1, 2) random
    of_literal: NDArray[np.uint64]  # (2n + 2, 2) random
    seen_var: NDArray[np.int64]  # (n + 1,) the last stamp
    seen_clause: NDArray[np.int64]  # (m + 1,)


@kernel
def mixed(word: np.uint64) -> np.uint64:
    """Bits spread so that sums of such words tell sets apart (splitmix64)."""
    word += np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@kernel
def looked_up(memory: Memory, first: np.uint64, second: np.uint64) -> int:
    """The slot of a component: where it is, or where it would go."""
    mask = np.uint64(len(memory.nodes) - 1)
    slot = np.int64(first & mask)
    while memory.nodes[slot] != ABSENT and (memory.keys[slot, 0] != first or memory.keys[slot, 1] != second):
        slot = (slot + 1) & np.int64(mask)
    return int(slot)


@kernel
def parted(
    formula: Formula, values: Values, marks: Marks, stacks: Stacks, memory: Memory, begin: int, after: int
) -> bool:
    """Put the components of the open variables among vars[begin:after] on the stacks; those met before become
    children at once, and lone variables gaps. False when one of them cannot be satisfied.
    """
    at, variables, parts, part_keys, gaps, kids, _, _ = stacks
    at[STAMP] += 1
    stamp = at[STAMP]
    at[WORK] += after - begin
    value = values.value
    for place in range(begin, after):
        first = variables[place]
        if value[2 * first] != 0 or marks.seen_var[first] == stamp:
            continue
        marks.seen_var[first] = stamp
        start = at[VARS]
        head = start
        tail = start
        variables[tail] = first
        tail += 1
        key0 = np.uint64(0)
        key1 = np.uint64(0)
        chosen = first
        chosen_rank = np.int64(1 << 40)
        while head < tail:
            v = variables[head]
            head += 1
            active = 0
            at[WORK] += 8
            for code in range(2 * v, 2 * v + 2):
                at[WORK] += formula.implied_starts[code + 1] - formula.implied_starts[code]
                at[WORK] += formula.found_starts[code + 1] - formula.found_starts[code]
                for k in range(formula.implied_starts[code], formula.implied_starts[code + 1]):
                    other = formula.implied[k] >> 1
                    if value[2 * other] == 0:
                        active += 1
                        if marks.seen_var[other] != stamp:
                            marks.seen_var[other] = stamp
                            variables[tail] = other
                            tail += 1
                for k in range(formula.found_starts[code], formula.found_starts[code + 1]):
                    c = formula.found_in[k]
                    if values.held[c] > 0:
                        continue
                    active += 1
                    if marks.seen_clause[c] == stamp:
                        continue
                    marks.seen_clause[c] = stamp
                    c_begin = formula.clause_starts[c]
                    c_after = formula.clause_starts[c + 1]
                    at[WORK] += c_after - c_begin
                    mark0 = np.uint64(0)
                    mark1 = np.uint64(0)
                    for j in range(c_begin, c_after):
                        literal = formula.members[j]
                        if value[literal] == 0:
                            mark0 += marks.of_literal[literal, 0]
                            mark1 += marks.of_literal[literal, 1]
                            other = literal >> 1
                            if marks.seen_var[other] != stamp:
                                marks.seen_var[other] = stamp
                                variables[tail] = other
                                tail += 1
                    if values.left[c] < c_after - c_begin:
                        # A clause in full is known from its variables; one cut short from what it still says.
                        key0 += mixed(mark0)
                        key1 += mixed(mark1)
            key0 += marks.of_var[v, 0]
            key1 += marks.of_var[v, 1]
            rank = (np.int64(marks.rank[v]) << 32) - active
            if rank < chosen_rank:
                chosen_rank = rank
                chosen = v
        if tail == start + 1 and active == 0:
            gaps[at[GAPS]] = first
            at[GAPS] += 1
            continue
        node = memory.nodes[looked_up(memory, key0, key1)]
        if node == FALSE:
            return False
        if node >= 0:
            kids[at[KIDS]] = node
            at[KIDS] += 1
            continue
        at[VARS] = tail
        part = at[PARTS]
        parts[part, 0] = start
        parts[part, 1] = tail
        parts[part, 2] = chosen
        part_keys[part, 0] = key0
        part_keys[part, 1] = key1
        at[PARTS] += 1
    return True


@kernel
def written(stacks: Stacks, values: Values, trace: Trace) -> int:
    """Write the branch of the frame on top, all of whose components are done: its number."""
    at, _, _, _, gaps, kids, frames, _ = stacks
    frame = frames[at[DEPTH] - 1]
    for place in range(frame[F_TRAIL], at[END]):
        trace.literals[at[OUT_LITERALS]] = values.trail[place]
        at[OUT_LITERALS] += 1
    for place in range(frame[F_GAPS], at[GAPS]):
        trace.gaps[at[OUT_GAPS]] = gaps[place]
        at[OUT_GAPS] += 1
    for place in range(frame[F_KIDS], at[KIDS]):
        trace.kids[at[OUT_KIDS]] = kids[place]
        at[OUT_KIDS] += 1
    branch = at[BRANCHES]
    trace.ends[branch, 0] = at[OUT_LITERALS]
    trace.ends[branch, 1] = at[OUT_GAPS]
    trace.ends[branch, 2] = at[OUT_KIDS]
    at[BRANCHES] += 1
    return int(branch)


# Stages of a frame: its next value is to be tried; its next part is to be searched; a part came back false;
# both values are done.
VALUE, PART, FAILED, CLOSED = range(4)


@kernel
def search(
    formula: Formula, values: Values, marks: Marks, stacks: Stacks, trace: Trace, memory: Memory, steps: int
) -> int:
    """Go on for so many steps: DONE, PAUSED, or FULL when a stack or a list has no room for one more step."""
    at, variables, parts, part_keys, _, kids, frames, frame_keys = stacks
    n = len(marks.rank) - 1
    stage = at[STAGE]
    until = at[WORK] + steps
    while True:
        if at[WORK] >= until:
            at[STAGE] = stage
            return PAUSED
        at[WORK] += 1
        if (
            at[VARS] + n >= len(variables)
            or at[PARTS] + n >= len(parts)
            or at[GAPS] + n >= len(stacks.gaps)
            or at[KIDS] + n >= len(kids)
            or at[NODES] + 1 >= len(trace.nodes)
            or at[BRANCHES] + 1 >= len(trace.ends)
            or at[OUT_LITERALS] + n >= len(trace.literals)
            or at[OUT_GAPS] + n >= len(trace.gaps)
            or at[OUT_KIDS] + n >= len(trace.kids)
            or 2 * at[ENTRIES] + 2 >= len(memory.nodes)
        ):
            at[STAGE] = stage
            return FULL
        frame = frames[at[DEPTH] - 1]
        if stage == VALUE:
            # Back to where the frame began.
            retreat(formula, values, at[END], frame[F_TRAIL])
            at[END] = frame[F_TRAIL]
            at[VARS] = frame[F_VARS]
            at[PARTS] = frame[F_PART]
            at[GAPS] = frame[F_GAPS]
            at[KIDS] = frame[F_KIDS]
            if frame[F_PHASE] == 2:
                stage = CLOSED
                continue
            code = np.int32(2 * frame[F_VAR] + 1 - frame[F_PHASE])
            frame[F_PHASE] += 1
            fine = True
            if frame[F_VAR] > 0:
                at[DECISIONS] += 1
                values.value[code] = 1
                values.value[code ^ 1] = -1
                values.trail[at[END]] = code
                at[END], fine = propagate(formula, values, at[END], at[END] + 1)
                at[WORK] += 8 * (at[END] - frame[F_TRAIL])
            stage = PART
            if not fine or not parted(formula, values, marks, stacks, memory, frame[F_BEGIN], frame[F_AFTER]):
                stage = VALUE
        elif stage == PART:
            if at[PARTS] == frame[F_PART]:
                branch = written(stacks, values, trace)
                if frame[F_BRANCH] < 0:
                    frame[F_BRANCH] = branch
                else:
                    frame[F_BRANCH] |= (branch + 1) << 32
                stage = VALUE
                continue
            at[PARTS] -= 1
            part = at[PARTS]
            first, second = part_keys[part]
            node = memory.nodes[looked_up(memory, first, second)]
            if node == FALSE:
                stage = VALUE
                continue
            if node >= 0:
                kids[at[KIDS]] = node
                at[KIDS] += 1
                continue
            deeper = frames[at[DEPTH]]
            at[DEPTH] += 1
            deeper[F_BEGIN] = parts[part, 0]
            deeper[F_AFTER] = parts[part, 1]
            deeper[F_VAR] = parts[part, 2]
            deeper[F_PHASE] = 0
            deeper[F_TRAIL] = at[END]
            deeper[F_PART] = at[PARTS]
            deeper[F_GAPS] = at[GAPS]
            deeper[F_KIDS] = at[KIDS]
            deeper[F_VARS] = at[VARS]
            deeper[F_BRANCH] = -1
            frame_keys[at[DEPTH] - 1, 0] = first
            frame_keys[at[DEPTH] - 1, 1] = second
            stage = VALUE
        else:
            node = FALSE
            if frame[F_BRANCH] >= 0:
                node = at[NODES]
                trace.nodes[node, 0] = frame[F_BRANCH] & 0xFFFFFFFF
                trace.nodes[node, 1] = (frame[F_BRANCH] >> 32) - 1
                at[NODES] += 1
            at[DEPTH] -= 1
            if at[DEPTH] == 0:
                at[ROOT] = node
                return DONE
            slot = looked_up(memory, frame_keys[at[DEPTH], 0], frame_keys[at[DEPTH], 1])
            memory.keys[slot, 0] = frame_keys[at[DEPTH], 0]
            memory.keys[slot, 1] = frame_keys[at[DEPTH], 1]
            memory.nodes[slot] = node
            at[ENTRIES] += 1
            if node == FALSE:
                stage = VALUE
            else:
                kids[at[KIDS]] = node
                at[KIDS] += 1
                stage = PART


class Search:
    """One search in one order, which can be continued until it is `done`."""

    def __init__(
        self, variables: int, starts: NDArray[np.int64], literals: NDArray[np.int32], rank: NDArray[np.int32]
    ) -> None:
        n = variables
        self.formula = formula_of(n, starts, literals)
        self.values = nothing_assigned(n, self.formula)
        random = np.random.Generator(np.random.Philox(key=n)).integers(0, 2**64, (3 * n + 3, 2), np.uint64)
        self.marks = Marks(
            rank,
            random[: n + 1],
            random[n + 1 :],
            np.zeros(n + 1, np.int64),
            np.zeros(len(self.values.left), np.int64),
        )
        room = 4 * n + 1024
        self.stacks = Stacks(
            np.zeros(17, np.int64),
            np.zeros(room, np.int32),
            np.zeros((room, 3), np.int64),
            np.zeros((room, 2), np.uint64),
            np.zeros(room, np.int32),
            np.zeros(room, np.int32),
            np.zeros((n + 2, 10), np.int64),
            np.zeros((n + 2, 2), np.uint64),
        )
        self.trace = Trace(
            np.zeros((room, 2), np.int32),
            np.zeros((room, 3), np.int64),
            np.zeros(room, np.int32),
            np.zeros(room, np.int32),
            np.zeros(room, np.int32),
        )
        slots = 1 << (2 * room).bit_length()
        self.memory = Memory(np.zeros((slots, 2), np.uint64), np.full(slots, ABSENT, np.int32))
        # The first frame decides nothing: its parts are the components of the whole.
        self.stacks.vars[:n] = np.arange(1, n + 1)
        self.stacks.frames[0] = (0, n, 0, 1, 0, 0, 0, 0, n, -1)
        self.stacks.at[DEPTH] = 1
        self.stacks.at[VARS] = n
        self.done = False
        self.wanted = 0  # bytes that are lacking before it can go on

    def go_on(self, steps: int) -> None:
        """Search for about so many steps more, or until there is no room; room is made at the next call."""
        if self.wanted:
            self._make_room()
        answer = search(self.formula, self.values, self.marks, self.stacks, self.trace, self.memory, steps)
        self.done = answer == DONE
        self.wanted = sum(more.nbytes for more in self._too_small()) if answer == FULL else 0

    @property
    def root(self) -> int:
        """The node of the whole, once the search is done; FALSE where nothing satisfies it."""
        return int(self.stacks.at[ROOT])

    def circuit(self, variables: int, simplified: Simplified) -> Circuit:
        """What was found, as a circuit over all the variables."""
        used = self.trace.nodes[: self.root + 1]
        node_starts = np.concatenate((np.zeros(1, np.int64), np.cumsum((used >= 0).sum(axis=1))))
        lists = (self.trace.literals, self.trace.gaps, self.trace.kids)
        return circuit_of(
            variables, simplified, self.root, node_starts, used[used >= 0], self.trace.ends, lists
        )

    @property
    def decisions(self) -> int:
        """How many values have been tried."""
        return int(self.stacks.at[DECISIONS])

    @property
    def size(self) -> int:
        """The edges written so far, those given up included."""
        at = self.stacks.at
        return int(at[OUT_LITERALS] + at[OUT_GAPS] + at[OUT_KIDS])

    @property
    def bytes(self) -> int:
        """What the search holds."""
        held = (*self.stacks, *self.trace, *self.memory, *self.marks, *self.formula, *self.values)
        return sum(array.nbytes for array in held)

    def _too_small(self) -> list[NDArray[Any]]:
        """The arrays that have no room for one step more."""
        at, n = self.stacks.at, len(self.marks.rank)
        filled = (
            (self.stacks.vars, at[VARS]),
            (self.stacks.parts, at[PARTS]),
            (self.stacks.part_keys, at[PARTS]),
            (self.stacks.gaps, at[GAPS]),
            (self.stacks.kids, at[KIDS]),
            (self.trace.nodes, at[NODES]),
            (self.trace.ends, at[BRANCHES]),
            (self.trace.literals, at[OUT_LITERALS]),
            (self.trace.gaps, at[OUT_GAPS]),
            (self.trace.kids, at[OUT_KIDS]),
        )
        short = [array for array, used in filled if used + n >= len(array)]
        return [*short, *self.memory] if 2 * at[ENTRIES] + 2 >= len(self.memory.nodes) else short

    def _make_room(self) -> None:
        short = {id(array) for array in self._too_small()}
        n = len(self.marks.rank)

        def grown(array: NDArray[Any]) -> NDArray[Any]:
            if id(array) not in short:
                return array
            return np.concatenate((array, np.zeros((len(array) + n, *array.shape[1:]), array.dtype)))

        stacks = self.stacks
        self.stacks = stacks._replace(
            vars=grown(stacks.vars),
            parts=grown(stacks.parts),
            part_keys=grown(stacks.part_keys),
            gaps=grown(stacks.gaps),
            kids=grown(stacks.kids),
        )
        trace = self.trace
        self.trace = Trace(
            grown(trace.nodes), grown(trace.ends), grown(trace.literals), grown(trace.gaps), grown(trace.kids)
        )
        if id(self.memory.nodes) in short:
            self.memory = Memory(*moved(self.memory))
        self.wanted = 0


@kernel
def moved(memory: Memory) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The same table with twice the room."""
    keys = np.zeros((2 * len(memory.nodes), 2), np.uint64)
    nodes = np.full(2 * len(memory.nodes), ABSENT, np.int32)
    larger = Memory(keys, nodes)
    for old in range(len(memory.nodes)):
        if memory.nodes[old] != ABSENT:
            slot = looked_up(larger, memory.keys[old, 0], memory.keys[old, 1])
            keys[slot] = memory.keys[old]
            nodes[slot] = memory.nodes[old]
    return keys, nodes

"""Tables of allowed combinations, counts and sums as layered diagrams: small, and without wasted variables.

A layer asks one component; its answer leads from a node to a node of the next layer, to TRUE or to FALSE.
Nodes of a layer from which the same answers are allowed are one. In clauses a node is a variable that is
true exactly when the path of the configuration goes through it, so it never changes how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

TRUE, FALSE = -1, -2

# What follows an answer: (next node, the answers that lead there), FALSE being left out.
Node: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]

# Questions with their answers, one after the other.
Path: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]

MOST_SUMS = 400_000
_MOST_TRIED = 20_000  # rows of a table of which more than one order is tried


class TooManySums(Exception):
    """A limit adds up to more different sums than can be told apart."""


@dataclass(frozen=True, slots=True)
class Layered:
    """Layer i asks `order[i]`; `layers[i]` are its nodes, and the first layer has one, the root.

    `constant` is TRUE or FALSE where nothing needs to be asked.
    """

    order: tuple[int, ...]
    layers: tuple[tuple[Node, ...], ...]
    constant: int | None = None

    @property
    def edges(self) -> int:
        """How many groups of answers there are."""
        return sum(len(node) for layer in self.layers for node in layer)


def sums(weights: Sequence[Sequence[int]], least: int | None, most: int | None) -> Layered:
    """The layered diagram of `least <= sum <= most`, where answer j of question i adds `weights[i][j]`.

    Questions whose answers all add the same are not asked, and what all weights are multiples of is divided
    out: prices in full euros make a hundred times fewer sums than cents. Raises TooManySums when there are
    more than `MOST_SUMS` different partial sums.
    """
    weights, least, most = _reduced(weights, least, most)
    order = [i for i in range(len(weights)) if max(weights[i]) > 0]
    order.sort(key=lambda i: max(weights[i]), reverse=True)
    lows, highs = [0], [0]
    for i in reversed(order):
        lows.append(lows[-1] + min(weights[i]))
        highs.append(highs[-1] + max(weights[i]))
    lows.reverse()
    highs.reverse()

    def decided(total: int, layer: int) -> int | None:
        low, high = total + lows[layer], total + highs[layer]
        if (most is not None and low > most) or (least is not None and high < least):
            return FALSE
        return TRUE if (most is None or high <= most) and (least is None or low >= least) else None

    start = decided(0, 0)
    if start is not None:
        return Layered((), (), start)
    reached: list[list[int]] = [[0]]
    found = 1
    for layer, i in enumerate(order[:-1]):
        different = set(weights[i])
        after = {total + weight for total in reached[-1] for weight in different}
        reached.append(sorted(total for total in after if decided(total, layer + 1) is None))
        found += len(reached[-1])
        if found > MOST_SUMS:
            raise TooManySums
    layers: list[tuple[Node, ...]] = []
    node_of: dict[int, int] = {}
    for layer in range(len(order) - 1, -1, -1):
        merged: dict[Node, int] = {}
        now: dict[int, int] = {}
        answers = weights[order[layer]]
        for total in reached[layer]:
            follows: dict[int, list[int]] = {}
            for answer, weight in enumerate(answers):
                known = decided(total + weight, layer + 1)
                next_node = node_of[total + weight] if known is None else known
                follows.setdefault(next_node, []).append(answer)
            now[total] = _merged(follows, len(answers), merged)
        layers.append(tuple(merged))
        node_of = now
    return _trimmed(tuple(order), layers[::-1], node_of[0])


def _reduced(
    weights: Sequence[Sequence[int]], least: int | None, most: int | None
) -> tuple[list[list[int]], int | None, int | None]:
    """The same limit with weights that begin at nought and have no common divisor."""
    always = sum(min(of) for of in weights)
    more = [[weight - min(of) for weight in of] for of in weights]
    common = gcd(*(weight for of in more for weight in of)) or 1
    return (
        [[weight // common for weight in of] for of in more],
        None if least is None else -((always - least) // common),
        None if most is None else (most - always) // common,
    )


def table(rows: NDArray[np.int32], sizes: Sequence[int]) -> Layered:
    """The layered diagram of the rows (rows, columns) int32, column i having `sizes[i]` answers.

    Columns are asked in an order that keeps it small.
    """
    if not len(rows):
        return Layered((), (), FALSE)
    orders = {_greedy_order(rows)}
    if len(rows) <= _MOST_TRIED:
        orders.add(tuple(range(rows.shape[1])))
    return min((_table(rows, sizes, order) for order in sorted(orders)), key=lambda one: one.edges)


def _greedy_order(rows: NDArray[np.int32]) -> tuple[int, ...]:
    """The column that splits the rows least comes next."""
    left = list(range(rows.shape[1]))
    order: list[int] = []
    prefix = np.zeros(len(rows), np.int64)
    while left:
        split = {}
        for i in left:
            keys = prefix * (int(rows[:, i].max()) + 1) + rows[:, i]
            split[i] = np.unique(keys, return_inverse=True)
        following = min(left, key=lambda i: (len(split[i][0]), i))
        prefix = split[following][1].reshape(-1).astype(np.int64)
        left.remove(following)
        order.append(following)
    return tuple(order)


def _table(rows: NDArray[np.int32], sizes: Sequence[int], order: tuple[int, ...]) -> Layered:
    """A trie of the rows, its nodes merged from the leaves up."""
    columns = rows[:, order]
    columns = columns[np.lexsort(columns.T[::-1])]
    changed = np.concatenate(([True], (columns[1:] != columns[:-1]).any(axis=1)))
    columns = columns[changed]
    starts = [np.zeros(1, np.int64)]
    new = np.zeros(len(columns), np.bool_)
    new[0] = True
    for k in range(columns.shape[1]):
        new[1:] |= columns[1:, k] != columns[:-1, k]
        starts.append(np.flatnonzero(new))
    layers: list[tuple[Node, ...]] = []
    child = np.full(len(starts[-1]), TRUE, np.int64)
    for k in range(columns.shape[1] - 1, -1, -1):
        answers = columns[starts[k + 1], k].tolist()
        bounds = [*np.searchsorted(starts[k + 1], starts[k]).tolist(), len(answers)]
        children = child.tolist()
        merged: dict[Node, int] = {}
        now: list[int] = []
        for first, after in pairwise(bounds):
            follows: dict[int, list[int]] = {}
            for place in range(first, after):
                follows.setdefault(children[place], []).append(answers[place])
            now.append(_merged(follows, sizes[order[k]], merged))
        child = np.array(now, np.int64)
        layers.append(tuple(merged))
    return _trimmed(order, layers[::-1], int(child[0]))


def _merged(follows: dict[int, list[int]], size: int, merged: dict[Node, int]) -> int:
    """The number of the node in its layer; TRUE or FALSE where no answer makes a difference."""
    follows.pop(FALSE, None)
    if not follows:
        return FALSE
    if len(follows) == 1 and len(follows.get(TRUE, ())) == size:
        return TRUE
    node = tuple(sorted((to, tuple(answers)) for to, answers in follows.items()))
    return merged.setdefault(node, len(merged))


def _trimmed(order: tuple[int, ...], layers: list[tuple[Node, ...]], root: int) -> Layered:
    """Only what the root leads to."""
    if root < 0:
        return Layered((), (), root)
    kept = [root]
    found: list[tuple[Node, ...]] = []
    for layer in layers:
        reached = sorted({to for place in kept for to, _ in layer[place] if to >= 0})
        new = {old: place for place, old in enumerate(reached)}
        found.append(
            tuple(tuple((new.get(to, to), answers) for to, answers in layer[place]) for place in kept)
        )
        kept = reached
        if not kept:
            break
    return Layered(order[: len(found)], tuple(found))


def paths(layered: Layered, sizes: Sequence[int], limit: int) -> list[Path] | None:
    """What is not allowed, as prefixes: (question, answers) before, and last the answers that are allowed.

    Each says: where the questions before are answered so, the last one is answered by one of these. None
    where there are more than `limit`.
    """
    found: list[Path] = []
    stack: list[tuple[int, int, Path]] = [(0, 0, ())]
    while stack:
        layer, place, before = stack.pop()
        question = layered.order[layer]
        node = layered.layers[layer][place]
        allowed = tuple(sorted(answer for _, answers in node for answer in answers))
        if len(allowed) < sizes[question]:
            found.append((*before, (question, allowed)))
        for to, answers in node:
            if to >= 0:
                step = before if len(answers) == sizes[question] else (*before, (question, answers))
                stack.append((layer + 1, to, step))
        if max(len(found), len(stack)) > limit:
            return None
    return found


def clauses(
    layered: Layered,
    questions: Sequence[Sequence[int]],
    variables: Sequence[Sequence[int]],
    truth: int | None,
) -> Iterator[tuple[int, ...]]:
    """The clauses of a layered diagram.

    `questions[i]` are the literals of question i's answers, exactly one of which is true; `variables[i]` are
    the nodes of layer i, that of the root being 0. With a literal `truth`, that literal is true exactly when
    the diagram is; with None, the diagram must be true.
    """
    for layer, nodes in enumerate(layered.layers):
        literals = questions[layered.order[layer]]
        here = variables[layer]
        following = variables[layer + 1] if layer + 1 < len(variables) else ()
        led: dict[int, dict[int, list[int]]] = {}
        for place, node in enumerate(nodes):
            for one in _follows(node, literals, following, truth):
                yield (-here[place], *one) if here[place] else one
            for to, answers in node:
                for answer in answers if to >= 0 else ():
                    led.setdefault(to, {}).setdefault(answer, []).append(here[place])
        for to, by_answer in led.items():
            for one in _led_to(by_answer, literals):
                yield (-following[to], *one)


def _follows(
    node: Node, literals: Sequence[int], following: Sequence[int], truth: int | None
) -> Iterator[tuple[int, ...]]:
    """What an answer leads to, where the path goes through the node."""
    allowed = {answer for _, answers in node for answer in answers}
    if len(allowed) < len(literals) and truth is None:
        yield from among(literals, sorted(allowed))
    elif len(allowed) < len(literals) and truth is not None:
        rest = [answer for answer in range(len(literals)) if answer not in allowed]
        yield from ((*one, -truth) for one in unless(literals, rest))
    for to, answers in node:
        then = following[to] if to >= 0 else truth
        if then is not None:
            yield from ((*one, then) for one in unless(literals, answers))


def _led_to(by_answer: dict[int, list[int]], literals: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """A node is on the path only where a node before it and its answer lead to it."""
    if len(by_answer) < len(literals):
        yield from among(literals, sorted(by_answer))
    alike: dict[tuple[int, ...], list[int]] = {}
    for answer, parents in by_answer.items():
        if 0 not in parents:
            alike.setdefault(tuple(parents), []).append(answer)
    for nodes, answers in alike.items():
        yield from ((*one, *nodes) for one in unless(literals, answers))


def among(literals: Sequence[int], answers: Sequence[int]) -> list[tuple[int, ...]]:
    """Clauses that say that one of the answers is given, exactly one answer being given."""
    taken = set(answers)
    rest = [literal for answer, literal in enumerate(literals) if answer not in taken]
    if len(rest) <= 2:
        return [(-literal,) for literal in rest]
    return [tuple(literals[answer] for answer in answers)]


def unless(literals: Sequence[int], answers: Sequence[int]) -> list[tuple[int, ...]]:
    """What to put before a clause that holds where one of the answers is given: one clause or more."""
    taken = set(answers)
    if len(taken) == len(literals):
        return [()]
    rest = len(literals) - len(taken)
    if rest <= 3 or len(taken) > 6:
        return [tuple(literal for answer, literal in enumerate(literals) if answer not in taken)]
    return [(-literals[answer],) for answer in answers]

"""A shallow tree of effects: a few groups of customers on whom treatments differ in effect."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Steps = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A group: its effects (K,), shrunk towards those of the group it was split from."""

    effects: Array


@dataclass(frozen=True, slots=True)
class Split:
    """Two groups: those whose `step` is 0, and those whose step is 1. `effects` (K,) are those of both."""

    effects: Array
    step: int
    without: Leaf | Split
    having: Leaf | Split


@dataclass(frozen=True, slots=True)
class Grower:
    """How to grow: at most `depth` splits in a row, groups of at least `least` rows, and what effects (K,)
    vary by, `noise`, per row.
    """

    depth: int
    least: float
    noise: Array

    def grow(self, steps: Steps, effects: Array) -> Leaf | Split:
        """The tree of rows with steps (n, s) and effects (n, K), each of a row about its mean over K."""
        start = effects.mean(axis=0)
        return self._below(
            steps, effects.astype(np.float32), np.ones(len(steps), np.float32), start, self.depth
        )

    def _below(
        self,
        steps: Steps,
        effects: NDArray[np.float32],
        inside: NDArray[np.float32],
        value: Array,
        depth: int,
    ) -> Leaf | Split:
        size = float(inside.sum(dtype=np.float64))
        if depth == 0 or size < 2 * self.least or not steps.shape[1]:
            return Leaf(value)
        held = effects * inside[:, None]
        right = (steps.T @ held).astype(np.float64)
        many = (steps.T @ inside).astype(np.float64)
        total = held.sum(axis=0, dtype=np.float64)
        fits = (many >= self.least) & (size - many >= self.least)
        if not fits.any():
            return Leaf(value)
        few = np.where(fits, many, 1.0)
        other = np.where(fits, size - many, 1.0)
        apart = right / few[:, None] - (total - right) / other[:, None]
        found = (few * other / size)[:, None] * apart**2 / self.noise
        told = np.where(fits, found.sum(axis=1), -1.0)
        best = int(np.argmax(told))
        # The best of many splits of noise alone tells about so much; a split is believed for what is beyond.
        by_chance = len(self.noise) - 1 + 2 * log(1 + int(fits.sum()))
        trust = max(0.0, 1 - by_chance / max(float(told[best]), 1e-12))
        if trust == 0:
            return Leaf(value)
        share = many[best] / size
        having = value + trust * (1 - share) * apart[best]
        without = value - trust * share * apart[best]
        mark = steps[:, best]
        return Split(
            value,
            best,
            self._below(steps, effects, inside * (1 - mark), without, depth - 1),
            self._below(steps, effects, inside * mark, having, depth - 1),
        )


def effects_by_tree(tree: Leaf | Split, steps: Steps) -> Array:
    """The effects (n, K) that the tree expects."""
    if isinstance(tree, Leaf):
        return np.broadcast_to(tree.effects, (len(steps), len(tree.effects)))
    mark = steps[:, tree.step] > 0
    return np.where(mark[:, None], effects_by_tree(tree.having, steps), effects_by_tree(tree.without, steps))


def cut(tree: Leaf | Split, depth: int) -> Leaf | Split:
    """The tree with at most so many splits in a row: what growing it no further would have given."""
    if isinstance(tree, Leaf):
        return tree
    if depth == 0:
        return Leaf(tree.effects)
    return Split(tree.effects, tree.step, cut(tree.without, depth - 1), cut(tree.having, depth - 1))


def size_of(tree: Leaf | Split) -> int:
    """How many groups the tree has."""
    return 1 if isinstance(tree, Leaf) else size_of(tree.without) + size_of(tree.having)

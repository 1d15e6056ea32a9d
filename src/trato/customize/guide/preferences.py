"""What customers like of an offer, learned from what was taken before.

The model is a weighted set of valid configurations: those that were taken, and those one step away from one
of them, in a single component, that the rules allow. How much weight the steps get is what the data say: a
configuration taken c times keeps c - d of its count, by absolute discounting with d = n1 / (n1 + 2 n2) (Ney,
Essen & Kneser 1994, with n1 and n2 the configurations taken once and twice), and what is discounted, which by
Good and Turing is about what the next sale that was never seen weighs, goes to the steps. A step's weight is
the weight of where it starts, times how apt its component is to differ (fitted on the configurations taken
once, each explained by the others), times how probable the new module is given the one other component that
tells most of it (the dependence of Chow & Liu 1968).

It needs no compiling, learns in about a second from thousands of sales, and holds valid configurations only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadOption, NoConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trato.customize.guide.sales import Sales
    from trato.offer.diagram import Diagram

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

DRAWN = 512  # valid configurations that stand for what nobody took yet
DRAWN_ALONE = 4_000  # where there is no history at all
DRAWN_WEIGH = 1.0  # sales that all drawn ones together are worth
MOST_STEPS = 40_000  # asked of the diagram while learning
LEAST_PROBABLE = 1e-4  # a step that is less probable is not looked at
MOST_PAIRED = 8_000  # modules whose pairs are counted; beyond that each component stands alone
ROUNDS = 50
LEAST_SLIP, MOST_SLIP = 1e-3, 0.5
SLIP_ROUNDS = 12
SURENESS = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
SLIPS_FROM = 200  # sales left out, one after the other
SLIPS_CELLS = 20_000_000
LEAST_DISCOUNTED, MOST_DISCOUNTED = 0.05, 0.75  # of one sale: few sales tell too little of what is to come


@dataclass(frozen=True, slots=True, eq=False)
class Preferences:
    """Weighted valid configurations of some components of an offer.

    `components` (n,) are places in the diagram's components, `starts` (n + 1,) where their modules begin in
    arrays over modules. `configurations` (m, n) int16 are positions, `weights` (m,) sum to one, `taken` (m,)
    is how often each was taken before. `slips` (n,) is how apt two customers who are alike in the rest are to
    differ in each component, and `sure` how much what is said of one component tells of the others, from 0
    (nothing) to 1 (as much as the slips say).
    """

    components: NDArray[np.int64]
    starts: NDArray[np.int64]
    configurations: NDArray[np.int16]
    weights: Array
    taken: Whole
    slips: Array
    sure: float

    @property
    def sales(self) -> int:
        """How many past configurations it was learned from."""
        return int(self.taken.sum())


def learn_preferences(diagram: Diagram, sales: Sales | None, *, draw: np.random.Generator) -> Preferences:
    """The preferences that past configurations tell; from none, every valid configuration weighs the same.

    `draw` gives the configurations that stand for what nobody took yet.
    """
    if sales is None or len(sales) == 0:
        components = np.arange(len(diagram.components), dtype=np.int64)
        drawn = diagram.sample(draw, DRAWN_ALONE).astype(np.int16)
        kept, counts = np.unique(drawn, axis=0, return_counts=True)
        weights = counts / counts.sum()
        return Preferences(
            components,
            _starts(diagram, components),
            kept,
            weights,
            np.zeros(len(kept), np.int64),
            np.full(len(components), LEAST_SLIP),
            1.0,
        )
    starts = _starts(diagram, sales.components)
    steps = _steps(diagram, sales, starts)
    once, twice = int((sales.counts == 1).sum()), int((sales.counts == 2).sum())
    discount = min(once / (once + 2 * twice), MOST_DISCOUNTED) if once else 0.0
    freed = max(discount, LEAST_DISCOUNTED) * len(sales.counts) if len(steps.weight) else 0.0
    own = sales.counts - freed / len(sales.counts)
    others = freed * steps.weight / steps.weight.sum() if freed else steps.weight
    drawn = _drawn(diagram, sales.components, draw)
    configurations = np.vstack([sales.configurations, steps.configurations, drawn])
    weights = np.concatenate([own, others, np.full(len(drawn), DRAWN_WEIGH / max(len(drawn), 1))])
    taken = np.concatenate([sales.counts, np.zeros(len(weights) - len(own), np.int64)])
    merged, where = np.unique(configurations, axis=0, return_inverse=True)
    where = where.ravel()
    total = np.bincount(where, weights, len(merged))
    return Preferences(
        sales.components,
        starts,
        merged,
        total / total.sum(),
        np.bincount(where, taken, len(merged)).astype(np.int64),
        *_slips(sales, starts),
    )


def leaning(
    preferences: Preferences, likes: Mapping[tuple[int, int], float], sure: float = 1.0
) -> Preferences:
    """The preferences of one customer: each configuration weighed by how much its modules suit them.

    `likes` has, by column of the preferences and position of the module, how much more probable the module is
    for this customer than for all (1: no more); what is not there counts as 1. `sure` tempers it, 0 for not
    at all.
    """
    factors = np.zeros(int(preferences.starts[-1]))
    for (column, position), ratio in likes.items():
        factors[preferences.starts[column] + position] = sure * log(max(ratio, 1e-6))
    weighed = np.log(preferences.weights) + factors[preferences.starts[:-1] + preferences.configurations].sum(
        axis=1
    )
    raised = np.exp(weighed - weighed.max())
    return replace(preferences, weights=raised / raised.sum())


def beside_own(preferences: Preferences, own: Sales, trust: float) -> Preferences:
    """The preferences of a customer who took `own` before: theirs and everybody's, side by side.

    `trust` is how many of their own configurations weigh as much as everybody's. Raises BadOption when `own`
    speaks of other components.
    """
    if not np.array_equal(own.components, preferences.components):
        raise BadOption("a customer's own configurations speak of other components than all of them")
    if len(own) == 0:
        return preferences
    share = len(own) / (len(own) + trust)
    return replace(
        preferences,
        configurations=np.vstack([preferences.configurations, own.configurations]),
        weights=np.concatenate([(1 - share) * preferences.weights, share * own.counts / len(own)]),
        taken=np.concatenate([preferences.taken, own.counts]),
        # What sets customers apart they have told by their past: one more answer tells the less of the rest.
        sure=(1 - share) * preferences.sure,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Valid configurations that nobody took, one step from those that somebody did; weights of any sum."""

    configurations: NDArray[np.int16]
    weight: Array


def _starts(diagram: Diagram, components: Whole) -> Whole:
    sizes = np.diff(diagram.table.starts)[components]
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))


def _drawn(diagram: Diagram, components: Whole, draw: np.random.Generator) -> NDArray[np.int16]:
    try:
        return diagram.sample(draw, DRAWN)[:, components].astype(np.int16)
    except NoConfiguration:
        return np.zeros((0, len(components)), np.int16)


def _steps(diagram: Diagram, sales: Sales, starts: Whole) -> _Steps:
    taken, counts = sales.configurations, sales.counts.astype(np.float64)
    n = taken.shape[1]
    probable = _probabilities(taken, counts, starts)
    code = taken + starts[:-1]
    rng = np.random.default_rng(0x7261746F)  # of hash numbers: they decide nothing
    number = rng.integers(1, 2**62, size=int(starts[-1]), dtype=np.int64)
    own = np.bitwise_xor.reduce(number[code], axis=1)
    known = {int(one): i for i, one in enumerate(own.tolist())}
    row, column, module = _candidates(code, probable, starts)
    stepped = own[row] ^ number[code[row, column]] ^ number[starts[column] + module]
    arrives = np.array([known.get(one, -1) for one in stepped.tolist()], np.int64)
    apt = probable[row, starts[column] + module]
    differs = _aptness(arrives, row, column, apt, counts, n)
    weight = counts[row] / counts.sum() * differs[column] * apt
    new = np.flatnonzero(arrives < 0)
    new = new[np.argsort(-weight[new], kind="stable")][:MOST_STEPS]
    found, first, where = np.unique(stepped[new], return_index=True, return_inverse=True)
    total = np.bincount(where.ravel(), weight[new], len(found))
    at = new[first]
    configurations = taken[row[at]].copy()
    configurations[np.arange(len(at)), column[at]] = module[at]
    valid = _valid(diagram, sales, configurations, row[at])
    return _Steps(configurations[valid], np.asarray(total[valid], np.float64))


def _slips(sales: Sales, starts: Whole) -> tuple[Array, float]:
    """How apt two customers who are alike in the rest are to differ in each component (n,), and how sure that
    makes us of what was not said.

    A sale is explained by the others, each with an own chance that it differs in a component; fitted by
    expectation-maximization on the sale left out (a kernel's width by leaving one out).
    """
    k, n = sales.configurations.shape
    rng = np.random.default_rng(0)  # of which sales are left out
    left = np.sort(rng.permutation(k)[:SLIPS_FROM])
    among = np.sort(rng.permutation(k)[: max(2, SLIPS_CELLS // (len(left) * n))])
    if len(among) < 2:
        return np.full(n, LEAST_SLIP), 1.0
    differs = sales.configurations[left][:, None, :] != sales.configurations[among][None, :, :]
    often = sales.counts[among] - (left[:, None] == among)  # without the one that is left out
    usual = np.stack(
        [
            np.bincount(sales.configurations[:, j], sales.counts, int(starts[j + 1] - starts[j]))[
                sales.configurations[left, j]
            ]
            / len(sales)
            for j in range(n)
        ],
        axis=1,
    )
    slips = np.full(n, 0.05)
    for _ in range(SLIP_ROUNDS):
        log_odds = np.log(slips) - np.log1p(-slips) + np.log(usual)  # (left, n)
        height = np.einsum("tsj,tj->ts", differs, log_odds) + np.log(np.maximum(often, 1e-300))
        height -= height.max(axis=1, keepdims=True)
        share = np.exp(height)
        share /= share.sum(axis=1, keepdims=True)
        weight = sales.counts[left] / sales.counts[left].sum()
        found = np.einsum("ts,tsj->j", share * weight[:, None], differs)
        slips = np.clip(found, LEAST_SLIP, MOST_SLIP)
    against = differs * np.log(slips * usual / (1.0 - slips + slips * usual))[:, None, :]
    return slips, _sure(sales, starts, left, among, against, often, slips, rng)


def _sure(
    sales: Sales,
    starts: Whole,
    left: Whole,
    among: Whole,
    against: Array,
    often: Whole,
    slips: Array,
    rng: np.random.Generator,
) -> float:
    """How far to go from everybody's shares towards those of the likes of whom something is said.

    What customers say is mostly what everybody's shares got wrong. So half of these components of each sale
    left out, drawn, are said, the rest is foretold by the others, and the sureness that gets fewest of it
    wrong is taken. `against` (left, among, n) is what a component that differs tells against a sale, in nats.
    """
    from scipy.sparse import csr_array

    taken, n = sales.configurations[left], len(starts) - 1
    code = (sales.configurations[among] + starts[:-1]).ravel()
    rows = np.arange(0, len(code) + 1, n)
    ones = csr_array((np.ones(len(code)), code, rows), shape=(len(among), int(starts[-1])))
    shares = np.asarray(sales.counts[among] @ ones) / sales.counts[among].sum()
    slip = np.repeat(slips, np.diff(starts))
    usual = np.array([shares[starts[j] : starts[j + 1]].argmax() for j in range(n)])
    said = (taken != usual) & (rng.random(taken.shape) < 0.5)
    told = np.einsum("tsj,tj->ts", against, said)
    weight = sales.counts[left] / sales.counts[left].sum()
    best, fewest = SURENESS[-1], np.inf
    for sure in reversed(SURENESS):
        height = sure * told + np.log(np.maximum(often, 1e-300))
        height -= height.max(axis=1, keepdims=True)
        share = np.exp(height)
        foretold = (1.0 - slip) * ((share / share.sum(axis=1, keepdims=True)) @ ones) + slip * shares
        wrong = np.stack(
            [foretold[:, starts[j] : starts[j + 1]].argmax(axis=1) != taken[:, j] for j in range(n)], axis=1
        )
        total = float(weight @ (wrong & ~said).sum(axis=1))
        if total < fewest:
            best, fewest = sure, total
    return best


def _candidates(code: Whole, probable: Array, starts: Whole) -> tuple[Whole, Whole, Whole]:
    """Every step worth a look: the configuration it starts from, the component, and the new module."""
    likely = probable >= LEAST_PROBABLE
    likely[np.arange(len(code))[:, None], code] = False
    row, place = np.nonzero(likely)
    column = np.searchsorted(starts, place, side="right") - 1
    return row.astype(np.int64), column.astype(np.int64), place - starts[column]


def _aptness(arrives: Whole, row: Whole, column: Whole, apt: Array, counts: Array, n: int) -> Array:
    """How apt each component (n,) is to differ from a past sale, by what was sold once and the rest."""
    explained = (arrives >= 0) & (counts[np.maximum(arrives, 0)] == 1)
    differs = np.full(n, 1.0 / n)
    to, by, where = arrives[explained], column[explained], counts[row[explained]] * apt[explained]
    for _ in range(ROUNDS):
        part = where * differs[by]
        share = part / np.bincount(to, part, len(counts))[to]
        differs = np.bincount(by, share, n) + 0.5
        differs /= differs.sum()
    return differs


def _probabilities(taken: NDArray[np.int16], counts: Array, starts: Whole) -> Array:
    """How probable each module is given the component that tells most of it, per configuration: (k, v)."""
    from scipy.sparse import csr_array

    k, n = taken.shape
    code = (taken + starts[:-1]).ravel()
    modules, total = int(starts[-1]), counts.sum()
    alone = np.bincount(code, np.repeat(counts, n), modules)
    usual = (alone + 0.5) / (total + 0.5 * np.repeat(np.diff(starts), np.diff(starts)))
    if n == 1 or modules > MOST_PAIRED:
        return np.tile(usual, (k, 1))
    rows = np.arange(0, k * n + 1, n)
    ones = csr_array((np.ones(k * n), code, rows), shape=(k, modules))
    often = csr_array((np.repeat(counts, n), code, rows), shape=(k, modules))
    together = (ones.T @ often).toarray()
    ratio = np.divide(
        together * total, np.outer(alone, alone), out=np.ones_like(together), where=together > 0
    )
    gain = together / total * np.log(ratio)
    telling = np.add.reduceat(np.add.reduceat(gain, starts[:-1], axis=0), starts[:-1], axis=1)
    np.fill_diagonal(telling, -1.0)
    found = np.empty((k, modules))
    for j in range(n):
        mine = slice(int(starts[j]), int(starts[j + 1]))
        teller = int(telling[j].argmax())
        given = together[starts[teller] : starts[teller + 1], mine] + usual[mine]
        found[:, mine] = (given / given.sum(axis=1, keepdims=True))[taken[:, teller]]
    return found


def _valid(
    diagram: Diagram, sales: Sales, configurations: NDArray[np.int16], origin: Whole
) -> NDArray[np.bool_]:
    """Which steps the rules allow to the customers of the sale that each starts from."""
    names = [diagram.components[c].name for c in sales.components.tolist()]
    modules = [diagram.components[c].names for c in sales.components.tolist()]
    found = [
        diagram.possible(
            {n: m[a] for n, m, a in zip(names, modules, one, strict=True)}, facts=sales.known(row)
        ).any()
        for one, row in zip(configurations.tolist(), origin.tolist(), strict=True)
    ]
    return np.array(found, np.bool_).reshape(len(configurations))

"""The gain ladder of one component: predicting the next choices of all customers, of a group, of one.

Each rung predicts the judged window from the windows before it, for customers seen before:

- *mass*: the shares of the population;
- *niche*: latent classes as many as BIC asks for, `max_groups` at most, mixed by the customer's weights.
  Repeated choices are weaker evidence of a group than a multinomial believes, so their log-likelihood is
  multiplied by a `temper`;
- *one to one*: the customer's own counts, shrunk towards the niche's or the mass's prediction by a `trust`
  in it.

Temper and trust are tuned on the inner window with models of the early one alone, never in sample (in sample
they trust the past too much: greeting cards and baby food turn negative), and used on models of both.

The log score judges what is predicted of a customer. A guess judges what the rung can *do*: mass has one
guess for all, niche one a group, one to one one a customer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.needs.classes import ClassData, fit_classes
from trato.differentiate.needs.shrinkage import shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.needs.classes import Classes

    Array = NDArray[np.float64]

MAX_GROUPS = 5
UNSEEN = 0.5
SEEDS = (0, 1, 2, 3)
TOLERANCE = 1e-7
TEMPERS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
# The infinite comes first, so that one to one leaves the niche only for something better.
TRUSTS = (float("inf"), *np.geomspace(1e4, 0.1, 41).tolist())


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts of one component's modules by customer, (n, M) in each of the three windows."""

    early: Array
    inner: Array
    judged: Array

    @property
    def past(self) -> Array:
        """What was chosen before the judged window; (n, M)."""
        return self.early + self.inner


@dataclass(frozen=True, slots=True)
class Groups:
    """The niche's model: K groups with their `shares` (K,) of customers and `profiles` (K, M) of modules.

    One group is the mass.
    """

    shares: Array
    profiles: Array

    def weights(self, counts: Array, temper: float) -> Array:
        """How much each customer belongs to each group, given counts (n, M); shape (n, K)."""
        joint = np.log(self.shares) + temper * (counts @ np.log(self.profiles).T)
        joint -= joint.max(axis=1, keepdims=True)
        weights = np.exp(joint)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the inner window chose. A temper of 0 stands for the mass in place of groups.

    `temper` serves the niche; `towards` is the temper of what one to one shrinks to, and `trust` how many
    choices that is worth against the customer's own; infinite is the group's prediction itself.
    """

    temper: float
    towards: float
    trust: float


@dataclass(frozen=True, slots=True)
class Rungs:
    """What each rung says of n customers: shares of modules `mass` (M,), `niche` and `one` (n, M).

    The niche treats a customer as one of `group` (n,), and `favoured` (K, M) is what share of a group's
    choices is expected to fall on each module, light choosers who hardly show their taste included. `grouped`
    says whether there are such groups, or whether they only picture habits.
    """

    mass: Array
    niche: Array
    one: Array
    group: NDArray[np.int64]
    favoured: Array
    tuning: Tuning
    grouped: bool

    @property
    def groups(self) -> int:
        """How many groups are treated differently."""
        return len(np.unique(self.favoured.argmax(axis=1)))

    def of(self, customers: NDArray[np.bool_]) -> Rungs:
        """The same for some of the customers."""
        return replace(
            self, niche=self.niche[customers], one=self.one[customers], group=self.group[customers]
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """What the rungs are worth on the judged choices: (3, n), in the order mass, niche, one to one.

    `nats` is the log score, `hits` the choices guessed right, `money` what these are worth.
    """

    nats: Array
    hits: Array
    money: Array


def mass_shares(counts: Array) -> Array:
    """The population's shares of modules (M,), half a choice added to each so that none is impossible."""
    total = counts.sum(axis=0) + UNSEEN
    return np.asarray(total / total.sum())


def find_groups(counts: Array, max_groups: int) -> Groups:
    """Latent classes of one component, their number by BIC with one allowed."""
    return _as_groups(_fit(counts, max_groups, habit=False), counts)


def are_grouped(counts: Array, plain: Classes, max_groups: int) -> bool:
    """Whether customers fall into groups of one taste, rather than each having a habit of their own.

    Both look alike to plain classes, which take every common habit for a group. So the best BIC decides
    among classes of one taste and classes within which customers scatter, whether it has more than one class.
    """
    if plain.classes == 1:
        return False
    scattered = _fit(counts, max_groups, habit=True)
    return min(plain, scattered, key=lambda classes: classes.bic).classes > 1


def _as_groups(found: Classes, counts: Array) -> Groups:
    if found.classes == 1:
        return Groups(np.ones(1), mass_shares(counts)[None])
    return Groups(np.maximum(found.shares, 1e-12), np.exp(found.log_profiles[0]))


def _fit(counts: Array, max_groups: int, *, habit: bool) -> Classes:
    rows, items = np.nonzero(counts)
    indptr = np.searchsorted(rows, np.arange(len(counts) + 1)).astype(np.int64)
    offsets = np.array([0, counts.shape[1]], np.int64)
    data = ClassData(offsets, indptr, items.astype(np.int64), counts[rows, items].astype(np.int64))
    return fit_classes(data, max_classes=max_groups, habit=habit, seeds=SEEDS, tolerance=TOLERANCE)


def tune(panel: Panel, max_groups: int) -> Tuning:
    """Temper and trust that predict best the inner choices of customers seen early."""
    mass = mass_shares(panel.early)
    groups = find_groups(panel.early, max_groups)
    row, module = np.nonzero(panel.inner * (panel.early.sum(axis=1, keepdims=True) > 0))
    times, own = panel.inner[row, module], panel.early[row, module]
    size = panel.early.sum(axis=1)[row]
    towards = {0.0: np.log(mass)[module]}
    if len(groups.shares) > 1:
        by_group = groups.profiles[:, module].T
        for temper in TEMPERS:
            weights = groups.weights(panel.early, temper)
            towards[temper] = np.log(np.einsum("ek,ek->e", weights[row], by_group))
    niche = max(towards, key=lambda temper: float(times @ towards[temper]))
    best, chosen = -np.inf, Tuning(niche, niche, float("inf"))
    for temper in sorted(towards, key=lambda temper: temper != niche):
        base = np.exp(towards[temper])
        for trust in TRUSTS:
            score = float(times @ np.log(shrunk(own, size, base, trust)))
            if score > best:
                best, chosen = score, Tuning(niche, temper, trust)
    return chosen


def climb(panel: Panel, *, max_groups: int = MAX_GROUPS) -> Rungs:
    """The three rungs, learnt from the early and the inner window, for every customer of the panel."""
    tuning = tune(panel, max_groups)
    past = panel.past
    mass = mass_shares(past)
    plain = _fit(past, max_groups, habit=False)
    groups = _as_groups(plain, past)

    def predicted(temper: float) -> Array:
        if temper == 0:
            return np.broadcast_to(mass, past.shape)
        return np.asarray(groups.weights(past, temper) @ groups.profiles)

    niche = predicted(tuning.temper)
    group = np.zeros(len(past), np.int64)
    if tuning.temper > 0:
        _, group = np.unique(groups.weights(past, tuning.temper).argmax(axis=1), return_inverse=True)
    return Rungs(
        mass=mass,
        niche=niche,
        one=shrunk(past, past.sum(axis=1, keepdims=True), predicted(tuning.towards), tuning.trust),
        group=group,
        favoured=_expected_of_groups(group, niche, past.sum(axis=1)),
        tuning=tuning,
        grouped=are_grouped(past, plain, max_groups),
    )


def _expected_of_groups(group: NDArray[np.int64], niche: Array, sizes: Array) -> Array:
    """What share of the choices of those treated as one group is expected of each module; shape (K, M)."""
    expected = np.zeros((int(group.max()) + 1, niche.shape[1]))
    np.add.at(expected, group, sizes[:, None] * niche)
    return np.asarray(expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-300))


def judge(rungs: Rungs, judged: Array, worth: Array) -> Scores:
    """Score the rungs on judged counts (n, M), a right guess of a module being worth `worth` (M,)."""
    everyone = np.arange(len(judged))
    guesses = (
        np.full(len(judged), rungs.mass.argmax()),
        rungs.favoured.argmax(axis=1)[rungs.group],
        rungs.one.argmax(axis=1),
    )
    hits = np.stack([judged[everyone, guess] for guess in guesses])
    money = np.stack([judged[everyone, guess] * worth[guess] for guess in guesses])
    nats = np.stack(
        [(judged * np.log(shares)).sum(axis=1) for shares in (rungs.mass, rungs.niche, rungs.one)]
    )
    return Scores(nats, hits, money)

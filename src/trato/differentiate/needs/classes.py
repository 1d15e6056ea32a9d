"""Latent classes over choices: customers of one class share a profile of modules in every component.

Within a class each component is a multinomial over its modules; a component in which a customer chose nothing
says nothing about them. With `habit`, a customer's own shares scatter around the profile of their class (a
Dirichlet- multinomial with one concentration a component): choosing the same thing again is then weaker
evidence of a class than choosing it once. Across components that tells needs from habits, which otherwise
look like ever more classes (docs/decisions/0006). Within one component the two are the same, and plain
classes group customers by their habits.

Sources: Dempster, Laird & Rubin (1977) for EM; Minka (2000), *Estimating a Dirichlet distribution*, for the
fixed points of the concentration; Varadhan & Roland (2008) for SQUAREM; Schwarz (1978) for BIC.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.needs.design import Design, Prior
from trato.differentiate.needs.expectation import EMPTY_SHARE, Parameters, climb, evaluate, step
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.differentiate.needs.choices import Choices

MAX_CLASSES = 12
SEEDS = (0, 1, 2, 3)
TOLERANCE = 1e-8
MAX_STEPS = 2_000
SHORT_STEPS = 6
# In tiny samples EM may creep for ever towards a maximum far worse than the chosen one: no harm is done.
CLOSE_BIC = 0.2
PATIENCE = 2
GIVEN_STEPS = 30


@dataclass(frozen=True, slots=True)
class ClassData:
    """Counts of modules by customer, as rows of a sparse matrix.

    `offsets` (c + 1,) bounds each component's modules among the items; `indptr` (n + 1,) bounds each
    customer's entries in `items` and `counts` (m,), which are sorted by item within a customer.
    """

    offsets: NDArray[np.int64]
    indptr: NDArray[np.int64]
    items: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def customers(self) -> int:
        """How many customers there are, those without a choice included."""
        return len(self.indptr) - 1


@dataclass(frozen=True, slots=True)
class Classes:
    """Fitted classes, the largest first.

    `shares` (K,); `log_profiles` has an array (K, modules) a component. `concentrations` (c,) is the habit of
    each component (small: customers differ a lot within their class), or None where habit is not modelled.
    `log_likelihood` is in nats over `customers` customers with a choice; `bic` is -2·LL plus, for every free
    parameter, the log of how many customers tell of it (those who chose in its component); smaller is better.
    `bic_by_classes` holds it for every number tried. `converged` says that the gain still to come was
    bounded below the tolerance, for the chosen number and for every other whose BIC comes within 0.2 of it,
    `capped` that BIC chose the largest number allowed.

    With habit a profile says what a customer's *first* choice in a component would be: each customer counts
    about once in it, however much they buy. `choice_shares` gives the shares of all choices instead.
    """

    shares: NDArray[np.float64]
    log_profiles: tuple[NDArray[np.float64], ...]
    concentrations: NDArray[np.float64] | None
    log_likelihood: float
    bic: float
    parameters: int
    customers: int
    steps: int
    converged: bool
    bic_by_classes: tuple[tuple[int, float], ...]
    capped: bool

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.shares)


def class_data(choices: Choices, *, component: int | None = None) -> ClassData:
    """The counts of every customer (all windows given added up), of one component or of all.

    Every customer of `choices` has a row, so rows line up with `choices.customers`.
    """
    offsets = choices.offsets
    item, who, count = choices.item, choices.customer, choices.count
    if component is not None:
        inside = choices.component == component
        item, who, count = item[inside] - offsets[component], who[inside], count[inside]
        offsets = np.array([0, len(choices.modules[component])], np.int64)
    breadth = max(int(offsets[-1]), 1)
    entries, position = np.unique(who.astype(np.int64) * breadth + item, return_inverse=True)
    total = np.zeros(len(entries), np.int64)
    np.add.at(total, position, count)
    indptr = np.searchsorted(entries // breadth, np.arange(len(choices.customers) + 1)).astype(np.int64)
    return ClassData(offsets, indptr, entries % breadth, total)


def fit_classes(
    problem: ClassData,
    *,
    max_classes: int = MAX_CLASSES,
    min_classes: int = 1,
    habit: bool = False,
    seeds: Sequence[int] = SEEDS,
    tolerance: float = TOLERANCE,
    max_steps: int = MAX_STEPS,
) -> Classes:
    """Classes by EM, as many as BIC asks for, one class allowed.

    Starting from `min_classes`, the number grows until BIC has failed to improve twice in a row or
    `max_classes` is reached. Each number is tried from every seed for a few steps, and from the fit with one
    class fewer; the best start is followed until the objective still to be gained is bounded below
    `tolerance` times its size. A Dirichlet prior worth twenty choices, spread as the population chooses,
    keeps every module possible in every class.

    Raises NotEnoughData when nobody chose anything.
    """
    if not problem.counts.any():
        raise NotEnoughData(
            "no customer has chosen anything", hint="needs are learned from at least one choice"
        )
    design = Design.of(problem.offsets, problem.indptr, problem.items, problem.counts, habit=habit)
    prior = Prior.of(design)
    best: tuple[float, Parameters, float, int] | None = None
    tried: list[tuple[int, float]] = []
    previous: Parameters | None = None
    number, worse, unproven = min_classes, 0, float("inf")
    while number <= max_classes and worse < PATIENCE:
        reached, steps, converged = _best_start(design, prior, number, previous, seeds, tolerance, max_steps)
        likelihood = evaluate(design, prior, reached).log_likelihood
        bic = -2 * likelihood + design.penalty(number)
        unproven = unproven if converged else min(unproven, bic)
        tried.append((number, bic))
        if best is None or bic < best[0]:
            best, worse = (bic, reached, likelihood, steps), 0
        else:
            worse += 1
        previous = reached
        number += 1
        if design.active < number:
            break
    if best is None:
        raise ValueError("min_classes must not exceed max_classes, nor the customers with a choice")
    bic, reached, likelihood, steps = best
    reached = _in_stable_order(reached)
    chosen = reached.log_shares.shape[0]
    return Classes(
        shares=np.exp(reached.log_shares),
        log_profiles=tuple(reached.log_profiles[:, a:b] for a, b in pairwise(design.offsets)),
        concentrations=np.exp(reached.log_concentrations) if habit else None,
        log_likelihood=likelihood,
        bic=bic,
        parameters=design.parameters(chosen),
        customers=design.active,
        steps=steps,
        converged=unproven > bic + CLOSE_BIC,
        bic_by_classes=tuple(tried),
        capped=chosen == max_classes and chosen > 1,
    )


def class_weights(classes: Classes, data: ClassData) -> NDArray[np.float64]:
    """Each customer's weights over the classes, rows summing to one; shape (n, K).

    A customer without a choice has the weights of the population, `classes.shares`.
    """
    concentrations = classes.concentrations
    habit = concentrations is not None
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=habit)
    if concentrations is None:
        concentrations = np.ones(len(data.offsets) - 1)
    fitted = Parameters(
        np.log(np.maximum(classes.shares, EMPTY_SHARE)),
        np.hstack(classes.log_profiles),
        np.log(concentrations),
    )
    return evaluate(design, Prior.of(design), fitted).responsibilities


def choice_shares(weights: NDArray[np.float64], data: ClassData) -> NDArray[np.float64]:
    """What share of each component's choices falls on each module, class by class; shape (K, v).

    The v modules are those of all components. Each customer's choices count in each class by their weight
    there, on top of twenty choices of the population. These are the shares to tell people, and to predict a
    random *choice* of a class with.
    """
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=False)
    prior = Prior.of(design)
    return np.asarray(np.exp(step(design, prior, Parameters.flat(design, prior, 1), weights).log_profiles))


def profiles_given(
    weights: NDArray[np.float64], data: ClassData
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.float64]]:
    """What customers of each class choose, given everybody's weights over classes (n, K), which stay.

    An array of log-profiles (K, modules) a component, and the habit of each (c,), as `fit_classes` has them.
    The M step is repeated, because with habit a single one leads only part of the way.
    """
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=True)
    prior = Prior.of(design)
    at = Parameters.flat(design, prior, weights.shape[1])
    for _ in range(GIVEN_STEPS):
        at = step(design, prior, at, weights)
    return tuple(at.log_profiles[:, a:b] for a, b in pairwise(design.offsets)), np.exp(at.log_concentrations)


def _best_start(
    design: Design,
    prior: Prior,
    number: int,
    previous: Parameters | None,
    seeds: Sequence[int],
    tolerance: float,
    max_steps: int,
) -> tuple[Parameters, int, bool]:
    starts = [_scattered(design, prior, number, np.random.default_rng(seed)) for seed in seeds]
    if number == 1:
        starts = starts[:1]
    elif previous is not None and previous.log_shares.shape[0] == number - 1:
        starts.append(_split(design, prior, previous))
    if len(starts) > 1:
        short = [climb(design, prior, start, tolerance=0.0, max_steps=SHORT_STEPS) for start in starts]
        starts = [max(short, key=lambda way: way.objective).parameters]
    reached = climb(design, prior, starts[0], tolerance=tolerance, max_steps=max_steps)
    return reached.parameters, reached.steps, reached.converged


def _scattered(design: Design, prior: Prior, number: int, rng: np.random.Generator) -> Parameters:
    """Profiles around customers drawn far from each other, as k-means++ draws its centres."""
    centres: list[NDArray[np.float64]] = []
    unexplained = design.totals.astype(np.float64)
    own = design.own_log_likelihood(prior)
    explained = np.full(design.customers, -np.inf)
    gains: list[NDArray[np.float64]] = []
    while len(centres) < number:
        mass = unexplained.sum()
        chosen = (
            rng.choice(design.customers, p=unexplained / mass) if mass > 0 else rng.integers(design.customers)
        )
        centres.append(design.profile_around(int(chosen), prior))
        gains.append(design.multinomial(centres[-1]))
        explained = np.maximum(explained, gains[-1])
        unexplained = np.maximum(own - explained, 0.0)
    scores = np.stack(gains, axis=1) / np.sqrt(np.maximum(design.totals, 1))[:, None]
    scores -= scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=1, keepdims=True)
    return step(design, prior, Parameters.flat(design, prior, number), weights)


def _split(design: Design, prior: Prior, previous: Parameters) -> Parameters:
    """One class more: the customers worst explained by the classes so far leave for a class of their own."""
    seen = evaluate(design, prior, previous)
    doubt = (design.own_log_likelihood(prior) - design.best_multinomial(previous.log_profiles)) / np.maximum(
        design.totals, 1
    )
    doubt[design.totals == 0] = -np.inf
    leaving = np.argsort(-doubt, kind="stable")[: max(1, design.active // (previous.log_shares.shape[0] + 1))]
    weights = np.hstack((seen.responsibilities, np.zeros((design.customers, 1))))
    weights[leaving] *= 0.2
    weights[leaving, -1] = 0.8
    return step(design, prior, Parameters.flat(design, prior, weights.shape[1]), weights)


def _in_stable_order(found: Parameters) -> Parameters:
    profiles = [tuple(row) for row in np.round(found.log_profiles, 9)]
    order = sorted(range(len(profiles)), key=lambda k: (-round(float(found.log_shares[k]), 9), profiles[k]))
    return Parameters(found.log_shares[order], found.log_profiles[order], found.log_concentrations)

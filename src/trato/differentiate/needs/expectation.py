"""The EM kernel of the latent classes: one step, and the climb to a proven maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.differentiate.needs.design import Design, Prior

    Array = NDArray[np.float64]

PRIOR_STRENGTH = 20.0
EMPTY_SHARE = 1e-12
# Where customers are alike, or few, the likelihood rises for ever with the concentration: the log of each
# has a normal prior around the first guess, so that there is a top to reach.
FIRST_CONCENTRATION = 10.0
CONCENTRATION_SPREAD = 2.0
NEWTON_STEPS = 8
CONCENTRATION_BOUNDS = (1e-2, 1e5)
LARGEST_STRIDE = 64.0
STILL = 1e-10


@dataclass(frozen=True, slots=True)
class Parameters:
    """What EM moves, in logs: shares (K,), profiles (K, v), concentrations (c,)."""

    log_shares: Array
    log_profiles: Array
    log_concentrations: Array

    @classmethod
    def flat(cls, design: Design, prior: Prior, number: int) -> Parameters:
        """All classes alike."""
        return cls(
            np.full(number, -np.log(number)),
            np.tile(np.log(prior.population), (number, 1)),
            np.full(len(design.offsets) - 1, np.log(FIRST_CONCENTRATION)),
        )

    def flattened(self) -> Array:
        """All logs in one vector."""
        return np.concatenate((self.log_shares, self.log_profiles.ravel(), self.log_concentrations))

    def with_values(self, vector: Array, design: Design) -> Parameters:
        """The parameters nearest to a vector of logs: shares and profiles made to sum to one again."""
        number, breadth = self.log_profiles.shape
        shares, profiles, concentrations = np.split(vector, [number, number + number * breadth])
        profiles = profiles.reshape(number, breadth)
        highest = np.maximum.reduceat(profiles, design.offsets[:-1], axis=1)[:, design.component_of_item]
        mass = design.per_component(np.exp(profiles - highest))[:, design.component_of_item]
        low, high = np.log(CONCENTRATION_BOUNDS)
        return Parameters(
            shares - np.logaddexp.reduce(shares),
            profiles - highest - np.log(mass),
            np.clip(concentrations, low, high),
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What parameters say: weights (n, K), log-likelihood, and the objective (with the prior), in nats."""

    responsibilities: Array
    log_likelihood: float
    objective: float


@dataclass(frozen=True, slots=True)
class Climb:
    """Where EM ended, and whether the gain still to come was bounded below the tolerance."""

    parameters: Parameters
    objective: float
    steps: int
    converged: bool


def evaluate(design: Design, prior: Prior, at: Parameters) -> Evaluation:
    """The E step."""
    joint = at.log_shares + np.asarray(design.pairs @ _pair_log_likelihood(design, at).T)
    highest = joint.max(axis=1)
    raised = np.exp(joint - highest[:, None])  # four times as fast as logaddexp.reduce
    mass = raised.sum(axis=1)
    likelihood = float((highest + np.log(mass)).sum()) - _size_term(design, at)
    belief = PRIOR_STRENGTH * float((at.log_profiles @ prior.population).sum())
    if design.habit:
        aside = (at.log_concentrations - np.log(FIRST_CONCENTRATION)) / CONCENTRATION_SPREAD
        belief -= float((aside**2).sum()) / 2
    return Evaluation(raised / mass[:, None], likelihood, likelihood + belief)


def step(design: Design, prior: Prior, at: Parameters, responsibilities: Array) -> Parameters:
    """The M step: from weights (n, K) to parameters; `at` matters only with habit."""
    held = np.asarray(design.pairs_by_pair @ responsibilities).T  # (K, U)
    drawn = held * _fresh_draws(design, at)
    by_item = _sum_pairs(design, drawn) + PRIOR_STRENGTH * prior.population
    mass = design.per_component(by_item)
    active = responsibilities[design.totals > 0]
    shares = active.sum(axis=0) + EMPTY_SHARE
    concentrations = at.log_concentrations
    if design.habit:
        fresh = (mass - PRIOR_STRENGTH).sum(axis=0)
        concentrations = _next_concentrations(design, concentrations, fresh)
    return Parameters(
        np.log(shares / shares.sum()), np.log(by_item / mass[:, design.component_of_item]), concentrations
    )


def climb(design: Design, prior: Prior, start: Parameters, *, tolerance: float, max_steps: int) -> Climb:
    """EM from `start`, lengthened by SQUAREM where that does not lower the objective.

    It ends when a plain step gains less than `tolerance` times the objective's size, and so does the sum of
    all later steps: they shrink by the square of the ratio of two successive moves (Aitken's bound).
    """
    at, steps, stride = start, 0, 4.0
    now = evaluate(design, prior, at)
    while steps < max_steps:
        first = step(design, prior, at, now.responsibilities)
        after = evaluate(design, prior, first)
        second = step(design, prior, first, after.responsibilities)
        steps += 2
        origin, middle, end = at.flattened(), first.flattened(), second.flattened()
        move, bend = middle - origin, (end - middle) - (middle - origin)
        length, turn = float(np.linalg.norm(move)), float(np.linalg.norm(bend))
        ratio = float(np.linalg.norm(end - middle)) / length if length > STILL else 0.0
        gain = after.objective - now.objective
        allowed = tolerance * (abs(after.objective) + 1.0)
        if gain <= allowed and ratio < 1 and gain * ratio**2 / (1 - ratio**2) <= allowed:
            return Climb(first, after.objective, steps, converged=True)
        reach = min(length / turn, stride) if turn > 0 else 1.0
        if reach > 1:
            leapt = second.with_values(origin + 2 * reach * move + reach**2 * bend, design)
            there = evaluate(design, prior, leapt)
            if there.objective >= after.objective:
                if reach == stride:
                    stride = min(4 * stride, LARGEST_STRIDE)
                at, now = leapt, there
                continue
            stride = max(stride / 2, 2.0)
        at, now = second, evaluate(design, prior, second)
    return Climb(at, now.objective, steps, converged=False)


def _pair_log_likelihood(design: Design, at: Parameters) -> Array:
    """(K, U): a pair's log-likelihood under each class, up to what all classes share."""
    profiles = at.log_profiles[:, design.item_of_pair]
    if not design.habit:
        return profiles
    from scipy.special import gammaln

    strength = np.exp(profiles + at.log_concentrations[design.component_of_item[design.item_of_pair]])
    return np.asarray(gammaln(strength + design.count_of_pair) - gammaln(strength))


def _fresh_draws(design: Design, at: Parameters) -> Array:
    """(K, U): how many of a pair's choices come from the class's profile rather than from habit."""
    if not design.habit:
        return np.ones((1, 1))
    from scipy.special import digamma

    strength = np.exp(
        at.log_profiles[:, design.item_of_pair]
        + at.log_concentrations[design.component_of_item[design.item_of_pair]]
    )
    return np.asarray(strength * (digamma(strength + design.count_of_pair) - digamma(strength)))


def _sum_pairs(design: Design, values: Array) -> Array:
    """(K, U) to (K, v)."""
    running = np.concatenate((np.zeros((len(values), 1)), np.cumsum(values, axis=1)), axis=1)
    ends = np.append(design.first_pair[1:], values.shape[1])
    return np.maximum(running[:, ends] - running[:, design.first_pair], 0.0)


def _size_term(design: Design, at: Parameters) -> float:
    """What the numbers of choices take from the log-likelihood under habit; the same for all classes."""
    if not design.habit:
        return 0.0
    from scipy.special import gammaln

    strength = np.exp(at.log_concentrations)[design.size_component]
    terms = gammaln(strength + design.component_sizes) - gammaln(strength)
    return float(design.size_frequency @ terms)


def _next_concentrations(design: Design, log_concentrations: Array, fresh: Array) -> Array:
    """Minka's fixed point under the prior: where expected fresh draws are those the concentration brings."""
    from scipy.special import digamma

    strength = np.exp(log_concentrations)[design.size_component]
    each = design.size_frequency * (digamma(strength + design.component_sizes) - digamma(strength))
    expected = np.bincount(design.size_component, each, len(log_concentrations))
    low, high = np.log(CONCENTRATION_BOUNDS)
    centre, precision = np.log(FIRST_CONCENTRATION), 1 / CONCENTRATION_SPREAD**2
    found = np.clip(np.log(np.maximum(fresh, 1e-9) / np.maximum(expected, 1e-9)), low, high)
    for _ in range(NEWTON_STEPS):
        slope = fresh - expected * np.exp(found) - precision * (found - centre)
        found = np.clip(found + slope / (expected * np.exp(found) + precision), low, high)
    return np.asarray(found)

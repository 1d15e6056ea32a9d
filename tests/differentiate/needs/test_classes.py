"""Latent classes against slow and obvious oracles, and against what was planted."""

from __future__ import annotations

from itertools import product
from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.differentiate.needs.planted import contrasting_profiles, planted_choices
from trato.differentiate.needs.choices import collect
from trato.differentiate.needs.classes import (
    ClassData,
    Classes,
    choice_shares,
    class_data,
    class_weights,
    fit_classes,
)
from trato.differentiate.needs.design import Design, Prior
from trato.differentiate.needs.expectation import PRIOR_STRENGTH, Parameters, climb, evaluate, step
from trato.errors import NotEnoughData


def dense(data: ClassData) -> np.ndarray:
    table = np.zeros((data.customers, int(data.offsets[-1])))
    for customer in range(data.customers):
        row = slice(data.indptr[customer], data.indptr[customer + 1])
        table[customer, data.items[row]] = data.counts[row]
    return table


def plain_log_likelihood(data: ClassData, classes: Classes) -> float:
    """Customer by customer, component by component, with nothing but math.lgamma."""
    total = 0.0
    for counts in dense(data):
        if not counts.any():
            continue
        evidence = 0.0
        for k, share in enumerate(classes.shares):
            logs = 0.0
            for c, (a, b) in enumerate(zip(data.offsets, data.offsets[1:], strict=False)):
                profile = np.exp(classes.log_profiles[c][k])
                if classes.concentrations is None:
                    logs += float(counts[a:b] @ np.log(profile))
                else:
                    strength = classes.concentrations[c]
                    logs += lgamma(strength) - lgamma(strength + counts[a:b].sum())
                    logs += sum(
                        lgamma(strength * p + n) - lgamma(strength * p)
                        for p, n in zip(profile, counts[a:b], strict=True)
                    )
            evidence += share * exp(logs)
        total += log(evidence)
    return total


def obvious_em(data: ClassData, start: np.ndarray, steps: int) -> float:
    """Textbook EM for a mixture of multinomials under the same prior; returns the objective it reaches."""
    counts = dense(data)
    spans = list(zip(data.offsets, data.offsets[1:], strict=False))
    raised = counts.sum(0) + 0.5
    population = np.concatenate([raised[a:b] / raised[a:b].sum() for a, b in spans])
    weights = start
    for _ in range(steps):
        shares = np.maximum(weights.mean(0), 1e-12)
        by_item = weights.T @ counts + PRIOR_STRENGTH * population
        profiles = np.hstack([by_item[:, a:b] / by_item[:, a:b].sum(1, keepdims=True) for a, b in spans])
        joint = np.log(shares) + counts @ np.log(profiles).T
        evidence = np.logaddexp.reduce(joint, axis=1)
        weights = np.exp(joint - evidence[:, None])
    return float(evidence.sum() + PRIOR_STRENGTH * (np.log(profiles) @ population).sum())


def small_problem(seed: int, concentration: float = np.inf) -> ClassData:
    choices, _ = planted_choices(
        np.random.default_rng(seed),
        customers=60,
        profiles=contrasting_profiles(2, 3, 4),
        shares=np.array([0.6, 0.4]),
        mean_choices=3.0,
        concentration=concentration,
    )
    return class_data(choices)


@pytest.mark.parametrize("habit", [False, True])
def test_the_likelihood_is_the_plain_one(habit: bool) -> None:
    data = small_problem(1, concentration=2.0)
    classes = fit_classes(data, min_classes=2, max_classes=2, habit=habit)
    assert classes.log_likelihood == pytest.approx(plain_log_likelihood(data, classes), abs=1e-8)


def test_habit_is_an_urn_that_returns_two_balls_for_one() -> None:
    """Drawing each choice from own past choices and the profile, one by one, gives the same likelihood."""
    data = small_problem(2, concentration=2.0)
    classes = fit_classes(data, min_classes=1, max_classes=1, habit=True)
    assert classes.concentrations is not None
    total = 0.0
    for counts in dense(data):
        for c, (a, b) in enumerate(zip(data.offsets, data.offsets[1:], strict=False)):
            profile, own = np.exp(classes.log_profiles[c][0]), np.zeros(b - a)
            for module, times in enumerate(counts[a:b]):
                for _ in range(int(times)):
                    strength = classes.concentrations[c]
                    total += log((own[module] + strength * profile[module]) / (own.sum() + strength))
                    own[module] += 1
    assert classes.log_likelihood == pytest.approx(total, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_climb_ends_where_obvious_em_ends(seed: int) -> None:
    data = small_problem(seed)
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=False)
    prior = Prior.of(design)
    weights = np.random.default_rng(seed).dirichlet([1.0, 1.0], size=data.customers)
    start = step(design, prior, Parameters.flat(design, prior, 2), weights)
    reached = climb(design, prior, start, tolerance=1e-12, max_steps=20_000)
    assert reached.converged
    slow = obvious_em(data, weights, 5_000)
    assert reached.objective >= slow - 1e-6  # leaps may find a higher hill, never a lower place on the same


@pytest.mark.parametrize("habit", [False, True])
def test_no_direction_leads_upwards_from_the_end(habit: bool) -> None:
    data = small_problem(3, concentration=3.0)
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=habit)
    prior = Prior.of(design)
    start = step(
        design,
        prior,
        Parameters.flat(design, prior, 2),
        np.random.default_rng(0).dirichlet([1.0, 1.0], size=data.customers),
    )
    end = climb(design, prior, start, tolerance=1e-13, max_steps=50_000).parameters
    height = evaluate(design, prior, end).objective
    vector, nudge = end.flattened(), 1e-4
    for place, sign in product(range(len(vector)), (-1, 1)):
        moved = vector.copy()
        moved[place] += sign * nudge
        slope = (evaluate(design, prior, end.with_values(moved, design)).objective - height) / nudge
        assert slope < 2e-2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 4))
def test_every_step_of_em_climbs(seed: int, habit: bool, number: int) -> None:
    rng = np.random.default_rng(seed)
    data = small_problem(seed % 1000, concentration=1.0)
    design = Design.of(data.offsets, data.indptr, data.items, data.counts, habit=habit)
    prior = Prior.of(design)
    at = step(
        design,
        prior,
        Parameters.flat(design, prior, number),
        rng.dirichlet(np.ones(number), size=data.customers),
    )
    now = evaluate(design, prior, at)
    for _ in range(8):
        at = step(design, prior, at, now.responsibilities)
        after = evaluate(design, prior, at)
        assert after.objective >= now.objective - 1e-7 * abs(now.objective)
        now = after


@pytest.mark.parametrize("concentration", [np.inf, 4.0])
@pytest.mark.parametrize("planted", [2, 3])
def test_planted_classes_are_found(planted: int, concentration: float) -> None:
    shares = np.array([0.5, 0.3, 0.2])[:planted]
    choices, own = planted_choices(
        np.random.default_rng(planted),
        customers=400,
        profiles=contrasting_profiles(planted, 4, 5),
        shares=shares / shares.sum(),
        concentration=concentration,
    )
    data = class_data(choices)
    classes = fit_classes(data, habit=True)
    assert classes.classes == planted
    assert classes.converged
    assert (np.diff(classes.shares) <= 0).all()
    likeliest = class_weights(classes, data).argmax(axis=1)
    assert np.mean(likeliest == own) > 0.95


def test_identical_customers_are_one_class() -> None:
    """In at most one of thirty simulated companies may BIC see classes where there are none."""
    false_alarms = 0
    for seed in range(30):
        choices, _ = planted_choices(
            np.random.default_rng(1000 + seed),
            customers=200,
            profiles=np.random.default_rng(seed).dirichlet(np.ones(5), size=(1, 3)),
            shares=np.ones(1),
            concentration=np.inf if seed % 2 else 3.0,
        )
        false_alarms += fit_classes(class_data(choices), seeds=(0,), habit=True).classes > 1
    assert false_alarms <= 1


def test_without_habit_habit_looks_like_classes() -> None:
    choices, _ = planted_choices(
        np.random.default_rng(7),
        customers=300,
        profiles=np.full((1, 2, 5), 0.2),
        shares=np.ones(1),
        mean_choices=20,
        concentration=2.0,
    )
    data = class_data(choices)
    assert fit_classes(data, habit=True).classes == 1
    assert fit_classes(data).classes > 3


def test_fits_are_reproducible_bit_for_bit() -> None:
    data = small_problem(5)
    one, other = (
        fit_classes(data, min_classes=3, max_classes=3),
        fit_classes(data, min_classes=3, max_classes=3),
    )
    assert np.array_equal(one.shares, other.shares)
    assert all(map(np.array_equal, one.log_profiles, other.log_profiles))


def test_missing_components_say_nothing() -> None:
    """A customer who chose in one component only has the weights that this component alone gives."""
    data = small_problem(6)
    classes = fit_classes(data, min_classes=2, max_classes=2, habit=True)
    lone = ClassData(data.offsets, np.array([0, 1, 1]), np.array([0]), np.array([3]))
    weights = class_weights(classes, lone)
    assert weights[1] == pytest.approx(classes.shares, abs=1e-12)
    assert classes.concentrations is not None
    strength = classes.concentrations[0] * np.exp(classes.log_profiles[0][:, 0])
    expected = classes.shares * strength * (strength + 1) * (strength + 2)
    assert weights[0] == pytest.approx(expected / expected.sum(), abs=1e-12)


def test_every_module_stays_possible_in_every_class() -> None:
    classes = fit_classes(small_problem(8))
    assert all((profile > -50).all() for profile in classes.log_profiles)
    assert all(np.allclose(np.exp(profile).sum(axis=1), 1) for profile in classes.log_profiles)


def test_choice_shares_are_the_plain_shares_of_one_class() -> None:
    data = small_problem(9)
    shares = choice_shares(np.ones((data.customers, 1)), data)[0]
    counts = dense(data).sum(axis=0)
    for a, b in zip(data.offsets, data.offsets[1:], strict=False):
        assert shares[a:b] == pytest.approx(counts[a:b] / counts[a:b].sum(), abs=0.01)


def test_one_customer_and_one_module_are_enough() -> None:
    classes = fit_classes(class_data(collect(["ann"], ["fuel"], ["super"])))
    assert (classes.classes, classes.converged, classes.parameters) == (1, True, 0)
    assert np.exp(classes.log_profiles[0][0, 0]) == pytest.approx(1)


def test_no_choice_at_all_is_too_little() -> None:
    with pytest.raises(NotEnoughData):
        fit_classes(class_data(collect([], [], [])))

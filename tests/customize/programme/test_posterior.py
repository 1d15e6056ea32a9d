"""The belief about effects: the textbook's regression, in any order, to the bit on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.customize.programme.posterior import (
    Posterior,
    carried,
    forgetting,
    learnt,
    noise_seen,
    posterior_from_document,
    prior,
    to_document,
    updated,
)

SEEDS = st.integers(0, 2**32 - 1)


def textbook(
    start: Posterior, features: np.ndarray, outcomes: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance by dense inverses."""
    precision = np.linalg.inv(start.covariance)
    after = precision + (features.T * weights) @ features / start.noise
    covariance = np.linalg.inv(after)
    mean = covariance @ (precision @ start.mean + features.T @ (weights * outcomes) / start.noise)
    return mean, covariance


def data(seed: int, n: int, size: int) -> tuple[Posterior, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    start = prior(rng.uniform(0.2, 2, size), rng.normal(size=size), noise=float(rng.uniform(0.1, 3)))
    features = rng.normal(size=(n, size)) * (rng.random((n, size)) < 0.7)
    return start, features, rng.normal(size=n) * 2, rng.uniform(0, 2, n) * (rng.random(n) < 0.8)


@given(SEEDS, st.integers(1, 40), st.integers(1, 12))
def test_learning_is_the_textbooks_regression(seed: int, n: int, size: int) -> None:
    start, features, outcomes, weights = data(seed, n, size)
    found = updated(start, features, outcomes, weights)
    mean, covariance = textbook(start, features, outcomes, weights)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(found.root, np.tril(found.root))
    assert found.evidence == np.count_nonzero(weights)


@given(SEEDS, st.integers(1, 10), st.integers(1, 6))
def test_one_after_another_is_all_at_once_bit_for_bit(seed: int, n: int, size: int) -> None:
    start, features, outcomes, _ = data(seed, n, size)
    together = updated(start, features, outcomes)
    one_by_one = start
    for row, outcome in zip(features, outcomes, strict=True):
        one_by_one = updated(one_by_one, row, outcome)
    assert to_document(together) == to_document(one_by_one)


@given(SEEDS, st.integers(2, 20), st.integers(1, 6))
def test_the_order_of_outcomes_does_not_matter(seed: int, n: int, size: int) -> None:
    start, features, outcomes, weights = data(seed, n, size)
    one = updated(start, features, outcomes, weights)
    other = updated(start, features[::-1], outcomes[::-1], weights[::-1])
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-8, atol=1e-10)


@given(SEEDS, st.integers(1, 6))
def test_an_outcome_of_weight_two_counts_like_two(seed: int, size: int) -> None:
    start, features, outcomes, _ = data(seed, 3, size)
    once = updated(start, features, outcomes, np.full(3, 2.0))
    twice = updated(start, np.repeat(features, 2, axis=0), np.repeat(outcomes, 2))
    np.testing.assert_allclose(once.mean, twice.mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(once.covariance, twice.covariance, rtol=1e-8, atol=1e-12)


def test_the_root_stays_sound_where_a_dense_covariance_would_not() -> None:
    """A hundred thousand nearly equal outcomes, almost without noise."""
    rng = np.random.default_rng(3)
    features = np.ones((100_000, 5)) + 1e-7 * rng.normal(size=(100_000, 5))
    found = updated(prior(np.full(5, 1e3), noise=1e-8), features, features.sum(axis=1))
    assert np.all(np.diag(found.root) >= 0)
    assert np.isfinite(found.root).all()
    assert float(np.ones(5) @ found.mean) == pytest.approx(5, abs=1e-6)


def test_a_coefficient_known_for_certain_is_not_moved() -> None:
    found = updated(prior([0.0, 1.0], [3.0, 0.0], noise=1.0), [[1.0, 1.0]] * 50, [5.0] * 50)
    assert found.mean[0] == 3.0
    assert found.mean[1] == pytest.approx(2, abs=0.1)
    assert found.covariance[0, 0] == 0


def test_surprises_are_standard_normals_where_the_model_holds() -> None:
    rng = np.random.default_rng(5)
    start = prior(np.ones(4), noise=2.0)
    collected = []
    for _ in range(300):
        truth = rng.normal(size=4)
        features = rng.normal(size=(20, 4))
        outcomes = features @ truth + np.sqrt(2.0) * rng.normal(size=20)
        collected.append(learnt(start, features, outcomes)[1])
    z = np.concatenate(collected)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 4 / np.sqrt(z.size)
    assert noise_seen(2.0, z * 1.5) == pytest.approx(4.5, rel=0.06)


@given(SEEDS, st.integers(1, 8), st.floats(0.0, 1.0))
def test_forgetting_mixes_precisions(seed: int, size: int, rate: float) -> None:
    start, features, outcomes, weights = data(seed, 15, size)
    p = updated(start, features, outcomes, weights)
    found = forgetting(p, start, rate)
    old, new = np.linalg.inv(p.covariance), np.linalg.inv(start.covariance)
    mixed = (1 - rate) * old + rate * new
    aim = (1 - rate) * old @ p.mean + rate * new @ start.mean
    np.testing.assert_allclose(np.linalg.inv(found.covariance), mixed, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.mean, np.linalg.solve(mixed, aim), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(found.root, np.tril(found.root))
    assert (found.noise, found.evidence) == (p.noise, p.evidence)


def test_forgetting_nothing_or_all_and_what_is_certain() -> None:
    start = prior([0.0, 1.0, 2.0], [7.0, 0.0, 0.0], noise=1.0)
    p = updated(start, np.eye(3), [1.0, 2.0, 3.0])
    assert forgetting(p, start, 0.0) is p
    everything = forgetting(p, start, 1.0)
    np.testing.assert_allclose(everything.covariance, start.covariance, atol=1e-12)
    np.testing.assert_allclose(everything.mean, start.mean, atol=1e-12)


@given(SEEDS, st.integers(1, 8), st.integers(1, 8))
def test_what_was_learnt_is_carried_to_other_coefficients(seed: int, size: int, other: int) -> None:
    start, features, outcomes, weights = data(seed, 12, size)
    p = updated(start, features, outcomes, weights)
    rng = np.random.default_rng(seed)
    places = np.array([place if place < size else -1 for place in rng.permutation(size + other)[:other]])
    new = prior(np.full(other, 0.7), rng.normal(size=other), noise=9.0)
    found = carried(p, new, places)
    for a in range(other):
        expected = p.mean[places[a]] if places[a] >= 0 else new.mean[a]
        assert found.mean[a] == expected
        for b in range(other):
            if places[a] >= 0 and places[b] >= 0:
                covariance = p.covariance[places[a], places[b]]
            else:
                covariance = 0.49 if a == b else 0.0
            assert found.covariance[a, b] == pytest.approx(covariance, abs=1e-12)
    assert (found.noise, found.evidence) == (p.noise, p.evidence)
    np.testing.assert_array_equal(found.root, np.tril(found.root))
    assert np.all(np.diag(found.root) >= 0)


def test_a_place_that_is_none_is_refused() -> None:
    p = prior([1.0, 1.0], noise=1.0)
    for places in ([0, 0], [0, 2], [0]):
        with pytest.raises(ValueError, match="place"):
            carried(p, p, places)


@given(SEEDS, st.integers(1, 8))
@settings(max_examples=30)
def test_a_document_keeps_every_bit_and_names_it(seed: int, size: int) -> None:
    start, features, outcomes, weights = data(seed, 9, size)
    p = updated(start, features, outcomes, weights)
    again = posterior_from_document(json.loads(json.dumps(to_document(p))))
    assert again.mean.tobytes() == p.mean.tobytes()
    assert again.root.tobytes() == p.root.tobytes()
    assert (again.noise, again.evidence, again.version) == (p.noise, p.evidence, p.version)
    assert len(p.version) == 32
    moved = Posterior(np.nextafter(p.mean, np.inf), p.root, p.noise, p.evidence)
    assert moved.version != p.version


def test_a_document_of_another_size_is_refused() -> None:
    document = to_document(prior([1.0, 1.0], noise=1.0))
    with pytest.raises(ValueError, match="size"):
        posterior_from_document({**document, "size": 3})
    with pytest.raises(ValueError, match="root"):
        posterior_from_document({name: value for name, value in document.items() if name != "root"})


@pytest.mark.parametrize(
    ("features", "outcomes", "weights"),
    [
        ([[1.0, np.nan]], [1.0], None),
        ([[1.0, 2.0]], [np.inf], None),
        ([[1.0, 2.0]], [1.0], [-1.0]),
        ([[1.0, 2.0]], [1.0], [np.nan]),
        ([[1.0]], [1.0], None),
    ],
)
def test_what_cannot_be_learnt_is_refused(features: object, outcomes: object, weights: object) -> None:
    with pytest.raises(ValueError, match=r"finite|do not fit"):
        updated(prior([1.0, 1.0], noise=1.0), features, outcomes, weights)  # type: ignore[arg-type]  # lists


@pytest.mark.parametrize(("scale", "noise"), [([-1.0], 1.0), ([1.0], 0.0), ([np.nan], 1.0), ([1.0], np.inf)])
def test_a_prior_that_is_none_is_refused(scale: list[float], noise: float) -> None:
    with pytest.raises(ValueError, match=r"scales|noise"):
        prior(scale, noise=noise)

"""The policy's vector: exact integers, the same bits each time, and what the formula says."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from trato.customize.programme.features import Layout, phi
from trato.customize.programme.kernels import BLOCKS, PAIRS, normals, philox
from trato.customize.programme.quantiles import SIZE, density, normal_table
from trato.customize.programme.vector import DRAWS, WHOLE, Drawn, chosen, vector, vectors

SEEDS = st.integers(0, 2**64 - 1)
SHARES = st.integers(0, WHOLE)

Problem = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def belief(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    root = np.tril(rng.normal(size=(size, size)) / np.sqrt(size))
    return rng.normal(size=size).astype(np.float32), root.astype(np.float32)


def drawn_normals(seed: int, size: int) -> np.ndarray:
    z = np.empty((size, PAIRS), np.float32)
    normals(seed & 0xFFFFFFFF, seed >> 32, normal_table(), z)
    return z


def obvious(given: Problem, seed: int, explore: int) -> tuple[list[int], np.ndarray]:
    """The vector by the docstring: plain loops, one float32 operation at a time."""
    features, mean, root, worth, charge = given
    many, size = features.shape
    z = drawn_normals(seed, size)
    wins = [0] * many
    nets = np.empty((many, DRAWS))
    for k in range(many):
        turned = np.zeros(size, np.float32)
        for i in range(size):
            turned = turned + features[k, i] * root[i]
        moved = np.zeros(PAIRS, np.float32)
        for j in range(size):
            moved = moved + turned[j] * z[j]
        parts = [0.0] * 4
        for i in range(size):
            part = 0 if i >= size - size % 4 else i % 4
            parts[part] += float(features[k, i]) * float(mean[i])
        m = ((parts[0] + parts[1]) + parts[2]) + parts[3]
        nets[k, :PAIRS] = worth[k] * (m + moved.astype(np.float64)) - charge[k]
        nets[k, PAIRS:] = worth[k] * (m - moved.astype(np.float64)) - charge[k]
    for s in range(DRAWS):
        wins[int(np.argmax(nets[:, s]))] += 1
    shares = [(WHOLE - explore) * w // 128 + explore // many for w in wins]
    shares[wins.index(max(wins))] += WHOLE - sum(shares)
    return shares, np.array(wins)


def problem(seed: int, many: int, size: int) -> Problem:
    rng = np.random.default_rng(seed)
    mean, root = belief(rng, size)
    features = rng.normal(size=(many, size)).astype(np.float32)
    features[:, rng.random(size) < 0.3] = 0
    features[0] = 0
    charge = rng.normal(size=many)
    charge[0] = 0
    return features, mean, root, rng.uniform(0.1, 5, many), charge


def same(one: Drawn, other: Drawn) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("probabilities", "expected", "spread", "wins")
    )


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(
    counter: list[int], key: list[int], words: list[int]
) -> None:
    found = philox(np.array([counter], np.uint64), np.array(key, np.uint64))
    assert found[0].tolist() == words


@given(SEEDS, st.integers(1, 9))
def test_normals_are_quantiles_at_halves_of_philox_words(seed: int, size: int) -> None:
    z = drawn_normals(seed, size)
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], np.uint64)
    for j in range(size):
        counters = np.array([[t, j, 0, 0] for t in range(BLOCKS)], np.uint64)
        words = philox(counters, key).astype(np.int64)
        for s in range(PAIRS):
            word = words[s % 8, s // 16]
            half = word >> 16 if s % 16 >= 8 else word & 0xFFFF
            assert z[j, s] == normal_table()[half]


def test_the_table_is_the_inverse_normal_distribution() -> None:
    table = normal_table().astype(np.float64)
    exact = ndtri((np.arange(SIZE) + 0.5) / SIZE)
    scaled = exact / np.sqrt(np.mean(exact**2))
    np.testing.assert_allclose(table, scaled, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(table, -table[::-1])
    assert np.all(np.diff(table) > 0)
    assert abs(np.mean(table**2) - 1) < 1e-7
    assert density(1.5) == pytest.approx(np.exp(-1.125) / np.sqrt(2 * np.pi), rel=1e-13)


def test_the_table_is_the_same_on_every_machine() -> None:
    digest = hashlib.sha256(normal_table().astype("<f4").tobytes()).hexdigest()
    assert digest == "8babbcaf96568f10165a1eab530c0e5c92d04de96761b6dbb3dadfa94baba37f"


@given(SEEDS, st.integers(1, 12), st.integers(1, 13), SHARES)
@settings(max_examples=60)
def test_the_vector_is_what_plain_loops_give_bit_for_bit(
    seed: int, many: int, size: int, explore: int
) -> None:
    given_ = problem(seed % 2**32, many, size)
    found = vector(*given_, seed=seed, explore=explore)
    shares, wins = obvious(given_, seed, explore)
    assert found.probabilities.tolist() == shares
    assert found.wins.tolist() == wins.tolist()


@given(SEEDS, st.integers(1, 30), SHARES, st.integers(0, 2**20))
def test_probabilities_sum_to_the_whole_and_nobody_gets_less_than_the_least(
    seed: int, many: int, explore: int, least: int
) -> None:
    found = vector(*problem(seed % 1000, many, 8), seed=seed, explore=explore, least=least)
    assert sum(found.probabilities.tolist()) == WHOLE
    assert min(found.probabilities.tolist()) >= max(least, explore // many)
    assert found.wins.sum() == DRAWS


@given(SEEDS, st.integers(1, 10), st.integers(1, 10))
def test_expected_and_spread_are_those_of_the_posterior(seed: int, many: int, size: int) -> None:
    features, mean, root, worth, charge = problem(seed % 2**32, many, size)
    found = vector(features, mean, root, worth, charge, seed=seed, explore=0)
    wide = features.astype(np.float64)
    np.testing.assert_allclose(found.expected, worth * (wide @ mean) - charge, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        found.spread, worth * np.linalg.norm(wide @ root, axis=1), rtol=1e-4, atol=1e-5
    )


@given(SEEDS, st.integers(2, 10), st.floats(1.0, 3.0))
def test_a_candidate_worth_more_does_not_win_less(seed: int, many: int, factor: float) -> None:
    """Where its effect is surely positive: a larger worth lifts it in every draw."""
    features, mean, root, worth, charge = problem(seed % 2**32, many, 6)
    features = np.abs(features)
    mean = np.abs(mean) + np.float32(1)
    root = (root / 100).astype(np.float32)
    more = worth.copy()
    more[many - 1] *= factor
    before = vector(features, mean, root, worth, charge, seed=seed, explore=0)
    after = vector(features, mean, root, more, charge, seed=seed, explore=0)
    assert after.wins[many - 1] >= before.wins[many - 1]


@given(SEEDS, st.integers(2, 10))
def test_the_order_of_candidates_does_not_matter(seed: int, many: int) -> None:
    features, mean, root, worth, charge = problem(seed % 2**32, many, 6)
    order = np.random.default_rng(seed % 1009).permutation(many)
    one = vector(features, mean, root, worth, charge, seed=seed, explore=0)
    other = vector(features[order], mean, root, worth[order], charge[order], seed=seed, explore=0)
    np.testing.assert_array_equal(one.wins[order], other.wins)
    np.testing.assert_array_equal(one.expected[order], other.expected)


@given(SEEDS, st.integers(2, 20), SHARES)
def test_a_sure_winner_gets_everything_but_exploration(seed: int, many: int, explore: int) -> None:
    features, mean, root, worth, charge = problem(seed % 2**32, many, 6)
    charge[many // 2] = -1e9
    found = vector(features, mean, root, worth, charge, seed=seed, explore=explore)
    assert found.wins[many // 2] == DRAWS
    others = np.delete(found.probabilities, many // 2)
    assert set(others.tolist()) == {explore // many}


def test_win_shares_are_the_probabilities_of_being_best() -> None:
    """Two candidates with independent effects: P(best) is known."""
    mean = np.array([1.0, 0.5], np.float32)
    root = np.diag([1.0, 1.0]).astype(np.float32)
    wins = sum(
        int(
            vector(np.eye(2, dtype=np.float32), mean, root, np.ones(2), np.zeros(2), seed=s, explore=0).wins[
                0
            ]
        )
        for s in range(400)
    )
    assert wins / (400 * DRAWS) == pytest.approx(0.6382, abs=0.01)


def test_what_is_not_finite_or_does_not_fit_is_refused() -> None:
    features, mean, root, worth, charge = problem(1, 3, 4)
    with pytest.raises(ValueError, match="finite"):
        vector(features, mean, root, worth * np.nan, charge, seed=1, explore=0)
    with pytest.raises(ValueError, match="do not fit"):
        vector(features, mean[:3], root, worth, charge, seed=1, explore=0)
    with pytest.raises(ValueError, match="no candidate"):
        vector(features[:0], mean, root, worth[:0], charge[:0], seed=1, explore=0)
    with pytest.raises(ValueError, match="64 bits"):
        vector(features, mean, root, worth, charge, seed=2**64, explore=0)
    with pytest.raises(ValueError, match="exploration"):
        vector(features, mean, root, worth, charge, seed=1, explore=WHOLE + 1)


@given(SEEDS, st.integers(1, 6), st.integers(1, 8), SHARES, st.integers(0, 1000))
@settings(max_examples=50)
def test_many_at_once_are_the_same_bits_as_one_by_one(
    seed: int, rows: int, many: int, explore: int, least: int
) -> None:
    rng = np.random.default_rng(seed % 2**32)
    p, q = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    crossing = np.array([(i, j) for i in range(p) for j in range(q) if rng.random() < 0.5], np.int32)
    layout = Layout(
        tuple(f"x{i}" for i in range(p)), tuple(f"m{j}" for j in range(q)), crossing.reshape(-1, 2)
    )
    mean, root = belief(rng, layout.size)
    x = rng.normal(size=(rows, p)).astype(np.float32)
    m = rng.integers(0, 2, (many, q)).astype(np.float32)
    worth, charge = rng.uniform(0, 3, (rows, many)), rng.normal(size=many)
    seeds = rng.integers(0, 2**64, rows, np.uint64)
    eligible = rng.random((rows, many)) < 0.7
    eligible[:, 0] = True
    found = vectors(
        layout,
        x,
        m,
        mean,
        root,
        worth,
        charge,
        seeds=seeds,
        explore=explore,
        eligible=eligible,
        least=least,
    )
    for n in range(rows):
        mine = eligible[n]
        alone = vector(
            phi(layout, x[n], m[mine]),
            mean,
            root,
            worth[n, mine],
            charge[mine],
            seed=int(seeds[n]),
            explore=explore,
            least=least,
        )
        row = Drawn(found.probabilities[n], found.expected[n], found.spread[n], found.wins[n])
        part = Drawn(*(getattr(row, name)[mine] for name in ("probabilities", "expected", "spread", "wins")))
        assert same(alone, part)
        assert not row.probabilities[~mine].any()
        assert not row.wins[~mine].any()


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8), st.integers(0, WHOLE - 1))
def test_the_choice_is_the_first_whose_cumulative_sum_exceeds_the_draw(parts: list[int], draw: int) -> None:
    shares = [part * 1000 for part in parts]
    shares[-1] += WHOLE - sum(shares)
    place = chosen(np.array(shares, np.uint64), draw)
    assert sum(shares[:place]) <= draw < sum(shares[: place + 1])
    assert shares[place] > 0


def test_a_draw_or_a_vector_out_of_range_is_refused() -> None:
    whole = np.array([WHOLE], np.uint64)
    for draw in (-1, WHOLE):
        with pytest.raises(ValueError, match="draw"):
            chosen(whole, draw)
    with pytest.raises(ValueError, match="sum"):
        chosen(whole - np.uint64(1), 0)

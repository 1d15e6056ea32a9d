"""Numeric kernels of a programme: seeded draws, the policy's vector, the posterior's update.

Bit for bit: all is additions, multiplications, divisions and square roots of IEEE 754 in one written order,
without fast-math and without fused multiply-add, comparisons, and integers. No function of the C library
has a say, in the table of normal quantiles neither (see `quantiles.py`). Loops that run over draws or columns
may be vectorised by the compiler, since each element of the result keeps its own order of summation.

They stand in one file, because numba's cache looks only at the file of the kernel that is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIRS = 64
DRAWS = 2 * PAIRS
WHOLE = 2**32
BLOCKS = PAIRS // 8  # of Philox for each feature: 4 words of 32 bits are 8 normals

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(0xFFFF)
_16 = np.uint64(16)
_32 = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)


@kernel
def philox(counter: NDArray[np.uint64], key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Philox4x32-10 (Salmon et al. 2011): counters (n, 4) and a key (2,) of 32 bits each → words (n, 4)."""
    n = len(counter)
    words = np.empty((n, 4), np.uint64)
    for i in range(n):
        c0, c1, c2, c3 = counter[i, 0], counter[i, 1], counter[i, 2], counter[i, 3]
        k0, k1 = key[0], key[1]
        for _ in range(10):
            p0 = _M0 * c0
            p1 = _M1 * c2
            c0 = (p1 >> _32) ^ c1 ^ k0
            c1 = p1 & _LOW
            c2 = (p0 >> _32) ^ c3 ^ k1
            c3 = p0 & _LOW
            k0 = (k0 + _W0) & _LOW
            k1 = (k1 + _W1) & _LOW
        words[i, 0], words[i, 1], words[i, 2], words[i, 3] = c0, c1, c2, c3
    return words


@kernel
def normals(key0: int, key1: int, table: NDArray[np.float32], z: NDArray[np.float32]) -> None:
    """Fill z (D, PAIRS) with standard normals: quantiles `table` (65536,) at halves of Philox words.

    Feature j takes the counters (t, j, 0, 0), t = 0 … BLOCKS - 1; half h of word w of counter t is draw
    16 w + 8 h + t. A feature's draws so depend neither on how many features follow nor on the candidates.
    """
    features = z.shape[0]
    first, second = np.uint64(key0), np.uint64(key1)
    lanes = features * BLOCKS
    words = np.empty((4, lanes), np.uint32)
    for i in range(lanes):
        c0 = np.uint64(i % BLOCKS)
        c1 = np.uint64(i // BLOCKS)
        c2 = np.uint64(0)
        c3 = np.uint64(0)
        k0 = first
        k1 = second
        for _ in range(10):
            p0 = _M0 * c0
            p1 = _M1 * c2
            c0 = (p1 >> _32) ^ c1 ^ k0
            c1 = p1 & _LOW
            c2 = (p0 >> _32) ^ c3 ^ k1
            c3 = p0 & _LOW
            k0 = (k0 + _W0) & _LOW
            k1 = (k1 + _W1) & _LOW
        words[0, i] = np.uint32(c0)
        words[1, i] = np.uint32(c1)
        words[2, i] = np.uint32(c2)
        words[3, i] = np.uint32(c3)
    for j in range(features):
        for w in range(4):
            for t in range(BLOCKS):
                word = np.uint64(words[w, j * BLOCKS + t])
                z[j, 16 * w + t] = table[word & _HALF]
                z[j, 16 * w + 8 + t] = table[word >> _16]


@kernel
def means(phi: NDArray[np.float32], mean: NDArray[np.float32], found: NDArray[np.float64]) -> None:
    """found_k = φ_k · mean in float64, as four partial sums over every fourth feature, added in order."""
    for k in range(phi.shape[0]):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        size = phi.shape[1]
        whole = size - size % 4
        for i in range(0, whole, 4):
            a += np.float64(phi[k, i]) * np.float64(mean[i])
            b += np.float64(phi[k, i + 1]) * np.float64(mean[i + 1])
            c += np.float64(phi[k, i + 2]) * np.float64(mean[i + 2])
            d += np.float64(phi[k, i + 3]) * np.float64(mean[i + 3])
        for i in range(whole, size):
            a += np.float64(phi[k, i]) * np.float64(mean[i])
        found[k] = ((a + b) + c) + d


@kernel
def rotate(phi: NDArray[np.float32], root: NDArray[np.float32], turned: NDArray[np.float32]) -> None:
    """Fill `turned` (K, D) with φ · root (lower triangular), summed in the features' order, without zeros."""
    for k in range(phi.shape[0]):
        row = turned[k]
        row[:] = np.float32(0)
        for i in range(phi.shape[1]):
            x = phi[k, i]
            if x != 0:
                for j in range(i + 1):
                    row[j] += x * root[i, j]


@kernel
def shares(
    phi: NDArray[np.float32],
    mean: NDArray[np.float32],
    root: NDArray[np.float32],
    worth: NDArray[np.float64],
    charge: NDArray[np.float64],
    z: NDArray[np.float32],
    explore: int,
    probabilities: NDArray[np.uint64],
    expected: NDArray[np.float64],
    spread: NDArray[np.float64],
    wins: NDArray[np.int64],
) -> bool:
    """Fill the four results (K,) as `vector.vector` says, by draws z (D, PAIRS); whether all is finite."""
    many, size = phi.shape
    turned = np.empty((many, size), np.float32)
    rotate(phi, root, turned)
    means(phi, mean, expected)
    best_up = np.full(PAIRS, -np.inf)
    best_down = np.full(PAIRS, -np.inf)
    who_up = np.zeros(PAIRS, np.int64)
    who_down = np.zeros(PAIRS, np.int64)
    moved = np.empty(PAIRS, np.float32)
    finite = True
    for k in range(many):
        moved[:] = np.float32(0)
        square = 0.0
        for j in range(size):
            x = turned[k, j]
            if x != 0:
                square += np.float64(x) * np.float64(x)
                for s in range(PAIRS):
                    moved[s] += x * z[j, s]
        m, w, c = expected[k], worth[k], charge[k]
        for s in range(PAIRS):
            up = w * (m + np.float64(moved[s])) - c
            down = w * (m - np.float64(moved[s])) - c
            higher = up > best_up[s]
            lower = down > best_down[s]
            who_up[s] = k if higher else who_up[s]
            best_up[s] = up if higher else best_up[s]
            who_down[s] = k if lower else who_down[s]
            best_down[s] = down if lower else best_down[s]
        expected[k] = w * m - c
        spread[k] = abs(w) * np.sqrt(square)
        finite = finite and np.isfinite(expected[k]) and np.isfinite(spread[k])
        wins[k] = 0
    for s in range(PAIRS):
        wins[who_up[s]] += 1
        wins[who_down[s]] += 1
    divided(wins, explore, probabilities)
    return finite


@kernel
def divided(wins: NDArray[np.int64], explore: int, probabilities: NDArray[np.uint64]) -> None:
    """Split 2³² by wins (K,) and equal exploration; what is left goes to the first of the most likely."""
    many = len(wins)
    left = WHOLE
    most = 0
    for k in range(many):
        share = (WHOLE - explore) * wins[k] // DRAWS + explore // many
        probabilities[k] = np.uint64(share)
        left -= share
        if wins[k] > wins[most]:
            most = k
    probabilities[most] += np.uint64(left)


@kernel
def one_vector(
    phi: NDArray[np.float32],
    mean: NDArray[np.float32],
    root: NDArray[np.float32],
    worth: NDArray[np.float64],
    charge: NDArray[np.float64],
    key0: int,
    key1: int,
    explore: int,
    table: NDArray[np.float32],
    probabilities: NDArray[np.uint64],
    expected: NDArray[np.float64],
    spread: NDArray[np.float64],
    wins: NDArray[np.int64],
) -> bool:
    """Draws and shares of one decision, see `shares`; key0 and key1 are the seed's low and high 32 bits."""
    z = np.empty((phi.shape[1], PAIRS), np.float32)
    normals(key0, key1, table, z)
    return shares(phi, mean, root, worth, charge, z, explore, probabilities, expected, spread, wins)


@kernel
def crossed(
    x: NDArray[np.float32], modules: NDArray[np.float32], pairs: NDArray[np.int32], phi: NDArray[np.float32]
) -> None:
    """Fill φ (K, p + q + r) of one customer x (p,) and candidates (K, q): zeros | modules | x_i · m_j."""
    p, q = len(x), modules.shape[1]
    for k in range(modules.shape[0]):
        for i in range(p):
            phi[k, i] = np.float32(0)
        for j in range(q):
            phi[k, p + j] = modules[k, j]
        for r in range(pairs.shape[0]):
            phi[k, p + q + r] = x[pairs[r, 0]] * modules[k, pairs[r, 1]]


@kernel
def many_vectors(
    x: NDArray[np.float32],
    modules: NDArray[np.float32],
    pairs: NDArray[np.int32],
    mean: NDArray[np.float32],
    root: NDArray[np.float32],
    worth: NDArray[np.float64],
    charge: NDArray[np.float64],
    seeds: NDArray[np.uint64],
    explore: NDArray[np.int64],
    least: int,
    eligible: NDArray[np.bool_],
    table: NDArray[np.float32],
    probabilities: NDArray[np.uint64],
    expected: NDArray[np.float64],
    spread: NDArray[np.float64],
    wins: NDArray[np.int64],
) -> int:
    """Fill the results (N, K), row by row as `one_vector`; -1, or the first row that cannot be decided."""
    customers, many = eligible.shape
    size = len(mean)
    z = np.empty((size, PAIRS), np.float32)
    all_phi = np.empty((many, size), np.float32)
    chosen_modules = np.empty_like(modules)
    some_worth, some_charge = np.empty(many), np.empty(many)
    some_p, some_wins = np.empty(many, np.uint64), np.empty(many, np.int64)
    some_expected, some_spread = np.empty(many), np.empty(many)
    for n in range(customers):
        count = 0
        for k in range(many):
            probabilities[n, k], expected[n, k], spread[n, k], wins[n, k] = 0, 0.0, 0.0, 0
            if eligible[n, k]:
                chosen_modules[count] = modules[k]
                some_worth[count] = worth[n, k]
                some_charge[count] = charge[n, k]
                count += 1
        if count == 0:
            return n
        phi = all_phi[:count]
        crossed(x[n], chosen_modules[:count], pairs, phi)
        normals(int(seeds[n] & _LOW), int(seeds[n] >> _32), table, z)
        share = min(max(explore[n], least * count), WHOLE)
        if not shares(
            phi,
            mean,
            root,
            some_worth[:count],
            some_charge[:count],
            z,
            share,
            some_p[:count],
            some_expected[:count],
            some_spread[:count],
            some_wins[:count],
        ):
            return n
        count = 0
        for k in range(many):
            if eligible[n, k]:
                probabilities[n, k] = some_p[count]
                expected[n, k] = some_expected[count]
                spread[n, k] = some_spread[count]
                wins[n, k] = some_wins[count]
                count += 1
    return -1


@kernel
def triangular(
    mean: NDArray[np.float64],
    root: NDArray[np.float64],
    f: NDArray[np.float64],
    variance: float,
    missed: float,
) -> None:
    """One outcome: Carlson's triangular square-root update (Carlson 1973; Bierman 1977, V.2), in place.

    f (D,) is rootᵀ · features and `missed` what the outcome exceeds its prediction by. Columns go from the
    last to the first, so that the root stays lower triangular.
    """
    size = len(mean)
    keep = np.empty(size)
    take = np.empty(size)
    before = variance
    for j in range(size - 1, -1, -1):
        after = before + f[j] * f[j]
        keep[j] = np.sqrt(before / after)
        take[j] = f[j] / (after * keep[j])
        before = after
    for i in range(size):
        gathered = 0.0
        for j in range(i, -1, -1):
            old = root[i, j]
            root[i, j] = old * keep[j] - gathered * take[j]
            gathered += old * f[j]
        mean[i] += gathered * (missed / before)


@kernel
def learn(
    mean: NDArray[np.float64],
    root: NDArray[np.float64],
    noise: float,
    features: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    weights: NDArray[np.float64],
    surprises: NDArray[np.float64],
) -> int:
    """Change mean (D,) and lower root (D, D) in place by outcomes (n,) of features (n, D), one after another.

    An outcome of weight w has the variance noise / w; one of weight 0 teaches nothing. `surprises` (n,) are
    (outcome - predicted) / sd of the prediction, before learning it. How many taught something; -1 where a
    number is not finite or a weight is negative.
    """
    size = len(mean)
    f = np.empty(size)
    counted = 0
    for n in range(len(outcomes)):
        h = features[n]
        weight = weights[n]
        if not (0 <= weight < np.inf):
            return -1
        missed = outcomes[n]
        f[:] = 0.0
        for i in range(size):
            x = h[i]
            missed -= x * mean[i]
            if x != 0:
                for j in range(i + 1):
                    f[j] += root[i, j] * x
        variance = noise / weight if weight > 0 else noise
        total = variance
        for j in range(size):
            total += f[j] * f[j]
        surprises[n] = missed / np.sqrt(total)
        if not np.isfinite(surprises[n]):
            return -1
        if weight > 0:
            triangular(mean, root, f, variance, missed)
            counted += 1
    return counted

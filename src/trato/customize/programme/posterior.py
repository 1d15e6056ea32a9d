"""What a programme believes of its effects: a Bayesian linear model of an outcome over features.

y = φ · w + e, where w is normal with a mean and covariance and e has the variance `noise`. The covariance is
kept as a lower triangular square root, which repeated updates cannot make indefinite. With 0/1 outcomes the
model is the linear probability model: its mean is what is wanted (incremental probability times value), its
noise the largest Bernoulli variance that the declaration allows for.

The noise is given, not learnt: `noise_seen` estimates it from the surprises of a batch, so that whoever
publishes a model may carry it forward, and says so.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Posterior:
    """A normal belief about D coefficients: mean (D,) and lower triangular root (D, D), both float64.

    The covariance is root · rootᵀ; `noise` is the variance of one outcome given its features, in the
    outcome's unit squared; `evidence` is how many outcomes were learnt.
    """

    mean: NDArray[np.float64]
    root: NDArray[np.float64]
    noise: float
    evidence: int

    @property
    def size(self) -> int:
        """How many coefficients it is about."""
        return len(self.mean)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(D, D)."""
        covariance: NDArray[np.float64] = self.root @ self.root.T
        return covariance

    @property
    def version(self) -> str:
        """32 hexadecimal digits that name exactly these numbers; computed anew at each call."""
        text = json.dumps(to_document(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def served(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean (D,) and root (D, D) rounded to float32, as decisions read them."""
        return self.mean.astype(np.float32), self.root.astype(np.float32)


def prior(scale: ArrayLike, mean: ArrayLike | None = None, *, noise: float) -> Posterior:
    """The belief before any outcome: independent coefficients with standard deviations `scale` (D,).

    `mean` (D,) is zero where it is not given. Raises ValueError where a scale is negative, the noise is not
    above zero, or anything is not finite.
    """
    sd = np.array(scale, np.float64)
    centre = np.zeros_like(sd) if mean is None else np.array(mean, np.float64)
    if sd.ndim != 1 or centre.shape != sd.shape:
        raise ValueError("scale and mean must be (D,)")
    if not (np.isfinite(sd).all() and np.isfinite(centre).all() and (sd >= 0).all()):
        raise ValueError("scales must be finite and not negative, and means finite")
    _check_noise(noise)
    return Posterior(centre, np.diag(sd), float(noise), 0)


def updated(
    p: Posterior, features: ArrayLike, outcomes: ArrayLike, weights: ArrayLike | None = None
) -> Posterior:
    """The belief after outcomes (n,) of features (n, D); or after one outcome of features (D,).

    Exact Bayesian linear regression, one outcome after another. An outcome of weight w counts like w of
    them: its noise is `noise` / w; weight 0 teaches nothing and is no evidence. Raises ValueError for shapes
    that do not fit, negative weights, or numbers that are not finite.
    """
    return learnt(p, features, outcomes, weights)[0]


def learnt(
    p: Posterior, features: ArrayLike, outcomes: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Posterior, NDArray[np.float64]]:
    """As `updated`; and how surprising each outcome was before it was learnt: (n,).

    A surprise is (outcome - predicted) / standard deviation of the prediction, noise included: independent
    standard normals where the model holds. Drift is noticed by them (`drift.py`).
    """
    from trato.customize.programme.kernels import learn

    phi = np.ascontiguousarray(features, np.float64)
    y = np.ascontiguousarray(outcomes, np.float64)
    if phi.ndim == 1:
        phi, y = phi.reshape(1, -1), y.reshape(-1)
    w = np.ones(y.shape) if weights is None else np.ascontiguousarray(weights, np.float64).reshape(-1)
    if y.ndim != 1 or phi.shape != (len(y), len(p.mean)) or w.shape != y.shape:
        raise ValueError("features (n, D), outcomes (n,) and weights (n,) do not fit")
    mean, root = p.mean.copy(), p.root.copy()
    surprises = np.empty(len(y))
    counted = learn(mean, root, p.noise, phi, y, w, surprises)
    if counted < 0:
        raise ValueError("features, outcomes and weights must be finite, and weights not negative")
    return Posterior(mean, root, p.noise, p.evidence + counted), surprises


def forgetting(p: Posterior, start: Posterior, rate: float) -> Posterior:
    """The belief pulled back towards `start`, for a world that changes.

    Precisions mix: (1 - rate) · that of p + rate · that of start, means weighted by them. Rate 0 leaves p,
    rate 1 gives start's mean and covariance. What is known for certain (a scale of 0) stays. Noise and
    evidence are p's. Raises ValueError for a rate outside 0 … 1 or beliefs of different size.
    """
    if not 0 <= rate <= 1:
        raise ValueError("the rate of forgetting lies between 0 and 1")
    if p.size != start.size:
        raise ValueError("the two beliefs are about different coefficients")
    if rate == 0:
        return p
    open_ = (np.diag(p.root) > 0) & (np.diag(start.root) > 0)
    here = np.ix_(open_, open_)
    old, new = _precision(p.root[here]), _precision(start.root[here])
    mixed = (1 - rate) * old + rate * new
    aim = (1 - rate) * (old @ p.mean[open_]) + rate * (new @ start.mean[open_])
    mean, root = p.mean.copy(), np.zeros_like(p.root)
    # The Cholesky factor of the reversed matrix, reversed again, is upper triangular: its inverse transposed
    # is the lower triangular root of the covariance.
    upper = np.linalg.cholesky(mixed[::-1, ::-1])[::-1, ::-1]
    root[here] = np.tril(np.linalg.inv(upper).T)
    mean[open_] = root[here] @ (root[here].T @ aim)
    return Posterior(mean, root, p.noise, p.evidence)


def carried(p: Posterior, start: Posterior, places: ArrayLike) -> Posterior:
    """The belief over other coefficients: those of `start`, of which some were in p before.

    `places` (start's D,) says where each coefficient stands in p, -1 where it is new (`features.places`).
    What is known of the old ones stays, their correlations too; the new ones are as in `start`, independent
    of them; those of p that are no longer asked for are integrated out. Noise and evidence are p's. Raises
    ValueError for places that do not exist or stand twice.
    """
    place = np.asarray(places, np.int64)
    old = place >= 0
    if (
        place.shape != (start.size,)
        or len(np.unique(place[old])) < old.sum()
        or place.max(initial=-1) >= p.size
    ):
        raise ValueError("a coefficient's place is none of the belief's, or stands twice")
    mean = start.mean.copy()
    mean[old] = p.mean[place[old]]
    rows = np.zeros((start.size, p.size + start.size))
    rows[old, : p.size] = p.root[place[old]]
    rows[~old, p.size :] = start.root[~old]
    return Posterior(mean, _lower(rows), p.noise, p.evidence)


def noise_seen(noise: float, surprises: ArrayLike, trust: float = 50.0) -> float:
    """The noise after a batch: the scale of an inverse gamma whose prior is worth `trust` outcomes.

    noise · (trust + Σ surprise²) / (trust + n). That is the posterior of a common scale of noise and belief;
    here it changes the noise only and leaves the belief as it is, so it is an estimate carried forward, not a
    part of the exact update.
    """
    z = np.asarray(surprises, np.float64)
    _check_noise(noise)
    if not (trust > 0 and np.isfinite(z).all()):
        raise ValueError("trust must be above 0 and surprises finite")
    return float(noise * (trust + np.sum(z * z)) / (trust + z.size))


def to_document(p: Posterior) -> dict[str, str | int]:
    """Plain data that keeps every bit: base64 of little-endian float64, of the root its lower triangle."""
    lower = p.root[np.tril_indices(p.size)]
    return {
        "size": p.size,
        "evidence": p.evidence,
        "noise": float(p.noise).hex(),
        "mean": b64encode(p.mean.astype("<f8").tobytes()).decode(),
        "root": b64encode(lower.astype("<f8").tobytes()).decode(),
    }


def posterior_from_document(document: Mapping[str, str | int]) -> Posterior:
    """The belief that `to_document` wrote, bit for bit. Raises ValueError where it did not write this."""
    try:
        size, evidence = int(document["size"]), int(document["evidence"])
        noise = float.fromhex(str(document["noise"]))
        mean = np.frombuffer(b64decode(str(document["mean"]), validate=True), "<f8").astype(np.float64)
        lower = np.frombuffer(b64decode(str(document["root"]), validate=True), "<f8")
    except KeyError as missing:
        raise ValueError(f"a belief without {missing}") from missing
    if mean.shape != (size,) or lower.shape != (size * (size + 1) // 2,):
        raise ValueError("the belief's mean and root do not have its size")
    _check_noise(noise)
    root = np.zeros((size, size))
    root[np.tril_indices(size)] = lower
    return Posterior(mean, root, noise, evidence)


def _precision(root: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.inv(root)
    precision: NDArray[np.float64] = inverse.T @ inverse
    return precision


def _lower(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower triangular L, its diagonal not negative, with L · Lᵀ = rows · rowsᵀ: (D, D) of (D, m ≥ D)."""
    upper = np.linalg.qr(rows.T, mode="r")
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return np.ascontiguousarray(np.tril((signs[:, None] * upper).T))


def _check_noise(noise: float) -> None:
    if not (np.isfinite(noise) and noise > 0):
        raise ValueError("noise must be finite and above 0")

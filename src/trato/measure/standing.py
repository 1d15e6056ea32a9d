"""Standing experiments: what each part of a policy adds, read from its own log at any time.

Pega's five ("Impact Analyzer": the next best action against a random one, one by propensity only, without
levers, with eligibility only, and with random propensities), here without holding anybody out for them: the
log is randomised, so each alternative is evaluated off-policy (`offpolicy`), against the policy as it ran.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.errors import BadOption
from trato.measure.offpolicy import compare
from trato.measure.skewed import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.measure.log import Logged
    from trato.measure.offpolicy import Evaluated, Method

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

Experiment = Literal["random_action", "propensity_only", "no_levers", "eligibility_only", "random_propensity"]
SHUFFLES = 40


@dataclass(frozen=True, slots=True)
class Considered:
    """What each decision considered, all (n, K), or (K,) where it is the same in all decisions.

    `candidate` says what passed all filters, `eligible` what passed eligibility alone. A candidate's priority
    is `chance` · `value` · `lever` - `price`: the chance that it works, what that is worth, the manager's
    wish, and its cost with the prices of contacts, budget and stock. "Nothing" is a candidate as any other.
    """

    candidate: Mask
    eligible: Mask
    chance: Array
    value: Array
    lever: Array
    price: Array


@dataclass(frozen=True, slots=True)
class Standing:
    """What the policy as it ran brings per decision more than the `experiment` would have."""

    experiment: Experiment
    gain: Evaluated


def standing_experiments(
    log: Logged,
    considered: Considered,
    *,
    method: Method = "dr",
    predicted: Array | None = None,
    features: Array | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[Standing, ...]:
    """The five experiments on a log with the chances of all treatments. Raises BadOption without those.

    An experiment that would do what the policy's filters never let happen is not in the log: its gain is not
    claimed, and its warnings say so. `seed` draws the random propensities.
    """
    if log.chances is None:
        raise BadOption("standing experiments need the probabilities of all treatments, not of the given one")
    found = []
    for name, policy in alternatives(considered, log.rows, seed=seed).items():
        gain = compare(
            log,
            log.chances,
            policy,
            method=method,
            predicted=predicted,
            features=features,
            level=level,
            seed=seed,
        )
        found.append(Standing(name, gain))
    return tuple(found)


def alternatives(considered: Considered, rows: int, *, seed: int = 0) -> dict[Experiment, Array]:
    """Each experiment as a policy: probabilities (rows, K)."""
    candidate, eligible = _rows(considered.candidate, rows), _rows(considered.eligible, rows)
    if not (candidate.any(axis=1).all() and eligible.any(axis=1).all()):
        raise BadOption("a decision has no candidate: not even nothing")
    chance, worth = considered.chance, considered.value
    levered, price = worth * considered.lever, considered.price
    rng = np.random.default_rng(seed)
    shape = (rows, candidate.shape[1])
    shuffled = np.zeros(shape)
    for _ in range(SHUFFLES):
        shuffled += _best(rng.random(shape) * levered - price, candidate) / SHUFFLES
    return {
        "random_action": candidate / candidate.sum(axis=1, keepdims=True),
        "propensity_only": _best(np.broadcast_to(chance, shape), candidate),
        "no_levers": _best(np.broadcast_to(chance * worth - price, shape), candidate),
        "eligibility_only": _best(np.broadcast_to(chance * levered - price, shape), eligible),
        "random_propensity": shuffled,
    }


def _best(priority: Array, among: Mask) -> Array:
    """All probability on the best of each row; equal shares where several are."""
    ranked = np.where(among, priority, -np.inf)
    best = ranked == ranked.max(axis=1, keepdims=True)
    return np.asarray(best / best.sum(axis=1, keepdims=True), np.float64)


def _rows(mask: Mask, rows: int) -> Mask:
    return np.broadcast_to(mask, (rows, mask.shape[-1]))

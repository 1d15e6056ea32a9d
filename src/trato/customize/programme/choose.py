"""The policy as it runs: with which probability each treatment is given, and which one a draw falls on.

All are pure functions of arrays, seeds and reasons, so that a replay gives the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.decision import WHOLE
from trato.customize.programme.features import Layout
from trato.customize.programme.vector import vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.customize.programme.ready import Ready
    from trato.customize.programme.treatments import Arm
    from trato.customize.programme.vector import Drawn


def charges(ready: Ready, customers: NDArray[np.float32], contacts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What giving each treatment costs whatever comes of it, in minor units: (N, K).

    Cost, prices and the price of contacts; and of what is paid when it is taken, the part that goes to those
    who would have come anyway: what is expected of them without a treatment, from customers (N, p).
    """
    found: NDArray[np.float64] = np.repeat(ready.charge[None, :], len(customers), axis=0)
    if ready.fatigue.any():
        found += contacts[:, None] * ready.fatigue
    if ready.taken.any():
        anyway = (customers.astype(np.float64) * ready.mean[: customers.shape[1]]).sum(axis=1)
        anyway = np.minimum(np.maximum(anyway, 0.0), 1.0)
        found += anyway[:, None] * ready.taken
    return found


def policy(
    ready: Ready,
    customers: NDArray[np.float32],
    contacts: NDArray[np.int64],
    eligible: NDArray[np.bool_],
    seeds: NDArray[np.uint64],
    *,
    levers: bool = True,
) -> Drawn:
    """The policy's vectors for N customers (N, p) with so many contacts each: all results (N, K).

    *Nothing* must be eligible in every row. Exploration is the programme's. Without `levers` they are those
    that the policy would have had if no manager wished anything.
    """
    return vectors(
        ready.layout,
        customers,
        ready.modules,
        ready.mean,
        ready.root,
        ready.worth if levers else ready.plain_worth,
        charges(ready, customers, contacts),
        seeds=seeds,
        explore=ready.explore,
        eligible=eligible,
    )


def warm_up() -> None:
    """Load the kernels and their tables, which takes a second or two, so that no customer waits for them."""
    one = np.zeros((1, 1), np.float32)
    vectors(
        Layout(("1",), ("given",), np.zeros((0, 2), np.int32)),
        one,
        one,
        np.zeros(2, np.float32),
        np.zeros((2, 2), np.float32),
        np.zeros(1),
        np.zeros(1),
        seeds=np.zeros(1, np.uint64),
        explore=0,
    )


def by_arm(ready: Ready, arm: Arm, eligible: Sequence[bool]) -> list[int]:
    """The probabilities of a hold-out, in units of 2**-32: (K,), they sum to 2**32.

    The same for all is given to whom it may be, else nothing; at random means alike among all that may be,
    nothing too, and what is left over goes to the first.
    """
    found = [0] * len(eligible)
    if arm == "random":
        many = sum(eligible)
        for place, may in enumerate(eligible):
            found[place] = WHOLE // many if may else 0
        found[eligible.index(True)] += WHOLE % many
        return found
    place = ready.place[ready.programme.same_for_all] if arm == "same_for_all" else 0
    found[place if eligible[place] else 0] = WHOLE
    return found


def by_person(ready: Ready, choice: str, eligible: Sequence[bool]) -> list[int]:
    """The probabilities where a person chooses: (K,), they sum to 2**32.

    The person's choice ("" for the same for all, which stands until there is proof), or nothing where it may
    not be given, but for the share that is explored.
    """
    many = sum(eligible)
    share = ready.explore // many
    found = [share if may else 0 for may in eligible]
    place = ready.place[choice or ready.programme.same_for_all]
    found[place if eligible[place] else 0] += WHOLE - share * many
    return found


def fallen_on(probabilities: Sequence[int], draw: int) -> int:
    """The place of the first treatment whose cumulative probability exceeds a draw in [0, 2**32)."""
    total = 0
    for place, share in enumerate(probabilities):
        total += share
        if total > draw:
            return place
    raise ValueError("a draw is a whole number from 0 to 2**32 - 1, and probabilities sum to 2**32")

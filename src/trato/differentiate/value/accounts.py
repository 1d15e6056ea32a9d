"""Accounts of several members (B2B): worth what their members are worth together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CUSTOMER_ACCOUNTS = Step.beside(__file__, "customer_accounts.sql", inputs=("transactions",))

LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Accounts:
    """m accounts in the order of their names: members, expected value and its 90 % interval, all (m,)."""

    accounts: NDArray[np.object_]
    members: NDArray[np.int64]
    expected_value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def roll_up(
    account: Sequence[str],
    expected_value: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    *,
    seed: int,
) -> Accounts:
    """Sum members into accounts.

    `account` (n,) names each member's account; `quantiles` (n, 13) are the members' predicted values at
    LEVELS. Intervals come from 400 draws of every member, taken as independent of each other given their
    histories: what moves a whole account together makes the truth wider.
    """
    names, place = np.unique(np.asarray(account, dtype=object), return_inverse=True)
    rng = np.random.default_rng(seed)
    sums = np.zeros((DRAWS, len(names)))
    for draw in range(DRAWS):
        level = rng.uniform(size=len(place))
        sums[draw] = np.bincount(place, _at_level(quantiles, level), minlength=len(names))
    low, high = np.quantile(sums, [0.05, 0.95], axis=0)
    expected = np.bincount(place, expected_value, minlength=len(names)).astype(np.float64)
    return Accounts(
        accounts=names,
        members=np.bincount(place, minlength=len(names)),
        expected_value=expected,
        low=np.minimum(low, expected),
        high=np.maximum(high, expected),
    )


def _at_level(quantiles: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quantile functions (n, 13) read at one level each (n,), straight lines between the known ones."""
    place = np.clip(np.searchsorted(LEVELS, level) - 1, 0, len(LEVELS) - 2)
    share = np.clip((level - LEVELS[place]) / (LEVELS[place + 1] - LEVELS[place]), 0.0, 1.0)
    row = np.arange(len(level))
    low, high = quantiles[row, place], quantiles[row, place + 1]
    return np.asarray(low + share * (high - low))

"""Tiers of customers by what they are worth and could be worth (Peppers and Rogers 1997, Enterprise One to
One).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import BadOption

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Tier(StrEnum):
    """The four tiers; `value` is what files and screens say."""

    MOST_VALUABLE = "most_valuable"
    MOST_GROWABLE = "most_growable"
    MIGRATOR = "migrator"
    BELOW_ZERO = "below_zero"


@dataclass(frozen=True, slots=True)
class TierRule:
    """Who belongs where; shares are of all customers, between 0 and 1.

    Below zero: expected value under 0. Most valuable: the best `most_valuable` share by expected value,
    above 0. Most growable: of the others the `most_growable` share whose potential lies furthest above their
    expected value, and at least `growth` times that value above it. Migrators: all others.
    """

    most_valuable: float = 0.10
    most_growable: float = 0.20
    growth: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.most_valuable <= 1 and 0 <= self.most_growable <= 1 and self.growth >= 0):
            raise BadOption(
                "the tiers' shares must lie between 0 and 1, and the growth must not be negative",
                hint="the usual rule is --most-valuable 0.1 --most-growable 0.2 --growth 0.5",
            )


@dataclass(frozen=True, slots=True)
class TierCuts:
    """Where the tiers of a rule begin among customers that were ranked.

    `most_valuable` is the least expected value of the most valuable; `most_growable` the least room
    (potential less expected value) of the most growable. None where nobody was one.
    """

    most_valuable: float | None
    most_growable: float | None
    growth: float


def tiers(
    expected_value: NDArray[np.float64], potential: NDArray[np.float64] | None, rule: TierRule
) -> NDArray[np.object_]:
    """Each customer's tier (n,). Without `potential` nobody is called growable; ties go to the earlier
    customer.
    """
    n = len(expected_value)
    tier = np.full(n, Tier.MIGRATOR, dtype=object)
    below = expected_value < 0
    best = np.argsort(-expected_value, kind="stable")[: max(1, round(rule.most_valuable * n))]
    best = best[expected_value[best] > 0]
    tier[best] = Tier.MOST_VALUABLE
    if potential is not None:
        room = potential - expected_value
        open_to = (tier == Tier.MIGRATOR) & ~below & (room > 0)
        open_to &= room >= rule.growth * np.maximum(expected_value, 0)
        order = np.argsort(np.where(open_to, -room, np.inf), kind="stable")[: round(rule.most_growable * n)]
        tier[order[open_to[order]]] = Tier.MOST_GROWABLE
    tier[below] = Tier.BELOW_ZERO
    return tier


def tier_cuts(
    expected_value: NDArray[np.float64], potential: NDArray[np.float64] | None, rule: TierRule
) -> TierCuts:
    """What `tiers` learns from all customers; the same arguments."""
    found = tiers(expected_value, potential, rule)
    best = expected_value[found == Tier.MOST_VALUABLE]
    growable = found == Tier.MOST_GROWABLE
    room = np.zeros(0) if potential is None else (potential - expected_value)[growable]
    return TierCuts(
        float(best.min()) if len(best) else None, float(room.min()) if len(room) else None, rule.growth
    )


def tiers_by(
    cuts: TierCuts, expected_value: NDArray[np.float64], potential: NDArray[np.float64] | None
) -> NDArray[np.object_]:
    """Each customer's tier (n,) by the cuts alone: as `tiers`, but those who tie at a cut share the tier."""
    tier = np.full(len(expected_value), Tier.MIGRATOR, dtype=object)
    if potential is not None and cuts.most_growable is not None:
        room = potential - expected_value
        enough = (room > 0) & (room >= cuts.growth * np.maximum(expected_value, 0))
        tier[enough & (room >= cuts.most_growable)] = Tier.MOST_GROWABLE
    if cuts.most_valuable is not None:
        tier[expected_value >= cuts.most_valuable] = Tier.MOST_VALUABLE
    tier[expected_value < 0] = Tier.BELOW_ZERO
    return tier

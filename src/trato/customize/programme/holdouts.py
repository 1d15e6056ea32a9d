"""Hold-outs: the arm of a unit, always the same by a salted hash, and which stays when units merge."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trato.customize.programme.treatments import Arm, Holdouts

_WHOLE = 1 << 64
# The policy comes last: it takes what the others leave, whatever the shares round to.
_ORDER: tuple[Arm, ...] = ("nothing", "same_for_all", "random")


def arm_of(salt: bytes, programme: str, unit: str, holdouts: Holdouts) -> Arm:
    """The arm of a unit (`person:…`) in a programme: HMAC-SHA256 of both under the store's salt.

    It depends on nothing else, so that it is the same at every door. Which arm a unit was given is kept by
    the store all the same: it stays when the shares are changed, or when the unit merges with another.
    """
    digest = hmac.digest(salt, f"{programme}|{unit}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    place = int.from_bytes(digest[:8], "big")
    shares = holdouts.shares()
    edge = 0.0
    for arm in _ORDER:
        edge += shares[arm]
        if place < round(edge * _WHOLE):
            return arm
    return "policy"


def older(arms: Iterable[tuple[datetime, str, Arm]]) -> Arm:
    """The arm that stays when units merge, each with the moment it was given and the unit's word: the one
    given first.

    Of two given at one moment that of the first word: whatever the arms are, or they would not keep their
    shares. Raises ValueError for none.
    """
    return min(arms, key=lambda one: one[:2])[2]

"""Ids of decisions: fresh ones, and those that follow from a word, so that doing it again finds them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from trato.customers.customer import new_customer_id
from trato.customize.programme.decision import DecisionId

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_KEPT = ~(0xF << 76 | 0b11 << 62) & (1 << 128) - 1


def new_decision_id(now: datetime, draw: Callable[[int], bytes]) -> DecisionId:
    """A fresh id, as a customer's: the moment, then chance. `draw` gives that many random bytes."""
    return DecisionId(new_customer_id(now, draw))


def decision_id_of(word: str) -> DecisionId:
    """The id that follows from a word, always the same; it is shaped as others are, and tells no moment.

    >>> decision_id_of("run spring customer 1") == decision_id_of("run spring customer 1")
    True
    """
    chance = int.from_bytes(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:16], "big")
    return DecisionId(str(UUID(int=chance & _KEPT | _VERSION | _VARIANT)))

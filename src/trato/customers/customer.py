"""A customer is one person, under one opaque id that is stable and never reused.

The id is a UUID of version 7 (RFC 9562): a moment, then chance. It tells when the customer was first met and
nothing else, and rows that were added together lie together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.customers.identifiers import Identifier

CustomerId = NewType("CustomerId", str)


@dataclass(frozen=True, slots=True)
class Customer:
    """One person, and what points to them."""

    id: CustomerId
    identifiers: tuple[Identifier, ...]
    added_at: datetime


def new_customer_id(now: datetime, draw: Callable[[int], bytes]) -> CustomerId:
    """A fresh id. `draw` gives that many random bytes, such as `secrets.token_bytes`."""
    milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
    chance = int.from_bytes(draw(10), "big")
    high = chance >> 68  # 12 bits beside the version
    low = chance & (2**62 - 1)  # 62 bits beside the variant
    return CustomerId(str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)))

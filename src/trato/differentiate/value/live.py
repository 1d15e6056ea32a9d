"""The model of worth that is served: what one customer's days say, or all customers' at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValueModel:
    """To be filled in by the next commit."""

    version: str

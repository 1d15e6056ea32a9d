"""An estimate and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval; whoever returns one says the level and what was resampled."""

    mean: float
    low: float
    high: float

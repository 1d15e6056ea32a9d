"""Episodes: which of a unit's decisions open the time over which its outcomes are counted once.

A decision opens an episode where none of the same unit in the same programme is open at its moment; the
episode lasts as long as the outcome's window. What is decided within it belongs to it. Windows of decisions
that open one never meet, so nothing that happens counts twice.
"""

from __future__ import annotations

from typing import Generic, Protocol, Self, TypeVar


class _Moment(Protocol):
    def __gt__(self, other: Self, /) -> bool: ...


T = TypeVar("T", bound=_Moment)


class Episodes(Generic[T]):
    """The episodes of a programme's units, told its decisions in the order of their positions.

    Only decisions before it say whether one opens an episode: what is decided later changes nothing of it.
    Moments are any that compare. Nobody's decisions (unit b"") open one each.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        """No decision yet."""
        self._ends: dict[bytes, T] = {}

    def opens(self, unit: bytes, at: T, matures_at: T) -> bool:
        """Whether the next decision opens an episode."""
        if not unit:
            return True
        end = self._ends.get(unit)
        if end is not None and not at > end:
            return False
        self._ends[unit] = matures_at
        return True

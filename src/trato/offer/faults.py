"""What is wrong with a declared offer: all of it at once, each with its place and a remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.errors import BadDeclaration

if TYPE_CHECKING:
    from trato.offer.offer import Place

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be meant, where, and what may be meant instead."""

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(slots=True)
class Faults:
    """Faults as they are found; reading goes on after each."""

    found: list[Fault] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Note a fault once."""
        fault = Fault(place, message, hint)
        if fault not in self.found[-SHOWN:]:
            self.found.append(fault)

    def ordered(self) -> list[Fault]:
        """By file and line."""
        return sorted(self.found, key=lambda one: (one.place.file, one.place.line, one.place.column))

    def stop(self) -> None:
        """Raise BadDeclaration with every fault, if there is one."""
        if not self.found:
            return
        ordered = self.ordered()
        first = ordered[0]
        if len(ordered) == 1:
            raise BadDeclaration(first.message, hint=first.hint or None, where=str(first.place))
        more = len(ordered) - SHOWN
        raise BadDeclaration(
            f"{len(ordered):,} things cannot be meant\n"
            + "\n".join(str(fault) for fault in ordered[:SHOWN])
            + (f"\n… and {more:,} more" if more > 0 else ""),
            where=str(first.place),
        )

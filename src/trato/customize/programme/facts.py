"""What a decision may rest upon: facts of a customer and of the moment, by name.

    tier need need.KEY weight evidence expected_value actual_value p_alive potential    (value and belief)
    wants.COMPONENT avoids.COMPONENT            what they said: the module; unknown where they said nothing
    bought.COMPONENT bought.COMPONENT.MODULE    how often, as far as it moves the belief
    days_since_purchase contacts                history; contacts of the last 30 days for the purpose
    value.FIELD                                 a personal value that the purpose covers
    touchpoint channel weekday hour moment      the moment
    context.NAME                                what the request says of the visit or the call

A fact is a number or a word; what is not known, or not permitted, is None: unknown, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact: TypeAlias = "float | str | None"

PLAIN = frozenset(
    "tier need weight evidence expected_value actual_value p_alive potential days_since_purchase contacts "  # noqa: SIM905 -- one line
    "touchpoint channel weekday hour moment".split()
)
FAMILIES = frozenset({"need", "wants", "avoids", "bought", "value", "context"})


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one decision, by name; a name that is not there is unknown."""

    by_name: Mapping[str, Fact]

    def get(self, name: str) -> Fact:
        """The fact of that name; None for what is unknown."""
        return self.by_name.get(name)

"""Conditions over facts: who may get a treatment, as a company writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trato.customize.programme.facts import Facts


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written. `names` are the facts that it looks at."""

    text: str
    names: tuple[str, ...]

    def holds(self, facts: Facts) -> bool | None:
        """Whether it holds; None where what it needs is unknown."""
        raise NotImplementedError

"""Why no configuration keeps to what is said, in choices, facts and named rules, and the cheapest repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from trato.offer.diagram import Choices, Diagram, Numbers, Pair
    from trato.offer.encode import Encoded
    from trato.offer.offer import Rule


@dataclass(frozen=True, slots=True)
class Repair:
    """The cheapest change of choices: what each changed component takes `before` and `after`.

    `cost` is the sum of the costs of what is given up; `configuration` is a valid one after the repair.
    """

    changes: Mapping[str, tuple[str, str]]
    cost: float
    configuration: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A conflict: choices, facts, modules not to be had, and rules that cannot all hold together.

    `minimal` says that without any one of them there would be a configuration. `repair` is None where facts
    and rules alone leave no configuration.
    """

    choices: Mapping[str, str]
    facts: Mapping[str, str]
    without: tuple[Pair, ...]
    rules: tuple[Rule, ...]
    minimal: bool
    repair: Repair | None


class Conflicts:
    """Searches for conflicts in one offer; not for several threads at once."""

    def __init__(self, code: Encoded) -> None:
        raise NotImplementedError


def explained(
    diagram: Diagram,
    choices: Choices,
    *,
    facts: Choices | None,
    without: Collection[Pair],
    costs: Mapping[str, float] | None,
    seconds: float,
) -> Explanation | None:
    """What `Diagram.explain` does."""
    raise NotImplementedError


def repaired(
    diagram: Diagram,
    choices: Choices,
    *,
    facts: Choices | None,
    without: Collection[Pair],
    costs: Mapping[str, float] | None,
    score: Numbers | None,
) -> Repair:
    """What `Diagram.repair` does."""
    raise NotImplementedError

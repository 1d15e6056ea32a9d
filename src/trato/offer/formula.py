"""What a rule says: a Boolean formula over components and facts that take one module each.

`holds` is its meaning; what the encoding makes of it is tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Is:
    """The component or fact `name` takes one of these modules; of none, it is false."""

    name: str
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Formula


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; true when there is none."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; false when there is none."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """Either both hold or neither."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Count:
    """At least `least` and at most `most` of the parts hold."""

    least: int
    most: int
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """What the modules taken add up to lies within bounds, both allowed; None is no bound.

    `terms` gives for each component what each of its modules adds.
    """

    terms: tuple[tuple[str, Mapping[str, Fraction]], ...]
    least: Fraction | None
    most: Fraction | None


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """The components of `columns` take one of the rows, or none of them where they are `forbidden`.

    `modules` gives each column's modules, and `rows` (rows, columns) int32 the positions among them.
    """

    columns: tuple[str, ...]
    modules: tuple[tuple[str, ...], ...]
    rows: NDArray[np.int32]
    forbidden: bool = False


Formula: TypeAlias = Is | Not | Every | Some | Same | Count | Total | Allowed

TRUE = Every(())
FALSE = Some(())


def implies(condition: Formula, consequence: Formula) -> Formula:
    """Where the condition holds, the consequence does."""
    return Some((Not(condition), consequence))


def holds(formula: Formula, configuration: Mapping[str, str]) -> bool:
    """Whether a formula is true where every component and fact takes the module of `configuration`."""
    match formula:
        case Is():
            return configuration[formula.name] in formula.modules
        case Not():
            return not holds(formula.part, configuration)
        case Every():
            return all(holds(part, configuration) for part in formula.parts)
        case Some():
            return any(holds(part, configuration) for part in formula.parts)
        case Same():
            return holds(formula.left, configuration) == holds(formula.right, configuration)
        case Count():
            count = sum(holds(part, configuration) for part in formula.parts)
            return formula.least <= count <= formula.most
        case Total():
            total = sum(adds.get(configuration[name], 0) for name, adds in formula.terms)
            low = formula.least is None or formula.least <= total
            return low and (formula.most is None or total <= formula.most)
        case Allowed():
            row = [
                modules.index(configuration[name]) if configuration[name] in modules else -1
                for name, modules in zip(formula.columns, formula.modules, strict=True)
            ]
            return bool((formula.rows == row).all(axis=1).any()) != formula.forbidden


def names_in(formula: Formula) -> Iterator[str]:
    """The components and facts of which a formula speaks, each as often as it does."""
    match formula:
        case Is():
            yield formula.name
        case Not():
            yield from names_in(formula.part)
        case Every() | Some() | Count():
            for part in formula.parts:
                yield from names_in(part)
        case Same():
            yield from names_in(formula.left)
            yield from names_in(formula.right)
        case Total():
            yield from (name for name, _ in formula.terms)
        case Allowed():
            yield from formula.columns

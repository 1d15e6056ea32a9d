"""Past configurations: what customers took of an offer, as numbers that a preference model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import NotEnoughData, UnknownModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from trato.offer.diagram import Diagram


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """Distinct configurations and how often each was taken.

    `components` (n,) are places in the diagram's components; the table of sales need not speak of all.
    `configurations` (k, n) int16 are positions among a component's modules, `counts` (k,) whole numbers.
    """

    components: NDArray[np.int64]
    configurations: NDArray[np.int16]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.counts.sum())

    def only(self, counts: NDArray[np.int64]) -> Sales:
        """The same with other counts; what was never taken is left out."""
        kept = counts > 0
        return Sales(self.components, self.configurations[kept], counts[kept])


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is no configuration of the offer: its place among the rows, counted from 0, and why."""

    row: int
    reason: str


def sales_of(
    diagram: Diagram,
    names: Sequence[str],
    rows: Iterable[Sequence[str | None]],
    counts: Iterable[int] | None = None,
) -> tuple[Sales, tuple[Refused, ...]]:
    """Rows of module names under the components `names`, merged where they are the same.

    A row with an unknown module, or that breaks the rules, is refused with the reason. A component that the
    table leaves out may take any module that goes with the rest. Raises UnknownModule for an unknown
    component and NotEnoughData when no row is left.
    """
    place = {component.name: i for i, component in enumerate(diagram.components)}
    for name in names:
        if name not in place:
            diagram.offer.component(name)  # raises with the nearest
    columns = np.array([place[name] for name in names], np.int64)
    position = [{m: i for i, m in enumerate(diagram.components[c].names)} for c in columns.tolist()]
    merged: dict[tuple[int, ...], int] = {}
    broken: dict[tuple[int, ...], bool] = {}
    refused: list[Refused] = []
    how_often = iter(counts) if counts is not None else None
    for number, row in enumerate(rows):
        often = next(how_often) if how_often is not None else 1
        try:
            taken = tuple(
                _position(p, name, value) for p, name, value in zip(position, names, row, strict=True)
            )
        except UnknownModule as error:
            refused.append(Refused(number, error.message))
            continue
        if taken not in broken:
            choices = {
                name: diagram.components[c].names[a]
                for name, c, a in zip(names, columns.tolist(), taken, strict=True)
            }
            broken[taken] = not diagram.possible(choices).any()
        if broken[taken]:
            refused.append(Refused(number, "it breaks the rules of the offer"))
        elif often > 0:
            merged[taken] = merged.get(taken, 0) + often
    if not merged:
        raise NotEnoughData(
            "no row is a configuration of this offer",
            hint="the first refusal: " + refused[0].reason if refused else "the table has no row",
        )
    ordered = sorted(merged)
    return (
        Sales(
            columns,
            np.array(ordered, np.int16).reshape(len(ordered), len(columns)),
            np.array([merged[one] for one in ordered], np.int64),
        ),
        tuple(refused),
    )


def _position(position: dict[str, int], name: str, value: str | None) -> int:
    found = position.get("" if value is None else value.strip())
    if found is None:
        raise UnknownModule(f"the component {name!r} has no module {value!r}")
    return found

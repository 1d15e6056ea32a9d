"""Past configurations: what customers took of an offer, as numbers that a preference model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import NotEnoughData, UnknownModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.offer.diagram import Diagram


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """Distinct configurations and how often each was taken.

    `components` (n,) are places in the diagram's components; the table of sales need not speak of all.
    `configurations` (k, n) int16 are positions among a component's modules, `counts` (k,) whole numbers.
    `facts` (k,) are what was known of the customers who took it; nothing where it is empty.
    """

    components: NDArray[np.int64]
    configurations: NDArray[np.int16]
    counts: NDArray[np.int64]
    facts: tuple[Mapping[str, str], ...] = ()

    def __len__(self) -> int:
        return int(self.counts.sum())

    def only(self, counts: NDArray[np.int64]) -> Sales:
        """The same with other counts; what was never taken is left out."""
        kept = counts > 0
        facts = tuple(one for one, stays in zip(self.facts, kept.tolist(), strict=False) if stays)
        return Sales(self.components, self.configurations[kept], counts[kept], facts if self.facts else ())

    def known(self, row: int) -> Mapping[str, str]:
        """What was known of the customers of a row."""
        return self.facts[row] if self.facts else {}


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

    A name may be a fact's: then the column says what was known of the customer. A row with an unknown module,
    or that breaks the rules, is refused with the reason. A component that the table leaves out may take any
    module that goes with the rest. Raises UnknownModule for an unknown component and NotEnoughData when no
    row is left.
    """
    place = {component.name: i for i, component in enumerate(diagram.components)}
    facts = {fact.name: fact.values for fact in diagram.offer.facts}
    for name in names:
        if name not in place and name not in facts:
            diagram.offer.component(name)  # raises with the nearest
    taken_names = [name for name in names if name in place]
    columns = np.array([place[name] for name in taken_names], np.int64)
    position = {
        name: {m: i for i, m in enumerate(diagram.components[place[name]].names)} for name in taken_names
    }
    merged: dict[tuple[tuple[int, ...], tuple[tuple[str, str], ...]], int] = {}
    broken: dict[object, bool] = {}
    refused: list[Refused] = []
    how_often = iter(counts) if counts is not None else None
    for number, row in enumerate(rows):
        often = next(how_often) if how_often is not None else 1
        said = dict(zip(names, row, strict=True))
        known = tuple((name, value) for name, value in _facts_of(said, facts))
        try:
            taken = tuple(_position(position[name], name, said[name]) for name in taken_names)
        except UnknownModule as error:
            refused.append(Refused(number, error.message))
            continue
        if (taken, known) not in broken:
            choices = {
                name: diagram.components[place[name]].names[a]
                for name, a in zip(taken_names, taken, strict=True)
            }
            broken[taken, known] = not diagram.possible(choices, facts=dict(known)).any()
        if broken[taken, known]:
            refused.append(Refused(number, "it breaks the rules of the offer"))
        elif often > 0:
            merged[taken, known] = merged.get((taken, known), 0) + often
    if not merged:
        raise NotEnoughData(
            "no row is a configuration of this offer",
            hint="the first refusal: " + refused[0].reason if refused else "the table has no row",
        )
    ordered = sorted(merged)
    return (
        Sales(
            columns,
            np.array([taken for taken, _ in ordered], np.int16).reshape(len(ordered), len(columns)),
            np.array([merged[one] for one in ordered], np.int64),
            tuple(dict(known) for _, known in ordered) if any(known for _, known in ordered) else (),
        ),
        tuple(refused),
    )


def _facts_of(
    said: Mapping[str, str | None], facts: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """What a row says of facts; a value that the offer does not know is not known."""
    for name, values in facts.items():
        value = (said.get(name) or "").strip()
        if value in values:
            yield name, value


def _position(position: dict[str, int], name: str, value: str | None) -> int:
    found = position.get("" if value is None else value.strip())
    if found is None:
        raise UnknownModule(f"the component {name!r} has no module {value!r}")
    return found

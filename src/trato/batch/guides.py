"""The guide of a company's offer, put together once: compiled, and learned from what was taken before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trato.batch.configurations import read_configurations
from trato.customize.guide.guide import Guide
from trato.customize.guide.guides import Guides, digest_of
from trato.customize.guide.preferences import learn_preferences
from trato.customize.guide.sales import sales_of
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from trato.batch.engine import Engine
    from trato.company.folder import Company
    from trato.customize.guide.sales import Sales
    from trato.offer.diagram import Diagram
    from trato.offer.offer import Offer


def guides_of(
    company: Company,
    taken: Sequence[tuple[str, int]],
    *,
    engine: Engine,
    draw: np.random.Generator,
    circuits: Path | None = None,
) -> Guides | None:
    """The guides of a company; None where it declares no offer.

    `taken` is the store's tally, counted on top of the table that company.yaml names. `circuits` is a folder
    that keeps what was compiled. A module whose stock is nought is not to be had. Raises as
    read_configurations.
    """
    offer, guiding = company.offer, company.settings.guiding
    if offer is None:
        return None
    diagram = offer.compile(store=circuits)
    sold = None
    if guiding.sold:
        sold = read_configurations(
            engine, diagram, company.folder / guiding.sold, guiding.count or None
        ).sales
    guide = Guide(
        diagram,
        learn_preferences(diagram, _with_taken(diagram, sold, taken), draw=draw),
        questions=company.questions,
        without=out_of_stock(offer),
    )
    purpose = company.purposes.by_key.get(guiding.purpose)
    return Guides(guide, digest_of(offer), company.touchpoints, purpose)


def out_of_stock(offer: Offer) -> frozenset[tuple[str, str]]:
    """The modules of which there is none."""
    return frozenset(
        (component.name, module.name)
        for component in offer.components
        for module in component.modules
        if module.stock == 0
    )


def _with_taken(diagram: Diagram, sold: Sales | None, taken: Sequence[tuple[str, int]]) -> Sales | None:
    """Past sales, and what was taken through the guide since; what is of another offer is left out."""
    if not taken:
        return sold
    places = list(range(len(diagram.components))) if sold is None else sold.components.tolist()
    names = [diagram.components[place].name for place in places]
    facts = [fact.name for fact in diagram.offer.facts]
    rows: list[list[str | None]] = []
    counts: list[int] = []
    for row in range(0 if sold is None else len(sold.counts)):
        assert sold is not None  # noqa: S101 there are rows
        modules = [
            diagram.components[place].names[position]
            for place, position in zip(places, sold.configurations[row].tolist(), strict=True)
        ]
        rows.append([*modules, *(sold.known(row).get(fact) for fact in facts)])
        counts.append(int(sold.counts[row]))
    for document, often in taken:
        told = json.loads(document)
        known = told["configuration"]
        rows.append([*(known.get(name) for name in names), *(told["facts"].get(fact) for fact in facts)])
        counts.append(often)
    try:
        return sales_of(diagram, [*names, *facts], rows, counts)[0]
    except NotEnoughData:
        return sold

"""A company's declarations as deciding needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.decide import Serving

if TYPE_CHECKING:
    from trato.company.folder import Company
    from trato.customize.models import Models


def serving_of(company: Company, models: Models) -> Serving:
    """What decisions are made with; one for a process, because it keeps what it made ready."""
    offer = company.offer
    return Serving(
        programmes=company.programmes,
        purposes=company.purposes,
        touchpoints=company.touchpoints,
        unit=company.settings.unit,
        zone=company.settings.zone,
        needs=company.needs or (),
        called=company.names,
        sensitive=frozenset(() if offer is None else (one.name for one in offer.facts if one.sensitive)),
        models=models,
    )

"""The programmes of a company folder against its purposes, offer, needs and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.programme.checks import Checking
from trato.declared import Reader

if TYPE_CHECKING:
    from trato.company.folder import Company
    from trato.declared import Complaint, Declared


def check_programmes(company: Company, root: Declared) -> tuple[list[Complaint], list[Complaint]]:
    """What cannot be meant of the programmes that a page declares, and what is only remarked."""
    wrong, remarks = Reader([]), Reader([])
    Checking(
        wrong,
        remarks,
        purposes=company.purposes,
        touchpoints=company.touchpoints,
        offer=company.offer,
        components=known_components(company),
        needs=[one.name["en"] for one in company.needs or ()],
    ).programmes(root, company.programmes)
    return wrong.complaints, remarks.complaints


def known_components(company: Company) -> set[str]:
    """All components that are named anywhere but in the tables."""
    named = {*company.names.components, *(component for component, _ in company.names.modules)}
    named |= {component for need in company.needs or () for component, _ in need.lifts}
    named |= {component.name for component in company.offer.components} if company.offer else set()
    return named | set(company.settings.needs_from)

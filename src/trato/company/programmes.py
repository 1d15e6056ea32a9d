"""The programmes of a company folder against its purposes, offer, needs and names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.checks import Checking, written_at
from trato.declared import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.company.folder import Company
    from trato.customize.programme.treatments import Programmes
    from trato.declared import Complaint, Declared
    from trato.offer.diagram import Diagram


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


def check_configurations(programmes: Programmes, root: Declared, diagram: Diagram) -> list[Complaint]:
    """Treatments that set what the offer's rules never allow together, whatever else is chosen and known."""
    wrong = Reader([])
    for programme in programmes:
        for one in programme.treatments:
            if (
                not one.configuration
                or not _told(one.configuration, diagram)
                or _ever(one.configuration, diagram)
            ):
                continue
            why = diagram.explain(one.configuration)
            rules = ", ".join(repr(rule.name) for rule in why.rules) if why is not None else ""
            wrong.complain(
                written_at(root, "programmes", programme.key, "treatments", one.key, "configuration"),
                f"no configuration of the offer has all that {one.key!r} sets",
                f"the rules {rules} forbid it" if rules else None,
            )
    return wrong.complaints


def _told(configuration: Mapping[str, str], diagram: Diagram) -> bool:
    """Whether the offer has all modules; where it has not, that has been complained of."""
    modules = {one.name: one.names for one in diagram.offer.components}
    return all(module in modules.get(component, ()) for component, module in configuration.items())


def _ever(configuration: Mapping[str, str], diagram: Diagram) -> bool:
    """Whether a configuration has all these modules, whatever is known of the customer."""
    fixed = np.zeros(diagram.code.clauses.variables + 1, np.int8)
    for component, module in configuration.items():
        literal = diagram.literal(component, module)
        fixed[abs(literal)] = 1 if literal > 0 else -1
    return bool(diagram.engine.possible(fixed).any())


def known_components(company: Company) -> set[str]:
    """All components that are named anywhere but in the tables; none where only the tables name them."""
    named = {*company.names.components, *(component for component, _ in company.names.modules)}
    named |= {component for need in company.needs or () for component, _ in need.lifts}
    named |= {component.name for component in company.offer.components} if company.offer else set()
    mapped = [*(one.mapping for one in company.sources.tables.values()), *company.sources.events.values()]
    fields = [one for each in mapped for role, one in each.fields.items() if _is_component(role)]
    named |= {one.always for one in fields if one.always is not None}
    return named | set(company.settings.needs_from)


def _is_component(role: str) -> bool:
    return role == "component" or role.startswith("more_component_")

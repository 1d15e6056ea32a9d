"""What stays of what was accepted: how it is fulfilled, a choice in the log, one more in the tally."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trato.customize.guide.talk import Accepted, Fulfilled
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.interact.touchpoints import Touchpoint

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customize.guide.guide import Step
    from trato.customize.guide.guides import Guides
    from trato.customize.guide.talk import Talk, TalkStore

EVENT = "configuration.accepted"


def accepted_as(guides: Guides, step: Step, now: datetime) -> Accepted:
    """A proposal as it is accepted, with a SKU or a step for each module that has one."""
    steps: list[Fulfilled] = []
    configuration: dict[str, str] = {}
    for component in guides.offer.components:
        module = component.module(step.proposal[component.name])
        configuration[component.name] = module.name
        if module.sku:
            steps.append(Fulfilled(component.name, module.name, "sku", module.sku))
        if module.step:
            steps.append(Fulfilled(component.name, module.name, "step", module.step))
    return Accepted(configuration, step.price, tuple(steps), now)


def keep_accepted(store: TalkStore, guides: Guides, talk: Talk, *, now: datetime) -> None:
    """Let the customer's belief and timeline know, where there is one, and count what was taken.

    Where something sensitive was said, the tally learns nothing, and the log only what the customer chose in
    so many words and might have chosen without it: so that nobody can tell from it what was said.
    """
    assert talk.accepted is not None  # noqa: S101 the caller has just accepted it
    configuration = talk.accepted.configuration
    sensitive = guides.sensitive(talk.state.facts)
    facts = {name: one for name, one in talk.state.facts.items() if name not in sensitive}
    choices = tuple(configuration.items())
    if sensitive:
        with_all = guides.guide.diagram.domains(facts=talk.state.facts, without=guides.guide.without)
        without = guides.guide.diagram.domains(facts=facts, without=guides.guide.without)
        choices = tuple(
            (name, module)
            for name, module in choices
            if talk.state.choices.get(name) == module and with_all[name] == without[name]
        )
    else:
        store.add_taken(_document(configuration, facts))
    if talk.customer is None or talk.purpose is None or not choices:
        return
    accepted = Interaction(
        source=EVENT,
        kind="choice",
        record=talk.id,
        identifiers=(),
        household=None,
        account=None,
        at=now,
        touchpoint=guides.touchpoints.by_key.get(talk.touchpoint) or Touchpoint("guide", "web"),
        component=choices[0][0],
        module=choices[0][1],
        more_choices=choices[1:],
        count=1,
        amount=None,  # what is paid comes with the purchase, and must not count twice
        cost=None,
        statement=None,
        stance=None,
        learns=True,
    )
    store.append_interactions([NewEntry(talk.customer, accepted, 0, (talk.purpose,), now)])


def _document(configuration: object, facts: dict[str, str]) -> str:
    told = {"configuration": configuration, "facts": facts}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

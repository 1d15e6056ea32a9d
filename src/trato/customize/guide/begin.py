"""What a talk begins with: nothing of somebody unknown; of a customer what they said, and their belief."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from trato.customize.guide.state import begun
from trato.customize.learned import learned_of
from trato.customize.leave import leave_of
from trato.differentiate.needs.beliefs import Belief, predict
from trato.errors import NoConfiguration
from trato.interact.statements import statements_from
from trato.permission.purposes import Purposes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from trato.customize.guide.guides import Guides
    from trato.customize.guide.state import GuideState
    from trato.customize.guide.talk import TalkStore
    from trato.customize.models import Models
    from trato.permission.permit import Permit

    Pair = tuple[str, str]

LEAST_SHARE = 1e-3
MOST_TIMES = 20.0  # how many times as probable as for all anything can be for one customer


@dataclass(frozen=True, slots=True)
class Begun:
    """The state to begin with, likes by (component, module), and what the customer does not want."""

    state: GuideState
    likes: Mapping[Pair, float] = field(default_factory=dict)
    avoided: tuple[Pair, ...] = ()


def known_at_first(
    store: TalkStore | None,
    guides: Guides,
    permit: Permit | None = None,
    *,
    unit: str = "person",
    models: Models | None = None,
    now: datetime | None = None,
) -> Begun:
    """What is known at first under a permit; nothing without one.

    A sensitive fact is never among it: it serves the talk alone in which it was told. Raises NoConfiguration
    when there is nothing to offer to anybody.
    """
    diagram, without = guides.guide.diagram, guides.guide.without
    if not diagram.possible(without=without).any():
        raise NoConfiguration("nothing can be offered now", hint="it may be out of stock")
    if store is None or permit is None or now is None:
        return Begun(begun())
    facts = _facts(store, guides, permit)
    if not diagram.possible(facts=facts, without=without).any():
        facts = {}
    wanted: dict[str, str] = {}
    avoided: list[Pair] = []
    for said in reversed(statements_from(store.statements_of(permit))):  # the last word counts most
        pair = said.component, said.module
        if pair not in diagram.table.place:
            continue
        if said.binds == "always" and said.component not in wanted:
            if diagram.possible(
                {**wanted, pair[0]: pair[1]}, facts=facts, without=without | {*avoided}
            ).any():
                wanted[said.component] = said.module
        elif diagram.possible(wanted, facts=facts, without=without | {*avoided, pair}).any():
            avoided.append(pair)
    likes = _likes(store, guides, permit, unit, models, now) if models is not None else {}
    return Begun(begun(facts, wanted), likes, tuple(avoided))


def _facts(store: TalkStore, guides: Guides, permit: Permit) -> dict[str, str]:
    """What is known of the customer that rules may use, as far as the permit covers it."""
    known = {one.name: one.values for one in guides.offer.facts if not one.sensitive}
    if not permit.fields & known.keys():
        return {}
    return {name: one for name, one in store.values_of(permit).items() if one in known.get(name, ())}


def _likes(
    store: TalkStore, guides: Guides, permit: Permit, unit: str, models: Models, now: datetime
) -> dict[Pair, float]:
    """How many times as probable as for all each module is for the customer, by their belief."""
    if guides.purpose is None or not guides.purpose.profiling:
        return {}
    purposes = Purposes({guides.purpose.key: guides.purpose})
    leave = leave_of(store, purposes, permit.customer, now=now)
    build = store.current_build()
    learned = learned_of(
        store, permit.customer, leave, build, purposes, unit, ZoneInfo("UTC"), models, now=now
    )
    if learned is None or learned.needs is None or learned.belief is None:
        return {}
    model = learned.needs
    population = Belief(model.version, model.shares, {})
    found: dict[Pair, float] = {}
    for component in guides.offer.components:
        if component.name not in model.components:
            continue
        own, usual = (
            predict(model, learned.belief, component.name),
            predict(model, population, component.name),
        )
        for module in component.names:
            if module in own or module in usual:
                ratio = max(own.get(module, 0.0), LEAST_SHARE) / max(usual.get(module, 0.0), LEAST_SHARE)
                found[component.name, module] = round(min(max(ratio, 1 / MOST_TIMES), MOST_TIMES), 4)
    return found

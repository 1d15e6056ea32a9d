"""One household's page: who it is, what it comes for and why we think so, what it will want and misses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.needs.beliefs import believe, explain, predict
from trato.pages.labels import component_name, expected_value, given, module_name, need_name
from trato.pages.report import TIERS, Evidence, Missed, Name, PersonPart, Want

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.batch.demo import Study
    from trato.differentiate.needs.beliefs import Belief
    from trato.pages.report import Rung

SHOWN_WANTS = 6
SHOWN_EVIDENCE = 5
SHOWN_MISSED = 4
# Less than this part of what others of its need choose is hardly any.
HARDLY = 0.25


def household(study: Study) -> PersonPart:
    """The page of the household that the study shows."""
    value, needs, place = study.value, study.needs, study.shown
    customer = value.values["customer"][place].as_py()
    belief = believe(needs.needs.model, study.came_for)
    taste = believe(study.tastes.needs.model, study.chosen)
    need = int(belief.weights.argmax())
    days, last_day = study.shopping.days[customer]
    fact = study.shopping.facts.get(customer)
    tier = value.values["tier"][place].as_py()
    potential = value.column("potential" if value.known_needs is not None else "expected_value")
    return PersonPart(
        label=customer,
        tier=next(name for name in TIERS if name == tier),
        need=need_name(needs, need),
        weight=float(belief.weights[need]),
        actual=float(value.column("actual_value")[place]),
        expected=expected_value(value, place),
        potential=float(potential[place]),
        alive=float(value.column("p_alive")[place]),
        purchases=days,
        last_purchase=last_day,
        facts=() if fact is None else (Name(fact, given=given(study.labels.facts.get(fact))),),
        moved=_moved(study, belief, need),
        wants=_wants(study, taste),
        missed=_missed(study, belief, need),
    )


def _moved(study: Study, belief: Belief, need: int) -> tuple[Evidence, ...]:
    moved = explain(study.needs.needs.model, belief, need).moved
    return tuple(
        Evidence(component_name(study.labels, one.module), one.count, float(np.exp(one.log_odds)))
        for one in moved
        if one.log_odds > 0
    )[:SHOWN_EVIDENCE]


def _missed(study: Study, belief: Belief, need: int) -> tuple[Missed, ...]:
    """The categories that the need's households buy more than all do, and this one hardly does.

    The most missed come first.
    """
    needs = study.needs.needs
    total, shares = sum(belief.counts.values()), needs.choice_shares[need]
    usual = {
        label: total * float(shares[item])
        for label, item in needs.model.item_of.items()
        if shares[item] > needs.population_shares[item]
    }
    hardly = [label for label in usual if belief.counts.get(label, 0) < HARDLY * usual[label]]
    hardly.sort(key=lambda label: (belief.counts.get(label, 0) - usual[label], label))
    return tuple(
        Missed(component_name(study.labels, label[1]), belief.counts.get(label, 0), usual[label])
        for label in hardly[:SHOWN_MISSED]
    )


def _wants(study: Study, belief: Belief) -> tuple[Want, ...]:
    """The components the household buys most in, with one where all are treated alike among them."""
    rungs: Mapping[str, Rung] = {
        one.name: one.worth_trying.rung for one in study.appraisal.appraisal.components if one.modules > 1
    }
    bought: dict[str, int] = {}
    for (component, _), count in belief.counts.items():
        bought[component] = bought.get(component, 0) + count
    most = sorted((name for name in bought if name in rungs), key=lambda name: (-bought[name], name))
    shown = most[:SHOWN_WANTS]
    if not any(rungs[name] == "mass" for name in shown):
        shown = shown[: SHOWN_WANTS - 1] + [name for name in most if rungs[name] == "mass"][:1]
    return tuple(_want(study, belief, name, bought[name], rungs[name]) for name in shown)


def _want(study: Study, belief: Belief, component: str, of: int, rung: Rung) -> Want:
    tastes = study.tastes.needs
    chances = predict(tastes.model, belief, component)
    module = max(chances, key=lambda name: (chances[name], name))
    item = tastes.model.item_of.get((component, module))
    return Want(
        component=component_name(study.labels, component),
        module=module_name(study.labels, component, module),
        chance=chances[module],
        chance_mass=0.0 if item is None else float(tastes.population_shares[item]),
        count=belief.counts.get((component, module), 0),
        of=of,
        rung=rung,
    )

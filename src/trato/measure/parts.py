"""What each part of a running programme's policy adds, by its own log: levers, standing experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.customize.learn import read_taught
from trato.customize.levers import levers_cost
from trato.customize.pace import last_decisions
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.encode import encoded
from trato.customize.programme.facts import Facts
from trato.customize.programme.features import phi
from trato.customize.programme.filters import by_conditions
from trato.customize.replay import may_be_given
from trato.measure.log import Logged
from trato.measure.running import net_of, success_of
from trato.measure.standing import Considered, standing_experiments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.customize.levers import LeversCost
    from trato.customize.programme.decision import Taught
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.serving import Serving
    from trato.customize.programme.store import LearningStore
    from trato.customize.programme.treatments import Programme
    from trato.measure.standing import Standing

RECENT = 20_000
LEAST_CLOSED = 100


def parts_of(
    store: LearningStore, programme: Programme, *, serving: Serving, now: datetime, most: int = RECENT
) -> tuple[LeversCost, tuple[Standing, ...]]:
    """What levers cost over the last decisions, and the standing experiments on those of them that matured.

    Decisions are read as far as their customers permit it now; the experiments rest on those of the policy,
    with the model that is served. None of these where too few matured, or a
    success has no value of its own. Raises StorageError.
    """
    served = store.served_programmes().get(programme.key)
    rows = last_decisions(store, programme.key, 0 if served is None else served.learned_up_to, most)
    taught, _ = read_taught(store, programme, rows, serving.purposes, now)
    levers = levers_cost(store, [one.decision for one in taught], serving=serving)
    closed = [
        one
        for one in taught
        if one.opens
        and one.decision.matures_at <= now
        and one.decision.arm == "policy"
        and one.decision.by_person is None
        and one.decision.version == programme.version
    ]
    if len(closed) < LEAST_CLOSED or success_of(programme) is None:
        return levers, ()
    return levers, _standing(serving.served(store, programme.key, served), closed)


def _standing(ready: Ready, taught: Sequence[Taught]) -> tuple[Standing, ...]:
    """The standing experiments, on what each decision brought net of its cost."""
    programme, decisions = ready.programme, [one.decision for one in taught]
    net = np.array(
        [net_of(programme, one.decision.treatment, one.taken, one.amount) for one in taught], np.float64
    )
    chances = np.array([[c.probability for c in one.candidates] for one in decisions], np.float64) / WHOLE
    units = {unit: place for place, unit in enumerate(dict.fromkeys(one.unit for one in decisions))}
    place = np.array([ready.place[one.treatment] for one in decisions], np.int64)
    log = Logged(
        place,
        net,
        chances[np.arange(len(place)), place],
        np.array([units[one.unit] for one in decisions], np.int64),
        chances,
    )
    x = encoded(programme.features, [one.facts for one in decisions])
    chance = np.stack([phi(ready.layout, row, ready.modules) @ ready.mean for row in x]).astype(np.float64)
    candidate = np.array([may_be_given(one) for one in decisions], np.bool_)
    eligible = np.array(
        [[not one for one in by_conditions(ready, Facts(each.facts))] for each in decisions], np.bool_
    )
    levers = np.array([one.lever for one in programme.treatments])
    values = np.array([float(one.value) for one in programme.treatments])
    if programme.goal.outcome == "money":
        values = np.ones(len(values))
    considered = Considered(candidate, eligible | candidate, chance, values, levers, ready.charge)
    return standing_experiments(log, considered)

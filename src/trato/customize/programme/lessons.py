"""What decisions teach: their features and outcomes, the model after them, and whether outcomes drift.

All are pure functions of declaration, model and decisions; a model's document holds all of it, so that the
next lesson goes on where the last one ended, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.belief import prior_of
from trato.customize.programme.decision import ELIGIBLE
from trato.customize.programme.drift import Watch, watched, watching
from trato.customize.programme.encode import encoded, layout_of, treatment_features
from trato.customize.programme.features import full
from trato.customize.programme.filters import HELD_BACK
from trato.customize.programme.posterior import forgetting, learnt, posterior_from_document, to_document
from trato.customize.programme.treatments import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.customize.models import ModelStore
    from trato.customize.programme.decision import Decision, Taught
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.treatments import Programme

FORGETS = 0.5  # the share of what was learned that is no longer trusted when drift is noticed
_A_CHOICE = frozenset({ELIGIBLE, HELD_BACK})


@dataclass(frozen=True, slots=True)
class Drift:
    """That outcomes came otherwise than predicted: after so many learned from (`evidence`), and whether they
    came higher or lower.
    """

    evidence: int
    rising: bool


@dataclass(frozen=True, slots=True)
class Learning:
    """All that is known by learning: the belief, the watch over its surprises, and the drifts so far."""

    posterior: Posterior
    watch: Watch
    drifts: tuple[Drift, ...] = ()


def taught_by(learning: Learning, programme: Programme, taught: Sequence[Taught]) -> tuple[Learning, int]:
    """What is known after decisions, and how many of them taught: see `lessons_of`."""
    features, outcomes = lessons_of(programme, taught)
    posterior, watch, drifts = learning.posterior, learning.watch, learning.drifts
    start = 0
    while start < len(outcomes):
        # Up to the end of the watch's block: drift is noticed at the same outcome in whatever lesson.
        end = start + watch.block - watch.count
        posterior, surprises = learnt(posterior, features[start:end], outcomes[start:end])
        watch = watched(watch, surprises)
        if watch.alarm is not None:
            drifts = (*drifts, Drift(posterior.evidence, watch.rising))
            posterior = forgetting(posterior, prior_of(programme), FORGETS)
            watch = watching()
        start = end
    return Learning(posterior, watch, drifts), len(outcomes)


def lessons_of(
    programme: Programme, taught: Sequence[Taught]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The features (n, D) and outcomes (n,) of decisions that teach, in their order.

    That is those of a treatment that the programme still has, in which there was a choice (`chose`), but for
    those within an episode that another opened. An outcome is 0 or 1, or money in minor units.
    """
    layout, (_, modules) = layout_of(programme), treatment_features(programme)
    place = {one.key: number for number, one in enumerate(programme.treatments)}
    known = [one for one in taught if one.opens and one.decision.treatment in place and chose(one.decision)]
    x = encoded(programme.features, [one.decision.facts for one in known])
    m = modules[[place[one.decision.treatment] for one in known]].reshape(len(known), len(layout.modules))
    money = programme.goal.outcome == "money"
    outcomes = np.array([float(one.amount if money else one.taken) for one in known])
    return full(layout, x, m), outcomes


def chose(decision: Decision) -> bool:
    """Whether another treatment than *nothing* could have been given, or was held back by the unit's arm.

    Who gets nothing because nothing may be given (they want no letters, they were written to enough) differs
    from the others in more than that: what they do would be taken for what the others do without a treatment.
    """
    return any(one.treatment != NOTHING and one.reason in _A_CHOICE for one in decision.candidates)


def learning_of(store: ModelStore, programme: Programme, model: str) -> Learning:
    """What a model's version knows, or before the first ("") what the declaration expects."""
    if not model:
        return Learning(prior_of(programme), watching())
    said = json.loads(store.model_document(model))
    watch = {**said["watch"], "ratios": tuple(said["watch"]["ratios"])}
    drifts = tuple(Drift(**one) for one in said["drifts"])
    return Learning(posterior_from_document(said), Watch(**watch), drifts)


def posterior_of(store: ModelStore, programme: Programme, model: str) -> Posterior:
    """The belief of a model's version, or before the first ("") that of the declaration."""
    return learning_of(store, programme, model).posterior


def written(learning: Learning, programme: Programme) -> tuple[str, str]:
    """A model's version and document: what is known, and the declaration for which it was learned."""
    document = json.dumps(
        {
            **to_document(learning.posterior),
            "programme": programme.key,
            "declared": programme.version,
            "watch": asdict(learning.watch),
            "drifts": [asdict(one) for one in learning.drifts],
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(document.encode()).hexdigest()[:32], document

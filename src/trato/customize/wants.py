"""What a customer wants: needs in words, each with its weight and the evidence that moved it.

A weight is itself the probability that the customer has the need, given what was counted; beside it stands
the share of all customers who have it, which is all that is known of somebody new. Where nothing that the
model knows was counted, no need is told: we do not know yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.names import NO_NAMES, Names
from trato.customize.phrases import in_each
from trato.differentiate.needs.beliefs import evidence_of, explain
from trato.differentiate.needs.lifts import LEAST_LIFT, Lift, Portrait
from trato.differentiate.needs.names import DRIFTING, KEPT, Naming
from trato.differentiate.needs.wording import LANGUAGES, describe, working_title
from trato.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trato.differentiate.needs.beliefs import Belief, Moved, NeedsModel
    from trato.differentiate.needs.names import NamedNeed
    from trato.differentiate.needs.wording import Language

MOST_NEEDS = 3
MOST_EVIDENCE = 5
MOST_LIFTS = 4
PER_COMPONENT = 2
# Needs that together carry this much of the belief are worth telling; the rest is noise.
TOLD_WEIGHT = 0.9
# Evidence below this many nats (a twentieth more likely) tells no reader anything.
LEAST_LOG_ODDS = 0.05
NOT_SMALLER = 1e-9


@dataclass(frozen=True, slots=True)
class Evidence:
    """A choice that moved the belief towards a need: how often it was made, the nats, and it in words."""

    component: str
    module: str
    count: int
    log_odds: float
    words: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class NeedInWords:
    """A need of the model: what it is called, what its customers choose more often, and their share of all.

    `state` says how well the name given in needs.yaml fits, as in `names.Naming`.
    """

    need: int
    name: Mapping[Language, str]
    state: str
    share: float
    description: Mapping[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class WeighedNeed:
    """A need as a customer has it: its weight, and what moved it, the strongest first."""

    need: NeedInWords
    weight: float
    evidence: tuple[Evidence, ...]


def needs_in_words(
    model: NeedsModel, named: Sequence[NamedNeed], names: Names = NO_NAMES
) -> tuple[NeedInWords, ...]:
    """Every need of a model in words, in its order, under the names that fit best; one name a need.

    It is described by what its customers choose in the components that tell needs, called as `names` says.
    """
    profiles = np.exp(model.log_profiles)
    usual = model.shares @ profiles
    found = _fitting(model, named, profiles, usual)
    portraits = [
        _portrait(model, profiles[k], usual, list(found[k][0].lifts) if k in found else ())
        for k in range(model.needs)
    ]
    namings = [_naming(model, found.get(k), portraits[k], names) for k in range(model.needs)]
    several = _several(model)
    return tuple(
        NeedInWords(
            need=k,
            name=namings[k].name,
            state=namings[k].state,
            share=float(model.shares[k]),
            description={
                language: tuple(
                    describe(_called(one, names, language), language, several_components=several)
                    for one in portraits[k].more
                )
                for language in LANGUAGES
            },
        )
        for k in range(model.needs)
    )


def weigh_needs(
    model: NeedsModel,
    belief: Belief,
    words: Sequence[NeedInWords],
    *,
    names: Names = NO_NAMES,
    most: int = MOST_NEEDS,
) -> tuple[WeighedNeed, ...]:
    """The likeliest needs of a customer, at most `most`; none where nothing was counted."""
    if evidence_of(model, belief.counts) == 0:
        return ()
    found: list[WeighedNeed] = []
    told, several = 0.0, _several(model)
    for k in np.argsort(-belief.weights, kind="stable").tolist()[:most]:
        if found and (told >= TOLD_WEIGHT or belief.weights[k] < model.shares[k] * (1 - NOT_SMALLER)):
            break  # less likely than of anybody: not a need of theirs
        moved = [one for one in explain(model, belief, k).moved if one.log_odds >= LEAST_LOG_ODDS]
        found.append(
            WeighedNeed(
                words[k],
                float(belief.weights[k]),
                tuple(
                    Evidence(
                        one.component,
                        one.module,
                        one.count,
                        one.log_odds,
                        _counted(one, names, several=several),
                    )
                    for one in moved[:MOST_EVIDENCE]
                ),
            )
        )
        told += float(belief.weights[k])
    return tuple(found)


def _several(model: NeedsModel) -> bool:
    """Whether needs are told by several components, so that a module alone would not say which is meant."""
    return (len(model.components) if model.tells is None else int(model.tells.sum())) > 1


def _counted(one: Moved, names: Names, *, several: bool) -> Mapping[Language, str]:
    say = names.choice if several else names.module
    return in_each(
        lambda words, language: (words.chosen_once if one.count == 1 else words.chosen_often).format(
            choice=say(one.component, one.module, language), count=one.count
        )
    )


def _called(one: Lift, names: Names, language: Language) -> Lift:
    return replace(
        one,
        component=names.component(one.component, language),
        module=names.module(one.component, one.module, language),
    )


def _portrait(
    model: NeedsModel,
    profile: NDArray[np.float64],
    usual: NDArray[np.float64],
    fingerprint: Sequence[tuple[str, str]],
) -> Portrait:
    """What a need's customers choose first clearly more often than all do.

    In the order of the fingerprint of its name, which knows how often each component is chosen at all; what
    has no name, or whose fingerprint says little, by how much each module tells within its component.
    """
    lift = np.where(model.tells_of(np.arange(len(usual))), profile / usual, 0.0)
    labels = list(model.item_of)
    named = [model.item_of[label] for label in fingerprint if label in model.item_of]
    others = np.argsort(-profile * np.log(np.maximum(lift, 1e-9)), kind="stable").tolist()
    taken: list[Lift] = []
    crowd: dict[str, int] = {}
    several = _several(model)
    for item in dict.fromkeys([*named, *others]):
        component, module = labels[item]
        if len(taken) == MOST_LIFTS or (taken and len(named) >= MOST_LIFTS and item not in named):
            break
        crowded = several and item not in named and crowd.get(component, 0) >= PER_COMPONENT
        if lift[item] < LEAST_LIFT or crowded:
            continue
        crowd[component] = crowd.get(component, 0) + 1
        value = float(lift[item])
        taken.append(
            Lift(
                component,
                module,
                float(profile[item]),
                float(usual[item]),
                Interval(value, value, value),  # the model's own figure; only its mean is put in words
                0.0,
            )
        )
    return Portrait(tuple(taken), ())


def _fitting(
    model: NeedsModel, named: Sequence[NamedNeed], profiles: NDArray[np.float64], usual: NDArray[np.float64]
) -> dict[int, tuple[NamedNeed, float]]:
    """The name of needs.yaml whose fingerprint a need resembles most, one name a need, and how much."""
    from scipy.optimize import linear_sum_assignment

    likeness = np.array(
        [[_likeness(one, model, profiles[k] / usual) for k in range(model.needs)] for one in named]
    ).reshape(len(named), model.needs)
    rows, columns = linear_sum_assignment(-np.where(likeness >= DRIFTING, likeness, 0.0))
    return {
        int(k): (named[i], float(likeness[i, k]))
        for i, k in zip(rows, columns, strict=True)
        if likeness[i, k] >= DRIFTING
    }


def _naming(
    model: NeedsModel, found: tuple[NamedNeed, float] | None, portrait: Portrait, names: Names
) -> Naming:
    """The name that fits, else a working title."""
    if found is None:
        titles = {}
        for language in LANGUAGES:
            called = Portrait(tuple(_called(one, names, language) for one in portrait.more), ())
            titles[language] = working_title(called, language, needs=model.needs)
        return Naming(titles, "untitled", None)
    return Naming(found[0].name, "kept" if found[1] >= KEPT else "drifting", found[1])


def _likeness(one: NamedNeed, model: NeedsModel, lift: NDArray[np.float64]) -> float:
    """The cosine of log-lifts over the fingerprint's modules that the model knows, as `names.likeness_of`."""
    known = [(model.item_of[label], value) for label, value in one.lifts.items() if label in model.item_of]
    if not known:
        return 1.0 if model.needs == 1 and not one.lifts else 0.0
    theirs = np.log(np.maximum([value for _, value in known], 1e-3))
    ours = np.log(lift[[item for item, _ in known]])
    lengths = float(np.linalg.norm(theirs) * np.linalg.norm(ours))
    return float(theirs @ ours) / lengths if lengths > 0 else 0.0

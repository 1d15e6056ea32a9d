"""The next proposal: for each component where the belief says more than the population, its best modules.

Two things alone lead to a proposal: what the customer said, which binds, and a belief whose prediction
differs from what all customers choose. Where it does not differ the customer is treated as all are, and the
page says so: remembering somebody is courtesy, and proposing them what everybody gets is no proposal.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.customize.names import NO_NAMES, Names
from trato.customize.phrases import in_each, percent, times
from trato.differentiate.needs.beliefs import Belief, evidence_of, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trato.customize.wants import NeedInWords
    from trato.differentiate.needs.beliefs import NeedsModel, Statement
    from trato.differentiate.needs.wording import Language

MOST_COMPONENTS = 10
MOST_MODULES = 3
# A prediction that gains less than this many nats a choice over the population's says no more than it: .02
# is the step from 40 % to 50 % for one module.
LEAST_GAIN = 0.02
# A module that the population hardly knows could otherwise gain without bound.
_LEAST_SHARE = 1e-4
_LEAST_LIFT = 1.2

Because = Literal["said", "chosen", "need", "usual"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a module is proposed, in words: they *said* it, *chose* it, a *need* of theirs, the *usual*.

    `evidence` is the number of choices it rests on; 1 for what was said, 0 for what is usual.
    """

    because: Because
    evidence: int
    words: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class ProposedModule:
    """A module, how likely they choose it next in its component, how likely all customers do, and why.

    `usual` is None where the model does not know the module.
    """

    module: str
    probability: float
    usual: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ProposedComponent:
    """The best modules of a component, the likeliest first. `gain` is in nats a choice over the population;
    `binding` says that the customer said so. `left_out` are the modules that they said they do not want.
    """

    component: str
    modules: tuple[ProposedModule, ...]
    gain: float
    binding: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to propose, by component: what the customer said first, then where the belief serves most.

    `as_all` are the components where it says no more than the population: there the customer is treated as
    all are, but for `left_out`, the modules by component that they said they do not want. `further` is in
    how many more components it says more, `evidence` the number of choices that the model knows; `not_yet`
    says that no build has learned anything yet.
    """

    components: tuple[ProposedComponent, ...]
    as_all: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]
    further: int
    evidence: int
    not_yet: bool


def propose(
    model: NeedsModel | None,
    belief: Belief | None,
    statements: Sequence[Statement],
    words: Sequence[NeedInWords],
    *,
    names: Names = NO_NAMES,
    most: int = MOST_COMPONENTS,
) -> Proposal:
    """The proposal that a belief and statements (the oldest first) give; at most `most` components."""
    said = _bound(statements)
    if model is None or belief is None:
        components = [_by_word(component, module, said) for component, module in _wanted(said)]
        return Proposal(tuple(components[:most]), (), _left_out(said), 0, 0, not_yet=True)
    gains = gains_over_population(model, belief)
    chosen: dict[str, int] = {}
    for (component, _), count in belief.counts.items():
        chosen[component] = chosen.get(component, 0) + count
    able: list[tuple[float, str]] = []
    as_all: list[str] = []
    for component, gain in gains.items():
        bound = "always" in said.get(component, {}).values()
        if bound or gain >= LEAST_GAIN:
            # What they often choose comes first: there a better guess serves them more often.
            able.append((float("inf") if bound else gain * (1 + chosen.get(component, 0)), component))
        else:
            as_all.append(component)
    evidence = evidence_of(model, belief.counts)
    grounds = _Grounds(model, belief, words, evidence, chosen, names)
    unknown = [(part, name) for part, name in _wanted(said) if part not in gains]
    found = [_by_word(component, module, said) for component, module in unknown]
    further = 0
    for _, component in sorted(able, key=lambda one: (-one[0], one[1])):
        if len(found) >= most:
            further += 1
            continue
        own = said.get(component, {})
        told = predict(model, belief, component, statements)
        one = grounds.component(component, told, own, gains[component])
        if one.modules:
            found.append(one)
        else:
            as_all.append(component)
    left_out = {part: which for part, which in _left_out(said).items() if part in as_all}
    return Proposal(tuple(found[:most]), tuple(as_all), left_out, further, evidence, not_yet=False)


def gains_over_population(model: NeedsModel, belief: Belief) -> dict[str, float]:
    """How many nats a choice the belief gains over the population in each component, if it is right.

    The sum of p · log(p / q) over modules, p being the belief's prediction and q what all customers choose.
    """
    component_of = np.repeat(np.arange(len(model.components)), np.diff(model.offsets))
    place = {component: number for number, component in enumerate(model.components)}
    profiles = np.exp(model.log_profiles)
    own, chosen = np.zeros(len(component_of)), np.zeros(len(model.components))
    strange: list[tuple[int, int]] = []  # modules that the model does not know, in components that it does
    for label, count in belief.counts.items():
        if label[0] in place:
            chosen[place[label[0]]] += count
            if label in model.item_of:
                own[model.item_of[label]] = count
            else:
                strange.append((place[label[0]], count))
    mass = chosen + model.trust
    told = (own + model.trust[component_of] * (belief.weights @ profiles)) / mass[component_of]
    usual = np.maximum(model.shares @ profiles, _LEAST_SHARE)
    gains = np.bincount(component_of, told * np.log(told / usual), len(model.components))
    for number, count in strange:
        share = count / mass[number]
        gains[number] += share * log(share / _LEAST_SHARE)
    return dict(zip(model.components, gains.tolist(), strict=True))


def _bound(statements: Sequence[Statement]) -> dict[str, dict[str, str]]:
    """What holds of what was said, by component and module: the later word counts, as in `beliefs.bind`."""
    holds: dict[str, dict[str, str]] = {}
    for one in statements:
        own = holds.setdefault(one.component, {})
        if one.binds == "always":
            for module in [name for name, binds in own.items() if binds == "always"]:
                del own[module]
        own[one.module] = one.binds
    return holds


def _wanted(said: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(part, name) for part, own in said.items() for name, binds in own.items() if binds == "always"]


def _left_out(said: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    found = {
        part: tuple(sorted(m for m, binds in own.items() if binds == "never")) for part, own in said.items()
    }
    return {part: which for part, which in found.items() if which}


def _by_word(component: str, module: str, said: Mapping[str, Mapping[str, str]]) -> ProposedComponent:
    """A proposal that rests on the customer's word alone."""
    return ProposedComponent(
        component,
        (ProposedModule(module, 1.0, None, (_said(),)),),
        0.0,
        binding=True,
        left_out=_left_out(said).get(component, ()),
    )


def _said() -> Reason:
    return Reason("said", 1, in_each(lambda words, _: words.wants))


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What proposals rest on: `evidence` choices that the model knows, `chosen` of them by component."""

    model: NeedsModel
    belief: Belief
    words: Sequence[NeedInWords]
    evidence: int
    chosen: Mapping[str, int]
    names: Names

    def component(
        self, component: str, told: Mapping[str, float], own: Mapping[str, str], gain: float
    ) -> ProposedComponent:
        """The best modules of a component: the one that was said, or those clearly likelier than for all."""
        usual = predict(self.model, Belief(self.model.version, self.model.shares, {}), component)
        bound = [module for module, share in told.items() if share > 0 and own.get(module) == "always"]
        better = [m for m, share in told.items() if share > 0 and share >= _LEAST_LIFT * usual.get(m, 0.0)]
        ranked = sorted(bound or better, key=lambda module: (-told[module], module))[:MOST_MODULES]
        return ProposedComponent(
            component,
            tuple(
                ProposedModule(
                    module, told[module], usual.get(module), self.reasons(component, module, usual, own)
                )
                for module in ranked
            ),
            gain,
            bool(bound),
            tuple(sorted(m for m, binds in own.items() if binds == "never")),
        )

    def reasons(
        self, component: str, module: str, usual: Mapping[str, float], own: Mapping[str, str]
    ) -> tuple[Reason, ...]:
        """Why a module is proposed, what weighs most first."""
        found: list[Reason] = [_said()] if own.get(module) == "always" else []
        count, chosen = self.belief.counts.get((component, module), 0), self.chosen.get(component, 0)
        if count:
            words = in_each(
                lambda say, language: say.chosen.format(
                    count=count, chosen=chosen, component=self.names.component(component, language)
                )
            )
            found.append(Reason("chosen", count, words))
        found += self._by_need(component, module, usual.get(module, 0.0))
        if module in usual:
            words = in_each(lambda say, _: say.usual.format(share=percent(usual[module], say)))
            found.append(Reason("usual", 0, words))
        return tuple(found)

    def _by_need(self, component: str, module: str, usual: float) -> list[Reason]:
        """The need that speaks most for a module, if one does that the customer has more than others do."""
        model, weights = self.model, self.belief.weights
        item = model.item_of.get((component, module))
        if item is None or self.evidence == 0 or usual <= 0:
            return []
        lift = np.exp(model.log_profiles[:, item]) / usual
        speaks = np.where(weights > model.shares, weights * np.maximum(lift - 1, 0.0), 0.0)
        need = int(speaks.argmax())
        if speaks[need] <= 0 or lift[need] < _LEAST_LIFT:
            return []
        value, names = float(lift[need]), self.words[need].name
        words = in_each(
            lambda say, language: say.like_them.format(need=names[language], lift=times(value, say))
        )
        return [Reason("need", self.evidence, words)]

"""Needs learned from choices: the model behind beliefs, what sets each need apart, how well it foresees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.needs.beliefs import NeedsModel, need_weights, predicted
from trato.differentiate.needs.choices import (
    EARLY,
    INNER,
    JUDGED,
    in_components,
    in_windows,
    split_in_halves,
)
from trato.differentiate.needs.classes import (
    ClassData,
    Classes,
    choice_shares,
    class_data,
    class_weights,
    fit_classes,
    profiles_given,
)
from trato.differentiate.needs.lifts import NORMAL_95, Portrait, portraits
from trato.differentiate.needs.trust import fit_trust
from trato.errors import NotEnoughData
from trato.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.differentiate.needs.choices import Choices

    Array = NDArray[np.float64]

MAX_NEEDS = 12
LEARN_FROM = 50_000
SEEDS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Foresight:
    """How well beliefs foresee choices of the judged window, by models that had not seen it.

    Gains are nats per choice over the population's shares, with a 95 % interval over customers: `needs` from
    the weights alone, `belief` from weights and own counts.
    """

    customers: int
    choices: int
    needs: Interval
    belief: Interval


@dataclass(frozen=True, slots=True)
class Needs:
    """Learned needs, the largest first: the model, everyone's weights, and what can be told of both.

    `weights` has a row for each of `choices.customers`; `evidence` is how many choices it rests on. `classes`
    are those of the components that tell needs. `shares`
    are the needs' shares of customers with 95 % intervals over customers, given the model. `choice_shares`
    (K, v) and `population_shares` (v,) are shares of choices. `tuned_on` says what the trust was fitted on: a
    later window, or a random half of the choices where there is no time.
    """

    model: NeedsModel
    weights: Array
    evidence: NDArray[np.int64]
    shares: tuple[Interval, ...]
    choice_shares: Array
    population_shares: Array
    component_mass: Array
    portraits: tuple[Portrait, ...]
    classes: Classes
    learned_from: int
    tuned_on: str
    foresight: Foresight | None


def learn_needs(
    choices: Choices,
    *,
    told_by: Sequence[str] = (),
    max_needs: int = MAX_NEEDS,
    learn_from: int = LEARN_FROM,
    seeds: Sequence[int] = SEEDS,
    seed: int = 0,
) -> Needs:
    """Needs and beliefs of all customers in `choices`.

    The model is learned from all windows; how far to trust own counts is fitted on the inner window by a
    model of the early one, and foresight is judged on the judged window by a model of the two before. At most
    `learn_from` customers, drawn with `seed`, teach the model; all are scored.

    Where `told_by` names components, needs are learned from these alone; of the others the model keeps what
    customers of each need choose there, and they move nobody's weights.

    Raises NotEnoughData when nobody chose anything in the components that tell needs.
    """
    tells = np.array([not told_by or one in told_by for one in choices.components], dtype=np.bool_)
    telling = tells[choices.component]
    if not telling.any():
        raise NotEnoughData(
            "no customer has chosen anything" + (f" in {', '.join(told_by)}" if told_by else ""),
            hint="needs are learned from at least one choice",
        )
    rng = np.random.default_rng(seed)
    taught = _some_customers(choices, learn_from, rng)
    dated = bool((choices.window != EARLY).any())
    halves = taught if dated else split_in_halves(taught, rng)
    before = in_windows(halves, EARLY, INNER)
    classes = _classes(taught, tells, max_needs=max_needs, seeds=seeds)
    judged = dated and bool(tells[before.component].any())
    known = _classes(before, tells, max_needs=max_needs, seeds=seeds) if judged else classes
    trust = _fit_trust(halves, tells, known.classes, seeds)
    model = _model(taught, tells, classes, trust)
    data = class_data(choices)
    weights = need_weights(model, data.indptr, data.items, data.counts)
    everyone = np.ones((data.customers, 1))
    return Needs(
        model=model,
        weights=weights,
        evidence=np.bincount(
            choices.customer[telling], choices.count[telling], len(choices.customers)
        ).astype(np.int64),
        shares=tuple(_mean_of(weights[:, k]) for k in range(model.needs)),
        choice_shares=choice_shares(weights, data),
        population_shares=choice_shares(everyone, data)[0],
        component_mass=_component_mass(choices),
        portraits=portraits(choices.components, choices.modules, data, weights),
        classes=classes,
        learned_from=len(np.unique(taught.customer)),
        tuned_on="a later window" if dated else "a random half of the choices",
        foresight=_foresight(halves, _model(before, tells, known, trust)) if judged else None,
    )


def _classes(
    choices: Choices,
    tells: NDArray[np.bool_],
    *,
    max_needs: int,
    seeds: Sequence[int],
    number: int | None = None,
) -> Classes:
    told = choices if tells.all() else in_components(choices, np.flatnonzero(tells).tolist())
    return fit_classes(
        class_data(told), min_classes=number or 1, max_classes=number or max_needs, habit=True, seeds=seeds
    )


def _model(choices: Choices, tells: NDArray[np.bool_], classes: Classes, trust: Array) -> NeedsModel:
    """The model of the classes; what their customers choose where nothing is told comes from `choices`."""
    profiles, habit = list(classes.log_profiles), classes.concentrations
    if habit is None:
        habit = np.ones(len(profiles))
    if not tells.all():
        told, silent = np.flatnonzero(tells), np.flatnonzero(~tells)
        weights = class_weights(classes, class_data(in_components(choices, told.tolist())))
        others, own_habit = profiles_given(weights, class_data(in_components(choices, silent.tolist())))
        order = np.argsort(np.concatenate((told, silent)))
        everything = [*profiles, *others]
        profiles = [everything[one] for one in order.tolist()]
        habit = np.concatenate((habit, own_habit))[order]
    return NeedsModel(
        components=choices.components,
        modules=choices.modules,
        shares=classes.shares,
        log_profiles=np.ascontiguousarray(np.hstack(profiles)),
        habit=habit,
        trust=trust,
        tells=tells,
    )


def _some_customers(choices: Choices, most: int, rng: np.random.Generator) -> Choices:
    if len(choices.customers) <= most:
        return choices
    chosen = np.zeros(len(choices.customers), bool)
    chosen[rng.choice(len(choices.customers), most, replace=False)] = True
    kept = chosen[choices.customer]
    return type(choices)(
        choices.customers,
        choices.components,
        choices.modules,
        choices.customer[kept],
        choices.component[kept],
        choices.module[kept],
        choices.window[kept],
        choices.count[kept],
    )


def _fit_trust(halves: Choices, tells: NDArray[np.bool_], number: int, seeds: Sequence[int]) -> Array:
    early, later = in_windows(halves, EARLY), in_windows(halves, INNER)
    components = len(halves.components)
    nothing = np.zeros(0)
    telling = tells[early.component]
    if not telling.any() or len(later.count) == 0:
        return fit_trust(nothing, nothing, nothing, later.component[:0], later.count[:0], components)
    data = class_data(early)
    number = min(number, len(np.unique(early.customer[telling])))
    classes = _classes(early, tells, max_needs=number, seeds=seeds, number=number)
    model = _model(early, tells, classes, np.ones(components))
    weights = need_weights(model, data.indptr, data.items, data.counts)
    towards, own, chosen = predicted(model, data, weights, later.customer, later.item)
    return fit_trust(towards, own, chosen, later.component, later.count, components)


def _component_mass(choices: Choices) -> Array:
    chosen = np.bincount(choices.component, choices.count, len(choices.components))
    return np.asarray(np.repeat(chosen / chosen.sum(), np.diff(choices.offsets)), np.float64)


def _foresight(choices: Choices, model: NeedsModel) -> Foresight | None:
    """Judged on customers seen before the judged window; None when there is none."""
    data, later = class_data(in_windows(choices, EARLY, INNER)), in_windows(choices, JUDGED)
    seen = np.diff(data.indptr)[later.customer] > 0
    if not seen.any():
        return None
    customer, item, count = later.customer[seen], later.item[seen], later.count[seen]
    population = choice_shares(np.ones((data.customers, 1)), data)[0][item]
    weights = need_weights(model, data.indptr, data.items, data.counts)
    by_needs = np.einsum("pk,pk->p", weights[customer], choice_shares(weights, data)[:, item].T)
    towards, own, chosen = predicted(model, data, weights, customer, item)
    trust = model.trust[later.component[seen]]
    by_belief = (own + trust * towards) / (chosen + trust)
    return Foresight(
        customers=len(np.unique(customer)),
        choices=int(count.sum()),
        needs=_gain(np.log(by_needs / population), count, customer),
        belief=_gain(np.log(by_belief / population), count, customer),
    )


def _gain(gain: Array, count: NDArray[np.int64], customer: NDArray[np.int32]) -> Interval:
    """The mean gain per choice, with the interval of a ratio of sums over customers."""
    gained, chosen = np.bincount(customer, count * gain), np.bincount(customer, count)
    mean = float(gained.sum() / chosen.sum())
    half = NORMAL_95 * float(np.sqrt(((gained - mean * chosen) ** 2).sum()) / chosen.sum())
    return Interval(mean, mean - half, mean + half)


def _mean_of(weight: Array) -> Interval:
    mean = float(weight.mean())
    half = NORMAL_95 * float(np.sqrt(((weight - mean) ** 2).sum())) / len(weight)
    return Interval(mean, max(mean - half, 0.0), min(mean + half, 1.0))


def data_of(choices: Choices, model: NeedsModel) -> ClassData:
    """New choices as rows over a model's modules; what the model does not know is left out.

    Rows line up with `choices.customers`.
    """
    item = np.array(
        [
            model.item_of.get((component, module), -1)
            for component, modules in zip(choices.components, choices.modules, strict=True)
            for module in modules
        ],
        dtype=np.int64,
    )[choices.item]
    known = item >= 0
    breadth = int(model.offsets[-1])
    key = choices.customer[known].astype(np.int64) * breadth + item[known]
    entries, position = np.unique(key, return_inverse=True)
    counts = np.zeros(len(entries), np.int64)
    np.add.at(counts, position, choices.count[known])
    indptr = np.searchsorted(entries // breadth, np.arange(len(choices.customers) + 1)).astype(np.int64)
    return ClassData(model.offsets, indptr, entries % breadth, counts)

"""What a simulated shop found, held against the truth that only a simulation knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from trato.batch import simulated_shop as truth
from trato.customize.models import Models
from trato.customize.programme.encode import encoded, layout_of, treatment_features
from trato.customize.programme.features import phi
from trato.customize.programme.lessons import chose, posterior_of
from trato.customize.programme.treatments import ARMS
from trato.customize.relationship import in_all, relationship_of
from trato.measure.running import look_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.batch.simulate import Made, Run
    from trato.batch.simulated_shop import Money
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.treatments import Arm, Programme
    from trato.customize.relationship import InAll
    from trato.measure.programme import Look

_95 = 1.959963984540054
SAMPLED = 200  # customers of whom it is asked what knowing them is worth


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure as it was learned or measured, its 95 % interval, and the truth."""

    truth: float
    found: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the truth lies within the interval."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True, slots=True)
class ArmOf:
    """An arm of the hold-outs: its units and decisions, and what a decision brought on average, net of cost,
    in minor units.
    """

    arm: Arm
    units: int
    decisions: int
    net: Estimate


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulation came to. Rates are shares of 1, money is in minor units.

    `effects` holds, by treatment and the need that is believed, by how much the treatment raises the chance
    to buy; in truth that is the mean over those who are believed to have that need. `best_single`
    and `best_each` are what no real shop knows: the best treatment for all and what it brings in a decision,
    and what the best one for each would. `found_need` is how often the likeliest need is the true one, of
    those who permit that it is asked. `look` is the verdict's, `difference` what the policy brought more a
    customer than the same for all. `decisions` are those in which there was a choice. `relationships` is what
    knowing the customers is worth, from a sample of them; None where a build could not learn it.
    """

    seed: int
    customers: int
    permitted: int
    days: int
    decisions: int
    outcomes: int
    lessons: int
    learned_from: int
    found_need: float
    effects: Mapping[tuple[str, str], Estimate]
    arms: tuple[ArmOf, ...]
    best_single: tuple[str, float]
    best_each: float
    by_period: tuple[tuple[int, float], ...]
    difference: Estimate
    look: Look
    relationships: InAll | None


def money_of(programme: Programme) -> dict[str, Money]:
    """What the treatments bring and cost, as they are declared."""
    return {
        one.key: truth.Money(one.value, one.cost, one.cost_taken) for one in programme.treatments if one.cost
    }


def _net(money: Mapping[str, Money], value: int, treatment: str, came: bool) -> int:
    """What a decision brought: a purchase is worth the same after nothing, too."""
    brought = value if came else 0
    if treatment == truth.NOTHING:
        return brought
    of = money[treatment]
    return brought - of.cost - (of.cost_taken if came else 0)


def held_against_truth(run: Run, days: int, seed: int, now: datetime) -> Simulated:
    """What a simulation that ran so many days came to; it looks at the verdict, and keeps the look."""
    programme = run.programme
    money = money_of(programme)
    value = next(iter(money.values())).value
    base = truth.ANYWAY * value
    made = [one for one in run.made if chose(one.decision)]
    nets = np.array([_net(money, value, one.decision.treatment, one.came) for one in made], np.float64)
    true = np.array(
        [truth.net(one.decision.treatment, one.person.need, money) + base for one in made], np.float64
    )
    arm = np.array([ARMS.index(one.decision.arm) for one in made])
    who = np.array([one.person.number for one in made])
    served = run.store.read(lambda it: it.served_programmes()[programme.key])
    _, seen = run.store.write(partial(look_now, programme=programme, planned=len(run.people), now=now))
    gained = seen.over_single
    difference = Estimate(
        _true_difference(run, money, base),
        0.0 if gained is None else gained.mean,
        -np.inf if gained is None else gained.low,
        np.inf if gained is None else gained.high,
    )
    posterior = run.store.read(lambda it: posterior_of(it, programme, served.model))
    return Simulated(
        seed=seed,
        customers=len(run.people),
        permitted=sum(one.newsletter for one in run.people),
        days=days,
        decisions=len(made),
        outcomes=run.outcomes,
        lessons=run.lessons,
        learned_from=posterior.evidence,
        found_need=_found_need(made),
        effects=_effects(run, posterior),
        arms=tuple(_arm(one, nets, true, arm == place, who) for place, one in enumerate(ARMS)),
        best_single=truth.best_for_all(money),
        best_each=truth.best_for_each(money),
        by_period=tuple(_by_period(made, true - base, days)),
        difference=difference,
        look=seen,
        relationships=_relationships(run, now),
    )


def _true_difference(run: Run, money: Mapping[str, Money], base: float) -> float:
    """What the policy truly brought a customer over the same for all, as the verdict counts customers: all of
    whom anything may be known, those too who want no letters.
    """
    sums: dict[int, tuple[str, float]] = {}
    for one in run.made:
        _, before = sums.get(one.person.number, ("", 0.0))
        brought = truth.net(one.decision.treatment, one.person.need, money) + base
        sums[one.person.number] = (one.decision.arm, before + brought)
    policy, same = (
        [brought for arm, brought in sums.values() if arm == wanted] for wanted in ("policy", "same_for_all")
    )
    return float(np.mean(policy) - np.mean(same)) if policy and same else 0.0


def _relationships(run: Run, now: datetime) -> InAll | None:
    """What knowing the customers is worth, from the first some hundred: who is first is chance."""
    permitting = [run.ids[one.number] for one in run.people if one.advice]
    settings, models = run.company.settings, Models()
    sample = [
        run.store.read(
            partial(
                relationship_of,
                customer=one,
                purposes=run.company.purposes,
                unit=settings.unit,
                zone=settings.zone,
                models=models,
                now=now,
            )
        )
        for one in permitting[:SAMPLED]
    ]
    return in_all([one for one in sample if one is not None], len(permitting))


def _arm(
    arm: Arm,
    nets: NDArray[np.float64],
    true: NDArray[np.float64],
    mine: NDArray[np.bool_],
    who: NDArray[np.int64],
) -> ArmOf:
    """What a decision of an arm brought; the interval is normal, over customers."""
    some, numbers = nets[mine], np.unique(who[mine], return_inverse=True)
    units = len(numbers[0])
    if units < 2:
        return ArmOf(arm, units, len(some), Estimate(np.nan, np.nan, np.nan, np.nan))
    mean = float(some.mean())
    off = np.bincount(numbers[1], some - mean)
    reach = _95 * sqrt(float((off**2).sum()) * units / (units - 1)) / len(some)
    return ArmOf(arm, units, len(some), Estimate(float(true[mine].mean()), mean, mean - reach, mean + reach))


def _effects(run: Run, posterior: Posterior) -> dict[tuple[str, str], Estimate]:
    """By how much each treatment raises the chance to buy, by believed need: the truth, and as learned."""
    programme = run.programme
    layout, (_, modules) = layout_of(programme), treatment_features(programme)
    found: dict[tuple[str, str], Estimate] = {}
    for need in truth.NEEDS:
        theirs = [one.person.need for one in run.made if one.decision.facts.get("need") == need]
        if not theirs:
            continue
        rows = phi(layout, encoded(programme.features, [{"need": need}])[0], modules).astype(np.float64)
        for one, row in zip(programme.treatments[1:], rows[1:], strict=True):
            mean = float(row @ posterior.mean)
            reach = _95 * float(np.sqrt(((row @ posterior.root) ** 2).sum()))
            really = float(np.mean([truth.adds(one.key, each) for each in theirs]))
            found[one.key, need] = Estimate(really, mean, mean - reach, mean + reach)
    return found


def _found_need(made: Iterable[Made]) -> float:
    told = [
        one.decision.facts["need"] == truth.NEEDS[one.person.need]
        for one in made
        if one.decision.facts.get("need") is not None
    ]
    return sum(told) / len(told) if told else 0.0


def _by_period(
    made: Sequence[Made], true: NDArray[np.float64], days: int, periods: int = 6
) -> Iterator[tuple[int, float]]:
    """What the policy's decisions truly brought above nothing on average: from which day of each period."""
    day = np.array([one.day for one in made])
    policy = np.array([one.decision.arm == "policy" for one in made])
    edges = np.linspace(0, days, periods + 1).astype(int)
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        mine = policy & (day >= first) & (day < last)
        if mine.any():
            yield first, float(true[mine].mean())

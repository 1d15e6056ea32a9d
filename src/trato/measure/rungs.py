"""Which rung of the gain ladder is worth trying: the cheapest that none above is proven to beat by enough."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trato.estimates import Interval

Rung = Literal["mass", "niche", "one_to_one", "not_yet"]
Reason = Literal[
    "one_module", "no_later_choices", "too_few_customers", "immaterial", "fashion", "unproven", "proven"
]

MATERIAL_HITS = 0.02
FARTHEST_GUESS = 20


@dataclass(frozen=True, slots=True)
class Gain:
    """What one rung gains over another, per choice, with 95 % bootstrap intervals over customers.

    `nats` is the gain in log score, `hits` in right guesses, `money` in what right guesses are worth, None
    where that is unknown. `nats_in_its_time` and `matter_in_its_time` are judged with every rung told the
    popularity of the judged window (see `popularity`); the latter is money where a cost of variety is
    given, right guesses elsewhere.
    """

    nats: Interval
    hits: Interval
    money: Interval | None
    nats_in_its_time: Interval
    matter_in_its_time: Interval


@dataclass(frozen=True, slots=True)
class GainLadder:
    """Hold-out gains of treating customers alike, by groups, and one by one."""

    niche_over_mass: Gain
    one_to_one_over_niche: Gain
    one_to_one_over_mass: Gain

    def over_mass(self, rung: Rung) -> Gain:
        """What a rung gains over mass; what is no rung above it is shown by what one to one would gain."""
        return self.niche_over_mass if rung == "niche" else self.one_to_one_over_mass


@dataclass(frozen=True, slots=True)
class Bar:
    """How much a step must gain per choice to matter: money above the cost of variety, or right guesses."""

    bound: float
    in_money: bool = False

    def matter(self, gain: Gain) -> Interval:
        """The gain in the unit of the bound; a bound in money needs gains in money."""
        if not self.in_money:
            return gain.hits
        if gain.money is None:
            raise ValueError("a cost of variety needs a margin")
        return gain.money


@dataclass(frozen=True, slots=True)
class Choice:
    """The rung worth trying and why; for *not yet* also about how many more customers would settle it."""

    rung: Rung
    reason: Reason
    more_customers: int | None = None


def choose(ladder: GainLadder, bar: Bar, customers: int, *, grouped: bool) -> Choice:
    """The rung worth trying, given how many customers were judged and whether they fall into groups.

    A rung above mass needs a gain over mass that is proven and material. Between two such rungs the step
    between them decides: it too must be proven and material where there are groups, and proven where groups
    are but a coarse picture of habits. *Mass* needs the whole interval of every gain over mass below the
    bound, by itself and in its time. All else is *not yet*.
    """
    niche = is_better(ladder.niche_over_mass, bar)
    one = is_better(ladder.one_to_one_over_mass, bar)
    step = ladder.one_to_one_over_niche
    further = is_better(step, bar) if grouped else is_proven(step.nats) and is_proven(step.nats_in_its_time)
    if niche and not (one and further):
        return Choice("niche", "proven")
    if one:
        return Choice("one_to_one", "proven")
    over_mass = (ladder.niche_over_mass, ladder.one_to_one_over_mass)
    if all(_is_immaterial(gain, bar) for gain in over_mass):
        return Choice("mass", "immaterial")
    more = _more_customers(over_mass, bar, customers)
    settled_but_for_fashion = any(_seems_better(gain, bar) for gain in over_mass) or all(
        bar.matter(gain).high < bar.bound for gain in over_mass
    )
    return Choice("not_yet", "fashion" if settled_but_for_fashion else "unproven", more)


def is_better(gain: Gain, bar: Bar) -> bool:
    """Whether a gain is proven, by itself and in its time, and material."""
    return (
        _seems_better(gain, bar)
        and is_proven(gain.nats_in_its_time)
        and gain.matter_in_its_time.high >= bar.bound
    )


def is_proven(gain: Interval) -> bool:
    """Whether the whole interval lies above zero."""
    return gain.low > 0


def _seems_better(gain: Gain, bar: Bar) -> bool:
    """Whether a gain would be proven and material if popularity stood still."""
    matter = bar.matter(gain)
    return is_proven(gain.nats) and is_proven(matter) and matter.mean >= bar.bound


def _is_immaterial(gain: Gain, bar: Bar) -> bool:
    return max(bar.matter(gain).high, gain.matter_in_its_time.high) < bar.bound


def _more_customers(over_mass: tuple[Gain, ...], bar: Bar, customers: int) -> int | None:
    """How many more customers would settle it, to two figures, a tenth of those judged at least.

    All gains are taken to stay as measured, and intervals to shrink with the root of the number of customers.
    None where that comes out farther than one can honestly guess.
    """
    times = [_times_to_settle(gain, bar) for gain in over_mass]
    material = [t for gain, t in zip(over_mass, times, strict=True) if bar.matter(gain).mean >= bar.bound]
    factor = max(min(material) if material else max(times), 1.1)
    return _two_figures(customers * (factor - 1)) if factor <= FARTHEST_GUESS else None


def _times_to_settle(gain: Gain, bar: Bar) -> float:
    matter = bar.matter(gain)
    if matter.mean >= bar.bound:
        needed = (gain.nats, gain.nats_in_its_time, matter)
        return max((((g.mean - g.low) / g.mean) ** 2 if g.mean > 0 else inf) for g in needed)
    below = (matter, gain.matter_in_its_time)
    return max(
        (((g.high - g.mean) / (bar.bound - g.mean)) ** 2 if g.mean < bar.bound else inf) for g in below
    )


def _two_figures(number: float) -> int:
    size: int = 10 ** max(floor(log10(max(number, 1))) - 1, 0)
    return ceil(number / size) * size

"""Does a programme that still runs pay? Its policy against the same for all and against nothing, at any look.

Every unit (person, household, account) is in one hold-out arm for good and has one score: what its decisions
brought in an episode, net of what they cost. Arms are compared by confidence sequences, so one may look as
often as one likes. Units count by their episodes that have closed (`measure/episodes.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.errors import BadOption
from trato.measure.sample_ratio import SampleRatio, check_at_any_time
from trato.measure.sequences import LEVEL, Sample, count_to_prove_difference, difference, sequence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from trato.estimates import Interval

Answer = Literal["personalise", "dont", "not_yet"]
Reason = Literal[
    "beats_the_same_for_all",
    "no_better_than_the_same_for_all",
    "no_better_than_nothing",
    "too_early",
    "shares_are_off",
]

POLICY, SINGLE, NOTHING = "policy", "same_for_all", "nothing"


@dataclass(frozen=True, slots=True)
class Units:
    """A programme's matured units, a row each.

    `arm` (n,) numbers the hold-out arm in `arms`; `net` (n,) is what the unit brought minus what it cost, in
    minor units, in an episode on average; `decisions` (n,) how many there were. A unit without a decision
    belongs here too, if it could have had one: leaving it out would compare those whom an arm chose to
    treat. `left_out` counts units that are none of these, since they had their arm before the trial became
    what it is. Raises BadOption for columns that do not fit together.
    """

    arms: tuple[str, ...]
    arm: NDArray[np.integer]
    net: NDArray[np.integer] | NDArray[np.floating]
    decisions: NDArray[np.integer]
    left_out: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no table."""
        if not len(self.arm) == len(self.net) == len(self.decisions):
            raise BadOption("units have one arm, one sum and one count each")
        if len(self.arm) and not 0 <= int(self.arm.min()) <= int(self.arm.max()) < len(self.arms):
            raise BadOption("a unit is in an arm that has no name")


@dataclass(frozen=True, slots=True)
class ArmSum:
    """An arm so far: its units, their decisions, and a unit's net sum (minor units), with its sequence."""

    name: str
    units: int
    decisions: int
    sample: Sample
    mean: Interval


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a programme, to be stored: what was seen then, and what it said.

    `over_single` and `over_nothing` are what the policy brings more a unit, in minor units, valid at all
    looks together; None without that arm. `more_customers` is about how many more customers of all arms would
    tell, None where that cannot be said. `planned` has to be the same in all looks. `left_out` are units that
    had their arm before the trial became what it is, and `epoch` is what it is, as `document.epoch_of` says.
    """

    at: datetime
    units: int
    arms: tuple[ArmSum, ...]
    over_single: Interval | None
    over_nothing: Interval | None
    ratio: SampleRatio
    answer: Answer
    reason: Reason
    more_customers: int | None
    planned: int
    left_out: int = 0
    epoch: str = ""


def look(
    units: Units,
    shares: Mapping[str, float],
    *,
    at: datetime,
    planned: int,
    before: Look | None = None,
    worth: int = 0,
    level: float = LEVEL,
) -> Look:
    """Look at a programme once more.

    `shares` are the declared shares of the arms. `planned` is the number of units of all arms at which the
    verdict shall be surest; it is fixed at launch. `before` is the last look. The policy is to bring `worth`
    minor units more a unit than the same for all: *personalise* is said when its sequence lies above that and
    above nothing, *dont* when it lies below either.

    A verdict reached stands: once a sequence has excluded a value, later looks need not do so again. Raises
    BadOption where shares do not fit the arms, or `planned` is not that of the look before.
    """
    if before is not None and before.planned != planned:
        raise BadOption(
            f"the look before was planned for {before.planned:,} units, not {planned:,}",
            hint="what is planned is fixed at launch: intervals hold at all looks only so",
        )
    samples = {name: _sample(units, place) for place, name in enumerate(units.arms)}
    arms = tuple(
        ArmSum(
            name,
            sample.count,
            int(units.decisions[units.arm == place].sum()),
            sample,
            sequence(
                sample.count,
                sample.mean,
                sample.sd,
                level=level,
                planned=max(round(planned * shares.get(name, 0.0)), 1),
            ),
        )
        for place, (name, sample) in enumerate(samples.items())
    )
    counts = {arm.name: arm.units for arm in arms}
    ratio = check_at_any_time(counts, shares, before=before.ratio if before else None)
    over_single = _over(samples, SINGLE, shares, planned, level)
    over_nothing = _over(samples, NOTHING, shares, planned, level)
    answer, reason = _answer(ratio, over_single, over_nothing, worth, before)
    more = None
    if answer == "not_yet" and reason == "too_early":
        more = _more(samples, shares, planned, worth, level)
    total = len(units.arm)
    return Look(
        at,
        total,
        arms,
        over_single,
        over_nothing,
        ratio,
        answer,
        reason,
        more,
        planned,
        left_out=units.left_out,
    )


def _sample(units: Units, place: int) -> Sample:
    net = units.net[units.arm == place].astype(np.float64)
    if len(net) < 2:
        return Sample(len(net), float(net.sum()), 0.0)
    return Sample(len(net), float(net.mean()), float(net.std(ddof=1)))


def _over(
    samples: Mapping[str, Sample], other: str, shares: Mapping[str, float], planned: int, level: float
) -> Interval | None:
    if POLICY not in samples or other not in samples or not shares.get(other):
        return None
    together = max(round(planned * (shares[POLICY] + shares[other])), 1)
    return difference(samples[POLICY], samples[other], level=level, planned=together)


def _answer(
    ratio: SampleRatio,
    over_single: Interval | None,
    over_nothing: Interval | None,
    worth: int,
    before: Look | None,
) -> tuple[Answer, Reason]:
    if ratio.off:
        return "not_yet", "shares_are_off"
    if before is not None and before.answer != "not_yet":
        return before.answer, before.reason
    if over_nothing is not None and over_nothing.high < 0:
        return "dont", "no_better_than_nothing"
    if over_single is not None and over_single.high < worth:
        return "dont", "no_better_than_the_same_for_all"
    pays = over_nothing is None or over_nothing.low > 0
    if over_single is not None and over_single.low > worth and pays:
        return "personalise", "beats_the_same_for_all"
    return "not_yet", "too_early"


def _more(
    samples: Mapping[str, Sample], shares: Mapping[str, float], planned: int, worth: int, level: float
) -> int | None:
    """Customers of all arms that are still wanted, if means and deviations stay as they are."""
    wanted = 0
    for other, bar in ((SINGLE, float(worth)), (NOTHING, 0.0)):
        if other not in samples or not shares.get(other):
            continue
        policy, single = samples[POLICY], samples[other]
        both = shares[POLICY] + shares[other]
        needed = count_to_prove_difference(
            policy,
            single,
            share=shares[POLICY] / both,
            beyond=bar,
            level=level,
            planned=max(round(planned * both), 1),
        )
        if needed is None:
            return None
        wanted = max(wanted, ceil(needed / both))
        if other == SINGLE and policy.mean - single.mean < bar:
            break  # what has to be proven is that it is not better
    have = sum(sample.count for sample in samples.values())
    return max(wanted - have, 1) if wanted else None

"""A programme as it runs: its arms and treatments so far, what it used, its prices, and looks at its verdict.

    running = store.read(lambda it: running_of(it, programme, now=now))
    number, look = store.write(lambda it: look_now(it, programme, planned=planned, now=now))

Arms and outcomes are counted from what is nobody's of each decision, the forgotten's among them; no permit is
needed, and nothing leads back to a customer.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from trato.customize.programme.document import epoch_of, programme_from
from trato.customize.programme.episodes import Episodes
from trato.customize.programme.lessons import learning_of
from trato.customize.programme.treatments import ARMS, NOTHING
from trato.customize.publish import acts_on
from trato.errors import BadOption
from trato.estimates import Interval
from trato.measure.episodes import scored
from trato.measure.programme import ArmSum, Look, Units, look
from trato.measure.sample_ratio import SampleRatio
from trato.measure.sequences import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trato.customize.programme.decision import Anonymous
    from trato.customize.programme.lessons import Drift
    from trato.customize.programme.store import LearningStore, ServedProgramme, Use
    from trato.customize.programme.treatments import Programme
    from trato.customize.publish import Act

PAGE = 5_000
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class ArmSoFar:
    """An arm: its declared share, its units, its decisions, and how many of these gave something."""

    arm: str
    share: float
    units: int
    decisions: int
    given: int


@dataclass(frozen=True, slots=True)
class TreatmentSoFar:
    """A treatment: how often it was given, how many of these have matured and were taken, the money they
    brought (minor units), and the rate at which it is taken with its 95 % interval (Wilson), None before the
    first matured. Where the goal is found in the log, those have matured that opened an episode and of which
    the learner has looked for what came.

    The rate is what came, not what the treatment caused: whoever gets it was chosen.
    """

    treatment: str
    given: int
    matured: int
    taken: int
    amount: int
    rate: Interval | None


@dataclass(frozen=True, slots=True)
class Running:
    """A programme as it runs at a moment. `served` is None before it is served. `looks` are all looks taken
    at its trial as it is now, by number; `looks_before` counts those at what it was before. `prices` are
    minor units for each unit of what is scarce; `evidence` counts the outcomes that the model learned from,
    and `drifts` are those that were noticed. `acts` tell who gave it to the system, or took it back.
    """

    programme: Programme
    at: datetime
    served: ServedProgramme | None
    decisions: int
    matured: int
    arms: tuple[ArmSoFar, ...]
    treatments: tuple[TreatmentSoFar, ...]
    uses: tuple[Use, ...]
    prices: Mapping[str, float]
    evidence: int
    drifts: tuple[Drift, ...]
    looks: tuple[tuple[int, Look], ...]
    looks_before: int = 0
    acts: tuple[Act, ...] = ()


def running_of(store: LearningStore, programme: Programme, *, now: datetime) -> Running:
    """All that is known of a programme as it runs. Raises StorageError."""
    served = store.served_programmes().get(programme.key)
    shares = programme.holdouts.shares()
    units: dict[str, set[bytes]] = {arm: set() for arm in ARMS}
    decisions: Counter[str] = Counter()
    given_by_arm: Counter[str] = Counter()
    given: Counter[str] = Counter()
    matured: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    reported, settled = programme.goal.is_reported, 0 if served is None else served.settled_up_to
    opening: Episodes[datetime] = Episodes()
    for one in _all(store, programme):
        decisions[one.arm] += 1
        units[one.arm].add(one.unit)
        given_by_arm[one.arm] += one.treatment != NOTHING
        given[one.treatment] += 1
        opens = opening.opens(one.unit, one.at, one.matures_at)
        if one.matures_at <= now and (reported or (opens and one.position <= settled)):
            matured[one.treatment] += 1
            taken[one.treatment] += one.taken
            amounts[one.treatment] += one.amount
    all_looks, epoch, learning = looks_of(store, programme.key), epoch_of(programme), None
    looks = tuple(one for one in all_looks if one[1].epoch == epoch)
    if served is not None and served.model and served.version == programme.version:
        learning = learning_of(store, programme, served.model)
    return Running(
        programme=programme,
        at=now,
        served=served,
        decisions=sum(decisions.values()),
        matured=sum(matured.values()),
        arms=tuple(
            ArmSoFar(arm, shares[arm], len(units[arm] - {b""}), decisions[arm], given_by_arm[arm])
            for arm in ARMS
        ),
        treatments=tuple(
            TreatmentSoFar(
                key, given[key], matured[key], taken[key], amounts[key], rate(taken[key], matured[key])
            )
            for key in dict.fromkeys([*(one.key for one in programme.treatments), *given])
        ),
        uses=tuple(store.uses_of(programme.key)),
        prices=json.loads(store.model_document(served.prices)) if served and served.prices else {},
        evidence=0 if learning is None else learning.posterior.evidence,
        drifts=() if learning is None else learning.drifts,
        looks=looks,
        looks_before=len(all_looks) - len(looks),
        acts=acts_on(store, programme.key),
    )


def look_now(
    store: LearningStore, programme: Programme, *, planned: int | None = None, now: datetime
) -> tuple[int, Look]:
    """Look whether a programme pays, and keep the look; its number and what it says.

    `planned` is how many units of all arms the verdict shall be surest at; it is fixed by the first look, and
    need not be said again. Where the trial has changed (`epoch_of`), looks begin anew. Raises BadOption where
    it differs, where none was ever said, where a success has no value of its own, or nothing matured.
    """
    epoch = epoch_of(programme)
    before = looks_of(store, programme.key, epoch)
    if planned is None and not before:
        raise BadOption(
            "the first look at a trial fixes for how many units of all arms its verdict is planned",
            hint="say how many customers are to take part: --look --planned UNITS",
        )
    found = look(
        units_of(store, programme, now=now),
        {str(arm): share for arm, share in programme.holdouts.shares().items()},
        at=now,
        planned=before[-1][1].planned if planned is None else planned,
        before=before[-1][1] if before else None,
    )
    found = replace(found, epoch=epoch)
    return store.add_look(programme.key, now, document_of(found)), found


def units_of(store: LearningStore, programme: Programme, *, now: datetime) -> Units:
    """The units with an episode that has closed, each with what such brought, net of what they cost.

    Those alone whose first decision was under the trial as it is now: who had an arm before had it by other
    shares, and keeps it. Raises BadOption where there is none, and where a success has no value of its own.
    """
    success = success_of(programme)
    if success is None:
        values = ", ".join(f"{one.key} {one.value:,}" for one in programme.treatments if one.key != NOTHING)
        raise BadOption(
            f"treatments' values differ ({values}, in the smallest unit): what a success is worth that comes "
            "without one of them is not said",
            hint="declare what any success is worth: goal: {value: MONEY}",
        )
    trial = _Trial(store, programme)
    declared = trial.declared
    served = store.served_programmes().get(programme.key)

    def net(one: Anonymous) -> int:
        return net_of(declared[one.version], one.treatment, one.taken, one.amount, success=success)

    def cost_taken(one: Anonymous) -> int:
        return sum(each.cost_taken for each in declared[one.version].treatments if each.key == one.treatment)

    counted = list(
        scored(
            trial.rows(),
            programme,
            net,
            cost_taken,
            now=now,
            settled_up_to=0 if served is None else served.settled_up_to,
        ).values()
    )
    if not counted:
        left = trial.left_out
        raise BadOption(
            "no decision of the programme's trial has matured yet"
            + (f"; {left:,} units had their arm before it became what it is" if left else ""),
            hint="its verdict has nothing to see",
        )
    arms = tuple(
        arm for arm in ARMS if programme.holdouts.shares()[arm] or any(one.arm == arm for one in counted)
    )
    place: dict[str, int] = {arm: number for number, arm in enumerate(arms)}
    return Units(
        arms,
        np.array([place[one.arm] for one in counted], np.int64),
        np.array([one.net for one in counted], np.float64),
        np.array([one.decisions for one in counted], np.int64),
        trial.left_out,
    )


def success_of(programme: Programme) -> int | None:
    """What one success counts for whatever was given, in minor units: what the goal says, else treatments
    where all say the same. None where they do not: a success that none of them brought had no value then.
    Money is its own value.
    """
    if programme.goal.outcome == "money":
        return 1
    if programme.goal.value is not None:
        return programme.goal.value
    values = {one.value for one in programme.treatments if one.key != NOTHING}
    return None if len(values) > 1 else max(values, default=0)


def net_of(programme: Programme, given: str, taken: bool, amount: int, *, success: int | None = None) -> int:
    """What a decision brought net of what it cost, in minor units; a lever changes nothing of that.

    `success` is what a success is worth where the goal is `taken`; as `success_of` says, where none is given.
    Raises BadOption where that says nothing.
    """
    treatment = next((one for one in programme.treatments if one.key == given), None)
    if treatment is None:
        return amount
    if programme.goal.outcome == "money":
        brought = amount
    else:
        worth = success_of(programme) if success is None else success
        if worth is None:
            raise BadOption("treatments' values differ", hint="goal: {value: MONEY}")
        brought = taken * worth
    return brought - treatment.cost - taken * treatment.cost_taken


def rate(taken: int, of: int) -> Interval | None:
    """A share with its 95 % interval (Wilson); None of nothing."""
    if not of:
        return None
    share = taken / of
    middle = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    half = _Z / (1 + _Z**2 / of) * (share * (1 - share) / of + _Z**2 / (4 * of**2)) ** 0.5
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def looks_of(store: LearningStore, programme: str, epoch: str | None = None) -> tuple[tuple[int, Look], ...]:
    """All looks at a programme, by number; where an epoch is said, those at what its trial was then."""
    looks = ((number, look_from(document)) for number, _, document in store.looks_at(programme))
    return tuple(one for one in looks if epoch is None or one[1].epoch == epoch)


def document_of(one: Look) -> str:
    """A look as it is kept: all of it, and its answer under `verdict`."""
    return json.dumps({**asdict(one), "at": one.at.isoformat(), "verdict": one.answer}, sort_keys=True)


def look_from(document: str) -> Look:
    """A look from its document."""
    said: dict[str, Any] = json.loads(document)

    def interval(given: Any) -> Interval | None:
        return None if given is None else Interval(**given)

    return Look(
        at=datetime.fromisoformat(said["at"]),
        units=said["units"],
        arms=tuple(
            ArmSum(
                one["name"],
                one["units"],
                one["decisions"],
                Sample(**one["sample"]),
                Interval(**one["mean"]),
            )
            for one in said["arms"]
        ),
        over_single=interval(said["over_single"]),
        over_nothing=interval(said["over_nothing"]),
        ratio=SampleRatio(**said["ratio"]),
        answer=said["answer"],
        reason=said["reason"],
        more_customers=said["more_customers"],
        planned=said["planned"],
        left_out=said.get("left_out", 0),
        epoch=said.get("epoch", ""),
    )


def _all(store: LearningStore, programme: Programme) -> Iterator[Anonymous]:
    after = 0
    while some := store.anonymous(programme.key, after, PAGE):
        yield from some
        after = some[-1].position


class _Trial:
    """A programme's decisions as far as they belong to its trial as it is now: those of units whose first
    decision did. `declared` are the versions met so far; `left_out` counts units, once all rows were read.
    """

    def __init__(self, store: LearningStore, programme: Programme) -> None:
        self.store, self.programme = store, programme
        self.epoch = epoch_of(programme)
        self.declared = {programme.version: programme}
        self.within = {programme.version: True}
        self.first: dict[bytes, bool] = {}

    @property
    def left_out(self) -> int:
        """Units that had their arm before."""
        return sum(not within for within in self.first.values())

    def rows(self) -> Iterator[Anonymous]:
        """The trial's decisions, in order; nobody's are left out."""
        for one in _all(self.store, self.programme):
            if not one.unit:
                continue  # of the forgotten, and of whom nothing might be read: nobody's
            if one.version not in self.within:
                declared = programme_from(self.store.model_document(one.version))
                self.declared[one.version] = declared
                self.within[one.version] = epoch_of(declared) == self.epoch
            if self.first.setdefault(one.unit, self.within[one.version]):
                yield one

"""A simulated shop run through a real store: consents, purchases, decisions, outcomes, learning, a verdict.

Nobody in it exists, and the truth is known, so that what was learned and proven can be held against it. All
that is drawn follows from the seed, but for ids, keys and the salt of the hold-outs, which are the store's.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from trato.batch import simulated_shop as truth
from trato.batch.build import build
from trato.batch.door import in_chunks
from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.customize.decide import decide
from trato.customize.learn import learn
from trato.customize.models import Models
from trato.customize.outcomes import report
from trato.customize.programme.decision import WHOLE, Asked, Outcome
from trato.customize.programme.encode import encoded, layout_of, treatment_features
from trato.customize.programme.features import phi
from trato.customize.programme.ids import new_decision_id
from trato.customize.programme.lessons import chose, posterior_of
from trato.customize.programme.treatments import ARMS
from trato.customize.publish import publish
from trato.customize.relationship import in_all, relationship_of
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.measure.running import look_now
from trato.permission.give import GivePermission, give_permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trato.batch.engine import Engine
    from trato.batch.simulated_shop import Money, Person
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.serving import Serving
    from trato.customize.programme.treatments import Arm, Programme
    from trato.customize.relationship import InAll
    from trato.measure.programme import Look

    Progress = Callable[[str], AbstractContextManager[None]]

T = TypeVar("T")

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
HISTORY_DAYS = 270
WRITTEN_EVERY = 10  # days: to each of them about so often
BUILT_EVERY = 30
SAMPLED = 200  # customers of whom it is asked what knowing them is worth
LATE, TWICE = 0.1, 0.02  # of what came: told days later, told twice
TOO_LATE = 0.005  # of the others: they come after the window
_95 = 1.959963984540054


class Door(Protocol):
    """An open store."""

    def read(self, work: Callable[[Any], T], /) -> T:
        """What `work` returns, from one moment of the store."""

    def write(self, work: Callable[[Any], T], /) -> T:
        """What `work` returns, once all that it wrote is kept."""


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


@dataclass(slots=True)
class _Made:
    """A decision as the simulation remembers it."""

    person: Person
    decision: Decision
    day: int
    came: bool


@dataclass(slots=True)
class _Run:
    """A simulation under way."""

    store: Door
    company: Company
    programme: Programme
    serving: Serving
    engine: Engine
    draw: Generator
    secret: Callable[[int], bytes]
    people: Sequence[Person]
    progress: Progress
    ids: dict[int, CustomerId] = field(default_factory=dict)
    made: list[_Made] = field(default_factory=list)
    told: deque[tuple[datetime, Outcome]] = field(default_factory=deque)
    outcomes: int = 0
    lessons: int = 0

    def meet(self, at: datetime) -> None:
        """Register everybody, and let them say what they permit."""
        purposes = self.company.purposes

        def add(it: Any, some: Sequence[Person]) -> list[CustomerId]:
            found = []
            for one in some:
                request = RegisterCustomer((identifier("card", one.card),))
                customer = register_customer(it, request, now=at, draw=self.secret).id
                for key, says in (("advice", one.advice), ("newsletter", one.newsletter)):
                    if says:
                        said = GivePermission(
                            customer, purposes.named(key), "till", "simulation", "simulated"
                        )
                        give_permission(it, said, now=at)
                found.append(customer)
            return found

        for some in in_chunks(self.people):
            ids = self.store.write(partial(add, some=some))
            self.ids |= {one.number: customer for one, customer in zip(some, ids, strict=True)}

    def buy(self, until: datetime, days: int) -> None:
        """What everybody bought in the days before, as the till tells it."""
        entries = (
            self._bought(person, until - timedelta(days=ago), book, number)
            for person in self.people
            for number, (ago, book) in enumerate(truth.purchases(person, days, self.draw))
        )
        for some in in_chunks(entries):
            self.store.write(partial(_append, entries=some))

    def _bought(self, person: Person, at: datetime, book: str, number: int) -> NewEntry:
        purchase = Interaction(
            source="till",
            kind="purchase",
            record=f"{person.card} {at:%Y%m%d} {number}",
            identifiers=(),
            household=None,
            account=None,
            at=at,
            touchpoint=self.company.touchpoints.by_key["till"],
            component=truth.COMPONENT,
            module=book,
            more_choices=(),
            count=1,
            amount=truth.PRICE,
            cost=None,
            statement=None,
            stance=None,
            learns=True,
        )
        purposes = ("selling", "advice") if person.advice else ("selling",)
        return NewEntry(self.ids[person.number], purchase, 0, purposes, at)

    def build(self, now: datetime) -> None:
        """Learn needs and values from the log, as `trato build` does."""
        build(self.engine, self.company, self.store, now=now, draw=self.secret)

    def write_letters(self, now: datetime, day: int) -> None:
        """Decide for those whose turn it is, and draw what comes of it."""
        turn = self.draw.random(len(self.people)) < 1.0 / WRITTEN_EVERY
        some = [one for one, now_ in zip(self.people, turn.tolist(), strict=True) if now_]
        for chunk in in_chunks(some):
            seeds = self.draw.integers(0, 2**64, len(chunk), dtype=np.uint64).tolist()
            draws = self.draw.integers(0, WHOLE, len(chunk)).tolist()
            asked = [
                Asked(
                    new_decision_id(now, self.secret),
                    self.ids[one.number],
                    self.programme.key,
                    "letter",
                    seed,
                    drawn,
                )
                for one, seed, drawn in zip(chunk, seeds, draws, strict=True)
            ]
            made = self.store.write(partial(_decide, asked=asked, serving=self.serving, now=now))
            for person, decision in zip(chunk, made, strict=True):
                self._comes(person, decision, day)

    def _comes(self, person: Person, decision: Decision, day: int) -> None:
        after = truth.comes(person, decision.treatment, self.draw)
        lost, late, twice = self.draw.random(3).tolist()
        if after is None and lost < TOO_LATE:
            self._tell(decision, 8.0, 8.5)  # they came after all, when the window had closed
        if after is not None:
            # The letters' answers are read overnight; some a few days later, and some twice.
            told = after + (3.0 if late < LATE else 0.5)
            self._tell(decision, after, min(told, 6.99) if late >= LATE else told)
            if twice < TWICE:
                self._tell(decision, after, told)
        if decision.purpose:
            self.made.append(_Made(person, decision, day, after is not None))

    def _tell(self, decision: Decision, after: float, told: float) -> None:
        at = decision.at + timedelta(days=after)
        told_at = decision.at + timedelta(days=max(told, after))
        one = Outcome(decision.id, f"answer to {decision.id}", at, told_at, taken=True, amount=0)
        self.told.append((told_at, one))

    def hear(self, now: datetime) -> None:
        """Report what was told until now."""
        due = [one for at, one in self.told if at <= now]
        self.told = deque((at, one) for at, one in self.told if at > now)
        for some in in_chunks(due):
            found = self.store.write(
                partial(
                    report,
                    outcomes=some,
                    programmes=self.company.programmes,
                    purposes=self.company.purposes,
                    touchpoints=self.company.touchpoints,
                    now=now,
                )
            )
            self.outcomes += found.new

    def learn(self, now: datetime) -> None:
        """Let all that matured teach."""
        work = partial(learn, programme=self.programme, purposes=self.company.purposes, now=now)
        while self.store.write(work) is not None:
            self.lessons += 1


def simulate(
    store: Door,
    company: Company,
    serving: Serving,
    *,
    engine: Engine,
    days: int,
    customers: int,
    seed: int,
    secret: Callable[[int], bytes],
    progress: Progress = lambda _: nullcontext(),
) -> Simulated:
    """Run the simulated shop for so many days in an empty store, and hold what was found against the truth.

    `secret` gives that many random bytes, for ids. Raises StorageError.
    """
    draw = np.random.default_rng(seed)
    people = truth.population(customers, draw)
    programme = company.programmes.by_key[truth.PROGRAMME]
    run = _Run(store, company, programme, serving, engine, draw, secret, people, progress)
    with progress(f"simulating {customers:,} customers and what they bought in {HISTORY_DAYS} days"):
        run.meet(START - timedelta(days=HISTORY_DAYS))
        run.buy(START - timedelta(hours=12), HISTORY_DAYS)
    with progress("learning what they want"):
        run.build(START - timedelta(hours=1))
    store.write(partial(publish, programme=programme, now=START))
    with progress(f"deciding, waiting and learning for {days} days"):
        for day in range(days + 15):
            now = START + timedelta(days=day)
            run.hear(now)
            run.learn(now)
            if 0 < day < days and day % BUILT_EVERY == 0:
                run.buy(now, BUILT_EVERY)
                run.build(now)
            if day < days:
                run.write_letters(now, day)
    with progress("holding it against the truth"):
        return _held_against_truth(run, days, seed, START + timedelta(days=days + 15))


def _append(it: Any, *, entries: Sequence[NewEntry]) -> None:
    it.append_interactions(entries)


def _decide(it: Any, *, asked: Sequence[Asked], serving: Serving, now: datetime) -> list[Decision]:
    return [one.decision for one in decide(it, asked, serving=serving, now=now)]


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


def _held_against_truth(run: _Run, days: int, seed: int, now: datetime) -> Simulated:
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


def _true_difference(run: _Run, money: Mapping[str, Money], base: float) -> float:
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


def _relationships(run: _Run, now: datetime) -> InAll | None:
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


def _effects(run: _Run, posterior: Posterior) -> dict[tuple[str, str], Estimate]:
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


def _found_need(made: Iterable[_Made]) -> float:
    told = [
        one.decision.facts["need"] == truth.NEEDS[one.person.need]
        for one in made
        if one.decision.facts.get("need") is not None
    ]
    return sum(told) / len(told) if told else 0.0


def _by_period(
    made: Sequence[_Made], true: NDArray[np.float64], days: int, periods: int = 6
) -> Iterator[tuple[int, float]]:
    """What the policy's decisions truly brought above nothing on average: from which day of each period."""
    day = np.array([one.day for one in made])
    policy = np.array([one.decision.arm == "policy" for one in made])
    edges = np.linspace(0, days, periods + 1).astype(int)
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        mine = policy & (day >= first) & (day < last)
        if mine.any():
            yield first, float(true[mine].mean())

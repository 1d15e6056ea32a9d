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
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from trato.batch import simulated_shop as truth
from trato.batch.build import build
from trato.batch.door import in_chunks
from trato.batch.simulated_truth import held_against_truth
from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.customize.decide import decide
from trato.customize.learn import learn
from trato.customize.outcomes import report
from trato.customize.programme.decision import WHOLE, Asked, Outcome
from trato.customize.programme.ids import new_decision_id
from trato.customize.publish import publish
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.permission.give import GivePermission, give_permission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from numpy.random import Generator

    from trato.batch.engine import Engine
    from trato.batch.simulated_shop import Person
    from trato.batch.simulated_truth import Simulated
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision
    from trato.customize.programme.serving import Serving
    from trato.customize.programme.treatments import Programme

    Progress = Callable[[str], AbstractContextManager[None]]

T = TypeVar("T")

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
HISTORY_DAYS = 270
WRITTEN_EVERY = 10  # days: to each of them about so often
BUILT_EVERY = 30
LATE, TWICE = 0.1, 0.02  # of what came: told days later, told twice
TOO_LATE = 0.005  # of the others: they come after the window


class Door(Protocol):
    """An open store."""

    def read(self, work: Callable[[Any], T], /) -> T:
        """What `work` returns, from one moment of the store."""

    def write(self, work: Callable[[Any], T], /) -> T:
        """What `work` returns, once all that it wrote is kept."""


@dataclass(slots=True)
class Made:
    """A decision as the simulation remembers it."""

    person: Person
    decision: Decision
    day: int
    came: bool


@dataclass(slots=True)
class Run:
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
    made: list[Made] = field(default_factory=list)
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
            self.made.append(Made(person, decision, day, after is not None))

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
    run = Run(store, company, programme, serving, engine, draw, secret, people, progress)
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
        return held_against_truth(run, days, seed, START + timedelta(days=days + 15))


def _append(it: Any, *, entries: Sequence[NewEntry]) -> None:
    it.append_interactions(entries)


def _decide(it: Any, *, asked: Sequence[Asked], serving: Serving, now: datetime) -> list[Decision]:
    return [one.decision for one in decide(it, asked, serving=serving, now=now)]

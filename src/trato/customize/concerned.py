"""Whom a programme's moment concerns, read under permits: what a batch decides for where nobody asks.

Choices, purchases and promises are read for the programme's profiling purpose, or for its own where it has
none; who does not permit that is not read, and so not found.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.customize.programme.moments import (
    Arrival,
    Liking,
    Supply,
    arrives,
    bought_of,
    falls_due,
    promise_due,
    runs_out,
)
from trato.differentiate.needs.beliefs import add
from trato.errors import BadOption
from trato.interact.statements import statements_from
from trato.permission.permit import everyone_permitted, read_permits
from trato.permission.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.models import Models
    from trato.customize.programme.moments import Due
    from trato.customize.programme.treatments import Programme
    from trato.differentiate.known import Counted
    from trato.differentiate.needs.beliefs import NeedsModel
    from trato.differentiate.store import PublishedBuild
    from trato.interact.conversations import Conversation
    from trato.interact.log import LogEntry
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purpose, Purposes

T = TypeVar("T")

AT_ONCE = 500
REMEMBERED = timedelta(days=3 * 366)  # purchases from before that tell of no supply


class ConcernStore(StandingStore, Protocol):
    """One transaction, in which it is read whom a moment concerns."""

    def current_build(self) -> PublishedBuild | None:
        """The build that is served; None before the first."""

    def model_document(self, version: str) -> str:
        """The document of a model, by its version."""

    def counted_of(self, permit: Permit) -> Counted | None:
        """What the served build counted for the permit's purpose; None for nothing."""

    def learned_since(self, permit: Permit, position: int) -> Mapping[tuple[str, str], int]:
        """Choices that learn behind a position, summed."""

    def statements_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        """What each permit's customer said, oldest first; who said nothing is left out."""

    def happened_under(
        self, permits: Sequence[Permit], kind: str, since: datetime, until: datetime
    ) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        """Interactions of a kind of each permit's customer that carry its purpose, oldest first."""

    def open_conversations(self, permit: Permit) -> tuple[Conversation, ...]:
        """The open conversations of the permit's customer that are held for the permit's purpose."""


def concerned(
    store: ConcernStore,
    programme: Programme,
    *,
    purposes: Purposes,
    models: Models,
    zone: ZoneInfo,
    now: datetime,
    arrived: str | None = None,
    since: date | None = None,
) -> tuple[Due, ...]:
    """The customers whom the programme's moment concerns now, each with the event that it is.

    `arrived` is the module that arrives, for a programme that starts so. `since` is the day of the last run,
    None for the first. Raises BadOption for a programme that decides on request alone, or where `arrived` is
    missing or has no place.
    """
    moment = programme.moment
    if moment.starts == "request":
        raise BadOption(f"{programme.key!r} decides when it is asked", hint="no moment starts it")
    if (arrived is None) == (moment.starts == "arrives"):
        raise BadOption(
            f"{programme.key!r} starts when a module arrives: say which"
            if arrived is None
            else f"{programme.key!r} starts at another moment than an arrival"
        )
    purpose = purposes.named(programme.believes or programme.purpose)
    customers = sorted(everyone_permitted(store, purpose, now=now))
    today = now.astimezone(zone).date()
    component = moment.component or ""
    if arrived is not None:
        model = _needs(store, purpose, models)
        likings = _likings(store, purpose, customers, now)
        return arrives(Arrival(component, arrived, today), moment.least, likings, model)
    if moment.starts == "promise_due":
        promised = _promised(store, purposes, programme, customers, now)
        return promise_due(promised, moment.days, now=now, zone=zone)
    supplies = [
        Supply(customer, bought)
        for customer, entries in _purchases(store, purpose, customers, now)
        if (bought := bought_of(entries, component, zone))
    ]
    if moment.starts == "runs_out":
        return runs_out(component, supplies, today=today, since=since)
    last = {one.customer: one.bought[-1][0] for one in supplies}
    return falls_due(component, moment.days, last, today=today, since=since)


def _needs(store: ConcernStore, purpose: Purpose, models: Models) -> NeedsModel | None:
    build = store.current_build()
    versions = None if build is None else build.models.get(purpose.key)
    return models.needs(store, versions["needs"]) if versions and versions["needs"] else None


def _likings(
    store: ConcernStore, purpose: Purpose, customers: Sequence[CustomerId], now: datetime
) -> Iterator[Liking]:
    build = store.current_build()
    for permits in _permits(store, purpose, customers, now):
        said = store.statements_under(permits)
        for permit in permits:
            counted = store.counted_of(permit)
            since = build.watermark if build is not None and counted is not None else 0
            counts = add({}, counted.counts if counted else {}, store.learned_since(permit, since))
            yield Liking(permit.customer, counts, statements_from(said.get(permit.customer, ())))


def _purchases(
    store: ConcernStore, purpose: Purpose, customers: Sequence[CustomerId], now: datetime
) -> Iterator[tuple[CustomerId, tuple[LogEntry, ...]]]:
    for permits in _permits(store, purpose, customers, now):
        yield from store.happened_under(permits, "purchase", now - REMEMBERED, now).items()


def _promised(
    store: ConcernStore,
    purposes: Purposes,
    programme: Programme,
    customers: Sequence[CustomerId],
    now: datetime,
) -> Iterator[Conversation]:
    """What is open between us and the customers, for any purpose of the programme's."""
    for key in dict.fromkeys(one for one in (programme.believes, programme.purpose) if one is not None):
        for permits in _permits(store, purposes.named(key), customers, now):
            for permit in permits:
                yield from store.open_conversations(permit)


def _permits(
    store: ConcernStore, purpose: Purpose, customers: Sequence[CustomerId], now: datetime
) -> Iterator[list[Permit]]:
    for some in _chunks(customers):
        yield list(read_permits(store, purpose, some, now=now).values())


def _chunks(given: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(given)
    while some := list(islice(rest, AT_ONCE)):
        yield some

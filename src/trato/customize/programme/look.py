"""What is known of customers at the moment of a decision: read under permits of the same transaction.

Only what a condition, a feature, a cap or the price of contacts asks for is read. What may not be read, or is
not known, is unknown: no fact of that name, and never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import TYPE_CHECKING, cast

from trato.customize.learned import learned_of
from trato.customize.leave import Leave
from trato.customize.programme.facts import WEEKDAYS
from trato.customize.timeline import CONTACT_DAYS
from trato.differentiate.known import NO_NEED
from trato.interact.statements import statements_from
from trato.permission.permit import read_permits
from trato.permission.purposes import Purposes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Asked
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.serving import Serving
    from trato.customize.programme.store import DecidingStore
    from trato.customize.store import KnowingStore
    from trato.differentiate.known import MoneyDay, Score
    from trato.differentiate.needs.beliefs import Statement
    from trato.differentiate.store import PublishedBuild
    from trato.interact.log import LogEntry
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purpose
    from trato.permission.standing import Standing, StandingStore

MOST_LETTERS = 500
_OF_MODEL = frozenset({"expected_value", "p_alive"})


@dataclass(frozen=True, slots=True)
class Known:
    """What is known for one request. `purpose` is the one under which the record may be read again, "" for
    none; `permitted` says whether the programme's own is. `recent` are contacts of the last 30 days.
    """

    unit: str
    permitted: bool
    purpose: str
    facts: Mapping[str, Fact]
    said: tuple[Statement, ...]
    contacts: tuple[tuple[datetime, str], ...]
    recent: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for a batch of requests of one programme, by customer."""

    members: Mapping[CustomerId, tuple[CustomerId, ...]]
    permits: Mapping[CustomerId, Permit]
    trusted: Mapping[CustomerId, Permit]
    scores: Mapping[CustomerId, Score]
    said: Mapping[CustomerId, tuple[LogEntry, ...]]
    trusted_said: Mapping[CustomerId, tuple[LogEntry, ...]]
    contacts: Mapping[CustomerId, tuple[tuple[datetime, str], ...]]
    values: Mapping[CustomerId, Mapping[str, str]]


def look(
    store: DecidingStore, ready: Ready, asked: Sequence[Asked], *, serving: Serving, now: datetime
) -> list[Known]:
    """What is known for each request of one programme. Raises UnknownCustomer."""
    programme = ready.programme
    customers = list(dict.fromkeys(one.customer for one in asked))
    if serving.unit == "person":
        units: Mapping[CustomerId, str] = {one: f"person:{one}" for one in customers}
        members: Mapping[CustomerId, tuple[CustomerId, ...]] = {}
    else:
        units = store.units_of(customers, serving.unit)
        members = {one: store.members_of(one, serving.unit) for one in customers}
    everyone = list(dict.fromkeys([*customers, *(each for some in members.values() for each in some)]))
    purpose = serving.purposes.named(programme.purpose)
    believes = None if programme.believes is None else serving.purposes.named(programme.believes)
    standing = _Standings(store, everyone, [one for one in (purpose, believes) if one is not None])
    permits = read_permits(standing, purpose, everyone, now=now)
    trusted = {} if believes is None else read_permits(standing, believes, everyone, now=now)
    build = store.current_build() if trusted and (ready.asks_learned or "need" in ready.asks) else None
    found = _read(store, ready, customers, members, permits, trusted, now)
    names = _names(store, ready, build, believes, serving)
    moment = _moment(ready, serving, now)
    since = now - timedelta(days=CONTACT_DAYS)
    known = []
    for one in asked:
        customer = one.customer
        permitted, trusts = customer in permits, customer in trusted
        opens = programme.believes or "" if trusts else programme.purpose if permitted else ""
        facts: dict[str, Fact] = {}
        said: tuple[Statement, ...] = ()
        contacts: tuple[tuple[datetime, str], ...] = ()
        recent = 0
        if opens:
            facts = _of_request(ready, serving, one, moment)
            said = _said(found, customer)
            contacts = _contacts(found, customer)
            recent = sum(at >= since for at, _ in contacts)
            if permitted and "contacts" in ready.asks:
                facts["contacts"] = float(recent)
            if ready.asks_values:
                _add_values(ready, serving, facts, found.values.get(customer, {}))
            if trusts:
                _add_score(ready, facts, found.scores.get(customer), names)
                if ready.asks_said:
                    _add_said(ready, serving, facts, found, customer)
                if ready.asks_learned and believes is not None:
                    _add_learned(store, ready, facts, trusted[customer], believes, build, names, serving, now)
        known.append(Known(units[customer], permitted, opens, facts, said, contacts, recent))
    return known


class _Standings:
    """How things stand between customers and purposes, read of the transaction in one look."""

    def __init__(
        self, store: StandingStore, customers: Sequence[CustomerId], purposes: Sequence[Purpose]
    ) -> None:
        self.transaction = store.transaction
        self._store = store
        self._found = store.standings(customers, [one.key for one in purposes])

    def standings(
        self, customers: Sequence[CustomerId], purposes: Sequence[str]
    ) -> Mapping[tuple[CustomerId, str], Standing]:
        """As StandingStore, of those that were read."""
        return self._found

    def permitting(self, purpose: str) -> Iterator[Standing]:
        """As StandingStore."""
        return self._store.permitting(purpose)

    def all_customers(self) -> Iterator[CustomerId]:
        """As StandingStore."""
        return self._store.all_customers()


def _read(
    store: DecidingStore,
    ready: Ready,
    customers: Sequence[CustomerId],
    members: Mapping[CustomerId, tuple[CustomerId, ...]],
    permits: Mapping[CustomerId, Permit],
    trusted: Mapping[CustomerId, Permit],
    now: datetime,
) -> _Read:
    """All that is asked for, in one look each."""
    all_permits, all_trusted = list(permits.values()), list(trusted.values())
    own = [trusted[one] for one in customers if one in trusted]
    programme = ready.programme
    caps = [one.days for one in programme.caps]
    counts = caps or programme.fatigue or "contacts" in ready.asks
    since = now - timedelta(days=max([CONTACT_DAYS, *caps]))
    speaks = bool(ready.sets) or ready.asks_said
    # A personal value is read under the purpose under which the record may be read again.
    of_values = [own_permit for one in customers if (own_permit := trusted.get(one) or permits.get(one))]
    values: dict[CustomerId, Mapping[str, str]] = {}
    if ready.asks_values:
        for several in (
            [one for one in of_values if one.purpose == key] for key in {p.purpose for p in of_values}
        ):
            values |= store.values_under(several)
    return _Read(
        members=members,
        permits=permits,
        trusted=trusted,
        scores=store.scores_under(own) if own and ready.asks_score else {},
        said=store.statements_under(all_permits) if all_permits and speaks else {},
        trusted_said=store.statements_under(all_trusted) if all_trusted and speaks else {},
        contacts=store.contacts_under(all_permits, since) if all_permits and counts else {},
        values=values,
    )


def _moment(ready: Ready, serving: Serving, now: datetime) -> dict[str, Fact]:
    local = now.astimezone(serving.zone)
    found: dict[str, Fact] = {"weekday": WEEKDAYS[local.weekday()], "hour": float(local.hour)}
    return {name: fact for name, fact in found.items() if name in ready.asks}


def _of_request(ready: Ready, serving: Serving, asked: Asked, moment: Mapping[str, Fact]) -> dict[str, Fact]:
    """What the request itself says; what is sensitive is not used."""
    facts = dict(moment)
    for name in ready.asks_request:
        if name == "touchpoint":
            facts[name] = asked.touchpoint
        elif name == "channel":
            facts[name] = serving.touchpoints.by_key[asked.touchpoint].channel
        elif name == "moment":
            facts[name] = asked.moment
        else:
            rest = name.partition(".")[2]
            fact = _plain(asked.context.get(rest))
            if fact is not None and rest not in serving.sensitive:
                facts[name] = fact
    return facts


def _add_values(ready: Ready, serving: Serving, facts: dict[str, Fact], values: Mapping[str, str]) -> None:
    for name in ready.asks_values:
        rest = name.partition(".")[2]
        fact = _plain(values.get(rest))
        if fact is not None and rest not in serving.sensitive:
            facts[name] = fact


def _plain(said: object) -> Fact:
    """What was said as a fact: a finite number or a word; unknown where it is neither, or too long."""
    if isinstance(said, str):
        return said if len(said) <= MOST_LETTERS else None
    if not isinstance(said, (int, float)):
        return None
    try:
        number = float(said)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _add_score(
    ready: Ready, facts: dict[str, Fact], score: Score | None, names: Sequence[str | None]
) -> None:
    """What the served build knows of value and belief; without evidence no need is told."""
    if score is None:
        return
    for name in ready.asks_score:
        fact: Fact
        if name == "need":
            fact = names[score.need] if score.evidence and 0 <= score.need < len(names) else None
        elif name == "weight":
            fact = score.weight if score.evidence and score.need != NO_NEED else None
        elif name == "tier":
            fact = score.tier or None
        elif name in _OF_MODEL and not score.tier:
            fact = None
        else:
            number = cast("float | None", getattr(score, name))
            fact = None if number is None else float(number)
        if fact is not None:
            facts[name] = fact


def _contacts(found: _Read, customer: CustomerId) -> tuple[tuple[datetime, str], ...]:
    """When the company turned to anybody of the customer's unit."""
    if not found.contacts:
        return ()
    members = found.members.get(customer, (customer,))
    return tuple(each for who in members for each in found.contacts.get(who, ()))


def _said(found: _Read, customer: CustomerId) -> tuple[Statement, ...]:
    """What binds of all that the unit's members said, over both purposes: said beats inferred."""
    if not found.said and not found.trusted_said:
        return ()
    entries: dict[int, LogEntry] = {}
    for who in found.members.get(customer, (customer,)):
        for one in (*found.said.get(who, ()), *found.trusted_said.get(who, ())):
            entries[one.position] = one
    return statements_from(entries.values()) if entries else ()


def _add_said(
    ready: Ready, serving: Serving, facts: dict[str, Fact], found: _Read, customer: CustomerId
) -> None:
    """What they want and avoid, as far as the profiling purpose opens it: of several the last."""
    for one in statements_from(found.trusted_said.get(customer, ())):
        name = f"{'wants' if one.binds == 'always' else 'avoids'}.{one.component}"
        if name in ready.asks and one.component not in serving.sensitive:
            facts[name] = one.module


def _names(
    store: DecidingStore,
    ready: Ready,
    build: PublishedBuild | None,
    believes: Purpose | None,
    serving: Serving,
) -> Sequence[str | None]:
    """The key of each need of the served model, None for one without a name."""
    if build is None or believes is None:
        return ()
    version = build.models.get(believes.key, {"needs": None, "values": None})["needs"]
    return () if version is None else serving.need_names(store, version)


def _add_learned(
    store: DecidingStore,
    ready: Ready,
    facts: dict[str, Fact],
    permit: Permit,
    believes: Purpose,
    build: PublishedBuild | None,
    names: Sequence[str | None],
    serving: Serving,
    now: datetime,
) -> None:
    """What is worked out of counts and days, as the customer's page does: weights of needs, what was bought,
    and when last.
    """
    if ready.asks_learned == ("days_since_purchase",) and serving.unit == "person":
        _add_days(facts, *_own_days(store, permit, build, serving), serving=serving, now=now)
        return
    learned = learned_of(
        cast("KnowingStore", store),
        permit.customer,
        Leave({believes.key: permit}, ()),
        build,
        Purposes({believes.key: believes}),
        serving.unit,
        serving.zone,
        serving.models,
        now=now,
    )
    if learned is None:
        return
    for name in ready.asks_learned:
        family, _, rest = name.partition(".")
        if name == "days_since_purchase":
            _add_days(facts, learned.days, serving=serving, now=now)
        elif family == "bought":
            facts[name] = float(
                sum(count for (c, m), count in learned.counts.items() if rest in (c, f"{c}.{m}"))
            )
        elif learned.belief is not None and learned.evidence and rest in names:
            facts[name] = float(learned.belief.weights[names.index(rest)])


def _own_days(
    store: DecidingStore, permit: Permit, build: PublishedBuild | None, serving: Serving
) -> Iterator[Sequence[MoneyDay]]:
    """The customer's days of money: what the build counted, and the log behind it; no belief is needed."""
    counted = store.counted_of(permit)
    if counted is not None:
        yield counted.days
    since = build.watermark if build is not None and counted is not None else 0
    yield store.days_since(permit, since, serving.zone)


def _add_days(facts: dict[str, Fact], *several: Sequence[MoneyDay], serving: Serving, now: datetime) -> None:
    """How many days ago they bought last; a day yet to come is somebody's wrong clock, and is today."""
    bought = [one.day for days in several for one in days if one.bought]
    if bought:
        today = now.astimezone(serving.zone).date()
        facts["days_since_purchase"] = float(max((today - max(bought)).days, 0))

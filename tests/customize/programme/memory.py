"""A store in memory for deciding and learning: slow, obvious, and with no hidden helper.

    store = Memory()
    store.meet("ana", "offers", "suggestions")       # a customer who granted these purposes
    store.score("ana", tier="most_valuable")
    store.serve(programme)
    with store.begun() as it: decide(it, …)

`begun` gives a transaction: a permit read in one is void in the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Self

from trato.customers.customer import CustomerId
from trato.customize.programme.decision import Anonymous, Taught
from trato.customize.programme.holdouts import older
from trato.customize.programme.store import ServedProgramme, Use, WhoseDecision
from trato.differentiate.known import Counted, MoneyDay, Score
from trato.differentiate.store import PublishedBuild
from trato.errors import PermitVoid, StorageUnavailable, UnknownCustomer
from trato.interact.log import LogEntry, NewEntry
from trato.interact.touchpoints import Touchpoint
from trato.permission.standing import Standing

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from trato.customize.programme.decision import Decision, DecisionId, Outcome
    from trato.customize.programme.treatments import Arm, Programme
    from trato.differentiate.store import ModelVersions
    from trato.identify.store import Belonging
    from trato.permission.permit import Permit

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Memory:
    """All that is kept; public, so that tests may look at it and change it."""

    standing: dict[tuple[CustomerId, str], Standing] = field(default_factory=dict)
    customers: list[CustomerId] = field(default_factory=list)
    scores: dict[tuple[CustomerId, str], Score] = field(default_factory=dict)
    values: dict[CustomerId, dict[str, str]] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    counted: dict[tuple[CustomerId, str], Counted] = field(default_factory=dict)
    units: dict[CustomerId, str] = field(default_factory=dict)
    build: PublishedBuild | None = None
    served: dict[str, ServedProgramme] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    arms: dict[tuple[str, str], Arm] = field(default_factory=dict)
    used: dict[tuple[str, str], Use] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    outcomes: dict[tuple[DecisionId, str], Outcome] = field(default_factory=dict)
    looks: list[tuple[str, datetime, str]] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)
    given_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    salt: bytes = b"salt of the test"
    records: set[tuple[str, str, int]] = field(default_factory=set)
    transaction: object = field(default_factory=object)
    # What happens to a reservation before it is tried: another's, that came first.
    before_reserving: Any = None

    # What a test says

    @contextmanager
    def begun(self) -> Iterator[Self]:
        """A transaction."""
        self.transaction = object()
        yield self
        self.transaction = object()

    def meet(
        self, who: str, *purposes: str, fields: Sequence[str] = (), at: datetime = LONG_AGO
    ) -> CustomerId:
        """A customer who granted these purposes."""
        customer = CustomerId(who)
        if customer not in self.customers:
            self.customers.append(customer)
        for one in purposes:
            self.standing[customer, one] = Standing(
                customer, one, "granted", at, at, None, len(self.standing) + 1, tuple(fields)
            )
        return customer

    def withdraw(self, who: CustomerId, purpose: str, at: datetime = LONG_AGO) -> None:
        """They no longer grant it."""
        self.standing[who, purpose] = replace(self.standing[who, purpose], state="withdrawn", at=at)

    def score(self, who: CustomerId, purpose: str = "suggestions", **said: Any) -> None:
        """The score that the served build has of a customer."""
        usual: dict[str, Any] = {
            "need": -1,
            "weight": 0.0,
            "evidence": 0,
            "actual_value": 0,
            "expected_value": 0.0,
            "low": 0.0,
            "high": 0.0,
            "p_alive": 0.0,
            "potential": None,
            "tier": "",
            "as_of": date(2026, 1, 1),
        }
        self.scores[who, purpose] = Score(customer=who, purpose=purpose, **(usual | said))

    def happens(self, who: CustomerId, at: datetime, *purposes: str, **said: Any) -> LogEntry:
        """An entry of the log."""
        usual: dict[str, Any] = {
            "source": "till",
            "kind": "purchase",
            "received_at": at,
            "touchpoint": Touchpoint("till", "store"),
            "component": None,
            "module": None,
            "more_choices": (),
            "count": 1,
            "amount": None,
            "cost": None,
            "statement": None,
            "stance": None,
            "learns": False,
        }
        position = len(self.log) + 1
        entry = LogEntry(position=position, customer=who, at=at, purposes=purposes, **(usual | said))
        self.log.append(entry)
        return entry

    def says(
        self, who: CustomerId, stance: str, component: str, module: str, at: datetime, *purposes: str
    ) -> None:
        """They want or avoid a module."""
        said = {"stance": stance, "component": component, "module": module, "statement": "…"}
        self.happens(who, at, *(purposes or ("suggestions",)), kind="statement", **said)

    def serve(self, programme: Programme, **said: Any) -> ServedProgramme:
        """Serve a programme, its document kept."""
        self.documents.setdefault(programme.version, programme.document)
        usual: dict[str, Any] = {
            "version": programme.version,
            "model": "",
            "prices": "",
            "learned_up_to": 0,
            "conducted": programme.conducted,
            "changed_at": LONG_AGO,
        }
        self.served[programme.key] = ServedProgramme(programme.key, **(usual | said))
        return self.served[programme.key]

    # DecidingStore

    def standings(
        self, customers: Sequence[CustomerId], purposes: Sequence[str]
    ) -> Mapping[tuple[CustomerId, str], Standing]:
        for one in customers:
            if one not in self.customers:
                raise UnknownCustomer(f"there is no customer {one}")
        asked = {(one, key) for one in customers for key in purposes}
        return {key: found for key, found in self.standing.items() if key in asked}

    def permitting(self, purpose: str) -> Iterator[Standing]:
        return iter([one for (_, key), one in sorted(self.standing.items()) if key == purpose])

    def all_customers(self) -> Iterator[CustomerId]:
        return iter(sorted(self.customers))

    def served_programmes(self) -> Mapping[str, ServedProgramme]:
        return dict(self.served)

    def current_build(self) -> PublishedBuild | None:
        return self.build

    def model_document(self, version: str) -> str:
        if version not in self.documents:
            raise StorageUnavailable(f"there is no model {version!r}")
        return self.documents[version]

    def scores_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, Score]:
        self._check(permits)
        asked = {(one.customer, one.purpose) for one in permits}
        return {who: one for (who, purpose), one in self.scores.items() if (who, purpose) in asked}

    def statements_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        return self._entries(permits, lambda one: one.kind == "statement")

    def contacts_under(
        self, permits: Sequence[Permit], since: datetime
    ) -> Mapping[CustomerId, tuple[tuple[datetime, str], ...]]:
        found = self._entries(permits, lambda one: one.kind == "contact" and one.at >= since)
        return {
            who: tuple((one.at, one.touchpoint.channel) for one in entries) for who, entries in found.items()
        }

    def values_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, Mapping[str, str]]:
        self._check(permits)
        return {
            one.customer: {
                key: value for key, value in self.values.get(one.customer, {}).items() if key in one.fields
            }
            for one in permits
        }

    def units_of(self, customers: Sequence[CustomerId], kind: Belonging | None) -> Mapping[CustomerId, str]:
        return {
            one: f"person:{one}" if kind is None else self.units.get(one, f"person:{one}")
            for one in customers
        }

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        unit = self.units.get(customer)
        return tuple(sorted({customer, *(one for one, word in self.units.items() if unit and word == unit)}))

    def counted_of(self, permit: Permit) -> Counted | None:
        self._check([permit])
        return self.counted.get((permit.customer, permit.purpose))

    def learned_since(self, permit: Permit, position: int) -> Mapping[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for one in self._own(permit, lambda one: one.learns and one.position > position):
            for choice in one.choices:
                found[choice] = found.get(choice, 0) + one.count
        return found

    def days_since(self, permit: Permit, position: int, zone: ZoneInfo) -> tuple[MoneyDay, ...]:
        from trato.differentiate.known import add_days

        return add_days(
            MoneyDay(one.at.astimezone(zone).date(), one.amount or 0, one.cost, (one.amount or 0) >= 0)
            for one in self._own(permit, lambda one: one.amount is not None and one.position > position)
        )

    def arms_of(self, programme: str, units: Sequence[str]) -> Mapping[str, Arm]:
        return {one: self.arms[programme, one] for one in units if (programme, one) in self.arms}

    def oldest_arm(self, programme: str, units: Sequence[str]) -> Arm | None:
        given = [(self.given_at.get((programme, unit), LONG_AGO), unit) for unit in units]
        arms = [
            (at, unit, self.arms[programme, unit]) for at, unit in given if (programme, unit) in self.arms
        ]
        return older(arms) if arms else None

    def put_arms(self, programme: str, arms: Mapping[str, Arm], at: datetime) -> Mapping[str, Arm]:
        for unit in arms:
            self.given_at.setdefault((programme, unit), at)
        return {unit: self.arms.setdefault((programme, unit), arm) for unit, arm in arms.items()}

    def holdout_salt(self) -> bytes:
        return self.salt

    def uses_of(self, programme: str) -> Sequence[Use]:
        return tuple(use for (key, _), use in sorted(self.used.items()) if key == programme)

    def reserve(self, programme: str, uses: Mapping[str, tuple[int, int]]) -> bool:
        if self.before_reserving is not None:
            self.before_reserving()
        after: dict[tuple[str, str], Use] = {}
        for what, (amount, limit) in uses.items():
            there = self.used.get((programme, what))
            used = (there.used if there else 0) + amount
            if used > limit:
                return False
            after[programme, what] = Use(programme, what, used, limit)
        self.used |= after
        return True

    def release(self, programme: str, uses: Mapping[str, int]) -> None:
        for what, amount in uses.items():
            there = self.used[programme, what]
            assert there.used >= amount
            self.used[programme, what] = replace(there, used=there.used - amount)

    def append_decisions(self, decisions: Sequence[Decision]) -> None:
        for one in decisions:
            assert one.id not in {each.id for each in self.decisions}
            unit = one.unit if one.purpose else ""
            whose = one.customer if one.purpose else CustomerId("")
            position = len(self.decisions) + 1
            self.decisions.append(replace(one, position=position, unit=unit, customer=whose))

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        before = len(self.log)
        for entry in entries:
            one = entry.interaction
            if one.record is not None:
                if (one.source, one.record, entry.item) in self.records:
                    continue
                self.records.add((one.source, one.record, entry.item))
            self.happens(
                entry.customer,
                one.at,
                *entry.purposes,
                source=one.source,
                kind=one.kind,
                received_at=entry.received_at,
                touchpoint=one.touchpoint,
                component=one.component,
                module=one.module,
                more_choices=one.more_choices,
                count=one.count,
                amount=one.amount,
                cost=one.cost,
                statement=one.statement,
                stance=one.stance,
                learns=one.learns,
            )
        return len(self.log) - before

    # LearningStore

    def whose_decision(self, decision: DecisionId) -> WhoseDecision | None:
        for one in self.decisions:
            if one.id == decision:
                return WhoseDecision(one.customer or None, one.programme, one.purpose, one.matures_at)
        return None

    def whose_decisions(self, decisions: Sequence[DecisionId]) -> dict[DecisionId, WhoseDecision]:
        found = {one: self.whose_decision(one) for one in decisions}
        return {one: whose for one, whose in found.items() if whose is not None}

    def decision_of(self, permit: Permit, decision: DecisionId) -> Decision | None:
        return next((one for one in self._decisions([permit]) if one.id == decision), None)

    def decisions_of(self, permit: Permit, *, limit: int, before: int | None = None) -> tuple[Decision, ...]:
        found = [one for one in self._decisions([permit]) if before is None or one.position < before]
        return tuple(reversed(found))[:limit]

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        known = {one.id for one in self.decisions}
        before = len(self.outcomes)
        for one in outcomes:
            if one.decision in known:
                self.outcomes.setdefault((one.decision, one.record), one)
        return len(self.outcomes) - before

    def outcomes_of(self, permit: Permit, decision: DecisionId) -> tuple[Outcome, ...]:
        if self.decision_of(permit, decision) is None:
            return ()
        found = [one for (key, _), one in self.outcomes.items() if key == decision]
        return tuple(sorted(found, key=lambda one: (one.at, one.record)))

    def matured(
        self, programme: str, after: int, until: datetime, limit: int
    ) -> tuple[tuple[int, CustomerId | None], ...]:
        found: list[tuple[int, CustomerId | None]] = []
        for one in self.decisions:
            if one.programme == programme and one.position > after:
                if one.matures_at > until:
                    break
                found.append((one.position, one.customer or None))
        return tuple(found[:limit])

    def taught(self, permits: Sequence[Permit], positions: Sequence[int]) -> tuple[Taught, ...]:
        asked = set(positions)
        return tuple(
            Taught(one, *self._came_of(one)) for one in self._decisions(permits) if one.position in asked
        )

    def opening(self, programme: str, positions: Sequence[int]) -> frozenset[int]:
        ends: dict[str, datetime] = {}
        found: set[int] = set()
        for one in self.decisions:
            if one.programme == programme:
                end = ends.get(one.unit) if one.unit else None
                if end is None or one.at > end:
                    ends[one.unit] = one.matures_at
                    found.add(one.position)
        return frozenset(found.intersection(positions))

    def happened_under(
        self, permits: Sequence[Permit], kind: str, since: datetime, until: datetime
    ) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        found = self._entries(permits, lambda one: one.kind == kind and since <= one.at <= until)
        return {who: tuple(replace(one, statement=None) for one in some) for who, some in found.items()}

    def leave_unread(self, positions: Sequence[int]) -> None:
        self.unread.update(positions)

    def anonymous(self, programme: str, after: int, limit: int) -> tuple[Anonymous, ...]:
        return tuple(
            Anonymous(
                one.position,
                programme,
                one.version,
                one.arm,
                one.treatment,
                one.probability,
                one.at,
                one.matures_at,
                one.unit.encode(),
                *self._came_of(one),
                one.position in self.unread,
            )
            for one in self.decisions
            if one.programme == programme and one.position > after
        )[:limit]

    def put_model(self, version: str, kind: str, document: str) -> None:
        self.documents.setdefault(version, document)

    def serve_programme(self, served: ServedProgramme, *, instead: ServedProgramme | None) -> bool:
        if self.served.get(served.programme) != instead:
            return False
        self.served[served.programme] = served
        return True

    def add_look(self, programme: str, at: datetime, document: str) -> int:
        self.looks.append((programme, at, document))
        return len(self.looks_at(programme))

    def looks_at(self, programme: str) -> tuple[tuple[int, datetime, str], ...]:
        mine = [(at, document) for key, at, document in self.looks if key == programme]
        return tuple((number, at, document) for number, (at, document) in enumerate(mine, 1))

    # Inside

    def _check(self, permits: Sequence[Permit]) -> None:
        for one in permits:
            if one.transaction is not self.transaction:
                raise PermitVoid("the permit was read in another transaction")

    def _entries(self, permits: Sequence[Permit], wanted: Any) -> dict[CustomerId, tuple[LogEntry, ...]]:
        found = {one.customer: self._own(one, wanted) for one in permits}
        return {who: entries for who, entries in found.items() if entries}

    def _own(self, permit: Permit, wanted: Any) -> tuple[LogEntry, ...]:
        self._check([permit])
        entries = [
            one
            for one in self.log
            if one.customer == permit.customer and permit.purpose in one.purposes and wanted(one)
        ]
        return tuple(sorted(entries, key=lambda one: (one.at, one.position)))

    def _decisions(self, permits: Sequence[Permit]) -> list[Decision]:
        self._check(permits)
        open_ = {(one.customer, one.purpose) for one in permits}
        return [one for one in self.decisions if one.purpose and (one.customer, one.purpose) in open_]

    def _came_of(self, decision: Decision) -> tuple[bool, int]:
        came = [
            one
            for (key, _), one in self.outcomes.items()
            if key == decision.id and decision.at <= one.at <= decision.matures_at
        ]
        return any(one.taken for one in came), sum(one.amount for one in came)


def built(
    models: Mapping[str, ModelVersions] | None = None, watermark: int = 0, at: datetime = LONG_AGO
) -> PublishedBuild:
    """A build that is served."""
    return PublishedBuild("build", watermark, at, models or {}, "{}")


def _is_a_store(store: Memory) -> LearningStore:
    return store


if TYPE_CHECKING:
    from trato.customize.programme.store import LearningStore

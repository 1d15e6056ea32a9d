"""All that is known of one customer, section by section, each under a permit or not at all.

Every part is read under a permit of this very transaction. A section that no purpose permits holds nothing,
and says of each purpose that could have opened it why it does not. What was learned is worked out anew each
time: the counts of the build that is served, plus what the log says behind its watermark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from trato.customize.learned import learned_of
from trato.customize.leave import leave_of
from trato.customize.names import NO_NAMES, Names
from trato.customize.proposal import propose
from trato.customize.scores import as_of, weights_for
from trato.customize.sections import (
    Expected,
    KnownCustomer,
    KnownIdentifier,
    KnownValue,
    Said,
    Section,
    Timeline,
    Wants,
    Who,
    Worth,
)
from trato.customize.timeline import contacts_in, timeline
from trato.customize.wants import needs_in_words, weigh_needs
from trato.interact.statements import statements_from
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.learned import Learned
    from trato.customize.leave import Leave
    from trato.customize.models import Models
    from trato.customize.proposal import Proposal
    from trato.customize.sections import Asked, SectionName, Unit
    from trato.customize.store import KnowingStore
    from trato.customize.timeline import Contacts
    from trato.customize.wants import WeighedNeed
    from trato.differentiate.needs.names import NamedNeed
    from trato.identify.store import Belonging
    from trato.interact.log import LogEntry
    from trato.interact.touchpoints import Touchpoints
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purposes

T = TypeVar("T")


def known_of(
    store: KnowingStore,
    customer: CustomerId,
    asked: Asked,
    *,
    purposes: Purposes,
    touchpoints: Touchpoints,
    unit: Unit,
    zone: ZoneInfo,
    names: Sequence[NamedNeed],
    models: Models,
    now: datetime,
    called: Names = NO_NAMES,
) -> KnownCustomer:
    """All that may be known of a customer at this moment for these purposes.

    `names` are those of needs.yaml and `called` those of names.yaml, `zone` is that of the company's days.
    Raises UnknownCustomer, and StorageUnavailable.
    """
    leave = leave_of(store, purposes, customer, now=now)
    build = store.current_build()
    learned = None
    if asked.sections & {"worth", "wants", "proposal"}:
        learned = learned_of(store, customer, leave, build, purposes, unit, zone, models, now=now)
    one = _Reader(store, customer, asked, leave, learned, purposes, touchpoints, zone, names, now, called)
    return KnownCustomer(
        customer=customer,
        unit=unit,
        at=now,
        built_at=None if build is None else build.published_at,
        may=leave.may,
        who=one.section("who", one.who),
        worth=one.section("worth", one.worth),
        wants=one.section("wants", one.wants),
        said_and_did=one.section("said_and_did", one.said_and_did),
        contacts=one.section("contacts", one.contacts),
        proposal=one.section("proposal", one.proposal),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one customer's sections."""

    store: KnowingStore
    customer: CustomerId
    wish: Asked
    leave: Leave
    learned: Learned | None
    purposes: Purposes
    touchpoints: Touchpoints
    zone: ZoneInfo
    names: Sequence[NamedNeed]
    now: datetime
    called: Names

    def section(
        self, name: SectionName, read: Callable[[], tuple[tuple[str, ...], T] | None]
    ) -> Section[T] | None:
        """The section as far as it was asked for and is permitted."""
        if name not in self.wish.sections:
            return None
        found = read()
        if found is not None:
            return Section(found[0], found[1], ())
        learns = name in {"worth", "wants", "proposal"}
        return Section((), None, tuple(one for one in self.leave.may if one.profiling or not learns))

    @property
    def _permits(self) -> tuple[Permit, ...]:
        return tuple(self.leave.permits.values())

    def who(self) -> tuple[tuple[str, ...], Who] | None:
        """Identifiers and values, each under the first purpose that covers its kind."""
        if not self._permits:
            return None
        identifiers: dict[tuple[str, str], KnownIdentifier] = {}
        values: dict[str, KnownValue] = {}
        for permit in self._permits:
            for one in self.store.identifiers_of(permit):
                told = KnownIdentifier(one.kind, one.value, permit.purpose)
                identifiers.setdefault((one.kind, one.normalised), told)
            for name, value in self.store.values_of(permit).items():
                values.setdefault(name, KnownValue(name, value, permit.purpose))
        who = Who(
            tuple(identifiers[key] for key in sorted(identifiers)),
            tuple(values[key] for key in sorted(values)),
            self._together("household"),
            self._together("account"),
        )
        return tuple(self.leave.permits), who

    def _together(self, kind: Belonging) -> tuple[CustomerId, ...]:
        """Who belongs together with the customer and permits one of the purposes of this page as well."""
        members = self.store.members_of(self.customer, kind)
        others = [one for one in members if one != self.customer]
        found = {self.customer}
        for key in self.leave.permits if others else ():
            found |= read_permits(self.store, self.purposes.named(key), others, now=self.now).keys()
        return tuple(one for one in members if one in found)

    def worth(self) -> tuple[tuple[str, ...], Worth] | None:
        """What the unit brought and is expected to bring."""
        if self.learned is None:
            return None
        days = self.learned.days
        bought = [one.day for one in days if one.bought]
        worth = Worth(
            actual_value=sum(one.net for one in days),
            purchase_days=len(bought),
            first_day=min(bought, default=None),
            last_day=max(bought, default=None),
            expected=self._expected(self.learned),
            members=len(self.learned.permits),
        )
        return (self.learned.purpose,), worth

    def _expected(self, learned: Learned) -> Expected | None:
        from trato.differentiate.value.live import worth_of

        model = learned.values
        if model is None:
            return None
        today = self.now.astimezone(self.zone).date()
        found = worth_of(model, learned.days, weights_for(learned), as_of=as_of(model, learned, today))
        if found is None:
            return None
        return Expected(
            value=found.expected_value,
            low=found.low,
            high=found.high,
            p_alive=found.p_alive,
            purchases=found.expected_purchases,
            potential=found.potential,
            tier=found.tier,
            horizon_days=model.horizon,
            as_of=found.as_of,
        )

    def wants(self) -> tuple[tuple[str, ...], Wants] | None:
        """Needs and statements."""
        learned = self.learned
        if learned is None:
            return None
        needs: tuple[WeighedNeed, ...] = ()
        if learned.needs is not None and learned.belief is not None:
            words = needs_in_words(learned.needs, self.names, self.called)
            needs = weigh_needs(learned.needs, learned.belief, words, names=self.called)
        own = sorted(self._said().values(), key=lambda one: (one.at, one.position))
        wants = Wants(
            needs=needs,
            statements=tuple(_said(one) for one in reversed(own)),
            evidence=learned.evidence,
            counted=sum(learned.counts.values()),
            model=None if learned.needs is None else learned.needs.version,
            not_yet=learned.needs is None,
            members=len(learned.permits),
        )
        return self._under_statements(), wants

    def said_and_did(self) -> tuple[tuple[str, ...], Timeline] | None:
        """One page of the timeline, over all purposes that permit it."""
        if not self._permits:
            return None
        events, before = timeline(
            self.store, self._permits, self.touchpoints, limit=self.wish.page, before=self.wish.before
        )
        return tuple(self.leave.permits), Timeline(events, before)

    def contacts(self) -> tuple[tuple[str, ...], Contacts] | None:
        """How often and where the company turned to the customer."""
        if not self._permits:
            return None
        return tuple(self.leave.permits), contacts_in(self.store, self._permits, now=self.now)

    def proposal(self) -> tuple[tuple[str, ...], Proposal] | None:
        """What to propose next, the statements of all who belong to the unit and permit it binding."""
        learned = self.learned
        if learned is None:
            return None
        said = self._said()
        for member, permit in learned.permits.items():
            if member != self.customer:
                said |= {one.position: one for one in self.store.statements_of(permit)}
        words = () if learned.needs is None else needs_in_words(learned.needs, self.names, self.called)
        said_so = statements_from(said.values())
        proposal = propose(learned.needs, learned.belief, said_so, words, names=self.called)
        return self._under_statements(), proposal

    def _said(self) -> dict[int, LogEntry]:
        """What the customer said, by its position in the log, over all purposes that permit it.

        Whatever a customer asked for at one counter binds at the next.
        """
        return {one.position: one for permit in self._permits for one in self.store.statements_of(permit)}

    def _under_statements(self) -> tuple[str, ...]:
        """The purpose of what was learned, and those under which the statements beside it were read."""
        learned = self.learned.purpose if self.learned is not None else ""
        return (learned, *(key for key in self.leave.permits if key != learned))


def _said(one: LogEntry) -> Said:
    return Said(one.at, one.touchpoint.key, one.statement, one.stance, one.choices)

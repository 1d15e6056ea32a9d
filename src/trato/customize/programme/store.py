"""What deciding, learning and judging need of a store: one transaction of it.

Decisions and outcomes are append-only. What is read of a customer is read under a permit of the same
transaction; several permits at once are several customers' of one purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from trato.permission.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Anonymous, Decision, DecisionId, Outcome, Taught
    from trato.customize.programme.treatments import Arm
    from trato.differentiate.known import Counted, MoneyDay, Score
    from trato.differentiate.store import ModelKind, PublishedBuild
    from trato.identify.store import Belonging
    from trato.interact.log import LogEntry, NewEntry
    from trato.permission.permit import Permit


@dataclass(frozen=True, slots=True)
class ServedProgramme:
    """What is served of a programme: versions of its declaration, model ("" before the first) and prices.

    `learned_up_to` is the position of the last decision that taught the model, `settled_up_to` that of the
    last whose outcome was settled (what was set aside for it released): a model that is learned anew begins
    at 0, and nothing is released twice. `conducted` is "person" or "system", as it stands now.
    """

    programme: str
    version: str
    model: str
    prices: str
    learned_up_to: int
    conducted: str
    changed_at: datetime
    settled_up_to: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """How much of something limited a programme has used. `what` is `budget`, `stock:TREATMENT` or
    `capacity:DAY`; `used` never passes `limit`. Money in minor units.
    """

    programme: str
    what: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class WhoseDecision:
    """Whose a decision is (None: nobody's, or forgotten), by which programme, and what purpose opens it."""

    customer: CustomerId | None
    programme: str
    purpose: str
    matures_at: datetime


class DecidingStore(StandingStore, Protocol):
    """One transaction, in which decisions are made."""

    def served_programmes(self) -> Mapping[str, ServedProgramme]:
        """What is served of each programme, by its key."""

    def current_build(self) -> PublishedBuild | None:
        """The build that is served; None before the first."""

    def model_document(self, version: str) -> str:
        """The document of a model, of prices or of a programme's declaration, by its version."""

    def scores_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, Score]:
        """The served build's score of each permit's customer for its purpose; who has none is left out.

        Raises PermitVoid.
        """

    def statements_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        """What each permit's customer said, oldest first; who said nothing is left out. Raises PermitVoid."""

    def contacts_under(
        self, permits: Sequence[Permit], since: datetime
    ) -> Mapping[CustomerId, tuple[tuple[datetime, str], ...]]:
        """When, and on which channel, the company turned to each permit's customer since a moment.

        Raises PermitVoid.
        """

    def values_under(self, permits: Sequence[Permit]) -> Mapping[CustomerId, Mapping[str, str]]:
        """The personal values of each permit's customer that it covers. Raises PermitVoid."""

    def units_of(self, customers: Sequence[CustomerId], kind: Belonging | None) -> Mapping[CustomerId, str]:
        """The word of the unit to which each customer belongs: `person:ID` where kind is None or they belong
        to none, else `household:…` or `account:…`, which says nothing of its name.
        """

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        """All who belong to the customer's household or account, the customer among them."""

    def counted_of(self, permit: Permit) -> Counted | None:
        """What the served build counted for the permit's purpose; None for nothing. Raises PermitVoid."""

    def learned_since(self, permit: Permit, position: int) -> Mapping[tuple[str, str], int]:
        """Choices that learn behind a position of the log, summed. Raises PermitVoid."""

    def days_since(self, permit: Permit, position: int, zone: ZoneInfo) -> tuple[MoneyDay, ...]:
        """Money by day behind a position of the log. Raises PermitVoid."""

    def arms_of(self, programme: str, units: Sequence[str]) -> Mapping[str, Arm]:
        """The hold-out arm that each unit was given; units without one are left out."""

    def oldest_arm(self, programme: str, units: Sequence[str]) -> Arm | None:
        """The arm that one of these units was given first of them all; None where none has one."""

    def put_arms(self, programme: str, arms: Mapping[str, Arm], at: datetime) -> Mapping[str, Arm]:
        """Give units their arms; what a unit was given before stays. Returns what holds."""

    def holdout_salt(self) -> bytes:
        """The store's own secret salt for hold-outs, drawn once."""

    def uses_of(self, programme: str) -> Sequence[Use]:
        """What the programme has used of all that is limited."""

    def reserve(self, programme: str, uses: Mapping[str, tuple[int, int]]) -> bool:
        """Use so much of each thing, given as {what: (amount, limit)}: all of it, or nothing and False.

        Atomic: with any number of callers no use ever passes its limit.
        """

    def release(self, programme: str, uses: Mapping[str, int]) -> None:
        """Give back what was set aside and is not needed."""

    def append_decisions(self, decisions: Sequence[Decision]) -> None:
        """Log decisions, facts and candidates sealed under each customer's key. Raises UnknownCustomer."""

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        """As the log says: the contact that a treatment is."""


class LearningStore(DecidingStore, Protocol):
    """One transaction, in which outcomes are kept and models served."""

    def whose_decision(self, decision: DecisionId) -> WhoseDecision | None:
        """Whose a decision is, and what opens it; None for no such."""

    def whose_decisions(self, decisions: Sequence[DecisionId]) -> Mapping[DecisionId, WhoseDecision]:
        """As `whose_decision`, of many; those that are not there are left out."""

    def decision_of(self, permit: Permit, decision: DecisionId) -> Decision | None:
        """A decision of the permit's customer. Raises PermitVoid."""

    def decisions_of(self, permit: Permit, *, limit: int, before: int | None = None) -> tuple[Decision, ...]:
        """The newest decisions of the permit's customer, the newest first. Raises PermitVoid."""

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Keep outcomes, each once by (decision, record); how many were new. Of no decision: left out."""

    def outcomes_of(self, permit: Permit, decision: DecisionId) -> tuple[Outcome, ...]:
        """What came of a decision of the permit's customer, oldest first. Raises PermitVoid."""

    def matured(
        self, programme: str, after: int, until: datetime, limit: int
    ) -> tuple[tuple[int, CustomerId | None], ...]:
        """Positions and customers of decisions behind a position whose window closed by `until`, in order.

        Stops before the first whose window is still open.
        """

    def taught(self, permits: Sequence[Permit], positions: Sequence[int]) -> tuple[Taught, ...]:
        """Decisions at these positions that the permits open, with what came of each in its window, in order.

        A permit opens its customer's decisions of its own purpose. Outcomes count from `at` to `matures_at`
        by when they happened; several sum: taken where one was, and their amounts. Raises PermitVoid.
        """

    def opening(self, programme: str, positions: Sequence[int]) -> frozenset[int]:
        """Which of these decisions open an episode of their unit (`episodes.py`): where none was open."""

    def happened_under(
        self, permits: Sequence[Permit], kind: str, since: datetime, until: datetime
    ) -> Mapping[CustomerId, tuple[LogEntry, ...]]:
        """Interactions of a kind of each permit's customer that carry its purpose, from `since` to `until` by
        when they happened, both among them, oldest first and without words; who has none is left out.

        Raises PermitVoid.
        """

    def leave_unread(self, positions: Sequence[int]) -> None:
        """Note of decisions that they could not be read when it was looked for what came of them."""

    def anonymous(self, programme: str, after: int, limit: int) -> tuple[Anonymous, ...]:
        """What is nobody's of a programme's decisions behind a position, in order."""

    def put_model(self, version: str, kind: ModelKind, document: str) -> None:
        """Keep a document by its version (kinds `posterior`, `prices`, `programme`)."""

    def serve_programme(self, served: ServedProgramme, *, instead: ServedProgramme | None) -> bool:
        """Serve this; False (and nothing done) when what is served is no longer `instead`."""

    def add_look(self, programme: str, at: datetime, document: str) -> int:
        """Keep a look at a programme's verdict, and return its number, from 1."""

    def looks_at(self, programme: str) -> tuple[tuple[int, datetime, str], ...]:
        """All looks, in order."""

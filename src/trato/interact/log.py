"""The log of interactions: append-only, and read under a permit. What receiving and reading need of a store.

An interaction is kept with those of its source's purposes that the customer permitted when it came. Who reads
under a permit sees the rows that carry the permit's purpose, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.differentiate.known import MoneyDay
    from trato.interact.interactions import Interaction, Kind, Stance
    from trato.interact.touchpoints import Touchpoint
    from trato.permission.permit import Permit

Outcome = Literal["kept", "aside", "not_permitted", "nothing"]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An interaction to be kept: whose it is, and the purposes for which it may be used, at least one.

    `item` tells the interactions of one record apart where the record itself does not; 0 where it does.
    """

    customer: CustomerId
    interaction: Interaction
    item: int
    purposes: tuple[str, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An interaction as it is kept. `position` grows along the log; the rest is as in Interaction.

    `statement` is None where nothing was said, and where the entry was read without the words.
    """

    position: int
    customer: CustomerId
    source: str
    kind: Kind
    at: datetime
    received_at: datetime
    touchpoint: Touchpoint
    component: str | None
    module: str | None
    more_choices: tuple[tuple[str, str], ...]
    count: int
    amount: int | None
    cost: int | None
    statement: str | None = field(repr=False)
    stance: Stance | None
    learns: bool
    purposes: tuple[str, ...]

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """All that was chosen: component and module."""
        first = () if self.component is None or self.module is None else ((self.component, self.module),)
        return first + self.more_choices


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a message was dealt with, and how, so that it counts once however often it is sent.

    `message` is the scope and the sender's message id; the store keeps a keyed hash of it.
    """

    message: str
    received_at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that gave no interaction, or not all that it could: its source and why, and the event itself.

    `reason` holds nothing of what was given, for it is kept in the clear; `body` is sealed.
    """

    source: str
    reason: str
    received_at: datetime
    body: str = field(repr=False)


class ReceivingLog(Protocol):
    """One transaction, in which what was received is kept."""

    def new_messages(self, messages: Sequence[str]) -> set[str]:
        """Those of the messages that have no receipt yet. What is given has no message twice."""

    def add_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Keep receipts, of messages that had none."""

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        """Append to the log, in the order given, and return how many were kept.

        Unique by a keyed hash of (source, record, item) where the record is not None: a second one is left
        out silently. The words of a statement are sealed under the customer's own key.
        """

    def put_aside(self, asides: Sequence[Aside]) -> None:
        """Keep what gave no interaction, the body sealed under a key of the store."""


class InteractionStore(ReceivingLog, Protocol):
    """One transaction, in which interactions are kept or read."""

    def log_watermark(self) -> int:
        """The last position of the log such that none at or below it is still being written; 0 at first."""

    def arrivals(self, most: int) -> tuple[tuple[str, int, datetime], ...]:
        """Of the last `most` interactions: each source, how often it is among them, and when it came last."""

    def interactions_of(
        self, permit: Permit, *, limit: int, before: int | None = None
    ) -> tuple[LogEntry, ...]:
        """The newest interactions of the permit's customer, the newest first, words included.

        At most `limit`; only those of a position below `before`, where that is given. Raises PermitVoid.
        """

    def learned_since(self, permit: Permit, position: int) -> Mapping[tuple[str, str], int]:
        """What the permit's customer chose behind a position, summed by component and module.

        Each choice of an interaction that learns counts `count` times. Raises PermitVoid.
        """

    def days_since(self, permit: Permit, position: int, zone: ZoneInfo) -> tuple[MoneyDay, ...]:
        """What the permit's customer paid and cost behind a position, by day of the zone, oldest first.

        Of interactions that have an amount. Raises PermitVoid.
        """

    def statements_of(self, permit: Permit) -> tuple[LogEntry, ...]:
        """All that the permit's customer said, oldest first by when they said it. Raises PermitVoid."""

    def contacts_of(self, permit: Permit, since: datetime) -> tuple[LogEntry, ...]:
        """When and where the company turned to the permit's customer since a moment, oldest first.

        Raises PermitVoid.
        """

    def log_for_build(
        self, purpose: str, up_to: int, customers: Collection[CustomerId]
    ) -> Iterator[LogEntry]:
        """The log up to a position, in its order, of the customers given; entries that carry the purpose.

        Without words: `statement` is None.
        """

    def aside_summary(self) -> tuple[tuple[str, str, int, datetime], ...]:
        """What was put aside, by source and reason: how often, and when last; the most frequent first."""

    def drop_asides(self, before: datetime) -> int:
        """Remove what was put aside before a moment, and return how many there were."""

    def drop_receipts(self, before: datetime) -> int:
        """Remove the receipts from before a moment, and return how many there were."""

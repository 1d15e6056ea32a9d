"""What a customer's page and a greeting need of a store: one transaction of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trato.interact.conversations import ConversationStore
from trato.permission.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier
    from trato.differentiate.known import Counted, MoneyDay
    from trato.differentiate.store import PublishedBuild
    from trato.identify.store import Belonging
    from trato.interact.log import LogEntry
    from trato.permission.permit import Permit


class GreetingStore(ConversationStore, StandingStore, Protocol):
    """What a greeting needs: permissions, conversations and personal values."""

    def values_of(self, permit: Permit) -> dict[str, str]:
        """The personal values of the permit's customer, of the fields that it covers. Raises PermitVoid."""


class KnowingStore(GreetingStore, Protocol):
    """What the page needs on top; each method as the protocol of its domain says."""

    def identifiers_of(self, permit: Permit) -> tuple[Identifier, ...]:
        """The identifiers of the permit's customer, of the kinds that it covers. Raises PermitVoid."""

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        """All who belong to the customer's household or account, the customer among them."""

    def interactions_of(
        self, permit: Permit, *, limit: int, before: int | None = None
    ) -> tuple[LogEntry, ...]:
        """The newest interactions that carry the permit's purpose, the newest first."""

    def learned_since(self, permit: Permit, position: int) -> Mapping[tuple[str, str], int]:
        """Choices that learn behind a position, summed."""

    def days_since(self, permit: Permit, position: int, zone: ZoneInfo) -> tuple[MoneyDay, ...]:
        """Money by day behind a position."""

    def statements_of(self, permit: Permit) -> tuple[LogEntry, ...]:
        """All that was said, the oldest first."""

    def contacts_of(self, permit: Permit, since: datetime) -> tuple[LogEntry, ...]:
        """When and where the company turned to the customer since a moment."""

    def current_build(self) -> PublishedBuild | None:
        """The build that is served; None before the first."""

    def model_document(self, version: str) -> str:
        """The JSON document of a model."""

    def counted_of(self, permit: Permit) -> Counted | None:
        """What the served build counted for the permit's purpose; None for nothing."""

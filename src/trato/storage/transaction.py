"""One transaction, with the records of every domain; what verbs take as their store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from trato.storage.access import KeyRecords, LookRecords, PeopleRecords
from trato.storage.builds import BuildRecords
from trato.storage.conversations import ConversationRecords
from trato.storage.customers import CustomerRecords
from trato.storage.decisions import DecisionRecords
from trato.storage.gathered import GatheredRecords
from trato.storage.identities import IdentityRecords
from trato.storage.interactions import InteractionRecords
from trato.storage.permissions import PermissionRecords
from trato.storage.programmes import ProgrammeRecords
from trato.storage.receipts import ReceiptRecords
from trato.storage.sealing import SealRecords
from trato.storage.talks import TalkRecords

if TYPE_CHECKING:
    from types import TracebackType


class Transaction(
    BuildRecords,
    ConversationRecords,
    CustomerRecords,
    DecisionRecords,
    GatheredRecords,
    IdentityRecords,
    InteractionRecords,
    KeyRecords,
    LookRecords,
    PeopleRecords,
    PermissionRecords,
    ProgrammeRecords,
    ReceiptRecords,
    SealRecords,
    TalkRecords,
):
    """All that can be read and written within one transaction; with its `with` block its permits end."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over = True

"""Conversations: interactions towards one goal, resumed on any touchpoint where they were left.

A conversation holds what it is about and what was promised, both in words that are kept sealed. It is held
for one purpose, and is neither begun, read nor carried on without the customer's permission for that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from trato.errors import BadOption, UnknownConversation
from trato.permission.permit import read_permit
from trato.permission.store import PermissionStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purpose

LONGEST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """One matter between company and customer.

    `matter` says what it is about, `promised` what the company said it would do and `due_at` until when;
    `touchpoint` is the word of the one where it began. It is open until `closed_at` is set.
    """

    id: str
    customer: CustomerId
    purpose: str
    matter: str = field(repr=False)
    touchpoint: str
    opened_at: datetime
    promised: str | None = field(default=None, repr=False)
    due_at: datetime | None = None
    closed_at: datetime | None = None


class ConversationStore(PermissionStore, Protocol):
    """What conversations need of a store: one transaction of it."""

    def add_conversation(self, conversation: Conversation) -> None:
        """Keep a new conversation, its words sealed under the customer's key. Raises UnknownCustomer."""

    def change_conversation(self, conversation: Conversation) -> bool:
        """Keep the promise, when it is due and when it was closed, of the open conversation of this id and
        customer; the rest of a conversation never changes. Returns whether there is such an open one.
        """

    def open_conversations(self, permit: Permit) -> tuple[Conversation, ...]:
        """The open conversations of the permit's customer that are held for the permit's purpose, by the
        moment when they began. Raises PermitVoid.
        """


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A matter to keep open. `touchpoint` is the word of the one where it came up."""

    customer: CustomerId
    purpose: Purpose
    touchpoint: str
    matter: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Promise:
    """What the company says it will do about an open conversation, and until when, if it says so."""

    customer: CustomerId
    purpose: Purpose
    conversation: str
    promised: str = field(repr=False)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CloseConversation:
    """The end of a conversation."""

    customer: CustomerId
    purpose: Purpose
    conversation: str


def open_conversation(
    store: ConversationStore, request: OpenConversation, *, now: datetime, draw: Callable[[int], bytes]
) -> Conversation:
    """Keep a new matter open. `draw` gives that many random bytes, such as `secrets.token_bytes`.

    Raises BadOption for no words or too many, and as read_permit.
    """
    matter = _words(request.matter, "the matter")
    read_permit(store, request.purpose, request.customer, now=now)
    opened = Conversation(
        draw(16).hex(), request.customer, request.purpose.key, matter, request.touchpoint, now
    )
    store.add_conversation(opened)
    return opened


def promise(store: ConversationStore, request: Promise, *, now: datetime) -> Conversation:
    """Keep what was promised about an open conversation, in the place of an earlier promise.

    Raises BadOption, UnknownConversation when no such one is open, and as read_permit.
    """
    promised = _words(request.promised, "the promise")
    if request.due_at is not None and request.due_at <= now:
        raise BadOption("a promise cannot be due before it is made")
    found = _open(store, request, now)
    return _changed(store, replace(found, promised=promised, due_at=request.due_at))


def close_conversation(
    store: ConversationStore, request: CloseConversation, *, now: datetime
) -> Conversation:
    """End an open conversation. Raises UnknownConversation when no such one is open, and as read_permit."""
    return _changed(store, replace(_open(store, request, now), closed_at=now))


def _open(store: ConversationStore, request: Promise | CloseConversation, now: datetime) -> Conversation:
    store.hold_customer(request.customer, changing=True)  # so that of two who change it one comes after
    permit = read_permit(store, request.purpose, request.customer, now=now)
    for one in store.open_conversations(permit):
        if one.id == request.conversation:
            return one
    raise _unknown()


def _changed(store: ConversationStore, conversation: Conversation) -> Conversation:
    if not store.change_conversation(conversation):
        raise _unknown()
    return conversation


def _unknown() -> UnknownConversation:
    return UnknownConversation(
        "this customer has no such open conversation for this purpose", hint="it may have been closed"
    )


def _words(said: str, what: str) -> str:
    said = said.strip()
    if not said:
        raise BadOption(f"{what} has no words")
    if len(said) > LONGEST_WORDS:
        raise BadOption(f"{what} is longer than {LONGEST_WORDS:,} characters")
    return said

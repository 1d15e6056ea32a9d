"""Conversations in the store; their words are sealed under the customer's key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from trato.customers.customer import CustomerId
from trato.interact.conversations import Conversation
from trato.storage.records import Records
from trato.storage.tables.conversations import conversations

if TYPE_CHECKING:
    from trato.permission.permit import Permit


class ConversationRecords(Records):
    """Conversations, within one transaction."""

    __slots__ = ()

    def add_conversation(self, conversation: Conversation) -> None:
        """Keep a new conversation, its words sealed under the customer's key. Raises UnknownCustomer."""
        row = {
            "id": conversation.id,
            "customer": conversation.customer,
            "purpose": conversation.purpose,
            "matter": self._sealed(conversation, "matter", conversation.matter),
            "touchpoint": conversation.touchpoint,
            "opened_at": conversation.opened_at,
            "promised": self._sealed(conversation, "promise", conversation.promised),
            "due_at": conversation.due_at,
            "closed_at": conversation.closed_at,
        }
        with self._of(conversation.customer):
            self._connection.execute(insert(conversations).values(**row))

    def change_conversation(self, conversation: Conversation) -> bool:
        """Keep the promise, when it is due and when it was closed, of the open conversation of this id and
        customer; the rest of a conversation never changes. Returns whether there is such an open one.
        """
        done = self._connection.execute(
            update(conversations)
            .where(
                conversations.c.id == conversation.id,
                conversations.c.customer == conversation.customer,
                conversations.c.closed_at.is_(None),
            )
            .values(
                promised=self._sealed(conversation, "promise", conversation.promised),
                due_at=conversation.due_at,
                closed_at=conversation.closed_at,
            )
        )
        return done.rowcount == 1

    def open_conversations(self, permit: Permit) -> tuple[Conversation, ...]:
        """The open conversations of the permit's customer that are held for the permit's purpose, by the
        moment when they began. Raises PermitVoid.
        """
        self._check(permit)
        rows = self._connection.execute(
            select(conversations)
            .where(
                conversations.c.customer == permit.customer,
                conversations.c.purpose == permit.purpose,
                conversations.c.closed_at.is_(None),
            )
            .order_by(conversations.c.opened_at, conversations.c.id)
        )
        return tuple(
            Conversation(
                id=row.id,
                customer=CustomerId(row.customer),
                purpose=row.purpose,
                matter=self._keyring.open(row.customer, _context(row.id, "matter"), row.matter),
                touchpoint=row.touchpoint,
                opened_at=row.opened_at,
                promised=(
                    None
                    if row.promised is None
                    else self._keyring.open(row.customer, _context(row.id, "promise"), row.promised)
                ),
                due_at=row.due_at,
            )
            for row in rows
        )

    def _sealed(self, conversation: Conversation, what: str, words: str | None) -> bytes | None:
        if words is None:
            return None
        return self._keyring.seal(conversation.customer, _context(conversation.id, what), words)


def _context(conversation: str, what: str) -> str:
    return f"conversation {conversation} {what}"

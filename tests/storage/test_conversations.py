"""Conversations in the store: opened, promised, closed, and read under a permit; on each database."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.shop import LATER, NOW, permit, purpose, register
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.interact.conversations import (
    CloseConversation,
    Conversation,
    OpenConversation,
    Promise,
    close_conversation,
    open_conversation,
    promise,
)

if TYPE_CHECKING:
    from trato.storage.store import Store

SERVICE = purpose("service", "contract")


def begin(store: Store, customer: CustomerId, matter: str) -> Conversation:
    asked = OpenConversation(customer, SERVICE, "phone", matter)
    return store.write(lambda it: open_conversation(it, asked, now=NOW, draw=secrets.token_bytes))


def still_open(store: Store, customer: CustomerId) -> tuple[Conversation, ...]:
    return store.read(lambda it: it.open_conversations(permit(it, customer, SERVICE)))


def test_a_conversation_is_open_until_it_is_closed(store: Store, database: str) -> None:
    ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org")
    mixer, oven = begin(store, ana, "the mixer is broken"), begin(store, ana, "the oven too")
    begin(store, eva, "something else")
    assert sorted(one.matter for one in still_open(store, ana)) == ["the mixer is broken", "the oven too"]
    due = LATER + timedelta(days=3)
    promised = Promise(ana, SERVICE, mixer.id, "a new mixer", due)
    changed = store.write(lambda it: promise(it, promised, now=LATER))
    assert changed in still_open(store, ana)
    assert (changed.promised, changed.due_at) == ("a new mixer", due)
    store.write(lambda it: close_conversation(it, CloseConversation(ana, SERVICE, mixer.id), now=LATER))
    assert still_open(store, ana) == (oven,)
    assert not store.write(lambda it: it.change_conversation(changed))
    shown = str(beside_the_store(database, "SELECT * FROM conversations"))
    assert mixer.id in shown
    assert not [words for words in ("mixer is broken", "a new mixer", "the oven") if words in shown]


def test_it_is_read_for_its_purpose_alone(store: Store) -> None:
    ana = register(store, "ana@example.org")
    begin(store, ana, "the mixer is broken")
    other = purpose("advice", "contract")
    assert store.read(lambda it: it.open_conversations(permit(it, ana, other))) == ()


def test_a_conversation_is_somebodys(store: Store) -> None:
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.add_conversation(Conversation("c1", nobody, "service", "it", "web", NOW)))

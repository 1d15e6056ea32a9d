"""A conversation is kept, promised upon and closed once, each under a permit."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.shop import MASTER_KEY, NOW, give, no, purpose, register
from trato.errors import BadOption, PermissionMissing, PermissionWithdrawn, UnknownConversation
from trato.interact.conversations import (
    LONGEST_WORDS,
    CloseConversation,
    Conversation,
    OpenConversation,
    Promise,
    close_conversation,
    open_conversation,
    promise,
)
from trato.permission.give import withdraw_permission
from trato.permission.permit import read_permit
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.customers.customer import CustomerId
    from trato.storage.store import Store

CARE = purpose("care")
OTHER = purpose("other")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'talk.sqlite3'}", MASTER_KEY) as opened:
        yield opened


@pytest.fixture
def ana(store: Store) -> CustomerId:
    customer = register(store, "ana@example.org")
    give(store, customer, CARE)
    return customer


def opened(store: Store, who: CustomerId, matter: str = " the cake ") -> Conversation:
    request = OpenConversation(who, CARE, "till", matter)
    return store.write(lambda it: open_conversation(it, request, now=NOW, draw=secrets.token_bytes))


def listed(store: Store, who: CustomerId) -> tuple[Conversation, ...]:
    return store.read(lambda it: it.open_conversations(read_permit(it, CARE, who, now=NOW)))


def test_it_is_kept_carried_on_and_closed(store: Store, ana: CustomerId) -> None:
    one = opened(store, ana)
    assert one.matter == "the cake"
    assert listed(store, ana) == (one,)
    due = NOW + timedelta(days=1)
    told = store.write(lambda it: promise(it, Promise(ana, CARE, one.id, "we call", due), now=NOW))
    assert listed(store, ana) == (told,)
    assert (told.promised, told.due_at, told.matter) == ("we call", due, "the cake")
    closed = store.write(lambda it: close_conversation(it, CloseConversation(ana, CARE, one.id), now=NOW))
    assert closed.closed_at == NOW
    assert listed(store, ana) == ()
    with pytest.raises(UnknownConversation):
        store.write(lambda it: close_conversation(it, CloseConversation(ana, CARE, one.id), now=NOW))
    with pytest.raises(UnknownConversation):
        store.write(lambda it: promise(it, Promise(ana, CARE, one.id, "again"), now=NOW))


def test_it_belongs_to_one_customer_and_one_purpose(store: Store, ana: CustomerId) -> None:
    ben = register(store, "ben@example.org")
    give(store, ben, CARE)
    give(store, ana, OTHER)
    one = opened(store, ana)
    for request in (CloseConversation(ben, CARE, one.id), CloseConversation(ana, OTHER, one.id)):
        with pytest.raises(UnknownConversation):
            store.write(lambda it, request=request: close_conversation(it, request, now=NOW))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert listed(store, ana) == (one,)


def test_nothing_is_kept_or_carried_on_without_a_permit(store: Store, ana: CustomerId) -> None:
    stranger = register(store, "ben@example.org")
    with pytest.raises(PermissionMissing):
        opened(store, stranger)
    one = opened(store, ana)
    store.write(lambda it: withdraw_permission(it, no(ana, CARE), now=NOW))
    for act in (
        lambda it: promise(it, Promise(ana, CARE, one.id, "we call"), now=NOW),
        lambda it: close_conversation(it, CloseConversation(ana, CARE, one.id), now=NOW),
    ):
        with pytest.raises(PermissionWithdrawn):
            store.write(act)
    with pytest.raises(PermissionWithdrawn):
        opened(store, ana)


@pytest.mark.parametrize("words", ["", "  \n", "x" * (LONGEST_WORDS + 1)])
def test_words_are_some_and_not_too_many(store: Store, ana: CustomerId, words: str) -> None:
    with pytest.raises(BadOption):
        opened(store, ana, words)
    one = opened(store, ana)
    with pytest.raises(BadOption):
        store.write(lambda it: promise(it, Promise(ana, CARE, one.id, words), now=NOW))


def test_a_promise_is_not_due_before_it_is_made(store: Store, ana: CustomerId) -> None:
    one = opened(store, ana)
    with pytest.raises(BadOption, match="due"):
        store.write(lambda it: promise(it, Promise(ana, CARE, one.id, "we call", NOW), now=NOW))


def test_no_repr_shows_the_words(store: Store, ana: CustomerId) -> None:
    one = opened(store, ana)
    requests = (
        OpenConversation(ana, CARE, "till", "the cake"),
        Promise(ana, CARE, one.id, "we call the cake"),
    )
    assert not any("cake" in repr(shown) for shown in (one, *requests))

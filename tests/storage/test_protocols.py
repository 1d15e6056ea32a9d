"""A transaction is what every domain asks of a store: the type checker sees types, the test sees names."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

from trato.company import access
from trato.customers import register
from trato.customize.guide import talk
from trato.customize.programme import store as programme
from trato.differentiate import store as differentiate
from trato.identify import store as identify
from trato.interact import conversations, log
from trato.permission import standing
from trato.permission import store as permission
from trato.storage.transaction import Transaction

if TYPE_CHECKING:

    def serves(
        it: Transaction,
    ) -> tuple[
        access.KeyStore,
        access.LookStore,
        access.PeopleStore,
        conversations.ConversationStore,
        differentiate.BuildStore,
        identify.BelongingStore,
        identify.IdentityStore,
        log.InteractionStore,
        permission.PermissionStore,
        register.CustomerStore,
        standing.StandingStore,
        talk.TalkStore,
        programme.DecidingStore,
        programme.LearningStore,
    ]:
        return it, it, it, it, it, it, it, it, it, it, it, it, it, it


PROTOCOLS = [
    protocol
    for module in (
        access,
        register,
        differentiate,
        identify,
        conversations,
        log,
        permission,
        programme,
        standing,
        talk,
    )
    for name, protocol in vars(module).items()
    if name.endswith("Store") and protocol.__module__ == module.__name__
]


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: str(one.__name__))
def test_a_transaction_has_what_a_domain_asks_for(protocol: type) -> None:
    asked = [name for name, part in vars(protocol).items() if name[0] != "_" and callable(part)]
    assert asked
    for name in asked:
        ours, theirs = getattr(Transaction, name), getattr(protocol, name)
        kinds = [
            [(one.name, one.kind, one.default) for one in inspect.signature(method).parameters.values()]
            for method in (ours, theirs)
        ]
        assert kinds[0] == kinds[1], name

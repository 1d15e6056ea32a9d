"""Permission of many in one look is what the ledger says of each, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interact.memory import MemoryStore
from trato.customers.customer import CustomerId
from trato.errors import NotPermitted, UnknownCustomer
from trato.permission.ledger import STATES, Entry
from trato.permission.permit import everyone_permitted, permitted, read_permit, read_permits
from trato.permission.purposes import LEGAL_BASES, Purpose

NOW = datetime(2026, 3, 10, tzinfo=UTC)
CUSTOMERS = tuple(map(CustomerId, "abc"))
PURPOSES = tuple(
    Purpose(f"{basis}_{marketing}", {"en": basis}, basis, marketing, False, ("email", "name"), 365)
    for basis in LEGAL_BASES
    for marketing in (False, True)
)

days = st.integers(-3, 3).map(lambda count: NOW + timedelta(days=count))
said = st.builds(
    Entry,
    customer=st.sampled_from(CUSTOMERS),
    purpose=st.sampled_from([one.key for one in PURPOSES[:4]]),
    state=st.sampled_from(STATES),
    at=days,
    recorded_at=days,
    until=st.none() | days,
    fields=st.sampled_from([(), ("email",), ("email", "phone")]),
    touchpoint=st.just("web"),
    source=st.just("form"),
    evidence=st.just(b""),
)


def kept(entries: list[Entry]) -> MemoryStore:
    store = MemoryStore()
    store.add_customers([(customer, NOW) for customer in CUSTOMERS])
    for entry in entries:
        store.append_permission(entry)
    return store


@given(st.lists(said, max_size=14))
def test_many_permits_are_those_of_each(entries: list[Entry]) -> None:
    store = kept(entries)
    for purpose in PURPOSES:
        alone = {}
        for customer in CUSTOMERS:
            try:
                alone[customer] = read_permit(store, purpose, customer, now=NOW)
            except NotPermitted:
                continue
        assert read_permits(store, purpose, CUSTOMERS, now=NOW) == alone
        assert everyone_permitted(store, purpose, now=NOW) == set(alone)
        for customer, found in permitted(store, PURPOSES, CUSTOMERS, now=NOW).items():
            assert (purpose.key in found) == (customer in alone)


def test_one_look_is_enough_for_many() -> None:
    store = kept([])
    store.calls = 0
    found = permitted(store, PURPOSES, CUSTOMERS, now=NOW)
    assert store.calls == 1
    free = [one for one in PURPOSES if one.legal_basis != "consent" and not one.marketing_contact]
    assert found == dict.fromkeys(CUSTOMERS, tuple(one.key for one in free))


def test_nobody_has_no_permit() -> None:
    with pytest.raises(UnknownCustomer):
        read_permits(kept([]), PURPOSES[0], [CustomerId("x")], now=NOW)

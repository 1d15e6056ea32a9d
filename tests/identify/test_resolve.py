"""Groups of identifiers find their customers: in any order the same, and nobody is merged or moved."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.interact.memory import MemoryStore
from trato.customers.customer import CustomerId
from trato.customers.identifiers import identifier
from trato.identify.resolve import PERSON, Resolved, resolve, strength

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trato.customers.identifiers import Identifier

NOW = datetime(2026, 3, 10, tzinfo=UTC)
THEIRS = CustomerId("theirs")
KINDS = ("user_id", "email", "phone", "loyalty_card", "anonymous_id")

Group = tuple["Identifier", ...]


def one(kind: str, value: int | str) -> Identifier:
    return identifier(kind, f"{value}@example.org" if kind == "email" else f"9{value}")


def group(**values: int | str) -> Group:
    return tuple(one(kind, value) for kind, value in values.items())


def groups(kinds: Sequence[str] = KINDS, most: int = 4) -> st.SearchStrategy[list[Group]]:
    some = st.dictionaries(st.sampled_from(kinds), st.integers(1, most), min_size=1, max_size=3)
    return st.lists(some.map(lambda values: group(**values)), max_size=8)


def resolved(store: MemoryStore, *several: Group) -> list[Resolved]:
    return resolve(store, several, now=NOW, draw=secrets.token_bytes)


def together(found: list[Resolved]) -> list[list[int]]:
    """Which groups met, by place."""
    return sorted(
        [place for place, other in enumerate(found) if other.customer == customer]
        for customer in {r.customer for r in found}
    )


def components(several: list[Group]) -> list[list[int]]:
    """Groups that share an identifier, and who shares one with these, and so on: slowly."""
    parts = [{place} for place in range(len(several))]
    held = [{(i.kind, i.normalised) for i in group_} for group_ in several]
    while True:
        for a in parts:
            b = next((b for b in parts if b is not a and any(held[x] & held[y] for x in a for y in b)), None)
            if b is not None:
                parts = [part for part in parts if part not in (a, b)] + [a | b]
                break
        else:
            return sorted(sorted(part) for part in parts)


@given(groups(("email", "phone", "loyalty_card")))
def test_new_groups_that_share_an_identifier_meet(several: list[Group]) -> None:
    found = resolved(MemoryStore(), *several)
    assert together(found) == components(several)
    assert all(r.is_new and not r.conflicts for r in found)


@given(groups(), groups(), st.data())
def test_the_order_does_not_matter(before: list[Group], several: list[Group], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(several))))
    one_way, other_way = MemoryStore(), MemoryStore()
    for store in (one_way, other_way):
        resolve(store, before, now=NOW, draw=bytes)
    other_way.owners, other_way.customers = dict(one_way.owners), dict(one_way.customers)
    known = set(one_way.customers)
    first = resolved(one_way, *several)
    second = resolved(other_way, *(several[place] for place in order))
    again = [second[order.index(place)] for place in range(len(several))]
    assert together(first) == together(again)
    for a, b in zip(first, again, strict=True):
        assert (a.is_new, a.conflicts) == (b.is_new, b.conflicts)
        assert a.customer == b.customer if a.customer in known else b.customer not in known


@given(groups(), groups())
def test_nobody_is_merged_and_nothing_is_moved(before: list[Group], several: list[Group]) -> None:
    store = MemoryStore()
    resolved(store, *before)
    pointed = dict(store.owners)
    found = resolved(store, *several)
    assert {key: store.owners[key] for key in pointed} == pointed
    for group_, r in zip(several, found, strict=True):
        elsewhere = {i.kind for i in group_ if store.owners[i.kind, i.normalised] != r.customer}
        assert set(r.conflicts) == elsewhere
        assert store.owners[min((strength(i.kind), i.kind, i.normalised) for i in group_)[1:]] == r.customer


@given(groups(), groups())
def test_nobody_gets_a_second_name(before: list[Group], several: list[Group]) -> None:
    store = MemoryStore()
    resolved(store, *before)
    resolved(store, *several)
    names = [owner for (kind, _), owner in store.owners.items() if strength(kind) == PERSON]
    assert len(names) == len(set(names))


@given(groups(), groups())
def test_who_comes_again_is_the_same(before: list[Group], several: list[Group]) -> None:
    store = MemoryStore()
    resolved(store, *before)
    found = resolved(store, *several)
    kept = dict(store.owners)
    for again in (resolved(store, *several), [resolved(store, each)[0] for each in several]):
        assert [r.customer for r in again] == [r.customer for r in found]
        assert not any(r.is_new for r in again)
    assert store.owners == kept


def test_a_device_that_two_people_share_does_not_make_them_one() -> None:
    store = MemoryStore()
    found = resolved(store, group(user_id=1, anonymous_id=7), group(user_id=2, anonymous_id=7))
    assert found[0].customer != found[1].customer
    assert [r.conflicts for r in found] == [(), ("anonymous_id",)]
    by_mail = resolved(store, group(email=1, anonymous_id=8), group(email=2, anonymous_id=8))
    assert by_mail[0].customer != by_mail[1].customer
    later = resolved(store, group(user_id=3, anonymous_id=7))[0]
    assert later.is_new
    assert later.conflicts == ("anonymous_id",)


def test_a_visitor_who_logs_in_stays_who_they_are() -> None:
    store = MemoryStore()
    visitor = resolved(store, group(anonymous_id=7))[0]
    logged_in = resolved(store, group(user_id=1, anonymous_id=7))[0]
    assert visitor.is_new
    assert not logged_in.is_new
    assert logged_in.customer == visitor.customer
    assert resolved(store, group(user_id=1))[0].customer == visitor.customer


def test_what_is_shared_leads_on_through_a_batch() -> None:
    chain = [group(email=1), group(email=1, phone=2), group(phone=2, anonymous_id=3), group(anonymous_id=3)]
    store = MemoryStore()
    found = resolved(store, *reversed(chain))
    assert all(a.customer == b.customer for a, b in pairwise(found))
    assert len(store.customers) == 1


def test_a_batch_costs_as_many_looks_as_one() -> None:
    few, many = MemoryStore(), MemoryStore()
    resolved(few, group(email=1))
    resolved(many, *(group(user_id=n, email=n % 30) for n in range(300)))
    assert few.calls == many.calls


class LateStore(MemoryStore):
    """Another transaction learns an identifier between the look and the keeping."""

    def add_identifiers(self, identifiers: Sequence[tuple[CustomerId, Identifier, datetime]]) -> int:
        self.customers.setdefault(THEIRS, NOW)
        self.owners.setdefault(("email", "1@example.org"), THEIRS)
        return super().add_identifiers(identifiers)


def test_who_is_learned_twice_at_once_is_one() -> None:
    store = LateStore()
    found = resolved(store, group(email=1), group(email=2))
    assert found[0] == Resolved(THEIRS, False, ())
    assert found[1].is_new


def test_kinds_are_as_strong_as_they_name_a_person() -> None:
    kinds = ["user_id", "customer_number", "email", "phone", "loyalty_card", "device_token", "anonymous_id"]
    assert [strength(kind) for kind in kinds] == [0, 0, 1, 2, 3, 4, 4]

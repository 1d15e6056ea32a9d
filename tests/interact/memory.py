"""A store in memory, slow and plain: what verbs ask of a store, for tests of their logic alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.errors import UnknownCustomer
from trato.permission.ledger import GENESIS, chained, head_of, standing
from trato.permission.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier
    from trato.identify.store import Belonging
    from trato.interact.log import Aside, NewEntry, Receipt
    from trato.permission.ledger import Entry


class MemoryStore:
    """One endless transaction. `calls` counts how often each method was called."""

    def __init__(self) -> None:
        self.transaction: object = object()
        self.customers: dict[CustomerId, datetime] = {}
        self.owners: dict[tuple[str, str], CustomerId] = {}
        self.values: dict[tuple[CustomerId, str], tuple[str, datetime]] = {}
        self.memberships: dict[tuple[CustomerId, Belonging], tuple[str, datetime]] = {}
        self.entries: list[Entry] = []
        self.receipts: dict[str, Receipt] = {}
        self.log: list[NewEntry] = []
        self.asides: list[Aside] = []
        self.calls = 0

    # permission

    def hold_customer(self, customer: CustomerId, *, changing: bool) -> None:
        if customer not in self.customers:
            raise UnknownCustomer(f"there is no customer {customer}")

    def permission_entries(self, customer: CustomerId, purpose: str) -> Sequence[Entry]:
        return [one for one in self.entries if one.customer == customer and one.purpose == purpose]

    def seal(self, customer: CustomerId, words: str) -> bytes:
        return words.encode(errors="surrogatepass")

    def append_permission(self, entry: Entry) -> Entry:
        link = chained(head_of(self.entries[-1]) if self.entries else GENESIS, entry)
        self.entries.append(link)
        return link

    def standings(
        self, customers: Sequence[CustomerId], purposes: Sequence[str]
    ) -> Mapping[tuple[CustomerId, str], Standing]:
        self.calls += 1
        found = {}
        for customer in customers:
            self.hold_customer(customer, changing=False)
            for purpose in purposes:
                if decides := standing(self.permission_entries(customer, purpose)):
                    found[customer, purpose] = _standing(decides)
        return found

    def permitting(self, purpose: str) -> Iterator[Standing]:
        for customer in sorted(self.customers):
            if decides := standing(self.permission_entries(customer, purpose)):
                yield _standing(decides)

    def all_customers(self) -> Iterator[CustomerId]:
        yield from sorted(self.customers)

    # identity

    def customers_of(self, identifiers: Sequence[Identifier]) -> Mapping[tuple[str, str], CustomerId]:
        self.calls += 1
        asked = [(one.kind, one.normalised) for one in identifiers]
        return {key: self.owners[key] for key in asked if key in self.owners}

    def kinds_of(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, frozenset[str]]:
        self.calls += 1
        return {
            customer: frozenset(kind for (kind, _), owner in self.owners.items() if owner == customer)
            for customer in customers
        }

    def add_customers(self, customers: Sequence[tuple[CustomerId, datetime]]) -> None:
        self.calls += 1
        assert not {one for one, _ in customers} & set(self.customers)
        self.customers.update(customers)

    def add_identifiers(self, identifiers: Sequence[tuple[CustomerId, Identifier, datetime]]) -> int:
        self.calls += 1
        before = len(self.owners)
        for customer, one, _ in identifiers:
            self.hold_customer(customer, changing=False)
            self.owners.setdefault((one.kind, one.normalised), customer)
        return len(self.owners) - before

    def put_values(self, values: Sequence[tuple[CustomerId, str, str, datetime]]) -> None:
        self.calls += 1
        assert len({(customer, field) for customer, field, _, _ in values}) == len(values)
        for customer, field, value, at in values:
            if (customer, field) not in self.values or self.values[customer, field][1] <= at:
                self.values[customer, field] = value, at

    def put_memberships(self, memberships: Sequence[tuple[CustomerId, Belonging, str, datetime]]) -> None:
        self.calls += 1
        assert len({(customer, kind) for customer, kind, _, _ in memberships}) == len(memberships)
        for customer, kind, name, at in memberships:
            if (customer, kind) not in self.memberships or self.memberships[customer, kind][1] <= at:
                self.memberships[customer, kind] = name, at

    def members_of(self, customer: CustomerId, kind: Belonging) -> tuple[CustomerId, ...]:
        mine = self.memberships.get((customer, kind))
        return tuple(
            sorted(
                {customer}
                | {
                    one
                    for (one, of), (name, _) in self.memberships.items()
                    if mine is not None and of == kind and name == mine[0]
                }
            )
        )

    # interactions

    def new_messages(self, messages: Sequence[str]) -> set[str]:
        self.calls += 1
        assert len(set(messages)) == len(messages)
        return set(messages) - set(self.receipts)

    def add_receipts(self, receipts: Sequence[Receipt]) -> None:
        self.calls += 1
        for one in receipts:
            assert one.message not in self.receipts
            self.receipts[one.message] = one

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        self.calls += 1
        there = {(one.interaction.source, one.interaction.record, one.item) for one in self.log}
        before = len(self.log)
        for one in entries:
            self.hold_customer(one.customer, changing=False)
            assert one.purposes
            name = one.interaction.source, one.interaction.record, one.item
            if one.interaction.record is None or name not in there:
                there.add(name)
                self.log.append(one)
        return len(self.log) - before

    def put_aside(self, asides: Sequence[Aside]) -> None:
        self.calls += 1
        self.asides.extend(asides)


def _standing(entry: Entry) -> Standing:
    return Standing(
        entry.customer,
        entry.purpose,
        entry.state,
        entry.at,
        entry.recorded_at,
        entry.until,
        entry.position,
        entry.fields,
    )

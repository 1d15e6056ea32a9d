"""No permit, no data: on each database, through the store, as a door would."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.shop import (
    LATER,
    NOW,
    faults,
    give,
    no,
    permit,
    purpose,
    register,
    withdraw,
    yes,
)
from trato import errors
from trato.customers.customer import CustomerId
from trato.customers.identifiers import identifier
from trato.permission.give import deny_permission, give_permission
from trato.permission.permit import Permit, read_permit

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction


def test_a_permit_opens_the_fields_of_its_purpose_and_no_other(store: Store) -> None:
    ana = register(store, " Ana@Example.org ")
    give(store, ana)

    def all_of(it: Transaction) -> tuple[dict[str, str], list[str]]:
        leave = permit(it, ana)
        return it.values_of(leave), [one.value for one in it.identifiers_of(leave)]

    assert store.read(all_of) == ({"name": "Ana Prado"}, [" Ana@Example.org "])
    assert store.write(all_of) == ({"name": "Ana Prado"}, [" Ana@Example.org "])


def test_a_customer_is_found_by_any_writing_of_an_identifier(store: Store) -> None:
    ana = register(store, "ana@example.org")
    assert store.read(lambda it: it.customer_of(identifier("email", "  ANA@example.ORG"))) == ana
    assert store.read(lambda it: it.customer_of(identifier("email", "eva@example.org"))) is None


def test_an_identifier_points_to_one_customer(store: Store) -> None:
    register(store, "ana@example.org")
    with pytest.raises(errors.IdentifierTaken):
        register(store, "Ana@example.org")


def test_without_a_yes_there_is_no_permit(store: Store) -> None:
    ana = register(store, "ana@example.org")
    with pytest.raises(errors.PermissionMissing, match="never granted 'newsletter'"):
        store.read(lambda it: permit(it, ana))


def test_after_a_withdrawal_there_is_no_permit(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    assert withdraw(store, ana).state == "withdrawn"
    with pytest.raises(errors.PermissionWithdrawn, match="withdrew 'newsletter' on 2026-03-02"):
        store.read(lambda it: permit(it, ana))


def test_a_denial_is_a_no(store: Store) -> None:
    ana = register(store, "ana@example.org")
    store.write(lambda it: deny_permission(it, no(ana), now=NOW))
    with pytest.raises(errors.PermissionWithdrawn, match="denied"):
        store.read(lambda it: permit(it, ana))


def test_a_permission_ends(store: Store) -> None:
    ana = register(store, "ana@example.org")
    request = replace(yes(ana), until=LATER)
    store.write(lambda it: give_permission(it, request, now=NOW))
    moment_before = LATER - timedelta(microseconds=1)
    assert store.read(lambda it: read_permit(it, purpose(), ana, now=moment_before)).position == 1
    with pytest.raises(errors.PermissionExpired, match="ended on 2026-03-02"):
        store.read(lambda it: permit(it, ana))


def test_importing_an_old_yes_again_brings_nobody_back(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    withdraw(store, ana)
    old_list = replace(yes(ana), said_at=NOW, source="import")
    stands = store.write(lambda it: give_permission(it, old_list, now=LATER + timedelta(days=30)))
    assert (stands.state, stands.position) == ("withdrawn", 2)
    with pytest.raises(errors.PermissionWithdrawn):
        store.read(lambda it: read_permit(it, purpose(), ana, now=LATER + timedelta(days=31)))
    again = store.write(lambda it: give_permission(it, yes(ana), now=LATER + timedelta(days=60)))
    assert (again.state, again.position) == ("granted", 4)
    assert faults(store) == ()


def test_a_purpose_that_asks_for_more_later_needs_a_new_yes(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    wider = purpose(fields=("email", "name", "birthday"))
    assert store.read(lambda it: it.values_of(permit(it, ana, wider))) == {"name": "Ana Prado"}
    narrower = purpose(fields=("email",))
    assert store.read(lambda it: it.values_of(permit(it, ana, narrower))) == {}


def test_a_contract_needs_no_yes_and_heeds_no_no(store: Store) -> None:
    ana = register(store, "ana@example.org")
    delivery = purpose("delivery", "contract")
    assert store.read(lambda it: it.values_of(permit(it, ana, delivery))) == {"name": "Ana Prado"}
    with pytest.raises(errors.PermissionNotAsked, match="rests on contract"):
        withdraw(store, ana, delivery)


def test_legitimate_interests_hold_until_the_customer_objects(store: Store) -> None:
    ana = register(store, "ana@example.org")
    analysis = purpose("analysis", "legitimate_interests")
    assert store.read(lambda it: permit(it, ana, analysis)).position == 0
    withdraw(store, ana, analysis)
    with pytest.raises(errors.PermissionWithdrawn, match="objected"):
        store.read(lambda it: permit(it, ana, analysis))


def test_marketing_contact_needs_a_yes_whatever_its_basis(store: Store) -> None:
    ana = register(store, "ana@example.org")
    sneaky = replace(purpose("news", "legitimate_interests"), marketing_contact=True)
    with pytest.raises(errors.PermissionMissing):
        store.read(lambda it: permit(it, ana, sneaky))


def test_a_permit_serves_in_its_own_transaction_only(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    kept = store.read(lambda it: permit(it, ana))
    for use in (store.read, store.write):
        with pytest.raises(errors.PermitVoid, match="another transaction"):
            use(lambda it: it.values_of(kept))
    escaped = store.read(lambda it: it)
    with pytest.raises(errors.PermitVoid):
        escaped.values_of(kept)


def test_a_permit_cannot_be_made_or_widened(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)

    def forged(it: Transaction) -> Permit:
        return Permit(ana, "newsletter", frozenset({"birthday"}), 1, it.transaction, object())

    def widened(it: Transaction) -> Permit:
        return replace(permit(it, ana), fields=frozenset({"birthday"}))  # type: ignore[call-arg]  # the gate under test

    with pytest.raises(errors.PermitVoid):
        store.read(forged)
    with pytest.raises((TypeError, ValueError), match="made_by"):  # TypeError from Python 3.13 on
        store.read(widened)


def test_an_unknown_customer_has_no_permissions(store: Store) -> None:
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.UnknownCustomer):
        give(store, nobody)
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.put_value(nobody, "name", "Nobody", NOW))
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.add_identifier(nobody, identifier("card", "123"), NOW))
    with pytest.raises(errors.UnknownCustomer):
        store.read(lambda it: permit(it, nobody))


def test_moments_must_make_sense(store: Store) -> None:
    ana = register(store, "ana@example.org")
    with pytest.raises(errors.BadOption, match="future"):
        store.write(lambda it: give_permission(it, replace(yes(ana), said_at=LATER), now=NOW))
    with pytest.raises(errors.BadOption, match="before it begins"):
        store.write(lambda it: give_permission(it, replace(yes(ana), until=NOW), now=NOW))


def test_what_customers_said_is_read_under_a_permit_for_it(store: Store) -> None:
    ana = register(store, "ana@example.org")
    give(store, ana)
    proof = purpose("proof", "legal_obligation", ("permission_evidence",))
    assert store.read(lambda it: it.evidence_of(permit(it, ana, proof))) == {1: "ticked the box"}
    assert store.read(lambda it: it.evidence_of(permit(it, ana))) == {}

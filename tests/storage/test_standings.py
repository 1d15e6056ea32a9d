"""The entry that decides for each customer and purpose says what the ledger says, on each database."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from tests.storage.shop import LATER, MASTER_KEY, NOW, give, no, purpose, register, withdraw, yes
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)
from trato.permission.ledger import standing
from trato.permission.standing import Standing
from trato.storage.migrate import migrate_connection
from trato.storage.store import open_store
from trato.storage.tables.columns import METADATA
from trato.storage.tables.permissions import permission_standing

if TYPE_CHECKING:
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

PURPOSES = ("newsletter", "analysis", "parties")
SAID = st.lists(
    st.tuples(
        st.integers(0, 2),  # who
        st.sampled_from(PURPOSES),
        st.sampled_from(["granted", "denied", "withdrawn"]),
        st.integers(0, 5),  # days ago that they said it
        st.integers(0, 5) | st.none(),  # days until it ends
    ),
    max_size=12,
)


def by_the_ledger(it: Transaction) -> dict[tuple[CustomerId, str], Standing]:
    """The standing of everybody, from the ledger alone."""
    entries: dict[tuple[CustomerId, str], list[Any]] = {}
    for entry in it.ledger():
        entries.setdefault((entry.customer, entry.purpose), []).append(entry)
    found = {}
    for key, said in entries.items():
        e = standing(said)
        assert e is not None
        found[key] = Standing(
            e.customer, e.purpose, e.state, e.at, e.recorded_at, e.until, e.position, e.fields
        )
    return found


@given(SAID)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_standings_are_what_the_ledger_says(store: Store, said: list[tuple[Any, ...]]) -> None:
    everybody = store.read(lambda it: list(it.all_customers()))
    while len(everybody) < 3:
        everybody.append(register(store, f"c{len(everybody)}@example.org"))

    def tell(it: Transaction) -> None:
        for turn, (who, why, state, ago, until) in enumerate(said):
            now = NOW + timedelta(hours=turn)
            when, wanted = now - timedelta(days=ago), purpose(why)
            end = None if until is None else when + timedelta(days=until, minutes=1)
            request: Any = RefusePermission(everybody[who], wanted, "web", "form", "so", when)
            if state == "granted":
                request = GivePermission(everybody[who], wanted, "web", "form", "so", when, end)
            verb: Any = {
                "granted": give_permission,
                "denied": deny_permission,
                "withdrawn": withdraw_permission,
            }[state]
            verb(it, request, now=now)

    store.write(tell)
    expected = store.read(by_the_ledger)
    for use in (store.read, store.write):
        assert use(lambda it: it.standings(everybody, PURPOSES)) == expected
    for why in PURPOSES:
        listed = store.read(lambda it, why=why: list(it.permitting(why)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        assert listed == sorted(
            (one for one in expected.values() if one.purpose == why), key=lambda one: one.customer
        )


def test_a_standing_that_was_undone_with_its_entry_is_not_there(store: Store) -> None:
    ana = register(store, "ana@example.org")

    def fails(it: Transaction) -> None:
        give_permission(it, yes(ana), now=NOW)
        raise LookupError

    with pytest.raises(LookupError):
        store.write(fails)
    assert store.read(lambda it: it.standings([ana], ["newsletter"])) == {}


def test_who_is_not_there_has_no_standing(store: Store) -> None:
    ana = register(store, "ana@example.org")
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    for use in (store.read, store.write):
        with pytest.raises(errors.UnknownCustomer, match=nobody):
            use(lambda it: it.standings([ana, nobody], ["newsletter"]))


def test_a_withdrawal_waits_for_a_use_of_many(store: Store) -> None:
    everybody = sorted(register(store, f"c{i}@example.org") for i in range(3))
    for one in everybody:
        give(store, one)
    holding, go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    def use(it: Transaction) -> None:
        assert len(it.standings(everybody, ["newsletter"])) == 3
        holding.set()
        go_on.wait(10)
        ended.append("use")

    def take_back() -> None:
        withdraw(store, everybody[1])
        ended.append("withdrawal")

    user = threading.Thread(target=lambda: store.write(use))
    user.start()
    assert holding.wait(10)
    other = threading.Thread(target=take_back)
    other.start()
    other.join(0.3)
    assert ended == []
    go_on.set()
    user.join(10)
    other.join(10)
    assert ended == ["use", "withdrawal"]


def test_a_store_with_a_ledger_gets_its_standings(database: str) -> None:
    """Migrating from the version before them reads them from the ledger."""
    with open_store(database, MASTER_KEY) as store:
        ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org")
        give(store, ana)
        give(store, eva, purpose("analysis"))
        withdraw(store, ana)
        store.write(lambda it: give_permission(it, yes(ana), now=LATER - timedelta(hours=1)))
        store.write(lambda it: deny_permission(it, no(eva), now=LATER))
        before = store.read(by_the_ledger)
    _back_to_the_first_version(database)
    engine = create_engine(database)
    with engine.begin() as connection:
        migrate_connection(connection)
        assert len(connection.execute(select(permission_standing)).all()) == 3
    engine.dispose()
    with open_store(database, MASTER_KEY) as store:
        assert store.read(lambda it: it.standings([ana, eva], PURPOSES)) == before


FIRST = {"customers", "identifiers", "personal_values", "permission_ledger", "permission_head"}


def _back_to_the_first_version(database: str) -> None:
    """Drop what every later migration made: all tables but those of the first."""
    engine = create_engine(database)
    with engine.connect() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table.name not in FIRST:
                connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        connection.commit()
    engine.dispose()
    assert beside_the_store(database, "SELECT version_num FROM alembic_version") == [("0001",)]

"""The log is sealed behind its writers, and who changes what is sealed is found out; on each database."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.storage.decided import decision_of, outcome_of
from tests.storage.shop import LATER, NOW, entry_of, register
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.storage import sealing
from trato.storage.blocks import GENESIS, LOGS, LogName, LogVerified
from trato.storage.sealing import Sealer, seal_log

if TYPE_CHECKING:
    from trato.customers.customer import CustomerId
    from trato.storage.store import Store


@pytest.fixture
def ana(store: Store) -> CustomerId:
    return register(store, "ana@example.org")


def append(store: Store, customer: CustomerId, count: int = 1) -> None:
    entries = [entry_of(customer, None, amount=number, statement="words") for number in range(count)]
    store.write(lambda it: it.append_interactions(entries))


def verified(store: Store) -> LogVerified:
    return store.read(lambda it: it.verify_log())


def told(store: Store) -> list[str]:
    return [str(fault) for fault in verified(store).faults]


def test_what_is_sealed_is_verified_and_the_rest_is_counted(store: Store, ana: CustomerId) -> None:
    assert seal_log(store, NOW) == 0
    assert verified(store) == LogVerified((), GENESIS, 0)
    for count in (3, 1, 2300):
        append(store, ana, count)
        assert verified(store).unsealed == count
        assert seal_log(store, NOW) == 1
        assert seal_log(store, LATER) == 0
    found = verified(store)
    assert (found.faults, found.unsealed) == ((), 0)
    assert (found.last.number, found.last.entries, found.last.sealed_at) == (3, 2300, NOW)


def test_much_at_once_takes_several_blocks(
    store: Store, ana: CustomerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_IN_A_BLOCK", 1000)
    append(store, ana, 2500)
    assert seal_log(store, NOW) == 3
    assert verified(store).faults == ()
    assert verified(store).unsealed == 0


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ("UPDATE interactions SET amount = 99 WHERE amount = 4", ["an entry"]),
        ("UPDATE interactions SET customer = '{eva}' WHERE amount = 4", ["an entry"]),
        ("UPDATE interactions SET statement = record WHERE amount = 4", ["an entry"]),
        ("DELETE FROM interactions WHERE amount = 4", ["an entry"]),
        ("UPDATE interactions SET amount = 9 - amount WHERE amount IN (4, 5)", ["an entry"]),
        ("UPDATE interactions SET position = 1000 WHERE amount = 5", ["an entry"]),
        ("UPDATE log_blocks SET root = hash WHERE number = 2", ["block 2 was edited"]),
        ("UPDATE log_blocks SET entries = 4 WHERE number = 2", ["block 2 was edited"]),
        ("DELETE FROM log_blocks WHERE number = 2", ["block 2 is missing"]),
        ("DELETE FROM log_blocks WHERE number = 1", ["block 1 is missing"]),
    ],
)
def test_who_changes_what_is_sealed_is_found_out(
    store: Store, database: str, ana: CustomerId, change: str, faults: list[str]
) -> None:
    eva = register(store, "eva@example.org")
    for first in (0, 3, 6):
        entries = [entry_of(ana, None, amount=first + number, statement="words") for number in range(3)]
        store.write(lambda it, some=entries: it.append_interactions(some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        assert seal_log(store, NOW) == 1
    assert verified(store).faults == ()
    disarm = [
        f"DROP TRIGGER {table}_no_{what}"
        for table in ("interactions", "log_blocks")
        for what in ("update", "delete")
    ]
    if not database.startswith("sqlite"):
        disarm = [f"DROP TRIGGER {table}_append_only ON {table}" for table in ("interactions", "log_blocks")]
    beside_the_store(database, *disarm, change.format(eva=eva))
    found = told(store)
    assert len(found) == len(faults)
    assert all(one.startswith(start) for one, start in zip(found, faults, strict=True))


def test_blocks_cut_off_at_the_end_show_as_unsealed(store: Store, database: str, ana: CustomerId) -> None:
    for _ in range(2):
        append(store, ana, 2)
        seal_log(store, NOW)
    noted = verified(store).last
    disarm = "DROP TRIGGER log_blocks_no_delete"
    if not database.startswith("sqlite"):
        disarm = "DROP TRIGGER log_blocks_append_only ON log_blocks"
    beside_the_store(database, disarm, "DELETE FROM log_blocks WHERE number = 2")
    found = verified(store)
    assert (found.faults, found.unsealed) == ((), 2)
    assert found.last != noted


def test_blocks_refuse_to_be_rewritten(store: Store, database: str, ana: CustomerId) -> None:
    append(store, ana)
    seal_log(store, NOW)
    for change in ("UPDATE log_blocks SET entries = 0", "DELETE FROM log_blocks"):
        with pytest.raises(Exception, match="log_blocks is append-only"):
            beside_the_store(database, change)


def test_sealers_and_writers_at_once_seal_each_entry_once(store: Store, ana: CustomerId) -> None:
    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(append, store, ana, 3) for _ in range(60)]
        made = [pool.submit(lambda: [seal_log(store, NOW) for _ in range(10)]) for _ in range(2)]
        for one in writing:
            one.result()
        blocks = sum(sum(one.result()) for one in made)
    blocks += seal_log(store, LATER)
    found = verified(store)
    assert (found.faults, found.unsealed, found.last.number) == ((), 0, blocks)


def test_the_thread_seals_what_comes_and_what_comes_last(store: Store, ana: CustomerId) -> None:
    with Sealer(store, lambda: NOW, every=0.01):
        append(store, ana, 5)
        for _ in range(1000):
            if verified(store).unsealed == 0:
                break
            time.sleep(0.01)
        assert verified(store).unsealed == 0
    with Sealer(store, lambda: NOW, every=60):
        append(store, ana, 2)
    assert verified(store).unsealed == 0


def test_the_thread_outlives_a_store_that_cannot_serve(
    store: Store, ana: CustomerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    seal = seal_log

    def sometimes(*given: object) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise errors.StorageUnavailable("locked")
        return seal(*given)  # type: ignore[arg-type]  # handed on as given

    monkeypatch.setattr(sealing, "seal_log", sometimes)
    append(store, ana)
    with Sealer(store, lambda: NOW, every=0.01):
        for _ in range(1000):
            if verified(store).unsealed == 0:
                break
            time.sleep(0.01)
    assert verified(store).unsealed == 0
    assert len(tries) >= 3


def test_each_log_is_sealed_by_blocks_of_its_own(store: Store, ana: CustomerId) -> None:
    one = decision_of(ana)
    append(store, ana, 2)
    store.write(lambda it: it.append_decisions([one, decision_of(ana), decision_of(ana, purpose="")]))
    store.write(lambda it: it.add_outcomes([outcome_of(one.id)]))
    assert seal_log(store, NOW) == 3
    assert seal_log(store, NOW) == 0
    found = [store.read(lambda it, log=log: it.verify_log(log)) for log in LOGS]  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert [(log.faults, log.last.number, log.last.entries, log.unsealed) for log in found] == [
        ((), 1, 2, 0),
        ((), 1, 3, 0),
        ((), 1, 1, 0),
    ]
    roots = {log.last.hash for log in found}
    assert len(roots) == 3


@pytest.mark.parametrize(
    ("log", "change"),
    [
        ("decisions", "UPDATE decisions SET treatment = 'nothing' WHERE position = 2"),
        ("decisions", "UPDATE decisions SET probability = probability + 1 WHERE position = 2"),
        ("decisions", "UPDATE decisions SET matures_at = at WHERE position = 2"),
        ("decisions", "UPDATE decisions SET version = 'v2' WHERE position = 2"),
        ("decisions", "UPDATE decisions SET id = 'other' WHERE position = 2"),
        ("decisions", "UPDATE decisions SET customer = '{eva}' WHERE position = 2"),
        ("decisions", "UPDATE decisions SET customer = NULL WHERE position = 2"),
        ("decisions", "UPDATE decisions SET unit = whose WHERE position = 2"),
        ("decisions", "UPDATE decisions SET sealed = whose WHERE position = 2"),
        ("decisions", "UPDATE decisions SET whose = unit WHERE position = 2"),
        ("decisions", "UPDATE decisions SET position = 9 WHERE position = 2"),
        ("decisions", "DELETE FROM decisions WHERE position = 2"),
        ("outcomes", "UPDATE outcomes SET amount = 1 WHERE position = 1"),
        ("outcomes", "UPDATE outcomes SET taken = NOT taken WHERE position = 1"),
        ("outcomes", "UPDATE outcomes SET decision = 3 WHERE position = 1"),
        ("outcomes", "DELETE FROM outcomes WHERE position = 1"),
    ],
)
def test_who_changes_a_decision_or_an_outcome_is_found_out(
    store: Store, database: str, ana: CustomerId, log: LogName, change: str
) -> None:
    eva = register(store, "eva@example.org")
    some = [decision_of(ana) for _ in range(3)]
    store.write(lambda it: it.append_decisions(some))
    store.write(lambda it: it.add_outcomes([outcome_of(some[0].id)]))
    seal_log(store, NOW)
    store.write(lambda it: it.append_decisions([decision_of(ana)]))
    disarm = [
        "DROP TRIGGER decisions_no_update",
        "DROP TRIGGER decisions_no_delete",
        "DROP TRIGGER decisions_only_forget",
        "DROP TRIGGER outcomes_no_update",
        "DROP TRIGGER outcomes_no_delete",
    ]
    if not database.startswith("sqlite"):
        disarm = [
            "DROP TRIGGER decisions_append_only ON decisions",
            "DROP TRIGGER decisions_only_forget ON decisions",
            "DROP TRIGGER outcomes_append_only ON outcomes",
            "ALTER TABLE outcomes DROP CONSTRAINT fk_outcomes_decision",
        ]
    beside_the_store(database, *disarm, change.format(eva=eva))
    assert [str(one) for one in store.read(lambda it: it.verify_log(log)).faults] == [
        f"an entry of positions 1 to {3 if log == 'decisions' else 1} was edited, removed or added"
    ]

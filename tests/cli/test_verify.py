"""`trato verify` finds what was changed behind the store's back, on each database."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.server.live import Shop, shop
from tests.storage.conftest import migrated
from tests.storage.decided import decision_of, outcome_of
from tests.storage.shop import NOW, entry_of, give, register
from tests.storage.test_store import beside_the_store
from trato.storage.of_company import company_store_url
from trato.storage.sealing import seal_log

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["migrated", "shop"]


@pytest.fixture
def kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with four entries in its ledger, two blocks of three in its log, and a tail of one."""
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    with shop.store() as store:
        who = [register(store, f"{name}@example.org") for name in ("ana", "eva", "iva", "uma")]
        for one in who:
            give(store, one)
        for first in (0, 3):
            some = [entry_of(who[0], None, amount=first + number) for number in range(3)]
            store.write(lambda it, some=some: it.append_interactions(some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            seal_log(store, NOW)
        store.write(lambda it: it.append_interactions([entry_of(who[0], None, amount=6)]))
    return shop


def asked(folder: Path, exit_code: int) -> dict[str, Any]:
    done = trato("verify", folder, "--json")
    assert done.returncode == exit_code, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def change(kept: Shop, *statements: str) -> None:
    """What an administrator can do behind the store's back."""
    url = company_store_url(kept.company, {**os.environ, **kept.environment})
    tables = ("permission_ledger", "interactions", "log_blocks")
    disarm = [f"DROP TRIGGER {table}_no_{what}" for table in tables for what in ("update", "delete")]
    if not url.startswith("sqlite"):
        disarm = [f"DROP TRIGGER {table}_append_only ON {table}" for table in tables]
    beside_the_store(url, *disarm, *statements)


def test_a_whole_store_says_what_to_note_and_what_is_not_sealed_yet(kept: Shop) -> None:
    with kept.store() as store:
        head, last = store.read(lambda it: (it.permission_head(), it.last_block()))
    found = asked(kept.folder, 0)
    assert found["whole"] is True
    assert found["ledger"] == {"entries": 4, "head": head.hash.hex(), "faults": []}
    sealed_at = NOW.isoformat()
    assert found["log"] == {
        "blocks": 2,
        "head": last.hash.hex(),
        "sealed_up_to": 6,
        "sealed_at": sealed_at,
        "unsealed": 1,
        "faults": [],
    }
    assert asked(kept.folder, 0) == found  # looking changes nothing
    done = trato("verify", kept.folder)
    assert done.returncode == 0
    assert "the ledger of permissions, 4 entries: whole" in done.stdout
    assert f"note elsewhere: entry 4, {head.hash.hex()}" in done.stdout
    assert f"note elsewhere: block 2, {last.hash.hex()}" in done.stdout
    assert "not sealed yet, and so not verified: 1 behind position 6" in done.stdout


def test_everything_that_was_changed_is_named_with_its_position(kept: Shop) -> None:
    change(
        kept,
        "UPDATE permission_ledger SET touchpoint = 'elsewhere' WHERE position = 2",
        "DELETE FROM permission_ledger WHERE position = 4",
        "UPDATE interactions SET amount = 99 WHERE amount = 4",
    )
    found = asked(kept.folder, 3)
    assert found["whole"] is False
    named = [(one["position"], one["kind"]) for one in found["ledger"]["faults"]]
    assert named == [(2, "altered"), (4, "missing")]
    (fault,) = found["log"]["faults"]
    assert (fault["block"], fault["kind"]) == (2, "entries")
    assert (fault["first_position"], fault["last_position"]) == (4, 6)
    done = trato("verify", kept.folder)
    assert done.returncode == 3
    for line in (
        "4 entries: NOT whole",
        "  entry 2 was edited",
        "  entry 4 is missing",
        "2 sealed blocks: NOT whole",
        "  an entry of positions 4 to 6 was edited, removed or added",
    ):
        assert line in done.stdout


MOVED = [
    "UPDATE permission_ledger SET position = 9 WHERE position = 2",
    "UPDATE permission_ledger SET position = 2 WHERE position = 3",
    "UPDATE permission_ledger SET position = 3 WHERE position = 9",
]


@pytest.mark.parametrize(
    ("statements", "ledger", "log"),
    [
        (MOVED, [(2, "moved", 3), (3, "moved", 2)], []),
        (["UPDATE permission_ledger SET fields = '[' WHERE position = 2"], [(2, "altered", None)], []),
        (["UPDATE permission_ledger SET fields = '7' WHERE position = 2"], [(2, "altered", None)], []),
        (["DELETE FROM interactions WHERE amount = 1"], [], [(1, "entries")]),
        (["UPDATE interactions SET amount = 5 - amount WHERE amount IN (2, 3)"], [], [(1, "e"), (2, "e")]),
        (["DELETE FROM log_blocks WHERE number = 1"], [], [(1, "missing")]),
        (["UPDATE log_blocks SET root = hash WHERE number = 2"], [], [(2, "edited")]),
    ],
    ids=[
        "entries exchanged",
        "fields that are no JSON",
        "fields that are no list",
        "an entry removed",
        "two entries exchanged",
        "a block removed",
        "a block edited",
    ],
)
def test_whoever_moves_or_removes_is_found_out(
    kept: Shop, statements: list[str], ledger: list[tuple[object, ...]], log: list[tuple[int, str]]
) -> None:
    change(kept, *statements)
    found = asked(kept.folder, 3)
    told = [(one["position"], one["kind"], one["from_position"]) for one in found["ledger"]["faults"]]
    assert told == ledger
    blocks = [(one["block"], one["kind"]) for one in found["log"]["faults"]]
    assert [number for number, _ in blocks] == [number for number, _ in log]
    assert all(kind.startswith(start) for (_, kind), (_, start) in zip(blocks, log, strict=True))


def test_a_tail_that_was_cut_off_shows_against_what_was_noted(kept: Shop) -> None:
    noted = asked(kept.folder, 0)["log"]
    change(kept, "DELETE FROM log_blocks WHERE number = 2")
    found = asked(kept.folder, 0)["log"]
    assert (found["unsealed"], found["blocks"]) == (4, 1)
    assert found["head"] != noted["head"]


def test_a_decision_that_was_changed_is_named(kept: Shop) -> None:
    with kept.store() as store:
        who = next(iter(store.read(lambda it: list(it.all_customers()))))
        one = decision_of(who)
        store.write(lambda it: it.append_decisions([one, decision_of(who)]))
        store.write(lambda it: it.add_outcomes([outcome_of(one.id)]))
        seal_log(store, NOW)
    url = company_store_url(kept.company, {**os.environ, **kept.environment})
    disarm = "DROP TRIGGER decisions_no_update"
    if not url.startswith("sqlite"):
        disarm = "DROP TRIGGER decisions_append_only ON decisions"
    only = "DROP TRIGGER decisions_only_forget" + ("" if url.startswith("sqlite") else " ON decisions")
    beside_the_store(url, disarm, only, "UPDATE decisions SET probability = 7 WHERE position = 2")
    found = asked(kept.folder, 3)
    (fault,) = found["decisions"]["faults"]
    assert (fault["kind"], fault["first_position"], fault["last_position"]) == ("entries", 1, 2)
    assert (found["outcomes"]["blocks"], found["outcomes"]["faults"]) == (1, [])
    assert (found["log"]["faults"], found["ledger"]["faults"], found["whole"]) == ([], [], False)

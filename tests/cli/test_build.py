"""`trato build` and `trato load`, from a fresh folder on, as they are typed."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.built_shop import SALES, sales, shop, write_table, write_tables
from tests.cli.commands import trato
from trato.company.folder import read_company
from trato.storage.of_company import make_company_key, open_company_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRATO_STORE", raising=False)
    monkeypatch.delenv("TRATO_MASTER_KEY", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = shop(tmp_path / "shop").folder
    write_tables(made)
    make_company_key(made, os.environ, os.urandom)
    return made


def told(*words: object) -> Any:
    done = trato(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_fresh_folder_with_a_table_is_built(tmp_path: Path) -> None:
    write_table(tmp_path / "sales.csv", SALES, sales())
    done = trato("init", tmp_path / "shop", "--name", "Shop", "--table", tmp_path / "sales.csv")
    assert done.returncode == 0, done.stderr
    done = trato("build", tmp_path / "shop")
    assert done.returncode == 0, done.stderr
    assert "suggestions: nobody permits it yet; 40 customers were left out" in done.stdout
    kind = "loyalty_card"
    for customer in ("c1", "c2", "c3"):
        done = trato(
            *("grant", customer, "suggestions", "--identifier", kind, "--company", tmp_path / "shop")
        )
        assert done.returncode == 0, done.stderr
    (one,) = told("build", tmp_path / "shop")["purposes"]
    assert (one["customers"], one["left_out"]) == (3, 37)


def test_a_fresh_folder_without_data_says_so_and_changes_nothing(tmp_path: Path) -> None:
    assert trato("init", tmp_path / "shop", "--name", "Shop").returncode == 0
    done = trato("build", tmp_path / "shop", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["error"]["code"] == "trato.not_enough_data"
    with open_company_store(read_company(tmp_path / "shop"), os.environ) as store:
        assert store.read(lambda it: it.current_build()) is None


def test_a_build_tells_what_it_did(folder: Path) -> None:
    rows = sales()
    rows[3][7] = "a lot"
    write_tables(folder, rows)
    done = trato("build", folder)
    assert done.returncode == 0, done.stderr
    assert f"{folder / 'sales.csv'}:5: paid: not an amount: 'a lot'" in done.stderr
    assert "permissions: 30 recorded, of 30 rows" in done.stdout
    assert "learned from 30 customers who permit it; 10 who do not were left out" in done.stdout
    rejects = folder / "store" / "build.rejects.csv"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert "is served now" in done.stdout
    assert f"the needs have working titles in {folder / 'needs.proposed.yaml'}" in done.stdout
    again = told("build", folder)
    assert again["permissions"]["recorded"] == 0
    assert again["rejects"] == str(rejects)


def test_a_table_is_loaded_once(folder: Path) -> None:
    everyone = told("load", folder, "consent")
    assert (everyone["rows"], everyone["kept"], everyone["known"]) == (30, 30, 0)
    first = told("load", folder, "sales")
    assert first["kept"] == first["rows"] == len(sales())
    again = told("load", folder, "sales")
    assert (again["kept"], again["known"]) == (0, first["rows"])
    assert told("load", folder, "consent")["known"] == 30
    build = told("build", folder)
    (one,) = build["purposes"]
    assert one["choices"] == sum(1 for row in sales() if int(str(row[1])[1:]) < 30)
    other = told("load", folder, "sales", "--file", folder / "sales.csv")
    assert other["in_place"] == first["rows"]


def test_what_cannot_be_loaded_is_said(folder: Path) -> None:
    done = trato("load", folder, "sale", "--json")
    assert done.returncode == 3
    assert "did you mean 'sales'?" in json.loads(done.stdout)["error"]["hint"]
    sources = folder / "sources.yaml"
    sources.write_text(sources.read_text().replace("    id: line\n", ""))
    done = trato("load", folder, "sales")
    assert done.returncode == 3
    assert "map id in sources.yaml" in done.stderr


@pytest.mark.parametrize("command", [("build",), ("load", "sales")])
def test_a_store_that_is_open_elsewhere_is_told(folder: Path, command: tuple[str, ...]) -> None:
    name, *rest = command
    with open_company_store(read_company(folder), os.environ):
        done = trato(name, folder, *rest, "--json")
    assert done.returncode == 7
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "trato.store_in_use"
    assert error["hint"]

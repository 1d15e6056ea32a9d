"""`trato decide`: each customer once a run, an event once for good, and a run is taken up where it was."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.cli.deciding import Folder, folder_with
from tests.customize.corner import PURPOSES, TREATMENTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.delenv("TRATO_STORE", raising=False)
    return folder_with(tmp_path)


def decided(shop: Folder, *more: object) -> dict[str, Any]:
    done = trato("decide", shop.path, "loaves", "--json", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def made(shop: Folder) -> int:
    return len(shop.store(lambda it: it.anonymous("loaves", 0, 1_000_000)))


def test_all_who_permit_it_are_decided_once_a_run(shop: Folder, tmp_path: Path) -> None:
    out = tmp_path / "given.csv"
    first = decided(shop, "--run", "spring", "--out", out)
    assert (first["decided"], first["before"], first["stopped"]) == (12, 0, False)
    assert sum(first["by_treatment"].values()) == 12
    written = rows(out)
    assert {one["customer"] for one in written} == set(shop.people)
    assert out.stat().st_mode & 0o777 == 0o600
    again = decided(shop, "--run", "spring", "--out", out)
    assert (again["decided"], again["before"]) == (0, 12)
    assert {one["decision"]: one["treatment"] for one in rows(out)} == {
        one["decision"]: one["treatment"] for one in written
    }
    assert made(shop) == 12
    assert decided(shop, "--run", "summer")["decided"] == 12
    assert decided(shop)["run"] != decided(shop)["run"]


@pytest.mark.parametrize("name", ["", "n" * 201])
def test_a_runs_name_is_short(shop: Folder, name: str) -> None:
    done = trato("decide", shop.path, "loaves", "--run", name)
    assert done.returncode != 0
    assert "a run's name has 1 to 200 characters" in done.stderr
    assert "Traceback" not in done.stderr
    assert made(shop) == 0


def test_the_ids_of_a_file_are_decided_and_nobody_else(shop: Folder, tmp_path: Path) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text(
        "customer\n" + "\n".join([*shop.people[:3], shop.people[0], shop.silent]), encoding="utf-8"
    )
    out = tmp_path / "given.parquet"
    assert decided(shop, "--customers", ids, "--out", out)["decided"] == 4
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(out).to_pylist()
    assert {one["customer"] for one in table} == {*shop.people[:3], shop.silent}
    (silent,) = [one for one in table if one["customer"] == shop.silent]
    assert silent["treatment"] == "nothing"
    ids.write_text("customer\nana\n", encoding="utf-8")
    refused = trato("decide", shop.path, "loaves", "--customers", ids)
    assert refused.returncode == 3
    assert f"{ids}:2" in refused.stderr


def test_what_cannot_be_meant_is_refused(shop: Folder, tmp_path: Path) -> None:
    for words in (
        ("loafs",),
        ("loaves", "--touchpoint", "letter"),
        ("loaves", "--arrived", "rye"),
        ("loaves", "--customers", tmp_path / "none"),
        ("loaves", "--out", tmp_path / "none" / "out.csv"),
    ):
        done = trato("decide", shop.path, *words)
        assert done.returncode == 3, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
    assert made(shop) == 0


def test_an_event_starts_one_decision_however_often_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRATO_STORE", raising=False)
    contact = PURPOSES.replace(
        "fields: [name, email, language]", "marketing_contact: true\n    fields: [name]"
    )
    shop = folder_with(tmp_path, 3, purposes=contact)
    moment = "    moment: {starts: arrives, component: bread, least: 0.2}\n    touchpoints: [till, web]\n"
    treatments = TREATMENTS.replace("    touchpoints: [till, web]\n", moment)
    (shop.path / "treatments.yaml").write_text(treatments, encoding="utf-8")
    from tests.customize.corner import Corner
    from trato.storage.of_company import open_company_store

    with open_company_store(shop.company, {}) as store:
        corner = Corner(shop.company, store)
        for _ in range(4):
            corner.does(shop.people[0], "spelt")
        corner.says(shop.people[1], "always spelt", "wants", "spelt")
        corner.says(shop.people[2], "never spelt", "avoids", "spelt")
    first = decided(shop, "--arrived", "spelt")
    assert (first["decided"], first["before"]) == (2, 0)
    again = decided(shop, "--arrived", "spelt")
    assert (again["decided"], again["before"]) == (0, 2)
    assert decided(shop, "--arrived", "rye")["decided"] == 0
    assert trato("decide", shop.path, "loaves").returncode == 3


def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRATO_STORE", raising=False)
    shop = folder_with(tmp_path, 1)
    ids = tmp_path / "ids.csv"

    def meet(it: Any) -> list[str]:
        from tests.customize.corner import NOW
        from trato.customers.identifiers import identifier
        from trato.customers.register import RegisterCustomer, register_customer

        return [
            register_customer(
                it,
                RegisterCustomer((identifier("card", f"c{n}"),)),
                now=NOW,
                draw=__import__("secrets").token_bytes,
            ).id
            for n in range(6_000)
        ]

    ids.write_text("\n".join(shop.store(meet)), encoding="utf-8")
    code = "from trato.cli.main import run; run()"
    command = [sys.executable, "-c", code, "decide", str(shop.path), "loaves", "--run", "r", "--json"]
    process = subprocess.Popen(
        [*command, "--customers", str(ids)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.read(1)  # the first chunks have been told
    process.send_signal(signal.SIGINT)
    out, complaints = process.communicate(timeout=120)
    assert "Traceback" not in complaints
    told = json.loads(out)
    assert process.returncode == (130 if told["stopped"] else 0)
    assert made(shop) == told["decided"]
    rest = decided(shop, "--run", "r", "--customers", ids)
    assert rest["decided"] + told["decided"] == 6_000
    assert made(shop) == 6_000

"""`trato check` from the command line: exit codes, words for people, one JSON object for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.commands import trato
from tests.company.folders import FILES, OFFER, TREATMENTS, altered, shop

if TYPE_CHECKING:
    from pathlib import Path

OFFERS = """\
  offers:
    labels: {en: Offers}
    legal_basis: consent
    marketing_contact: true
    fields: [card]
    retention_days: 100
"""


def test_a_sound_folder_ends_well(tmp_path: Path) -> None:
    done = trato("check", shop(tmp_path / "shop"))
    assert done.returncode == 0, done.stderr
    assert "Corner shop" in done.stdout
    assert "3 of 3 rows can be read" in done.stdout
    assert "this folder can be used" in done.stdout
    assert "looking into sales" in done.stderr


def test_all_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    folder = shop(
        tmp_path / "shop",
        **altered("company.yaml", "currency", "currncy"),
        **altered("sources.yaml", "amount: paid", "amount: pai"),
    )
    done = trato("check", folder)
    assert done.returncode == 3
    assert "to put right: 3" in done.stdout
    assert f"{folder}/company.yaml:3: unknown key 'currncy'\n      did you mean 'currency'?" in done.stdout
    assert f"{folder}/sources.yaml:11: sales.csv has no column 'pai'" in done.stdout
    assert "Traceback" not in done.stderr


def test_scripts_get_one_object_whatever_comes_of_it(tmp_path: Path) -> None:
    done = trato("check", shop(tmp_path / "shop"), "--json")
    told = json.loads(done.stdout)
    assert (told["sound"], told["faults"], told["needs"]) == (True, [], 2)
    assert told["tables"][0]["rows_kept"] == 3
    broken = shop(tmp_path / "shop", **altered("sources.yaml", "[service]", "[servcie]"))
    done = trato("check", broken, "--json", "--no-rows")
    told = json.loads(done.stdout)
    assert done.returncode == 3
    assert not told["sound"]
    assert told["faults"][0]["line"] == 5
    assert told["tables"][0]["rows"] is None
    done = trato("check", tmp_path / "nowhere", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "trato.file_not_readable"


def test_a_remark_alone_ends_well(tmp_path: Path) -> None:
    done = trato("check", shop(tmp_path / "shop", **altered("needs.yaml", "rye", "rey")))
    assert done.returncode == 0
    assert "remarks: 1" in done.stdout
    assert "this folder can be used" in done.stdout


def test_names_of_what_no_table_has_are_remarked(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "names.yaml").write_text(
        "components:\n  bread: {en: bread}\n  rye: {en: rye}\n  braed: {en: bread}\n"
        "modules:\n  bread:\n    rye: {en: dark}\n    rey: {en: dark}\n"
    )
    company = folder / "company.yaml"
    company.write_text(company.read_text() + "needs_from: [bread, tae]\n")
    done = trato("check", folder, "--json")
    assert done.returncode == 0
    remarks = [
        (one["file"].rsplit("/", 1)[-1], one["line"], one["message"])
        for one in json.loads(done.stdout)["faults"]
    ]
    assert remarks == [
        ("company.yaml", 5, "no table has the component 'tae'"),
        ("names.yaml", 4, "no table has the component 'braed'"),
        ("names.yaml", 8, "the module 'rey' of 'bread' was never seen"),
    ]


def test_programmes_and_their_treatments_are_counted(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", purposes=FILES["purposes.yaml"] + OFFERS)
    (folder / "offer.yaml").write_text(OFFER, encoding="utf-8")
    (folder / "treatments.yaml").write_text(TREATMENTS, encoding="utf-8")
    done = trato("check", folder, "--no-rows")
    assert done.returncode == 0, done.stdout
    assert "programme come_back         1 treatment, or nothing" in done.stdout
    told = json.loads(trato("check", folder, "--no-rows", "--json").stdout)
    assert told["programmes"] == [{"name": "come_back", "starts": "arrives", "treatments": 1}]
    (folder / "treatments.yaml").write_text(TREATMENTS.replace("tier in", "teir in"), encoding="utf-8")
    done = trato("check", folder, "--no-rows")
    assert done.returncode == 3
    assert f"{folder}/treatments.yaml:20: there is no fact 'teir'" in done.stdout

"""`trato conduct`: from a person to the system, when the verdict allows."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import trato
from tests.company.folders import shop
from trato.company.folder import read_company
from trato.customize.programme.document import epoch_of
from trato.customize.publish import publish
from trato.storage.of_company import open_company_store

if TYPE_CHECKING:
    from pathlib import Path

TREATMENTS = """\
programmes:
  loaves:
    label: {en: Loaves}
    purpose: service
    touchpoints: [till]
    goal: {outcome: taken, days: 7}
    same_for_all: rye
    conducted: person
    treatments:
      rye: {label: {en: Rye}, value: 3}
"""
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written = shop(tmp_path / "shop")
    (written / "treatments.yaml").write_text(TREATMENTS, encoding="utf-8")
    return written


def looked(folder: Path, verdict: str) -> None:
    company = read_company(folder)
    said = {"verdict": verdict, "epoch": epoch_of(company.programmes.by_key["loaves"])}
    with open_company_store(company, os.environ) as store:
        store.write(lambda it: publish(it, company.programmes.by_key["loaves"], now=AT))
        store.write(lambda it: it.add_look("loaves", AT, json.dumps(said)))


def test_a_programme_is_given_to_the_system_and_taken_back(folder: Path) -> None:
    looked(folder, "personalise")
    given = trato("conduct", folder, "loaves", "--by", "Eva Lima", "--json")
    assert given.returncode == 0, given.stderr
    told = json.loads(given.stdout)
    assert told["conducted"] == "system"
    assert [(one["by"], one["look"]) for one in told["acts"]] == [("Eva Lima", 1)]
    back = trato("conduct", folder, "loaves", "--by", "Rui", "--to", "person")
    assert "conducted by a person now" in back.stdout
    assert "by Eva Lima, on look 1" in back.stdout


@pytest.mark.parametrize("verdict", [None, "not_yet", "dont"])
def test_and_not_before_its_verdict_allows(folder: Path, verdict: str | None) -> None:
    if verdict is not None:
        looked(folder, verdict)
    refused = trato("conduct", folder, "loaves", "--by", "Eva Lima")
    assert refused.returncode == 3
    assert "nobody has looked" in refused.stderr or "does not allow" in refused.stderr


def test_somebody_has_to_stand_for_it_and_the_programme_has_to_be_there(folder: Path) -> None:
    assert trato("conduct", folder, "loaves", "--by", " ").returncode == 3
    unknown = trato("conduct", folder, "loafs", "--by", "Eva")
    assert unknown.returncode != 0
    assert "loaves" in unknown.stderr

"""`trato whatif` on a shop whose figures can be worked out by hand."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.built_shop import shop, write_tables
from tests.cli.commands import trato
from trato.storage.of_company import make_company_key

if TYPE_CHECKING:
    from pathlib import Path

TREATMENTS = """
programmes:
  spring:
    label: {{en: Spring, es: Primavera, pt: Primavera}}
    purpose: suggestions
    touchpoints: [{touchpoint}]
    goal: {{outcome: taken, days: 14}}
    same_for_all: small
    explore: 0.2
    budget: {budget}
    capacity: {capacity}
    treatments:
      small:
        label: {{en: small, es: chico, pt: pequeno}}
        value: 10
        cost: 1
        prior: {{rate: 0.5, weight: 1000000}}
      large:
        label: {{en: large, es: grande, pt: grande}}
        value: 10
        cost: 2
        stock: 3
        prior: {{rate: 0.9, weight: 1000000}}
      never:
        label: {{en: never, es: nunca, pt: nunca}}
        value: 10
        eligible: context.season = spring
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TRATO_STORE", raising=False)
    monkeypatch.delenv("TRATO_MASTER_KEY", raising=False)
    company = shop(tmp_path / "shop")
    write_tables(company.folder)
    make_company_key(company.folder, os.environ, os.urandom)
    declare(company.folder, 100)
    assert trato("build", company.folder).returncode == 0
    return company.folder


def declare(folder: Path, capacity: int, budget: int = 1000) -> None:
    text = TREATMENTS.format(touchpoint="till", capacity=capacity, budget=budget)
    (folder / "treatments.yaml").write_text(text, encoding="utf-8")


def told(*words: object) -> Any:
    done = trato(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_is_scarce_goes_where_it_is_worth_most(folder: Path) -> None:
    said = told("whatif", folder, "spring")
    many = said["customers"]
    assert many > 12
    by_name = {one["treatment"]: one for one in said["treatments"]}
    assert (by_name["large"]["reach"], by_name["large"]["binds"]) == (3, True)
    assert by_name["small"]["reach"] == many - 3
    assert by_name["never"]["ruled_out"] == {"unknown": many}
    assert said["spend"] == 2 * 3 + by_name["small"]["reach"]
    assert not said["budget_binds"]
    assert said["proven"] is None
    assert said["why_not_proven"].startswith("cannot be estimated")
    # A fifth is explored, alike among small, large and nothing; all else goes to what is surely best.
    assert by_name["small"]["by_policy"] == pytest.approx(many * 0.2 / 3, abs=0.1)
    assert by_name["large"]["by_policy"] == pytest.approx(many * (0.8 + 0.2 / 3), abs=0.1)


def test_a_budget_goes_where_each_unit_of_it_brings_most(folder: Path) -> None:
    declare(folder, 100, budget=12)
    said = told("whatif", folder, "spring")
    reach = {one["treatment"]: one["reach"] for one in said["treatments"]}
    assert reach == {"small": 12, "large": 0, "never": 0}  # 3.80 for 1, against 6.80 for 2
    assert (said["spend"], said["budget_binds"]) == (12, True)


def test_a_day_holds_no_more_than_its_capacity(folder: Path) -> None:
    declare(folder, 2)
    said = told("whatif", folder, "spring")
    assert said["reach"] == 2
    assert said["capacity_binds"]
    assert {one["treatment"]: one["reach"] for one in said["treatments"]}["large"] == 2


def test_people_read_why_it_proves_nothing(folder: Path) -> None:
    done = trato("whatif", folder, "spring")
    assert done.returncode == 0, done.stderr
    assert "only a verdict proves it" in done.stdout
    assert "nothing was learned yet" in done.stdout


def test_an_unknown_programme_names_the_nearest(folder: Path) -> None:
    done = trato("whatif", folder, "sprin")
    assert done.returncode == 3
    assert "did you mean 'spring'?" in done.stderr

"""The demo on some of its real households: every table in, every file and the whole report out."""

from __future__ import annotations

import csv
import json
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from trato.batch import demo
from trato.batch.demo_shop import read_labels, read_shop
from trato.batch.duckdb_engine import DuckDBEngine
from trato.cli.main import app
from trato.errors import BadDeclaration, FileNotReadable, MissingExtra
from trato.pages.gather import report_of
from trato.pages.labels import tidied
from trato.pages.render import plain_findings, render
from trato.pages.words import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from trato.batch.demo import Study
    from trato.pages.report import Report

HOUSEHOLDS = 150
FEWEST = 600


@pytest.fixture(scope="module")
def some(completejourney: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of every sixteenth household or so."""
    folder = tmp_path_factory.mktemp("some")
    known = f"SELECT household_id FROM '{completejourney}/demographics.parquet'"
    chosen = f"({known} ORDER BY household_id LIMIT {HOUSEHOLDS})"
    for table in ("transactions", "demographics", "campaigns", "coupon_redemptions"):
        rows = f"SELECT * FROM '{completejourney}/{table}.parquet' WHERE household_id IN {chosen}"
        duckdb.sql(f"COPY ({rows}) TO '{folder}/{table}.parquet'")
    for table in ("products", "campaign_descriptions"):
        duckdb.sql(f"COPY (SELECT * FROM '{completejourney}/{table}.parquet') TO '{folder}/{table}.parquet'")
    return folder


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person wrote, with a bound for fewer households."""
    folder = tmp_path_factory.mktemp("hand")
    for name in ("grocer.yaml", "names.yaml", "grocer.needs.yaml"):
        text = (demo.settings() / name).read_text(encoding="utf-8")
        text = text.replace("fewest_purchases: 5000", f"fewest_purchases: {FEWEST}")
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made") / "grocer"


@pytest.fixture(scope="module")
def found(some: Path, hand: Path, out: Path) -> Study:
    with DuckDBEngine() as engine:
        return demo.study(engine, some, out, hand=hand)


@pytest.fixture(scope="module")
def report(found: Study) -> Report:
    return report_of(found, version="0")


def test_it_writes_what_the_three_commands_write(found: Study, out: Path) -> None:
    written = {path.name for path in out.iterdir()}
    assert written >= {"basket.parquet", "choices.parquet", "needs.yaml"}
    assert written >= {"beliefs.csv", "values.csv", "gains.csv"}
    with (out / "values.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + HOUSEHOLDS
    assert len(yaml.safe_load((out / "needs.yaml").read_text())["needs"]) == found.needs.needs.model.needs


def test_needs_are_learned_over_all_categories(found: Study, some: Path) -> None:
    model = found.needs.needs.model
    assert model.components == ("BASKET",)
    categories = found.appraisal.appraisal.components
    assert {one.name for one in categories} < set(model.modules[0])
    assert not {"COUPON/MISC ITEMS", ""} & set(model.modules[0])
    rows = len(duckdb.read_parquet(str(some / "transactions.parquet")))
    assert 0.95 * rows < found.needs.choices <= rows


def test_the_printed_command_finds_the_same_needs(found: Study, out: Path, tmp_path: Path) -> None:
    command = found.commands[0].replace(str(out / "beliefs.csv"), str(tmp_path / "beliefs.csv"))
    shown = CliRunner().invoke(app, command.split()[1:])
    assert shown.exit_code == 0, shown.output
    assert (tmp_path / "beliefs.csv").read_bytes() == (out / "beliefs.csv").read_bytes()


def test_fuel_is_one_thing_and_coupons_are_none(found: Study) -> None:
    by_name = {one.name: one for one in found.appraisal.appraisal.components}
    assert by_name["FUEL"].modules == 1
    assert by_name["FUEL"].worth_trying.rung == "mass"
    assert "COUPON/MISC ITEMS" not in by_name
    assert all(one.choices >= FEWEST or name == "FUEL" for name, one in by_name.items())


def test_the_report_adds_up(report: Report) -> None:
    value = report.value
    assert value.customers == HOUSEHOLDS == sum(tier.customers for tier in value.tiers)
    assert sum(tier.expected for tier in value.tiers) == pytest.approx(value.expected)
    assert value.curve[0].value == 0
    assert value.curve[-1].value == pytest.approx(1)
    assert [point.value for point in value.curve] == sorted(point.value for point in value.curve)
    for need in report.needs:
        assert sum(need.tier_customers) == need.customers
        assert sum(need.tier_expected) == pytest.approx(need.expected)
    assert sum(need.customers for need in report.needs) + report.needs_unknown == value.customers
    assert report.ladder.concentration == tuple(sorted(report.ladder.concentration))
    gains = [row.hits_gained.mean for row in report.ladder.rows]
    assert gains == sorted(gains, reverse=True)


def test_the_campaigns_prove_nothing_and_say_what_would(report: Report, found: Study, out: Path) -> None:
    log = duckdb.read_parquet(str(out / "campaigns.parquet"))
    assert {"kind", "campaign", "customer", "mailed", "during", "before", "earlier"} <= set(log.columns)
    assert sum(row.mailings for row in report.campaigns) == sum(
        mailed for (mailed,) in log.select("mailed").fetchall()
    )
    assert [row.mailings for row in report.campaigns] == sorted(
        (row.mailings for row in report.campaigns), reverse=True
    )
    largest = found.campaigns[0]
    assert largest.said.chosen
    assert largest.said.foretold.low > 0.6
    assert largest.proposal.smallest > 0


def test_the_household_shown_is_real(report: Report, found: Study) -> None:
    person = report.person
    assert person.expected.low <= person.expected.mean <= person.expected.high
    assert date(2017, 1, 1) <= person.last_purchase <= date(2018, 1, 1)
    assert person.wants
    for want in person.wants:
        assert 0 < want.chance <= 1
        assert want.count <= want.of
    assert all(evidence.times > 1 for evidence in person.moved)
    counts = {module: count for (_, module), count in found.came_for.items()}
    assert all(evidence.count == counts[evidence.module.own] for evidence in person.moved)
    for missed in person.missed:
        assert counts.get(missed.module.own, 0) == missed.count < missed.usual
    assert sum(found.chosen.values()) >= sum(want.of for want in person.wants)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_told_in_every_language(report: Report, language: str) -> None:
    said = "\n".join(plain_findings(report, language))
    assert len(said) > 500
    assert f'<html lang="{language}">' in render(report, first=language)


def test_the_commands_of_the_report_are_ours(report: Report) -> None:
    for command in report.made.commands:
        name, *words = command.split()[1:]
        shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert shown.exit_code == 0
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.output


def test_without_the_data_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PACKAGE", "no_such_package_of_data")
    with pytest.raises(MissingExtra) as caught:
        demo.tables()
    assert caught.value.hint
    assert "trato[demo]" in caught.value.hint


def test_a_folder_that_cannot_be_made_is_said(some: Path, hand: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with DuckDBEngine() as engine, pytest.raises(FileNotReadable) as caught:
        demo.study(engine, some, tmp_path / "taken" / "out", hand=hand)
    assert "--out" in str(caught.value)


def test_the_command_prints_words_or_one_object(
    found: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "study", lambda *_, **__: found)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made").mkdir()
    told_in_words = CliRunner().invoke(app, ["demo", "--out", "made", "--lang", "es"])
    assert "ingresos, no valor" in " ".join(told_in_words.stdout.split())
    assert "made/report.html" in told_in_words.stdout
    result = CliRunner().invoke(app, ["demo", "--out", "made", "--lang", "pt", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["households"] == HOUSEHOLDS
    assert told["money"] == "revenue"
    assert told["appraisal"]["experience"]["kind"] == "target"
    assert told == json.loads((tmp_path / "made" / "summary.json").read_text())
    page = tmp_path / "made" / "report.html"
    assert '<html lang="pt">' in page.read_text()
    assert page.stat().st_mode & 0o077 == 0


def test_what_the_shop_says_is_complete() -> None:
    shop = read_shop(demo.settings() / "grocer.yaml")
    labels = read_labels(demo.settings() / "names.yaml")
    assert shop.fewest_purchases == 5000
    for names in (*labels.components.values(), *labels.modules.values(), *labels.facts.values()):
        assert set(names) == set(LANGUAGES)
        assert all(names.values())
    assert {component for component, _ in labels.modules} <= labels.components.keys()


def test_a_slip_in_what_the_shop_says_has_its_line(tmp_path: Path) -> None:
    text = (demo.settings() / "grocer.yaml").read_text()
    (tmp_path / "grocer.yaml").write_text(text.replace("currency:", "curency:"))
    with pytest.raises(BadDeclaration) as caught:
        read_shop(tmp_path / "grocer.yaml")
    assert "currency" in str(caught.value)


@pytest.mark.parametrize(
    ("own", "readable"),
    [
        ("DAIRY CASE FRUIT DRINKS (NO JU", "dairy case fruit drinks"),
        ("BREADINGS  COATINGS CRUMBS", "breadings coatings crumbs"),
        ("(", "("),
        ("Spaghetti No. 5", "Spaghetti No. 5"),
    ],
)
def test_labels_are_made_readable(own: str, readable: str) -> None:
    assert tidied(own) == readable

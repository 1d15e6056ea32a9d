"""A grocer's year: dog food, coffee and bread are bookshops, paper towels and fuel are petrol stations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from trato.batch.appraise import AppraisalReport, AppraisalTable, appraise_table
from trato.batch.choices import ChoicesTable
from trato.batch.duckdb_engine import DuckDBEngine

if TYPE_CHECKING:
    from pathlib import Path

    from trato.measure.appraise import Component

# Nats a choice and the hit rates of mass and one to one, as another implementation found them.
PUBLISHED = {
    "DOG FOODS": (0.69, 0.27, 0.60),
    "COFFEE": (0.58, 0.42, 0.56),
    "BAKED BREAD/BUNS/ROLLS": (0.40, None, None),
    "TROPICAL FRUIT": (0.07, None, None),
    "PAPER TOWELS": (0.006, 0.993, 0.993),
}
SEASONAL = ("GREETING CARDS/WRAP/PARTY SPLY", "BABY FOODS")


@pytest.fixture(scope="module")
def report(completejourney: Path, tmp_path_factory: pytest.TempPathFactory) -> AppraisalReport:
    lines = tmp_path_factory.mktemp("year") / "lines.parquet"
    kept = ", ".join(f"'{name}'" for name in (*PUBLISHED, *SEASONAL, "BREAD", "FUEL"))
    duckdb.sql(
        f"COPY (SELECT household_id, transaction_timestamp AS at, product_category, product_type "
        f"FROM '{completejourney}/transactions.parquet' JOIN '{completejourney}/products.parquet' "
        f"USING (product_id) WHERE product_category IN ({kept})) TO '{lines}'"
    )
    table = ChoicesTable(lines, "household_id", "product_category", "product_type", at="at")
    with DuckDBEngine() as engine:
        return appraise_table(engine, AppraisalTable(table))


def component(report: AppraisalReport, name: str) -> Component:
    return next(one for one in report.appraisal.components if one.name == name)


@pytest.mark.parametrize("name", ["DOG FOODS", "COFFEE", "BAKED BREAD/BUNS/ROLLS", "BREAD"])
def test_the_bookshop(report: AppraisalReport, name: str) -> None:
    assert component(report, name).worth_trying.rung == "one_to_one"


@pytest.mark.parametrize("name", ["TROPICAL FRUIT", "PAPER TOWELS", "FUEL"])
def test_the_petrol_station(report: AppraisalReport, name: str) -> None:
    assert component(report, name).worth_trying.rung == "mass"


def test_fuel_has_nothing_to_vary(report: AppraisalReport) -> None:
    assert component(report, "FUEL").worth_trying.reason == "one_module"


@pytest.mark.parametrize("name", PUBLISHED)
def test_gains_are_as_published(report: AppraisalReport, name: str) -> None:
    judged = component(report, name).judged
    assert judged is not None
    nats, mass, one = PUBLISHED[name]
    assert judged.ladder.one_to_one_over_mass.nats.mean == pytest.approx(nats, abs=0.02)
    if mass is not None and one is not None:
        assert judged.hits[0] == pytest.approx(mass, abs=0.01)
        assert judged.hits[2] == pytest.approx(one, abs=0.01)


@pytest.mark.parametrize("name", SEASONAL)
def test_tuned_on_a_later_window_the_past_is_not_trusted_too_much(report: AppraisalReport, name: str) -> None:
    judged = component(report, name).judged
    assert judged is not None
    assert judged.ladder.one_to_one_over_mass.nats.high > 0


def test_the_windows_are_thirds(report: AppraisalReport) -> None:
    assert report.tune_from is not None
    assert report.judge_from is not None
    span = report.last - report.first
    assert (report.judge_from - report.first) / span == pytest.approx(2 / 3, abs=1e-6)
    assert (report.tune_from - report.first) / span == pytest.approx(4 / 9, abs=1e-6)

"""A table of choices becomes counts, and beliefs and models survive as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trato.batch.beliefs import beliefs_table, read_model, read_weights, write_model
from trato.batch.choices import ChoicesTable, count_choices
from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.needs import NeedsTable, needs_table
from trato.batch.writing import write_table
from trato.differentiate.needs.choices import collect
from trato.differentiate.needs.learn import learn_needs
from trato.errors import BadDeclaration, BadInput, FileNotReadable, UnknownColumn

if TYPE_CHECKING:
    from pathlib import Path

    from trato.batch.choices import CountedChoices

HEADER = "who,what,which,when,times\n"


def counted(path: Path, text: str, *, at: str | None = "when", count: str | None = "times") -> CountedChoices:
    path.write_text(HEADER + text, encoding="utf-8")
    with DuckDBEngine() as engine:
        return count_choices(engine, ChoicesTable(path, "who", "what", "which", count=count, at=at))


def test_choices_are_counted_by_window(tmp_path: Path) -> None:
    rows = "".join(f"ana,bread,rye,2024-01-{day:02d},2\n" for day in range(1, 11))
    found = counted(tmp_path / "c.csv", rows + "bo,fuel,super,2024-01-01,0\n")
    assert found.edges is not None
    assert str(found.edges.judged)[:10] == "2024-01-07"
    assert str(found.edges.inner)[:10] == "2024-01-05"
    assert found.choices.window.tolist() == [0, 1, 2]
    assert found.choices.count.tolist() == [8, 4, 8]  # days 1-4, 5-6, 7-10; a count of nothing is no choice
    assert found.choices.customers.tolist() == ["ana"]


def test_without_count_each_row_is_one_choice_and_without_time_all_is_one_window(tmp_path: Path) -> None:
    rows = "ana,bread,rye,,9\nana,bread,rye,2024-01-01,9\nbo,bread,toast,2024-03-01,9\n"
    found = counted(tmp_path / "c.csv", rows, at=None, count=None)
    assert found.edges is None
    assert found.choices.count.tolist() == [2, 1]
    assert found.choices.window.tolist() == [0, 0]


def test_equal_dates_leave_no_later_window(tmp_path: Path) -> None:
    found = counted(tmp_path / "c.csv", "ana,bread,rye,2024-01-01,1\nbo,bread,rye,2024-01-01,1\n")
    assert found.edges is None
    assert found.choices.window.tolist() == [0, 0]


def test_rows_without_a_component_are_put_aside(tmp_path: Path) -> None:
    found = counted(
        tmp_path / "c.csv", "ana,bread,rye,2024-01-01,1\nana,,rye,2024-01-01,1\nana,b,r,2024-01-01,1.5\n"
    )
    assert (found.reading.rows, found.reading.kept) == (3, 1)
    assert [reject.line for reject in found.reading.rejects] == [3, 4]


@pytest.mark.parametrize("name", ["beliefs.csv", "beliefs.parquet"])
def test_beliefs_are_read_back(tmp_path: Path, name: str) -> None:
    choices = collect(["bo", "ana", "é"], ["bread"] * 3, ["rye", "toast", "rye"])
    needs = learn_needs(choices)
    table = beliefs_table(needs, choices.customers)
    assert table.column_names == ["customer", "need", "weight", "evidence", "need_1"]
    write_table(table, tmp_path / name)
    with DuckDBEngine() as engine:
        customers, weights = read_weights(engine, tmp_path / name)
    assert customers.tolist() == ["ana", "bo", "é"]
    assert weights == pytest.approx(needs.weights, abs=1e-6)


def test_what_is_no_file_of_beliefs_is_said(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    with DuckDBEngine() as engine:
        path.write_text("customer,weight\na,1\n")
        with pytest.raises(UnknownColumn, match="need_1"):
            read_weights(engine, path)
        path.write_text("customer,need_1\na,1\na,1\n")
        with pytest.raises(BadInput, match="'a' has more than one belief"):
            read_weights(engine, path)
        broken = tmp_path / "b.parquet"
        broken.write_bytes(b"no parquet")
        with pytest.raises(FileNotReadable):
            read_weights(engine, broken)


def test_a_model_file_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = learn_needs(collect(["bo", "ana"], ["bread"] * 2, ["rye", "toast"])).model
    path = tmp_path / "needs.model.json"
    write_model(model, path)
    again = read_model(path)
    assert again.version == model.version
    assert np.array_equal(again.log_profiles, model.log_profiles)
    path.write_text("[1]")
    with pytest.raises(BadDeclaration, match="no needs model"):
        read_model(path)
    path.write_text("{")
    with pytest.raises(FileNotReadable, match="not JSON"):
        read_model(path)


@pytest.fixture(scope="module")
def baskets(completejourney: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grocer's year as choices of categories in one basket, a tenth of the households."""
    products = pq.read_table(completejourney / "products.parquet", columns=["product_id", "product_category"])
    lines = pq.read_table(
        completejourney / "transactions.parquet",
        columns=["household_id", "product_id", "transaction_timestamp"],
        filters=[("household_id", "<=", 600)],
    )
    joined = lines.join(products, "product_id")
    table = joined.append_column("basket", pa.array(["basket"] * len(joined)))
    path = tmp_path_factory.mktemp("grocer") / "choices.parquet"
    pq.write_table(table, path)
    return path


def test_a_grocers_households_have_needs(baskets: Path) -> None:
    """Real households: needs and beliefs foresee later choices, and each need can be told apart."""
    asked = ChoicesTable(baskets, "household_id", "basket", "product_category", at="transaction_timestamp")
    with DuckDBEngine() as engine:
        report = needs_table(engine, NeedsTable(asked))
    assert report.needs.classes.converged
    assert not report.needs.classes.capped
    assert 2 <= report.needs.model.needs <= 8
    foresight = report.needs.foresight
    assert foresight is not None
    assert foresight.needs.low > 0.01
    assert foresight.belief.low > 0.2
    assert all(portrait.more or portrait.less for portrait in report.needs.portraits)

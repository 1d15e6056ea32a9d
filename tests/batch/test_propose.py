"""Whatever a table looks like, its columns are found or it is said why not; what is written is sound."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.batch.company import check_folder
from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.propose import must_be_legible, propose
from trato.company.folder import read_company
from trato.company.fresh import Answers, TableFound, write_folder
from trato.errors import BadInput, NotEnoughData

ANSWERS = Answers("Shop", "en", "EUR", "UTC", "person")
HEADERS = st.one_of(
    st.sampled_from(
        [
            *("customer", "Cliente", "card no", "e-mail", "date", "Fecha de compra", "bought_at", "total"),
            *("Importe (€)", "category", "Rubro", "product", "SKU", "qty", "cost", "id", "a,b", 'say "x"'),
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=6),
)
CELLS = st.one_of(
    st.sampled_from(
        [
            *("2025-01-03", "03/01/2025", "31/12/2024 10:00", "1.20", "1,20", "€ 3", "12", "bread", "rye"),
            *("c1", "c2", "", "NULL", "-1", "1.000,5"),
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=5),
)


@settings(max_examples=60)
@given(data=st.data())
def test_every_table_is_proposed_soundly_or_refused_clearly(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    width = data.draw(st.integers(1, 6))
    header = data.draw(st.lists(HEADERS, min_size=width, max_size=width))
    kinds = data.draw(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=width, max_size=width))
    rows = data.draw(st.integers(0, 8))
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(header)
    writer.writerows([cells[row % len(cells)] for cells in kinds] for row in range(rows))
    folder = tmp_path_factory.mktemp("made")
    table = folder / "table.csv"
    table.write_text(written.getvalue(), encoding="utf-8")
    with DuckDBEngine(threads=1) as engine:
        try:
            found = propose(table)
            must_be_legible(engine, table, found, None, None)
        except (BadInput, NotEnoughData):
            return
        described = TableFound("../table.csv", found.kind, found.identifier, found.columns)
        write_folder(folder / "shop", ANSWERS, described)
        company = read_company(folder / "shop")
        checked = check_folder(engine, folder / "shop")
    fields = company.sources.tables[f"{found.kind}s"].mapping.fields
    assert {one.path[0] for one in fields.values() if one.always is None} == set(found.columns.values())
    assert checked.sound


def test_a_column_whose_name_ends_with_a_blank_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("made")
    columns = {" customer ": ["a", "b", "a"], "date ": ["2025-01-01"] * 3, "total": ["1.5", "2.5", "1"]}
    pq.write_table(pa.table(columns), folder / "table.parquet")
    found = propose(folder / "table.parquet")
    assert found.columns == {"time": "date ", "customer": " customer ", "amount": "total"}
    write_folder(folder / "shop", ANSWERS, TableFound("../table.parquet", "purchase", "card", found.columns))
    with DuckDBEngine(threads=1) as engine:
        assert check_folder(engine, folder / "shop").faults == ()


def test_an_address_is_no_choice(tmp_path_factory: pytest.TempPathFactory) -> None:
    table = tmp_path_factory.mktemp("made") / "t.csv"
    lines = [f"k{n},k{n}@example.org,2024-0{1 + n % 9}-15,{n}.50,product {n % 5}" for n in range(30)]
    table.write_text("\n".join(["customer,email,date,amount,product", *lines]))
    found = propose(table).columns
    assert "email" not in found.values()
    assert ("component" in found) == ("module" in found)

"""Tables read in place: what is kept, what is put aside, and what is said."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato import errors
from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.engine import Column, Reading, Source
from trato.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

ALL = Step("all", "SELECT * FROM t", ("t",))
COLUMNS = (Column("customer", "who", "text"), Column("at", "when", "time"), Column("amount", "paid", "money"))


def read(
    path: Path,
    columns: tuple[Column, ...] = COLUMNS,
    *,
    dates: str | None = None,
    decimal: str | None = None,
) -> tuple[Reading, list[dict[str, object]]]:
    with DuckDBEngine() as engine:
        reading = engine.read(Source(path, "t", columns, dates=dates, decimal=decimal))
        return reading, engine.run(ALL).to_pylist()


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_good_rows_come_with_exact_money(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "who,when,paid\nana,2024-05-01 10:30:00,0.10\nbo,2024-05-02,0.20\n")
    reading, rows = read(table)
    assert (reading.rows, reading.kept, reading.rejects) == (2, 2, ())
    assert rows[0] == {"customer": "ana", "at": datetime(2024, 5, 1, 10, 30), "amount": Decimal("0.1000")}  # noqa: DTZ001
    assert sum(row["amount"] for row in rows) == Decimal("0.3")  # type: ignore[misc]  # a row's cells are of several types


def test_bad_rows_are_put_aside_with_file_line_and_reason(tmp_path: Path) -> None:
    table = write(
        tmp_path / "a.csv",
        'who;when;paid\nana;2024-05-01;1\n\n"b\no";2024-05-02;2\n;2024-05-03;3\nbo;some day;4\n'
        "bo;2024-05-05;five\nbo;2024-05-06;6;7\nbo;2024-05-07;8\n",
    )
    reading, rows = read(table)
    assert [row["customer"] for row in rows] == ["ana", "b\no", "bo"]
    assert (reading.rows, reading.kept, reading.rejected) == (7, 3, 4)
    assert [(r.line, r.column, r.reason) for r in reading.rejects] == [
        (6, "who", "empty"),
        (7, "when", "not a date"),
        (8, "paid", "not an amount"),
        (9, "row", "4 cells instead of 3"),
    ]
    assert {r.file for r in reading.rejects} == {str(table)}


def test_parquet_rows_are_put_aside_by_number(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"who": [900.0, None, 902.0], "when": ["2024-01-01"] * 3, "paid": [1.5, 2.5, float("nan")]}),
        path,
    )
    reading, rows = read(path)
    assert [row["customer"] for row in rows] == ["900"]
    assert [(r.line, r.column) for r in reading.rejects] == [(2, "who"), (3, "paid")]


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("empty.csv", "", errors.EmptyTable, "empty"),
        ("header.csv", "who,when,paid\n", errors.EmptyTable, "no row"),
        ("other.csv", "Who,when,paid\na,2024-01-01,1\n", errors.UnknownColumn, "did you mean 'Who'"),
        ("twice.csv", "who,when,paid,paid\na,2024-01-01,1,2\n", errors.AmbiguousColumn, "more than once"),
        ("bad.csv", "who,when,paid\na,never,1\n", errors.NoUsableRow, "not a date: 'never'"),
        ("bytes.csv", "PK\x03\x04\0\0", errors.FileNotReadable, "not a text table"),
        ("no.parquet", "who", errors.FileNotReadable, "not a Parquet file"),
        ("no.csv.gz", "who", errors.FileNotReadable, "damaged"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, content: str, error: type[errors.TratoError], says: str
) -> None:
    table = write(tmp_path / name, content)
    with pytest.raises(error) as raised:
        read(table)
    assert says in str(raised.value)
    assert str(table) in str(raised.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "sales.csv", "who\n")
    with pytest.raises(errors.FileNotReadable, match=r"sales\.csv"):
        read(tmp_path / "sale.csv")
    with pytest.raises(errors.FileNotReadable, match="folder"):
        read(tmp_path)


def test_dates_that_can_be_read_two_ways_are_asked_about(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "who,when,paid\na,1/2/2024,1\nb,3/4/2024,1\n")
    with pytest.raises(errors.AmbiguousColumn, match="day-first"):
        read(table)
    assert read(table, dates="day-first")[1][0]["at"] == datetime(2024, 2, 1)  # noqa: DTZ001
    assert read(table, dates="month-first")[1][0]["at"] == datetime(2024, 1, 2)  # noqa: DTZ001
    assert read(table, dates="%m/%d/%Y")[1][1]["at"] == datetime(2024, 3, 4)  # noqa: DTZ001
    with pytest.raises(errors.BadOption):
        read(table, dates="european")


@pytest.mark.parametrize(
    "when", ["31/12/2024", "12/31/24", "31.12.2024 00:00", "2024-12-31T00:00:00Z", "20241231", "2024/12/31"]
)
def test_usual_dates_are_found_out(tmp_path: Path, when: str) -> None:
    table = write(tmp_path / "a.csv", f"who,when,paid\na,{when},1\n")
    assert read(table)[1][0]["at"] == datetime(2024, 12, 31)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("paid", "value"),
    [
        ("1.234,56", "1234.56"),
        ("€ 12,5", "12.5"),
        ("1,234.56", "1234.56"),
        ("$3", "3"),
        ("-0.5", "-0.5"),
        ("R$ 7,10", "7.1"),
    ],
)
def test_usual_numbers_are_found_out(tmp_path: Path, paid: str, value: str) -> None:
    table = write(tmp_path / "a.csv", f"who;when;paid\na;2024-12-31;{paid}\n")
    assert read(table)[1][0]["amount"] == Decimal(value)


def test_a_leading_zero_marks_no_thousands(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "who;when;paid\na;2024-12-31;0.125\nb;2024-12-31;0.250\n")
    assert [row["amount"] for row in read(table)[1]] == [Decimal("0.125"), Decimal("0.25")]


def test_an_amount_that_can_be_read_two_ways_is_asked_about(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "who;when;paid\na;2024-12-31;1,234\n")
    with pytest.raises(errors.AmbiguousColumn, match="--decimal"):
        read(table)
    assert read(table, decimal="comma")[1][0]["amount"] == Decimal("1.234")
    assert read(table, decimal="point")[1][0]["amount"] == Decimal(1234)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings_are_found_out(tmp_path: Path, encoding: str) -> None:
    table = write(tmp_path / "a.csv", "quién,when,paid\nNúñez,2024-12-31,1\n", encoding)
    columns = (Column("customer", "quién", "text"), *COLUMNS[1:])
    assert read(table, columns)[1][0]["customer"] == "Núñez"


def test_gzip_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"who,when,paid\na,2024-12-31,1\nb,x,1\n"))
    reading, rows = read(path)
    assert len(rows) == 1
    assert reading.rejects[0].line == 3


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "a'; DROP TABLE t; --[x]*.csv"
    header = 'x"; SELECT 1; --'
    write(path, '"' + header.replace('"', '""') + '",when,paid\na,2024-12-31,1\n')
    columns = (Column("customer", header, "text"), *COLUMNS[1:])
    assert read(path, columns)[1][0]["customer"] == "a"
    pq.write_table(
        pa.table({header: ["a"], "when": ["2024-12-31"], "paid": [1]}), path.with_suffix(".parquet")
    )
    assert read(path.with_suffix(".parquet"), columns)[1][0]["customer"] == "a"


def test_an_optional_column_may_be_empty_or_absent(tmp_path: Path) -> None:
    table = write(
        tmp_path / "a.csv", "who,when,paid,cost\na,2024-12-31,1,\nb,2024-12-31,1,x\nc,2024-12-31,1,2\n"
    )
    reading, rows = read(table, (*COLUMNS, Column("cost", "cost", "money", optional=True)))
    assert [row["cost"] for row in rows] == [None, Decimal(2)]
    assert reading.rejects[0].value == "x"
    _, rows = read(table, (*COLUMNS, Column("cost", None, "money", optional=True)))
    assert [row["cost"] for row in rows] == [None, None, None]


@given(st.lists(st.tuples(st.text(max_size=5), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_every_row_is_kept_or_put_aside(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, bool, bool]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("law") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["who", "when", "paid"])
        writer.writerow(["sure", "2024-01-01", "1"])
        for who, dated, paid in cells:
            clean = "".join(c for c in who if c.isprintable())
            writer.writerow([clean, "2024-01-01" if dated else "soon", "1" if paid else "much"])
    reading, rows = read(path)
    assert reading.rows == len(cells) + 1
    assert reading.kept == len(rows)
    assert len(reading.rejects) == reading.rejected
    wrong = [n for n, (who, dated, paid) in enumerate(cells, 3) if not (_printable(who) and dated and paid)]
    assert [r.line for r in reading.rejects] == wrong


def _printable(who: str) -> bool:
    return bool("".join(c for c in who if c.isprintable()).strip())

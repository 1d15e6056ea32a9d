"""The tables that a folder names are looked into; what does not fit is said at the line that asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.company.folders import FILES, GROCER, SALES, altered, shop
from trato.batch.company import check_folder, locate, sources_of
from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.engine import Column
from trato.company.folder import told_relative
from trato.errors import FileNotReadable
from trato.interact.mapping import TableFile

if TYPE_CHECKING:
    from pathlib import Path

    from trato.batch.company import Checked


def check(folder: Path, *, rows: bool = True) -> tuple[Checked, list[str]]:
    """What came of the check, and every fault as `file:line: message (hint)`, remarks in brackets."""
    with DuckDBEngine(threads=1) as engine:
        found = check_folder(engine, folder, rows=rows)
    told = [str(told_relative(fault, folder)).replace(f"{folder}/", "") for fault in found.faults]
    return found, [one if fault.grave else f"[{one}]" for one, fault in zip(told, found.faults, strict=True)]


def test_a_sound_folder_has_no_fault(tmp_path: Path) -> None:
    found, told = check(shop(tmp_path / "shop"))
    assert told == []
    assert found.sound
    assert [(table.rows, table.kept) for table in found.tables] == [(3, 3)]


def test_the_example_is_sound_with_its_tables() -> None:
    found, told = check(GROCER)
    assert found.sound, told
    purchases = next(table for table in found.tables if table.name == "purchases")
    assert purchases.rows == purchases.kept == 1_469_307


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        (
            "module: product",
            "module: prodcut",
            (
                "sources.yaml:10: sales.csv has no column 'prodcut' (did you mean 'product'? The "
                "columns are: card_no, bought, aisle, product, paid)"
            ),
        ),
        (
            "file: sales.csv",
            "file: sale.csv",
            "sources.yaml:3: sale.csv: there is no such file (did you mean sales.csv?)",
        ),
        (
            "file: sales.csv",
            "file: {package: no_such_package, path: a.csv}",
            "sources.yaml:3: the Python package 'no_such_package' is not installed (install it with pip)",
        ),
        (
            "file: sales.csv",
            "file: {package: a/b, path: a.csv}",
            "sources.yaml:3: the Python package 'a/b' is not installed (install it with pip)",
        ),
        (
            "amount: paid",
            "amount: product",
            "sources.yaml:3: sales.csv: none of the 3 rows can be used",
        ),
        (
            "touchpoint: till",
            "touchpoint: {from: aisle, values: {bread: till}}",
            (
                "sources.yaml:6: the column 'aisle' says 'milk' in 1 rows: no touchpoint (say which it is: "
                "values: {milk: …})"
            ),
        ),
        (
            "amount: paid",
            "purpose: aisle",
            "sources.yaml:11: the column 'aisle' says 'bread' in 2 rows: no purpose (say which it is",
        ),
        (
            "amount: paid",
            "state: {from: aisle, values: {bread: granted}}",
            "sources.yaml:11: the column 'aisle' says 'milk' in 1 rows: no state (say which it is: values:",
        ),
        (
            "component: aisle",
            "component: {from: aisle, values: {Bread: bread}}",
            "[sources.yaml:9: 'Bread' never occurs in the column 'aisle' (did you mean 'bread'?)]",
        ),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, was: str, becomes: str, complaint: str) -> None:
    _, told = check(shop(tmp_path / "shop", **altered("sources.yaml", was, becomes)))
    assert any(one.startswith(complaint) for one in told), told


@pytest.mark.parametrize(
    ("was", "becomes", "remark"),
    [
        (
            "{rye: 2}",
            "{rey: 2}",
            "[needs.yaml:6: the module 'rey' of 'bread' was never seen (did you mean 'rye'?)]",
        ),
        ("bread:", "braed:", "[needs.yaml:6: no table has the component 'braed' (did you mean 'bread'?)]"),
    ],
)
def test_a_module_never_seen_is_a_remark(tmp_path: Path, was: str, becomes: str, remark: str) -> None:
    found, told = check(shop(tmp_path / "shop", **altered("needs.yaml", was, becomes)))
    assert told == [remark]
    assert found.sound
    assert check(shop(tmp_path / "shop", **altered("needs.yaml", was, becomes)), rows=False)[1] == []


def test_a_component_that_is_always_the_same_is_seen(tmp_path: Path) -> None:
    always = altered("sources.yaml", "component: aisle", "component: {always: bread}")
    assert check(shop(tmp_path / "shop", **always))[1] == []


def test_rows_that_cannot_be_read_are_a_remark(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "sales.csv").write_text(SALES + "3,someday,bread,rye,1.00\n", encoding="utf-8")
    found, told = check(folder)
    assert told == [
        (
            "[sources.yaml:8: 1 of 4 rows of sales.csv cannot be read: line 5: bought: not a date (they "
            "will be put aside, and told)]"
        )
    ]
    assert found.sound


def test_dates_that_can_be_read_two_ways_ask_for_the_key(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "sales.csv").write_text(SALES.replace("2025-0", "0").replace(" 1", "/2025 1"), encoding="utf-8")
    told = check(folder)[1]
    assert told[0].startswith(
        "sources.yaml:8: sales.csv: 'bought' can be read as day-first and as month-first"
    )
    assert told[0].endswith("(say which: dates: day-first (or month-first))")


def test_times_with_an_offset_must_be_said_to_be_utc(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    zoned = SALES.replace("10:00", "10:00:00+01:00").replace("11:30", "11:30:00Z")
    (folder / "sales.csv").write_text(zoned, encoding="utf-8")
    told = check(folder)[1]
    assert told == [
        (
            "sources.yaml:8: the times in 'bought' have an offset, such as '2025-01-01 10:00:00+01:00' "
            "(they are read in UTC: say time_zone: UTC for this table)"
        )
    ]
    said = altered("sources.yaml", "    time: bought", "    time_zone: UTC\n    time: bought")
    shop(folder, **said)
    (folder / "sales.csv").write_text(zoned, encoding="utf-8")
    assert check(folder)[1] == []


def test_a_look_up_is_looked_into_as_well(tmp_path: Path) -> None:
    text = FILES["sources.yaml"].replace("    component: aisle\n    module: product\n", "")
    on = "{here: product, there: sku}"
    text += f"    look_ups:\n      goods: {{file: goods.csv, on: {on}, component: a, module: b}}\n"
    folder = shop(tmp_path / "shop", sources=text)
    (folder / "goods.csv").write_text("sku,a,b\nrye,bread,rye\nwheat,bread,wheat\n", encoding="utf-8")
    found, told = check(folder)
    assert told == []
    table, goods = sources_of(folder, found.company.sources.tables["sales"])
    assert (table.name, goods.name) == ("sales", "sales_goods")
    assert Column("on_goods", "product", "text", True) in table.columns
    assert goods.columns[-1] == Column("on_goods", "sku", "text", False)
    (folder / "goods.csv").write_text("skv,a,b\nrye,bread,rye\n", encoding="utf-8")
    assert check(folder)[1][0].startswith("sources.yaml:11: goods.csv has no column 'sku'")


def test_a_header_said_twice_and_an_empty_table_are_said(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    (folder / "sales.csv").write_text("card_no,bought,aisle,product,paid,paid\n", encoding="utf-8")
    assert check(folder)[1] == [
        "sources.yaml:11: sales.csv has two columns 'paid' (rename one of them there)"
    ]
    (folder / "sales.csv").write_text("card_no,bought,aisle,product,paid\n", encoding="utf-8")
    assert check(folder)[1][0].startswith("sources.yaml:3: sales.csv: the table has a header but no row")


def test_a_table_is_found_beside_the_folder_and_in_a_package(tmp_path: Path) -> None:
    assert locate(tmp_path, TableFile("a.csv")) == tmp_path / "a.csv"
    assert locate(tmp_path, TableFile("py.typed", "trato")).is_file()
    with pytest.raises(FileNotReadable, match="not installed"):
        locate(tmp_path, TableFile("a", "no_such_package"))

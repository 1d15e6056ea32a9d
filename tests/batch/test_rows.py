# ruff: noqa: DTZ001 - wall clocks without a zone are what is tested
"""Rows understood column by column against `understand_row`, row by row."""

from __future__ import annotations

import csv
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.gathered import Gathered, gather, once_a_record
from trato.batch.rows import OneByOne, read_rows
from trato.batch.zones import days_in, in_utc
from trato.company.folder import read_company
from trato.errors import AmbiguousKey, NoUsableRow
from trato.interact.interactions import Interaction

if TYPE_CHECKING:
    from trato.interact.mapping import Table

PAGES = {
    "company.yaml": """
name: {en: Shop}
languages: [en]
currency: EUR
minor_units: MINOR
rounding: ROUNDING
time_zone: America/New_York
""",
    "purposes.yaml": """
purposes:
  service:
    labels: {en: Selling to you}
    legal_basis: contract
    fields: [card]
    retention_days: 10
  learning:
    labels: {en: Learning}
    legal_basis: consent
    profiling: true
    fields: [card]
    retention_days: 10
""",
    "touchpoints.yaml": """
touchpoints:
  till: {label: {en: till}, channel: store}
  web: {label: {en: web}, channel: web}
""",
    "sources.yaml": """
tables:
  sales:
    file: sales.csv
    dates: "%Y-%m-%d %H:%M:%S"
    decimal: point
    time_zone: Europe/Madrid
    kind: KIND
    purposes: [service, learning]
    learns: true
    touchpoint: {from: where, values: {shop: till}}
    customer: {card: card, email: mail}
    household: card
    id: line
    time: at
    component: group
    module: {from: item, values: {rye: brown bread}}
    count: pieces
    unit_price: each
    cost: cost
    currency: money
    look_ups:
      goods:
        file: goods.csv
        on: item
        more_choices:
          - component: {always: BASKET}
            module: family
""",
}
HEADER = ["line", "where", "card", "mail", "at", "group", "item", "pieces", "each", "cost", "money"]


def shop(folder: Path, kind: str, minor: int, rounding: str) -> Table:
    for name, text in PAGES.items():
        said = text.replace("KIND", kind).replace("MINOR", str(minor)).replace("ROUNDING", rounding)
        (folder / name).write_text(said)
    return read_company(folder).sources.tables["sales"]


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


cells = st.tuples(
    st.sampled_from(["", "1", "2", "3", "4", "5", "6"]),  # line
    st.sampled_from(["shop", "web", " web ", "nowhere", ""]),
    st.sampled_from(["a", "b", "c ", "", "n/a", "A"]),
    st.sampled_from(["", "x@y.z", "X@Y.Z", "no address"]),
    st.datetimes(datetime(2024, 3, 9), datetime(2024, 11, 4)).map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}"),
    st.sampled_from(["bread", "", "tea"]),
    st.sampled_from(["rye", "white", "black\u00a0", ""]),
    st.sampled_from(["", "0", "1", "2", "7", "9000000000000000000"]),
    st.sampled_from(["", "1.005", "2.675", "-0.5", "0", "3", "99999999999999.9999", "0.0001"]),
    st.sampled_from(["", "1", "0.0050", "0.015", "-2"]),
    st.sampled_from(["", "EUR", "eur", "USD"]),
).map(list)
good = ["", "shop", "a", "", "2024-05-05 10:00:00", "bread", "rye", "1", "1", "", ""]


def same(one: Gathered, other: Gathered) -> None:
    """Both tell the same, whatever numbers they use for groups and choices, in any order."""

    def plain(rows: Gathered) -> list[tuple[object, ...]]:
        chosen: dict[int, list[tuple[str, str]]] = {}
        for row, choice in zip(rows.choice_row.tolist(), rows.choice.tolist(), strict=True):
            chosen.setdefault(row, []).append(rows.choices[choice])
        columns = [
            getattr(rows, column.name).tolist()
            for column in fields(rows)
            if column.name not in {"groups", "group", "choices", "choice", "choice_row"}
        ]
        return sorted(
            (
                *(str(cell) for cell in row),
                str([(i.kind, i.normalised) for i in rows.groups[group]]),
                str(sorted(chosen.get(place, []))),
            )
            for place, (group, *row) in enumerate(zip(rows.group.tolist(), *columns, strict=True))
        )

    assert plain(one) == plain(other)


@given(
    rows=st.lists(cells, max_size=25),
    kind=st.sampled_from(["purchase", "return", "choice", "view", "contact", "statement"]),
    minor=st.sampled_from([0, 2, 3, 4]),
    rounding=st.sampled_from(["half_even", "half_up"]),
    as_parquet=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_columns_say_what_rows_say(
    rows: list[list[str]], kind: str, minor: int, rounding: str, as_parquet: bool
) -> None:
    with TemporaryDirectory() as place, DuckDBEngine() as engine:
        folder = Path(place)
        table = shop(folder, kind, minor, rounding)
        write(folder / "sales.csv", HEADER, [good, *rows])
        write(
            folder / "goods.csv", ["item", "family"], [["rye", "bakery"], ["white", "bakery "], ["tea", "x"]]
        )
        if as_parquet:
            cast = pa.table({name: [row[i] for row in [good, *rows]] for i, name in enumerate(HEADER)})
            pa.parquet.write_table(cast, folder / "sales.parquet")
            (folder / "sources.yaml").write_text(
                (folder / "sources.yaml").read_text().replace("sales.csv", "sales.parquet")
            )
            table = read_company(folder).sources.tables["sales"]
        found = read_rows(engine, folder, table)
        slow = OneByOne(engine, folder, table)
        kept = [one for one in slow if isinstance(one, Interaction)]
        refused = slow.rejects()
        # A record said twice may first be refused and then be said well: the first good one counts.
        good_rows = once_a_record(gather(kept, ZoneInfo("America/New_York")))
        if all(one.record is None for one in kept) or not refused:
            same(found.rows, good_rows)
        assert len(found.rows.at) == len(good_rows.at)
        assert sorted((r.line, r.reason) for r in found.rejects) == sorted(
            (r.line, r.reason) for r in refused
        )


def test_a_reject_is_told_with_its_line_and_reason(tmp_path: Path) -> None:
    table = shop(tmp_path, "purchase", 2, "half_even")
    bad = [*good]
    bad[1] = "shopp"
    unread = [*good]
    unread[4] = "yesterday"
    write(tmp_path / "sales.csv", HEADER, [good, bad, unread, [], good])
    write(tmp_path / "goods.csv", ["item", "family"], [["rye", "bakery"]])
    with DuckDBEngine() as engine:
        found = read_rows(engine, tmp_path, table)
    assert [(r.line, r.column) for r in sorted(found.rejects, key=lambda r: r.line)] == [
        (3, "where"),
        (4, "at"),
    ]
    assert any("no touchpoint 'shopp'" in r.reason for r in found.rejects)
    assert len(found.rows.at) == 2


def test_a_look_up_that_says_two_things_is_refused(tmp_path: Path) -> None:
    table = shop(tmp_path, "purchase", 2, "half_even")
    write(tmp_path / "sales.csv", HEADER, [good])
    with DuckDBEngine() as engine:
        write(tmp_path / "goods.csv", ["item", "family"], [["rye", "bakery"], ["rye", "bakery"]])
        assert len(read_rows(engine, tmp_path, table).rows.at) == 1
        write(tmp_path / "goods.csv", ["item", "family"], [["rye", "bakery"], ["rye", "sweets"]])
        with pytest.raises(AmbiguousKey, match="'rye'"):
            read_rows(engine, tmp_path, table)
        write(tmp_path / "sales.csv", HEADER, [["", "", "", "", "never", "", "", "", "", "", ""]])
        with pytest.raises(NoUsableRow):
            read_rows(engine, tmp_path, table)


@given(
    st.lists(st.datetimes(datetime(1960, 1, 1), datetime(2037, 12, 31)), min_size=1),
    st.sampled_from(
        ["UTC", "Europe/Madrid", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu"]
    ),
)
@settings(deadline=None)
def test_many_moments_are_read_as_one_is(moments: list[datetime], name: str) -> None:
    zone = ZoneInfo(name)
    utc = ZoneInfo("UTC")
    wall = np.array(moments, dtype="datetime64[us]").astype(np.int64)
    found, meant = in_utc(wall, zone)
    assert meant.all()
    expected = [at.replace(tzinfo=zone).astimezone(utc).replace(tzinfo=None) for at in moments]
    assert found.tolist() == np.array(expected, dtype="datetime64[us]").astype(np.int64).tolist()
    days = [date.fromordinal(date(1970, 1, 1).toordinal() + day) for day in days_in(wall, zone).tolist()]
    assert days == [at.replace(tzinfo=utc).astimezone(zone).date() for at in moments]


def test_years_without_meaning_there_are_told() -> None:
    wall = np.array([datetime(1, 1, 1), datetime(2024, 1, 1)], dtype="datetime64[us]").astype(np.int64)
    _, meant = in_utc(wall, ZoneInfo("Asia/Tokyo"))
    assert meant.tolist() == [False, True]

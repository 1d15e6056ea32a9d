"""sources.yaml is read into mappings, and what cannot be meant is said at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interact.mapped import sources
from trato.interact.mapping import ColumnRole

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """\
tables:
  sales:
    file: sales.csv
    kind: purchase
    purposes: [service]
    touchpoint: till
    customer: {card: card_no}
    time: bought
    amount: paid
"""

EVENT = """\
events:
  Order Completed:
    kind: purchase
    purposes: [service]
    touchpoint: web
    customer: {user_id: userId, email: context.traits.email}
    time: timestamp
    component: properties.products[].category
    module: properties.products[].name
"""


def test_a_table_says_which_columns_to_read(tmp_path: Path) -> None:
    more = """\
    component: {from: aisle, values: {A1: bread}}
    look_ups:
      products:
        file: {package: shop_data, path: products.csv}
        on: {here: sku, there: number}
        module: name
"""
    found, complaints = sources(tmp_path, TABLE + more)
    assert complaints == []
    table = found.tables["sales"]
    assert table.columns() == (
        ColumnRole("customer_card", "card_no", "text", False),
        ColumnRole("time", "bought", "time", False),
        ColumnRole("component", "aisle", "text", True),
        ColumnRole("amount", "paid", "money", False),
        ColumnRole("on_products", "sku", "text", True),
    )
    assert table.columns("products") == (
        ColumnRole("module", "name", "text", True),
        ColumnRole("on_products", "number", "text", False),
    )
    assert table.mapping.learns
    assert table.mapping.required == ("time", "touchpoint", "amount")


def test_one_of_several_identifiers_may_be_empty(tmp_path: Path) -> None:
    found, _ = sources(tmp_path, TABLE.replace("{card: card_no}", "{card: card_no, email: mail}"))
    optional = {one.role: one.optional for one in found.tables["sales"].columns()}
    assert optional["customer_card"]
    assert optional["customer_email"]


def test_an_event_is_found_by_its_call_and_name(tmp_path: Path) -> None:
    more = """\
  Signed up:
    call: identify
    kind: other
    purposes: [service]
    touchpoint: web
    customer: {user_id: userId}
    time: timestamp
  prices:
    call: page
    event: Price list
    kind: other
    purposes: [service]
    touchpoint: web
    customer: {user_id: userId}
    time: timestamp
"""
    found, complaints = sources(tmp_path, EVENT + more)
    assert complaints == []

    def named(event: dict[str, object]) -> str | None:
        mapped = found.of_event(event)
        return mapped.name if mapped else None

    assert named({"type": "track", "event": "Order Completed"}) == "Order Completed"
    assert named({"type": "track", "event": "order completed"}) is None
    assert named({"type": "identify"}) == "Signed up"
    assert named({"type": "page", "name": "Price list"}) == "prices"
    assert named({"type": "page", "name": ["Price list"]}) is None
    assert named({}) is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (
            TABLE.replace("touchpoint: till", "touchpoint: tilll"),
            "6: there is no touchpoint 'tilll' (did you",
        ),
        (TABLE.replace("kind: purchase", "kind: purchases"), "4: 'purchases' is not one of purchase, return"),
        (TABLE.replace("card_no", "''"), "7: this text is empty (say something, or remove the key)"),
        (TABLE.replace("{card: card_no}", "{}"), "7: this section needs at least 1"),
        (TABLE.replace("{card: card_no}", "{Loyalty Card: x}"), "7: 'Loyalty Card' cannot be a name here"),
        (TABLE.replace("[service]", "[]"), "5: this list needs at least 1"),
        (TABLE + "    unit_price: price\n", "10: amount and unit_price say the same twice (keep one"),
        (TABLE + "    module: sku\n", "2: module is mapped without component (say in what"),
        (TABLE + "    component: aisle\n", "2: component is mapped without module"),
        (TABLE + "    time_zone: Europe/Madrdi\n", "10: there is no time zone 'Europe/Madrdi' (did you mean"),
        (TABLE + "    count: {always: many}\n", "10: count: 'many' is not a number"),
        (TABLE + "    count: {from: a, always: 2}\n", "10: count needs either 'from' or 'always'"),
        (TABLE + "    count: {from: a, values: {b: c}}\n", "10: count is a count, and only texts"),
        (TABLE.replace("    amount: paid\n", ""), "2: a purchase needs amount, or component and module"),
        (TABLE.replace("kind: purchase", "kind: view"), "2: a view needs component and module"),
        (EVENT.replace("products[].name", "items[].name"), "2: the paths go through different lists"),
        (EVENT.replace("products[].name", "products[].sizes[].name"), "is no path into an event"),
        (EVENT.replace("userId", "user..Id"), "'user..Id' is no path into an event"),
        (EVENT + "    call: identify\n    event: x\n", "11: identify calls have no name"),
        (
            EVENT + "  two:\n" + EVENT.split("\n", 2)[2] + "    event: Order Completed\n",
            "mapped a second time",
        ),
        (TABLE + "    values: {Name: x}\n", "10: 'Name' cannot be a name here"),
        (TABLE + "    values: {name: {values: {a: b}}}\n", "10: value_name needs either 'from' or 'always'"),
        (TABLE + "    purpose: why\n", "10: only a permission has a purpose (say kind: permission)"),
        (TABLE.replace("kind: purchase", "kind: permission"), "2: a permission needs purpose and state"),
        (TABLE + "    state: {from: x, values: {1: yes}}\n", "10: 'yes' is not one of granted, withdrawn"),
        (TABLE + "    state: {always: given}\n", "10: 'given' is not one of granted, withdrawn"),
        ("tables: {}\n", "1: no source is declared"),
        ("tables: [a]\n", "1: expected keys with values, found a list"),
        (TABLE + EVENT.replace("web\n", "{from: a, values: {b: wbe}}\n"), "there is no touchpoint 'wbe'"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_line(tmp_path: Path, written: str, complaint: str) -> None:
    _, complaints = sources(tmp_path, written)
    assert any(complaint in one for one in complaints), complaints


def test_a_key_with_a_point_is_quoted(tmp_path: Path) -> None:
    found, complaints = sources(tmp_path, EVENT.replace("time: timestamp", "time: 'context.\"a.b\".at'"))
    assert complaints == []
    mapped = found.of_event({"type": "track", "event": "Order Completed"})
    assert mapped is not None
    assert mapped.fields["time"].path == ("context", "a.b", "at")

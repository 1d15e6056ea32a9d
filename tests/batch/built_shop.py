"""A company folder with a table, a table of permissions and events, small enough to build in a test."""

from __future__ import annotations

import csv
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from trato.batch.build import BuildReport, build
from trato.batch.duckdb_engine import DuckDBEngine
from trato.company.folder import Company, read_company
from trato.customers.identifiers import identifier
from trato.differentiate.known import MoneyDay, add_days
from trato.differentiate.needs.beliefs import add
from trato.interact.receive import Received, receive
from trato.permission.permit import read_permit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from trato.batch.door import Door
    from trato.customers.customer import CustomerId
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

MASTER_KEY = bytes(range(32))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = datetime(2025, 1, 6, 9)  # noqa: DTZ001 - written into a table, without a zone

COMPANY = """
name: {en: Shop}
languages: [en]
currency: EUR
time_zone: Europe/Madrid
unit: UNIT
"""
PURPOSES = """
purposes:
  service:
    labels: {en: Selling to you}
    legal_basis: contract
    fields: [card, name]
    retention_days: 900
  suggestions:
    labels: {en: Learning}
    legal_basis: consent
    profiling: true
    fields: [card]
    retention_days: 900
"""
TOUCHPOINTS = """
touchpoints:
  till: {label: {en: till}, channel: store}
  web: {label: {en: web}, channel: web}
"""
TABLES = """
tables:
  sales:
    file: sales.csv
    kind: purchase
    purposes: [service, suggestions]
    touchpoint: till
    customer: {card: card}
    household: home
    id: line
    time: at
    component: group
    module: item
    count: pieces
    amount: paid
    cost: cost
  consent:
    file: consent.csv
    kind: permission
    purposes: [suggestions]
    touchpoint: till
    customer: {card: card}
    time: at
    purpose: {always: suggestions}
    state: said
"""
EVENTS = """
events:
  Order Completed:
    kind: purchase
    purposes: [service, suggestions]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    component: properties.products[].category
    module: properties.products[].name
    count: properties.products[].quantity
    unit_price: properties.products[].price
  Order Refunded:
    kind: return
    purposes: [service, suggestions]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    amount: properties.total
  Consent Changed:
    kind: permission
    purposes: [suggestions]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    purpose: {always: suggestions}
    state: properties.state
"""
MODULES = {"bread": ("rye", "white", "corn"), "tea": ("green", "black"), "fruit": ("apple", "pear", "fig")}


def shop(folder: Path, *, tables: bool = True, unit: str = "person", needs_from: str = "") -> Company:
    """The folder, without the tables' files; needs are learned from one component, or from all."""
    folder.mkdir(exist_ok=True)
    told_by = f"needs_from: [{needs_from}]\n" if needs_from else ""
    (folder / "company.yaml").write_text(COMPANY.replace("UNIT", unit) + told_by)
    (folder / "purposes.yaml").write_text(PURPOSES)
    (folder / "touchpoints.yaml").write_text(TOUCHPOINTS)
    (folder / "sources.yaml").write_text((TABLES if tables else "") + EVENTS)
    return read_company(folder)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def sales(customers: int = 40, seed: int = 3) -> list[list[object]]:
    """Two sorts of customers, who come for different things, over a year."""
    rng = np.random.default_rng(seed)
    rows: list[list[object]] = []
    for customer in range(customers):
        for _ in range(int(rng.integers(1, 16))):
            group = str(rng.choice(list(MODULES)))
            names = MODULES[group]
            item = names[0] if rng.random() < (0.85 if customer % 2 else 0.15) else str(rng.choice(names[1:]))
            at = FIRST + timedelta(hours=int(rng.integers(0, 24 * 360)))
            paid = int(rng.integers(50, 4000)) / 100
            rows.append(
                [
                    len(rows),
                    f"c{customer}",
                    f"h{customer // 2}",
                    at,
                    group,
                    item,
                    1,
                    paid,
                    round(paid * 0.6, 2),
                ]
            )
    return rows


SALES = ("line", "card", "home", "at", "group", "item", "pieces", "paid", "cost")
CONSENT = ("card", "at", "said")


def write_tables(folder: Path, rows: list[list[object]] | None = None, *, saying_yes: int = 30) -> None:
    write_table(folder / "sales.csv", SALES, sales() if rows is None else rows)
    consent = [[f"c{customer}", FIRST, "granted"] for customer in range(saying_yes)]
    write_table(folder / "consent.csv", CONSENT, consent)


def built(company: Company, store: Door, now: datetime = NOW) -> BuildReport:
    with DuckDBEngine(threads=1) as engine:
        return build(engine, company, store, now=now, draw=secrets.token_bytes)


def order(who: str, at: datetime, *items: tuple[str, str, int, str], message: str = "") -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": message or secrets.token_hex(8),
        "userId": who,
        "timestamp": at.isoformat(),
        "properties": {
            "products": [
                {"category": group, "name": name, "quantity": count, "price": price}
                for group, name, count, price in items
            ]
        },
    }


def refund(who: str, at: datetime, total: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Refunded",
        "messageId": secrets.token_hex(8),
        "userId": who,
        "timestamp": at.isoformat(),
        "properties": {"total": total},
    }


def says(who: str, state: str, at: datetime) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Consent Changed",
        "messageId": secrets.token_hex(8),
        "userId": who,
        "timestamp": at.isoformat(),
        "properties": {"state": state},
    }


def sent(store: Store, company: Company, events: Sequence[Mapping[str, object]], at: datetime) -> Received:
    return store.write(
        lambda it: receive(
            it,
            company.sources,
            company.purposes,
            events,
            scope="test",
            received_at=at,
            draw=secrets.token_bytes,
        )
    )


def customer(store: Store, card: str) -> CustomerId:
    found = store.read(lambda it: it.customer_of(identifier("card", card)))
    assert found is not None
    return found


Known = tuple[dict[tuple[str, str], int], tuple[MoneyDay, ...]]


def online(it: Transaction, company: Company, who: CustomerId, now: datetime) -> Known:
    """Counts and money of one customer: the served build's, and the log behind its watermark."""
    permit = read_permit(it, company.purposes.named("suggestions"), who, now=now)
    served = it.current_build()
    counted = it.counted_of(permit)
    since = served.watermark if served is not None and counted is not None else 0
    counts = add(counted.counts if counted else {}, it.learned_since(permit, since))
    days = add_days(counted.days if counted else (), it.days_since(permit, since, company.settings.zone))
    return counts, days


def reading(store: Store, work: Callable[[Transaction], Known]) -> Known:
    return store.read(work)

"""The same facts give the same interaction, as an event and as a row; bad events give reasons."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.interact.mapped import SETTING, TOUCHPOINTS, sources
from trato.batch.company import sources_of
from trato.batch.duckdb_engine import DuckDBEngine
from trato.customers.identifiers import identifier
from trato.interact.canonical import Canonical
from trato.interact.interactions import Interaction, Refusal, Setting
from trato.interact.understand import interactions_of, understand, understand_row
from trato.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    from trato.interact.mapping import Mapped

ORDER = {
    "kind": "purchase",
    "purposes": ["service"],
    "touchpoint": "web",
    "place": "properties.shop",
    "customer": {"user_id": "userId", "email": "context.traits.email"},
    "time": "timestamp",
    "component": {"from": "properties.products[].category", "values": {"Pan": "bread"}},
    "module": "properties.products[].name",
    "more_choices": [{"component": {"always": "basket"}, "module": "properties.products[].category"}],
    "count": "properties.products[].quantity",
    "unit_price": "properties.products[].price",
    "cost": "properties.products[].cost",
    "currency": "properties.currency",
}
EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m1",
    "userId": "u7",
    "timestamp": "2025-07-01T10:30:00.250Z",
    "context": {"traits": {"email": "Ana@Example.org"}},
    "properties": {
        "currency": "eur",
        "shop": 12,
        "products": [
            {"category": "Pan", "name": "rye", "quantity": 2, "price": 1.25, "cost": "1.005"},
            {"category": "milk", "name": "whole", "price": "0.99"},
        ],
    },
}


@pytest.fixture
def order(tmp_path: Path) -> Mapped:
    found, complaints = sources(tmp_path, {"events": {"Order Completed": ORDER}})
    assert complaints == []
    mapped = found.of_event(EVENT)
    assert mapped is not None
    return mapped


def test_each_item_of_an_order_is_an_interaction(order: Mapped) -> None:
    first, second = interactions_of(order, EVENT)
    assert first == Interaction(
        source="Order Completed",
        kind="purchase",
        record="m1#0",
        identifiers=(identifier("user_id", "u7"), identifier("email", "Ana@Example.org")),
        household=None,
        account=None,
        at=datetime(2025, 7, 1, 10, 30, 0, 250_000, UTC),
        touchpoint=TOUCHPOINTS.by_key["web"].refined({"place": "12"}),
        component="bread",
        module="rye",
        more_choices=(("basket", "Pan"),),
        count=2,
        amount=250,
        cost=100,  # 100.5 cents, half to the even neighbour
        statement=None,
        stance=None,
        learns=True,
    )
    assert first.choices == (("bread", "rye"), ("basket", "Pan"))
    assert (second.record, second.component, second.count, second.amount, second.cost) == (
        *("m1#1", "milk", 1, 99),
        None,
    )


def changed(**parts: Any) -> dict[str, Any]:
    """The event with some of its fields, by dotted path, put differently; None takes one away."""
    event: dict[str, Any] = json.loads(json.dumps(EVENT))
    for path, value in parts.items():
        *way, last = path.split("__")
        place: Any = event
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place[key]
        place[last] = value
    return event


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (None, "event: is nothing, not an object"),
        ([], "event: is a list, not an object"),
        (changed(timestamp=None), "time: is missing"),
        (changed(timestamp="yesterday"), "time: 'yesterday' is not a time such as"),
        (changed(timestamp=1751365800), "time: 1751365800 is not a time such as"),
        (changed(timestamp="0001-01-01T00:00:00+14:00"), "time: 1 is no year of ours"),
        (changed(timestamp="9999-12-31"), "time: 9999 is no year of ours"),
        (changed(userId=None, context=None), "customer: is missing: no user_id and no email"),
        (changed(userId="anonymous", context=3), "customer: this user_id points to nobody"),
        (changed(userId={"id": 1}), "customer_user_id: is an object, not a plain value"),
        (changed(properties__products=None), "properties.products[]: is missing"),
        (changed(properties__products={}), "properties.products[]: is an object, not a list"),
        (changed(properties__products=[]), "properties.products[]: is empty"),
        (changed(properties__products=[7]), "unit_price (item 1): is missing"),
        (changed(properties__products__0__price="1,25"), "unit_price (item 1): '1,25' is not a number"),
        (changed(properties__products__0__price=True), "unit_price (item 1): True is not a number"),
        (changed(properties__products__0__price=float("nan")), "unit_price (item 1): nan is not a number"),
        (changed(properties__products__0__price=10**400), "unit_price (item 1): is too large"),
        (changed(properties__products__0__price=1e14), "unit_price (item 1): 100000000000000.0 is too large"),
        (changed(properties__products__0__quantity=1.5), "count (item 1): 1.5 is not a whole number"),
        (changed(properties__products__0__quantity=-1), "count (item 1): -1 is not a whole number"),
        (changed(properties__products__0__name="\ud800"), "module (item 1): holds characters"),
        (changed(properties__products__0__name="a" * 3000), "module (item 1): is longer than"),
        (changed(properties__currency="USD"), "currency (item 1): is 'USD', and the company counts in EUR"),
    ],
)
def test_a_bad_event_gives_a_clear_reason(order: Mapped, event: object, reason: str) -> None:
    found = understand(order, event)
    assert str(found.refusals[0]).startswith(reason), found.refusals


def test_a_bad_item_leaves_the_good_ones(order: Mapped) -> None:
    found = understand(order, changed(properties__products__0__price="free"))
    assert [one.module for one in found.interactions] == ["whole"]
    assert [one.item for one in found.refusals] == [0]


def test_after_a_hundred_bad_items_the_rest_is_not_tried(order: Mapped) -> None:
    good = EVENT["properties"]["products"][0]
    found = understand(order, changed(properties__products=[good, *([{}] * 99), good]))
    assert (len(found.interactions), len(found.refusals)) == (2, 99)
    found = understand(order, changed(properties__products=[good, *([{}] * 100)]))
    assert (len(found.interactions), len(found.refusals)) == (1, 100)
    found = understand(order, changed(properties__products=[good, *([{}] * 10_000), good]))
    assert len(found.interactions) == 1
    assert (len(found.refusals), found.refusals[-1].role, found.refusals[-1].item) == (101, "event", 101)


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["2025-01-01T00:00:00Z", "u7", "EUR", "9999-12-31T23:59:59-12:00", 10**4000]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    *("userId", "timestamp", "context", "properties", "products", "category", "name"),
                    *("quantity", "price", "cost", "currency", "traits", "email", "shop", "messageId"),
                ]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=15,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["userId", "timestamp", "context", "properties"]), JSON))
def test_no_event_raises(tmp_path_factory: pytest.TempPathFactory, event: dict[str, object]) -> None:
    found, _ = sources(tmp_path_factory.mktemp("map"), {"events": {"Order Completed": ORDER}})
    (mapped,) = found.events.values()
    products = {"products": [{"category": "a", "name": "b", "price": 1}]}
    for one in (event, {**EVENT, **event}, {**EVENT, "properties": {**products, **event}}):
        understood = understand(mapped, one)
        assert understood.interactions or understood.refusals
        assert all(refusal.reason for refusal in understood.refusals)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CENTS = st.decimals(Decimal(-100_000), Decimal(100_000), places=4)
FACTS = st.fixed_dictionaries(
    {
        "card": st.one_of(st.none(), WORDS, st.integers(1, 10**9)),
        "mail": st.sampled_from([None, "a@b.org", "Ana@Example.org", "nobody"]),
        "at": MOMENTS,
        "aisle": st.one_of(st.none(), WORDS, st.just("Pan")),
        "sku": st.one_of(st.none(), WORDS),
        "n": st.one_of(st.none(), st.integers(0, 10**6)),
        "price": st.one_of(st.none(), CENTS),
        "cost": st.one_of(st.none(), CENTS),
        "where": st.sampled_from([None, "w", "till", "kiosk"]),
        "money": st.sampled_from([None, "EUR", "eur", "USD"]),
        "said": st.one_of(st.none(), WORDS),
        "nick": st.one_of(st.none(), WORDS),
        "why": st.sampled_from([None, "news", "profile"]),
        "yes": st.sampled_from([None, "y", "denied", "perhaps"]),
    }
)

ROLES: dict[str, object] = {
    "purposes": ["service"],
    "touchpoint": {"from": "where", "values": {"w": "web"}},
    "customer": {"card": "card", "email": "mail"},
    "time": "at",
    "component": {"from": "aisle", "values": {"Pan": "bread"}},
    "module": "sku",
    "count": "n",
    "cost": "cost",
    "currency": "money",
    "statement": "said",
    "values": {"name": "nick", "language": {"always": "es"}},
}
KINDS: dict[str, dict[str, object]] = {
    "purchase": {"unit_price": "price"},
    "return": {"amount": "price"},
    "choice": {},
    "view": {"more_choices": [{"component": "aisle", "module": {"from": "money", "values": {"EUR": "e"}}}]},
    "statement": {"amount": "price", "stance": {"always": "avoids"}},
    "permission": {"purpose": "why", "state": {"from": "yes", "values": {"y": "granted"}}},
    "contact": {},
    "other": {},
}
SETTINGS = [SETTING, Setting("JPY", 0, "half_up", SETTING.zone, TOUCHPOINTS)]


@settings(max_examples=60)
@given(
    facts=st.lists(FACTS, min_size=1, max_size=6),
    kind=st.sampled_from(sorted(KINDS)),
    setting=st.sampled_from(SETTINGS),
    zoned=st.booleans(),
)
def test_an_event_and_a_row_of_the_same_facts_give_the_same_interaction(
    tmp_path_factory: pytest.TempPathFactory,
    facts: list[dict[str, Any]],
    kind: str,
    setting: Setting,
    zoned: bool,
) -> None:
    folder = tmp_path_factory.mktemp("both")
    roles = {"kind": kind, **ROLES, **KINDS[kind]}
    if kind == "permission":
        del roles["values"]
    table = {"file": "rows.parquet", **roles} | ({"time_zone": "UTC"} if zoned else {})
    event = {**roles, "id": "none", "time": "at"}
    found, complaints = sources(folder, {"tables": {"rows": table}, "events": {"rows": event}}, setting)
    assert complaints == []
    (live,) = found.events.values()
    stored = found.tables["rows"]
    # What is later than the last full hour is left out: local times that occur twice have no one meaning.
    local = [fact["at"].astimezone(setting.zone).replace(tzinfo=None) for fact in facts]
    twice = [
        one.replace(tzinfo=setting.zone).utcoffset() != one.replace(tzinfo=setting.zone, fold=1).utcoffset()
        for one in local
    ]
    facts = [fact for fact, again in zip(facts, twice, strict=True) if zoned or not again]
    if not facts:
        return
    write(folder / "rows.parquet", facts, setting, zoned=zoned)
    rows = read_rows(folder, stored)
    for place, fact in enumerate(facts):
        sent = {key: plain(value) for key, value in fact.items() if value is not None}
        understood = understand(live, sent)
        expected: list[Interaction | Refusal] = [*understood.interactions, *understood.refusals]
        if place in rows:
            assert expected == [understand_row(stored.mapping, rows[place])]
        else:  # the engine put the row aside
            assert not understood.interactions


def plain(value: object) -> object:
    """A fact as JSON carries it."""
    if isinstance(value, datetime):
        return value.astimezone(SETTING.zone).isoformat() if value.day % 2 else value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def write(path: Path, facts: list[dict[str, Any]], setting: Setting, *, zoned: bool) -> None:
    columns: dict[str, Any] = {key: [fact[key] for fact in facts] for key in facts[0]}
    columns["card"] = pa.array([None if one is None else str(one) for one in columns["card"]], pa.string())
    moments = (
        columns["at"]
        if zoned
        else [one.astimezone(setting.zone).replace(tzinfo=None) for one in columns["at"]]
    )
    columns["at"] = pa.array(moments, pa.timestamp("us", "UTC" if zoned else None))
    for name in ("price", "cost"):
        columns[name] = pa.array(columns[name], pa.decimal128(18, 4))
    columns["n"] = pa.array(columns["n"], pa.int64())
    for name in ("mail", "aisle", "sku", "where", "money", "said", "nick", "why", "yes"):
        columns[name] = pa.array(columns[name], pa.string())
    pq.write_table(pa.table(columns), path)


def read_rows(folder: Path, table: Any) -> dict[int, dict[str, Any]]:
    """The rows that the engine keeps, by their place in the file."""
    from trato.errors import NoUsableRow

    (source,) = sources_of(folder, table)
    with DuckDBEngine(threads=1) as engine:
        try:
            reading = engine.read(source)
        except NoUsableRow:
            return {}
        kept = engine.run(Step("kept", "SELECT * FROM rows", ("rows",))).to_pylist()
    aside = {reject.line - 1 for reject in reading.rejects}
    places = [place for place in range(reading.rows) if place not in aside]
    return dict(zip(places, kept, strict=True))


def test_a_local_time_in_a_table_is_the_company_s(tmp_path: Path) -> None:
    table = {"file": "x.csv", "kind": "other", **{k: ROLES[k] for k in ("purposes", "customer", "time")}}
    found, _ = sources(tmp_path, {"tables": {"rows": {**table, "touchpoint": "till"}}})
    row: dict[str, Canonical | None] = {"customer_card": "7", "time": datetime(2025, 7, 1, 0, 30)}  # noqa: DTZ001
    told = understand_row(found.tables["rows"].mapping, row)
    assert isinstance(told, Interaction)
    assert told.at == datetime(2025, 7, 1, 0, 30, tzinfo=UTC) - timedelta(hours=2)
    assert not told.learns


SIGNED_UP = {
    "call": "identify",
    "kind": "other",
    "purposes": ["service"],
    "touchpoint": "web",
    "customer": {"user_id": "userId", "anonymous_id": "anonymousId"},
    "values": {"name": "context.traits.name", "language": "traits.language"},
    "time": "timestamp",
}


def test_who_somebody_is_is_told_without_a_choice(tmp_path: Path) -> None:
    found, complaints = sources(tmp_path, {"events": {"Signed up": SIGNED_UP}})
    assert complaints == []
    event = {
        "type": "identify",
        "messageId": "m1",
        "userId": "u7",
        "timestamp": "2025-07-01T10:30:00Z",
        "context": {"traits": {"name": " Ana Prado "}},
        "traits": {"language": ""},
    }
    mapped = found.of_event(event)
    assert mapped is not None
    (told,) = interactions_of(mapped, event)
    assert (told.kind, told.values, told.choices, told.learns) == (
        "other",
        (("name", "Ana Prado"),),
        (),
        False,
    )
    assert "Ana" not in repr(told)


ASKED = {
    "kind": "permission",
    "purposes": ["service"],
    "touchpoint": "web",
    "customer": {"user_id": "userId"},
    "time": "timestamp",
    "purpose": {"from": "properties.choices[].key", "values": {"news": "newsletter"}},
    "state": {"from": "properties.choices[].on", "values": {"true": "granted", "false": "withdrawn"}},
}


def test_a_form_of_permissions_gives_one_for_each(tmp_path: Path) -> None:
    found, complaints = sources(tmp_path, {"events": {"Preferences Saved": ASKED}})
    assert complaints == []
    mapped = found.events["track", "Preferences Saved"]
    choices = [{"key": "news", "on": True}, {"key": "profile", "on": False}, {"key": "x", "on": "maybe"}]
    event = {"userId": "u7", "timestamp": "2025-07-01T10:30:00Z", "properties": {"choices": choices}}
    told = understand(mapped, event)
    assert [(one.purpose, one.state) for one in told.interactions] == [
        ("newsletter", "granted"),
        ("profile", "withdrawn"),
    ]
    assert [str(one) for one in told.refusals] == [
        "state (item 3): 'maybe' is not one of granted, withdrawn, denied"
    ]
    assert [one.plain for one in told.refusals] == ["is not one of granted, withdrawn, denied"]


PLAIN = {
    "is missing",
    "is empty",
    "is missing: no user_id and no email",
    "this user_id points to nobody",
    "this user_id is no text",
    "this user_id is longer than 1000 characters",
    "this email points to nobody",
    "this email is no text",
    "this email has no part before or after the @",
    "is too large",
    "is not a number",
    "is not a finite number",
    "is not a whole number of 0 or more",
    "is not a time such as 2025-03-31T14:05:00Z",
    "is in no year of ours",
    "is another than the company's",
    "holds characters that are no text",
    "is an object, not a plain value",
    "is a list, not a plain value",
    "is a text, not a list",
    "is an object, not a list",
    "is a plain value, not a list",
}


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["userId", "timestamp", "context", "properties"]), JSON))
def test_a_plain_reason_holds_nothing_that_was_given(
    tmp_path_factory: pytest.TempPathFactory, event: dict[str, object]
) -> None:
    found, _ = sources(tmp_path_factory.mktemp("map"), {"events": {"Order Completed": ORDER}})
    (mapped,) = found.events.values()
    for refusal in understand(mapped, {**EVENT, **event}).refusals:
        assert refusal.plain
        assert refusal.plain in PLAIN

"""Builds in a real store: what they learn, from whom, and what a failed one leaves."""

from __future__ import annotations

import json
import os
import secrets
import signal
import stat
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.batch.built_shop import (
    FIRST,
    MASTER_KEY,
    MODULES,
    NOW,
    SALES,
    built,
    customer,
    online,
    order,
    refund,
    sales,
    says,
    sent,
    shop,
    write_table,
    write_tables,
)
from tests.storage.conftest import new_database
from trato.batch.build import write_beside
from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.load import load_table
from trato.company.folder import read_company
from trato.customize.known import known_of
from trato.customize.models import Models
from trato.customize.sections import Asked
from trato.differentiate.needs.beliefs import believe, evidence_of
from trato.differentiate.needs.names import as_yaml, named_needs
from trato.differentiate.value.live import from_document, worth_of
from trato.errors import NotEnoughData, StorageUnavailable
from trato.permission.permit import everyone_permitted, read_permit
from trato.storage.migrate import migrate_store
from trato.storage.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trato.company.folder import Company


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A fresh open store; the test runs on each database."""
    url = f"sqlite:///{tmp_path}/kept.db"
    if request.param == "postgresql":
        url = on_server(request.getfixturevalue("postgres"))
    with open_store(url, MASTER_KEY) as opened:
        yield opened


def on_server(postgres: str) -> str:
    """The URL of a fresh database."""
    url = new_database(postgres, "template0")
    migrate_store(url)
    return url


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = shop(tmp_path / "shop")
    write_tables(made.folder)
    return made


def test_it_learns_from_those_who_permit_and_from_nobody_else(store: Store, company: Company) -> None:
    report = built(company, store)
    assert len(report.learned) == 1
    said = report.learned[0].built.summary
    assert said["customers"] == 30
    assert said["left_out"] == 10
    assert report.summary["permissions"] == {"rows": 30, "recorded": 30, "refused": {}}
    served = store.read(lambda it: it.current_build())
    assert served is not None
    assert served.build == report.build
    assert json.loads(served.summary)["purposes"] == report.summary["purposes"]
    versions = served.models["suggestions"]
    assert versions["needs"] is not None
    assert versions["values"] is not None
    cells = store.read(lambda it: it.portfolio("suggestions", NOW, opt_in=True))
    assert sum(cell.customers for cell in cells) == 30
    someone, nobody = customer(store, "c3"), customer(store, "c35")
    listed = store.read(lambda it: it.scored("suggestions", None, None, None, 100, opt_in=True))
    assert someone in listed
    assert nobody not in listed  # who is a customer by contract, and permits no profiling


def test_what_is_counted_is_what_the_table_says(store: Store, company: Company) -> None:
    rows = [row for row in sales() if row[1] == "c7"]
    built(company, store)
    counts, days = store.read(lambda it: online(it, company, customer(store, "c7"), NOW))
    told: dict[tuple[str, str], int] = {}
    for row in rows:
        told[str(row[4]), str(row[5])] = told.get((str(row[4]), str(row[5])), 0) + 1
    assert counts == told
    assert sum(day.amount for day in days) == sum(round(float(str(row[7])) * 100) for row in rows)
    assert sum(day.cost or 0 for day in days) == sum(round(float(str(row[8])) * 100) for row in rows)


@pytest.mark.parametrize("unit", ["person", "household"])
def test_a_score_is_what_the_page_says(store: Store, company: Company, unit: str) -> None:
    company = shop(company.folder, unit=unit)
    report = built(company, store)
    values = report.learned[0].built.values
    assert values is not None
    back = store.read(lambda it: it.model_document(values.version))
    assert from_document(back, "store").version == values.version
    models, told = Models(), defaultdict[str, list[float]](list)
    for number in range(30):
        who = customer(store, f"c{number}")
        page = store.read(
            lambda it, one=who: known_of(  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
                it,
                one,
                Asked(),
                purposes=company.purposes,
                touchpoints=company.touchpoints,
                unit=company.settings.unit,
                zone=company.settings.zone,
                names=(),
                models=models,
                now=NOW,
            )
        )
        assert page.worth is not None
        assert page.worth.shown is not None
        expected = page.worth.shown.expected
        assert expected is not None
        told[expected.tier].append(expected.value)
    cells = store.read(lambda it: it.portfolio("suggestions", NOW, opt_in=True))
    assert {one.tier for one in cells} == set(told)
    for tier, found in told.items():
        listed = [one for one in cells if one.tier == tier]
        assert sum(one.customers for one in listed) == len(found)
        assert sum(one.expected_value for one in listed) == pytest.approx(sum(found), rel=1e-12)


def test_a_company_says_from_which_components_needs_are_learned(store: Store, company: Company) -> None:
    """What is chosen elsewhere moves nobody's needs."""
    company = shop(company.folder, needs_from="tea")
    report = built(company, store)
    needs = report.learned[0].needs
    assert needs is not None
    assert dict(
        zip(
            needs.model.components,
            () if needs.model.tells is None else needs.model.tells.tolist(),
            strict=True,
        )
    ) == {
        "bread": False,
        "fruit": False,
        "tea": True,
    }
    version = needs.model.version
    kept = store.read(lambda it: Models().needs(it, version))
    assert kept.version == version
    for number in range(30):
        who = customer(store, f"c{number}")
        counts, _ = store.read(lambda it, one=who: online(it, company, one, NOW))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        tea = {label: count for label, count in counts.items() if label[0] == "tea"}
        assert believe(kept, counts).weights.tobytes() == believe(needs.model, tea).weights.tobytes()
        assert evidence_of(kept, counts) == sum(tea.values())


def test_building_twice_changes_nothing(store: Store, company: Company) -> None:
    first = built(company, store)
    again = built(company, store, NOW + timedelta(days=1))
    assert again.summary["permissions"] == {"rows": 30, "recorded": 0, "refused": {}}
    assert again.summary["customers_new"] == 0
    a, b = first.learned[0].built, again.learned[0].built
    assert (a.needs and a.needs.version) == (b.needs and b.needs.version)


def test_a_model_does_not_depend_on_the_ids_that_were_drawn(tmp_path: Path) -> None:
    """From the same tables the same needs are learned, whatever their customers are called in the store."""
    versions, drawn = set(), set()
    company = shop(tmp_path / "shop")
    write_tables(company.folder)
    for place in range(3):
        with open_store(f"sqlite:///{tmp_path}/{place}.db", MASTER_KEY) as store:
            needs = built(company, store).learned[0].built.needs
            assert needs is not None
            versions.add(needs.version)
            drawn.add(tuple(customer(store, f"c{number}") for number in range(30)))
    assert len(drawn) == 3
    assert len(versions) == 1


def test_a_later_no_stands_against_the_table(store: Store, company: Company) -> None:
    built(company, store)
    sent(store, company, [says("c3", "withdrawn", NOW)], NOW)
    later = NOW + timedelta(hours=1)
    report = built(company, store, later)
    assert report.learned[0].built.summary["customers"] == 29
    cells = store.read(lambda it: it.portfolio("suggestions", later, opt_in=True))
    assert sum(cell.customers for cell in cells) == 29


def test_where_nobody_permits_it_nobody_is_learned_from(store: Store, company: Company) -> None:
    write_tables(company.folder, saying_yes=1)
    sent(store, company, [says("c0", "denied", NOW)], NOW)
    report = built(company, store)
    said = report.learned[0].built.summary
    assert (said["customers"], said["left_out"], said["needs"], said["values"]) == (0, 40, None, None)
    assert store.read(lambda it: it.portfolio("suggestions", NOW, opt_in=True)) == []
    assert report.summary["customers_new"] == 39  # who are customers by contract all the same


def test_tables_of_permission_come_first(store: Store, company: Company) -> None:
    sources = company.folder / "sources.yaml"
    alone = sources.read_text().replace(
        "[service, suggestions]\n    touchpoint: till", "[suggestions]\n    touchpoint: till"
    )
    sources.write_text(alone)
    report = built(read_company(company.folder), store)
    assert report.learned[0].built.summary["customers"] == 30
    assert report.learned[0].built.summary["left_out"] == 10
    assert report.summary["customers_new"] == 30  # of the others nothing comes into the store


def test_a_household_is_one_unit(store: Store, tmp_path: Path) -> None:
    company = shop(tmp_path / "homes", unit="household")
    write_tables(company.folder, saying_yes=31)
    said = built(company, store).learned[0].built.summary
    assert said["customers"] == 31
    assert said["units"] == 16  # fifteen homes of two, and one of whom one says nothing


def test_rows_put_aside_lie_beside_the_store_for_its_owner_alone(store: Store, company: Company) -> None:
    rows = sales()
    rows[4][5] = ""  # an item that says nothing: still a purchase
    rows[5][1] = ""  # nobody's
    rows[6][7] = "much"
    write_tables(company.folder, rows)
    report = built(company, store)
    assert sorted((one.line, one.column) for one in report.rejects) == [(7, "card"), (8, "paid")]
    rejects, _ = write_beside(report, company)
    assert rejects == company.folder / "store" / "build.rejects.csv"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    assert f"{company.folder / 'sales.csv'},8,paid,much" in rejects.read_text()


def test_names_of_needs_are_kept_and_never_overwritten(store: Store, company: Company) -> None:
    report = built(company, store)
    _, proposed = write_beside(report, company)
    assert proposed is not None  # nothing was named yet
    one = report.learned[0]
    assert one.needs is not None
    assert one.matching is not None
    named = as_yaml(named_needs(one.needs, one.matching.namings))
    (company.folder / "needs.yaml").write_text(named)
    _, again = write_beside(built(shop(company.folder), store), company)
    assert again is None
    assert not proposed.exists()
    drifted = (
        named
        + "- name: {en: Nobody's}\n  fingerprint: {share: 0.1, lifts: {bread: {rye: 9.0, stone: 4.0}}}\n"
    )
    (company.folder / "needs.yaml").write_text(drifted)
    _, proposed = write_beside(built(shop(company.folder), store), company)
    assert proposed is not None
    assert (company.folder / "needs.yaml").read_text() == drifted


def test_the_log_alone_is_enough_to_learn_from(store: Store, tmp_path: Path) -> None:
    company = shop(tmp_path / "events", tables=False)
    with pytest.raises(NotEnoughData, match="nothing is known yet of anybody"):
        built(company, store)
    assert store.read(lambda it: it.current_build()) is None
    start = NOW - timedelta(days=200)
    events: list[dict[str, Any]] = [says(f"c{n}", "granted", start) for n in range(12)]
    sent(store, company, events, start)
    for n in range(12):
        for day in range(1, 160, 9 + n):
            at = start + timedelta(days=day)
            name = "rye" if n % 2 else "white"
            sent(store, company, [order(f"c{n}", at, ("bread", name, 1, "2.50"))], at)
    report = built(company, store)
    said = report.learned[0].built.summary
    assert said["customers"] == 12
    assert said["values"] is not None
    assert report.summary["log_entries"] == report.summary["watermark"]


def test_a_record_in_table_and_log_counts_once(store: Store, company: Company) -> None:
    built(company, store)
    before, paid = store.read(lambda it: online(it, company, customer(store, "c7"), NOW))
    later = FIRST + timedelta(days=380)
    more = [[90_000, "c7", "h3", later, "tea", "green", 2, 5, 3]]
    write_table(company.folder / "more.csv", SALES, [*sales(), *more])
    for _ in range(2):
        with DuckDBEngine(threads=1) as engine:
            load_table(
                engine,
                company,
                store,
                "sales",
                file=company.folder / "more.csv",
                now=NOW,
                draw=secrets.token_bytes,
            )
    counts, days = store.read(lambda it: online(it, company, customer(store, "c7"), NOW))
    assert counts == {**before, ("tea", "green"): before.get(("tea", "green"), 0) + 2}
    assert sum(day.amount for day in days) == sum(day.amount for day in paid) + 500
    write_table(company.folder / "sales.csv", SALES, [*sales(), *more])
    built(company, store)
    assert store.read(lambda it: online(it, company, customer(store, "c7"), NOW)) == (counts, days)


class Failing:
    """A store whose n-th write fails before anything of it is kept."""

    def __init__(self, store: Store, at: int) -> None:
        self.store, self.left = store, at

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self.store.read(work)

    def write(self, work: Callable[[Any], Any]) -> Any:
        self.left -= 1
        if self.left < 0:
            raise StorageUnavailable("the disk is full")
        return self.store.write(work)


def test_a_build_that_fails_anywhere_leaves_the_last_good_one(store: Store, company: Company) -> None:
    good = built(company, store)
    write_tables(company.folder, sales(seed=8), saying_yes=20)
    who = customer(store, "c3")
    before = store.read(lambda it: online(it, company, who, NOW))
    failed = 0
    while True:
        try:
            report = built(company, Failing(store, failed), NOW + timedelta(minutes=failed))
        except StorageUnavailable:
            failed += 1
            served = store.read(lambda it: it.current_build())
            assert served is not None
            if served.build != good.build:  # only the clearing away after the swap failed
                break
            assert store.read(lambda it: online(it, company, who, NOW)) == before
            continue
        assert store.read(lambda it: it.current_build()).build == report.build  # type: ignore[union-attr]  # None fails the test
        break
    assert failed > 6
    assert store.read(lambda it: online(it, company, who, NOW)) != before


KILLED = """
import os, secrets, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.batch.built_shop import MASTER_KEY, built
from trato.company.folder import read_company
from trato.customize.known import known_of
from trato.customize.models import Models
from trato.customize.sections import Asked
from trato.storage.store import open_store
company = read_company(Path(sys.argv[1]))
with open_store(sys.argv[2], MASTER_KEY) as store:
    print("open", flush=True)
    built(company, store, datetime.now(UTC))
"""


def test_a_killed_build_leaves_the_last_good_one(tmp_path: Path, company: Company) -> None:
    url = f"sqlite:///{tmp_path}/kept.db"
    with open_store(url, MASTER_KEY) as store:
        good = built(company, store).build
        who = customer(store, "c3")
    seen = set()
    for pause in (0.05, 0.2, 0.5, 0.9, 1.4):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(company.folder), url],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with open_store(url, MASTER_KEY) as store:
            served = store.read(lambda it: it.current_build())
            assert served is not None
            seen.add(served.build)
            counts, days = store.read(lambda it: online(it, company, who, NOW))
            assert counts
            assert days
            for kind in served.models["suggestions"].values():
                assert store.read(lambda it, v=str(kind): it.model_document(v))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert good in seen
    with open_store(url, MASTER_KEY) as store:
        last = built(company, store, NOW + timedelta(days=400))
        assert store.read(lambda it: it.current_build()).build == last.build  # type: ignore[union-attr]  # None fails the test
        assert store.write(lambda it: it.drop_builds()) == 0


def events() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    who = st.integers(0, 7)
    group = st.sampled_from([(group, name) for group, names in MODULES.items() for name in names])
    item = st.tuples(group, st.integers(0, 3), st.sampled_from(["0", "0.995", "3.10", "-1"]))
    return st.lists(
        st.one_of(
            st.tuples(st.just("order"), who, st.integers(-90, 5), st.lists(item, min_size=1, max_size=3)),
            st.tuples(st.just("refund"), who, st.integers(-90, 5), st.sampled_from(["1.20", "0", "15"])),
            st.tuples(st.just("says"), who, st.sampled_from(["granted", "withdrawn", "denied"])),
            st.tuples(st.just("again")),
        ),
        max_size=30,
    )


def message_of(one: tuple[Any, ...], now: datetime) -> list[dict[str, Any]]:
    """The event that a drawn tuple stands for; none for the same message once more."""
    kind, *rest = one
    if kind == "order":
        who, days, items = rest
        at = now + timedelta(days=days, minutes=7)
        return [order(f"c{who}", at, *((*label, n, price) for label, n, price in items))]
    if kind == "refund":
        return [refund(f"c{rest[0]}", now + timedelta(days=rest[1]), rest[2])]
    return [says(f"c{rest[0]}", rest[1], now)] if kind == "says" else []


TOLD_BY = st.sampled_from(["", "tea"])


@given(told=events(), cut=st.integers(0, 30), with_table=st.booleans(), needs_from=TOLD_BY)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_online_is_what_a_fresh_build_says(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[Any, ...]],
    cut: int,
    with_table: bool,
    needs_from: str,
) -> None:
    place = tmp_path_factory.mktemp("whole")
    agree(place, f"sqlite:///{place}/kept.db", told, cut, with_table=with_table, needs_from=needs_from)


@given(told=events(), cut=st.integers(0, 30), with_table=st.booleans(), needs_from=TOLD_BY)
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
def test_so_it_is_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: str,
    told: list[tuple[Any, ...]],
    cut: int,
    with_table: bool,
    needs_from: str,
) -> None:
    place = tmp_path_factory.mktemp("whole")
    agree(place, on_server(postgres), told, cut, with_table=with_table, needs_from=needs_from)


def agree(
    place: Path, url: str, told: list[tuple[Any, ...]], cut: int, *, with_table: bool, needs_from: str
) -> None:
    """Counts, weights and worth bit for bit, whatever came before and after the build."""
    company = shop(place / "shop", tables=with_table, needs_from=needs_from)
    purpose = company.purposes.named("suggestions")
    with open_store(url, MASTER_KEY) as store:
        if with_table:
            write_tables(company.folder, sales(8), saying_yes=8)
        sent(store, company, [says(f"c{n}", "granted", NOW - timedelta(days=100)) for n in range(6)], NOW)
        for n in range(6):
            at = NOW - timedelta(days=95 - n)
            usual = [order(f"c{n}", at + timedelta(days=9 * k), ("tea", "green", 1, "4")) for k in range(3)]
            sent(store, company, usual, NOW)
        first, at_first = None, frozenset[Any]()
        last: list[dict[str, Any]] = []
        for step in range(len(told) + 1):
            now = NOW + timedelta(minutes=step)
            if step == min(cut, len(told)):
                first = built(company, store, now)
                at_first = store.read(lambda it, at=now: everyone_permitted(it, purpose, now=at))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            if step == len(told):
                break
            last = message_of(told[step], now) or last
            sent(store, company, last, now)
        end = NOW + timedelta(hours=2)
        assert first is not None
        needs, values = first.learned[0].built.needs, first.learned[0].built.values
        people = store.read(lambda it: sorted(everyone_permitted(it, purpose, now=end)))
        live = {one: store.read(lambda it, c=one: online(it, company, c, end)) for one in people}  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        second = built(company, store, end)
        for one in people:
            if with_table and one not in at_first:
                continue  # the rows of tables of who says yes later come in with the next build
            fresh = store.read(lambda it, c=one: it.counted_of(read_permit(it, purpose, c, now=end)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            counts, days = live[one]
            if fresh is None:
                assert not counts
                assert not days
                continue
            assert dict(fresh.counts) == counts
            assert fresh.days == days
            if needs is not None:
                a, b = believe(needs, counts), believe(needs, fresh.counts)
                assert a.weights.tobytes() == b.weights.tobytes()
                if values is not None and days:
                    x, y = worth_of(values, days, a.weights), worth_of(values, fresh.days, b.weights)
                    assert x == y
        assert second.build != first.build

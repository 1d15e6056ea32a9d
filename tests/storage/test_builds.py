"""Builds: nothing is seen before the pointer is swapped, and all of it after; on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.shop import LATER, NOW, give, no, permit, purpose, register, withdraw, yes
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.customers.customer import CustomerId
from trato.differentiate.known import NO_NEED, Counted, MoneyDay, Score
from trato.differentiate.store import PortfolioCell, PublishedBuild
from trato.permission.give import give_permission, withdraw_permission

if TYPE_CHECKING:
    from trato.differentiate.store import ModelVersions
    from trato.identify.store import Belonging
    from trato.storage.store import Store

ANALYSIS = purpose("analysis", "legitimate_interests")
NOBODY = CustomerId("00000000-0000-7000-8000-000000000000")
MODELS: dict[str, ModelVersions] = {"analysis": {"needs": "n1", "values": None}}


def counted(customer: CustomerId, milk: int = 7, why: str = "analysis") -> Counted:
    days = (
        MoneyDay(date(2025, 1, 2), 199, None, bought=True),
        MoneyDay(date(2025, 1, 3), -5, -2, bought=False),
    )
    return Counted(customer, why, {("dairy", "milk"): milk, ("bread", "rye"): 1}, days)


def score(customer: CustomerId, need: int = 1, tier: str = "gold", why: str = "analysis") -> Score:
    return Score(customer, why, need, 0.5, 8, 199, 10.25, 1.0, 20.0, 0.75, None, tier, date(2025, 1, 3))


def publish(store: Store, build: str, milk: int, *customers: CustomerId) -> None:
    store.write(lambda it: it.start_build(build, NOW, milk))
    store.write(lambda it: it.put_counted(build, [counted(one, milk) for one in customers]))
    store.write(lambda it: it.put_scores(build, [score(one) for one in customers]))
    store.write(lambda it: it.publish_build(build, MODELS, f'{{"milk": {milk}}}', LATER))


def seen(store: Store, customer: CustomerId, why: str = "analysis") -> Counted | None:
    wanted = replace(ANALYSIS, key=why)
    return store.read(lambda it: it.counted_of(permit(it, customer, wanted)))


def test_before_the_first_build_there_is_nothing(store: Store) -> None:
    ana = register(store, "ana@example.org")
    assert store.read(lambda it: it.current_build()) is None
    assert seen(store, ana) is None
    assert store.read(lambda it: it.portfolio("analysis", NOW, opt_in=False)) == []
    assert store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False)) == ()
    assert store.write(lambda it: it.refresh_scores("b1", [score(ana)])) is False
    assert store.write(lambda it: it.drop_builds()) == 0


def test_a_build_is_seen_when_it_is_published_and_not_before(store: Store) -> None:
    ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org")
    publish(store, "b1", 7, ana, eva)
    assert store.read(lambda it: it.current_build()) == PublishedBuild(
        "b1",
        7,
        LATER,
        MODELS,
        '{"milk": 7}',
    )
    store.write(lambda it: it.start_build("b2", LATER, 9))
    store.write(lambda it: it.put_counted("b2", [counted(ana, 9)]))
    store.write(lambda it: it.put_scores("b2", [score(ana, need=0)]))
    assert seen(store, ana) == counted(ana, 7)
    assert store.read(lambda it: it.scored("analysis", 0, None, None, 9, opt_in=False)) == ()

    def fails_late(it: object) -> None:
        it.publish_build("b2", MODELS, "{}", LATER)  # type: ignore[attr-defined]  # a Transaction
        raise LookupError

    with pytest.raises(LookupError):
        store.write(fails_late)
    assert seen(store, ana) == counted(ana, 7)
    store.write(lambda it: it.publish_build("b2", {}, "{}", LATER))
    assert seen(store, ana) == counted(ana, 9)
    assert seen(store, eva) is None
    assert store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False)) == (ana,)


@given(
    st.dictionaries(st.tuples(st.text(min_size=1), st.text(min_size=1)), st.integers(1, 2**40), max_size=5),
    st.lists(
        st.tuples(st.dates(), st.integers(-(2**50), 2**50), st.none() | st.integers(-9, 9), st.booleans()),
        max_size=5,
        unique_by=lambda day: day[0],
    ),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_counted_comes_back(
    store: Store, counts: dict[tuple[str, str], int], days: list[tuple[date, int, int | None, bool]]
) -> None:
    there = store.read(lambda it: list(it.all_customers()))
    ana = there[0] if there else register(store, "ana@example.org")
    one = Counted(ana, "analysis", counts, tuple(MoneyDay(*day) for day in sorted(days)))
    if not there:
        publish(store, "b1", 7, ana)
    store.write(lambda it: it.put_counted("b1", [one]))
    assert seen(store, ana) == one


def test_counts_are_read_for_their_purpose_and_lie_sealed(store: Store, database: str) -> None:
    ana = register(store, "ana@example.org")
    publish(store, "b1", 7, ana)
    store.write(lambda it: it.put_counted("b1", [counted(ana, 3, "advice")]))
    assert seen(store, ana, "advice") == counted(ana, 3, "advice")
    assert seen(store, ana, "other") is None
    shown = str(beside_the_store(database, "SELECT * FROM build_counts"))
    assert ana in shown
    assert "milk" not in shown
    beside_the_store(  # one purpose's counts in the place of another's
        database,
        "UPDATE build_counts SET sealed = (SELECT sealed FROM build_counts WHERE purpose = 'advice')"
        " WHERE purpose = 'analysis'",
    )
    with pytest.raises(errors.KeyNotUsable, match="was changed"):
        seen(store, ana)


def test_who_is_no_customer_is_left_out(store: Store) -> None:
    ana = register(store, "ana@example.org")
    publish(store, "b1", 7, NOBODY, ana)
    assert store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False)) == (ana,)
    publish(store, "b2", 7, NOBODY)
    assert store.write(lambda it: it.refresh_scores("b2", [score(NOBODY), score(ana)])) is True
    assert store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False)) == (ana,)


def test_many_are_put_at_once_and_listed_in_pages(store: Store) -> None:
    everybody = sorted(register(store, f"c{i}@example.org") for i in range(7))
    publish(store, "b1", 7, *everybody)
    late = [score(everybody[3], need=NO_NEED, tier="lead")]
    assert store.write(lambda it: it.refresh_scores("b1", late)) is True
    first = store.read(lambda it: it.scored("analysis", 1, "gold", None, 4, opt_in=False))
    then = store.read(lambda it: it.scored("analysis", 1, "gold", first[-1], 4, opt_in=False))
    assert [*first, *then] == everybody[:3] + everybody[4:]
    assert len(first) == 4
    assert store.read(lambda it: it.scored("analysis", NO_NEED, None, None, 9, opt_in=False)) == (
        everybody[3],
    )
    assert store.read(lambda it: it.scored("analysis", None, "lead", None, 9, opt_in=False)) == (
        everybody[3],
    )
    assert store.read(lambda it: it.portfolio("analysis", NOW, opt_in=False)) == [
        PortfolioCell(NO_NEED, "lead", 1, 10.25),
        PortfolioCell(1, "gold", 6, 61.5),
    ]


def test_who_refused_since_the_build_is_in_no_list(store: Store) -> None:
    ana, eva, iva = (register(store, f"{name}@example.org") for name in ("ana", "eva", "iva"))
    consent = purpose("analysis")
    for one in (eva, iva):
        give(store, one, consent)
    publish(store, "b1", 7, ana, eva, iva)

    def listed(now_is: int = 0) -> int:
        now = LATER + timedelta(days=now_is)
        return sum(
            cell.customers for cell in store.read(lambda it: it.portfolio("analysis", now, opt_in=False))
        )

    assert listed() == 3
    store.write(lambda it: withdraw_permission(it, no(ana, ANALYSIS), now=LATER))
    withdraw(store, eva, consent)
    assert listed() == 1
    assert store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False)) == (iva,)
    ends = replace(yes(iva, consent), until=LATER + timedelta(days=3))
    store.write(lambda it: give_permission(it, ends, now=LATER))
    assert [listed(2), listed(4)] == [1, 0]


def test_only_the_served_build_is_refreshed(store: Store, database: str) -> None:
    ana = register(store, "ana@example.org")
    publish(store, "b1", 7, ana)
    publish(store, "b2", 9, ana)
    assert store.write(lambda it: it.refresh_scores("b1", [score(ana, need=0)])) is False
    assert store.read(lambda it: it.scored("analysis", 1, None, None, 9, opt_in=False)) == (ana,)
    assert beside_the_store(database, "SELECT DISTINCT need FROM build_scores") == [(1,)]


def test_refreshing_publishing_and_dropping_at_once_harm_nothing(store: Store) -> None:
    everybody = [register(store, f"c{number}@example.org") for number in range(4)]
    publish(store, "b0", 7, *everybody)

    def refresh(turn: int) -> None:
        some = [score(one) for one in (everybody if turn % 2 else reversed(everybody))]
        for _ in range(10):
            build = store.read(lambda it: it.current_build())
            assert build is not None
            store.write(lambda it, to=build.build: it.refresh_scores(to, some))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda

    def build() -> None:
        for number in range(1, 6):
            publish(store, f"b{number}", 7, *everybody)
            store.write(lambda it: it.drop_builds())

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(build), *(pool.submit(refresh, turn) for turn in range(3))]:
            one.result()
    found = store.read(lambda it: it.current_build())
    assert found is not None
    assert found.build == "b5"
    assert len(store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False))) == 4


def test_where_a_yes_is_needed_now_who_never_said_it_is_in_no_list(store: Store) -> None:
    ana, eva, iva, uma = (register(store, f"{name}@example.org") for name in ("ana", "eva", "iva", "uma"))
    consent = purpose("analysis")
    give(store, eva, consent)
    ends = replace(yes(uma, consent), until=LATER)
    store.write(lambda it: give_permission(it, ends, now=NOW))
    publish(store, "b1", 7, ana, eva, iva, uma)  # made when the purpose needed no yes
    (cell,) = store.read(lambda it: it.portfolio("analysis", LATER, opt_in=True))
    assert cell == PortfolioCell(1, "gold", 1, 10.25)
    listed = store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=True))
    assert set(listed) == {eva, uma}  # whose yes has ended, has no permit
    assert len(store.read(lambda it: it.scored("analysis", None, None, None, 9, opt_in=False))) == 4
    withdraw(store, eva, consent)
    assert store.read(lambda it: it.portfolio("analysis", LATER, opt_in=True)) == []


def test_what_a_unit_is_expected_to_bring_counts_once(store: Store) -> None:
    people = [register(store, f"c{number}@example.org") for number in range(6)]
    homes = ("Prado", "Prado", "Prado", "Silva", "Silva")
    store.write(
        lambda it: it.put_memberships(
            [(one, "household", home, NOW) for one, home in zip(people, homes, strict=False)]
            + [(one, "account", "ACME", NOW) for one in people[:2]]
        )
    )
    publish(store, "b1", 7, *people)

    def worth(unit: Belonging | None) -> PortfolioCell:
        (cell,) = store.read(lambda it: it.portfolio("analysis", LATER, opt_in=False, unit=unit))
        return cell

    assert worth(None) == PortfolioCell(1, "gold", 6, 6 * 10.25)
    assert worth("household") == PortfolioCell(1, "gold", 6, 3 * 10.25)
    assert worth("account") == PortfolioCell(1, "gold", 6, 5 * 10.25)
    for one in people[:2]:  # who does not permit it brings nothing, and their unit's value stays with others
        store.write(lambda it, one=one: withdraw_permission(it, no(one, ANALYSIS), now=LATER))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert worth("household") == PortfolioCell(1, "gold", 4, 3 * 10.25)


def test_a_model_is_kept_by_its_version(store: Store) -> None:
    store.write(lambda it: it.put_model("n1", "needs", '{"é": 1}'))
    store.write(lambda it: it.put_model("n1", "needs", "another"))
    assert store.read(lambda it: it.model_document("n1")) == '{"é": 1}'
    with pytest.raises(errors.StorageUnavailable, match="version n2"):
        store.read(lambda it: it.model_document("n2"))


def test_all_but_the_served_build_is_dropped(store: Store, database: str) -> None:
    ana = register(store, "ana@example.org")
    for number in range(3):
        publish(store, f"b{number}", number + 1, ana)
    store.write(lambda it: it.start_build("unfinished", NOW, 1))
    store.write(lambda it: it.put_scores("unfinished", [score(ana)]))
    assert store.write(lambda it: it.drop_builds()) == 3
    assert seen(store, ana) == counted(ana, 3)
    for table in ("builds", "build_counts", "build_scores"):
        assert beside_the_store(database, f"SELECT build FROM {table}") == [("b2",)]
    for late in (
        lambda it: it.put_counted("unfinished", [counted(ana)]),
        lambda it: it.put_scores("unfinished", [score(ana)]),
        lambda it: it.publish_build("unfinished", {}, "{}", NOW),
    ):
        with pytest.raises(errors.StorageUnavailable, match="dropped"):
            store.write(late)

"""A moment concerns those whom it fits, once each time, and nobody who said no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customers.customer import CustomerId
from trato.customize.programme.moments import (
    Arrival,
    Liking,
    Supply,
    arrives,
    bought_of,
    falls_due,
    fit_of,
    promise_due,
    runs_out,
    usual_days,
)
from trato.differentiate.needs.beliefs import NeedsModel, Statement, believe, predict
from trato.interact.conversations import Conversation
from trato.interact.log import LogEntry
from trato.interact.touchpoints import Touchpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

MADRID = ZoneInfo("Europe/Madrid")
ANA, EVA, IAN = CustomerId("ana"), CustomerId("eva"), CustomerId("ian")
FIRST = date(2026, 1, 1)
BOOK = Arrival("author", "Poe", date(2026, 3, 1))


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def supply(customer: CustomerId, *days: int, count: int = 1) -> Supply:
    return Supply(customer, tuple((day(one), count) for one in days))


def said(module: str, binds: str) -> Statement:
    return Statement("author", module, "always" if binds == "always" else "never")


@pytest.mark.parametrize(
    ("counts", "statements", "fit"),
    [
        ({}, (), 0),
        ({("author", "Poe"): 1}, (), 0.5),
        ({("author", "Poe"): 3, ("author", "Kafka"): 1}, (), 0.6),
        ({("author", "Poe"): 3, ("wine", "red"): 90}, (), 0.75),
        ({("author", "Poe"): 9}, (said("Poe", "never"),), 0),
        ({}, (said("Poe", "always"),), 1),
        ({("author", "Poe"): 9}, (said("Kafka", "always"),), 0),
        ({("author", "Poe"): 1, ("author", "Kafka"): 2}, (said("Kafka", "never"),), 0.5),
        ({("author", "Poe"): 1}, (Statement("genre", "Poe", "never"),), 0.5),
    ],
)
def test_what_arrives_fits_by_what_was_said_and_then_chosen(
    counts: dict[tuple[str, str], int], statements: tuple[Statement, ...], fit: float
) -> None:
    assert fit_of(BOOK, Liking(ANA, counts, statements)) == pytest.approx(fit)


def test_the_best_fit_comes_first_and_what_does_not_fit_not_at_all() -> None:
    likings = [
        Liking(ANA, {("author", "Poe"): 1, ("author", "Kafka"): 8}),
        Liking(EVA, {("author", "Poe"): 1}),
        Liking(IAN, {}, (said("Poe", "always"),)),
    ]
    assert [one.customer for one in arrives(BOOK, 0.2, likings)] == [IAN, EVA]
    assert [one.customer for one in arrives(BOOK, 0.1, likings)] == [IAN, EVA, ANA]
    found = arrives(BOOK, 0.2, likings)[0]
    assert found.context == {"component": "author", "module": "Poe"}
    assert found.record == "arrives author=Poe 2026-03-01"
    # A share of nothing fits nobody, not even where the least is nothing.
    assert arrives(BOOK, 0, [Liking(ANA, {})]) == ()


def test_where_the_model_knows_the_component_the_belief_says_how_it_fits() -> None:
    model = NeedsModel(
        components=("author",),
        modules=(("Poe", "Kafka"),),
        shares=np.array([0.5, 0.5]),
        log_profiles=np.log([[0.9, 0.1], [0.2, 0.8]]),
        habit=np.array([4.0]),
        trust=np.array([4.0]),
    )
    liking = Liking(ANA, {("author", "Kafka"): 2})
    shares = predict(model, believe(model, dict(liking.counts)), "author")
    assert fit_of(BOOK, liking, model) == pytest.approx(shares["Poe"])
    assert fit_of(BOOK, Liking(ANA, {}), model) == pytest.approx(0.55)
    assert fit_of(BOOK, Liking(ANA, {}, (said("Poe", "never"),)), model) == 0
    other = Arrival("wine", "red", BOOK.day)
    assert fit_of(other, Liking(ANA, {("wine", "red"): 1}), model) == 0.5


def entry(at: datetime, component: str, count: int = 1, kind: str = "purchase") -> LogEntry:
    return LogEntry(
        position=1,
        customer=ANA,
        source="till",
        kind=kind,  # type: ignore[arg-type]  # one of KINDS
        at=at,
        received_at=at,
        touchpoint=Touchpoint("till", "store"),
        component=component,
        module="any",
        more_choices=(("basket", component),),
        count=count,
        amount=None,
        cost=None,
        statement=None,
        stance=None,
        learns=True,
        purposes=("service",),
    )


def test_purchases_are_summed_by_the_companys_own_day() -> None:
    late = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)  # the second of January in Madrid
    entries = [
        entry(late + timedelta(hours=5), "ink", 2),
        entry(late, "ink"),
        entry(late, "paper"),
        entry(late, "ink", kind="view"),
        entry(late - timedelta(days=9), "ink"),
    ]
    assert bought_of(entries, "ink", MADRID) == ((date(2025, 12, 24), 1), (date(2026, 1, 2), 3))
    assert bought_of(entries, "basket", MADRID) != ()


def test_who_buys_at_even_intervals_runs_out_at_the_next() -> None:
    supplies = [supply(ANA, 0, 30, 60), supply(EVA, 10, 40), supply(IAN, 55)]
    assert usual_days(supplies) == 30
    assert runs_out("ink", supplies, today=day(69), since=None) == ()
    (due,) = runs_out("ink", supplies, today=day(70), since=day(69))
    assert (due.customer, due.day, due.record) == (EVA, day(70), "runs_out ink 2026-03-12")
    assert due.context == {"component": "ink", "days": 30}
    both = runs_out("ink", supplies, today=day(90), since=None)
    assert [one.customer for one in both] == [EVA, ANA]


def test_more_pieces_last_longer() -> None:
    double = Supply(ANA, ((day(0), 1), (day(10), 2), (day(30), 3)))
    (due,) = runs_out("ink", [double], today=day(60), since=day(0))
    assert due.day == day(60)


def test_who_stopped_is_left_alone_and_who_bought_once_is_not_foretold() -> None:
    supplies = [supply(ANA, 0, 10, 20), supply(EVA, 0)]
    assert runs_out("ink", supplies, today=day(31), since=None)
    assert runs_out("ink", supplies, today=day(45), since=None) == ()
    assert runs_out("ink", [supply(EVA, 0), supply(IAN, 3)], today=day(40), since=None) == ()


def test_few_intervals_are_drawn_towards_all_customers() -> None:
    crowd = [supply(CustomerId(f"c{n}"), *range(0, 600, 60)) for n in range(50)]
    one = runs_out("ink", [*crowd, supply(ANA, 0, 20)], today=day(99), since=day(0))
    many = runs_out("ink", [*crowd, supply(ANA, *range(0, 420, 20))], today=day(499), since=day(0))
    (early,) = [due for due in one if due.customer == ANA]
    (late,) = [due for due in many if due.customer == ANA]
    assert (early.day - day(20)).days == 40  # half their own 20, half the usual 60
    assert 20 <= (late.day - day(400)).days <= 22


def test_the_day_is_right_on_average() -> None:
    chance = np.random.default_rng(5)
    supplies, true = [], {}
    for number in range(400):
        pace, days, at = chance.uniform(15, 45), [], 0.0
        for _ in range(12):
            days.append(round(at))
            at += chance.uniform(0.8, 1.2) * pace
        customer = CustomerId(f"c{number:03}")
        supplies.append(supply(customer, *days))
        true[customer] = (day(days[-1]), pace)
    found = runs_out("ink", supplies, today=day(2000), since=FIRST - timedelta(days=1))
    assert len(found) == 400
    off = [((one.day - true[one.customer][0]).days / true[one.customer][1]) - 1 for one in found]
    assert abs(sum(off) / len(off)) < 0.05
    assert sum(abs(one) < 0.15 for one in off) > 0.9 * len(off)


@given(
    days=st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=6, unique=True), max_size=5),
    cuts=st.lists(st.integers(0, 900), min_size=2, max_size=6, unique=True),
)
def test_runs_in_a_row_find_each_once(days: list[list[int]], cuts: list[int]) -> None:
    supplies = [supply(CustomerId(str(n)), *sorted(some)) for n, some in enumerate(days)]
    last = {one.customer: one.bought[-1][0] for one in supplies}
    cuts = sorted(cuts)
    whole = runs_out("ink", supplies, today=day(cuts[-1]), since=day(cuts[0]))
    parts = [runs_out("ink", supplies, today=day(to), since=day(since)) for since, to in pairwise(cuts)]
    assert sorted(whole, key=key) == sorted((due for part in parts for due in part), key=key)
    fallen = [
        due.customer
        for since, to in zip(range(cuts[0], cuts[-1]), range(cuts[0] + 1, cuts[-1] + 1), strict=True)
        for due in falls_due("check", 100, last, today=day(to), since=day(since))
    ]
    for customer, on in last.items():
        crossed = range(max((day(cuts[0]) - on).days, 0) + 1, (day(cuts[-1]) - on).days + 1)
        assert fallen.count(customer) == sum(number % 100 == 0 for number in crossed)


def key(due: object) -> str:
    return repr(due)


def test_a_service_falls_due_and_again() -> None:
    last = {ANA: day(0), EVA: day(5)}
    assert falls_due("check", 365, last, today=day(364), since=None) == ()
    (due,) = falls_due("check", 365, last, today=day(366), since=day(360))
    assert (due.customer, due.day, due.context["days"]) == (ANA, day(365), 365)
    assert falls_due("check", 365, last, today=day(367), since=day(366)) == ()
    again = falls_due("check", 365, last, today=day(740), since=day(700))
    assert [(one.customer, one.day) for one in again] == [(ANA, day(730)), (EVA, day(735))]
    assert falls_due("check", 365, {ANA: day(500)}, today=day(400), since=None) == ()


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def promised(name: str, hours: float | None, *, closed: bool = False) -> Conversation:
    due = None if hours is None else NOW + timedelta(hours=hours)
    began = NOW - timedelta(days=9)
    return Conversation(
        name, ANA, "service", "a lost parcel", "till", began, "we call", due, began if closed else None
    )


def found_of(conversations: Sequence[Conversation], days: int) -> list[object]:
    found = promise_due(conversations, days, now=NOW, zone=MADRID)
    return [due.context["conversation"] for due in found]


def test_what_was_promised_is_found_before_it_is_due() -> None:
    talks = [
        promised("in a day", 24),
        promised("late", -30),
        promised("in a week", 168),
        promised("never said when", None),
        promised("done", 1, closed=True),
    ]
    assert found_of(talks, 1) == ["late", "in a day"]
    assert found_of(talks, 0) == ["late"]
    due = promise_due(talks, 1, now=NOW, zone=MADRID)[1]
    assert (due.context["days_left"], due.day) == (1, date(2026, 3, 2))
    assert due.record == "promise_due in a day 2026-03-02T12:00:00+00:00"

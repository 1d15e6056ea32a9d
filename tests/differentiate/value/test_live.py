"""Worth on a page and worth in a build: one model, one number."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trato.differentiate.known import MoneyDay, add_days
from trato.differentiate.value.days import histories_of, rows_of
from trato.differentiate.value.forecast import forecast, interval
from trato.differentiate.value.learn import learn_values
from trato.differentiate.value.live import ValueModel, from_document, worth_of, worths
from trato.differentiate.value.purchases import fit_purchases
from trato.differentiate.value.spend import needs_signs
from trato.differentiate.value.tiers import TierRule, tiers
from trato.errors import BadDeclaration, NotEnoughData

START = date(2024, 1, 1)
LENGTH = 300


def shoppers(number: int, *, losses: bool, seed: int = 5) -> list[tuple[MoneyDay, ...]]:
    """Customers who buy at rates of their own; with `losses`, some days bring less than nothing."""
    rng = np.random.default_rng(seed)
    told = []
    for _ in range(number):
        rate, spend, begins = rng.gamma(1.2, 0.04), rng.gamma(4.0, 900.0), int(rng.integers(0, LENGTH // 2))
        days: dict[int, MoneyDay] = {}
        for day in range(begins, LENGTH):
            if day == begins or rng.random() < rate:
                cents = int(rng.gamma(3.0, spend / 3.0))
                cost = int(cents * rng.uniform(0.5, 1.6)) if losses else None
                days[day] = MoneyDay(START + timedelta(days=day), cents, cost, True)
            elif rng.random() < 0.01:
                days[day] = MoneyDay(START + timedelta(days=day), -500, None, False)
        told.append(tuple(days[day] for day in sorted(days)))
    return told


UNTIL = START + timedelta(days=LENGTH - 1)


def taught(days: list[tuple[MoneyDay, ...]], seed: int = 0) -> tuple[ValueModel, np.ndarray]:
    """The model of these customers, with beliefs over three needs that most of them have."""
    weights = np.random.default_rng(seed).dirichlet(np.ones(3), len(days))
    known = np.arange(len(days)) % 7 > 0
    model, _, _ = learn_values(
        rows_of(days),
        UNTIL,
        weights=weights,
        known=known,
        needs_version="v",
        currency="EUR",
        minor_units=2,
    )
    return model, weights


@pytest.fixture(scope="module", params=[False, True], ids=["sales alone", "with losses"])
def shop(request: pytest.FixtureRequest) -> tuple[list[tuple[MoneyDay, ...]], ValueModel, np.ndarray]:
    days = shoppers(260, losses=request.param)
    return (days, *taught(days))


Shop = tuple[list[tuple[MoneyDay, ...]], ValueModel, np.ndarray]


def test_one_customer_is_worth_what_they_are_worth_among_all(shop: Shop) -> None:
    days, model, weights = shop
    histories, seen, total = histories_of(rows_of(days), UNTIL, model.horizon)
    everyone = worths(model, histories, total, weights[seen])
    for place, customer in enumerate(seen.tolist()):
        one = worth_of(model, days[customer], weights[customer], as_of=UNTIL)
        assert one is not None
        assert one.actual_value == everyone.actual_value[place] == sum(day.net for day in days[customer])
        found = (one.p_alive, one.expected_purchases, one.expected_value, one.low, one.high, one.potential)
        columns = (
            *(everyone.p_alive, everyone.expected_purchases, everyone.expected_value),
            *(everyone.low, everyone.high, everyone.potential),
        )
        assert found == tuple(column[place] for column in columns)
        assert one.tier == everyone.tier[place]


def test_the_build_says_what_the_page_says(shop: Shop) -> None:
    days, model, weights = shop
    again, found, seen = learn_values(
        rows_of(days),
        UNTIL,
        weights=weights,
        known=np.arange(len(days)) % 7 > 0,
        needs_version="v",
        currency="EUR",
        minor_units=2,
    )
    assert again.version == model.version
    for place, customer in enumerate(seen.tolist()[:40]):
        one = worth_of(model, days[customer], weights[customer] if customer % 7 else None, as_of=UNTIL)
        assert one is not None
        assert one.expected_value == found.expected_value[place]
        assert one.tier == found.tier[place]


def test_it_is_the_batch_forecast_without_the_booster(shop: Shop) -> None:
    days, model, weights = shop
    rows = rows_of(days)
    now, seen, total = histories_of(rows, UNTIL, model.horizon)
    before, _, _ = histories_of(rows, UNTIL - timedelta(days=model.horizon), model.horizon)
    batch = forecast(now, before, signed=needs_signs(now), seed=1, boosted=False)
    low, high = interval(batch, now)
    live = worths(model, now, total, weights[seen])
    assert batch.weights.booster == 0
    np.testing.assert_allclose(live.expected_value, batch.expected_value, rtol=1e-9)
    np.testing.assert_allclose(live.p_alive, batch.probability.p_alive, rtol=1e-9)
    scale = np.abs(batch.expected_value).max()
    np.testing.assert_allclose(live.low, low, atol=2e-3 * scale)
    np.testing.assert_allclose(live.high, high, atol=2e-3 * scale)
    known = np.arange(len(days))[seen] % 7 > 0
    told = worths(model, now, total, weights[seen], known)
    potential = np.where(known, told.potential, told.expected_value)
    assert (tiers(told.expected_value, potential, TierRule()) == told.tier).all()


def test_every_purchase_model_reads_back_bit_for_bit(shop: Shop) -> None:
    days, model, weights = shop
    now, seen, total = histories_of(rows_of(days), UNTIL, model.horizon)
    fitted = fit_purchases(now.rows())
    for purchases in (fitted.bg_nbd, fitted.pareto_nbd, fitted.stayers):
        other = replace(model, purchases=purchases)
        back = from_document(other.document(), "here")
        assert back.version == other.version
        assert back.purchases == purchases
        everyone = worths(other, now, total, weights[seen])
        for customer in range(0, len(days), 7):
            one = worth_of(back, days[customer], weights[customer], as_of=UNTIL)
            assert one is not None
            place = seen.tolist().index(customer)
            assert one.expected_value == everyone.expected_value[place]
            assert (one.low, one.high) == (everyone.low[place], everyone.high[place])


def test_a_changed_document_is_refused(shop: Shop) -> None:
    _, model, _ = shop
    said = json.loads(model.document())
    for wrong in ({**said, "horizon": said["horizon"] + 1}, {**said, "format": "other"}, {"format": 1}):
        with pytest.raises(BadDeclaration, match="model of values"):
            from_document(json.dumps(wrong), "here")
    with pytest.raises(BadDeclaration, match="damaged"):
        from_document("no json", "here")


def test_worth_is_as_of_the_models_last_day_or_the_customers_own(shop: Shop) -> None:
    days, model, _ = shop
    early = worth_of(model, days[3], None)
    assert early is not None
    assert early.as_of == model.until
    assert early.potential is None
    later = (*days[3], MoneyDay(UNTIL + timedelta(days=9), 1_000, None, True))
    late = worth_of(model, later, None)
    assert late is not None
    assert late.as_of == UNTIL + timedelta(days=9)
    assert late.actual_value == early.actual_value + 1_000


def test_of_whom_nothing_is_known_nothing_is_said(shop: Shop) -> None:
    _, model, _ = shop
    assert worth_of(model, (), None) is None
    assert worth_of(model, shop[0][0], None, as_of=START - timedelta(days=1)) is None


def test_without_a_second_purchase_nothing_is_learned() -> None:
    once = [(MoneyDay(START, 100, None, True),), ()]
    nobody = np.zeros(2, np.bool_)
    for days in (once, [(), ()]):
        with pytest.raises(NotEnoughData):
            learn_values(
                rows_of(days),
                UNTIL,
                weights=None,
                known=nobody,
                needs_version=None,
                currency="EUR",
                minor_units=2,
            )


money_days = st.lists(
    st.tuples(st.integers(0, 40), st.integers(-400, 900), st.none() | st.integers(-50, 300), st.booleans()),
    max_size=12,
).map(lambda rows: add_days([MoneyDay(START + timedelta(days=d), a, c, bought) for d, a, c, bought in rows]))


@given(st.lists(money_days, max_size=5), st.integers(0, 45), st.integers(1, 20))
@settings(deadline=None)
def test_histories_are_those_of_the_obvious_loop(
    days: list[tuple[MoneyDay, ...]], end: int, horizon: int
) -> None:
    origin = START + timedelta(days=end)
    histories, seen, total = histories_of(rows_of(days), origin, horizon)
    assert seen.tolist() == [c for c, own in enumerate(days) if any(one.day <= origin for one in own)]
    for place, customer in enumerate(seen.tolist()):
        known = [one for one in days[customer] if one.day <= origin]
        bought = [one.day for one in known if one.bought]
        first = bought[0] if bought else known[0].day
        brought: dict[date, int] = defaultdict(int)
        for one in known:
            before = [day for day in bought if day <= one.day]
            brought[before[-1] if before else first] += one.net
        last = bought[-1] if bought else first
        assert histories.x[place] == max(len(bought) - 1, 0)
        assert histories.T[place] == (origin - first).days / 7
        assert histories.t_x[place] == (last - first).days / 7
        assert total[place] == histories.total[place] == sum(brought.values())
        assert histories.repeat_total[place] == sum(v for day, v in brought.items() if day > first)
        assert histories.squares[place] == sum(v * v for v in brought.values())
        later = [one for one in days[customer] if 0 < (one.day - origin).days <= horizon]
        assert histories.future_total[place] == sum(one.net for one in later)
        assert histories.future_days[place] == sum(one.bought for one in later)


@given(money_days, money_days)
def test_days_add_up_in_any_order(one: tuple[MoneyDay, ...], other: tuple[MoneyDay, ...]) -> None:
    both = add_days(one, other)
    assert both == add_days(other, one)
    assert sum(day.net for day in both) == sum(day.net for day in (*one, *other))
    assert [day.day for day in both] == sorted({day.day for day in (*one, *other)})

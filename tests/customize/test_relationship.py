"""What a competitor would have to learn again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.corner import MODULES, NOW, Corner, needs_model
from tests.customize.test_information import entry
from trato.customize.relationship import (
    Relationship,
    gain_of,
    guesses_of,
    in_all,
    relationship_of,
    treatment_gain,
    trend_of,
)
from trato.differentiate.needs.beliefs import Statement, add, believe, predict

MADRID = ZoneInfo("Europe/Madrid")
MODULE = st.sampled_from(MODULES[0])


def relationship(corner: Corner, who: str, now: datetime = NOW) -> Relationship | None:
    settings = corner.company.settings
    return corner.store.read(
        lambda it: relationship_of(
            it,
            who,  # type: ignore[arg-type]  # an id, as a word
            purposes=corner.company.purposes,
            unit=settings.unit,
            zone=settings.zone,
            models=corner.models,
            now=now,
        )
    )


@given(st.lists(MODULE, min_size=1, max_size=8), st.lists(st.tuples(MODULE, st.booleans()), max_size=2))
def test_a_gain_is_the_hits_that_only_we_score(chosen: list[str], said: list[tuple[str, bool]]) -> None:
    """Draw the next choice as we believe of them, guess as we do and as who knows nothing does."""
    model = needs_model((0.6, 0.4))
    counts = add(*({("bread", one): 1} for one in chosen))
    belief = believe(model, counts)
    statements = [Statement("bread", module, "always" if yes else "never") for module, yes in said]
    (guess,) = guesses_of(model, belief, statements)
    told = predict(model, belief, "bread", statements)
    draws = np.random.default_rng(3).random(4000)
    edges = np.cumsum(list(told.values()))
    if edges[-1] == 0:
        assert gain_of([guess]) == 0
        return
    drawn = [list(told)[min(place, len(told) - 1)] for place in np.searchsorted(edges, draws)]
    ours = np.mean([one == guess.module for one in drawn])
    theirs = np.mean([one == guess.as_all_module for one in drawn])
    assert guess.right - guess.as_all >= 0
    assert ours - theirs == pytest.approx(gain_of([guess]), abs=0.05)


def test_who_wants_what_all_want_is_worth_nothing_to_have_known() -> None:
    model = needs_model()
    assert gain_of(guesses_of(model, believe(model, {("milk", "whole"): 9}))) == 0


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
    st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6),
)
def test_knowing_more_never_costs(known: list[float], unknown: list[float]) -> None:
    gain = treatment_gain(np.array(known), np.array(unknown[: len(known)]))
    assert gain >= 0
    assert treatment_gain(np.array(known), np.array(known)) == 0


def test_a_trend_forgets_what_was_not_known_yet() -> None:
    model = needs_model()
    march, april = entry(1, "rye", count=6), entry(60 * 24 * 40, "rye", count=6)
    counts = {("bread", "rye"): 14}  # two of them a build took from tables
    trend = trend_of(
        model, counts, [april, march], value=1000.0, zone=MADRID, now=datetime(2026, 5, 2, tzinfo=UTC)
    )
    gains = [gain_of(guesses_of(model, believe(model, {("bread", "rye"): known}))) for known in (8, 14, 14)]
    assert [one.month for one in trend] == ["2026-03", "2026-04", "2026-05"]
    assert [one.gain for one in trend] == pytest.approx(gains)
    assert [one.value for one in trend] == pytest.approx([1000 * one for one in gains])


def test_in_all_is_the_sample_scaled_up() -> None:
    def one(value: float | None, month: str) -> Relationship:
        from trato.customize.relationship import MonthsWorth

        trend = (MonthsWorth(month, 0.1, value),)
        return Relationship("ana", "advice", NOW, (), 0.1, value, value, 365, 3, trend)  # type: ignore[arg-type]  # an id, as a word

    found = in_all([one(100.0, "2026-01"), one(300.0, "2026-02"), one(None, "2026-02")], 30)
    assert found is not None
    assert found.value.mean == pytest.approx(30 * 400 / 3)
    assert found.value.low < found.value.mean < found.value.high
    assert [month for month, _ in found.trend] == ["2026-01", "2026-02"]
    assert [value for _, value in found.trend] == pytest.approx([1000.0, 4000.0])
    everybody = in_all([one(100.0, "2026-01"), one(300.0, "2026-02")], 2)
    assert everybody is not None
    assert everybody.value.low == everybody.value.high == 400
    assert in_all([], 10) is None


def test_a_household_counts_once_however_many_of_it_permit() -> None:
    from trato.customize.relationship import MonthsWorth

    trend = (MonthsWorth("2026-01", 0.5, 100.0),)
    fifty_of_two = [
        Relationship("ana", "advice", NOW, (), 0.5, 100.0, 200.0, 365, 3, trend, members=2)  # type: ignore[arg-type]  # an id, as a word
        for _ in range(100)
    ]
    found = in_all(fifty_of_two, 100)
    assert found is not None
    assert found.value.mean == pytest.approx(50 * 100.0)
    assert [value for _, value in found.trend] == pytest.approx([50 * 100.0])
    assert found.gain.mean == pytest.approx(0.5)


def test_the_store_knows_what_it_learned_and_not_from_whom_it_may_not(corner: Corner) -> None:
    ana, rui = corner.meet(), corner.meet("Rui Lima")
    corner.grant(ana)
    corner.build({ana: {("bread", "wheat"): 3}})
    corner.does(ana, "wheat", at=NOW + timedelta(hours=1))
    found = relationship(corner, ana, NOW + timedelta(days=1))
    assert found is not None
    assert found.evidence == 4
    assert [one.component for one in found.guesses] == ["bread"]
    expected = gain_of(guesses_of(needs_model(), believe(needs_model(), {("bread", "wheat"): 4})))
    assert found.gain == pytest.approx(expected)
    assert found.gain > 0
    assert found.value is None
    assert relationship(corner, rui) is None


def test_before_a_build_nothing_is_worth_anything_yet(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    assert relationship(corner, ana) is None

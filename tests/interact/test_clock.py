"""When an event happened does not hang on the sender's clock, however wrong it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interact.test_interactions import JSON
from trato.interact.clock import by_our_clock

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


def when(**event: Any) -> datetime:
    return datetime.fromisoformat(str(by_our_clock(event, NOW, MADRID)["timestamp"]))


spans = st.timedeltas(timedelta(days=-3000), timedelta(days=3000))


@given(wrong=spans, before=spans, field=st.sampled_from(["timestamp", "originalTimestamp"]))
def test_a_clock_that_is_wrong_by_any_span_tells_the_same(
    wrong: timedelta, before: timedelta, field: str
) -> None:
    theirs = NOW + wrong
    sent = {"sentAt": theirs.astimezone(MADRID).isoformat(), field: (theirs - before).isoformat()}
    assert when(**sent) == NOW - before


@pytest.mark.parametrize(
    ("event", "timestamp"),
    [
        ({}, "2026-03-10T12:00:00+00:00"),
        ({"sentAt": "2026-03-10T12:00:00Z"}, "2026-03-10T12:00:00+00:00"),
        ({"timestamp": "2026-01-01"}, "2026-01-01"),
        ({"originalTimestamp": "2026-01-01"}, "2026-01-01"),
        ({"originalTimestamp": "2026-01-01", "timestamp": "2026-01-02"}, "2026-01-02"),
        ({"timestamp": "soon", "sentAt": "2026-01-02"}, "soon"),
        ({"timestamp": 7, "sentAt": "2026-01-02"}, 7),
        ({"timestamp": "2026-01-01", "sentAt": {}}, "2026-01-01"),
        ({"timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-12-31T00:00:00Z"}, "0001-01-01T00:00:00Z"),
        ({"timestamp": "2026-01-01T10:00", "sentAt": "2026-01-01T09:30Z"}, "2026-03-10T11:30:00+00:00"),
    ],
)
def test_what_cannot_be_reckoned_stays_as_it_is(event: dict[str, object], timestamp: object) -> None:
    assert by_our_clock(event, NOW, MADRID)["timestamp"] == timestamp


@given(st.dictionaries(st.sampled_from(["timestamp", "originalTimestamp", "sentAt"]), JSON))
def test_nothing_raises_and_nothing_is_lost(event: dict[str, object]) -> None:
    before = dict(event)
    found = by_our_clock(event, NOW, MADRID)
    assert event.keys() == before.keys()
    assert found["timestamp"] is not None

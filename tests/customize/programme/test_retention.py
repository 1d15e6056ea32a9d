"""Whose a decision was is kept as long as its purpose says, and forgotten a part at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.customize.programme.shop import NOW, PURPOSES
from trato.customize.programme.retention import MOST, forget_old


class Old:
    """So many old decisions of each purpose."""

    def __init__(self, **often: int) -> None:
        self.often = often
        self.asked: list[tuple[str, datetime]] = []

    def forget_old_decisions(self, purpose: str, before: datetime, most: int) -> int:
        self.asked.append((purpose, before))
        gone = min(self.often.get(purpose, 0), most)
        self.often[purpose] = self.often.get(purpose, 0) - gone
        return gone


def test_each_purpose_has_its_time_and_no_more_than_some_go_at_once() -> None:
    store = Old(offers=MOST - 1, suggestions=3)
    assert [forget_old(store, PURPOSES, now=NOW) for _ in range(3)] == [MOST, 2, 0]
    assert set(store.asked) == {(one.key, NOW - timedelta(days=one.retention_days)) for one in PURPOSES}


def test_what_is_left_for_a_purpose_waits_for_the_next_time() -> None:
    store = Old(offers=MOST, suggestions=1)
    forget_old(store, PURPOSES, now=NOW)
    assert [purpose for purpose, _ in store.asked] == ["offers"]
    assert store.often == {"offers": 0, "suggestions": 1}

"""A bucket of tokens for each key: never more than its rate over time, and it says when to come again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.errors import TooMuchAtOnce
from trato.server.limits import MOST_KEYS, Rates, Room


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.floats(1, 100),
    st.floats(1, 10),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 50)), max_size=40),
)
def test_no_key_gets_more_than_its_rate_and_waiting_always_helps(
    rate: float, burst: float, asked: list[tuple[float, int]]
) -> None:
    clock = Clock()
    rates = Rates(rate, burst, clock)
    taken = 0.0
    most = rate * burst
    for pause, events in asked:
        clock.now += pause
        try:
            rates.take("key", events)
        except TooMuchAtOnce as error:
            clock.now += error.seconds
            rates.take("key", events)  # as long as it was told to wait, and no longer
        taken += events
        # A request larger than the whole bucket is let through when it is full, and paid for afterwards.
        assert taken <= most + rate * clock.now + max(events, most) + 1e-6


def test_keys_do_not_share_a_bucket_and_buckets_do_not_pile_up() -> None:
    rates = Rates(1, 1, Clock())
    for key in range(MOST_KEYS + 10):
        rates.take(str(key), 1)
    with pytest.raises(TooMuchAtOnce):
        rates.take(str(MOST_KEYS), 1)
    assert len(rates._left) == MOST_KEYS


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 120)), max_size=60))
def test_no_more_is_under_way_than_the_room_holds(asked: list[tuple[int, int]]) -> None:
    room = Room(100)
    guests = [room.guest() for _ in range(5)]
    held = [0] * 5
    for who, size in asked:
        others = sum(held) - held[who]
        try:
            guests[who].hold(size)
        except TooMuchAtOnce:
            assert others
            assert others + size > 100
            assert size > held[who]  # to hold less is never refused
        else:
            grew, held[who] = size > held[who], size
            assert not (grew and others) or sum(held) <= 100
    for guest in guests:
        with guest:
            pass
    room.guest().hold(100)
    with pytest.raises(TooMuchAtOnce):
        room.guest().hold(1)

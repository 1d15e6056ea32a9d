"""Episodes of a unit: their windows never meet, and what comes later changes nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trato.customize.programme.episodes import Episodes

VISITS = st.lists(
    st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 60), st.integers(0, 9)), max_size=30
)


@given(VISITS)
def test_no_moment_lies_in_two_windows_of_a_unit_and_no_decision_outside_of_all(
    visits: list[tuple[bytes, int, int]],
) -> None:
    visits.sort(key=lambda one: one[1])
    episodes: Episodes[int] = Episodes()
    opened: list[tuple[bytes, int, int]] = []
    for unit, at, days in visits:
        if episodes.opens(unit, at, at + days):
            opened.append((unit, at, at + days))
    for unit in (b"a", b"b"):
        windows = [(at, end) for whose, at, end in opened if whose == unit]
        assert all(end < after for (_, end), (after, _) in pairwise(windows))
        theirs = [at for whose, at, _ in visits if whose == unit]
        assert all(any(start <= at <= end for start, end in windows) for at in theirs)


def test_nobodys_decisions_open_one_each() -> None:
    episodes: Episodes[int] = Episodes()
    assert episodes.opens(b"", 0, 9)
    assert episodes.opens(b"", 0, 9)


def test_one_that_is_logged_late_does_not_open_one_before() -> None:
    episodes: Episodes[int] = Episodes()
    assert [episodes.opens(b"a", at, at + 5) for at in (10, 8, 15, 16)] == [True, False, False, True]

"""Hold-out arms: by a salted hash, in their shares, and the older one stays."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customize.programme.holdouts import arm_of, older
from trato.customize.programme.treatments import ARMS, Arm, Holdouts

AT = datetime(2026, 1, 1, tzinfo=UTC)
shares = st.builds(
    Holdouts,
    *(st.sampled_from([0.0, 0.05, 0.1, 0.3]) for _ in range(3)),
)


@given(st.binary(min_size=1, max_size=40), st.text(max_size=9), st.text(max_size=9), shares)
def test_the_arm_is_where_the_hash_falls_among_the_shares(
    salt: bytes, programme: str, unit: str, holdouts: Holdouts
) -> None:
    words = f"{programme}|{unit}".encode("utf-8", "surrogatepass")
    place = Fraction(int.from_bytes(hmac.new(salt, words, hashlib.sha256).digest()[:8], "big"), 2**64)
    arm = arm_of(salt, programme, unit, holdouts)
    assert arm == arm_of(salt, programme, unit, holdouts)
    edge = Fraction(0)
    for one in ("nothing", "same_for_all", "random"):
        edge += Fraction(getattr(holdouts, one))
        if place < edge - Fraction(1, 2**50):
            assert arm == one
            return
        if place < edge + Fraction(1, 2**50):
            return  # on the very edge either will do
    assert arm == "policy"


def test_shares_are_kept_and_programmes_are_independent() -> None:
    holdouts = Holdouts(0.1, 0.2, 0.3)
    units = [f"person:{n}" for n in range(6000)]
    arms = {key: [arm_of(b"salt", key, unit, holdouts) for unit in units] for key in ("a", "b")}
    for several in arms.values():
        counted = Counter(several)
        for arm, share in holdouts.shares().items():
            assert abs(counted[arm] / 6000 - share) < 4 * (share * (1 - share) / 6000) ** 0.5
    both = sum(one == "random" == other for one, other in zip(arms["a"], arms["b"], strict=True))
    assert abs(both / 6000 - 0.09) < 0.015


def test_another_salt_is_another_drawing() -> None:
    units = [f"person:{n}" for n in range(500)]
    drawn = [[arm_of(salt, "a", unit, Holdouts(0.5, 0, 0)) for unit in units] for salt in (b"one", b"two")]
    assert drawn[0] != drawn[1]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(ARMS)), min_size=1, max_size=5))
def test_the_arm_given_first_stays(given_: list[tuple[int, Arm]]) -> None:
    arms = [(AT + timedelta(days=days), f"person:{n}", arm) for n, (days, arm) in enumerate(given_)]
    stays = older(arms)
    first = min(at for at, _, _ in arms)
    assert stays == next(arm for at, _, arm in arms if at == first)
    assert stays == older(reversed(arms))


def test_of_nobody_there_is_no_arm() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- of an empty sequence
        older([])

"""The policy as it runs: whole numbers, the same alone as among many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.customize.programme.shop import programme, treatment
from trato.customize.programme.choose import by_arm, by_person, charges, fallen_on, policy
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.features import phi
from trato.customize.programme.ready import ready_of
from trato.customize.programme.treatments import ARMS, Arm, Feature
from trato.customize.programme.vector import vector

READY = ready_of(
    programme(
        *(treatment(f"t{n}", cost=n, cost_taken=10 * n, lever=1 + n / 10) for n in range(9)),
        features=tuple(Feature(f"context.f{n}") for n in range(40)),
        fatigue=7,
    )
)
K = len(READY.keys)

# Nothing may always be given.
eligible = st.lists(st.booleans(), min_size=K - 1, max_size=K - 1).map(lambda rest: [True, *rest])


def crowd(seed: int, many: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(many, 41)).astype(np.float32)
    may = chance.random((many, K)) < 0.7
    may[:, 0] = True
    return x, chance.integers(0, 9, many), may, chance.integers(2**64, size=many, dtype=np.uint64)


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(deadline=None, max_examples=30)
def test_each_of_many_is_as_alone_bit_for_bit(seed: int, many: int) -> None:
    x, contacts, may, seeds = crowd(seed, many)
    together = policy(READY, x, contacts, may, seeds)
    priced = charges(READY, x, contacts)
    for n in range(many):
        alone = policy(READY, x[n : n + 1], contacts[n : n + 1], may[n : n + 1], seeds[n : n + 1])
        assert together.probabilities[n].tobytes() == alone.probabilities[0].tobytes()
        assert priced[n].tobytes() == charges(READY, x[n : n + 1], contacts[n : n + 1])[0].tobytes()
        some = may[n]
        single = vector(
            phi(READY.layout, x[n], READY.modules[some]),
            READY.mean,
            READY.root,
            READY.worth[some],
            priced[n][some],
            seed=int(seeds[n]),
            explore=READY.explore,
        )
        assert together.probabilities[n][some].tolist() == single.probabilities.tolist()
        assert not together.probabilities[n][~some].any()


def test_charges_are_what_is_declared() -> None:
    x, contacts, _, _ = crowd(1, 5)
    for n, row in enumerate(charges(READY, x, contacts)):
        anyway = min(max(float(x[n].astype(np.float64) @ READY.mean[:41].astype(np.float64)), 0.0), 1.0)
        expected = [0.0] + [k + 7 * contacts[n] + 10 * k * anyway for k in range(9)]
        assert np.allclose(row, expected)


@given(eligible, st.sampled_from(ARMS[1:]))
def test_hold_outs_are_whole_and_give_only_what_may_be_given(may: list[bool], arm: Arm) -> None:
    found = by_arm(READY, arm, may)
    assert sum(found) == WHOLE
    assert all(not share or allowed for share, allowed in zip(found, may, strict=True))
    if arm == "random":
        given_to = [share for share, allowed in zip(found, may, strict=True) if allowed]
        assert max(given_to) - min(given_to) < len(given_to)


@given(eligible, st.sampled_from(["", *READY.keys]))
def test_a_persons_choice_leaves_the_declared_part_to_chance(may: list[bool], choice: str) -> None:
    found = by_person(READY, choice, may)
    assert sum(found) == WHOLE
    share = READY.explore // sum(may)
    assert all(
        one == share or not allowed or one > WHOLE // 2 for one, allowed in zip(found, may, strict=True)
    )
    place = READY.place[choice or "t0"]
    assert found[place if may[place] else 0] == WHOLE - share * (sum(may) - 1)


@given(eligible, st.integers(0, WHOLE - 1))
def test_a_draw_falls_on_the_first_whose_sum_exceeds_it(may: list[bool], draw: int) -> None:
    found = by_arm(READY, "random", may)
    assert fallen_on(found, draw) == int(np.searchsorted(np.cumsum(found), draw, side="right"))


@pytest.mark.parametrize("draw", [WHOLE, WHOLE + 5])
def test_a_draw_beyond_the_whole_falls_on_nothing(draw: int) -> None:
    with pytest.raises(ValueError, match="2\\*\\*32"):
        fallen_on([WHOLE, 0], draw)

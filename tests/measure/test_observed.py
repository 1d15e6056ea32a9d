"""What a log that nobody randomised can say, against worlds in which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from trato.measure.observed import Past, observed, proposal

EFFECT = 4.0


def world(*, seed: int, by_lot: bool, effect: float = 0.0, customers: int = 600, rounds: int = 2) -> Past:
    """Customers with a habit of spending that slowly returns to the usual; the great spenders are chosen, or
    the treated are drawn by lot."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(customers), rounds)
    habit = rng.gamma(2.0, 15.0, customers)[unit]
    now = habit + rng.normal(0, 12, len(unit))
    earlier = now + rng.normal(0, 6, len(unit))
    before = 30 + 0.9 * (now - 30) + rng.normal(0, 6, len(unit))
    liking = rng.uniform(size=len(unit)) if by_lot else earlier + rng.normal(0, 15, len(unit))
    treated = liking > np.quantile(liking, 0.6)
    during = 30 + 0.8 * (now - 30) + rng.normal(0, 6, len(unit)) + effect * treated
    return Past(treated, during, before, earlier, now[:, None], unit)


def test_who_was_chosen_by_what_they_spent_is_told() -> None:
    said = observed(world(seed=1, by_lot=False), seed=0)
    assert said.chosen
    assert said.foretold.low > 0.6
    assert said.before.low > 0
    assert not said.parallel  # the great spenders return to the usual, with or without a treatment
    assert said.change.high < 0  # and so a comparison of changes would blame the treatment


def test_a_lot_is_not_taken_for_a_choice() -> None:
    told = [observed(world(seed=seed, by_lot=True, customers=200), seed=seed).chosen for seed in range(20)]
    assert sum(told) <= 4  # two intervals of 95 %


def test_what_was_drawn_by_lot_shows_its_effect() -> None:
    said = observed(world(seed=3, by_lot=True, effect=EFFECT, customers=2_000), seed=0)
    assert said.parallel
    assert said.change.low < EFFECT < said.change.high
    assert said.change.low > 0


def test_foretelling_is_the_share_of_pairs_in_the_right_order() -> None:
    from trato.measure.observed import _ranked

    rng = np.random.default_rng(5)
    guess = np.sort(rng.integers(0, 6, 40).astype(float))
    on = rng.integers(0, 3, 40).astype(float)
    off = rng.integers(0, 3, 40).astype(float)
    slow = sum(
        a * b * (1.0 if x > y else 0.5 if x == y else 0.0)
        for x, a in zip(guess, on, strict=True)
        for y, b in zip(guess, off, strict=True)
    )
    assert _ranked(guess, on, off) == pytest.approx(slow / (on.sum() * off.sum()))


def test_the_proposed_hold_out_proves_its_effect_four_times_in_five() -> None:
    past = world(seed=6, by_lot=False, customers=4_000, rounds=1)
    told = proposal(past, customers=500, share=0.2, worthwhile=1.0)
    rng = np.random.default_rng(7)
    proven = 0
    for _ in range(400):
        some = rng.choice(len(past.unit), 500, replace=False)
        mailed = (rng.uniform(size=500) > 0.2).astype(float)
        after = past.during[some] + told.smallest * mailed
        columns = (np.ones(500), mailed, past.before[some], past.earlier[some])
        design = np.asarray(np.column_stack(columns), np.float64)
        weights, squares, *_ = np.linalg.lstsq(design, after, rcond=None)
        error = np.sqrt(squares[0] / 496 * np.linalg.inv(design.T @ design)[1, 1])
        proven += bool(weights[1] > 1.96 * error)
    assert 0.74 < proven / 400 < 0.86


def test_it_says_in_how_many_rounds_an_effect_is_proven() -> None:
    past = world(seed=8, by_lot=False)
    once = proposal(past, customers=300, share=0.2, worthwhile=100.0)
    assert once.rounds == 1
    half = proposal(past, customers=300, share=0.2, worthwhile=once.smallest / 2)
    assert half.rounds == 4
    assert proposal(past, customers=300, share=0.2, worthwhile=once.smallest / 11).rounds is None

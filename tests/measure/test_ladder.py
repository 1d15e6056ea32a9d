"""The ladder against the slowest, plainest way to write it down."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.differentiate.needs.shrinkage import shrunk
from trato.measure import ladder
from trato.measure.ladder import (
    Groups,
    Panel,
    Rungs,
    Tuning,
    are_grouped,
    climb,
    find_groups,
    judge,
    mass_shares,
    tune,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TINY = Panel(
    early=np.array([[3, 0, 0], [0, 2, 0], [1, 1, 0], [0, 0, 0], [4, 0, 0], [0, 3, 0]], float),
    inner=np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0], [2, 0, 0], [1, 0, 0], [0, 2, 0]], float),
    judged=np.array([[2, 0, 0], [0, 2, 0], [1, 0, 1], [1, 0, 0], [0, 0, 0], [1, 2, 0]], float),
)


def plain_mass(counts: Array) -> list[float]:
    modules = len(counts[0])
    totals = [sum(row[m] for row in counts) + 0.5 for m in range(modules)]
    return [t / sum(totals) for t in totals]


def plain_weights(groups: Groups, counts: Array, temper: float) -> list[list[float]]:
    found = []
    for row in counts:
        raised = []
        for share, profile in zip(groups.shares, groups.profiles, strict=True):
            likelihood = share
            for m, times in enumerate(row):
                likelihood *= profile[m] ** (temper * times)
            raised.append(likelihood)
        found.append([r / sum(raised) for r in raised])
    return found


def plain_niche(groups: Groups, counts: Array, temper: float) -> list[list[float]]:
    modules = range(len(counts[0]))
    return [
        [sum(w * profile[m] for w, profile in zip(weights, groups.profiles, strict=True)) for m in modules]
        for weights in plain_weights(groups, counts, temper)
    ]


def plain_one(counts: Array, towards: list[list[float]], trust: float) -> list[list[float]]:
    if trust == inf:
        return towards
    return [
        [(n + trust * t) / (sum(row) + trust) for n, t in zip(row, near, strict=True)]
        for row, near in zip(counts, towards, strict=True)
    ]


def plain_score(counts: Array, shares: list[list[float]], rows: list[int]) -> float:
    modules = range(len(counts[0]))
    return float(sum(counts[i][m] * log(shares[i][m]) for i in rows for m in modules if counts[i][m]))


def two_groups() -> Groups:
    return Groups(np.array([0.5, 0.5]), np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]]))


def test_mass_is_the_population_with_half_a_choice_more() -> None:
    assert mass_shares(TINY.early) == pytest.approx(plain_mass(TINY.early))


@pytest.mark.parametrize("temper", [0.05, 0.5, 1.0])
def test_weights_are_bayes_with_tempered_likelihoods(temper: float) -> None:
    assert two_groups().weights(TINY.early, temper) == pytest.approx(
        np.array(plain_weights(two_groups(), TINY.early, temper))
    )


def test_tuning_finds_what_trying_everything_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "find_groups", lambda *_: two_groups())
    known = [i for i, row in enumerate(TINY.early) if row.sum()]
    towards = {0.0: [plain_mass(TINY.early)] * 6}
    towards |= {temper: plain_niche(two_groups(), TINY.early, temper) for temper in ladder.TEMPERS}
    niche = max(towards, key=lambda temper: plain_score(TINY.inner, towards[temper], known))
    tried = {
        (temper, trust): plain_score(TINY.inner, plain_one(TINY.early, towards[temper], trust), known)
        for temper in towards
        for trust in ladder.TRUSTS
    }
    found = tune(TINY, 5)
    assert found.temper == niche
    assert tried[found.towards, found.trust] == pytest.approx(max(tried.values()))


def test_climbing_predicts_from_both_past_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_as_groups", lambda *_: two_groups())
    monkeypatch.setattr(ladder, "tune", lambda *_: Tuning(0.7, 0.3, 2.0))
    rungs = climb(TINY)
    past = TINY.early + TINY.inner
    assert rungs.mass == pytest.approx(plain_mass(past))
    assert rungs.niche == pytest.approx(np.array(plain_niche(two_groups(), past, 0.7)))
    assert rungs.one == pytest.approx(np.array(plain_one(past, plain_niche(two_groups(), past, 0.3), 2.0)))
    assert rungs.group.tolist() == [0, 1, 0, 0, 0, 1]
    first = np.average(rungs.niche[[0, 2, 3, 4]], axis=0, weights=past.sum(axis=1)[[0, 2, 3, 4]])
    assert rungs.favoured[0] == pytest.approx(first)


def test_scores_are_counted_choice_by_choice() -> None:
    shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])
    rungs = Rungs(
        mass=np.array([0.5, 0.3, 0.2]),
        niche=shares,
        one=np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]),
        group=np.array([0, 1]),
        favoured=shares,
        tuning=Tuning(1.0, 1.0, 1.0),
        grouped=True,
    )
    worth = np.array([10.0, 1.0, 5.0])
    scores = judge(rungs, np.array([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]), worth)
    assert scores.hits.tolist() == [[2, 1], [2, 3], [1, 3]]
    assert scores.money.tolist() == [[20, 10], [20, 3], [5, 3]]
    assert scores.nats[2] == pytest.approx([2 * log(0.1) + log(0.8), log(0.1) + 3 * log(0.8)])


def chosen(shares: Array, rng: np.random.Generator) -> Array:
    return rng.multinomial(rng.poisson(15, len(shares)), shares).astype(float)


@pytest.mark.parametrize("modules", [3, 8])
def test_habits_are_no_groups_however_common(modules: int) -> None:
    """Customers who each stick to a favourite look like groups to plain classes."""
    rng = np.random.default_rng(1)
    counts = chosen(rng.dirichlet(np.full(modules, 0.3), 600), rng)
    assert len(find_groups(counts, 5).shares) > 1
    assert not are_grouped(counts, ladder._fit(counts, 5, habit=False), 5)


@pytest.mark.parametrize("modules", [3, 8])
def test_groups_of_one_taste_are_groups(modules: int) -> None:
    rng = np.random.default_rng(2)
    profiles = np.full((3, modules), 0.4 / modules) + 0.6 * np.eye(3, modules)
    counts = chosen(profiles[rng.integers(3, size=600)], rng)
    assert len(find_groups(counts, 5).shares) == 3
    assert are_grouped(counts, ladder._fit(counts, 5, habit=False), 5)


def test_identical_customers_are_one_group_which_is_the_mass() -> None:
    rng = np.random.default_rng(3)
    counts = rng.multinomial(rng.poisson(8, 500), [0.5, 0.3, 0.2]).astype(float)
    found = find_groups(counts, 5)
    assert found.profiles == pytest.approx(mass_shares(counts)[None])


@given(st.lists(st.integers(0, 9), min_size=3, max_size=3), st.floats(0.01, 1e4))
def test_shrinkage_keeps_shares_and_lies_between(own: list[int], trust: float) -> None:
    counts, towards = np.array(own, float), np.array([0.5, 0.3, 0.2])
    total = counts.sum()
    found = shrunk(counts, total, towards, trust)
    assert found.sum() == pytest.approx(1)
    seen = counts / total if total else towards
    assert (found >= np.minimum(seen, towards) - 1e-12).all()
    assert (found <= np.maximum(seen, towards) + 1e-12).all()
    assert shrunk(counts, total, towards, inf) == pytest.approx(towards)

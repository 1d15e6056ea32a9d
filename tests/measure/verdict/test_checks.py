"""What a log must be to prove anything: the checks find what is wrong, and seldom what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.measure.verdict.trials import trial
from trato.measure.verdict import Log, check_log, differing
from trato.measure.verdict.checks import Check, attrition, overlap, randomisation, sample_ratio


def plain(rows: int, seed: int, arms: int = 2) -> Log:
    rng = np.random.default_rng(seed)
    features = np.column_stack((rng.normal(size=(rows, 2)), rng.random((rows, 2)) < 0.1))
    return Log(
        rng.integers(0, arms, rows),
        rng.normal(size=rows),
        features.astype(np.float64),
        tuple("ABC"[:arms]),
        names=("x", "y", "mark=1", "mark=2"),
    )


def test_random_treatments_pass_and_seldom_do_not() -> None:
    for seed in range(150):
        log = plain(400, seed, 3)
        failed = [check.name for check in check_log(log, seed) if check.passed is False]
        assert not failed


def test_p_of_the_randomisation_check_is_uniform_at_most() -> None:
    found = np.array([randomisation(plain(300, seed), seed).p for seed in range(200)], np.float64)
    assert (found < 0.1).mean() <= 0.1 + 3 * np.sqrt(0.09 / 200)


def test_logged_chances_that_explain_it_pass() -> None:
    for seed in range(20):
        log = trial("age", 1_500, np.random.default_rng(seed), logged=True).log
        assert [check.passed for check in check_log(log, seed)] == [True, True, True]


def test_treatments_that_follow_a_feature_are_found_and_the_feature_named() -> None:
    log = trial("age", 2_000, np.random.default_rng(1), logged=True).log
    hidden = replace(log, propensity=None)
    assert differing(hidden)[0] == "age"
    assert randomisation(hidden).passed is False


def test_marks_of_one_column_are_named_once_by_the_column() -> None:
    log = plain(2_000, 2)
    features = log.features.copy()
    features[:, 2] = log.treatment == 0
    features[:, 3] = log.treatment == 1
    assert differing(replace(log, features=features)) == ("mark",)


def test_a_share_that_was_not_kept_fails_and_one_that_was_passes() -> None:
    log = plain(4_000, 3)
    assert sample_ratio(log).passed is None
    assert sample_ratio(replace(log, shares=(1.0, 1.0))).passed is True
    assert sample_ratio(replace(log, shares=(0.6, 0.4))).passed is False


def test_chances_logged_wrongly_fail() -> None:
    log = plain(4_000, 4)
    assert sample_ratio(replace(log, propensity=np.full(4_000, 0.5))).passed is True
    assert sample_ratio(replace(log, propensity=np.full(4_000, 0.45))).passed is False


def test_outcomes_lost_under_one_treatment_fail() -> None:
    log = plain(2_000, 5)
    assert attrition(log, np.repeat([0, 1], [50, 50])).passed is True
    found = attrition(log, np.repeat([0, 1], [20, 90]))
    assert found.passed is False
    assert "'B'" in found.said


def test_few_rows_under_large_weights_are_told() -> None:
    log = plain(1_000, 6)
    chance = np.where(log.treatment == 0, 0.9, 0.1)
    chance[np.flatnonzero(log.treatment == 1)[:5]] = 0.0005
    found = overlap(replace(log, propensity=chance))
    assert found.passed is False
    assert "'B'" in found.said


@pytest.mark.parametrize("several", [False, True])
def test_rows_of_one_customer_do_not_look_like_a_pattern(several: bool) -> None:
    """Each customer's twenty rows got one treatment: that is no fault when the customer is the unit."""
    rng = np.random.default_rng(7)
    who = np.repeat(np.arange(60), 20)
    log = Log(
        rng.integers(0, 2, 60)[who],
        rng.normal(size=1_200),
        rng.normal(size=(60, 2))[who],
        ("A", "B"),
        unit=who if several else None,
    )
    assert (randomisation(log).passed is not False) is several


def with_units(units: int, seed: int, share: float = 0.5) -> Log:
    """Customers of ten rows each, all under one treatment."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(units), 10)
    given = (rng.random(units) < share).astype(np.int64)[who]
    rows = len(who)
    return Log(given, rng.random(rows), np.zeros((rows, 0)), ("A", "B"), shares=(0.5, 0.5), unit=who)


def lost_of(log: Log, gone: np.ndarray[Any, np.dtype[np.bool_]]) -> Check:
    """The check on attrition where these rows have no outcome."""
    assert log.unit is not None
    return attrition(log.where(~gone), log.treatment[gone], log.unit[gone])


def test_shares_are_of_customers_not_of_rows() -> None:
    p = np.array([sample_ratio(with_units(500, seed)).p for seed in range(300)], np.float64)
    assert (p < 0.1).mean() <= 0.1 + 3 * np.sqrt(0.09 / 300)
    assert (p < 0.5).mean() >= 0.5 - 3 * np.sqrt(0.25 / 300)
    assert p.min() >= 0.001
    assert sample_ratio(with_units(500, 1, share=0.6)).passed is False


def test_outcomes_are_lost_by_customers_not_by_rows() -> None:
    """Three in ten customers lose all of their rows: that is as likely under either treatment."""
    found = []
    for seed in range(300):
        lose = np.random.default_rng([seed, 1]).random(500)
        found.append(lost_of(with_units(500, seed), np.repeat(lose < 0.3, 10)).p)
    p = np.array(found, np.float64)
    assert (p < 0.1).mean() <= 0.1 + 3 * np.sqrt(0.09 / 300)
    assert (p < 0.5).mean() >= 0.5 - 3 * np.sqrt(0.25 / 300)
    log, lose = with_units(500, 1), np.random.default_rng(2).random(500)
    assert lost_of(log, np.repeat(lose, 10) < np.where(log.treatment == 1, 0.4, 0.2)).passed is False

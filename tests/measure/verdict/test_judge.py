"""The verdict says what was planted, claims nothing where nothing was, and gives a number where it waits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measure.verdict.trials import Trial, trial
from trato.errors import BadOption, NotEnoughData
from trato.measure.verdict import Check, Log, Question, Verdict, check_log, judge, scores_of, watch


def verdict_on(given: Trial, question: Question | None = None, *, seed: int = 0) -> Verdict:
    asked = question or Question()
    nothing = None if asked.nothing is None else given.log.treatments.index(asked.nothing)
    checks = check_log(given.log, seed)
    scores = scores_of(given.log, asked, seed=seed)
    return judge(scores, checks=checks, nothing=nothing, worthwhile=asked.worthwhile)


def alone(given: Trial) -> Trial:
    """Without declared groups."""
    log = given.log
    plain = Log(log.treatment, log.outcome, log.features, log.treatments, log.propensity, log.names)
    return Trial(plain, given.truth)


def test_a_threshold_in_age_is_personalised() -> None:
    given = alone(trial("age", 4_000, np.random.default_rng(1), effect=0.4))
    found = verdict_on(given)
    assert (found.verdict, found.customers_needed) == ("personalise", None)
    assert 0 < found.difference.low < found.difference.mean < found.difference.high
    truth = given.gain(scores_of(given.log).chosen["policy"])
    assert found.difference.low < truth < found.difference.high


def test_what_the_groups_explain_is_groups() -> None:
    found = verdict_on(trial("groups", 4_000, np.random.default_rng(2), effect=0.4))
    assert found.verdict == "groups"
    assert found.groups_difference == found.difference
    assert found.difference.low > 0


def test_more_than_the_groups_explain_is_personalised() -> None:
    found = verdict_on(trial("both", 6_000, np.random.default_rng(3), effect=0.4))
    assert found.verdict == "personalise"
    assert found.beyond_groups is not None
    assert found.beyond_groups.low > 0


def test_where_one_treatment_is_best_for_all_the_answer_is_dont() -> None:
    found = verdict_on(trial("dominated", 6_000, np.random.default_rng(4), effect=0.8))
    assert found.verdict == "dont"
    assert found.best == "C"
    assert found.customers_needed is None
    assert found.difference.high < found.worthwhile


def test_too_few_customers_are_not_yet_and_some_number() -> None:
    found = verdict_on(alone(trial("age", 150, np.random.default_rng(5), effect=0.3)))
    assert found.verdict == "not_yet"
    assert found.customers_needed is not None
    assert found.customers_needed > 0


def test_the_number_is_what_four_in_five_such_trials_would_need() -> None:
    """The gain that was seen, found with 80 % probability by a look with 2.5 % false alarms."""
    given = alone(trial("age", 300, np.random.default_rng([6, 2]), effect=0.2))
    found = verdict_on(given)
    assert found.verdict == "not_yet"
    assert found.difference.mean > found.worthwhile
    gained = scores_of(given.log).value("policy")[:, None] - scores_of(given.log).gamma
    se = (gained.std(axis=0, ddof=1) / np.sqrt(300))[gained.mean(axis=0).argmin()]
    assert found.customers_needed == pytest.approx(300 * (2.8 * se / found.difference.mean) ** 2 - 300, abs=1)


def test_a_small_log_in_which_nothing_was_seen_rules_nothing_out() -> None:
    said = [
        verdict_on(alone(trial("age", 500, np.random.default_rng([6, seed]), effect=0.2))).verdict
        for seed in range(12)
    ]
    assert "dont" not in said


@pytest.mark.parametrize("money", [False, True])
def test_customers_who_do_not_differ_are_never_personalised(money: bool) -> None:
    said = [
        verdict_on(alone(trial("alike", 600, np.random.default_rng([8, seed]), money=money))).verdict
        for seed in range(40)
    ]
    assert said.count("personalise") <= 2


def test_a_policy_has_to_beat_every_single_treatment() -> None:
    """Two treatments that are about as good as each other: a difference from one alone proves nothing."""
    given = alone(trial("age", 3_000, np.random.default_rng(9), effect=0.4))
    scores = scores_of(given.log)
    found = judge(scores)
    lows = []
    for arm in range(3):
        gained = scores.value("policy") - scores.gamma[:, arm]
        lows.append(gained.mean() - 1.96 * gained.std(ddof=1) / np.sqrt(len(gained)))
    assert found.difference.low <= min(lows) + 1e-9


def test_costs_are_taken_off_and_can_turn_the_verdict() -> None:
    given = alone(trial("age", 4_000, np.random.default_rng(10), effect=0.4))
    free = verdict_on(given)
    dear = verdict_on(given, Question(value=2.0, costs={"A": 1.5, "C": 1.5}))
    assert free.verdict == "personalise"
    assert dear.verdict != "personalise"
    assert dear.best == "B"
    value = {one.name: one.value.mean for one in free.policies}
    net = {one.name: one.value.mean for one in dear.policies}
    assert net["A"] == pytest.approx(2 * value["A"] - 1.5)
    assert net["random"] == pytest.approx(2 * value["random"] - 1.0)


def test_what_proves_nothing_proposes_a_treatment_that_is_one_beside_nothing() -> None:
    given = alone(trial("age", 600, np.random.default_rng(10), effect=0.4))
    scores = scores_of(given.log, Question(costs={"A": 1.5, "C": 2.5}, nothing="B"))
    failed = Check("randomisation", False, None, "it was not drawn")
    found = judge(scores, checks=[failed], nothing=1)
    assert (found.verdict, found.best, found.provable) == ("not_yet", "B", False)
    assert "a tenth who get nothing, a tenth who get 'A', and" in found.reasons[-1]
    assert judge(scores, nothing=1).provable


def test_a_capacity_is_given_to_those_who_gain_most() -> None:
    given = alone(trial("age", 4_000, np.random.default_rng(11), effect=0.6, shares=(0.5, 0.5)))
    asked = Question(capacity=0.3, nothing="A")
    scores = scores_of(given.log, asked)
    treated = scores.chosen["policy"] == 1
    assert 0.25 < treated.mean() <= 0.3
    age = given.log.features[:, 0]
    assert (age[treated] >= 45).mean() > 0.9
    found = verdict_on(given, asked)
    assert found.verdict == "personalise"
    assert found.best in {"A", "B to a random 30 %"}


def test_a_capacity_needs_a_nothing() -> None:
    with pytest.raises(BadOption):
        Question(capacity=0.5)
    with pytest.raises(BadOption):
        Question(capacity=1.5, nothing="A")


def test_treatments_that_follow_the_features_prove_nothing() -> None:
    given = trial("age", 3_000, np.random.default_rng(12), logged=True)
    log = given.log
    hidden = Log(log.treatment, log.outcome, log.features, log.treatments, names=log.names)
    found = judge(scores_of(hidden), checks=check_log(hidden))
    assert (found.verdict, found.customers_needed) == ("not_yet", None)
    assert any("age" in reason for reason in found.reasons)
    assert any("hold out" in reason for reason in found.reasons)


def test_logged_propensities_explain_them() -> None:
    found = verdict_on(alone(trial("age", 4_000, np.random.default_rng(13), logged=True)))
    assert all(check.passed is not False for check in found.checks)
    assert found.verdict == "personalise"


def test_rows_of_one_customer_are_not_counted_twice() -> None:
    given = alone(trial("age", 300, np.random.default_rng(14), effect=0.3))
    log = given.log
    who = np.repeat(np.arange(300), 4)
    copied = Log(log.treatment[who], log.outcome[who], log.features[who], log.treatments, unit=who)
    once, again = judge(scores_of(log)), judge(scores_of(copied))
    assert again.units == 300
    by_name = {one.name: one.value for one in again.policies}
    for one in once.policies:
        if one.kind == "single":
            width = one.value.high - one.value.low
            assert by_name[one.name].high - by_name[one.name].low == pytest.approx(width, rel=0.25)


@pytest.mark.parametrize(
    ("treatment", "outcome"),
    [([0] * 40, [0.0, 1.0] * 20), ([0] * 37 + [1] * 3, [0.0, 1.0] * 20), ([0, 1] * 20, [1.0] * 40)],
    ids=["one treatment", "a tiny one", "one outcome"],
)
def test_nothing_to_compare_is_said(treatment: list[int], outcome: list[float]) -> None:
    names = ("A", "B") if max(treatment) else ("A",)
    with pytest.raises(NotEnoughData):
        Log(np.array(treatment), np.array(outcome), np.zeros((40, 0)), names)


@pytest.mark.parametrize("chance", [0.0, 1.5, -0.1, np.nan])
def test_impossible_propensities_are_refused(chance: float) -> None:
    given = np.full(40, 0.5)
    given[7] = chance
    with pytest.raises(BadOption):
        Log(np.array([0, 1] * 20), np.arange(40.0), np.zeros((40, 0)), ("A", "B"), given)


def test_without_features_there_is_a_verdict_still() -> None:
    rng = np.random.default_rng(15)
    log = Log(rng.integers(0, 2, 500), rng.normal(size=500), np.zeros((500, 0)), ("A", "B"))
    found = judge(scores_of(log), checks=check_log(log))
    assert found.verdict in {"dont", "not_yet"}


def test_the_same_seed_gives_the_same_verdict() -> None:
    given = alone(trial("age", 800, np.random.default_rng(16)))
    assert verdict_on(given, seed=3) == verdict_on(given, seed=3)


def test_watching_stops_at_the_look_that_decides() -> None:
    given = alone(trial("age", 4_000, np.random.default_rng(17), effect=0.6))
    found = watch(given.log, looks=8)
    assert found.verdict.verdict == "personalise"
    assert found.looks[-1].rows < 4_000
    assert [one.verdict for one in found.looks[:-1]] == ["not_yet"] * (len(found.looks) - 1)


def test_watching_customers_who_do_not_differ_raises_no_alarm() -> None:
    said = [
        watch(alone(trial("alike", 500, np.random.default_rng([18, seed]))).log, looks=5).verdict.verdict
        for seed in range(12)
    ]
    assert "personalise" not in said


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_log_gets_a_verdict_or_a_clear_word(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, arms, features = int(rng.integers(2, 120)), int(rng.integers(1, 5)), int(rng.integers(0, 6))
    marks = rng.random((rows, features)) < 0.2
    outcome = (rng.random(rows) < 0.2) * rng.choice([1e-9, 1.0, 1e9])
    asked = Question(nothing="A", capacity=float(rng.uniform(0.01, 0.99)) if rng.random() < 0.5 else None)
    try:
        log = Log(
            rng.integers(0, arms, rows),
            outcome if rng.random() < 0.5 else rng.normal(size=rows),
            marks.astype(np.float64) if rng.random() < 0.5 else rng.normal(size=(rows, features)),
            tuple("ABCDE"[:arms]),
            propensity=rng.uniform(0.01, 1, rows) if rng.random() < 0.3 else None,
            group=rng.integers(0, 3, rows),
            groups=("x", "y", "z"),
            unit=rng.integers(0, 30, rows) if rng.random() < 0.3 else None,
        )
    except NotEnoughData:
        return
    checks = check_log(log)
    found = judge(scores_of(log, asked), checks=checks, nothing=0)
    assert found.difference.low <= found.difference.mean <= found.difference.high
    broken = any(check.passed is False for check in checks if check.name != "overlap")
    assert (found.customers_needed is not None) == (found.verdict == "not_yet" and not broken)
    assert found.verdict != "personalise" or found.difference.low > 0
    assert sum(one.kind == "single" for one in found.policies) == arms

"""Deciding and learning in turn, on customers whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.customize.programme.letters import PURPOSES, START, TOUCHPOINTS, letters, treatment
from tests.customize.programme.memory import Memory, built
from tests.customize.test_learn import textbook
from trato.customize.decide import decide
from trato.customize.learn import learn
from trato.customize.outcomes import report
from trato.customize.programme.decision import WHOLE, Asked, Decision, DecisionId, Outcome, Taught
from trato.customize.programme.lessons import posterior_of
from trato.customize.programme.serving import Serving
from trato.customize.programme.treatments import NO_TREATMENT, Feature, Holdouts, Programmes
from trato.customize.publish import publish

TRUTH = {
    ("most_valuable", "rye"): 0.5,
    ("most_valuable", "wheat"): 0.05,
    ("migrator", "rye"): 0.05,
    ("migrator", "wheat"): 0.5,
}
PROGRAMME = letters(
    treatments=(
        NO_TREATMENT,
        treatment("rye", cost=50, cost_taken=0, configuration={}),
        treatment("wheat", cost=50, cost_taken=0, configuration={}),
    ),
    features=(Feature("tier", ("most_valuable", "migrator")),),
    holdouts=Holdouts(0.1, 0.1, 0.1),
    prior_rate=0.1,
    budget=None,
)
SERVING = Serving(Programmes({"letters": PROGRAMME}), PURPOSES, TOUCHPOINTS, "person", ZoneInfo("UTC"))
DAYS, EACH = 28, 25


@dataclass
class Story:
    """What happened, day by day."""

    store: Memory
    decisions: list[Decision] = field(default_factory=list)
    outcomes: dict[str, bool] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story() -> Story:
    """Four weeks of twenty-five customers a day; outcomes come up to a week late, some twice."""
    store = Memory(build=built())
    draw = np.random.default_rng(8)
    tiers = {}
    for number in range(60):
        who = store.meet(f"p{number}", "offers", "suggestions")
        tiers[who] = ("most_valuable", "migrator")[number % 2]
        store.score(who, tier=tiers[who])
    publish(store, PROGRAMME, now=START)
    told = Story(store)
    waiting: list[Outcome] = []
    for day in range(DAYS + 8):
        now = START + timedelta(days=day)
        due = [one for one in waiting if one.received_at <= now]
        waiting = [one for one in waiting if one.received_at > now]
        with store.begun() as it:
            report(
                it,
                due + due[:3],
                programmes=SERVING.programmes,
                purposes=PURPOSES,
                touchpoints=TOUCHPOINTS,
                now=now,
            )
        with store.begun() as it:
            learn(it, PROGRAMME, purposes=PURPOSES, now=now)
        if day >= DAYS:
            continue
        people = draw.choice(sorted(tiers), EACH, replace=False).tolist()
        asked = [
            Asked(
                DecisionId(f"{day} {who}"),
                who,
                "letters",
                "letter",
                int(draw.integers(2**62)),
                int(draw.integers(WHOLE)),
            )
            for who in people
        ]
        with store.begun() as it:
            made = [one.decision for one in decide(it, asked, serving=SERVING, now=now)]
        for one in made:
            came = draw.random() < 0.1 + TRUTH.get((tiers[one.customer], one.treatment), 0.0)
            told.decisions.append(one)
            told.outcomes[one.id] = bool(came)
            if came:
                at = now + timedelta(days=float(draw.random() * 6.9))
                waiting.append(Outcome(one.id, "a", at, at, taken=True, amount=0))
    return told


def right(story: Story, days: range) -> float:
    """The mean probability with which the policy gives the letter that fits, within some days."""
    found = []
    for one in story.decisions:
        day = (one.at - START).days
        if one.arm == "policy" and day in days:
            fits = "rye" if one.facts["tier"] == "most_valuable" else "wheat"
            found += [each.probability / WHOLE for each in one.candidates if each.treatment == fits]
    return float(np.mean(found))


def test_the_policy_gets_better_as_outcomes_come(story: Story) -> None:
    assert right(story, range(7)) < 0.6
    assert right(story, range(21, 28)) > 0.8


def test_before_the_first_window_closed_it_is_as_declared(story: Story) -> None:
    early = [one for one in story.decisions if one.at < START + timedelta(days=7)]
    assert {one.model for one in early} == {""}
    assert all(one.model for one in story.decisions if one.at >= START + timedelta(days=8))


def test_what_was_learned_is_the_textbook_regression_of_all_that_matured(story: Story) -> None:
    taught = [Taught(one, story.outcomes[one.id], 0) for one in story.decisions]
    mean, covariance = textbook(PROGRAMME, taught)
    found = posterior_of(story.store, PROGRAMME, story.store.served["letters"].model)
    assert found.evidence == len(story.decisions) == DAYS * EACH
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((found.mean - mean) / scale, 0, atol=1e-6)


def test_the_truth_lies_where_the_belief_says(story: Story) -> None:
    from trato.customize.programme.encode import encoded, layout_of, treatment_features
    from trato.customize.programme.features import phi

    found = posterior_of(story.store, PROGRAMME, story.store.served["letters"].model)
    layout, (_, modules) = layout_of(PROGRAMME), treatment_features(PROGRAMME)
    for tier in ("most_valuable", "migrator"):
        rows = phi(layout, encoded(PROGRAMME.features, [{"tier": tier}])[0], modules).astype(np.float64)
        for key, row in zip(("rye", "wheat"), rows[1:], strict=True):
            sd = float(np.sqrt(((row @ found.root) ** 2).sum()))
            assert abs(float(row @ found.mean) - TRUTH[tier, key]) < 4 * sd

"""What the API answers of decisions and their outcomes, and examples of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from trato.company.settings import Language, Settings
from trato.customize.decide import Decided as Made
from trato.customize.explain import explain
from trato.customize.names import Names
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.wording import in_words
from trato.server.api.answers import Answer, Words
from trato.server.api.door import ID

DECISION = "019aa9c4-2f1b-7d3e-8c55-6e0b7a1d9f42"


class CandidateTold(Answer):
    """A treatment as it stood: why it fell out (`""` if it did not), and its probability in units of 2⁻³²."""

    treatment: str
    reason: str
    probability: int


class PartTold(Answer):
    """What one thing adds to a treatment's net worth, in minor units; all parts sum to it."""

    of: str = Field(description="`everybody`, a fact's name, `lever`, `cost`, `fatigue` or `price`.")
    money: float
    value: float | str | None = Field(description="What was known; for a price, of what it is.")


class BoundTold(Answer):
    """A rule or a price without which another treatment would have been best, and by how much."""

    by: str
    treatment: str
    money: float


class Why(Answer):
    """Why it was chosen. Money is net, in minor units, as the model expected it then."""

    language: Literal["en", "es", "pt"]
    words: list[str] = Field(description="In sentences, what matters most first.")
    parts: list[PartTold]
    runner_up: str | None = Field(default=None, description="The best of all others that could be given.")
    margin: float = Field(description="By how much less that is worth; below zero where it was explored.")
    bound: list[BoundTold]
    explored: bool = Field(description="Another was likelier: this was tried, to go on learning.")
    evidence: int = Field(description="How many outcomes the model had learned; 0 for what was declared.")
    lever: float = Field(description="By which a manager multiplies what it is worth; 1 for none.")
    without_levers: str | None = Field(
        default=None, description="What would have been likeliest without any, where that is another."
    )


class Decided(Answer):
    """A treatment, with the probability with which it was chosen, and why."""

    decision: str
    customer: str | None = Field(description="None where nothing of theirs might be read: it is nobody's.")
    programme: str
    treatment: str = Field(description="`nothing`, or another of the programme's treatments.")
    labels: Words = Field(description="What it is called.")
    says: Words = Field(description="What it says to the customer.")
    configuration: dict[str, str] = Field(description="The module of each component that it sets.")
    probability: float = Field(description="With which it was chosen: exactly the policy that ran.")
    arm: Literal["policy", "nothing", "same_for_all", "random"] = Field(
        description="The hold-out to which the customer's unit belongs; `policy` for all others."
    )
    by_person: str | None = Field(default=None, description="What the person chose who conducts a trial.")
    at: datetime
    matures_at: datetime = Field(description="When the window of its outcome closes.")
    touchpoint: str
    moment: str
    version: str = Field(description="Of the programme's declaration.")
    model: str = Field(description='The model\'s version; `""` before the first.')
    prices: str = Field(description='The prices\' version; `""` for none.')
    candidates: list[CandidateTold]
    why: Why | None = Field(default=None, description="Left out where it was not asked for.")
    repeated: bool = Field(description="It was decided before, for a request with the same Idempotency-Key.")


class ReplayDifference(Answer):
    """Something that came out another way than it was logged."""

    what: str
    logged: str
    made: str


class Replayed(Answer):
    """A decision made again from its record."""

    decision: str
    same: bool = Field(description="Whether all came out the same, bit for bit.")
    differences: list[ReplayDifference]
    probabilities: list[int] = Field(description="As made again, in units of 2⁻³².")


class Reported(Answer):
    """What became of outcomes that were reported."""

    new: int
    known: int = Field(description="They came before, under the same record; nothing was counted twice.")
    late: int = Field(description="Of both, how many happened outside of their decision's window.")
    unknown: list[str] = Field(description="Decisions that there are not.")
    not_permitted: int = Field(description="Left out: their customers permit it no longer.")
    not_awaited: int = Field(description="Left out: their programme finds its outcomes in the log itself.")
    unfunded: list[str] = Field(
        description="Decisions whose cost was released before their outcome came, and is not left."
    )


def why_of(one: Made, language: Language, settings: Settings, called: Names) -> dict[str, Any]:
    """Why a decision came out so, as `Why` says it, in plain values."""
    found = explain(one.decision, one.ready)
    return {
        "language": language,
        "words": in_words(
            found, language, currency=settings.currency, minor_units=settings.minor_units, called=called
        ),
        "parts": [{"of": each.of, "money": each.money, "value": each.value} for each in found.parts],
        "runner_up": found.runner_up,
        "margin": found.margin,
        "bound": [{"by": each.by, "treatment": each.treatment, "money": each.money} for each in found.bound],
        "explored": found.explored,
        "evidence": found.evidence,
        "lever": found.lever,
        "without_levers": found.without_levers,
    }


def told(one: Made, why: Mapping[str, Any] | None, *, repeated: bool = False) -> dict[str, Any]:
    """A decision as `Decided` says it, in plain values."""
    decision = one.decision
    treatment = one.ready.programme.treatments[one.ready.place[decision.treatment]]
    return {
        "decision": decision.id,
        "customer": decision.customer if decision.purpose else None,
        "programme": decision.programme,
        "treatment": treatment.key,
        "labels": treatment.label,
        "says": treatment.says,
        "configuration": treatment.configuration,
        "probability": decision.probability / WHOLE,
        "arm": decision.arm,
        "by_person": decision.by_person,
        "at": _in_utc(decision.at),
        "matures_at": _in_utc(decision.matures_at),
        "touchpoint": decision.touchpoint,
        "moment": decision.moment,
        "version": decision.version,
        "model": decision.model,
        "prices": decision.prices,
        "candidates": [
            {"treatment": each.treatment, "reason": each.reason, "probability": each.probability}
            for each in decision.candidates
        ],
        "why": why,
        "repeated": repeated,
    }


def _in_utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


OUTCOME = {"decision": DECISION, "record": "order 4711", "taken": True, "amount": 2450}
REPORTED: dict[str, Any] = {
    "new": 1,
    "known": 0,
    "late": 0,
    "unknown": [],
    "not_permitted": 0,
    "not_awaited": 0,
    "unfunded": [],
}
DECIDED: dict[str, Any] = {
    "decision": DECISION,
    "customer": ID,
    "programme": "coupons",
    "treatment": "rye",
    "labels": {"en": "A coupon for rye", "es": "Un cupón de centeno", "pt": "Um cupom de centeio"},
    "says": {"en": "Half off your next rye.", "es": "A mitad de precio.", "pt": "Pela metade do preço."},
    "configuration": {"bread": "rye"},
    "probability": 0.75,
    "arm": "policy",
    "at": "2026-03-01T12:00:00Z",
    "matures_at": "2026-03-15T12:00:00Z",
    "touchpoint": "web",
    "moment": "request",
    "version": "5b1c7f0a9d3e4c2b8a6f1e0d7c9b3a52",
    "model": "c0a9d3e45b1c7f0a2b8a6f1e0d7c9b3a",
    "prices": "",
    "candidates": [
        {"treatment": "nothing", "reason": "", "probability": 1073741824},
        {"treatment": "rye", "reason": "", "probability": 3221225472},
        {"treatment": "spelt", "reason": "no_stock", "probability": 0},
    ],
    "why": {
        "language": "en",
        "words": [
            "Given: a coupon for rye, with a probability of 75 %.",
            "It is expected to bring €0.52 net, between €0.11 and €0.93 (90 %).",
            "What counted: what they want in bread (rye) +€0.62, cost −€0.10.",
            "Nothing is expected to bring €0.52 less.",
            "This rests on 412 outcomes.",
        ],
        "parts": [
            {"of": "wants.bread", "money": 62.0, "value": "rye"},
            {"of": "cost", "money": -10.0, "value": ""},
        ],
        "runner_up": "nothing",
        "margin": 52.0,
        "bound": [{"by": "no_stock", "treatment": "spelt", "money": 3.5}],
        "explored": False,
        "evidence": 412,
        "lever": 1.0,
    },
    "repeated": False,
}
REPLAYED: dict[str, Any] = {
    "decision": DECISION,
    "same": True,
    "differences": [],
    "probabilities": [1073741824, 3221225472, 0],
}

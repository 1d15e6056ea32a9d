"""What the API answers of a guided conversation, in every language, and examples of it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from trato.customize.guide.guides import Guides
from trato.customize.guide.talk import Talk
from trato.customize.guide.view import (
    brought_words,
    changed_words,
    component_words,
    module_words,
    option_words,
    question_words,
    view_of,
    why,
)
from trato.server.api.answers import Answer, Words

TALK = "9c1f0f6a5b7e4d5c8a2b3c4d5e6f7081"


class GuideInstead(Answer):
    """Another module for a value; where it does not fit, earlier choices give way to it."""

    module: str
    labels: Words
    fits: bool


class GuideValue(Answer):
    """One value of the proposal, and why."""

    component: str
    module: str
    component_labels: Words
    labels: Words
    settled: Literal["said", "known", "only", "guess"]
    sure: float
    took: int
    of: int
    why: Words
    instead: list[GuideInstead]


class GuideOption(Answer):
    """One answer to the question."""

    key: str
    labels: Words
    probability: float


class GuideQuestion(Answer):
    """What is asked, and what answering brings."""

    key: str
    plain: bool
    words: Words
    brings: Words
    gain: float
    consent_needed: bool = Field(description="Whether an answer needs the customer's explicit consent.")
    options: list[GuideOption]


class GuideChange(Answer):
    """A choice that cannot be had any more."""

    component: str
    module: str
    words: Words


class GuideStep(Answer):
    """How a module of what was accepted is fulfilled."""

    component: str
    module: str
    by: Literal["sku", "step"]
    what: str


class GuideAccepted(Answer):
    """What was accepted."""

    configuration: dict[str, str]
    price: int
    steps: list[GuideStep]
    at: datetime


class GuideProposal(Answer):
    """A complete valid proposal; its values, the least sure first, and the question worth asking, if any."""

    price: int
    right: float = Field(description="The probability that all of it is right.")
    seen: str = Field(description="Send it to accept.")
    values: list[GuideValue]
    question: GuideQuestion | None = None
    changed: list[GuideChange]


class GuidedTalk(Answer):
    """Where a guided conversation stands."""

    id: str
    page: str = Field(description="The path of its page for the customer.")
    customer: str | None = None
    touchpoint: str
    language: Literal["en", "es", "pt"]
    currency: str
    minor_units: int
    started_at: datetime
    changed_at: datetime
    answers: int
    proposal: GuideProposal | None = None
    accepted: GuideAccepted | None = None
    delivered_at: datetime | None = None
    as_expected: bool | None = None


class GuidesAccepted(Answer):
    """What was accepted and is to be delivered, the first accepted first."""

    guides: list[GuidedTalk]


class GuideLeft(Answer):
    """How many were left after a question; null where nothing was asked any more."""

    question: str | None = None
    talks: int


class GuideAbandonment(Answer):
    """After which question customers left, idle for a day; of the conversations that are still kept."""

    talks: int
    accepted: int
    left: list[GuideLeft]


SHOWN = {
    "id": TALK,
    "page": f"/me/guide/{TALK}",
    "touchpoint": "web",
    "language": "es",
    "currency": "EUR",
    "minor_units": 2,
    "started_at": "2026-03-01T12:00:00Z",
    "changed_at": "2026-03-01T12:00:00Z",
    "answers": 0,
    "proposal": {
        "price": 7900,
        "right": 0.41,
        "seen": "0f3a5b7e4d5c8a2b3c4d5e6f70819c1f",
        "values": [
            {
                "component": "phone",
                "module": "simple",
                "component_labels": {"en": "phone", "es": "teléfono", "pt": "telefone"},
                "labels": {"en": "with large keys", "es": "de teclas grandes", "pt": "de teclas grandes"},
                "settled": "guess",
                "sure": 0.52,
                "took": 312,
                "of": 600,
                "why": {
                    "en": "312 of 600 who chose the same took it",
                    "es": "312 de 600 que eligieron lo mismo lo tomaron",
                    "pt": "312 de 600 que escolheram o mesmo levaram",
                },
                "instead": [
                    {
                        "module": "smart",
                        "labels": {"en": "smartphone", "es": "teléfono inteligente", "pt": "smartphone"},
                        "fits": True,
                    }
                ],
            }
        ],
        "changed": [],
    },
}
BOUGHT = {
    **{name: one for name, one in SHOWN.items() if name != "proposal"},
    "accepted": {
        "configuration": {"phone": "simple"},
        "price": 7900,
        "steps": [{"component": "phone", "module": "simple", "by": "sku", "what": "PH-100"}],
        "at": "2026-03-01T12:04:00Z",
    },
}
DELIVERED = {**BOUGHT, "delivered_at": "2026-03-03T09:00:00Z"}


def told_of(guides: Guides, talk: Talk, currency: str, minor_units: int) -> GuidedTalk:
    """Where a talk stands. Raises NoConfiguration."""
    return GuidedTalk(
        id=talk.id,
        page=f"/me/guide/{talk.id}",
        customer=talk.customer,
        touchpoint=talk.touchpoint,
        language=talk.language,
        currency=guides.offer.currency or currency,
        minor_units=minor_units,
        started_at=talk.started_at,
        changed_at=talk.changed_at,
        answers=talk.answers,
        proposal=_proposal(guides, talk),
        accepted=None if talk.accepted is None else GuideAccepted.model_validate(talk.accepted),
        delivered_at=talk.delivered_at,
        as_expected=talk.as_expected,
    )


def _proposal(guides: Guides, talk: Talk) -> GuideProposal | None:
    view = view_of(guides, talk)
    step = view.step
    if step is None or view.seen is None:
        return None
    question = step.question
    return GuideProposal(
        price=step.price,
        right=min(step.right, 1.0),
        seen=view.seen,
        values=[
            GuideValue(
                component=one.component,
                module=one.module,
                component_labels=component_words(guides, one.component),
                labels=module_words(guides, one.component, one.module),
                settled=one.settled,
                sure=one.sure,
                took=one.took,
                of=one.of,
                why=why(guides, one),
                instead=[
                    GuideInstead(
                        module=other.module,
                        labels=module_words(guides, one.component, other.module),
                        fits=other.fits,
                    )
                    for other in view.instead[one.component]
                ],
            )
            for one in step.values
        ],
        question=None
        if question is None
        else GuideQuestion(
            key=question.key,
            plain=question.plain,
            words=question_words(guides, question),
            brings=brought_words(guides, question, step.right),
            gain=question.gain,
            consent_needed=view.consent_needed,
            options=[
                GuideOption(
                    key=one.key,
                    labels=option_words(guides, question, one.key),
                    probability=one.probability,
                )
                for one in question.options
            ],
        ),
        changed=[
            GuideChange(component=name, module=one, words=changed_words(guides, name, one))
            for name, one in step.changed
        ],
    )

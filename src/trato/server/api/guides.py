"""The routes of guided conversations: begun here or on the page, carried on anywhere by who has the id."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, Field

from trato.company.access import ApiKey
from trato.customize.guide.guides import Guides
from trato.customize.guide.talk import Talk
from trato.customize.guide.talks import (
    AcceptTalk,
    AnswerTalk,
    BeginTalk,
    CorrectTalk,
    abandonment,
    accept_talk,
    answer_talk,
    begin_talk,
    correct_talk,
    deliver_talk,
    find_talk,
    to_deliver,
    was_it_right,
)
from trato.errors import NoConfiguration
from trato.server.api.door import Door, customer_id, example, problems
from trato.server.api.guide_answers import (
    BOUGHT,
    DELIVERED,
    SHOWN,
    TALK,
    GuideAbandonment,
    GuidedTalk,
    GuidesAccepted,
    told_of,
)
from trato.storage.transaction import Transaction

LONGEST = 200
MOST = 500

TalkInPath = Annotated[
    str,
    Path(
        alias="guide",
        pattern="^[0-9a-f]{32}$",
        description="The id of the guided conversation. Who has it has the conversation.",
        examples=[TALK],
    ),
]


class Beginning(BaseModel):
    """With whom, and where."""

    customer: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        description="The customer's id; left out, it is somebody unknown.",
    )
    touchpoint: str = Field("", max_length=63, description="A word of touchpoints.yaml.")
    language: Literal["en", "es", "pt"] | None = Field(None, description="The company's first if not said.")


class Answering(BaseModel):
    """An answer to a question, or a choice in free order."""

    key: str = Field(max_length=LONGEST, description="The question's key, or any component.")
    answer: str | None = Field(None, max_length=LONGEST, description="Null is no preference.")
    consent: bool = Field(False, description="The customer agreed to answer what is sensitive.")


class Correcting(BaseModel):
    """Another module in the place of one that was shown."""

    component: str = Field(max_length=LONGEST)
    module: str = Field(max_length=LONGEST)


class Accepting(BaseModel):
    """The proposal that the customer saw."""

    seen: str = Field(max_length=64, description="The `seen` of the answer that they saw.")


class Expecting(BaseModel):
    """Whether it is what they expected."""

    as_expected: bool


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every route does: talk with the store, and tell what came of it."""

    door: Door

    @property
    def guides(self) -> Guides:
        """The guides. Raises NoConfiguration where no offer is declared."""
        if self.door.context.guides is None:
            raise NoConfiguration("this company declares no offer", hint="write offer.yaml")
        return self.door.context.guides

    def changed(self, key: ApiKey, work: Callable[[Transaction, Guides], Talk]) -> GuidedTalk:
        """What a change of a talk came to."""
        guides = self.guides
        return self.told(key, guides, self.door.context.store.write(lambda it: work(it, guides)))

    def told(self, key: ApiKey, guides: Guides, talk: Talk) -> GuidedTalk:
        """A talk as it is told; of a known customer, a look at them."""
        if talk.customer is not None:
            self.door.noted(key, talk.customer, [talk.purpose or ""])
        settings = self.door.context.company.settings
        return told_of(guides, talk, settings.currency, settings.minor_units)


def routes(door: Door) -> APIRouter:
    """Guided conversations."""
    router = APIRouter(prefix="/api/guides", tags=["guides"])
    talker = Depends(door.key_for("greet"))
    reader = Depends(door.key_for("read"))
    context = door.context

    desk = _Desk(door)

    @router.post(
        "",
        name="begin_guide",
        summary="Begin a guided conversation, with a customer who permits it or with somebody unknown",
        status_code=201,
        responses={201: example(**SHOWN), **problems(404, 409)},
    )
    def _begin(
        asked: Annotated[Beginning, Body(examples=[{"touchpoint": "web", "language": "es"}])],
        key: Annotated[ApiKey, talker],
    ) -> GuidedTalk:
        company, now = context.company, context.now()
        who = None if asked.customer is None else customer_id(asked.customer)
        request = BeginTalk(
            who, door.touchpoint(asked.touchpoint), asked.language or company.settings.languages[0]
        )
        return desk.changed(
            key,
            lambda it, served: begin_talk(
                it,
                served,
                request,
                unit=company.settings.unit,
                models=context.models,
                now=now,
                draw=context.draw,
            ),
        )

    @router.get(
        "/abandonment",
        name="guide_abandonment",
        summary="After which question customers left",
        responses={
            200: example(talks=40, accepted=31, left=[{"question": "phone", "talks": 6}]),
            **problems(),
        },
    )
    def _abandonment(_: Annotated[ApiKey, reader]) -> GuideAbandonment:
        now = context.now()
        return GuideAbandonment.model_validate(context.store.read(lambda it: abandonment(it, now=now)))

    @router.get(
        "/accepted",
        name="accepted_guides",
        summary="What was accepted and is to be delivered, the first accepted first",
        responses={200: example(guides=[BOUGHT]), **problems(409)},
    )
    def _accepted(
        key: Annotated[ApiKey, reader],
        limit: Annotated[int, Query(ge=1, le=MOST, description="At most so many.")] = 50,
    ) -> GuidesAccepted:
        now, served = context.now(), desk.guides
        found = context.store.read(lambda it: to_deliver(it, served, most=limit, now=now))
        return GuidesAccepted(guides=[desk.told(key, served, talk) for talk in found])

    @router.get(
        "/{guide}",
        name="guide",
        summary="Where a guided conversation stands",
        responses={200: example(**SHOWN), **problems(404, 409)},
    )
    def _show(guide: TalkInPath, key: Annotated[ApiKey, talker]) -> GuidedTalk:
        now, served = context.now(), desk.guides
        return desk.told(key, served, context.store.read(lambda it: find_talk(it, served, guide, now=now)))

    @router.post(
        "/{guide}/answers",
        name="answer_guide",
        summary="Answer the question, or choose in free order; done twice, it changes nothing",
        responses={200: example(**SHOWN), **problems(404, 409)},
    )
    def _answer(
        guide: TalkInPath,
        asked: Annotated[Answering, Body(examples=[{"key": "phone", "answer": "simple"}])],
        key: Annotated[ApiKey, talker],
    ) -> GuidedTalk:
        now, request = context.now(), AnswerTalk(guide, asked.key, asked.answer, asked.consent)
        return desk.changed(key, lambda it, served: answer_talk(it, served, request, now=now))

    @router.post(
        "/{guide}/corrections",
        name="correct_guide",
        summary="Correct a value that was shown; what does not go with it gives way",
        responses={200: example(**SHOWN), **problems(404, 409)},
    )
    def _correct(
        guide: TalkInPath,
        asked: Annotated[Correcting, Body(examples=[{"component": "phone", "module": "smart"}])],
        key: Annotated[ApiKey, talker],
    ) -> GuidedTalk:
        now, request = context.now(), CorrectTalk(guide, asked.component, asked.module)
        return desk.changed(key, lambda it, served: correct_talk(it, served, request, now=now))

    _ends(router, door, desk)
    return router


def _ends(router: APIRouter, door: Door, desk: _Desk) -> None:
    """How a guided conversation ends: accepted, delivered, and whether it was right."""
    talker, context = Depends(door.key_for("greet")), door.context

    @router.post(
        "/{guide}/acceptance",
        name="accept_guide",
        summary="Take the proposal that was seen, and no other",
        responses={200: example(**BOUGHT), **problems(404, 409)},
    )
    def _accept(
        guide: TalkInPath,
        asked: Annotated[Accepting, Body(examples=[{"seen": "0f3a5b7e4d5c8a2b3c4d5e6f70819c1f"}])],
        key: Annotated[ApiKey, talker],
    ) -> GuidedTalk:
        now, request = context.now(), AcceptTalk(guide, asked.seen)
        return desk.changed(key, lambda it, served: accept_talk(it, served, request, now=now))

    @router.post(
        "/{guide}/delivery",
        name="deliver_guide",
        summary="Say that what was accepted has been delivered",
        responses={200: example(**DELIVERED), **problems(404, 409)},
    )
    def _deliver(guide: TalkInPath, key: Annotated[ApiKey, talker]) -> GuidedTalk:
        now = context.now()
        return desk.changed(key, lambda it, served: deliver_talk(it, served, guide, now=now))

    @router.post(
        "/{guide}/expectation",
        name="expect_guide",
        summary="Say whether what was delivered is what the customer expected",
        responses={200: example(**DELIVERED, as_expected=True), **problems(404, 409)},
    )
    def _expect(
        guide: TalkInPath,
        asked: Annotated[Expecting, Body(examples=[{"as_expected": True}])],
        key: Annotated[ApiKey, talker],
    ) -> GuidedTalk:
        now = context.now()
        return desk.changed(
            key,
            lambda it, served: was_it_right(it, served, guide, as_expected=asked.as_expected, now=now),
        )

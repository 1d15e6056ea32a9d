"""The routes by which a conversation is kept open, carried on at any touchpoint, and closed."""

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from pydantic import AwareDatetime, BaseModel, Field

from trato.company.access import ApiKey
from trato.customize.leave import leave_of
from trato.errors import UnknownConversation
from trato.interact.conversations import (
    LONGEST_WORDS,
    CloseConversation,
    Conversation,
    OpenConversation,
    Promise,
    close_conversation,
    open_conversation,
    promise,
)
from trato.permission.permit import read_permit
from trato.server.api import answers
from trato.server.api.door import (
    ID,
    CustomerInPath,
    Door,
    Repeatable,
    customer_id,
    example,
    first_time,
    in_utc,
    must_be_known,
    problems,
)
from trato.storage.transaction import Transaction

CONVERSATION = {
    "id": "5f0c9f0b0a6d4c55a1d6c3a2b1e09f77",
    "customer": ID,
    "purpose": "service",
    "matter": "the sofa came with a loose leg",
    "touchpoint": "phone",
    "opened_at": "2026-03-01T12:00:00Z",
    "promised": "a fitter calls",
    "due_at": "2026-03-04T17:00:00Z",
    "closed_at": None,
}

LISTED = example(conversations=[CONVERSATION], under=["service"], why_not=[])

ConversationInPath = Annotated[
    str,
    Path(
        alias="conversation",
        pattern="^[0-9a-f]{32}$",
        description="The conversation's id.",
        examples=[CONVERSATION["id"]],
    ),
]


class Opening(BaseModel):
    """A matter to keep open."""

    purpose: str = Field(max_length=63, examples=["service"])
    touchpoint: str = Field(max_length=63, min_length=1, description="A word of touchpoints.yaml.")
    matter: str = Field(min_length=1, max_length=LONGEST_WORDS)


class Promising(BaseModel):
    """What the company says it will do."""

    purpose: str = Field(max_length=63, examples=["service"])
    promised: str = Field(min_length=1, max_length=LONGEST_WORDS)
    due_at: AwareDatetime | None = None


class Closing(BaseModel):
    """The purpose for which the conversation is held."""

    purpose: str = Field(max_length=63, examples=["service"])


def routes(door: Door) -> APIRouter:
    """Conversations of a customer."""
    router = APIRouter(prefix="/api/customers/{customer}/conversations", tags=["conversations"])
    reader = Depends(door.key_for("greet", "read"))
    talker = Depends(door.key_for("greet"))
    context = door.context

    def told(one: Conversation) -> answers.Conversation:
        return answers.Conversation.model_validate(one)

    @router.get(
        "",
        name="open_conversations",
        summary="The open conversations of a customer, as far as they are permitted",
        responses={
            200: example(conversations=[CONVERSATION], under=["service"], why_not=[]),
            **problems(404),
        },
    )
    def _list(customer: CustomerInPath, key: Annotated[ApiKey, reader]) -> answers.Conversations:
        now = context.now()

        def look(it: Transaction) -> answers.Conversations:
            leave = leave_of(it, context.company.purposes, customer_id(customer), now=now)
            found = {
                one.id: one for permit in leave.permits.values() for one in it.open_conversations(permit)
            }
            return answers.Conversations(
                conversations=[told(one) for one in sorted(found.values(), key=lambda one: one.opened_at)],
                under=list(leave.permits),
                why_not=[answers.May.model_validate(one) for one in leave.may if not one.permitted],
            )

        answer = context.store.read(look)
        door.noted(key, customer, answer.under)
        return answer

    @router.post(
        "",
        name="open_conversation",
        summary="Keep a matter open, so that any touchpoint can take it up",
        status_code=201,
        responses={201: example(**{**CONVERSATION, "promised": None, "due_at": None}), **problems(404)},
    )
    def _open(
        customer: CustomerInPath,
        asked: Annotated[
            Opening,
            Body(
                examples=[
                    {
                        "purpose": "service",
                        "touchpoint": "phone",
                        "matter": "the sofa came with a loose leg",
                    }
                ]
            ),
        ],
        key: Annotated[ApiKey, talker],
        idempotency_key: Repeatable = None,
    ) -> answers.Conversation:
        purpose, touchpoint = door.purpose(asked.purpose), door.touchpoint(asked.touchpoint)
        request = OpenConversation(customer_id(customer), purpose, touchpoint, asked.matter)
        now = context.now()
        return told(context.store.write(lambda it: _opened(it, door, key, request, idempotency_key, now=now)))

    @router.post(
        "/{conversation}/promise",
        name="promise",
        summary="Say what will be done about an open conversation, and until when",
        responses={200: example(**CONVERSATION), **problems(404)},
    )
    def _promise(
        customer: CustomerInPath,
        conversation: ConversationInPath,
        asked: Annotated[
            Promising,
            Body(
                examples=[
                    {"purpose": "service", "promised": "a fitter calls", "due_at": "2026-03-04T17:00:00Z"}
                ]
            ),
        ],
        _: Annotated[ApiKey, talker],
    ) -> answers.Conversation:
        now = context.now()
        purpose = door.purpose(asked.purpose)
        request = Promise(customer_id(customer), purpose, conversation, asked.promised, in_utc(asked.due_at))
        return told(context.store.write(lambda it: promise(it, request, now=now)))

    @router.post(
        "/{conversation}/close",
        name="close_conversation",
        summary="End a conversation",
        responses={200: example(**{**CONVERSATION, "closed_at": "2026-03-04T16:30:00Z"}), **problems(404)},
    )
    def _close(
        customer: CustomerInPath,
        conversation: ConversationInPath,
        asked: Annotated[Closing, Body(examples=[{"purpose": "service"}])],
        _: Annotated[ApiKey, talker],
    ) -> answers.Conversation:
        now = context.now()
        request = CloseConversation(customer_id(customer), door.purpose(asked.purpose), conversation)
        return told(context.store.write(lambda it: close_conversation(it, request, now=now)))

    return router


def _opened(
    it: Transaction, door: Door, key: ApiKey, request: OpenConversation, word: str | None, *, now: datetime
) -> Conversation:
    """The new conversation; or the one that the same request opened before, as long as it is open."""
    must_be_known(it, request.customer)
    asked = {"customer": request.customer, "purpose": request.purpose.key, "matter": request.matter}
    if first_time(it, key, word, asked, door=door):
        return open_conversation(
            it, request, now=now, draw=lambda number: _drawn(door, key, request, word, number)
        )
    opened = _drawn(door, key, request, word, 16).hex()
    permit = read_permit(it, request.purpose, request.customer, now=now)
    found: Conversation | None = next(
        (one for one in it.open_conversations(permit) if one.id == opened), None
    )
    if found is None:
        raise UnknownConversation("this conversation was opened before, and is closed by now")
    return found


def _drawn(door: Door, key: ApiKey, request: OpenConversation, word: str | None, number: int) -> bytes:
    """Random bytes; those of a request that may be repeated follow from its word, so that the id is found."""
    if word is None:
        return door.context.draw(number)
    named = f"{key.id} {request.customer} {word}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).digest()[:number]

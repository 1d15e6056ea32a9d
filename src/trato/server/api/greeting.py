"""The route that greets everyone: courtesy, whatever the verdict."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Query
from pydantic import BaseModel, Field

from trato.company.access import ApiKey
from trato.customers.customer import CustomerId
from trato.customers.identifiers import identifier
from trato.customize.greeting import Greeting, greeting_of
from trato.errors import BadIdentifier, UnknownCustomer
from trato.server.api import answers
from trato.server.api.customers import MOST_IDENTIFIERS, IdentifierSaid
from trato.server.api.door import ID, Door, customer_id, example, problems
from trato.storage.transaction import Transaction

LONGEST_HEADER = 1_000
GREETED = example(
    words="Hello, Ana.",
    language="en",
    name="Ana",
    open_matters=[
        {
            "conversation": "5f0c9f0b0a6d4c55a1d6c3a2b1e09f77",
            "purpose": "service",
            "matter": "the sofa came with a loose leg",
            "touchpoint": "phone",
            "label": "on the phone",
            "opened_at": "2026-03-01T12:00:00Z",
            "promised": "a fitter calls",
            "due_at": "2026-03-04T17:00:00Z",
            "overdue": False,
            "words": [
                "You asked us: the sofa came with a loose leg.",
                "We promised by March 4, 2026: a fitter calls.",
            ],
        }
    ],
)
Accepted = Annotated[
    str | None,
    Header(
        alias="Accept-Language",
        description="What the visitor's browser says; it counts where their own language is not known.",
        examples=["pt-BR, en;q=0.5"],
    ),
]


class Greeted(BaseModel):
    """Whom to greet, and where."""

    touchpoint: str = Field(max_length=63, min_length=1, description="A word of touchpoints.yaml.")
    customer: str | None = Field(None, max_length=100)
    identifiers: list[IdentifierSaid] = Field(default_factory=list, max_length=MOST_IDENTIFIERS)


def routes(door: Door) -> APIRouter:
    """The greeting, by id and by what points to the customer."""
    router = APIRouter(prefix="/api/greeting", tags=["greeting"])
    greeter = Depends(door.key_for("greet"))
    context = door.context

    def greet(
        key: ApiKey,
        touchpoint: str,
        customer: str | None,
        identifiers: list[IdentifierSaid],
        accepted: str | None,
    ) -> answers.Greeting:
        door.touchpoint(touchpoint)
        company, now = context.company, context.now()
        wanted = []
        for said in identifiers:
            try:
                wanted.append(identifier(said.kind, said.value))
            except BadIdentifier:
                continue  # who comes with a cookie that means nothing is greeted as anybody is

        def told(it: Transaction, who: CustomerId | None) -> Greeting:
            return greeting_of(
                it,
                who,
                purposes=company.purposes,
                touchpoints=company.touchpoints,
                languages=company.settings.languages,
                accepted=languages_in(accepted or ""),
                zone=company.settings.zone,
                now=now,
            )

        def say(it: Transaction) -> tuple[Greeting, CustomerId | None]:
            who = customer_id(customer) if customer is not None else None
            for one in wanted:
                who = who or it.customer_of(one)
            try:
                return told(it, who), who
            except UnknownCustomer:
                return told(it, None), None

        greeting, who = context.store.read(say)
        if who is not None:
            door.noted(key, who, greeting.under)
        return answers.Greeting.model_validate(greeting)

    @router.get(
        "",
        name="greeting",
        summary="How to greet whoever comes to a touchpoint",
        description="By name where a purpose permits it, in their language, with the open matter. Without a "
        "customer or a permit the greeting is friendly and neutral.",
        responses={200: GREETED, **problems()},
    )
    def _greet(
        touchpoint: Annotated[str, Query(max_length=63, description="A word of touchpoints.yaml.")],
        key: Annotated[ApiKey, greeter],
        customer: Annotated[
            str | None,
            Query(pattern="^[0-9a-f-]{36}$", description="The customer's id, if known.", examples=[ID]),
        ] = None,
        accept_language: Accepted = None,
    ) -> answers.Greeting:
        return greet(key, touchpoint, customer, [], accept_language)

    @router.post(
        "",
        name="greeting_of_whom",
        summary="The same by what points to the customer, without writing it into an address",
        responses={200: GREETED, **problems()},
    )
    def _greet_whom(
        asked: Annotated[
            Greeted,
            Body(
                examples=[
                    {"touchpoint": "web", "identifiers": [{"kind": "email", "value": "ana@example.org"}]}
                ]
            ),
        ],
        key: Annotated[ApiKey, greeter],
        accept_language: Accepted = None,
    ) -> answers.Greeting:
        return greet(key, asked.touchpoint, asked.customer, asked.identifiers, accept_language)

    return router


def languages_in(header: str) -> list[str]:
    """The languages of an Accept-Language header, those that are wanted most first (RFC 9110, 12.5.4).

    >>> languages_in("pt-BR;q=0.5, es, *;q=0.1, xx;q=0")
    ['es', 'pt-BR', '*']
    """
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:LONGEST_HEADER].split(",")):
        word, _, rest = part.partition(";")
        quality = 1.0
        name, _, value = rest.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
        if word.strip() and quality > 0:
            found.append((-quality, place, word.strip()))
    return [word for _, _, word in sorted(found)]

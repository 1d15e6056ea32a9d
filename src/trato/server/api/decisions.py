"""The routes that decide, tell of decisions, replay them, and hear what came of them.

Deciding is the one route that is asked for while a customer waits, many times a second. So it reads its body
itself, and hands the wish to `server/deciding.py`, which decides for all that wait in one transaction.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from trato.company.access import ApiKey
from trato.company.settings import Language
from trato.customers.customer import CustomerId
from trato.customize.decide import Decided, Serving
from trato.customize.outcomes import report
from trato.customize.programme.decision import DecisionId, Outcome
from trato.errors import BadOption
from trato.server.api import decision_answers as answers
from trato.server.api.decided import found_decision, replayed_decision
from trato.server.api.door import ID, Door, example, in_utc, problems
from trato.server.deciding import Again, Wish

MOST_OUTCOMES = 500
MOST_CONTEXT = 50
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_WORD = r"^[a-z][a-z0-9_]{0,62}$"

DecisionInPath = Annotated[
    str,
    Path(alias="decision", pattern=_UUID, description="The decision's id.", examples=[answers.DECISION]),
]


class Wished(BaseModel):
    """For whom to decide, by which programme, where."""

    model_config = ConfigDict(extra="forbid")

    customer: str = Field(pattern=_UUID, description="The customer's id.")
    programme: str = Field(max_length=63, description="A key of treatments.yaml.")
    touchpoint: str = Field(max_length=63, description="A word of touchpoints.yaml, one of the programme's.")
    context: dict[
        Annotated[str, Field(pattern=_WORD)],
        Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=200)] | None,
    ] = Field(
        default={}, max_length=MOST_CONTEXT, description="Facts of the visit or the call: `context.NAME`."
    )
    choice: str | None = Field(
        default=None,
        max_length=63,
        description="What the person chose who conducts the programme; nobody else's choice counts.",
    )
    why: bool = Field(default=True, description="Whether to say why, which takes a moment.")
    language: Language | None = Field(
        default=None, description="In which to say why; the company's first where nothing is said."
    )


class Reporting(BaseModel):
    """What came of a decision."""

    decision: str = Field(pattern=_UUID, description="The decision's id.")
    record: str = Field(min_length=1, max_length=200, description="Its name at its source: it counts once.")
    taken: bool = Field(description="Whether the treatment had the effect that its goal names.")
    amount: int = Field(
        default=0, ge=-(10**15), le=10**15, description="The money it brought, in minor units."
    )
    at: AwareDatetime | None = Field(default=None, description="When it happened; now where nothing is said.")


class Reports(BaseModel):
    """What came of decisions."""

    outcomes: list[Reporting] = Field(min_length=1, max_length=MOST_OUTCOMES)


class Decider(Protocol):
    """What the route asks: an open `Deciding`."""

    def put(self, asked: Wish) -> Awaitable[Decided]:
        """What was decided, once it is on disk."""


def routes(door: Door, decider: Decider, serving: Serving) -> APIRouter:
    """Decisions and their outcomes."""
    router = APIRouter(prefix="/api", tags=["decisions"])
    told = Depends(door.key_for("decide", "read"))
    context = door.context

    router.add_api_route(
        "/decisions",
        _deciding(door, decider, serving),
        methods=["POST"],
        name="decide",
        summary="The treatment for this customer now, logged before it is answered",
        status_code=201,
        response_class=Response,
        responses={
            201: {"model": answers.Decided, **example(**answers.DECIDED)},
            **problems(404, 409),
        },
        openapi_extra=_BODY,
    )

    @router.get(
        "/decisions/{decision}",
        name="decision",
        summary="A decision with its reasons, as far as its customer permits",
        responses={200: example(**answers.DECIDED), **problems(404)},
    )
    def _show(
        decision: DecisionInPath,
        key: Annotated[ApiKey, told],
        language: Annotated[
            Language | None, Query(description="In which to say why; the company's first if nothing is said.")
        ] = None,
    ) -> answers.Decided:
        found = found_decision(door, serving, key, DecisionId(decision))
        return answers.Decided.model_validate(answers.told(found, _why(door, found, language)))

    @router.get(
        "/decisions/{decision}/replay",
        name="replay_decision",
        summary="A decision made again from its record, bit for bit",
        responses={200: example(**answers.REPLAYED), **problems(404)},
    )
    def _replay(decision: DecisionInPath, key: Annotated[ApiKey, told]) -> answers.Replayed:
        found, again = replayed_decision(door, serving, key, DecisionId(decision))
        return answers.Replayed(
            decision=found.decision.id,
            same=again.same,
            differences=[answers.ReplayDifference.model_validate(one) for one in again.differences],
            probabilities=list(again.probabilities),
        )

    @router.post(
        "/outcomes",
        name="report_outcomes",
        summary="What came of decisions, each counted once however often it is sent",
        responses={200: example(**answers.REPORTED), **problems()},
    )
    def _report(
        said: Annotated[Reports, Body(examples=[{"outcomes": [answers.OUTCOME]}])],
        _: Annotated[ApiKey, Depends(door.key_for("decide"))],
    ) -> answers.Reported:
        company, now = context.company, context.now()
        outcomes = []
        for one in said.outcomes:
            at = in_utc(one.at) or now
            if at > now:
                raise BadOption("an outcome has not happened yet")
            outcomes.append(Outcome(DecisionId(one.decision), one.record, at, now, one.taken, one.amount))
        found = context.store.write(
            lambda it: report(
                it,
                outcomes,
                programmes=company.programmes,
                purposes=company.purposes,
                touchpoints=company.touchpoints,
                now=now,
            )
        )
        return answers.Reported.model_validate(found)

    return router


def _deciding(door: Door, decider: Decider, serving: Serving) -> Callable[[Request], Awaitable[Response]]:
    let_in = door.key_for("decide")

    async def decide(request: Request) -> Response:
        key = await let_in(request)
        said = _said(await request.body())
        wish = _wish(door, serving, key, said, request.headers.get("idempotency-key"))
        repeated = False
        try:
            decided = await decider.put(wish)
        except Again as again:
            repeated = True
            decided = await asyncio.to_thread(found_decision, door, serving, key, again.decision)
        why = _why(door, decided, said.language) if said.why else None
        told = answers.told(decided, why, repeated=repeated)
        written = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        return Response(written, 201, media_type="application/json")

    return decide


def _why(door: Door, decided: Decided, language: Language | None) -> dict[str, Any]:
    company = door.context.company
    return answers.why_of(decided, language or company.settings.languages[0], company.settings, company.names)


def _said(body: bytes) -> Wished:
    """What a request says. Raises RequestValidationError."""
    try:
        return Wished.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        ) from None


def _wish(door: Door, serving: Serving, key: ApiKey, said: Wished, word: str | None) -> Wish:
    """What a request asks for. Raises BadOption and UnknownProgramme."""
    if word is not None and not 1 <= len(word) <= 200:
        raise BadOption("an Idempotency-Key has 1 to 200 characters")
    serving.programme(said.programme)
    door.touchpoint(said.touchpoint)
    return Wish(
        key=key.id,
        customer=CustomerId(said.customer),
        programme=said.programme,
        touchpoint=said.touchpoint,
        context=said.context,
        choice=said.choice,
        word=word,
    )


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    **Wished.model_json_schema(),
                    "examples": [
                        {
                            "customer": ID,
                            "programme": "coupons",
                            "touchpoint": "web",
                            "context": {"page": "basket", "items": 3},
                        }
                    ],
                }
            }
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A word of your own, the same when you send the same again: it is done once.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
    ],
}

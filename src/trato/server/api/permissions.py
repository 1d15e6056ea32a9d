"""The route by which a customer's yes, no and no longer come in, and the ledger that holds them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends
from pydantic import AwareDatetime, BaseModel, Field

from trato.company.access import ApiKey
from trato.errors import BadOption
from trato.permission.give import (
    GivePermission,
    Permission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)
from trato.permission.ledger import verify
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

LONGEST = 2_000

GIVEN = example(
    customer=ID,
    purpose="newsletter",
    state="granted",
    since="2026-03-01T12:00:00Z",
    until=None,
    position=17,
    repeated=False,
)
WHOLE = example(position=17, hash="9f2c…", whole=True, faults=[])


class Say(BaseModel):
    """What the customer said about a purpose."""

    do: Literal["grant", "withdraw", "deny"] = Field(description="Yes, no longer, or no.")
    purpose: str = Field(max_length=63, examples=["newsletter"])
    touchpoint: str = Field("", max_length=63, description="Where they said it: a word of touchpoints.yaml.")
    source: str = Field("api", max_length=100, description="How it came here, such as a form's name.")
    evidence: str = Field("", max_length=LONGEST, description="Their words, or a reference; kept encrypted.")
    said_at: AwareDatetime | None = Field(None, description="When they said it; now where nothing is said.")
    until: AwareDatetime | None = Field(None, description="When a yes ends; never where nothing is said.")


def routes(door: Door) -> APIRouter:
    """Permissions and their ledger."""
    router = APIRouter(prefix="/api", tags=["permission"])
    keeper = Depends(door.key_for("permissions"))
    context = door.context

    @router.post(
        "/customers/{customer}/permissions",
        name="say_permission",
        summary="Record a customer's yes, no, or no longer",
        description="Effective once it is answered. With an Idempotency-Key it is done once.",
        responses={200: GIVEN, **problems(404)},
    )
    def _say(
        customer: CustomerInPath,
        said: Annotated[
            Say,
            Body(examples=[{"do": "grant", "purpose": "newsletter", "evidence": "ticked the box"}]),
        ],
        key: Annotated[ApiKey, keeper],
        idempotency_key: Repeatable = None,
    ) -> answers.Permission:
        purpose = door.purpose(said.purpose)
        touchpoint = door.touchpoint(said.touchpoint)
        said_at, until = in_utc(said.said_at), in_utc(said.until)
        if until is not None and said.do != "grant":
            raise BadOption("only a yes ends", hint="leave out until")
        if not said.source.isprintable():
            raise BadOption("a source is a word or a few", hint="leave out line breaks and the like")
        who, now = customer_id(customer), context.now()

        def record(it: Transaction) -> tuple[Permission, bool]:
            must_be_known(it, who)
            if not first_time(it, key, idempotency_key, {"customer": customer, **dict(said)}, door=door):
                stands = it.standings([who], [purpose.key])[who, purpose.key]
                told = Permission(who, purpose.key, stands.state, stands.at, stands.until, stands.position)
                return told, True
            words = (touchpoint, said.source, said.evidence, said_at)
            if said.do == "grant":
                request = GivePermission(who, purpose, *words, until=until)
                return give_permission(it, request, now=now), False
            refuse = withdraw_permission if said.do == "withdraw" else deny_permission
            return refuse(it, RefusePermission(who, purpose, *words), now=now), False

        told, repeated = context.store.write(record)
        return answers.Permission(**{name: getattr(told, name) for name in told.__slots__}, repeated=repeated)

    @router.get(
        "/ledger",
        name="ledger",
        summary="The head of the permission ledger, and whether it is whole",
        description="Every entry is read and checked. Note the head elsewhere and compare it later.",
        responses={200: WHOLE, **problems()},
    )
    def _ledger(_: Annotated[ApiKey, keeper]) -> answers.Ledger:
        def check(it: Transaction) -> answers.Ledger:
            head = it.permission_head()
            faults = verify(it.ledger(), head)
            return answers.Ledger(
                position=head.position,
                hash=head.hash,
                whole=not faults,
                faults=[answers.Fault.model_validate(one) for one in faults],
            )

        return context.store.read(check)

    return router

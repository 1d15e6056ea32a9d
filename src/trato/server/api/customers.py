"""The routes that find a customer, and that tell all that may be known of one."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, Field

from trato.company.access import ApiKey
from trato.company.settings import Language
from trato.customers.identifiers import identifier
from trato.customize.known import known_of
from trato.customize.sections import MOST_PAGE, PAGE, Asked, SectionName
from trato.errors import BadOption
from trato.server.api import answers
from trato.server.api.door import ID, CustomerInPath, Door, customer_id, example, problems
from trato.server.api.labels import labelled
from trato.storage.transaction import Transaction

MOST_IDENTIFIERS = 20

FOUND = example(customers=[{"id": ID, "kinds": ["email"]}])
MAY = {
    "purpose": "advice",
    "labels": {"en": "Advising you", "es": "Aconsejarle", "pt": "Aconselhar"},
    "legal_basis": "consent",
    "marketing_contact": False,
    "profiling": True,
    "stands": "granted",
    "permitted": True,
    "since": "2026-01-07T09:30:00Z",
    "until": None,
    "fields": ["email", "name"],
}
BAKERS = {
    "need": 0,
    "name": {"en": "Bakers", "es": "Panaderos", "pt": "Padeiros"},
    "state": "kept",
    "share": 0.5,
    "description": {"en": ["rye 1.8× as often (80 % of its choices in bread instead of 45 %)"]},
}
RYE = {
    "component": "bread",
    "module": "rye",
    "label": "rye",
    "count": 6,
    "log_odds": 4.9,
    "words": {
        "en": "bread: rye, chosen 6 times",
        "es": "bread: rye, 6 veces",
        "pt": "bread: rye, 6 vezes",
    },
}
# Two sections, as ?section=who&section=wants asks for them.
KNOWN = example(
    customer=ID,
    unit="person",
    at="2026-03-01T12:00:00Z",
    built_at="2026-03-01T03:00:00Z",
    currency="EUR",
    minor_units=2,
    may=[MAY],
    who={
        "under": ["advice"],
        "why_not": [],
        "shown": {
            "identifiers": [{"kind": "email", "value": "ana@example.org", "under": "advice"}],
            "values": [{"name": "name", "value": "Ana Prado", "under": "advice"}],
            "household": [ID],
            "account": [ID],
        },
    },
    worth=None,
    wants={
        "under": ["advice"],
        "why_not": [],
        "shown": {
            "needs": [{"need": BAKERS, "weight": 0.98, "evidence": [RYE]}],
            "statements": [
                {
                    "at": "2026-02-11T17:02:00Z",
                    "touchpoint": "till",
                    "words": "always rye, please",
                    "stance": "wants",
                    "choices": [["bread", "rye"]],
                }
            ],
            "evidence": 6,
            "counted": 6,
            "model": "31fbf019ad7f3640",
            "not_yet": False,
            "members": 1,
        },
    },
    said_and_did=None,
    contacts=None,
    proposal=None,
)
IN_QUERY: dict[str, Any] = {
    "parameters": [
        {
            "name": "identifiers",
            "in": "query",
            "required": True,
            "style": "form",
            "explode": True,
            "description": "Identifiers as KIND=VALUE, such as email=ana@example.org. What stands in an "
            "address ends up in logs: prefer POST /api/customers/search.",
            "schema": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": MOST_IDENTIFIERS,
                "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,62}$"},
                "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 1000},
            },
            "example": {"email": "ana@example.org"},
        }
    ]
}


class IdentifierSaid(BaseModel):
    """A kind and a value."""

    kind: str = Field(max_length=63, examples=["email"])
    value: str = Field(max_length=1000, examples=["ana@example.org"])


class Search(BaseModel):
    """Whom to look for."""

    identifiers: list[IdentifierSaid] = Field(min_length=1, max_length=MOST_IDENTIFIERS)


def routes(door: Door) -> APIRouter:
    """Search and the customer's page."""
    router = APIRouter(prefix="/api/customers", tags=["customers"])
    reader = Depends(door.key_for("read"))
    finder = Depends(door.key_for("read", "permissions"))
    context = door.context

    def find(key: ApiKey, said: Iterable[tuple[str, str]]) -> answers.FoundCustomers:
        wanted = [identifier(kind, value) for kind, value in said]

        def look(it: Transaction) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for one in wanted:
                customer = it.customer_of(one)
                if customer is not None and one.kind not in found.setdefault(customer, []):
                    found[customer].append(one.kind)
            return found

        found = context.store.read(look)
        for customer in found:
            door.noted(key, customer, ())
        return answers.FoundCustomers(
            customers=[answers.Found(id=customer, kinds=kinds) for customer, kinds in found.items()]
        )

    @router.get(
        "",
        name="find_customers",
        summary="Find customers by what points to them",
        responses={200: FOUND, **problems()},
        openapi_extra=IN_QUERY,
    )
    def _find(request: Request, key: Annotated[ApiKey, finder]) -> answers.FoundCustomers:
        said = request.query_params.multi_items()
        if not 1 <= len(said) <= MOST_IDENTIFIERS:
            raise BadOption(
                f"say 1 to {MOST_IDENTIFIERS} identifiers as KIND=VALUE", hint="such as email=ana@example.org"
            )
        return find(key, said)

    @router.post(
        "/search",
        name="search_customers",
        summary="Find customers by what points to them, without writing it into an address",
        responses={200: FOUND, **problems()},
    )
    def _search(
        asked: Annotated[
            Search, Body(examples=[{"identifiers": [{"kind": "email", "value": "ana@example.org"}]}])
        ],
        key: Annotated[ApiKey, finder],
    ) -> answers.FoundCustomers:
        return find(key, [(one.kind, one.value) for one in asked.identifiers])

    @router.get(
        "/{customer}",
        name="known_customer",
        summary="All that may be known of a customer",
        description="Each section is read under a permit, or says why it is not shown. The look is noted.",
        responses={200: KNOWN, **problems(404)},
    )
    def _known(
        customer: CustomerInPath,
        key: Annotated[ApiKey, reader],
        section: Annotated[
            list[SectionName] | None, Query(description="Only these sections; all where none is said.")
        ] = None,
        purpose: Annotated[
            list[str] | None,
            Query(description="Only what these purposes permit; all where none is said.", max_length=50),
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_PAGE, description="Events of the timeline.")] = PAGE,
        before: Annotated[
            int | None, Query(ge=1, lt=2**63, description="Go on with the timeline: what `before` said.")
        ] = None,
        language: Annotated[
            Language | None, Query(description="Of every label; the company's first where none is said.")
        ] = None,
    ) -> answers.Known:
        company = context.company
        purposes = door.purposes(purpose or ())
        asked = Asked(page=limit, before=before)
        if section:
            asked = Asked(frozenset(section), limit, before)
        now = context.now()
        known = context.store.read(
            lambda it: known_of(
                it,
                customer_id(customer),
                asked,
                purposes=purposes,
                touchpoints=company.touchpoints,
                unit=company.settings.unit,
                zone=company.settings.zone,
                names=company.needs or (),
                models=context.models,
                now=now,
                called=company.names,
            )
        )
        door.noted(key, customer, known.under)
        answer = answers.Known.model_validate(
            {
                **{name: getattr(known, name) for name in known.__slots__},
                "currency": company.settings.currency,
                "minor_units": company.settings.minor_units,
            }
        )
        return labelled(answer, company.names, language or company.settings.languages[0])

    return router

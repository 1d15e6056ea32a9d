"""The routes that tell what knowing customers is worth, of one and of all, and what interactions teach."""

from functools import partial
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query

from trato.company.access import ApiKey
from trato.customers.customer import CustomerId
from trato.customize.decide import Serving
from trato.customize.information import Taught, information_of, together
from trato.customize.relationship import Relationship, in_all, relationship_of
from trato.customize.treated import Treated, treated
from trato.errors import BadOption
from trato.permission.permit import everyone_permitted
from trato.permission.purposes import Purpose, Purposes
from trato.server.api import relationship_answers as answers
from trato.server.api.door import CustomerInPath, Door, customer_id, problems
from trato.storage.transaction import Transaction

SAMPLE = 100
LEAST = 10  # customers, below which a sum would tell of each

Known = tuple[Relationship | None, tuple[Taught, ...] | None]


def routes(door: Door, serving: Serving) -> APIRouter:
    """What knowing one customer is worth, and what knowing all is."""
    router = APIRouter(prefix="/api", tags=["customers"])
    reader = Depends(door.key_for("read"))
    context = door.context

    @router.get(
        "/customers/{customer}/relationship",
        name="relationship",
        summary="What knowing the customer is worth: what somebody else would have to learn again",
        responses={200: answers.OF_ONE, **problems(404)},
    )
    def _of_one(customer: CustomerInPath, key: Annotated[ApiKey, reader]) -> answers.Relationship:
        who, now = customer_id(customer), context.now()

        def know(it: Transaction) -> tuple[Known, tuple[Treated, ...]]:
            known = _known(it, who, door, context.company.purposes)
            return known, treated(it, who, serving=serving, now=now)

        (worth, taught), treatments = context.store.read(know)
        settings = context.company.settings
        under = {one.purpose for one in treatments} | ({worth.purpose} if worth is not None else set())
        door.noted(key, who, sorted(under))
        return answers.Relationship(
            customer=customer,
            at=now,
            currency=settings.currency,
            minor_units=settings.minor_units,
            under=sorted(under),
            gain=None if worth is None else worth.gain,
            value=None if worth is None else worth.value,
            expected_value=None if worth is None else worth.expected_value,
            horizon_days=None if worth is None else worth.horizon_days,
            evidence=0 if worth is None else worth.evidence,
            guesses=[] if worth is None else [answers.Guess.model_validate(one) for one in worth.guesses],
            trend=[] if worth is None else [answers.MonthsWorth.model_validate(one) for one in worth.trend],
            treatments=[answers.Treated.model_validate(one) for one in treatments],
            interactions=[answers.Taught.model_validate(one) for one in taught or ()],
        )

    @router.get(
        "/relationships",
        name="relationships",
        summary="What knowing all customers is worth, from a sample of them, and what interactions teach",
        responses={200: answers.OF_ALL, **problems(404)},
    )
    def _of_all(
        _: Annotated[ApiKey, reader],
        purpose: Annotated[
            str | None,
            Query(max_length=63, description="A profiling purpose; the first declared where none is said."),
        ] = None,
    ) -> answers.Relationships:
        why, now, settings = _profiling(door, purpose), context.now(), context.company.settings
        permitted = context.store.read(lambda it: sorted(everyone_permitted(it, why, now=now)))
        # The same sample all day: a figure that changed at each look would say nothing.
        draw = np.random.default_rng(int(f"{now:%Y%m%d}"))
        places = draw.choice(len(permitted), min(SAMPLE, len(permitted)), replace=False)
        sample = [permitted[place] for place in places.tolist()]
        only = Purposes({why.key: why})
        looked = [context.store.read(partial(_known, who=one, door=door, purposes=only)) for one in sample]
        worths = [worth for worth, _ in looked if worth is not None]
        told = in_all(worths, len(permitted)) if len(worths) >= LEAST else None
        taught = together(some for _, some in looked if some is not None) if told is not None else ()
        return answers.Relationships(
            at=now,
            currency=settings.currency,
            minor_units=settings.minor_units,
            purpose=why.key,
            customers=len(permitted),
            sampled=len(worths),
            value=None if told is None else answers.Interval.model_validate(told.value),
            gain=None if told is None else answers.Interval.model_validate(told.gain),
            trend=[]
            if told is None
            else [answers.MonthInAll(month=month, value=value) for month, value in told.trend],
            interactions=[answers.Taught.model_validate(one) for one in taught],
        )

    return router


def _known(it: Transaction, who: CustomerId, door: Door, purposes: Purposes) -> Known:
    """What knowing a customer's unit is worth, and what its interactions taught."""
    context, costs = door.context, door.context.company.touchpoints.costs
    settings = context.company.settings
    minor = 10**settings.minor_units
    worth = relationship_of(
        it,
        who,
        purposes=purposes,
        unit=settings.unit,
        zone=settings.zone,
        models=context.models,
        now=context.now(),
    )
    taught = information_of(
        it,
        who,
        purposes=purposes,
        unit=settings.unit,
        zone=settings.zone,
        models=context.models,
        now=context.now(),
        costs={key: round(cost * minor) for key, cost in costs.items()},
    )
    return worth, taught


def _profiling(door: Door, key: str | None) -> Purpose:
    """The purpose asked for, or the first that allows profiling. Raises UnknownPurpose and BadOption."""
    purposes = door.context.company.purposes
    found = next((one for one in purposes if one.profiling), None) if key is None else purposes.named(key)
    if found is None or not found.profiling:
        raise BadOption(
            "this purpose does not allow profiling" if found else "no purpose allows profiling",
            hint="what is worth knowing is learned under a purpose with profiling: true",
        )
    return found

"""The routes that tell what knowing customers is worth, of one and of all, and what interactions teach."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from trato.company.access import ApiKey
from trato.customize.decide import Serving
from trato.customize.information import Taught, information_of
from trato.customize.relationship import Relationship, relationship_of
from trato.customize.relationships import costs_of, relationships
from trato.customize.treated import Treated, treated
from trato.errors import BadOption
from trato.permission.purposes import Purpose
from trato.server.api import relationship_answers as answers
from trato.server.api.door import CustomerInPath, Door, customer_id, problems
from trato.storage.transaction import Transaction

Known = tuple[Relationship | None, tuple[Taught, ...] | None, tuple[Treated, ...]]


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
        who, now, company = customer_id(customer), context.now(), context.company
        settings = company.settings
        costs = costs_of(company.touchpoints, settings.minor_units)

        def know(it: Transaction) -> Known:
            purposes, unit, zone, models = company.purposes, settings.unit, settings.zone, context.models
            return (
                relationship_of(it, who, purposes=purposes, unit=unit, zone=zone, models=models, now=now),
                information_of(
                    it, who, purposes=purposes, unit=unit, zone=zone, models=models, now=now, costs=costs
                ),
                treated(it, who, serving=serving, now=now),
            )

        worth, taught, treatments = context.store.read(know)
        under = sorted(
            {one.purpose for one in treatments} | ({worth.purpose} if worth is not None else set())
        )
        door.noted(key, who, under)
        return answers.Relationship(
            customer=customer,
            at=now,
            currency=settings.currency,
            minor_units=settings.minor_units,
            under=under,
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
        found = relationships(
            context.store,
            why,
            unit=settings.unit,
            zone=settings.zone,
            models=context.models,
            costs=costs_of(context.company.touchpoints, settings.minor_units),
            now=now,
        )
        worth = found.worth
        return answers.Relationships(
            at=now,
            currency=settings.currency,
            minor_units=settings.minor_units,
            purpose=why.key,
            customers=found.customers,
            sampled=found.sampled,
            value=None if worth is None else answers.Interval.model_validate(worth.value),
            gain=None if worth is None else answers.Interval.model_validate(worth.gain),
            trend=[
                answers.MonthInAll(month=month, value=value)
                for month, value in (() if worth is None else worth.trend)
            ],
            interactions=[answers.Taught.model_validate(one) for one in found.taught],
        )

    return router


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

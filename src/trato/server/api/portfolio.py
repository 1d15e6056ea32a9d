"""The routes about all customers together: the portfolio, and whether the server is well."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from trato.company.access import ApiKey
from trato.customize.wants import NeedInWords, needs_in_words
from trato.differentiate.known import NO_NEED
from trato.differentiate.store import PortfolioCell
from trato.errors import BadOption
from trato.permission.permit import everyone_permitted, needs_opt_in
from trato.permission.purposes import Purpose
from trato.server.api import answers
from trato.server.api.door import KEY, Door, example, problems
from trato.storage.transaction import Transaction

PORTFOLIO = example(
    purpose="service",
    at="2026-03-01T12:00:00Z",
    built_at="2026-03-01T03:00:00Z",
    currency="EUR",
    minor_units=2,
    needs=[
        {
            "need": 0,
            "name": {"en": "Bakers", "es": "Panaderos", "pt": "Padeiros"},
            "state": "kept",
            "share": 0.6,
            "description": {"en": ["rye 2.0× as often (40 % of its choices instead of 20 %)"]},
        }
    ],
    cells=[{"need": 0, "tier": "most_valuable", "customers": 31, "expected_value": 1234500.0}],
    customers=412,
    permitted=400,
    not_permitted=12,
    not_counted=3,
)


def routes(door: Door) -> APIRouter:
    """Portfolio and health."""
    router = APIRouter(prefix="/api", tags=["company"])
    reader = Depends(door.key_for("read"))
    context = door.context

    @router.get(
        "/portfolio",
        name="portfolio",
        summary="Customers by tier and need, of those who permit it now",
        responses={200: PORTFOLIO, **problems(404)},
        dependencies=[Depends(KEY)],
    )
    def _portfolio(
        _: Annotated[ApiKey, reader],
        purpose: Annotated[
            str | None,
            Query(max_length=63, description="A profiling purpose; the first declared where none is said."),
        ] = None,
    ) -> answers.Portfolio:
        why, now = _profiling(door, purpose), context.now()
        settings = context.company.settings

        def count(it: Transaction) -> answers.Portfolio:
            build = it.current_build()
            versions = None if build is None else build.models.get(why.key)
            needs: Sequence[NeedInWords] = ()
            if versions is not None and versions["needs"] is not None:
                model = context.models.needs(it, versions["needs"])
                needs = needs_in_words(model, context.company.needs or (), context.company.names)
            everybody = sum(1 for _ in it.all_customers())
            permitted = len(everyone_permitted(it, why, now=now))
            cells: Sequence[PortfolioCell] = ()
            if build is not None:
                together = None if settings.unit == "person" else settings.unit
                cells = it.portfolio(why.key, now, opt_in=needs_opt_in(why), unit=together)
            return answers.Portfolio(
                purpose=why.key,
                at=now,
                built_at=None if build is None else build.published_at,
                currency=settings.currency,
                minor_units=settings.minor_units,
                needs=[answers.NeedInWords.model_validate(one) for one in needs],
                cells=[
                    answers.Cell(
                        need=None if one.need == NO_NEED else one.need,
                        tier=one.tier,
                        customers=one.customers,
                        expected_value=one.expected_value,
                    )
                    for one in cells
                ],
                customers=everybody,
                permitted=permitted,
                not_permitted=everybody - permitted,
                not_counted=max(0, permitted - sum(one.customers for one in cells)),
            )

        return context.store.read(count)

    @router.get(
        "/health",
        name="health",
        summary="Whether the store answers; without a key",
        responses={200: example(status="ok"), 503: problems()[503]},
    )
    def _health() -> answers.Health:
        context.store.read(lambda it: it.permission_head())
        return answers.Health(status="ok")

    return router


def _profiling(door: Door, key: str | None) -> Purpose:
    """The purpose asked for, or the first that allows profiling. Raises UnknownPurpose and BadOption."""
    purposes = door.context.company.purposes
    found = next((one for one in purposes if one.profiling), None) if key is None else purposes.named(key)
    if found is None or not found.profiling:
        raise BadOption(
            "this purpose does not allow profiling" if found else "no purpose allows profiling",
            hint="a portfolio needs a purpose with profiling: true",
        )
    return found

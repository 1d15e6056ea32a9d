"""`trato whatif`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.whatif import WhatIf
    from trato.company.folder import Company
    from trato.estimates import Interval
    from trato.measure.rehearse import Fairness, Given


def register(app: typer.Typer) -> None:
    """Add `trato whatif`."""
    app.command("whatif")(whatif)


def whatif(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    programme: Annotated[str, typer.Argument(help="The programme, by its word in treatments.yaml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What a programme would do today: whom it reaches, at what cost, what binds, and how it falls on groups.

    Looks at every customer who permits it, and writes nothing. Budget, stock and one day's capacity are as
    they are declared. What it would bring is the model's own expectation and no proof: only a verdict is.

    Example: `trato whatif shop spring_coupons`
    """
    import os
    import sys
    from datetime import UTC, datetime

    from trato.batch.whatif import what_if
    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.models import Models
    from trato.storage.of_company import open_company_store

    company = read_company(folder)
    serving = serving_of(company, Models())
    found_programme = serving.programme(programme)

    def tell(seen: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\rlooked at {seen:,} customers")

    with open_company_store(company, os.environ) as store:
        now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
        found = what_if(store, found_programme, serving=serving, now=now, tell=tell)
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    emit(summary(found, company), lines(found, company), as_json=as_json)


def summary(found: WhatIf, company: Company) -> dict[str, object]:
    """The rehearsal in plain values; money in the currency's major units."""
    told = found.rehearsal
    unit = 10**company.settings.minor_units

    def money(amount: float) -> float:
        return float(round(amount / unit, company.settings.minor_units))

    def interval(one: Interval, *, of_money: bool = False) -> dict[str, float]:
        write = money if of_money else float
        return {"mean": write(one.mean), "low": write(one.low), "high": write(one.high)}

    return {
        "programme": found.programme,
        "currency": company.settings.currency,
        "model": found.model or None,
        "customers": found.customers,
        "reach": told.reach,
        "spend": money(told.spend),
        "budget": None if told.budget is None else money(told.budget),
        "budget_binds": told.budget_binds,
        "capacity_binds": told.most_binds,
        "expected": money(told.expected),
        "proven": None if told.value is None else interval(told.value.value, of_money=True),
        "why_not_proven": told.why_no_value,
        "treatments": [
            {
                "treatment": one.name,
                "eligible": one.eligible,
                "by_policy": round(found.by_policy[one.name], 1),
                "reach": one.reach,
                "spend": money(one.spend),
                "cap": one.cap,
                "binds": one.binds,
                "ruled_out": dict(found.ruled_out[one.name]),
            }
            for one in told.treatments
        ],
        "fairness": [
            {
                "fact": fact.fact,
                "groups": [
                    {
                        "group": one.label,
                        "customers": one.customers,
                        "treated": interval(one.treated),
                        "value": interval(one.value, of_money=True),
                    }
                    for one in fact.groups
                ],
                "apart": [
                    {
                        "first": one.first,
                        "second": one.second,
                        "treated": interval(one.treated),
                        "value": interval(one.value, of_money=True),
                    }
                    for one in fact.apart
                ],
            }
            for fact in told.fairness
        ],
    }


def lines(found: WhatIf, company: Company) -> Iterator[str]:
    """What people read."""
    told = found.rehearsal
    unit = 10**company.settings.minor_units

    def money(amount: float) -> str:
        return f"{amount / unit:,.{company.settings.minor_units}f} {company.settings.currency}"

    yield f"{found.customers:,} customers permit it"
    tried = sum(found.by_policy.values())
    yield f"begun with what it believes now, {tried:,.0f} of them would get something, trying out included"
    yield f"by what it expects alone {told.reach:,} would, for {money(told.spend)}:"
    if told.budget is not None:
        binds = "binds" if told.budget_binds else "does not bind"
        yield f"the budget of {money(told.budget)} {binds}"
    if told.most_binds:
        yield "the capacity of one day binds"
    for one in told.treatments:
        yield from _treatment(one, found)
    by = "by what was learned so far" if found.model else "by what is declared: nothing was learned yet"
    yield f"expected net of cost: {money(told.expected)}, {by}"
    if told.why_no_value is not None:
        yield f"what it would really bring {told.why_no_value}: only a verdict proves it"
    for fact in told.fairness:
        yield from _fairness(fact)


def _treatment(one: Given, found: WhatIf) -> Iterator[str]:
    cap = "" if one.cap is None else f" of {one.cap:,} there are{', which binds' if one.binds else ''}"
    yield (
        f"  {one.name:<24} {one.reach:>9,} get it{cap}; {one.eligible:,} might; "
        f"{found.by_policy[one.name]:,.0f} would, trying out"
    )
    for reason, often in found.ruled_out[one.name].items():
        yield f"  {'':<24} {often:>9,} may not: {reason}"


def _fairness(fact: Fairness) -> Iterator[str]:
    yield f"by {fact.fact}:"
    for one in fact.groups:
        share = one.treated
        yield (
            f"  {one.label:<24} {one.customers:>9,} customers, treated {share.mean:.1%} "
            f"[{share.low:.1%}, {share.high:.1%}]"
        )
    for pair in fact.apart:
        if pair.treated.low > 0 or pair.treated.high < 0:
            yield f"  {pair.first} and {pair.second} are not treated alike: {pair.treated.mean:+.1%}"

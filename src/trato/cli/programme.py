"""`trato programme`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from trato.customize.levers import LeversCost
    from trato.customize.programme.treatments import Programme
    from trato.estimates import Interval
    from trato.measure.programme import Look
    from trato.measure.running import Running
    from trato.measure.standing import Standing
    from trato.permission.purposes import Purposes
    from trato.storage.store import Store

ANSWERS = {
    "personalise": "personalise: the policy beats the same for all, and nothing",
    "dont": "don't: the policy is not worth its while here",
    "not_yet": "not yet",
}
REASONS = {
    "beats_the_same_for_all": "its gain over the same for all lies above zero at every look",
    "no_better_than_the_same_for_all": "it brings no more than the same for all",
    "no_better_than_nothing": "it brings less than nothing at all",
    "too_early": "what was seen so far allows either",
    "shares_are_off": "the arms do not have the shares that were declared: find out why first",
}


def register(app: typer.Typer) -> None:
    """Add `trato programme`."""
    app.command("programme")(programme)


def programme(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    key: Annotated[
        str | None, typer.Argument(metavar="PROGRAMME", help="One of them; all if nothing is said.")
    ] = None,
    look: Annotated[
        bool,
        typer.Option("--look", help="Look whether it pays, and keep the look; one may look at any time."),
    ] = False,
    planned: Annotated[
        int | None,
        typer.Option(
            min=1, help="Units of all arms at which the verdict is to be surest; fixed by the first look."
        ),
    ] = None,
    parts: Annotated[
        bool,
        typer.Option("--parts", help="What each part of the policy adds, and what levers cost, by the log."),
    ] = False,
    learn_anew: Annotated[
        bool, typer.Option("--learn-anew", help="Learn its model anew from all that has matured.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How programmes run: arms, outcomes, budget and stock, prices, drift, and whether they pay.

    The verdict rests on hold-out arms and on confidence sequences, which hold however often one looks. Looks
    are kept. While `trato serve` has an embedded store open, see the console instead, or stop it first.

    Example: `trato programme shop come_back --look --planned 20000`
    """
    import os
    from datetime import UTC, datetime

    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.models import Models
    from trato.measure.parts import parts_of
    from trato.measure.running import look_now, running_of
    from trato.storage.of_company import open_company_store

    company = read_company(folder)
    serving = serving_of(company, Models())
    wanted = list(company.programmes) if key is None else [serving.programme(key)]
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    found: list[tuple[Running, tuple[LeversCost, tuple[Standing, ...]] | None]] = []
    with open_company_store(company, os.environ) as store:
        for one in wanted:
            if look:
                store.write(lambda it, one=one: look_now(it, one, planned=planned, now=now))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            if learn_anew:
                _learn_anew(store, one, serving.purposes, now)
            running = store.read(lambda it, one=one: running_of(it, one, now=now))  # type: ignore[misc]  # as above
            added = None
            if parts:
                added = store.read(lambda it, one=one: parts_of(it, one, serving=serving, now=now))  # type: ignore[misc]  # as above
            found.append((running, added))
    told = {"programmes": [summary(running, added) for running, added in found]}
    settings = company.settings
    shown = [
        line
        for running, added in found
        for line in lines(running, added, settings.currency, settings.minor_units)
    ]
    emit(told, shown or ["treatments.yaml declares no programme"], as_json=as_json)


def _learn_anew(store: Store, programme: Programme, purposes: Purposes, now: datetime) -> None:
    from trato.customize.relearn import learn_anew
    from trato.errors import BadOption

    if learn_anew(store, programme, purposes=purposes, now=now) is None:
        raise BadOption(
            f"{programme.key!r} is not served as it is declared now",
            hint="serve it first: trato serve, or trato decide",
        )


def summary(running: Running, added: tuple[LeversCost, tuple[Standing, ...]] | None) -> dict[str, Any]:
    """What `--json` prints of a programme; money in minor units."""
    served = running.served
    told: dict[str, Any] = {
        "programme": running.programme.key,
        "at": running.at.isoformat(),
        "version": running.programme.version,
        "served": None
        if served is None
        else {
            "version": served.version,
            "model": served.model,
            "prices": served.prices,
            "learned_up_to": served.learned_up_to,
            "conducted": served.conducted,
        },
        "decisions": running.decisions,
        "matured": running.matured,
        "evidence": running.evidence,
        "arms": [
            {
                "arm": one.arm,
                "share": one.share,
                "units": one.units,
                "decisions": one.decisions,
                "given": one.given,
            }
            for one in running.arms
        ],
        "treatments": [
            {
                "treatment": one.treatment,
                "given": one.given,
                "matured": one.matured,
                "taken": one.taken,
                "amount": one.amount,
                "rate": _interval(one.rate),
            }
            for one in running.treatments
        ],
        "uses": [{"what": one.what, "used": one.used, "limit": one.limit} for one in running.uses],
        "prices": dict(running.prices),
        "drifts": [{"evidence": one.evidence, "rising": one.rising} for one in running.drifts],
        "looks": [_look(number, one) for number, one in running.looks],
        "looks_before": running.looks_before,
        "acts": [
            {"at": one.at.isoformat(), "by": one.by, "conducted": one.conducted, "look": one.look}
            for one in running.acts
        ],
    }
    if added is not None:
        levers, standing = added
        told["levers"] = {"decisions": levers.decisions, "changed": levers.changed, "cost": levers.cost}
        told["parts"] = [
            {
                "experiment": one.experiment,
                "gain": _interval(one.gain.value),
                "claimed": one.gain.claimed,
                "warnings": [each.reason for each in one.gain.warnings],
            }
            for one in standing
        ]
    return told


def _look(number: int, one: Look) -> dict[str, Any]:
    return {
        "number": number,
        "at": one.at.isoformat(),
        "units": one.units,
        "planned": one.planned,
        "left_out": one.left_out,
        "arms": [{"arm": each.name, "units": each.units, "net": _interval(each.mean)} for each in one.arms],
        "over_single": _interval(one.over_single),
        "over_nothing": _interval(one.over_nothing),
        "ratio": {"p": one.ratio.p, "off": one.ratio.off},
        "verdict": one.answer,
        "reason": one.reason,
        "more_customers": one.more_customers,
    }


def _interval(one: Interval | None) -> dict[str, float | None] | None:
    """An interval; an end that is not known yet is null, for JSON has no infinity."""
    if one is None:
        return None
    ends = {"mean": one.mean, "low": one.low, "high": one.high}
    return {name: end if abs(end) < float("inf") else None for name, end in ends.items()}


def lines(
    running: Running,
    added: tuple[LeversCost, tuple[Standing, ...]] | None,
    currency: str,
    minor_units: int,
) -> Iterator[str]:
    """What people read."""

    def money(minor: float) -> str:
        return f"{minor / 10**minor_units:,.2f} {currency}" if abs(minor) < float("inf") else "?"

    def span(one: Interval) -> str:
        return f"{money(one.mean)} [{money(one.low)}, {money(one.high)}]"

    yield running.programme.key
    if running.served is None:
        yield "  not served yet: trato serve, or trato decide"
    else:
        by = "the system" if running.served.conducted == "system" else "a person"
        yield f"  chosen by {by}; the model learned from {running.evidence:,} outcomes"
    yield f"  {running.decisions:,} decisions, {running.matured:,} of them matured"
    for one in running.drifts[-3:]:
        way = "higher" if one.rising else "lower"
        yield f"  after {one.evidence:,} outcomes they came {way} than expected: the past is trusted less"
    yield f"  {'arm':<14} {'share':>6} {'units':>9} {'decisions':>10} {'gave':>9}"
    for arm in running.arms:
        yield f"  {arm.arm:<14} {arm.share:>6.1%} {arm.units:>9,} {arm.decisions:>10,} {arm.given:>9,}"
    yield f"  {'treatment':<24} {'given':>9} {'matured':>9} {'taken':>8}   rate, 95 %"
    for each in running.treatments:
        told = (
            "" if each.rate is None else f"{each.rate.mean:.1%} [{each.rate.low:.1%}, {each.rate.high:.1%}]"
        )
        yield (f"  {each.treatment[:24]:<24} {each.given:>9,} {each.matured:>9,} {each.taken:>8,}   {told}")
    for use in running.uses:
        of_money = use.what == "budget"
        used, limit = (money(n) if of_money else f"{n:,}" for n in (use.used, use.limit))
        price = running.prices.get(use.what.split(":")[0] if use.what.startswith("capacity") else use.what)
        at_price = (
            "" if price is None else f", price {price:.3g}" + ("" if of_money else f" ({money(price)})")
        )
        yield f"  {use.what}: {used} of {limit} used{at_price}"
    if running.acts:
        act = running.acts[-1]
        did = "gave it to the system" if act.conducted == "system" else "took it back"
        yield f"  {act.by} {did}, {act.at:%Y-%m-%d}"
    if running.looks_before:
        yield f"  its trial has changed: {running.looks_before:,} looks at what it was before do not count"
    if not running.looks:
        yield "  nobody has looked yet whether it pays: --look --planned UNITS"
    else:
        yield from _told_look(*running.looks[-1], span)
    if added is not None:
        yield from _told_parts(added, money, span)


def _told_look(number: int, one: Look, span: Callable[[Interval], str]) -> Iterator[str]:
    more = f": about {one.more_customers:,} more customers would tell" if one.more_customers else ""
    yield f"  look {number}, {one.at:%Y-%m-%d}: {ANSWERS[one.answer]}{more}"
    yield f"    {REASONS[one.reason]}"
    if one.over_single is not None:
        yield f"    over the same for all {span(one.over_single)} a customer"
    if one.over_nothing is not None:
        yield f"    over nothing {span(one.over_nothing)} a customer"
    off = "OFF" if one.ratio.off else "as declared"
    yield f"    {one.units:,} of {one.planned:,} planned units; the shares are {off} (p {one.ratio.p:.2g})"
    if one.left_out:
        yield f"    {one.left_out:,} units had their arm before the trial became what it is, and are left out"


def _told_parts(
    added: tuple[LeversCost, tuple[Standing, ...]],
    money: Callable[[float], str],
    span: Callable[[Interval], str],
) -> Iterator[str]:
    levers, standing = added
    yield (
        f"  levers: {money(levers.cost)} given up over {levers.decisions:,} decisions, by the model; "
        f"{levers.changed:,} came out otherwise"
    )
    if not standing:
        yield (
            "  what each part of the policy adds cannot be said: too few decisions have matured, or "
            "treatments' values differ and goal.value is not declared"
        )
    for one in standing:
        told = span(one.gain.value) if one.gain.claimed else "the log cannot tell"
        yield f"  the policy over {one.experiment.replace('_', ' ')}: {told} a decision"

"""`trato simulate`."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.simulated_truth import Estimate, Simulated


def register(app: typer.Typer) -> None:
    """Add `trato simulate`."""
    app.command("simulate")(simulate)


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; it must not be there yet.")],
    days: Annotated[int, typer.Option(min=8, max=3650, help="For how many days letters are written.")] = 90,
    customers: Annotated[int, typer.Option(min=100, max=200_000, help="How many customers.")] = 6_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of who they are and what they do.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """A simulated bookshop with a known truth: decide, learn, prove, and hold it against what is true.

    Nobody in it exists. Makes a company folder, and runs it through a store of its own: consents, purchases,
    decisions with hold-outs, answers that come late or twice, learning, a verdict; then prints the truth
    beside what was found. `trato serve DIR` shows the rest.

    Example: `trato simulate bookshop --days 60`
    """
    import os
    import secrets

    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.simulate import simulate as run
    from trato.batch.simulated_shop import write_folder
    from trato.cli.output import emit, progress
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.models import Models
    from trato.storage.of_company import make_company_key, open_company_store

    write_folder(folder)
    make_company_key(folder, os.environ, secrets.token_bytes)
    company = read_company(folder)
    with open_company_store(company, os.environ) as store, DuckDBEngine() as engine:
        found = run(
            store,
            company,
            serving_of(company, Models()),
            engine=engine,
            days=days,
            customers=customers,
            seed=seed,
            secret=secrets.token_bytes,
            progress=progress,
        )
    emit(summary(found, folder), lines(found, folder), as_json=as_json)


def summary(found: Simulated, folder: Path) -> dict[str, object]:
    """What `--json` prints."""

    from dataclasses import asdict

    def plain(one: Estimate) -> dict[str, object]:
        figures = {"truth": one.truth, "mean": one.found, "low": one.low, "high": one.high}
        known = {key: value if isfinite(value) else None for key, value in figures.items()}
        return {**known, "holds": one.holds}

    return {
        "folder": str(folder),
        "simulated": True,
        "seed": found.seed,
        "customers": found.customers,
        "permitted": found.permitted,
        "days": found.days,
        "decisions": found.decisions,
        "outcomes": found.outcomes,
        "lessons": found.lessons,
        "learned_from": found.learned_from,
        "found_need": found.found_need,
        "effects": [
            {"treatment": treatment, "need": need, **plain(one)}
            for (treatment, need), one in found.effects.items()
        ],
        "arms": [
            {"arm": one.arm, "units": one.units, "decisions": one.decisions, **plain(one.net)}
            for one in found.arms
        ],
        "truth": {
            "best_single": found.best_single[0],
            "best_single_brings": found.best_single[1],
            "best_for_each_brings": found.best_each,
            "policy_brings": [{"from_day": day, "brings": brings} for day, brings in found.by_period],
        },
        "verdict": found.look.answer,
        "reason": found.look.reason,
        "customers_needed": found.look.more_customers,
        "difference": plain(found.difference),
        "relationships": None if found.relationships is None else asdict(found.relationships),
    }


def lines(found: Simulated, folder: Path) -> Iterator[str]:
    """What people read."""
    yield "SIMULATED: nobody here exists, and the truth is known because it was made up."
    yield ""
    yield (
        f"{found.customers:,} customers, {found.permitted:,} of whom want letters; "
        f"{found.decisions:,} decisions in {found.days} days, {found.outcomes:,} answers"
    )
    yield (
        f"learned from {found.learned_from:,} decisions in {found.lessons:,} lessons; "
        f"the need believed is the true one in {found.found_need:.0%}"
    )
    yield ""
    yield "by how much a letter raises the chance to buy, in points: truth, learned [95 %]"
    for (treatment, need), one in found.effects.items():
        yield (
            f"  {treatment:<10} to {need:<10} {100 * one.truth:6.1f}   {100 * one.found:6.1f} "
            f"[{100 * one.low:5.1f}, {100 * one.high:5.1f}]{_missed(one)}"
        )
    yield ""
    yield "what a decision brings, net, in cents: truth, measured [95 %]"
    for arm in found.arms:
        net = arm.net
        yield (
            f"  {arm.arm:<14} {arm.decisions:7,} decisions  {net.truth:6.1f}   {net.found:6.1f} "
            f"[{net.low:5.1f}, {net.high:5.1f}]{_missed(net)}"
        )
    yield ""
    single, brings = found.best_single
    yield (
        f"in truth, above nothing: {single} for all {brings:.1f}, the best for each {found.best_each:.1f}; "
        "the policy, as it learned:"
    )
    yield "  " + "   ".join(f"day {day}: {one:.1f}" for day, one in found.by_period)
    yield ""
    one = found.difference
    yield (
        f"the policy over the same for all, a customer, in cents: truth {one.truth:.0f}, "
        + (
            f"measured {one.found:.0f} [{one.low:.0f}, {one.high:.0f}] at any look{_missed(one)}"
            if isfinite(one.low)
            else "too few to measure it"
        )
    )
    more = found.look.more_customers
    wanted = f": about {more:,} more customers" if more is not None else ""
    yield f"verdict: {found.look.answer} ({found.look.reason}){wanted}"
    known = found.relationships
    if known is not None:
        yield ""
        yield (
            f"what knowing {known.customers:,} customers is worth: {known.gain.mean:.0%} more of their next "
            f"books guessed; at most {known.value.mean / 100:,.0f} € "
            f"[{known.value.low / 100:,.0f}, {known.value.high / 100:,.0f}] hang on that"
        )
    yield ""
    yield f"look further: trato serve {folder}"


def _missed(one: Estimate) -> str:
    return "" if one.holds else "  (misses the truth)"

"""`trato replay` and `trato explain`: one decision of a company folder's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.company.folder import Company
    from trato.customize.decide import Decided
    from trato.customize.explain import Explanation
    from trato.customize.replay import Replayed

DecisionArgument = Annotated[str, typer.Argument(metavar="DECISION", help="The decision's id.")]
CompanyOption = Annotated[
    Path, typer.Option(metavar="DIR", help="The company's folder.", show_default="the current folder")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add `trato replay` and `trato explain`."""
    app.command("replay")(replay)
    app.command("explain")(explain)


def replay(decision: DecisionArgument, company: CompanyOption = Path(), as_json: JsonOption = False) -> None:
    """A decision made again from its record, bit for bit, with the versions that it names.

    Ends with exit code 3 when something comes out another way than it was logged.

    Example: `trato replay 019aa9c4-2f1b-7d3e-8c55-6e0b7a1d9f42 --company shop`
    """
    from trato.cli.output import emit
    from trato.customize.replay import replayed_with

    _, found = _found(company, decision)
    again = replayed_with(found.ready, found.decision)
    told = {
        "decision": found.decision.id,
        "same": again.same,
        "differences": [
            {"what": one.what, "logged": one.logged, "made": one.made} for one in again.differences
        ],
        "probabilities": list(again.probabilities),
        "versions": {
            "programme": found.decision.version,
            "model": found.decision.model,
            "prices": found.decision.prices,
        },
    }
    emit(told, _replayed(found, again), as_json=as_json)
    if not again.same:
        raise typer.Exit(3)


def _replayed(found: Decided, again: Replayed) -> Iterator[str]:
    one = found.decision
    yield f"{one.treatment} by {one.programme!r} on {one.at:%Y-%m-%d %H:%M:%S} UTC"
    if again.same:
        yield f"the same again, bit for bit: {len(one.candidates)} probabilities and the treatment"
    for each in again.differences:
        yield f"  NOT the same: {each.what}: logged {each.logged}, made again {each.made}"


def explain(
    decision: DecisionArgument,
    company: CompanyOption = Path(),
    language: Annotated[
        Literal["en", "es", "pt"] | None,
        typer.Option(help="In which to say it.", show_default="the company's first"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Why a decision came out so: what spoke for it in money, what came next, what bound, how sure it is.

    Example: `trato explain 019aa9c4-2f1b-7d3e-8c55-6e0b7a1d9f42 --company shop --language es`
    """
    from trato.cli.output import emit
    from trato.customize.explain import explain as explained
    from trato.customize.programme.wording import in_words

    declared, found = _found(company, decision)
    one, settings = explained(found.decision, found.ready), declared.settings
    words = in_words(
        one,
        language or settings.languages[0],
        currency=settings.currency,
        minor_units=settings.minor_units,
        called=declared.names,
    )
    emit(summary(one, words), words, as_json=as_json)


def summary(one: Explanation, words: tuple[str, ...]) -> dict[str, object]:
    """What `--json` prints; money in minor units."""
    decision = one.decision
    return {
        "decision": decision.id,
        "customer": decision.customer or None,
        "programme": decision.programme,
        "at": decision.at.isoformat(),
        "treatment": decision.treatment,
        "arm": decision.arm,
        "words": list(words),
        "candidates": [
            {
                "treatment": each.treatment,
                "reason": each.reason,
                "probability": each.probability,
                "worth": None
                if each.worth is None
                else {"mean": each.worth.mean, "low": each.worth.low, "high": each.worth.high},
            }
            for each in one.candidates
        ],
        "parts": [{"of": each.of, "money": each.money, "value": each.value} for each in one.parts],
        "runner_up": one.runner_up,
        "margin": one.margin,
        "bound": [{"by": each.by, "treatment": each.treatment, "money": each.money} for each in one.bound],
        "explored": one.explored,
        "evidence": one.evidence,
        "lever": one.lever,
        "without_levers": one.without_levers,
        "facts": dict(decision.facts),
    }


def _found(folder: Path, decision: str) -> tuple[Company, Decided]:
    """A decision of the company's log, read under a permit of this moment; the look is noted."""
    import os
    from datetime import UTC, datetime
    from uuid import UUID

    from trato.company.access import Looked
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.made import read_decision
    from trato.customize.models import Models
    from trato.customize.programme.decision import DecisionId
    from trato.errors import UnknownDecision
    from trato.storage.of_company import open_company_store

    declared = read_company(folder)
    try:
        wanted = cast("DecisionId", str(UUID(decision)))
    except ValueError:
        raise UnknownDecision("this is no decision's id", hint="it looks like 019aa9c4-2f1b-7d3e-…") from None
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    serving = serving_of(declared, Models())
    with open_company_store(declared, os.environ) as store:
        found = store.read(lambda it: read_decision(it, serving, wanted, now=now))
        if found.decision.purpose:
            looked = Looked("command line", found.decision.customer, (found.decision.purpose,), now)
            store.write(lambda it: it.note_look(looked))
    return declared, found

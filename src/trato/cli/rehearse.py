"""`trato rehearse`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.configurations import ConfigurationsRead
    from trato.customize.guide.rehearse import Answers, Rehearsal

SHOWN_REJECTS = 5

_SAID = {
    "asking": "asked the question that is worth most",
    "showing": "shown the offer, correcting from the top",
    "showing_random": "shown the offer, correcting anything",
    "fixed_order": "asked in the offer's order",
}


def register(app: typer.Typer) -> None:
    """Add `trato rehearse`."""
    app.command("rehearse")(rehearse)


def rehearse(
    offer: Annotated[Path, typer.Argument(help="The offer: offer.yaml, .uvl, .dimacs or XCSP .xml.")],
    configurations: Annotated[
        Path, typer.Argument(help="Past configurations: CSV or Parquet, a column a component, a row a sale.")
    ],
    count: Annotated[
        str | None, typer.Option(help="Column with how many sales a row stands for (each row is one).")
    ] = None,
    held_out: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="The share of sales that is held out.")
    ] = 0.1,
    customers: Annotated[
        int | None, typer.Option(min=1, help="Take at most so many held-out customers through the guide.")
    ] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Hold out configurations with all their sales: none was seen.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """How few answers customers would need: held-out customers are taken through the guide.

    Each is guided until the proposal is what they took, by questions or by corrections, and beside it in the
    offer's fixed order.

    Example: `trato rehearse phones.yaml sold.csv --count number`
    """
    import trato.offer
    from trato.batch.configurations import read_configurations
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.cli.output import emit, progress
    from trato.customize.guide.rehearse import rehearse as take_through

    with progress(f"compiling {offer.name}"):
        diagram = trato.offer.read(offer).compile()
    with progress(f"reading {configurations.name}"), DuckDBEngine() as engine:
        read = read_configurations(engine, diagram, configurations, count)
    tell_refused(read)
    with progress("taking held-out customers through the guide"):
        found = take_through(
            diagram, read.sales, seed=seed, held_out=held_out, unseen_only=unseen, customers=customers
        )
    emit(summary(found, read), lines(found, read), as_json=as_json)


def tell_refused(read: ConfigurationsRead) -> None:
    """Say on stderr which rows are no configuration of the offer, the first few with file and line."""
    if read.rejected:
        typer.echo(f"{read.rejected:,} of {read.reading.rows:,} rows put aside:", err=True)
    for one in read.rejects[:SHOWN_REJECTS]:
        typer.echo(f"  {one.file}:{one.line}: {one.reason}", err=True)


def summary(found: Rehearsal, read: ConfigurationsRead) -> dict[str, object]:
    """The rehearsal in plain values, as `--json` prints it."""
    return {
        "rows": read.reading.rows,
        "rows_put_aside": read.rejected,
        "distinct": len(read.sales.counts),
        "columns_left_out": list(read.other_columns),
    } | asdict(found)


def lines(found: Rehearsal, read: ConfigurationsRead) -> Iterator[str]:
    """What people read."""
    yield (
        f"{found.sales:,} sales of {len(read.sales.counts):,} configurations; {found.held_out:,} customers "
        "held out and taken through the guide"
    )
    if read.other_columns:
        yield f"columns that are no component: {', '.join(read.other_columns[:10])}"
    yield ""
    yield f"{'answers until the offer is right':<44}{'mean':>6}  {'95 %':<14}{'9 in 10':>8}{'within 5':>10}"
    for mode, words in _SAID.items():
        yield _row(words, getattr(found, mode))
    if found.without_history is not None:
        yield _row("asked, with nothing learned", found.without_history)
    for title, part in (("taken before", found.seen), ("never taken before", found.unseen)):
        if part and found.seen and found.unseen:
            yield ""
            yield f"configurations {title} ({part['asking'].customers:,} customers)"
            yield from (_row(f"  {_SAID[mode]}", one) for mode, one in part.items() if mode != "fixed_order")
    yield ""
    yield f"of the values recommended one by one, {100 * found.value_error:.1f} in 100 were wrong"
    fewer = found.fixed_order.mean / found.asking.mean if found.asking.mean > 0 else None
    if fewer is not None:
        yield f"the guide asks {fewer:.1f} times fewer questions than the fixed order"
    yield f"{found.proposals:,} proposals were shown, {found.invalid} of them invalid"


def _row(words: str, one: Answers) -> str:
    interval = f"[{one.low:.2f}, {one.high:.2f}]"
    return f"{words:<44}{one.mean:>6.2f}  {interval:<14}{one.p90:>8.0f}{100 * one.within_5:>8.0f} %"

"""`trato decide`."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from trato.batch.decide import Occasion, RunReport
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.customize.decide import Serving
    from trato.customize.programme.treatments import Programme
    from trato.storage.store import Store

TOLD_EVERY = 1_000
LONGEST_NAME = 200


def register(app: typer.Typer) -> None:
    """Add `trato decide`."""
    app.command("decide")(decide)


def decide(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The company's folder.")],
    programme: Annotated[str, typer.Argument(metavar="PROGRAMME", help="A key of treatments.yaml.")],
    customers: Annotated[
        Path | None,
        typer.Option(help="A file of customers' ids, one a line: these alone, whatever the moment."),
    ] = None,
    arrived: Annotated[
        str | None,
        typer.Option(metavar="MODULE", help="What arrives, for a programme that starts when a module does."),
    ] = None,
    touchpoint: Annotated[
        str | None,
        typer.Option(help="Where it is given.", show_default="the programme's first"),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The run's name: under the same name it goes on where it was."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a row a decision: CSV, or Parquet where the name says so.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """A programme decided for all who permit it, or whom its moment concerns; logged as any other decision.

    Each customer is decided once a run, each event once for good. Ctrl+C stops between two chunks, and the
    same run goes on later. While `trato serve` has an embedded store open, stop it first.

    Example: `trato decide shop come_back --out given.csv`
    """
    import os
    import secrets
    from datetime import UTC, datetime

    from trato.batch.decide import decide_for, write_rows
    from trato.batch.writing import must_have_folder
    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.company.serving import serving_of
    from trato.customize.models import Models
    from trato.customize.publish import publish
    from trato.errors import BadOption
    from trato.storage.of_company import open_company_store
    from trato.storage.sealing import seal_log

    def clock() -> datetime:
        return datetime.now(UTC)  # noqa: TID251 the door is where the clock is read

    if run is not None and not 0 < len(run) <= LONGEST_NAME:
        raise BadOption(
            f"a run's name has 1 to {LONGEST_NAME} characters, and this one has {len(run):,}",
            hint="give it a short one: --run spring",
        )
    if out is not None:
        must_have_folder(out)
    company = read_company(folder)
    serving = serving_of(company, Models())
    found = serving.programme(programme)
    name = run or f"{clock():%Y-%m-%d-}{secrets.token_hex(4)}"
    with open_company_store(company, os.environ) as store, _stopping() as stop:
        gc.collect()
        gc.freeze()  # what is loaded stays: collecting walks over what comes alone
        store.write(lambda it: publish(it, found, now=clock()))
        report = decide_for(
            store,
            found,
            _occasions(store, company, serving, found, name, customers, arrived, clock()),
            touchpoint=touchpoint or found.touchpoints[0],
            serving=serving,
            now=clock,
            draw=secrets.token_bytes,
            stop=stop,
            tell=_tell,
            rows=out is not None,
        )
        seal_log(store, clock())
    if out is not None:
        write_rows(report, out)
    told = {
        "programme": found.key,
        "run": name,
        "decided": report.decided,
        "before": report.before,
        "stopped": report.stopped,
        "by_treatment": report.by_treatment,
        "by_arm": report.by_arm,
        "out": None if out is None else str(out),
    }
    emit(told, lines(told, report), as_json=as_json)
    if report.stopped:
        raise typer.Exit(130)


def lines(told: Mapping[str, object], report: RunReport) -> Iterator[str]:
    """What people read."""
    yield f"{report.decided:,} decided by {told['programme']!r}, run {told['run']}"
    if report.before:
        yield f"  {report.before:,} were decided before, and not again"
    all_ = sum(report.by_treatment.values())
    for treatment, often in sorted(report.by_treatment.items(), key=lambda one: -one[1]):
        yield f"  {often:>9,}  {100 * often / all_:>3.0f} %  {treatment}"
    if told["out"]:
        yield f"a row each in {told['out']}"
    if report.stopped:
        yield f"stopped; go on with --run {told['run']}"


def _occasions(
    store: Store,
    company: Company,
    serving: Serving,
    programme: Programme,
    run: str,
    file: Path | None,
    arrived: str | None,
    now: datetime,
) -> Iterator[Occasion]:
    """For whom is decided: those of the file, those whom the moment concerns, or all who permit it."""
    from trato.batch.decide import at_moment, in_run
    from trato.customize.concerned import concerned
    from trato.permission.permit import everyone_permitted

    if file is not None:
        return in_run(run, programme, _ids(file))
    if programme.moment.starts != "request" or arrived is not None:
        due = store.read(
            lambda it: concerned(
                it,
                programme,
                purposes=company.purposes,
                models=serving.models,
                zone=serving.zone,
                now=now,
                arrived=arrived,
            )
        )
        return at_moment(programme, due)
    purpose = company.purposes.named(programme.purpose)
    return in_run(run, programme, sorted(store.read(lambda it: everyone_permitted(it, purpose, now=now))))


def _ids(file: Path) -> list[CustomerId]:
    """The ids of a file, one a line; a first line that is none is its header. Raises FileNotReadable."""
    from uuid import UUID

    from trato.customers.customer import CustomerId
    from trato.errors import BadOption, FileNotReadable

    try:
        written = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileNotReadable("this file of ids cannot be read", where=str(file)) from error
    found = []
    for number, line in enumerate(written, 1):
        word = line.split(",", 1)[0].strip().strip('"')
        if not word:
            continue
        try:
            found.append(CustomerId(str(UUID(word))))
        except ValueError:
            if number > 1:
                raise BadOption("this is no customer's id", where=f"{file}:{number}") from None
    return found


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came; a second one interrupts at once, and undoes the chunk under way."""
    import signal
    import threading

    asked = threading.Event()

    def stop(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {one: signal.signal(one, stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _tell(done: int) -> None:
    import sys

    if done % TOLD_EVERY < 500:
        sys.stderr.write(f"{done:,} … ")
        sys.stderr.flush()

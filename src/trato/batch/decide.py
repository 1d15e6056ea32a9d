"""A programme decided for many customers at once: in chunks, each occasion once, to be taken up again.

The id of each decision follows from the occasion: from the run's name and the customer, or from the moment
that concerns them. So a run that was stopped, or cut off, goes on where it was, decides nobody twice, and its
table holds the decisions from before as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.batch.writing import write_table
from trato.customize.decide import decide
from trato.customize.programme.decision import WHOLE, Asked
from trato.customize.programme.ids import decision_id_of
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from trato.customers.customer import CustomerId
    from trato.customize.decide import Serving
    from trato.customize.programme.decision import Decision, DecisionId
    from trato.customize.programme.facts import Fact
    from trato.customize.programme.moments import Due
    from trato.customize.programme.store import LearningStore, WhoseDecision
    from trato.customize.programme.treatments import Programme

T = TypeVar("T")

AT_ONCE = 500


class Door(Protocol):
    """An open store."""

    def write(self, work: Callable[[LearningStore], T], /) -> T:
        """What `work` returns, once all that it wrote is kept; what it raises undoes it all."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """That a customer is decided for: `word` names the occasion, `context` are its facts."""

    customer: CustomerId
    word: str
    context: Mapping[str, Fact] = field(default_factory=dict, hash=False)

    @property
    def decision(self) -> DecisionId:
        """The id of its decision."""
        return decision_id_of(f"{self.word} for {self.customer}")


def in_run(name: str, programme: Programme, customers: Iterable[CustomerId]) -> Iterator[Occasion]:
    """An occasion for each customer, once; the same under the same name."""
    word = f"run {name} of {programme.key}"
    return (Occasion(one, word) for one in dict.fromkeys(customers))


def at_moment(programme: Programme, found: Iterable[Due]) -> Iterator[Occasion]:
    """An occasion for each event that concerns a customer."""
    return (Occasion(one.customer, f"{programme.key}: {one.record}", one.context) for one in found)


@dataclass(slots=True)
class RunReport:
    """What a run came to. `before` were decided when it was begun earlier; the counts are of both, as far as
    they may still be read.
    """

    decided: int = 0
    before: int = 0
    stopped: bool = False
    by_treatment: dict[str, int] = field(default_factory=dict)
    by_arm: dict[str, int] = field(default_factory=dict)
    batches: list[pa.RecordBatch] = field(default_factory=list, repr=False)


def decide_for(
    store: Door,
    programme: Programme,
    occasions: Iterable[Occasion],
    *,
    touchpoint: str,
    serving: Serving,
    now: Callable[[], datetime],
    draw: Callable[[int], bytes],
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[int], None] = lambda _: None,
    rows: bool = False,
) -> RunReport:
    """Decide for each occasion, so many in one transaction, as long as nothing says stop.

    `now` gives the moment in UTC, `draw` that many random bytes; `tell` hears how many are done. With `rows`
    the report holds what a table of the run is made of. Raises UnknownCustomer for an id that is nobody's,
    and StorageError; what was decided until then stays decided.
    """
    report, rest = RunReport(), iter(occasions)
    while some := list(islice(rest, AT_ONCE)):
        if stop():
            report.stopped = True
            break
        made, before = store.write(
            lambda it, some=some: _decide(it, programme, some, touchpoint, serving, now(), draw)  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        )
        report.decided += len(made)
        report.before += len(some) - len(made)
        for one in (*made, *before):
            report.by_treatment[one.treatment] = report.by_treatment.get(one.treatment, 0) + 1
            report.by_arm[one.arm] = report.by_arm.get(one.arm, 0) + 1
        if rows:
            report.batches.append(rows_of((*before, *made), programme))
        tell(report.decided + report.before)
    return report


def _decide(
    it: LearningStore,
    programme: Programme,
    occasions: Sequence[Occasion],
    touchpoint: str,
    serving: Serving,
    now: datetime,
    draw: Callable[[int], bytes],
) -> tuple[list[Decision], list[Decision]]:
    """The decisions made now, and those that were made on these occasions before."""
    ids = {one: one.decision for one in occasions}
    known = it.whose_decisions(list(ids.values()))
    fresh = [one for one, decision in ids.items() if decision not in known]
    chance = draw(12 * len(fresh))
    asked = [
        Asked(
            id=ids[one],
            customer=one.customer,
            programme=programme.key,
            touchpoint=touchpoint,
            seed=int.from_bytes(chance[12 * place : 12 * place + 8], "big"),
            draw=int.from_bytes(chance[12 * place + 8 : 12 * place + 12], "big"),
            moment=programme.moment.starts,
            context=one.context,
        )
        for place, one in enumerate(fresh)
    ]
    made = [one.decision for one in decide(it, asked, serving=serving, now=now)] if asked else []
    before = {one: known[decision] for one, decision in ids.items() if decision in known}
    return made, _made_before(it, before, serving, now)


def _made_before(
    it: LearningStore, known: Mapping[Occasion, WhoseDecision], serving: Serving, now: datetime
) -> list[Decision]:
    """What was decided on occasions earlier, as far as it may still be read."""
    by_purpose: dict[str, list[Occasion]] = {}
    for one, found in known.items():
        by_purpose.setdefault(found.purpose, []).append(one)
    read = []
    for key, some in by_purpose.items():
        if key not in serving.purposes.by_key:
            continue
        permits = read_permits(it, serving.purposes.named(key), [one.customer for one in some], now=now)
        for one in some:
            permit = permits.get(one.customer)
            decision = None if permit is None else it.decision_of(permit, one.decision)
            read += [] if decision is None else [decision]
    return read


def rows_of(decisions: Sequence[Decision], programme: Programme) -> pa.RecordBatch:
    """A row a decision: customer, decision, treatment, what it sets as JSON, probability, arm and moments."""
    import pyarrow as pa

    sets = {
        one.key: json.dumps(dict(one.configuration), ensure_ascii=False, sort_keys=True)
        for one in programme.treatments
    }
    return pa.RecordBatch.from_pydict(
        {
            "customer": [str(one.customer) for one in decisions],
            "decision": [str(one.id) for one in decisions],
            "treatment": [one.treatment for one in decisions],
            "configuration": [sets.get(one.treatment, "{}") for one in decisions],
            "probability": [one.probability / WHOLE for one in decisions],
            "arm": [one.arm for one in decisions],
            "at": [one.at for one in decisions],
            "matures_at": [one.matures_at for one in decisions],
        },
        schema=_schema(),
    )


def write_rows(report: RunReport, out: Path) -> None:
    """Write a run's rows as CSV, or Parquet where the name says so. Raises FileNotReadable."""
    import pyarrow as pa

    write_table(pa.Table.from_batches(report.batches, schema=_schema()), out)


def _schema() -> pa.Schema:
    import pyarrow as pa

    moment = pa.timestamp("us", "UTC")
    words = [(name, pa.string()) for name in ("customer", "decision", "treatment", "configuration")]
    return pa.schema(
        [*words, ("probability", pa.float64()), ("arm", pa.string()), ("at", moment), ("matures_at", moment)]
    )

"""A table of choices, by the engine, into counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.engine import Column, Source
from trato.differentiate.needs.choices import (
    CHOICE_SPAN,
    COUNTED_CHOICES,
    Choices,
    WindowEdges,
    from_codes,
    window_edges,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.batch.engine import Engine, Reading


@dataclass(frozen=True, slots=True)
class ChoicesTable:
    """A table of choices and the names of its columns; without `count` each row is one choice.

    `margin` is money a choice; `edges` are where the windows begin, found from the span of time where None.
    """

    choices: Path
    customer: str
    component: str
    module: str
    count: str | None = None
    at: str | None = None
    dates: str | None = None
    margin: str | None = None
    decimal: str | None = None
    edges: WindowEdges | None = None


@dataclass(frozen=True, slots=True)
class CountedChoices:
    """The counts, what came of reading them, and where their windows begin (None where there is no time)."""

    choices: Choices
    reading: Reading
    edges: WindowEdges | None


def count_choices(engine: Engine, asked: ChoicesTable) -> CountedChoices:
    """Read the table and count each customer's choices by component, module and window.

    The relation `choices` stays with the engine. Raises the reading errors of `Engine.read`.
    """
    columns = [
        Column("customer", asked.customer, "text"),
        Column("component", asked.component, "text"),
        Column("module", asked.module, "text"),
        Column("count", asked.count, "count", optional=asked.count is None),
        Column("at", asked.at, "time", optional=asked.at is None),
    ]
    if asked.margin is not None:
        columns.append(Column("margin", asked.margin, "money"))
    source = Source(asked.choices, "choices", tuple(columns), dates=asked.dates, decimal=asked.decimal)
    reading = engine.read(source)
    edges = asked.edges
    if edges is None and asked.at is not None:
        span = engine.run(CHOICE_SPAN).to_pylist()[0]
        edges = window_edges(np.datetime64(span["first_at"]), np.datetime64(span["last_at"]))
    bounds = {
        "inner": edges.inner.astype("datetime64[us]").astype(object) if edges else None,
        "judged": edges.judged.astype("datetime64[us]").astype(object) if edges else None,
    }
    counted = engine.run(COUNTED_CHOICES, bounds)
    customers, customer = _coded(counted, "customer")
    components, component = _coded(counted, "component")
    modules, module = _coded(counted, "module")
    choices = from_codes(
        customer_labels=customers,
        customer=customer,
        component_labels=components,
        component=component,
        module_labels=modules,
        module=module,
        window=np.asarray(counted["window_index"].to_numpy(), np.int64),
        count=np.asarray(counted["chosen"].to_numpy(), np.int64),
    )
    return CountedChoices(choices, reading, edges)


def _coded(table: pa.Table, name: str) -> tuple[list[str], NDArray[np.int64]]:
    encoded = table[name].combine_chunks().dictionary_encode()
    return encoded.dictionary.to_pylist(), np.asarray(encoded.indices.to_numpy(), np.int64)

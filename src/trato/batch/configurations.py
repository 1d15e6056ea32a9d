"""A table of past configurations, read by the engine: a column a component, a row a sale or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.batch.engine import Column, Reject, Source
from trato.batch.tables import table_header
from trato.customize.guide.sales import sales_of
from trato.errors import UnknownColumn
from trato.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    from trato.batch.engine import Engine, Reading
    from trato.customize.guide.sales import Sales
    from trato.offer.diagram import Diagram

CONFIGURATIONS = Step(
    "configurations_in_order", "SELECT * FROM configurations ORDER BY place", ("configurations",)
)
MOST_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class ConfigurationsRead:
    """What came of a table: its sales, the columns that are no component, and every row put aside."""

    sales: Sales
    reading: Reading
    other_columns: tuple[str, ...]
    rejects: tuple[Reject, ...]
    rejected: int


def read_configurations(
    engine: Engine, diagram: Diagram, path: Path, count: str | None = None
) -> ConfigurationsRead:
    """The configurations of a table whose columns are called like components or facts; others are left out.

    A row with an unknown module, or that breaks a rule, is put aside. Raises the reading errors of
    `Engine.read`, UnknownColumn when no column is a component, and NotEnoughData when no row is left.
    """
    header = table_header(path)
    components = {component.name for component in diagram.components}
    facts = {fact.name for fact in diagram.offer.facts}
    names = [name for name in header if name in components | facts and name != count]
    if not components.intersection(names):
        few = ", ".join(sorted(components)[:10])
        raise UnknownColumn(
            "no column is called like a component of the offer", hint=f"components: {few}", where=str(path)
        )
    columns = [Column(f"c{place}", name, "text", optional=True) for place, name in enumerate(names)]
    columns.append(Column("sold", count, "count", optional=count is None))
    source = Source(path, "configurations", tuple(columns), decimal="point", numbered=True)
    reading = engine.read(source)
    table = engine.run(CONFIGURATIONS)
    cells = [table[f"c{place}"].to_pylist() for place in range(len(names))]
    rows = list(zip(*cells, strict=True))
    often = [1 if count is None or one is None else int(one) for one in table["sold"].to_pylist()]
    sales, refused = sales_of(diagram, names, rows, often)
    places = table["place"].to_pylist()
    told = refused[:MOST_TOLD]
    lines = engine.lines_of(source, [places[one.row] for one in told])
    rejects = [
        Reject(path.name, line, "row", None, one.reason, rows[one.row])
        for one, line in zip(told, lines, strict=True)
    ]
    return ConfigurationsRead(
        sales,
        reading,
        tuple(name for name in header if name not in components | facts and name != count),
        (*reading.rejects, *rejects),
        reading.rejected + len(refused),
    )

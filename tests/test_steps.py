"""Every batch step says truly what it reads and binds, and its SQL can be carried to another engine."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import trato
from trato.steps import Step

SOURCE = Path(trato.__file__).parent


def all_steps() -> dict[str, Step]:
    """The steps that are constants of a module, by where they stand."""
    found = {}
    for info in pkgutil.walk_packages(trato.__path__, "trato."):
        if info.name.endswith(".migrations.env"):
            continue  # Alembic alone can run it
        for name, thing in vars(importlib.import_module(info.name)).items():
            if isinstance(thing, Step):
                found[f"{info.name.removeprefix('trato.')}.{name}"] = thing
    return found


STEPS = all_steps()


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_binds_what_it_says(step: Step) -> None:
    query = sqlglot.parse_one(step.sql, read="duckdb")
    bound = {found.name for found in query.find_all(exp.Parameter, exp.Placeholder)}
    assert bound == set(step.parameters)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_reads_what_it_says(step: Step) -> None:
    query = sqlglot.parse_one(step.sql, read="duckdb")
    within = {cte.alias for cte in query.find_all(exp.CTE)}
    assert {table.name for table in query.find_all(exp.Table)} - within == set(step.inputs)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_step_can_be_carried_to_spark(step: Step) -> None:
    (carried,) = sqlglot.transpile(
        step.sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert carried


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_no_aggregate_depends_on_an_order_that_would_get_lost(step: Step) -> None:
    query = sqlglot.parse_one(step.sql, read="duckdb")
    aggregates = (a for a in query.find_all(exp.AggFunc) if not a.find_ancestor(exp.Window))
    assert not [aggregate for aggregate in aggregates if aggregate.find(exp.Order)]


def test_every_sql_file_belongs_to_a_step() -> None:
    texts = {step.sql for step in STEPS.values()}
    assert not [p.name for p in SOURCE.rglob("*.sql") if p.read_text(encoding="utf-8") not in texts]

"""Beliefs and the model behind them, as files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from trato.batch.engine import Column, Source
from trato.batch.tables import must_be_readable, table_header
from trato.batch.writing import whole_file
from trato.differentiate.needs.stored_model import as_document, from_document
from trato.errors import BadInput, FileNotReadable, UnknownColumn
from trato.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trato.batch.engine import Engine
    from trato.differentiate.needs.beliefs import NeedsModel
    from trato.differentiate.needs.learn import Needs

KNOWN_BELIEFS = Step("known_beliefs", "SELECT * FROM beliefs ORDER BY customer", ("beliefs",))


def beliefs_table(needs: Needs, customers: NDArray[np.object_]) -> pa.Table:
    """One row a customer: the likeliest need (from 1) and its weight, the number of choices, every weight."""
    likeliest = needs.weights.argmax(axis=1)
    rows = np.arange(len(likeliest))
    columns = {
        "customer": pa.array(customers, pa.string()),
        "need": pa.array(likeliest + 1, pa.int32()),
        "weight": np.round(needs.weights[rows, likeliest], 6),
        "evidence": needs.evidence,
    }
    columns |= {f"need_{k + 1}": np.round(needs.weights[:, k], 6) for k in range(needs.model.needs)}
    return pa.table(columns)


def read_weights(engine: Engine, beliefs: Path) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """The customers of a BELIEFS file, sorted, and their weights over needs (n, K).

    Raises the reading errors of `Engine.read`, UnknownColumn when there is no need_1, and BadInput when a
    customer stands there twice.
    """
    header = table_header(beliefs)
    weights = [name for name in (f"need_{k + 1}" for k in range(len(header))) if name in header]
    if not weights:
        raise UnknownColumn(
            "there is no column 'need_1'",
            hint="give the beliefs that `trato needs` wrote",
            where=str(beliefs),
        )
    columns = (Column("customer", "customer", "text"), *(Column(name, name, "number") for name in weights))
    engine.read(Source(beliefs, "beliefs", columns, decimal="point"))
    table = engine.run(KNOWN_BELIEFS)
    customers = np.array(table["customer"].to_pylist(), dtype=object)
    twice = np.flatnonzero(customers[1:] == customers[:-1])
    if len(twice):
        raise BadInput(f"the customer {customers[twice[0]]!r} has more than one belief", where=str(beliefs))
    return customers, np.stack([np.asarray(table[name].to_numpy(), np.float64) for name in weights], axis=1)


def write_model(model: NeedsModel, path: Path) -> None:
    """Write the model as JSON, exactly."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(as_document(model), ensure_ascii=False), encoding="utf-8")


def read_model(path: Path) -> NeedsModel:
    """The model again, bit for bit.

    Raises FileNotReadable, or BadDeclaration when it is damaged or changed.
    """
    must_be_readable(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise FileNotReadable("this is not JSON", where=str(path)) from None
    return from_document(document if isinstance(document, dict) else {}, str(path))

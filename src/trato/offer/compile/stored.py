"""Circuits on disk, each under the digest of its clauses, so that starting never compiles anew."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.circuit import Circuit
from trato.offer.compile.compiler import compile_clauses

if TYPE_CHECKING:
    from trato.offer.clauses import Clauses

VERSION = 1  # of the files: another one is not read


def compiled(clauses: Clauses, folder: Path, *, seconds: float = 30.0, megabytes: float = 1000.0) -> Circuit:
    """The circuit of the clauses from `folder`, else compiled and put there.

    A file that is damaged counts as none. A folder that cannot be written to is no error: the circuit is
    then compiled each time. Raises OfferTooLarge as `compile_clauses` does.
    """
    path = folder / f"{clauses.digest}.v{VERSION}.npz"
    circuit = load(path)
    if circuit is None or circuit.variables != clauses.variables:
        circuit = compile_clauses(clauses, seconds=seconds, megabytes=megabytes)
        with contextlib.suppress(OSError):
            store(circuit, path)
    return circuit


def store(circuit: Circuit, path: Path) -> None:
    """Write a circuit as a plain .npz of its arrays and a SHA-256 behind it, in one move: nobody ever reads
    half of it. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    arrays = {field.name: np.asarray(getattr(circuit, field.name)) for field in fields(circuit)}
    np.savez(content, allow_pickle=False, **arrays)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.getbuffer())
            file.write(hashlib.sha256(content.getbuffer()).digest())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path) -> Circuit | None:
    """The circuit in a file that `store` wrote; None where there is none, or a damaged one."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if len(content) < 32 or hashlib.sha256(content[:-32]).digest() != content[-32:]:
        return None
    with np.load(io.BytesIO(content[:-32]), allow_pickle=False) as file:
        arrays = {field.name: file[field.name] for field in fields(Circuit)}
    variables, kept = int(arrays.pop("variables")), int(arrays.pop("kept"))
    return Circuit(variables, kept, **arrays)

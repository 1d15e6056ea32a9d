"""A formula as its clauses: what the compiler reads and the SAT path asks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Clauses:
    """A formula in conjunctive normal form over Boolean variables 1..variables, as DIMACS writes it.

    `starts` (m + 1,) int64 and `literals` int32: clause i is literals[starts[i]:starts[i + 1]], non-zero,
    signed.
    """

    variables: int
    starts: NDArray[np.int64]
    literals: NDArray[np.int32]

    @classmethod
    def of(cls, variables: int, clauses: Iterable[Iterable[int]]) -> Clauses:
        """The clauses given one by one. Raises ValueError for a literal beyond the variables, or nought."""
        rows = [tuple(clause) for clause in clauses]
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
        literals = np.fromiter(chain.from_iterable(rows), np.int32, int(starts[-1]))
        if literals.size and (not literals.all() or int(np.abs(literals).max()) > variables):
            raise ValueError(f"a literal is nought or beyond the {variables} variables")
        return cls(variables, starts, literals)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        flat = self.literals.tolist()
        bounds = self.starts.tolist()
        for first, after in pairwise(bounds):
            yield tuple(flat[first:after])

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def digest(self) -> str:
        """SHA-256 over the content, in hexadecimal: what a compiled circuit is stored under."""
        content = hashlib.sha256(f"{self.variables} {len(self)}\n".encode())
        content.update(np.ascontiguousarray(self.starts, "<i8").tobytes())
        content.update(np.ascontiguousarray(self.literals, "<i4").tobytes())
        return content.hexdigest()

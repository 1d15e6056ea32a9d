"""From clauses to a diagram of all valid configurations, and the passes that answer from it.

`compile_clauses` makes a `Circuit`, `compiled` keeps it on disk; `count`, `possible`, `marginals`, `best` and
`sample` read it. numba is imported by the first call, not by the import of this package.
"""

from trato.offer.compile.circuit import Circuit, Workspace, best, count, marginals, possible, sample
from trato.offer.compile.compiler import Compiler, compile_clauses
from trato.offer.compile.stored import compiled

__all__ = [
    "Circuit",
    "Compiler",
    "Workspace",
    "best",
    "compile_clauses",
    "compiled",
    "count",
    "marginals",
    "possible",
    "sample",
]

"""The second compiler: sentential decision diagrams, from the bottom up, by pysdd.

It is slower by far and has no limits of its own, so it runs in a process of its own that can be ended. It
stands in for the first one where that one's result does not pass the checks.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.offer.compile.compiler import too_large

if TYPE_CHECKING:
    from typing import Any

    from trato.offer.clauses import Clauses
    from trato.offer.compile.circuit import Circuit

NAMES = ("node_starts", "branches", "ends", "literals", "gaps", "children")


def bottom_up(clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
    """Compile by conjoining the clauses one after the other; see `Compiler`."""
    from trato.offer.compile.circuit import Circuit
    from trato.offer.compile.gather import contradiction, gathered

    n = clauses.variables
    # pysdd does not bear literals said twice.
    rows = [sorted(set(clause)) for clause in clauses]
    rows = [row for row in rows if not any(-literal in row for literal in row)]
    if not all(rows):
        return contradiction(n)
    if not rows:
        return _whole(n)
    with tempfile.TemporaryDirectory() as folder:
        cnf, result = Path(folder, "clauses.cnf"), Path(folder, "diagram.npz")
        lines = [f"p cnf {n} {len(rows)}"]
        lines += [" ".join(map(str, row)) + " 0" for row in rows]
        cnf.write_text("\n".join(lines) + "\n", encoding="ascii")
        command = [
            sys.executable,
            "-m",
            "trato.offer.compile.sdd",
            str(cnf),
            str(result),
            str(int(megabytes)),
        ]
        try:
            done = subprocess.run(command, timeout=seconds, check=False, capture_output=True)  # noqa: S603 - our own
        except subprocess.TimeoutExpired:
            raise too_large(f"{seconds:g} seconds were over before pysdd was done") from None
        if done.returncode or not result.exists():
            raise too_large(f"pysdd gave up within {megabytes:g} megabytes")
        with np.load(result, allow_pickle=False) as file:
            arrays = [file[name] for name in NAMES]
    root = len(arrays[0]) - 2
    if root < 0:
        return contradiction(n)
    literal = np.arange(1, 2 * n + 2, 2, dtype=np.int32)
    return Circuit(n, n, literal, *gathered(root, *arrays))


def _whole(variables: int) -> Circuit:
    """The circuit of no clauses: one branch in which every variable is free."""
    from trato.offer.compile.circuit import Circuit

    nothing, zeros = np.zeros(0, np.int32), np.zeros(2, np.int32)
    free = np.arange(1, variables + 1, dtype=np.int32)
    one = np.array([0, 1], np.int32)
    literal = np.arange(1, 2 * variables + 2, 2, dtype=np.int32)
    ends = np.array([0, variables], np.int32)
    return Circuit(variables, variables, literal, one, zeros, nothing, ends, free, zeros, nothing)


def trace(cnf: Path) -> dict[str, np.ndarray]:
    """Compile a DIMACS file to the lists that `gathered` reads; no node at all for a contradiction."""
    from pysdd.sdd import SddManager

    manager, top = SddManager.from_cnf_file(str(cnf).encode(), vtree_type=b"balanced")
    below: dict[int, frozenset[int]] = {}
    _variables_below(manager.vtree(), below)
    every = range(1, manager.var_count() + 1)
    number: dict[int, int] = {}
    node_starts, branches = [0], list[int]()
    ends: list[tuple[int, int, int]] = []
    literals: list[int] = []
    gaps: list[int] = []
    children: list[int] = []

    def factor(node: Any) -> frozenset[int]:
        """Write one factor of a branch: its variables."""
        if node.is_true():
            return frozenset()
        if node.is_literal():
            literals.append(2 * abs(node.literal) + (node.literal > 0))
            return frozenset((abs(node.literal),))
        children.append(number[node.id])
        return below[node.vtree().position()]

    def close(variables: Any, covered: frozenset[int]) -> None:
        gaps.extend(sorted(set(variables) - covered))
        branches.append(len(ends))
        ends.append((len(literals), len(gaps), len(children)))

    waiting = [top] if top.is_decision() else []
    while waiting:
        node = waiting[-1]
        pairs = [] if node.id in number else [(p, s) for p, s in node.elements() if not s.is_false()]
        deeper = [part for pair in pairs for part in pair if part.is_decision() and part.id not in number]
        if deeper:
            waiting += deeper
            continue
        waiting.pop()
        if node.id not in number:
            for prime, sub in pairs:
                close(below[node.vtree().position()], factor(prime) | factor(sub))
            number[node.id] = len(node_starts) - 1
            node_starts.append(len(branches))
    if not top.is_false():
        close(every, factor(top))
        node_starts.append(len(branches))
    return {
        "node_starts": np.array(node_starts, np.int64),
        "branches": np.array(branches, np.int32),
        "ends": np.array(ends, np.int64).reshape(len(ends), 3),
        "literals": np.array(literals, np.int32),
        "gaps": np.array(gaps, np.int32),
        "children": np.array(children, np.int32),
    }


def _variables_below(vtree: Any, below: dict[int, frozenset[int]]) -> None:
    """Write the variables under each node of a vtree, by its position."""
    waiting = [(vtree, False)]
    while waiting:
        node, opened = waiting.pop()
        if node.is_leaf():
            below[node.position()] = frozenset((node.var(),))
        elif opened:
            below[node.position()] = below[node.left().position()] | below[node.right().position()]
        else:
            waiting += [(node, True), (node.left(), False), (node.right(), False)]


if __name__ == "__main__":
    import resource

    cnf_path, result_path, most = sys.argv[1:]
    # Beyond what the interpreter and its libraries have reserved already.
    reserved = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limit = reserved + (int(most) << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    np.savez(result_path, allow_pickle=False, **trace(Path(cnf_path)))

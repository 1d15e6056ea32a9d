"""Compiling: clauses in, a verified circuit out, within limits of time and memory."""

from __future__ import annotations

import time
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trato.errors import OfferTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.offer.clauses import Clauses
    from trato.offer.compile.circuit import Circuit
    from trato.offer.compile.search import Search
    from trato.offer.compile.simplify import Simplified

CONFLICTS = 10_000
SLICE = 4_000_000  # steps of one search before another one has its turn: some hundredths of a second


class Compiler(Protocol):
    """What turns clauses into a circuit."""

    def __call__(self, clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
        """Compile, or raise OfferTooLarge when `seconds` or `megabytes` do not suffice."""
        ...


def compile_clauses(clauses: Clauses, *, seconds: float = 30.0, megabytes: float = 1000.0) -> Circuit:
    """The circuit of all assignments that keep to the clauses, verified.

    Should our own compiler's circuit fail a check, pysdd compiles the clauses, within the same limits. Raises
    OfferTooLarge when `seconds` (of processor time) or `megabytes` do not suffice.
    """
    from trato.offer.compile.sdd import bottom_up
    from trato.offer.compile.verify import fault

    _get_ready()
    compilers: dict[str, Compiler] = {"top down": top_down, "pysdd": bottom_up}
    wrong = ""
    for name, compiler in compilers.items():
        circuit = compiler(clauses, seconds=seconds, megabytes=megabytes)
        found = fault(circuit, clauses, decisions=compiler is top_down)
        if found is None:
            return circuit
        wrong = f"{wrong}{name}: {found}. "
    raise RuntimeError(
        f"no compiler's diagram of {clauses.digest} passes the checks. {wrong}Please report this."
    )


@cache
def _get_ready() -> None:
    """Have the kernels compiled, or read from disk, before any clock runs."""
    from trato.offer.clauses import Clauses
    from trato.offer.compile.verify import fault

    clauses = Clauses.of(7, [[1, 2, 3], [-1, 4], [-4, 5, 6], [-5, -6], [2, -3, 5], [-2, 6, 7], [-7, 1, 4]])
    fault(top_down(clauses, seconds=float("inf"), megabytes=float("inf")), clauses)


def top_down(clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
    """Compile by deciding variables along a tree decomposition, each component once; see `Compiler`."""
    from trato.offer.compile.gather import contradiction
    from trato.offer.compile.simplify import simplify

    until = time.thread_time() + seconds

    def pause(done: str = "before the rules were made easier") -> None:
        if time.thread_time() > until:
            raise too_large(f"{seconds:g} seconds were over {done}")

    simplified = simplify(clauses, pause)
    if not simplified.consistent or contradictory(simplified):
        return contradiction(clauses.variables)
    search = smallest(simplified, pause, megabytes)
    if search.root < 0:
        return contradiction(clauses.variables)
    return search.circuit(clauses.variables, simplified)


def contradictory(simplified: Simplified) -> bool:
    """Whether a SAT solver, which learns, finds a contradiction soon; our search, which does not, may not."""
    from pysat.solvers import Solver

    codes = simplified.literals.astype(np.int64)
    signed = ((codes >> 1) * (2 * (codes & 1) - 1)).tolist()
    bounds = simplified.starts.tolist()
    with Solver(name="glucose4") as solver:
        for first, after in pairwise(bounds):
            solver.add_clause(signed[first:after])
        solver.conf_budget(CONFLICTS)
        return solver.solve_limited() is False


def smallest(simplified: Simplified, pause: Callable[[str], None], megabytes: float) -> Search:
    """The search, of those in several orders, that finds the smallest circuit.

    They take turns. In the turn in which one is done, the others have theirs, and may still be smaller; one
    that would need more memory than there is gives way to the others. So nothing but giving up depends on the
    clock.
    """
    from trato.offer.compile.order import ranks
    from trato.offer.compile.search import Search

    parts = simplified.kept, simplified.starts, simplified.literals
    going = [Search(*parts, rank) for rank in ranks(*parts)]
    done: list[Search] = []
    while going and not done:
        for search in tuple(going):
            if not done:
                pause(f"after {search.decisions:,} decisions")
            if search.wanted + sum(other.bytes for other in going) > 1e6 * megabytes:
                going.remove(search)
                if not going and not done:
                    raise too_large(
                        f"{megabytes:g} megabytes were used up after {search.decisions:,} decisions"
                    )
                continue
            search.go_on(SLICE)
            if search.done:
                going.remove(search)
                done.append(search)
    return min(done, key=lambda search: search.size)


def too_large(what: str) -> OfferTooLarge:
    """The error for an offer that ran out of `what`."""
    return OfferTooLarge(
        f"the offer's rules could not be compiled: {what}",
        hint="Allow more time or memory, or split what few rules tie together.",
    )

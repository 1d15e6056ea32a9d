"""Compiling: clauses in, a verified circuit out, within limits of time and memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from trato.errors import OfferTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.offer.clauses import Clauses
    from trato.offer.compile.circuit import Circuit
    from trato.offer.compile.search import Search
    from trato.offer.compile.simplify import Simplified

SLICE = 200_000  # steps of one search before another one has its turn


class Compiler(Protocol):
    """What turns clauses into a circuit."""

    def __call__(self, clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
        """Compile, or raise OfferTooLarge when `seconds` or `megabytes` do not suffice."""
        ...


def compile_clauses(clauses: Clauses, *, seconds: float = 30.0, megabytes: float = 1000.0) -> Circuit:
    """The circuit of all assignments that keep to the clauses, verified.

    Should our own compiler's circuit fail a check, pysdd compiles the clauses, within the same limits. Raises
    OfferTooLarge when `seconds` or `megabytes` do not suffice.
    """
    from trato.offer.compile.sdd import bottom_up
    from trato.offer.compile.verify import fault

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


def top_down(clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
    """Compile by deciding variables along a tree decomposition, each component once; see `Compiler`."""
    from trato.offer.compile.gather import contradiction
    from trato.offer.compile.simplify import simplify

    until = time.monotonic() + seconds

    def pause(done: str = "before the rules were made easier") -> None:
        if time.monotonic() > until:
            raise too_large(f"{seconds:g} seconds were over {done}")

    simplified = simplify(clauses, pause)
    if not simplified.consistent:
        return contradiction(clauses.variables)
    search = smallest(simplified, pause, megabytes)
    if search.root < 0:
        return contradiction(clauses.variables)
    return search.circuit(clauses.variables, simplified)


def smallest(simplified: Simplified, pause: Callable[[str], None], megabytes: float) -> Search:
    """The search, of several in different orders, that finds the smallest circuit.

    They take turns. Once one is done, another goes on only while it may still be smaller and has not taken
    twice its turns: so nothing but giving up depends on the clock.
    """
    from trato.offer.compile.order import ranks
    from trato.offer.compile.search import Search

    kept, starts, literals = simplified.kept, simplified.starts, simplified.literals
    going = [
        Search(kept, starts, literals, ranks(kept, starts, literals, by_fill=by_fill))
        for by_fill in (True, False)
    ]
    done: list[Search] = []
    turns, last_turn = 0, 0
    while going:
        for search in going:
            pause(f"after {search.decisions:,} decisions")
            search.go_on(SLICE)
            if search.done:
                done.append(search)
        turns += 1
        last_turn = last_turn or (2 * turns if done else 0)
        bound = min((search.size for search in done), default=None)
        going = [search for search in going if not search.done]
        if bound is not None:
            going = [search for search in going if search.size < bound and turns < last_turn]
        elif sum(search.bytes for search in going) > 1e6 * megabytes:
            # The larger one goes first; with a single one left, there is nothing more to give up.
            going.sort(key=lambda search: search.bytes)
            given_up = going.pop()
            if not going:
                raise too_large(
                    f"{megabytes:g} megabytes were used up after {given_up.decisions:,} decisions"
                )
    return min(done, key=lambda search: search.size)


def too_large(what: str) -> OfferTooLarge:
    """The error for an offer that ran out of `what`."""
    return OfferTooLarge(
        f"the offer's rules could not be compiled: {what}",
        hint="Allow more time or memory, or split what few rules tie together.",
    )

"""Compiling: clauses in, a verified circuit out, within limits of time and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trato.offer.clauses import Clauses
    from trato.offer.compile.circuit import Circuit


class Compiler(Protocol):
    """What turns clauses into a circuit."""

    def __call__(self, clauses: Clauses, *, seconds: float, megabytes: float) -> Circuit:
        """Compile, or raise OfferTooLarge when `seconds` or `megabytes` do not suffice."""
        ...


def compile_clauses(clauses: Clauses, *, seconds: float = 30.0, megabytes: float = 1000.0) -> Circuit:
    """The circuit of all assignments that keep to the clauses, verified.

    Raises OfferTooLarge when `seconds` or `megabytes` do not suffice.
    """
    raise NotImplementedError

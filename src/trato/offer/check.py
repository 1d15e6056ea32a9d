"""Whether an offer makes sense: what cannot be meant, contradictory rules, modules that nobody can take.

What is grave must be put right before anything can be offered; the rest may be meant.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.errors import BadDeclaration
from trato.offer.diagram import Diagram
from trato.offer.encode import Encoded
from trato.offer.faults import Fault, Faults
from trato.offer.offer import UNKNOWN, Place
from trato.offer.reading import read_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.offer.offer import Offer, Rule

FindingKind = Literal["declaration", "contradiction", "fact_without_offer", "dead_module", "one_choice"]

_SHOWN_RULES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with an offer, or may be: where, why, and the rules that make it so.

    `minimal` says that without any one of the rules it would not be so; where there was no time to look,
    there are no rules.
    """

    kind: FindingKind
    place: Place
    message: str
    hint: str = ""
    rules: tuple[Rule, ...] = ()
    minimal: bool = True

    @property
    def grave(self) -> bool:
        """Whether it must be put right."""
        return self.kind in {"declaration", "contradiction"}


@dataclass(frozen=True, slots=True)
class Checked:
    """An offer with all that was found; None where it could not be read."""

    offer: Offer | None
    diagram: Diagram | None
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing must be put right."""
        return not any(finding.grave for finding in self.findings)


def check(
    path: Path,
    *,
    seconds: float = 30.0,
    megabytes: float = 1000.0,
    store: Path | None = None,
    explaining: float = 10.0,
) -> Checked:
    """Read, compile and look through the offer of a file.

    `seconds`, `megabytes` and `store` are those of `Offer.compile`; reasons are looked for during
    `explaining` seconds in all. Raises FileNotReadable.
    """
    faults = Faults()
    try:
        offer = read_with(path, faults)
        diagram = None if faults else Diagram.of(offer, seconds=seconds, megabytes=megabytes, store=store)
    except BadDeclaration as error:
        faults.add(_place(error.where or str(path)), error.message, error.hint or "")
    if faults:
        return Checked(None, None, tuple(_declared(fault) for fault in faults.ordered()))
    if diagram is None:
        raise AssertionError  # there is one where there is no fault
    return Checked(offer, diagram, tuple(_Looked(diagram, time.monotonic() + explaining).findings()))


def _declared(fault: Fault) -> Finding:
    return Finding("declaration", fault.place, fault.message, fault.hint)


def _place(where: str) -> Place:
    """The place that an error names as file:line:column."""
    file, *numbers = where.rsplit(":", 2)
    if all(number.isdecimal() for number in numbers):
        return Place(file, *map(int, numbers))
    file, _, line = where.rpartition(":")
    return Place(file, int(line)) if file and line.isdecimal() else Place(where)


class _Looked:
    def __init__(self, diagram: Diagram, deadline: float) -> None:
        self.diagram = diagram
        self.code: Encoded = diagram.code
        self.deadline = deadline

    def findings(self) -> Iterator[Finding]:
        anyone = np.zeros(self.code.clauses.variables + 1, np.int8)
        able = self.diagram.of_pairs(self.diagram.engine.possible(anyone))
        if not able.any():
            rules, minimal = self.why()
            place = rules[0].place if rules else Place(self.diagram.offer.source)
            message = f"nothing can be offered: {_together(rules)}"
            yield Finding("contradiction", place, message, _places(rules[1:]), rules, minimal)
            return
        yield from self.facts(anyone)
        starts = self.diagram.table.starts.tolist()
        for number, component in enumerate(self.diagram.components):
            here = able[starts[number] : starts[number + 1]]
            taken = [module.name for module, one in zip(component.modules, here.tolist(), strict=True) if one]
            if len(taken) == 1 and len(component.modules) > 1:
                message = f"{component.name!r} is always {taken[0]!r}: there is nothing to choose"
                yield Finding("one_choice", component.place, message, "remove it, or the rules that bind it")
        for dead in np.flatnonzero(~able).tolist():
            name, module = self.diagram.table.pairs[dead]
            component = self.diagram.components[int(np.searchsorted(starts, dead, side="right")) - 1]
            rules, minimal = self.why(int(self.diagram.table.literals[dead]))
            message = f"{name} = {module} can never be chosen" + (f": {_together(rules)}" if rules else "")
            at = component.module(module).place
            place = at if at.line else component.place
            yield Finding("dead_module", place, message, _places(rules), rules, minimal)

    def facts(self, anyone: np.ndarray[tuple[int], np.dtype[np.int8]]) -> Iterator[Finding]:
        """Customers to whom nothing can be offered."""
        for fact in self.diagram.offer.facts:
            for value, literal in zip((*fact.values, UNKNOWN), self.code.literals[fact.name], strict=True):
                fixed = anyone.copy()
                fixed[abs(literal)] = 1 if literal > 0 else -1
                if not self.diagram.engine.possible(fixed).any():
                    rules, minimal = self.why(literal)
                    message = f"nothing can be offered where {fact.name} = {value}: {_together(rules)}"
                    yield Finding("fact_without_offer", fact.place, message, _places(rules), rules, minimal)

    def why(self, *said: int) -> tuple[tuple[Rule, ...], bool]:
        """The fewest rules that contradict what is said; none when there is no time left to look."""
        if time.monotonic() > self.deadline:
            return (), False
        conflicts = self.diagram.conflicts
        with conflicts.lock:
            found = conflicts.of(said, self.deadline)
        if found is None:
            return (), False
        return tuple(self.code.rule(group) for group in found[1]), found[2]


def _together(rules: tuple[Rule, ...]) -> str:
    if not rules:
        return "the rules contradict each other"
    names = ", ".join(repr(rule.name) for rule in rules[:_SHOWN_RULES])
    more = f" and {len(rules) - _SHOWN_RULES:,} more" if len(rules) > _SHOWN_RULES else ""
    if len(rules) == 1:
        return f"the rule {names} does not allow it"
    return f"the rules {names}{more} do not allow it together"


def _places(rules: tuple[Rule, ...]) -> str:
    """Where the rules stand, but for those that are named after it."""
    told = [str(rule.place) for rule in rules if rule.place.line]
    more = f", … and {len(told) - _SHOWN_RULES:,} more" if len(told) > _SHOWN_RULES else ""
    return f"see {', '.join(told[:_SHOWN_RULES])}{more}" if told else ""

"""XCSP 2.1: variables with domains, and tables of allowed or forbidden combinations.

A variable becomes a component, its values are the modules, and each constraint is a rule of its own name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

import numpy as np

from trato.errors import BadDeclaration
from trato.offer.formula import Allowed
from trato.offer.offer import Component, Module, Offer, Place, Rule, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_TEXTS = {"domain", "relation"}
MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class _Relation:
    rows: NDArray[np.int64]
    forbidden: bool


@dataclass(slots=True)
class _Instance:
    """What was read of a file so far."""

    source: str
    parser: expat.XMLParserType
    inside: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    begun: tuple[Mapping[str, str], int] = ({}, 0)
    domains: dict[str, tuple[int, ...]] = field(default_factory=dict)
    variables: dict[str, Component] = field(default_factory=dict)
    values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    relations: dict[str, _Relation] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    rules: list[Rule] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.parser.CurrentLineNumber

    def stop(self, message: str, hint: str | None = None, line: int = 0) -> BadDeclaration:
        return BadDeclaration(message, hint=hint, where=f"{self.source}:{line or self.line}")

    def begin(self, tag: str, said: dict[str, str]) -> None:
        if not self.inside and tag != "instance":
            raise self.stop(f"expected <instance>, found <{tag}>", "is this XCSP 2.1?")
        self.inside.append(tag)
        self.text.clear()
        self.begun = said, self.line
        match tag:
            case "variable":
                self.variable(self.said(said, "name", tag), self.said(said, "domain", tag))
            case "constraint":
                self.constraint(said)
            case "predicate" | "function":
                self.others.add(self.said(said, "name", tag))

    def end(self, tag: str) -> None:
        said, line = self.begun
        if tag == "domain":
            self.domains[self.said(said, "name", tag)] = self.values_in("".join(self.text), said, line)
        elif tag == "relation":
            self.relation(said, line)
        self.inside.pop()
        self.text.clear()

    def characters(self, text: str) -> None:
        if self.inside and self.inside[-1] in _TEXTS:
            self.text.append(text)

    def said(self, of: Mapping[str, str], name: str, tag: str) -> str:
        if name not in of:
            raise self.stop(f"<{tag}> does not say its {name}")
        return of[name]

    def values_in(self, text: str, said: Mapping[str, str], line: int) -> tuple[int, ...]:
        found: list[int] = []
        for word in text.split():
            span = _RANGE.fullmatch(word)
            try:
                first, last = (int(span[1]), int(span[2])) if span else (int(word), int(word))
            except ValueError:
                raise self.stop(f"{word[:40]!r} is no whole number", line=line) from None
            if last - first + len(found) >= MOST_VALUES:
                raise self.stop(f"this domain has more than {MOST_VALUES:,} values", line=line)
            found += range(first, last + 1)
        found = list(dict.fromkeys(found))
        if not found:
            raise self.stop(f"the domain {said.get('name', '')!r} has no value", line=line)
        if said.get("nbValues", "").isdigit() and int(said["nbValues"]) != len(found):
            raise self.stop(
                f"{said['nbValues']} values are declared, and {len(found)} stand here",
                "is the file damaged?",
                line,
            )
        return tuple(found)

    def variable(self, name: str, domain: str) -> None:
        if domain not in self.domains:
            raise self.stop(f"there is no domain {domain!r}", did_you_mean(domain, list(self.domains)))
        if name in self.variables:
            raise self.stop(f"the variable {name!r} stands here a second time", "rename one of them")
        modules = tuple(Module(str(value)) for value in self.domains[domain])
        self.variables[name] = Component(name, modules, place=Place(self.source, self.line))
        self.values[name] = self.domains[domain]

    def relation(self, said: Mapping[str, str], line: int) -> None:
        name = self.said(said, "name", "relation")
        semantics = said.get("semantics", "supports")
        if semantics not in {"supports", "conflicts"}:
            raise self.stop(
                f"tables of {semantics!r} mean nothing here", "supports and conflicts can be read", line
            )
        arity = said.get("arity", "")
        if not arity.isdigit() or not int(arity):
            raise self.stop(f"the relation {name!r} does not say its arity", line=line)
        rows = self.rows_in("".join(self.text), int(arity), line)
        if said.get("nbTuples", "").isdigit() and int(said["nbTuples"]) != len(rows):
            raise self.stop(
                f"{said['nbTuples']} rows are declared, and {len(rows)} stand here",
                "is the file damaged?",
                line,
            )
        self.relations[name] = _Relation(rows, semantics == "conflicts")

    def rows_in(self, text: str, arity: int, line: int) -> NDArray[np.int64]:
        found: list[list[int]] = []
        for row in text.split("|") if text.strip() else ():
            words = row.split()
            line += row[: len(row) - len(row.lstrip())].count("\n")
            try:
                found.append([int(word) for word in words])
            except ValueError:
                raise self.stop(f"{row.strip()[:60]!r} are not whole numbers only", line=line) from None
            if not words:
                found.pop()  # after the last row, as some write it
            elif len(words) != arity:
                raise self.stop(
                    f"the row {row.strip()[:60]!r} has {len(words)} values instead of {arity}",
                    "is the file damaged?",
                    line,
                )
            line += row.lstrip().count("\n")
        return np.array(found, np.int64).reshape(len(found), arity)

    def constraint(self, said: Mapping[str, str]) -> None:
        name = said.get("name", f"line {self.line}")
        scope = tuple(self.said(said, "scope", "constraint").split())
        reference = self.said(said, "reference", "constraint")
        if reference not in self.relations:
            if reference in self.others or reference.startswith("global:"):
                raise self.stop(
                    f"the constraint {name!r} is no table: {reference!r}",
                    "only tables of allowed or forbidden combinations can be read: write it out as one",
                )
            raise self.stop(
                f"there is no relation {reference!r}", did_you_mean(reference, list(self.relations))
            )
        for variable in scope:
            if variable not in self.variables:
                raise self.stop(
                    f"there is no variable {variable!r}", did_you_mean(variable, list(self.variables))
                )
        relation = self.relations[reference]
        if len(scope) != relation.rows.shape[1]:
            raise self.stop(
                f"the constraint {name!r} has {len(scope)} variables, and its table {relation.rows.shape[1]}"
            )
        if len(set(scope)) != len(scope):
            raise self.stop(f"the constraint {name!r} names a variable twice")
        rows = np.empty(relation.rows.shape, np.int32)
        fits = np.ones(len(rows), np.bool_)
        for i, variable in enumerate(scope):
            values = np.array(self.values[variable])
            ordered = np.argsort(values)
            place = np.searchsorted(values, relation.rows[:, i], sorter=ordered).clip(max=len(values) - 1)
            rows[:, i] = ordered[place]
            fits &= values[rows[:, i]] == relation.rows[:, i]
        modules = tuple(self.variables[variable].names for variable in scope)
        formula = Allowed(scope, modules, rows[fits], relation.forbidden)
        self.rules.append(Rule(name, formula, place=Place(self.source, self.line)))


def read_xcsp(file: BinaryIO, source: str) -> Offer:
    """The offer of an XCSP 2.1 file. Raises BadDeclaration at the line that is damaged or cannot be meant."""
    parser = expat.ParserCreate()
    instance = _Instance(source, parser)
    parser.buffer_text = True
    parser.StartElementHandler = instance.begin
    parser.EndElementHandler = instance.end
    parser.CharacterDataHandler = instance.characters

    def refused(*_: object) -> None:
        raise instance.stop("entities mean nothing here", "remove the document type")

    parser.EntityDeclHandler = refused
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        raise BadDeclaration(
            f"this cannot be read as XML: {expat.ErrorString(error.code)}",
            hint="is the file cut off?",
            where=f"{source}:{error.lineno}",
        ) from None
    if not instance.variables:
        raise BadDeclaration("no variable is declared", hint="is this XCSP 2.1?", where=source)
    return Offer(tuple(instance.variables.values()), rules=tuple(instance.rules), source=source)

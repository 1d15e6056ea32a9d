"""`offer.yaml`, read with every complaint at its line.

name: {en: Business phones}
currency: EUR
components:
  phone:
    modules:
      basic: {price: 9900, cost: 7000, sku: P-1}
      smart: {price: 29900, cost: 21000, sku: P-2, attributes: {size: 2}}
  gift_wrap:
    kind: packaging
    optional: true
    modules: {paper: {price: 200}, box: {price: 500, attributes: {size: 3}}}
  bottles:
    kind: additional_product
    quantity: {most: 6, price: 850, attributes: {size: 1}}
facts:
  age_band: {values: [child, adult]}
rules:
  of_age: bottles >= 1 -> age_band = adult
  fits: total size <= 8
  wrapping: {allowed: {columns: [phone, gift_wrap], rows: [[basic, paper], [smart, box]]}}
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from trato import declared, shapes
from trato.declared import Declared
from trato.errors import BadInput
from trato.offer.csv_tables import read_combinations, read_modules, read_rules
from trato.offer.faults import Faults
from trato.offer.formula import FALSE, Allowed
from trato.offer.language import Vocabulary, number_in, parsed
from trato.offer.offer import (
    KINDS,
    NONE,
    UNKNOWN,
    Component,
    Fact,
    Kind,
    Module,
    Offer,
    Place,
    Rule,
    did_you_mean,
)
from trato.offer.shape import OFFER
from trato.offer.tokens import NotARule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trato.offer.formula import Formula
    from trato.shapes import Found


def read_declaration(path: Path, faults: Faults) -> Offer:
    """The offer that a YAML file declares; what cannot be meant goes to `faults`."""
    page = declared.read(path)
    wrong = declared.Reader(list(page.complaints))
    said = shapes.read(wrong, page.root, OFFER)
    for complaint in wrong.complaints:
        faults.add(Place(str(path), complaint.line), complaint.message, complaint.hint or "")
    reading = _Reading(path, faults)
    tables = [path.parent / one.text() for one in said.under("module_tables").items if one.text()]
    components = [reading.component(name, found) for name, found in said.under("components").keys.items()] + [
        component for table in tables for component in read_modules(table, faults)
    ]
    facts = [reading.fact(name, found) for name, found in said.under("facts").keys.items()]
    _told_apart(components, facts, faults)
    if not components:
        faults.add(Place(str(path), 1), "no component is declared", "say what can vary under `components`")
    known = Vocabulary.of(tuple(components), tuple(facts))
    rules = [reading.rule(name, found, known) for name, found in said.under("rules").keys.items()]
    for one in said.under("rule_tables").items:
        if one.text():
            rules += read_rules(path.parent / one.text(), known, faults)
    return Offer(
        tuple(components),
        tuple(facts),
        tuple(rules),
        labels=_spoken(said.under("name")),
        currency=said.text("currency"),
        source=str(path),
    )


def offer_in(path: Path, wrong: declared.Reader) -> Offer | None:
    """The offer of a company folder's `offer.yaml`; complaints go to the reader, each at its line of it."""
    faults = Faults()
    try:
        offer = read_declaration(path, faults)
    except BadInput as error:
        wrong.complain(Declared("nothing", 1), str(error))
        return None
    for fault in faults.ordered():
        here = fault.place.file == str(path)
        message = fault.message if here else f"{fault.place}: {fault.message}"
        wrong.complain(Declared("nothing", fault.place.line if here else 1), message, fault.hint or None)
    return None if faults else offer


def _told_apart(components: list[Component], facts: Sequence[Fact], faults: Faults) -> None:
    """Every name stands for one thing."""
    first: dict[str, Place] = {}
    everything: list[Component | Fact] = [*components, *facts]
    for one in everything:
        if one.name in first:
            faults.add(one.place, f"{one.name!r} is declared a second time", f"first at {first[one.name]}")
        first.setdefault(one.name, one.place)


@dataclass(slots=True)
class _Reading:
    path: Path
    faults: Faults
    _lines: list[str] | None = field(default=None)

    def place(self, at: Declared) -> Place:
        return Place(str(self.path), at.line)

    def component(self, name: str, said: Found) -> Component:
        place = self.place(said.at)
        self.named(name, place)
        quantity = said.keys.get("quantity")
        written = said.under("modules").keys
        if quantity is not None and written:
            self.faults.add(place, f"{name!r} has both modules and a quantity", "say one of them")
        if quantity is not None:
            modules = self.quantities(name, quantity)
        else:
            modules = [self.module(module, found) for module, found in written.items()]
        if said.truth("optional", usual=False) and NONE not in [module.name for module in modules]:
            modules = [Module(NONE, place=place), *modules]
        if not modules:
            self.faults.add(
                place, f"the component {name!r} has no module", "say at least one under `modules`"
            )
            modules = [Module(NONE, place=place)]
        kind = cast("Kind", said.text("kind") or KINDS[0])
        return Component(name, tuple(modules), kind, _spoken(said.under("labels")), place)

    def named(self, name: str, place: Place) -> None:
        if not name.strip() or "\n" in name or '"' in name:
            self.faults.add(place, f"{name!r} cannot be a name", "a name is one line without quotation marks")

    def module(self, name: str, said: Found) -> Module:
        self.named(name, self.place(said.at))
        stock = said.keys.get("stock")
        return Module(
            name,
            _spoken(said.under("labels")),
            price=int(said.number("price", 0)),
            cost=int(said.number("cost", 0)),
            stock=None if stock is None else int(said.number("stock", 0)),
            sku=said.text("sku"),
            step=said.text("step"),
            attributes={name: _attribute(one) for name, one in said.under("attributes").keys.items()},
            place=self.place(said.at),
        )

    def quantities(self, name: str, said: Found) -> list[Module]:
        """One module a number, each with the price, the cost and the attributes of so many."""
        least, most = int(said.number("least", 0)), int(said.number("most", 1))
        if least > most:
            self.faults.add(self.place(said.at), f"{name!r} is at least {least} and at most {most}")
        one = self.module(name, said)
        return [
            replace(
                one,
                name=str(number),
                price=number * one.price,
                cost=number * one.cost,
                attributes={
                    key: value if isinstance(value, str) else float(Fraction(str(value)) * number)
                    for key, value in one.attributes.items()
                },
            )
            for number in range(least, most + 1)
        ]

    def fact(self, name: str, said: Found) -> Fact:
        place = self.place(said.at)
        self.named(name, place)
        values: list[str] = []
        for one in said.under("values").items:
            if one.text() in {*values, UNKNOWN}:
                hint = f"{UNKNOWN!r} is understood" if one.text() == UNKNOWN else "remove one of them"
                self.faults.add(self.place(one.at), f"{one.text()!r} cannot be a value here", hint)
            elif one.text():
                values.append(one.text())
        sensitive = said.truth("sensitive", usual=False)
        return Fact(name, tuple(values), _spoken(said.under("labels")), sensitive, place)

    def rule(self, name: str, said: Found, known: Vocabulary) -> Rule:
        place = self.place(said.at)
        ways = [way for way in ("rule", "allowed", "forbidden") if way in said.keys]
        if said.keys and len(ways) != 1:
            hint = "say one of rule, allowed and forbidden"
            self.faults.add(place, f"the rule {name!r} says {len(ways)} things to hold", hint)
        formula: Formula = FALSE
        if not said.keys or ways == ["rule"]:
            at = said.keys.get("rule", said)
            if at.text():
                formula = self.formula(at, known)
        elif ways:
            formula = self.table(said.under(ways[0]), known, forbidden=ways[0] == "forbidden")
        return Rule(name, formula, _spoken(said.under("why")), place)

    def formula(self, said: Found, known: Vocabulary) -> Formula:
        unknown: list[NotARule] = []
        formula: Formula = FALSE
        text = said.text()
        try:
            formula = parsed(text, known, unknown)
        except NotARule as stopped:
            unknown.append(stopped)
        for one in unknown:
            self.faults.add(self.located(said.at, text, one.offset), one.message, one.hint)
        return formula

    def located(self, at: Declared, text: str, offset: int) -> Place:
        """Where a rule's offset stands in the file: YAML tells only the line on which the rule begins."""
        if self._lines is None:
            self._lines = self.path.read_text(encoding="utf-8-sig").splitlines()
        begun = text.rfind("\n", 0, offset) + 1
        ended = text.find("\n", offset)
        said = text[begun:] if ended < 0 else text[begun:ended]
        first = at.line - 1 + text.count("\n", 0, offset)
        for number in range(first, min(first + 3, len(self._lines))):
            column = self._lines[number].find(said.strip())
            if column >= 0 and said.strip():
                indent = len(said) - len(said.lstrip())
                return Place(str(self.path), number + 1, column + offset - begun - indent + 1)
        return Place(str(self.path), at.line)

    def table(self, said: Found, known: Vocabulary, *, forbidden: bool) -> Formula:
        if "file" in said.keys:
            return read_combinations(
                self.path.parent / said.text("file"), known, self.faults, forbidden=forbidden
            )
        columns = [one.text() for one in said.under("columns").items]
        place = self.place(said.at)
        if not columns or len(set(columns)) != len(columns):
            self.faults.add(place, "the columns of a table are different components", "say them once each")
            return FALSE
        for one in said.under("columns").items:
            if one.text() not in known.modules:
                hint = did_you_mean(one.text(), list(known.modules))
                self.faults.add(self.place(one.at), f"there is no component or fact {one.text()!r}", hint)
                return FALSE
        modules = tuple(known.modules[name] for name in columns)
        rows: list[list[int]] = []
        for row in said.under("rows").items:
            taken = [one.text() for one in row.items]
            if len(taken) != len(columns):
                message = f"this row has {len(taken)} modules for {len(columns)} columns"
                self.faults.add(self.place(row.at), message)
                continue
            for name, module, of in zip(columns, taken, modules, strict=True):
                if module not in of:
                    message = f"{name!r} has no module {module!r}"
                    self.faults.add(self.place(row.at), message, did_you_mean(module, of))
            if all(module in of for module, of in zip(taken, modules, strict=True)):
                rows.append([of.index(module) for module, of in zip(taken, modules, strict=True)])
        array = np.array(rows, np.int32).reshape(len(rows), len(columns))
        return Allowed(tuple(columns), modules, array, forbidden)


def _spoken(said: Found) -> Mapping[str, str]:
    return {language: one.text() for language, one in said.keys.items() if one.text()}


def _attribute(said: Found) -> float | str:
    number = None if said.at.quoted else number_in(said.text())
    return said.text() if number is None else float(number)

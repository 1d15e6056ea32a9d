"""Offers in tables: modules, rules, facts and allowed combinations as CSV.

- modules (`phones.csv`): component, module, and where wanted kind, label_en, label_es, label_pt, price,
  cost, stock, sku, step; every other column is an attribute. What may be left out has a module `none`.
- rules (`phones.rules.csv`, beside it): name, rule, and where wanted why_en, why_es, why_pt.
- facts (`phones.facts.csv`, beside it): fact, value, and where wanted sensitive (true or false).
- combinations: a column for each component, a row for each combination.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import FileNotReadable, nearest
from trato.offer.formula import FALSE, Allowed, Formula
from trato.offer.language import Vocabulary, number_in, parsed
from trato.offer.offer import KINDS, Component, Fact, Kind, Module, Offer, Place, Rule, did_you_mean
from trato.offer.tokens import NotARule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from trato.offer.faults import Faults

_LANGUAGES = ("en", "es", "pt")
_LABELS = tuple(f"label_{language}" for language in _LANGUAGES)
_OF_MODULES = ("component", "module", "kind", "price", "cost", "stock", "sku", "step", *_LABELS)
_OF_RULES = ("name", "rule", *(f"why_{language}" for language in _LANGUAGES))
_OF_FACTS = ("fact", "value", "sensitive")


def read_tables(path: Path, faults: Faults) -> Offer:
    """The offer of a table of modules, with the rules and facts beside it, if any."""
    components = tuple(read_modules(path, faults))
    facts_at, rules_at = path.with_suffix(".facts.csv"), path.with_suffix(".rules.csv")
    facts = tuple(_facts(facts_at, faults)) if facts_at.exists() else ()
    for fact in facts:
        if any(component.name == fact.name for component in components):
            faults.add(fact.place, f"{fact.name!r} is a component too", "rename one of them")
    known = Vocabulary.of(components, facts)
    rules = tuple(read_rules(rules_at, known, faults)) if rules_at.exists() else ()
    return Offer(components, facts, rules, source=str(path))


def _rows(
    path: Path, faults: Faults, required: Sequence[str], known: Sequence[str] | None
) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """Each row with its place; a header that cannot be meant and rows of another length are faults."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        siblings = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        close = nearest(path.name, siblings)
        hint = f"did you mean {close!r}?" if close else None
        raise FileNotReadable(f"cannot be read: {error.strerror}", hint=hint, where=str(path)) from None
    with file:
        first = file.readline()
        file.seek(0)
        delimiter = ";" if first.count(";") > first.count(",") else ","
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            if not _header(Place(str(path), 1), header, required, known, faults):
                return
            for row in reader:
                place = Place(str(path), reader.line_num)
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(header):
                    message = f"this row has {len(row)} cells, the first line {len(header)}"
                    faults.add(place, message, "quote cells that hold a comma")
                    continue
                yield place, {name: cell.strip() for name, cell in zip(header, row, strict=True)}
        except csv.Error as error:
            faults.add(Place(str(path), reader.line_num), f"this cannot be read as CSV: {error}")


def _header(
    place: Place,
    header: Sequence[str],
    required: Sequence[str],
    known: Sequence[str] | None,
    faults: Faults,
) -> bool:
    for name in required:
        if name not in header:
            faults.add(place, f"the column {name!r} is missing", did_you_mean(name, header) if header else "")
    for name in header:
        if header.count(name) > 1 or not name:
            faults.add(place, f"a column is called {name!r} {header.count(name)} times", "rename it")
        elif known is not None and name not in known:
            faults.add(place, f"unknown column {name!r}", did_you_mean(name, known))
    return set(required) <= set(header)


def read_modules(path: Path, faults: Faults) -> list[Component]:
    """The components of a table of modules, in the order in which they come first."""
    modules: dict[str, dict[str, Module]] = {}
    kinds: dict[str, tuple[Kind, Place]] = {}
    for place, row in _rows(path, faults, ("component", "module"), None):
        component, module = row["component"], row["module"]
        if not component or not module or '"' in component + module:
            faults.add(place, "a component and a module need a name without quotation marks")
            continue
        of = modules.setdefault(component, {})
        if module in of:
            hint = f"first at {of[module].place}"
            faults.add(place, f"{component} = {module} stands here a second time", hint)
        kind = row.get("kind", "")
        if kind and kind not in KINDS:
            faults.add(place, f"there is no kind {kind!r}", did_you_mean(kind, KINDS))
        elif kind and component in kinds and kinds[component][0] != kind:
            hint = f"it is {kinds[component][0]!r} at {kinds[component][1]}"
            faults.add(place, f"{component!r} cannot be of two kinds", hint)
        elif kind:
            kinds[component] = kind, place
        of[module] = _module(module, row, place, faults)
    if not modules and not faults:
        faults.add(Place(str(path), 1), "there is no module in this table")
    return [
        Component(
            name,
            tuple(of.values()),
            kinds.get(name, (KINDS[0], None))[0],
            place=next(iter(of.values())).place,
        )
        for name, of in modules.items()
    ]


def _module(name: str, row: Mapping[str, str], place: Place, faults: Faults) -> Module:
    def whole(column: str, least: int = -(10**15)) -> int:
        said = row.get(column, "")
        number = number_in(said) if said else None
        if said and (number is None or number.denominator != 1 or number < least):
            faults.add(place, f"{column} {said!r} is no whole number that is meant here")
            return 0
        return int(number or 0)

    attributes: dict[str, float | str] = {}
    for column, said in row.items():
        if column not in _OF_MODULES and said:
            number = number_in(said)
            attributes[column] = said if number is None else float(number)
    return Module(
        name,
        {language: row[f"label_{language}"] for language in _LANGUAGES if row.get(f"label_{language}")},
        price=whole("price"),
        cost=whole("cost"),
        stock=whole("stock", 0) if row.get("stock") else None,
        sku=row.get("sku", ""),
        step=row.get("step", ""),
        attributes=attributes,
        place=place,
    )


def read_rules(path: Path, known: Vocabulary, faults: Faults) -> list[Rule]:
    """The rules of a table; the column of a fault is that within the rule."""
    found: dict[str, Rule] = {}
    for place, row in _rows(path, faults, ("name", "rule"), _OF_RULES):
        name = row["name"]
        if name in found or not name:
            message = f"the rule {name!r} stands here a second time" if name else "a rule needs a name"
            faults.add(place, message, f"first at {found[name].place}" if name else "")
        unknown: list[NotARule] = []
        formula: Formula = FALSE
        try:
            formula = parsed(row["rule"], known, unknown)
        except NotARule as stopped:
            unknown.append(stopped)
        for one in unknown:
            message = f"the rule {name!r}, character {one.offset + 1}: {one.message}"
            faults.add(place, message, one.hint)
        why = {language: row[f"why_{language}"] for language in _LANGUAGES if row.get(f"why_{language}")}
        found[name] = Rule(name, formula, why, place)
    return list(found.values())


def _facts(path: Path, faults: Faults) -> list[Fact]:
    values: dict[str, dict[str, Place]] = {}
    sensitive: set[str] = set()
    for place, row in _rows(path, faults, ("fact", "value"), _OF_FACTS):
        if row["value"] in {"", "unknown", *values.get(row["fact"], ())} or not row["fact"]:
            faults.add(place, f"{row['fact']} = {row['value']} cannot be meant here", "say each value once")
            continue
        values.setdefault(row["fact"], {})[row["value"]] = place
        said = row.get("sensitive", "").lower()
        if said not in {"", "true", "false"}:
            faults.add(place, f"expected true or false, found {said!r}")
        if said == "true":
            sensitive.add(row["fact"])
    return [
        Fact(name, tuple(of), sensitive=name in sensitive, place=next(iter(of.values())))
        for name, of in values.items()
    ]


def read_combinations(path: Path, known: Vocabulary, faults: Faults, *, forbidden: bool) -> Formula:
    """A table of combinations: a column for each component or fact."""
    rows: list[list[int]] = []
    columns: tuple[str, ...] = ()
    places: list[dict[str, int]] = []
    for place, row in _rows(path, faults, (), list(known.modules)):
        if not columns:
            columns = tuple(row)
            if not set(columns) <= set(known.modules):
                return FALSE
            places = [{module: at for at, module in enumerate(known.modules[name])} for name in columns]
        try:
            rows.append([of[module] for of, module in zip(places, row.values(), strict=True)])
        except KeyError:
            for name, module in row.items():
                if module not in known.modules[name]:
                    message = f"{name!r} has no module {module!r}"
                    faults.add(place, message, did_you_mean(module, known.modules[name]))
    if not columns:
        faults.add(Place(str(path), 1), "there is no combination in this table")
        return FALSE
    modules = tuple(known.modules[name] for name in columns)
    return Allowed(columns, modules, np.array(rows, np.int32).reshape(len(rows), len(columns)), forbidden)


def read_scores(
    path: Path, known: Collection[tuple[str, str]], faults: Faults
) -> dict[tuple[str, str], float]:
    """Scores of modules: the columns component, module, score."""
    found: dict[tuple[str, str], float] = {}
    components = list(dict.fromkeys(component for component, _ in known))
    for place, row in _rows(path, faults, ("component", "module", "score"), None):
        pair = row["component"], row["module"]
        score = number_in(row["score"])
        if pair[0] not in components:
            faults.add(place, f"there is no component {pair[0]!r}", did_you_mean(pair[0], components))
        elif pair not in known:
            modules = [module for component, module in known if component == pair[0]]
            faults.add(place, f"{pair[0]!r} has no module {pair[1]!r}", did_you_mean(pair[1], modules))
        elif score is None:
            faults.add(place, f"the score {row['score']!r} is no number", "such as 40 or 2.5")
        else:
            found[pair] = float(score)
    return found

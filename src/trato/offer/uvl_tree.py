"""The feature tree of a UVL file and of those that it imports, as it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.errors import BadDeclaration, nearest
from trato.offer.offer import Place
from trato.offer.tokens import NotARule, Token, Tokens
from trato.offer.uvl_constraints import TOKEN, reference
from trato.offer.uvl_lines import nested

if TYPE_CHECKING:
    from pathlib import Path

    from trato.offer.faults import Faults
    from trato.offer.formula import Formula
    from trato.offer.uvl_lines import Line

_TYPES = {"Boolean", "Integer", "Real", "String"}
_SECTIONS = ("namespace", "include", "imports", "features", "constraints")
_PAIR = re.compile(r"(\w+) (?:'([^'\n]+)'|(-?\d{1,15}(?:\.\d{1,9})?))")
_PLAIN = re.compile(
    r"(?P<name>\"[^\"\n]*[^\"\s][^\"\n]*\"|[^\W\d]\w*)"
    rf"( ?\{{(?P<attributes>{_PAIR.pattern}(, ?{_PAIR.pattern})*)?\}})?"
)
MOST_FILES = 200


@dataclass(slots=True)
class Group:
    """Features below a feature, of which at least `least` and at most `most` are selected with it."""

    least: int
    most: int
    place: Place
    said: str
    children: list[Feature] = field(default_factory=list)


@dataclass(slots=True)
class Feature:
    """A feature, what is known of it, and its groups; `always` says that every configuration has it."""

    name: str
    place: Place
    parent: Feature | None
    attributes: dict[str, float | str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    always: bool = False


@dataclass(slots=True)
class Condition:
    """A constraint still to be read: its text, and where it begins in which line of which file."""

    tokens: Tokens | None
    line: Line
    source: str
    prefix: str
    formula: Formula | None = None


class Model:
    """Feature trees as they are written, imports put in their places."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.features: dict[str, Feature] = {}
        self.conditions: list[Condition] = []
        self._files = 0

    def read(self, path: Path, prefix: str, above: tuple[Path, ...]) -> Feature | None:
        """The root of a file's features, all names beginning with `prefix`."""
        source = str(path)
        self._files += 1
        if path.resolve() in above or self._files > MOST_FILES:
            raise BadDeclaration("this imports itself", hint="by way of " + str(above[-1]), where=source)
        with path.open(encoding="utf-8-sig") as file:
            top = nested(file, source, self.faults)
        imports: dict[str, Path] = {}
        root: Feature | None = None
        for line in top:
            word = line.text.split(maxsplit=1)[0] if line.text.split() else ""
            if word not in _SECTIONS:
                close = nearest(word, _SECTIONS)
                hint = f"did you mean {close!r}?" if close else f"sections: {', '.join(_SECTIONS)}"
                self.faults.add(line.place(source), f"{line.text[:60]!r} is no section", hint)
            elif word == "imports":
                imports |= self._imports(line, path)
            elif word == "features":
                if len(line.below) != 1:
                    at = line.below[1] if line.below else line
                    message = f"a file has one root feature, and here are {len(line.below)}"
                    self.faults.add(at.place(source), message, "check the indentation")
                if line.below:
                    root = self._tree(line.below[0], source, prefix, imports, (*above, path.resolve()))
            elif word == "constraints":
                for one in line.below:
                    self._condition(one, source, prefix)
        return root

    def _imports(self, line: Line, path: Path) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for one in line.below:
            try:
                tokens = Tokens.of(one.text, TOKEN)
                names = reference(tokens)
                alias = reference(tokens) if tokens.accept("as") else names
                tokens.end(())
            except NotARule as stopped:
                self._told(stopped, one, str(path))
                continue
            target = path.parent.joinpath(*names).with_suffix(".uvl")
            if not target.is_file():
                message = f"the import {'.'.join(names)!r} is not there: no file {target}"
                self.faults.add(one.place(str(path)), message)
                continue
            found[".".join(alias)] = target
        return found

    def _told(self, stopped: NotARule, line: Line, source: str) -> None:
        self.faults.add(line.place(source, stopped.offset), stopped.message, stopped.hint)

    def _condition(self, line: Line, source: str, prefix: str) -> None:
        for one in line.below:
            self.faults.add(one.place(source), "this is indented further than the constraint above it")
        try:
            self.conditions.append(Condition(Tokens.of(line.text, TOKEN), line, source, prefix))
        except NotARule as stopped:
            self._told(stopped, line, source)

    def _tree(
        self, top: Line, source: str, prefix: str, imports: dict[str, Path], above: tuple[Path, ...]
    ) -> Feature | None:
        root = self._feature(top, source, prefix, None, imports, above)
        if root is None:
            return None
        open_: list[tuple[Line, Feature]] = [(top, root)]
        while open_:
            line, feature = open_.pop()
            for below in line.below:
                group = self._group(below, source)
                if group is None:
                    continue
                feature.groups.append(group)
                for one in below.below:
                    child = self._feature(one, source, prefix, feature, imports, above)
                    if child is not None:
                        group.children.append(child)
                        open_.append((one, child))
                if not below.below:
                    self.faults.add(below.place(source), f"there is no feature below {below.text!r}")
        return root

    def _group(self, line: Line, source: str) -> Group | None:
        place = line.place(source)
        size = len(line.below)
        kinds = {"mandatory": (size, size), "optional": (0, size), "or": (1, size), "alternative": (1, 1)}
        if line.text in kinds:
            return Group(*kinds[line.text], place, line.text)
        if line.text.startswith("["):
            try:
                tokens = Tokens.of(line.text, TOKEN)
                least, most = _cardinality(tokens, size)
                tokens.end(())
            except NotARule as stopped:
                self._told(stopped, line, source)
                return None
            return Group(least, most, place, line.text)
        close = nearest(line.text, kinds)
        hint = f"did you mean {close!r}?" if close else f"groups: {', '.join(kinds)}, [n..m]"
        self.faults.add(place, f"{line.text[:60]!r} is no kind of group", hint)
        return None

    def _feature(
        self,
        line: Line,
        source: str,
        prefix: str,
        parent: Feature | None,
        imports: dict[str, Path],
        above: tuple[Path, ...],
    ) -> Feature | None:
        place = line.place(source)
        said = self._plain(line) or self._written(line, source, prefix)
        if said is None:
            return None
        path, attributes = said
        alias = ".".join(path[:-1])
        if alias in imports:
            return self._imported(imports[alias], path, prefix, parent, place, above)
        if alias:
            self.faults.add(place, f"nothing is imported as {alias!r}", "say it under `imports`")
            return None
        name = prefix + path[0]
        if name in self.features:
            self.faults.add(
                place,
                f"the feature {name!r} stands here a second time",
                f"first at {self.features[name].place}",
            )
            return None
        feature = self.features[name] = Feature(name, place, parent, attributes)
        return feature

    def _plain(self, line: Line) -> tuple[list[str], dict[str, float | str]] | None:
        """A name with plain attributes, as almost all features are written: many times quicker."""
        plain = _PLAIN.fullmatch(line.text)
        if plain is None or plain["name"] in _TYPES:
            return None
        pairs = _PAIR.findall(plain["attributes"] or "")
        attributes = {key: text or float(number) for key, text, number in pairs}
        return [plain["name"].strip('"')], attributes

    def _written(
        self, line: Line, source: str, prefix: str
    ) -> tuple[list[str], dict[str, float | str]] | None:
        """The parts of a feature's name, and its attributes."""
        try:
            tokens = Tokens.of(line.text, TOKEN)
            first = tokens.next
            path = reference(tokens)
            ended = tokens.next.text in {"", "{"}
            if len(path) == 1 and first.text in _TYPES and not first.quoted and not ended:
                _boolean(first)
                path = reference(tokens)
            if tokens.accept("cardinality"):
                self._once(tokens)
            attributes = self._attributes(tokens, line, source, prefix) if tokens.accept("{") else {}
            tokens.end(())
        except NotARule as stopped:
            self._told(stopped, line, source)
            return None
        return path, attributes

    def _imported(
        self,
        file: Path,
        path: list[str],
        prefix: str,
        parent: Feature | None,
        place: Place,
        above: tuple[Path, ...],
    ) -> Feature | None:
        within = prefix + ".".join(path[:-1]) + "."
        root = self.read(file, within, above)
        if root is not None and root.name != within + path[-1]:
            self.faults.add(
                place,
                f"{path[-1]!r} is not the root of {file}",
                f"its root is {root.name.rpartition('.')[2]!r}",
            )
        if root is not None:
            root.parent = parent
        return root

    def _once(self, tokens: Tokens) -> None:
        at = tokens.next
        least, most = _cardinality(tokens, 1_000_000)
        if (least, most) != (1, 1):
            hint = "write each instance as a feature of its own"
            raise NotARule(at.offset, "features that are there several times cannot be compiled", hint)

    def _attributes(self, tokens: Tokens, line: Line, source: str, prefix: str) -> dict[str, float | str]:
        """Numbers and texts by name; whatever else UVL allows is read over, and conditions are kept."""
        found: dict[str, float | str] = {}
        while not tokens.accept("}"):
            key = tokens.next
            name = reference(tokens)[0]
            if name in {"constraint", "constraints"} and not tokens.ahead(",") and not key.quoted:
                several = name == "constraints"
                if several:
                    tokens.expect("[")
                while not (several and tokens.accept("]")):
                    self.conditions.append(Condition(tokens.part(",", "]", "}"), line, source, prefix))
                    if not tokens.accept(",") and not several:
                        break
            elif not tokens.ahead(",") and not tokens.ahead("}"):
                value = _value(tokens)
                if value is not None:
                    found[name] = value
            if not tokens.accept(",") and not tokens.ahead("}"):
                tokens.expect("}", "attributes are divided by commas")
        return found


def _boolean(kind: Token) -> None:
    if kind.text != "Boolean":
        hint = "write the values that it can have as an alternative group"
        raise NotARule(kind.offset, f"features of type {kind.text} cannot be compiled", hint)


def _value(tokens: Tokens) -> float | str | None:
    """A number or a text; None for a truth, a list or a section."""
    at = tokens.take()
    if at.text in {"{", "["} and not at.quoted:
        depth = 1
        while depth:
            token = tokens.take()
            if not token.text and not token.quoted:
                raise NotARule(at.offset, f"{at.text!r} is not closed")
            if not token.quoted:
                depth += (token.text in {"{", "["}) - (token.text in {"}", "]"})
        return None
    if at.quoted:
        return at.text
    negative = at.text == "-"
    number = tokens.take() if negative else at
    if number.text[:1].isdigit() and len(number.text) <= 24:
        return -float(number.text) if negative else float(number.text)
    if at.text in {"true", "false"}:
        return None
    raise NotARule(at.offset, f"{at} is no value", "a value is a number, true, false, or a text in quotes")


def _cardinality(tokens: Tokens, size: int) -> tuple[int, int]:
    tokens.expect("[")
    first = tokens.take()
    last = tokens.take() if tokens.accept("..") else first
    tokens.expect("]", "a cardinality is written [1..3], [2] or [1..*]")
    most = size if last.text == "*" else _whole(last)
    least = 0 if first.text == "*" else _whole(first)
    if least > most:
        raise NotARule(first.offset, f"at least {least} and at most {most} cannot be meant")
    return least, min(most, size)


def _whole(token: Token) -> int:
    if not token.text.isdecimal() or len(token.text) > 9:
        raise NotARule(token.offset, f"expected a whole number, found {token}")
    return int(token.text)

"""YAML that a company writes by hand, read with its line numbers.

Every complaint has file and line and, where a word is near a valid one, says which; all complaints of a file
come at once. Each domain reads its own section:

    page = declared.read(path)
    with complaints(page) as wrong:
        section = wrong.mapping(page.root, required=("needs",))
        for need in wrong.items(section.get("needs")):
            name = wrong.text(wrong.mapping(need, required=("name",)).get("name"))

A reading function that complains returns an empty value of its kind, so that reading goes on to the next
complaint; the block raises BadDeclaration at its end. Scalars are what is written: `no` is the text "no"
where text is read.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Literal

from trato.errors import BadDeclaration, FileNotReadable, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import yaml

_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOTHING = {"", "~", "null", "Null", "NULL"}

MOST_BYTES = 1 << 20  # a hundred times what anyone writes by hand; PyYAML takes seconds for it
MOST_PLACES = 200_000  # in what is written, anchors repeated wherever they are referred to
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Declared:
    """One thing written in a YAML file, and its line, counted from 1; a member stands on its key's line.

    A `mapping` has `members`, a `list` has `elements`, a `scalar` has `text`; `quoted` says that the scalar
    can only be meant as text. An empty place is `nothing`. `places` counts what is written here and below,
    once for each time that an anchor is referred to.
    """

    kind: Literal["mapping", "list", "scalar", "nothing"]
    line: int
    members: Mapping[str, Declared] = field(default_factory=dict)
    elements: tuple[Declared, ...] = ()
    text: str = ""
    quoted: bool = False
    places: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What cannot be meant, where, and what may be meant instead."""

    line: int
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A YAML file as read: its root, and what is wrong with its writing."""

    path: Path
    root: Declared
    complaints: tuple[Complaint, ...]


@dataclass(slots=True)
class Reader:
    """Reads what is declared into plain values, and collects complaints instead of stopping at the first."""

    complaints: list[Complaint]
    _said: set[Complaint] = field(default_factory=set)
    _missing: dict[int, Declared] = field(default_factory=dict)

    def complain(self, at: Declared, message: str, hint: str | None = None) -> None:
        """Note once that something cannot be meant; reading goes on. A missing key has been noted already."""
        said = Complaint(at.line, message, hint)
        if said not in self._said and id(at) not in self._missing:
            self._said.add(said)
            self.complaints.append(said)

    def mapping(
        self, at: Declared, *, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> dict[str, Declared]:
        """The members of a mapping whose keys are known; those that are missing are read as nothing."""
        if at.kind != "mapping":
            keys = ", ".join((*required, *optional))
            self.complain(at, f"expected keys with values, found {_called(at)}", f"the keys are: {keys}")
            return {key: self._nothing(at) for key in required}
        known = (*required, *optional)
        for key, member in at.members.items():
            if key not in known:
                close = nearest(key, known)
                self.complain(
                    member,
                    f"unknown key {key!r}",
                    f"did you mean {close!r}?" if close else f"the keys are: {', '.join(known)}",
                )
        found = {key: member for key, member in at.members.items() if key in known}
        for key in required:
            if key not in found:
                self.complain(at, f"the key {key!r} is missing")
                found[key] = self._nothing(at)
        return found

    def _nothing(self, at: Declared) -> Declared:
        missing = Declared("nothing", at.line)
        self._missing[id(missing)] = missing
        return missing

    def free_mapping(self, at: Declared | None) -> dict[str, Declared]:
        """The members of a mapping whose keys are the company's own words."""
        if at is None or at.kind == "nothing":
            return {}
        if at.kind != "mapping":
            self.complain(at, f"expected keys with values, found {_called(at)}")
            return {}
        return dict(at.members)

    def items(self, at: Declared | None) -> tuple[Declared, ...]:
        """The elements of a list; nothing at all is an empty list."""
        if at is None or at.kind == "nothing":
            return ()
        if at.kind != "list":
            self.complain(at, f"expected a list, found {_called(at)}", "begin each line of it with a dash")
            return ()
        return at.elements

    def text(self, at: Declared | None) -> str:
        """A word or a sentence, as it is written."""
        if at is None:
            return ""
        if at.kind != "scalar":
            self.complain(at, f"expected a text, found {_called(at)}")
            return ""
        return at.text

    def choice(self, at: Declared | None, of: Sequence[str]) -> str:
        """One of several words."""
        word = self.text(at)
        if at is not None and at.kind == "scalar" and word not in of:
            close = nearest(word, of)
            self.complain(
                at, f"{word!r} is not one of {', '.join(of)}", f"did you mean {close!r}?" if close else None
            )
            return ""
        return word

    def number(self, at: Declared | None, *, least: float | None = None, most: float | None = None) -> float:
        """A finite number within bounds, both of which are allowed."""
        if at is None:
            return 0.0
        plain = at.kind == "scalar" and not at.quoted and _NUMBER.fullmatch(at.text) is not None
        value = float(at.text.replace("_", "")) if plain else inf
        if not isfinite(value):
            self.complain(
                at, f"expected a number, found {_called(at)}", "a number has a point, and no quotes"
            )
            return 0.0
        if (least is not None and value < least) or (most is not None and value > most):
            low = [] if least is None else [f"at least {least:g}"]
            high = [] if most is None else [f"at most {most:g}"]
            self.complain(at, f"{at.text} must be {' and '.join(low + high)}")
        return value

    def whole(self, at: Declared | None, *, least: int | None = None, most: int | None = None) -> int:
        """A whole number within bounds, both of which are allowed."""
        value = self.number(at, least=least, most=most)
        if at is not None and not value.is_integer():
            self.complain(at, f"expected a whole number, found {at.text}")
            return 0
        return int(value)

    def truth(self, at: Declared | None) -> bool:
        """True or false."""
        if at is None:
            return False
        if at.kind != "scalar" or at.quoted or at.text not in {"true", "false"}:
            self.complain(at, f"expected true or false, found {_called(at)}")
            return False
        return at.text == "true"


def read(path: Path) -> Page:
    """Read a YAML file with line numbers; what is wrong with the writing itself is among its complaints.

    Raises FileNotReadable, or BadDeclaration when the file is no YAML at all.
    """
    import yaml

    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise BadDeclaration(
                "this is longer than anyone writes by hand",
                hint=f"at most {MOST_BYTES:,} bytes are read; data belong into a table",
                where=str(path),
            )
        written = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileNotReadable(
            "this is not text in UTF-8", hint=f"byte {error.start}", where=str(path)
        ) from None
    except OSError as error:
        raise FileNotReadable(f"cannot be read: {error.strerror}", where=str(path)) from None
    try:
        node = yaml.compose(written, Loader=yaml.SafeLoader)
    except RecursionError:
        raise BadDeclaration("this is nested too deeply to be meant", where=str(path)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.problem, error.context) if part)
        raise BadDeclaration(
            f"this cannot be read as YAML: {said}",
            hint="check the indentation above, and quote texts that hold a colon",
            where=f"{path}:{mark.line + 1}" if mark else str(path),
        ) from None
    except yaml.YAMLError as error:
        raise BadDeclaration(f"this cannot be read as YAML: {error}", where=str(path)) from None
    walk = _Walk()
    root = _declared(node, walk) if node is not None else Declared("nothing", 1)
    return Page(path, root, tuple(walk.complaints))


@contextmanager
def complaints(page: Page) -> Iterator[Reader]:
    """A reader whose complaints, with those about the writing, are raised together when the block ends."""
    reader = Reader(list(page.complaints))
    yield reader
    if not reader.complaints:
        return
    ordered = sorted(reader.complaints, key=lambda complaint: complaint.line)
    if len(ordered) == 1:
        only = ordered[0]
        raise BadDeclaration(only.message, hint=only.hint, where=f"{page.path}:{only.line}")
    lines = [
        f"{page.path}:{one.line}: {one.message}" + (f" ({one.hint})" if one.hint else "")
        for one in ordered[:SHOWN]
    ]
    more = len(ordered) - len(lines)
    raise BadDeclaration(
        f"{len(ordered):,} things cannot be meant\n"
        + "\n".join(lines)
        + (f"\n… and {more:,} more" if more else ""),
        where=f"{page.path}:{ordered[0].line}",
    )


@dataclass(slots=True)
class _Walk:
    """What was seen on the way through a file; `repeated` counts the places that references add to it."""

    complaints: list[Complaint] = field(default_factory=list)
    seen: dict[int, Declared | None] = field(default_factory=dict)
    repeated: int = 0


def _declared(node: yaml.Node, walk: _Walk) -> Declared:
    import yaml

    line = node.start_mark.line + 1
    wrong = walk.complaints
    if id(node) in walk.seen:
        known = walk.seen[id(node)]
        if known is None:
            wrong.append(Complaint(line, "this refers to itself"))
            return Declared("nothing", line)
        return _repeated(known, line, walk)
    walk.seen[id(node)] = None
    if node.tag.startswith("!") or "python/" in node.tag:
        wrong.append(Complaint(line, f"tags such as {node.tag!r} mean nothing here", "remove it"))
    found: Declared
    if isinstance(node, yaml.MappingNode):
        members: dict[str, Declared] = {}
        for key, value in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                wrong.append(Complaint(at, "a key must be a word"))
            elif key.value in members:
                wrong.append(
                    Complaint(at, f"the key {key.value!r} stands here a second time", "remove one of them")
                )
            else:
                members[key.value] = replace(_declared(value, walk), line=at)
        places = 1 + sum(member.places for member in members.values())
        found = Declared("mapping", line, members=members, places=places)
    elif isinstance(node, yaml.SequenceNode):
        elements = tuple(_declared(one, walk) for one in node.value)
        found = Declared("list", line, elements=elements, places=1 + sum(one.places for one in elements))
    else:
        quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
        nothing = not quoted and node.value in _NOTHING
        found = Declared("nothing" if nothing else "scalar", line, text=node.value, quoted=quoted)
    walk.seen[id(node)] = found
    return found


def _repeated(known: Declared, line: int, walk: _Walk) -> Declared:
    if walk.repeated > MOST_PLACES:
        return Declared("nothing", line)
    walk.repeated += known.places
    if walk.repeated > MOST_PLACES:
        walk.complaints.append(
            Complaint(line, "references repeat more here than anyone can mean", "write it out instead")
        )
        return Declared("nothing", line)
    return known


def _called(at: Declared) -> str:
    return {
        "mapping": "keys with values",
        "list": "a list",
        "nothing": "nothing",
        "scalar": f"the text {at.text!r}" if at.quoted else repr(at.text),
    }[at.kind]

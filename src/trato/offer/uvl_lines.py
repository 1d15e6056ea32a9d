"""The lines of a UVL file: comments gone, brackets closed, indentation measured."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.offer.offer import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trato.offer.faults import Faults

# What a scan stops at: quoted texts are stepped over, comments go, brackets may run over several lines.
_MARKS = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|//.*|/\*|[\[\]{}()]")
MOST_JOINED = 1_000


@dataclass(slots=True)
class Line:
    """One thing that is said: where it begins, how far it is indented, and its text.

    Within brackets a text may hold line breaks. `below` are the lines that are indented more.
    """

    number: int
    indent: int
    text: str
    below: list[Line] = field(default_factory=list)

    def place(self, source: str, offset: int = 0) -> Place:
        """Where an offset of the text stands in the file."""
        breaks = self.text.count("\n", 0, offset)
        if breaks:
            return Place(source, self.number + breaks, offset - self.text.rindex("\n", 0, offset))
        return Place(source, self.number, self.indent_characters + offset + 1)

    indent_characters: int = 0


def nested(lines: Iterable[str], source: str, faults: Faults) -> list[Line]:
    """The lines of a file, each below the nearest one before it that is indented less."""
    top: list[Line] = []
    above: list[Line] = []
    for line in _joined(lines, source, faults):
        while above and above[-1].indent >= line.indent:
            above.pop()
        (above[-1].below if above else top).append(line)
        above.append(line)
    return top


def _joined(lines: Iterable[str], source: str, faults: Faults) -> Iterator[Line]:
    """Lines without comments and blank ones; those with open brackets go on until they are closed."""
    comment = 0
    said: Line | None = None
    opened = joined = 0
    number = 0
    for number, raw in enumerate(lines, 1):
        inside = comment
        text, comment, change = _without_comments(raw.rstrip("\n"), comment, number)
        if said is None:
            stripped = text.strip()
            if not stripped:
                continue
            before = len(text) - len(text.lstrip())
            # A comment before it indents nothing.
            lead = text[:before] if inside else raw[: len(raw) - len(raw.lstrip())]
            said = Line(number, len(lead.expandtabs(8)), stripped, indent_characters=before)
            opened, joined = change, 1
        else:
            said.text += "\n" + text.rstrip()
            opened += change
            joined += 1
        if opened <= 0 or joined > MOST_JOINED:
            if joined > MOST_JOINED:
                faults.add(Place(source, said.number), "a bracket that opens here is not closed")
            yield said
            said = None
    if said is not None:
        faults.add(
            Place(source, said.number), "a bracket that opens here is not closed", "is the file cut off?"
        )
    if comment:
        faults.add(Place(source, comment), "the comment that begins here has no end", "close it with */")


def _without_comments(text: str, comment: int, number: int) -> tuple[str, int, int]:
    """The text without comments, the line on which a comment begins that goes on, and brackets left open."""
    kept: list[str] = []
    at = change = 0
    while at < len(text):
        if comment:
            end = text.find("*/", at)
            if end < 0:
                kept.append(" " * (len(text) - at))
                break
            kept.append(" " * (end + 2 - at))
            at, comment = end + 2, 0
            continue
        found = _MARKS.search(text, at)
        if found is None:
            kept.append(text[at:])
            break
        kept.append(text[at : found.start()])
        mark = found[0]
        if mark.startswith("//"):
            break
        if mark == "/*":
            comment = number
            kept.append("  ")
        else:
            change += (mark in "([{") - (mark in ")]}")
            kept.append(mark)
        at = found.end()
    return "".join(kept), comment, change

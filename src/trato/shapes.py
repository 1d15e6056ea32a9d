"""Shapes: what may be written in a YAML file, as data.

A domain declares the shape of its section once. From it come the reading (`read`, with complaints at their
lines), the JSON Schema that editors complete and check with (`json_schema`), and the reference in the
documentation (`keys_of`), so that none of the three drifts from the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from trato.declared import Declared
from trato.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trato.declared import Reader


@dataclass(frozen=True, slots=True)
class Text:
    """A word or a sentence. `pattern` must match all of it, and `meant` says in words what it asks for."""

    pattern: str | None = None
    meant: str = ""
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several words."""

    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds, both of which are allowed."""

    least: float | None = None
    most: float | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of things of one shape."""

    of: Shape
    least: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section: its name, what it holds, and what it means, in a sentence."""

    name: str
    shape: Shape
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """A section with known keys, of which at least `least` must be there. One that stands in many places has
    a `title`, and is written out once in the schema.
    """

    keys: tuple[Key, ...]
    least: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A section whose keys are the company's own words. `name` is the pattern of a key."""

    of: Shape
    name: str | None = None
    meant: str = ""
    least: int = 0


@dataclass(frozen=True, slots=True)
class Either:
    """A plain value, or a section that says more."""

    plain: Text | Choice | Number | Truth
    section: Keys | Named


Shape: TypeAlias = Text | Choice | Number | Truth | Listing | Keys | Named | Either

WORD = r"[a-z][a-z0-9_]{0,62}"
WORD_MEANT = "small letters, digits and _, beginning with a letter"


@dataclass(frozen=True, slots=True)
class Found:
    """What was read `at` a place: a plain `value`, the `keys` of a section, or the `items` of a list."""

    at: Declared
    value: str | float | bool | None = None
    keys: Mapping[str, Found] = field(default_factory=dict)
    items: tuple[Found, ...] = ()

    def text(self, key: str | None = None, usual: str = "") -> str:
        """The text here or under `key`, without blanks around it; `usual` where there is none."""
        one = self if key is None else self.keys.get(key)
        return one.value.strip() if one is not None and isinstance(one.value, str) else usual

    def number(self, key: str, usual: float) -> float:
        """The number under `key`; `usual` where there is none."""
        one = self.keys.get(key)
        given = one.value if one is not None else None
        return usual if given is None or isinstance(given, str) else given

    def truth(self, key: str, *, usual: bool) -> bool:
        """True or false under `key`; `usual` where it is not said."""
        one = self.keys.get(key)
        return one.value if one is not None and isinstance(one.value, bool) else usual

    def under(self, key: str) -> Found:
        """The section or list under `key`; an empty one where there is none."""
        return self.keys.get(key) or Found(Declared("nothing", self.at.line))


def read(wrong: Reader, at: Declared, shape: Shape) -> Found:
    """Read what is written at a place as `shape`; what does not fit is complained of and read as nothing."""
    match shape:
        case Keys():
            return _section(wrong, at, shape)
        case Named():
            return _named(wrong, at, shape)
        case Listing():
            items = tuple(read(wrong, one, shape.of) for one in wrong.items(at))
            if len(items) < shape.least and at.kind in {"list", "nothing"}:
                wrong.complain(at, f"this list needs at least {shape.least}", "begin each with a dash")
            return Found(at, items=items)
        case Either():
            return read(wrong, at, shape.section if at.kind == "mapping" else shape.plain)
        case Text():
            return Found(at, _text(wrong, at, shape))
        case Choice():
            return Found(at, wrong.choice(at, shape.of) or None)
        case Number():
            before = len(wrong.complaints)
            value = wrong.number(at, least=shape.least, most=shape.most)
            if shape.whole and len(wrong.complaints) == before and not value.is_integer():
                wrong.complain(at, f"expected a whole number, found {at.text}")
            return Found(at, value if len(wrong.complaints) == before else None)
        case Truth():
            return Found(at, wrong.truth(at))


def _section(wrong: Reader, at: Declared, shape: Keys) -> Found:
    required = [key.name for key in shape.keys if key.required]
    optional = [key.name for key in shape.keys if not key.required]
    written = wrong.mapping(at, required=required, optional=optional)
    if at.kind == "mapping" and len(at.members) < shape.least:
        wrong.complain(at, f"nothing is said here: say at least one of {', '.join((*required, *optional))}")
    given = at.members if at.kind == "mapping" else {}
    return Found(
        at,
        keys={key.name: read(wrong, written[key.name], key.shape) for key in shape.keys if key.name in given},
    )


def _named(wrong: Reader, at: Declared, shape: Named) -> Found:
    members = wrong.free_mapping(at)
    for name, member in members.items():
        if shape.name and not re.fullmatch(shape.name, name):
            wrong.complain(member, f"{name!r} cannot be a name here", f"a name has {shape.meant}")
    if len(members) < shape.least and at.kind in {"mapping", "nothing"}:
        wrong.complain(at, f"this section needs at least {shape.least}")
    return Found(at, keys={name: read(wrong, member, shape.of) for name, member in members.items()})


def _text(wrong: Reader, at: Declared, shape: Text) -> str | None:
    said = wrong.text(at)
    if at.kind != "scalar":
        return None
    if not said.strip() and not shape.may_be_empty:
        wrong.complain(at, "this text is empty", "say something, or remove the key")
        return None
    if shape.pattern and not re.fullmatch(shape.pattern, said):
        wrong.complain(at, f"{said!r} cannot be meant here", f"expected {shape.meant}")
        return None
    return said


def known(wrong: Reader, at: Declared, word: str, words: Mapping[str, object], what: str) -> bool:
    """Whether `word` is one of the declared `words`; complains with the nearest where it is not."""
    if word in words:
        return True
    close = nearest(word, words)
    there = ", ".join(list(words)[:20]) or "none is declared"
    wrong.complain(
        at, f"there is no {what} {word!r}", f"did you mean {close!r}?" if close else f"known: {there}"
    )
    return False


def json_schema(shape: Shape) -> dict[str, object]:
    """The shape as JSON Schema (2020-12), for the values that a YAML 1.2 reader gives."""
    titled: dict[str, dict[str, object]] = {}
    found = _schema(shape, titled)
    return found | ({"$defs": titled} if titled else {})


def _schema(shape: Shape, titled: dict[str, dict[str, object]]) -> dict[str, object]:
    match shape:
        case Keys():
            if not shape.title:
                return _section_schema(shape, titled)
            if shape.title not in titled:
                titled[shape.title] = _section_schema(shape, titled)
            return {"$ref": f"#/$defs/{shape.title}"}
        case Named():
            return _named_schema(shape, titled)
        case Listing():
            listing: dict[str, object] = {
                "type": "array" if shape.least else ["array", "null"],
                "items": _schema(shape.of, titled),
            }
            return listing | ({"minItems": shape.least} if shape.least else {})
        case Either():
            return {"anyOf": [_schema(shape.plain, titled), _schema(shape.section, titled)]}
        case Text():
            # What looks like a number or a truth to YAML is a text where a text is meant.
            text: dict[str, object] = {"type": ["string", "number", "boolean"]}
            if shape.pattern:
                return {"type": "string", "pattern": f"^(?:{shape.pattern})$"}
            return text if shape.may_be_empty else text | {"pattern": r"\S"}
        case Choice():
            return {"enum": list(shape.of)}
        case Number():
            bounds = {"minimum": shape.least, "maximum": shape.most}
            kind = "integer" if shape.whole else "number"
            return {"type": kind} | {name: bound for name, bound in bounds.items() if bound is not None}
        case Truth():
            return {"type": "boolean"}


def _named_schema(shape: Named, titled: dict[str, dict[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {
        "type": "object" if shape.least else ["object", "null"],
        "additionalProperties": _schema(shape.of, titled),
    }
    if shape.name:
        found["propertyNames"] = {"pattern": f"^(?:{shape.name})$"}
    return found | ({"minProperties": shape.least} if shape.least else {})


def _section_schema(shape: Keys, titled: dict[str, dict[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {
        "type": "object",
        "properties": {
            key.name: {"description": key.meaning, **_schema(key.shape, titled)} for key in shape.keys
        },
        "additionalProperties": False,
    }
    if required := [key.name for key in shape.keys if key.required]:
        found["required"] = required
    return found | ({"minProperties": shape.least} if shape.least else {})


def keys_of(shape: Shape, path: str = "") -> Iterator[tuple[str, Key]]:
    """Every key of a shape with its path from the top, such as `tables.*.customer`, once."""
    match shape:
        case Keys():
            for key in shape.keys:
                here = f"{path}.{key.name}".lstrip(".")
                yield here, key
                yield from keys_of(key.shape, here)
        case Named():
            yield from keys_of(shape.of, f"{path}.*")
        case Listing():
            yield from keys_of(shape.of, f"{path}[]")
        case Either():
            yield from keys_of(shape.section, path)
        case _:
            return


def in_languages(languages: tuple[str, ...] = ("en", "es", "pt")) -> Keys:
    """A name in one language or more."""
    spoken = {"en": "In English.", "es": "In Spanish.", "pt": "In Portuguese."}
    return Keys(tuple(Key(one, Text(), spoken[one]) for one in languages), 1, "in_languages")

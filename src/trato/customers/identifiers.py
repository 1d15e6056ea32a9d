"""Identifiers: a kind and a value that point to a customer, such as a loyalty card, an e-mail or a cookie.

Two writings of one value must be found as one, so every value has a normalised form, by its kind. A value
that many people share by mistake (`null`, `0000`, `anonymous`) points to nobody; the list is Segment's, who
met them all (Unify, "blocked values").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from trato.errors import BadIdentifier

_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOBODY = re.compile(r"[0\-]*|-1|null|none|nil|undefined|unknown|anonymous|n/?a", re.IGNORECASE)
_HALF_LETTER = re.compile("[\ud800-\udfff]")
_LONGEST = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """A kind and a value as it was given, and the value as it is compared.

    Its `repr` shows no value, for a log is no place for personal data.
    """

    kind: str
    value: str
    normalised: str

    def __repr__(self) -> str:
        return f"Identifier(kind={self.kind!r})"


def identifier(kind: str, value: str) -> Identifier:
    """An identifier that points to somebody. Raises BadIdentifier otherwise."""
    if not _KIND.fullmatch(kind):
        raise BadIdentifier(
            f"{kind!r} is no kind of identifier",
            hint="a kind has small letters, digits and _, and begins with a letter",
        )
    if _HALF_LETTER.search(value):
        raise BadIdentifier(f"this {kind} is no text")
    normalised = normalise(kind, value)
    if _NOBODY.fullmatch(normalised):
        raise BadIdentifier(f"this {kind} points to nobody", hint="leave out empty and made-up values")
    if len(normalised) > _LONGEST:
        raise BadIdentifier(f"this {kind} is longer than {_LONGEST} characters")
    if kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", normalised):
        raise BadIdentifier("this email has no part before or after the @")
    return Identifier(kind, value, normalised)


def normalise(kind: str, value: str) -> str:
    """The form in which values of a kind are compared."""
    plain = value.strip()
    if not (plain.isascii() and plain.isprintable()):  # else nothing below changes it
        seen = "".join(
            letter
            for letter in unicodedata.normalize("NFKC", value)
            if unicodedata.category(letter) not in {"Cc", "Cf"}
        )
        plain = unicodedata.normalize("NFKC", seen).strip()
    if kind == "email":
        return plain.lower() if plain.isascii() else unicodedata.normalize("NFKC", plain.casefold())
    if kind == "phone":
        digits = re.sub(r"[^\d+]", "", plain)
        return re.sub(r"^00", "+", digits)
    return plain

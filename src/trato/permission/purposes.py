"""Purposes: why a company uses personal data, on which legal basis, which fields, and for how long.

`purposes.yaml` declares them:

    purposes:
      newsletter:
        labels: {en: Our newsletter, es: Nuestro boletín, pt: O nosso boletim}
        legal_basis: consent
        marketing_contact: true
        fields: [name, email]
        retention_days: 730

The legal bases are those of the GDPR, article 6 (1). Marketing contact needs consent, always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from trato import declared
from trato.errors import UnknownPurpose, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trato.declared import Declared, Page, Reader

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

LegalBasis = Literal[
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
]
LEGAL_BASES: tuple[LegalBasis, ...] = get_args(LegalBasis)

KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Purpose:
    """One reason to use personal data.

    `fields` are the kinds of identifier and the personal values that may be read for it; `retention_days` is
    how long a value may be kept for it after it was last confirmed. `profiling` says that beliefs and values
    may be computed for it.
    """

    key: str
    labels: Mapping[Language, str]
    legal_basis: LegalBasis
    marketing_contact: bool
    profiling: bool
    fields: tuple[str, ...]
    retention_days: int

    def label(self, language: Language) -> str:
        """The purpose in a customer's language, or in the first in which it was named."""
        return self.labels.get(language) or next(iter(self.labels.values()))


@dataclass(frozen=True, slots=True)
class Purposes:
    """All purposes of a company, by key."""

    by_key: Mapping[str, Purpose]

    def __iter__(self) -> Iterator[Purpose]:
        return iter(self.by_key.values())

    def __len__(self) -> int:
        return len(self.by_key)

    def named(self, key: str) -> Purpose:
        """The purpose of that key. Raises UnknownPurpose, which names the nearest."""
        if key in self.by_key:
            return self.by_key[key]
        close = nearest(key, self.by_key)
        known = ", ".join(self.by_key) or "none is declared"
        raise UnknownPurpose(
            f"there is no purpose {key!r}", hint=f"did you mean {close!r}?" if close else f"known: {known}"
        )


def read_purposes(document: Page) -> Purposes:
    """The purposes of a file of their own. Raises BadDeclaration with every complaint at its line."""
    with declared.complaints(document) as wrong:
        section = wrong.mapping(document.root, required=("purposes",))["purposes"]
        return purposes_in(section, wrong)


def purposes_in(section: Declared, wrong: Reader) -> Purposes:
    """The purposes that a section declares; complaints go to the reader."""
    found: dict[str, Purpose] = {}
    for key, written in wrong.free_mapping(section).items():
        if not KEY.fullmatch(key):
            wrong.complain(
                written,
                f"{key!r} is no key",
                "a key has small letters, digits and _, and begins with a letter",
            )
        found[key] = _purpose(key, written, wrong)
    return Purposes(found)


def _purpose(key: str, written: Declared, wrong: Reader) -> Purpose:
    parts = wrong.mapping(
        written,
        required=("labels", "legal_basis", "fields", "retention_days"),
        optional=("marketing_contact", "profiling"),
    )
    spoken = wrong.mapping(parts["labels"], optional=LANGUAGES)
    labels: dict[Language, str] = {
        language: label for language in LANGUAGES if (label := wrong.text(spoken.get(language)).strip())
    }
    if parts["labels"].kind == "mapping" and not labels:
        wrong.complain(
            parts["labels"],
            f"the purpose {key!r} has no label",
            "say what it is for in the customers' words, in en, es or pt",
        )
    basis = wrong.choice(parts["legal_basis"], LEGAL_BASES)
    contact = wrong.truth(parts.get("marketing_contact"))
    if contact and basis and basis != "consent":
        wrong.complain(
            parts["marketing_contact"],
            f"marketing contact needs consent, and {key!r} rests on {basis}",
            "declare a purpose of its own for it, with legal_basis: consent",
        )
    return Purpose(
        key=key,
        labels=labels or {"en": key},
        legal_basis=cast("LegalBasis", basis or "consent"),
        marketing_contact=contact,
        profiling=wrong.truth(parts.get("profiling")),
        fields=_fields(parts["fields"], wrong),
        retention_days=wrong.whole(parts["retention_days"], least=1, most=_LONGEST_DAYS),
    )


def _fields(written: Declared, wrong: Reader) -> tuple[str, ...]:
    found: list[str] = []
    for one in wrong.items(written):
        field = wrong.text(one)
        if field and not KEY.fullmatch(field):
            wrong.complain(
                one,
                f"{field!r} is no field",
                "a field has small letters, digits and _, and begins with a letter",
            )
        elif field in found:
            wrong.complain(one, f"the field {field!r} stands here a second time", "remove one of them")
        elif field:
            found.append(field)
    return tuple(found)

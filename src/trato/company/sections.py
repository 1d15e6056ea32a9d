"""The files of a company folder and their shapes, and the JSON Schemas that editors check them with.

`python docs/tables.py` writes the schemas anew; a test fails when they are behind the code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trato.company.settings import COMPANY
from trato.customize.programme.shape import PROGRAMMES
from trato.interact.source_shapes import SOURCES
from trato.interact.touchpoints import TOUCHPOINTS
from trato.offer.shape import OFFER
from trato.permission.purposes import LEGAL_BASES
from trato.shapes import (
    WORD,
    WORD_MEANT,
    Choice,
    Key,
    Keys,
    Listing,
    Named,
    Number,
    Text,
    Truth,
    in_languages,
    json_schema,
)

if TYPE_CHECKING:
    from trato.shapes import Shape

SCHEMAS = Path(__file__).with_name("schemas")

PURPOSE = Keys(
    (
        Key(
            "labels", in_languages(), "What the customer reads: what their data are used for.", required=True
        ),
        Key(
            "legal_basis",
            Choice(LEGAL_BASES),
            "The basis in law (GDPR, article 6); `consent` is asked for, and can be withdrawn.",
            required=True,
        ),
        Key(
            "marketing_contact",
            Truth(),
            "Whether customers get offers for it, which needs consent; false if nothing is said.",
        ),
        Key(
            "profiling",
            Truth(),
            "Whether beliefs and values may be computed for it; false if nothing is said.",
        ),
        Key(
            "fields",
            Listing(Text(pattern=WORD, meant=WORD_MEANT)),
            "The kinds of identifier and the personal values that may be read for it.",
            required=True,
        ),
        Key(
            "retention_days",
            Number(least=1, most=36_525, whole=True),
            "How many days a value may be kept for it after it was last confirmed.",
            required=True,
        ),
    )
)

PURPOSES = Keys(
    (
        Key(
            "purposes",
            Named(PURPOSE, name=WORD, meant=WORD_MEANT),
            "Why the company uses personal data, each purpose under a word of your own.",
            required=True,
        ),
    )
)

NEEDS = Keys(
    (
        Key(
            "needs",
            Listing(
                Keys(
                    (
                        Key(
                            "name",
                            in_languages(),
                            "What people call the customers who want this.",
                            required=True,
                        ),
                        Key(
                            "fingerprint",
                            Keys(
                                (
                                    Key("share", Number(0, 1), "The share of customers who have it."),
                                    Key(
                                        "lifts",
                                        Named(Named(Number(least=0))),
                                        "How much more often than all customers they choose a module, by "
                                        "component and module.",
                                    ),
                                )
                            ),
                            "By what a retrained model finds the need again; leave it alone.",
                        ),
                    )
                )
            ),
            "The needs that customers were found to have, the largest first.",
            required=True,
        ),
    )
)

NAMES = Keys(
    (
        Key("components", Named(in_languages()), "What people call a component, by the table's own word."),
        Key("modules", Named(Named(in_languages())), "What people call a module, by component and module."),
        Key("facts", Named(in_languages()), "What people call a fact about customers."),
    )
)


@dataclass(frozen=True, slots=True)
class Section:
    """One file of a company folder: its name, its shape, what it is for, and whether it must be there."""

    file: str
    shape: Shape
    purpose: str
    required: bool = True

    @property
    def schema(self) -> Path:
        """Where its JSON Schema is published."""
        return SCHEMAS / f"{Path(self.file).stem}.json"

    def schema_text(self) -> str:
        """Its JSON Schema, as published."""
        heading = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"{self.file} of a Trato company folder",
            "description": self.purpose,
        }
        return json.dumps(heading | json_schema(self.shape), ensure_ascii=False, indent=2) + "\n"


SECTIONS = {
    section.file: section
    for section in (
        Section("company.yaml", COMPANY, "What the company says once about itself."),
        Section("purposes.yaml", PURPOSES, "Why it uses personal data, and on which legal basis."),
        Section("touchpoints.yaml", TOUCHPOINTS, "Where company and customer meet."),
        Section("sources.yaml", SOURCES, "Which tables and events say what customers did and said."),
        Section("offer.yaml", OFFER, "What it can vary, and which of it goes together.", required=False),
        Section("needs.yaml", NEEDS, "What the needs are called that were found.", required=False),
        Section("names.yaml", NAMES, "What people call components and modules.", required=False),
        Section("treatments.yaml", PROGRAMMES, "What may be given to whom, and to what end.", required=False),
    )
}


def write_schemas(folder: Path) -> None:
    """Write every section's JSON Schema into a folder."""
    folder.mkdir(exist_ok=True)
    for section in SECTIONS.values():
        (folder / section.schema.name).write_text(section.schema_text(), encoding="utf-8")

"""A new company folder: files with comments, to be changed by hand, whose check passes as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.company.sections import SECTIONS, write_schemas
from trato.errors import BadOption, FileNotReadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA_FOLDER = "schemas"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the questions of `trato init` brought."""

    name: str
    language: str
    currency: str
    time_zone: str
    unit: str


@dataclass(frozen=True, slots=True)
class TableFound:
    """A table and what its columns seem to mean: `file` as the folder will name it."""

    file: str
    kind: str
    identifier: str
    columns: Mapping[str, str]
    dates: str | None = None
    decimal: str | None = None


def write_folder(folder: Path, answers: Answers, table: TableFound | None) -> tuple[Path, ...]:
    """Write the files of a new company folder, and the schemas that editors check them with.

    Raises BadOption, and writes nothing, where one of the files is there already.
    """
    files = {
        "company.yaml": _company(answers),
        "purposes.yaml": _purposes(table.identifier if table else "user_id"),
        "touchpoints.yaml": _TOUCHPOINTS,
        "sources.yaml": _table(table) + _EVENTS_FOR_LATER if table else _EVENTS,
    }
    there = [name for name in (*SECTIONS, SCHEMA_FOLDER) if (folder / name).exists()]
    if there:
        raise BadOption(
            f"{folder} holds {' and '.join(there)} already, and nothing is overwritten",
            hint="name another folder, or move them away",
        )
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_schemas(folder / SCHEMA_FOLDER)
        for name, text in files.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(
                    f"# yaml-language-server: $schema={SCHEMA_FOLDER}/{SECTIONS[name].schema.name}\n{text}"
                )
            written.append(folder / name)
    except OSError as error:
        raise FileNotReadable(
            f"the folder cannot be written: {error.strerror}", hint="name another", where=str(folder)
        ) from None
    return tuple(written)


def quoted(text: str) -> str:
    """A text as YAML reads it back, whatever stands in it; JSON's strings are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _company(answers: Answers) -> str:
    return f"""\
# What the company says once about itself.

name:
  {answers.language}: {quoted(answers.name)}
languages: [{answers.language}] # en, es, pt; the first is used where a customer's is not known
currency: {answers.currency}
time_zone: {answers.time_zone} # in which your days begin; times without an offset are in it
unit: {answers.unit} # person, household or account: to whom beliefs and treatments belong
# store: postgresql+psycopg://host/database # a file in store/ if nothing is said; never write a password here
"""


def _purposes(identifier: str) -> str:
    return f"""\
# Why you use personal data. Customers read the labels; say it in their words, in each of your languages.

purposes:
  service:
    labels: {{en: Selling to you and helping you, es: Venderle y atenderle, pt: Vender a você e atender você}}
    legal_basis: contract
    fields: [{identifier}, name, email, language] # what may be read for it
    retention_days: 1095
  suggestions:
    labels:
      en: Learning from what you choose, to suggest what suits you
      es: Aprender de lo que elige, para sugerirle lo que le conviene
      pt: Aprender com o que você escolhe, para sugerir o que lhe serve
    legal_basis: consent
    profiling: true # beliefs and values are computed for those who granted it
    fields: [{identifier}]
    retention_days: 730
  offers:
    labels: {{en: Sending you offers, es: Enviarle ofertas, pt: Enviar ofertas a você}}
    legal_basis: consent # marketing contact needs it, always
    marketing_contact: true
    fields: [{identifier}, name, email]
    retention_days: 730
"""


_TOUCHPOINTS = """\
# Where you and your customers meet. Sources refer to these words; add and rename as you like.
# channel: store, web, app, email, phone, text_message, chat, social, post, visit or machine

touchpoints:
  store:
    label: {en: in the store, es: en la tienda, pt: na loja}
    channel: store
  website:
    label: {en: on the website, es: en la página web, pt: no site}
    channel: web
"""

_HEADING = """\
# Which tables and events say what customers did and said.
"""

_EVENT = """\
  Order Completed:
    kind: purchase # or return, choice, view, statement, contact, permission, other
    purposes: [service, suggestions]
    touchpoint: website
    customer: {user_id: userId, email: context.traits.email} # one of them must be there
    time: timestamp
    component: properties.products[].category # in what something was chosen
    module: properties.products[].name # what was chosen in it
    count: properties.products[].quantity
    unit_price: properties.products[].price
    currency: properties.currency
  Product Viewed:
    kind: view # is kept, and moves no belief unless you say learns: true
    purposes: [suggestions]
    touchpoint: website
    customer: {user_id: userId}
    time: timestamp
    component: properties.category
    module: properties.name
  Signed In:
    call: identify
    kind: other
    purposes: [service]
    touchpoint: website
    customer: {user_id: userId, email: traits.email}
    time: timestamp
    values: {name: traits.name, language: traits.language} # kept, as the purpose lists them
"""

_EVENTS = (
    _HEADING
    + """
events: # as the tracking libraries of Segment and RudderStack send them
"""
    + _EVENT
    + """
# A table of your own, read where it lies. `trato init` proposes this with --table FILE.
# tables:
#   purchases:
#     file: purchases.csv
#     kind: purchase
#     purposes: [service, suggestions]
#     touchpoint: store
#     customer: {customer_number: customer}
#     time: date
#     amount: total
"""
)

_EVENTS_FOR_LATER = (
    "\n# Events, as the tracking libraries of Segment and RudderStack send them.\n# events:\n"
    + "".join(f"# {line}\n" for line in _EVENT.splitlines())
)

_MEANT = {
    "time": "when",
    "id": "names the row",
    "component": "in what something was chosen",
    "module": "what was chosen in it",
    "count": "how many",
    "amount": "what was paid for all of them",
    "cost": "what they cost you",
}


def _table(table: TableFound) -> str:
    lines = [
        _HEADING + "# Which column means what was found by names and contents: look whether it is right.",
        "",
        "tables:",
        f"  {table.kind}s:",
        f"    file: {quoted(table.file)} # read where it lies, relative to this folder",
    ]
    if table.dates:
        lines.append(f"    dates: {quoted(table.dates)}")
    if table.decimal:
        lines.append(f"    decimal: {table.decimal}")
    lines += [
        f"    kind: {table.kind} # or purchase, return, choice, view, statement, contact, permission, other",
        "    purposes: [service, suggestions]",
        "    touchpoint: store",
        "    customer:",
        f"      {table.identifier}: {quoted(table.columns['customer'])} # what points to the customer",
    ]
    lines += [
        f"    {role}: {quoted(table.columns[role])} # {meant}"
        for role, meant in _MEANT.items()
        if role in table.columns
    ]
    return "\n".join(lines) + "\n"

"""Purposes are read with every complaint at its line, and marketing contact rests on consent alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trato import declared
from trato.errors import BadDeclaration, UnknownPurpose
from trato.permission.purposes import LEGAL_BASES, Purposes, read_purposes

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
purposes:
  newsletter:
    labels: {en: Our newsletter, es: Nuestro boletín}
    legal_basis: consent
    marketing_contact: true
    fields: [name, email]
    retention_days: 730
  service:
    labels: {pt: Entregar o que pediu}
    legal_basis: contract
    fields: [name]
    retention_days: 3650
"""


def reading(text: str, tmp_path: Path) -> Purposes:
    file = tmp_path / "purposes.yaml"
    file.write_text(text, encoding="utf-8")
    return read_purposes(declared.read(file))


def test_purposes_are_read(tmp_path: Path) -> None:
    purposes = reading(GOOD, tmp_path)
    newsletter = purposes.named("newsletter")
    assert (newsletter.legal_basis, newsletter.marketing_contact, newsletter.profiling) == (
        "consent",
        True,
        False,
    )
    assert (newsletter.fields, newsletter.retention_days) == (("name", "email"), 730)
    assert [purpose.key for purpose in purposes] == ["newsletter", "service"]
    assert len(purposes) == 2


def test_a_label_is_found_in_any_language(tmp_path: Path) -> None:
    purposes = reading(GOOD, tmp_path)
    assert purposes.named("newsletter").label("es") == "Nuestro boletín"
    assert purposes.named("newsletter").label("pt") == "Our newsletter"
    assert purposes.named("service").label("en") == "Entregar o que pediu"


def test_an_unknown_purpose_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownPurpose, match="did you mean 'newsletter'"):
        reading(GOOD, tmp_path).named("newsleter")


@pytest.mark.parametrize("basis", [basis for basis in LEGAL_BASES if basis != "consent"])
def test_marketing_contact_needs_consent(tmp_path: Path, basis: str) -> None:
    with pytest.raises(BadDeclaration, match="marketing contact needs consent") as caught:
        reading(GOOD.replace("legal_basis: consent", f"legal_basis: {basis}"), tmp_path)
    assert str(caught.value.where).endswith("purposes.yaml:5")


def test_all_complaints_come_at_once(tmp_path: Path) -> None:
    text = """\
purposes:
  Letters:
    labels: {}
    legal_basis: consentt
    fields: [name, name, "e mail"]
    retention_days: 0
"""
    with pytest.raises(BadDeclaration) as caught:
        reading(text, tmp_path)
    said = str(caught.value)
    for line, part in (
        (2, "'Letters' is no key"),
        (3, "no label"),
        (4, "did you mean 'consent'?"),
        (5, "a second time"),
        (5, "'e mail' is no field"),
        (6, "at least 1"),
    ):
        assert any(f"purposes.yaml:{line}: " in row and part in row for row in said.splitlines()), part

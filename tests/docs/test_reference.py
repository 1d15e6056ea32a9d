"""Every key of the company folder is documented, and the examples in its reference are sound."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs import tables
from tests.company.folders import GROCER
from trato import declared, shapes
from trato.company.sections import SECTIONS
from trato.declared import Reader

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (tables.DOCS / "reference" / "company.md").read_text(encoding="utf-8")


def section_of(file: str) -> str:
    return PAGE.split(f"\n## {file}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("file", SECTIONS)
def test_every_key_is_documented(file: str) -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", section_of(file), re.MULTILINE))
    paths = {path for path, _ in shapes.keys_of(SECTIONS[file].shape)}
    # A text by language and the long form of a place are told once for all keys that hold one.
    told_once = {"en", "es", "pt", "from", "always", "values"}
    left_out = {path for path in paths - rows if path.rpartition(".")[2] not in told_once}
    assert not left_out
    assert not rows - paths


def test_what_is_told_once_is_told() -> None:
    for word in ("en", "es", "pt", "from", "always", "values"):
        assert f"`{word}`" in PAGE


@pytest.mark.parametrize("file", SECTIONS)
def test_every_key_has_a_sentence_that_means_something(file: str) -> None:
    for _, key in shapes.keys_of(SECTIONS[file].shape):
        assert len(key.meaning) > 5
        assert key.meaning.endswith(".")


@pytest.mark.parametrize("file", SECTIONS)
def test_the_example_of_a_section_can_be_meant(file: str, tmp_path: Path) -> None:
    for text in re.findall(r"```yaml\n(.*?)```", section_of(file), re.DOTALL):
        path = tmp_path / file
        path.write_text(text, encoding="utf-8")
        page = declared.read(path)
        wrong = Reader(list(page.complaints))
        shapes.read(wrong, page.root, SECTIONS[file].shape)
        assert not wrong.complaints


@pytest.mark.parametrize("file", SECTIONS)
def test_the_example_folder_names_its_schemas(file: str) -> None:
    if not (GROCER / file).exists():
        assert not SECTIONS[file].required
        return
    first = (GROCER / file).read_text(encoding="utf-8").splitlines()[0]
    if first.startswith("# yaml-language-server"):
        schema = GROCER / first.split("$schema=")[1]
        assert schema.resolve() == SECTIONS[file].schema.resolve()
    else:
        assert not SECTIONS[file].required

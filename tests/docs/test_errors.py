"""Every error has its own code, a line in the tree at the top of errors.py, and a section in the docs."""

from __future__ import annotations

import pytest

from docs import tables
from trato import errors

CLASSES = tables.error_classes()


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in CLASSES]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_documented(kind: type[errors.TratoError]) -> None:
    assert f"\n## {kind.code}\n" in (tables.DOCS / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_stands_in_the_tree_at_the_top(kind: type[errors.TratoError]) -> None:
    assert f"{kind.__name__} " in f"{errors.__doc__} ".replace("\n", " ")


def test_the_docs_know_no_error_that_is_gone() -> None:
    sections = (tables.DOCS / "errors.md").read_text(encoding="utf-8").split("\n## trato.")[1:]
    assert {f"trato.{section.split()[0]}" for section in sections} == {kind.code for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES)
def test_an_exit_code_is_documented(kind: type[errors.TratoError]) -> None:
    readme = (tables.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| {kind.exit_code} |" in readme.split("## Exit codes", 1)[1]

"""Whatever happens to a file, it is read or refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trato
from tests.offer import test_csv_tables, test_declaration, test_dimacs, test_uvl, test_xcsp
from trato.errors import BadDeclaration, FileNotReadable
from trato.offer.encode import encoded

SOUND = {
    "offer.yaml": test_declaration.PHONES,
    "offer.uvl": test_uvl.BICYCLE,
    "offer.dimacs": test_dimacs.SOUND,
    "offer.xml": test_xcsp.SOUND,
    "offer.csv": test_csv_tables.MODULES,
}


PUT = ["\n", "\t", " ", "]", "{", '"', "'", "0", "-1", "\x00", "é"]


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """The text with some of it cut out, doubled, or written over."""
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(text)))
        after = min(len(text), first + draw(st.integers(0, 12)))
        put = draw(st.sampled_from(["", text[first:after] * 2, *PUT]))
        text = text[:first] + put + text[after:]
    return text


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_with_its_place(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    path = tmp_path / name
    path.write_text(data.draw(damaged(SOUND[name])), encoding="utf-8")
    try:
        offer = trato.offer.read(path)
        encoded(offer)
    except BadDeclaration as told:
        where = told.where or ""
    except FileNotReadable:
        where = str(path)
    else:
        assert offer.components
        assert all(component.modules for component in offer.components)
        where = str(path)
    assert where.startswith(str(path))

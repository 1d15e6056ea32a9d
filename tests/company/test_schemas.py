"""The published JSON Schemas are those of the declarations, and refuse what reading refuses for its shape."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.company.folders import FILES, GROCER, NAMES, OFFER, TREATMENTS, shop
from trato import declared, shapes
from trato.company.folder import examine
from trato.company.sections import SECTIONS
from trato.declared import Declared, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.company.sections import Section

NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


def as_json(at: Declared) -> Any:
    """What a reader of YAML 1.2, such as an editor's, makes of it."""
    if at.kind == "mapping":
        return {key: as_json(member) for key, member in at.members.items()}
    if at.kind == "list":
        return [as_json(one) for one in at.elements]
    if at.kind == "nothing":
        return None
    if not at.quoted and at.text in {"true", "false"}:
        return at.text == "true"
    if not at.quoted and NUMBER.fullmatch(at.text):
        return float(at.text) if set(at.text) & set(".eE") else int(at.text)
    return at.text


def accepts(section: Section, root: Declared) -> bool:
    schema = json.loads(section.schema.read_text(encoding="utf-8"))
    return bool(jsonschema.Draft202012Validator(schema).is_valid(as_json(root)))


def refused_for_shape(section: Section, root: Declared) -> bool:
    wrong = Reader([])
    shapes.read(wrong, root, section.shape)
    return bool(wrong.complaints)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_the_published_schema_is_that_of_the_declaration(section: Section) -> None:
    published = section.schema.read_text(encoding="utf-8")
    assert published == section.schema_text(), "behind the code: python docs/tables.py"
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def test_no_schema_is_left_over() -> None:
    published = {path.name for path in next(iter(SECTIONS.values())).schema.parent.iterdir()}
    assert published == {section.schema.name for section in SECTIONS.values()}


PRESENT = [("grocer", file) for file in SECTIONS if (GROCER / file).exists()]
PRESENT += [("shop", file) for file in FILES]


def test_what_may_be_missing_alone_is() -> None:
    assert {file for file, section in SECTIONS.items() if section.required} <= {file for _, file in PRESENT}


@pytest.mark.parametrize(("folder", "file"), PRESENT)
def test_what_is_sound_the_schema_accepts(file: str, folder: str, tmp_path: Path) -> None:
    path = (GROCER if folder == "grocer" else shop(tmp_path / "shop")) / file
    assert accepts(SECTIONS[file], declared.read(path).root)


def broken(root: Declared) -> Iterator[Declared]:
    """The page with one thing wrong: each place in turn taken away, renamed, doubled or put differently."""
    others = (
        Declared("scalar", 1, text="zzz"),
        Declared("scalar", 1, text=""),
        Declared("scalar", 1, text="-7.5"),
        Declared("scalar", 1, text="true", quoted=True),
        Declared("list", 1),
        Declared("list", 1, elements=(Declared("mapping", 1),)),
        Declared("mapping", 1),
        Declared("mapping", 1, members={"zzz": Declared("scalar", 1, text="1")}),
        Declared("nothing", 1),
    )
    yield from others
    for key, member in root.members.items():
        rest = {name: one for name, one in root.members.items() if name != key}
        yield Declared("mapping", root.line, members=rest)
        yield Declared("mapping", root.line, members={**rest, key + "X": member})
        for changed in broken(member):
            yield Declared("mapping", root.line, members={**root.members, key: changed})
    for place, one in enumerate(root.elements):
        before, after = root.elements[:place], root.elements[place + 1 :]
        yield Declared("list", root.line, elements=before + after)
        for changed in broken(one):
            yield Declared("list", root.line, elements=(*before, changed, *after))


@pytest.mark.parametrize("file", SECTIONS)
def test_what_reading_refuses_for_its_shape_the_schema_refuses_too(file: str, tmp_path: Path) -> None:
    section = SECTIONS[file]
    path = (GROCER if file == "sources.yaml" else shop(tmp_path / "shop")) / file
    if file == "offer.yaml":
        path.write_text(OFFER, encoding="utf-8")
    if file == "names.yaml":
        path.write_text(NAMES, encoding="utf-8")
    if file == "treatments.yaml":
        path.write_text(TREATMENTS, encoding="utf-8")
    schema = jsonschema.Draft202012Validator(json.loads(section.schema.read_text(encoding="utf-8")))
    refused = 0
    for one in broken(declared.read(path).root):
        if refused_for_shape(section, one):
            refused += 1
            assert not schema.is_valid(as_json(one)), as_json(one)
    assert refused > 50


@settings(max_examples=100)
@given(file=st.sampled_from(sorted(FILES)), data=st.data())
def test_what_the_domains_refuse_the_shapes_know(
    tmp_path_factory: pytest.TempPathFactory, file: str, data: st.DataObject
) -> None:
    """Purposes and needs are read by their own domains; their shapes here must not be looser in form."""
    folder = shop(tmp_path_factory.mktemp("shop"))
    root = declared.read(folder / file).root
    one = data.draw(st.sampled_from(list(broken(root))))
    (folder / file).write_text(json.dumps(as_json(one)), encoding="utf-8")
    faults = [fault for fault in examine(folder).faults if fault.file.endswith(file) and fault.grave]
    shape = re.compile(r"unknown key|is missing|expected (a list|keys|a text|a number|true)")
    if any(shape.search(fault.message) for fault in faults):
        assert not accepts(SECTIONS[file], one)

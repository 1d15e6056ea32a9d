"""A shape reads, writes its schema and lists its keys, and the three agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trato import declared, shapes
from trato.declared import Reader
from trato.shapes import Choice, Either, Found, Key, Keys, Listing, Named, Number, Text, Truth

if TYPE_CHECKING:
    from pathlib import Path

SHOP = Keys(
    (
        Key("name", Text(), "What it is called.", required=True),
        Key("tills", Number(1, 20, whole=True), "How many tills it has."),
        Key("open", Truth(), "Whether it is open."),
        Key("kind", Choice(("grocer", "bookshop")), "What it sells."),
        Key(
            "shelves",
            Named(Listing(Text(), least=1), name=shapes.WORD, meant="small letters"),
            "Its shelves.",
        ),
        Key("owner", Either(Text(), Keys((Key("name", Text(pattern="[A-Z].*"), "Whose."),))), "Who owns it."),
    )
)
GOOD = "name: Corner\ntills: 2\nopen: true\nkind: grocer\nshelves:\n  a: [tea]\nowner: {name: Ana}\n"


def read(folder: Path, text: str) -> tuple[Found, list[str]]:
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    page = declared.read(path)
    wrong = Reader(list(page.complaints))
    return shapes.read(wrong, page.root, SHOP), [f"{one.line}: {one.message}" for one in wrong.complaints]


def test_what_is_there_is_read_and_the_rest_is_as_usual(tmp_path: Path) -> None:
    found, complaints = read(tmp_path, GOOD)
    assert complaints == []
    assert found.text("name") == "Corner"
    assert found.number("tills", 1) == 2
    assert found.truth("open", usual=False)
    assert [one.text() for one in found.under("shelves").keys["a"].items] == ["tea"]
    assert found.under("owner").text("name") == "Ana"
    bare, complaints = read(tmp_path, "name: Corner\nowner: Ana\n")
    assert complaints == []
    assert (bare.text("kind", "grocer"), bare.number("tills", 1), bare.under("owner").text()) == (
        *("grocer", 1),
        "Ana",
    )


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("tills: 2", "tills: 2.5", "2: expected a whole number, found 2.5"),
        ("tills: 2", "tills: 30", "2: 30 must be at least 1 and at most 20"),
        ("name: Corner", "name: ''", "1: this text is empty"),
        ("name: Corner", "nmae: Corner", "1: unknown key 'nmae'"),
        ("a: [tea]", "A: [tea]", "6: 'A' cannot be a name here"),
        ("a: [tea]", "a: []", "6: this list needs at least 1"),
        ("{name: Ana}", "{name: ana}", "7: 'ana' cannot be meant here"),
        ("kind: grocer", "kind: grocre", "4: 'grocre' is not one of grocer, bookshop"),
    ],
)
def test_what_does_not_fit_is_complained_of_once(
    tmp_path: Path, was: str, becomes: str, complaint: str
) -> None:
    complaints = read(tmp_path, GOOD.replace(was, becomes))[1]
    assert [one for one in complaints if one == complaint] == [complaint]


def test_every_key_is_listed_with_its_path() -> None:
    paths = [path for path, _ in shapes.keys_of(SHOP)]
    assert paths == ["name", "tills", "open", "kind", "shelves", "owner", "owner.name"]


def test_what_stands_in_many_places_is_written_out_once() -> None:
    label = shapes.in_languages()
    schema: Any = shapes.json_schema(Keys((Key("a", label, "One."), Key("b", Named(label), "Many."))))
    assert schema["properties"]["a"]["$ref"] == "#/$defs/in_languages"
    assert list(schema["$defs"]) == ["in_languages"]

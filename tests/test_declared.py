"""A YAML file is read with its lines, and everything that is wrong with it is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trato import declared
from trato.declared import Declared, Page, Reader
from trato.errors import BadDeclaration, FileNotReadable

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(folder: Path, text: str) -> BadDeclaration:
    """What reading `text` as a shop complains about."""
    with pytest.raises(BadDeclaration) as raised:
        read_shop(declared.read(written(folder, text)))
    return raised.value


def read_shop(page: Page) -> None:
    with declared.complaints(page) as wrong:
        shop = wrong.mapping(page.root, required=("name", "tills"), optional=("open", "kind", "rent"))
        wrong.text(shop["name"])
        wrong.whole(shop["tills"], least=1, most=20)
        wrong.truth(shop.get("open"))
        wrong.choice(shop.get("kind"), of=("grocer", "bookshop"))
        wrong.number(shop.get("rent"), least=0)


GOOD = "name: Corner\ntills: 2\n"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (GOOD + "knid: grocer\n", 3, "unknown key 'knid'", "did you mean 'kind'?"),
        ("# a shop\ntills: 2\nname:\n  en: Corner\n", 3, "expected a text, found keys with values", None),
        ("tills: 2\n", 1, "the key 'name' is missing", None),
        (GOOD + "kind: grocery\n", 3, "'grocery' is not one of grocer, bookshop", "did you mean 'grocer'?"),
        (
            GOOD + "\n\nrent: '5'\n",
            5,
            "expected a number, found the text '5'",
            "a number has a point, and no quotes",
        ),
        (GOOD + "rent: 1,5\n", 3, "expected a number, found '1,5'", "a number has a point, and no quotes"),
        (
            GOOD + "rent: 1e999\n",
            3,
            "expected a number, found '1e999'",
            "a number has a point, and no quotes",
        ),
        (GOOD + "rent: -1\n", 3, "-1 must be at least 0", None),
        (GOOD + "open: yes\n", 3, "expected true or false, found 'yes'", None),
        (GOOD + "name: Other\n", 3, "the key 'name' stands here a second time", "remove one of them"),
        ("name: A\ntills: 1.5\n", 2, "expected a whole number, found 1.5", None),
        ("name: A\ntills: 30\n", 2, "30 must be at least 1 and at most 20", None),
        (GOOD + "rent: !!python/name:os.system\n", 3, "tags such as", "remove it"),
        (GOOD + "? [a]\n: 1\n", 3, "a key must be a word", None),
        (
            "- a\n",
            1,
            "expected keys with values, found a list",
            "the keys are: name, tills, open, kind, rent",
        ),
        ("", 1, "expected keys with values, found nothing", "the keys are: name, tills, open, kind, rent"),
        ("name: a: b\n", 1, "this cannot be read as YAML", "check the indentation above"),
        ("name: A\n\ttills: 1\n", 2, "this cannot be read as YAML", "check the indentation above"),
        ("name: A\n---\nname: B\n", 2, "this cannot be read as YAML", "check the indentation above"),
    ],
)
def test_each_complaint_has_a_line_and_a_hint(
    tmp_path: Path, text: str, line: int, message: str, hint: str | None
) -> None:
    error = complaint(tmp_path, text)
    said = str(error)
    assert f"shop.yaml:{line}: " in said
    assert message in said
    if hint:
        assert hint in said


def test_all_complaints_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    error = complaint(tmp_path, "name: Corner\nopen: perhaps\nrnet: 3\ntills: many\n")
    lines = error.message.splitlines()
    assert lines[0] == "3 things cannot be meant"
    assert [line.split(":")[1] for line in lines[1:]] == ["2", "3", "4"]
    assert "(did you mean 'rent'?)" in lines[2]
    assert error.where == f"{tmp_path / 'shop.yaml'}:2"


def test_words_are_what_is_written(tmp_path: Path) -> None:
    page = declared.read(written(tmp_path, "no: 'on'\nyes: 1.0\nwhen: 2024-13-45\nempty:\nquoted: ''\n"))
    with declared.complaints(page) as wrong:
        read = wrong.mapping(page.root, optional=("no", "yes", "when", "empty", "quoted"))
        assert [wrong.text(read[key]) for key in ("no", "yes", "when", "quoted")] == [
            "on",
            "1.0",
            "2024-13-45",
            "",
        ]
        assert read["empty"].kind == "nothing"
        assert wrong.items(read["empty"]) == ()
        assert wrong.free_mapping(read["empty"]) == {}


def test_what_refers_to_itself_is_said_and_what_is_repeated_is_read_once(tmp_path: Path) -> None:
    page = declared.read(written(tmp_path, "a: &a [*a]\n"))
    assert [one.message for one in page.complaints] == ["this refers to itself"]
    bomb = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert len(declared.read(written(tmp_path, bomb)).root.members) == 30
    with pytest.raises(BadDeclaration, match="nested too deeply"):
        declared.read(written(tmp_path, "[" * 20_000))


def test_what_is_no_text_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileNotReadable, match="UTF-8"):
        declared.read(path)
    with pytest.raises(FileNotReadable, match="cannot be read"):
        declared.read(tmp_path)


# PyYAML itself reads some line separators back as spaces.
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8)
PLAIN = st.recursive(
    st.one_of(WORDS, st.integers(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=12,
)


@given(PLAIN)
def test_whatever_is_dumped_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    page = declared.read(written(tmp_path_factory.mktemp("yaml"), yaml.safe_dump(value, allow_unicode=True)))
    assert page.complaints == ()
    assert plain(page.root) == as_texts(value)


def plain(one: Declared) -> object:
    if one.kind == "mapping":
        return {key: plain(member) for key, member in one.members.items()}
    if one.kind == "list":
        return [plain(element) for element in one.elements]
    return one.text


def as_texts(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_texts(inner) for inner in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_reading_goes_on_after_a_complaint() -> None:
    reader = Reader([])
    listed = Declared("list", 4)
    assert reader.text(listed) == ""
    assert reader.number(listed) == 0.0
    assert reader.whole(Declared("list", 6)) == 0
    assert reader.items(Declared("scalar", 5, text="a")) == ()
    assert reader.free_mapping(listed) == {}
    assert len(reader.complaints) == 5


def test_a_long_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(b"- a\n" * 2_500_000)
    with pytest.raises(BadDeclaration, match="longer than anyone writes by hand"):
        declared.read(path)


def test_references_cannot_grow_without_bound(tmp_path: Path) -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(
        f"a{i}: &a{i} {{{', '.join(f'k{j}: *a{i - 1}' for j in range(9))}}}\n" for i in range(1, 30)
    )
    page = declared.read(written(tmp_path, bomb))
    assert page.root.places < 2 * declared.MOST_PLACES
    assert [one.message for one in page.complaints] == ["references repeat more here than anyone can mean"]


def test_many_complaints_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    error = complaint(tmp_path, GOOD + "".join(f"key{n}: 1\n" for n in range(80)))
    assert error.message.startswith("80 things cannot be meant\n")
    assert error.message.endswith("\n… and 30 more")

from __future__ import annotations

from pathlib import Path

import pytest

import trato
from trato.errors import BadDeclaration

SOUND = """c a bicycle
c 1 Bell
c 2 Lamp holder
p cnf 3 2
-1 2 0
1 -2
3 0
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "offer.dimacs"
    path.write_text(text, encoding="utf-8")
    return path


def test_variables_are_components_by_their_names(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, SOUND))
    assert [component.name for component in offer.components] == ["Bell", "Lamp holder", "3"]
    assert {component.names for component in offer.components} == {("yes", "no")}
    assert offer.clauses is not None
    assert list(offer.clauses) == [(-1, 2), (1, -2, 3)]
    assert offer.clause_lines is not None
    assert offer.clause_lines.tolist() == [5, 6]


def test_a_name_twice_is_told_apart_by_its_number(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, SOUND.replace("Lamp holder", "Bell")))
    assert [component.name for component in offer.components] == ["Bell", "Bell #2", "3"]


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("p cnf 3 2\n", ""), 4, "before the line `p cnf`"),
        (("p cnf 3 2", "p cnf three 2"), 4, "expected `p cnf VARIABLES CLAUSES`"),
        (("p cnf 3 2", "p cnf 0 2"), 4, "0 variables"),
        (("p cnf 3 2", "p cnf 3 2\np cnf 3 2"), 5, "a second line"),
        (("-1 2 0", "-1 2x 0"), 5, "'2x' is no literal"),
        (("-1 2 0", "-1 9 0"), 5, "the literal 9 is beyond the 3"),
        (("3 0\n", "3\n"), 6, "does not end with 0"),
        (("1 -2\n3 0\n", ""), 5, "2 clauses are declared, and 1 stand here"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], line: int, said: str) -> None:
    path = written(tmp_path, SOUND.replace(*change))
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(path)
    assert told.value.where == f"{path}:{line}"
    assert said in told.value.message


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadDeclaration, match="`p cnf VARIABLES CLAUSES` is missing"):
        trato.offer.read(written(tmp_path, ""))

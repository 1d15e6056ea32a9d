from __future__ import annotations

from pathlib import Path

import pytest

import trato
from tests.offer.offers import configurations
from trato.errors import BadDeclaration

SOUND = """<instance>
<presentation format="XCSP 2.1"/>
<domains nbDomains="2">
<domain name="D" nbValues="4">0..2 -1</domain>
<domain name="B" nbValues="2">0 1</domain>
</domains>
<variables nbVariables="3">
<variable name="motor" domain="D"/>
<variable name="lamp" domain="B"/>
<variable name="bell" domain="B"/>
</variables>
<relations nbRelations="2">
<relation name="R" arity="2" nbTuples="4" semantics="supports">
 0 0 |
 1 1|-1 1 |
 7 1
</relation>
<relation name="N" arity="2" nbTuples="1" semantics="conflicts">1 1</relation>
</relations>
<constraints nbConstraints="2">
<constraint name="fits" arity="2" scope="motor lamp" reference="R"/>
<constraint name="power" arity="2" scope="lamp bell" reference="N"/>
</constraints>
</instance>
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "offer.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_tables_allow_and_forbid(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, SOUND))
    assert offer.component("motor").names == ("0", "1", "2", "-1")
    assert [(rule.name, rule.place.line) for rule in offer.rules] == [("fits", 21), ("power", 22)]
    assert [tuple(one.values()) for one in configurations(offer)] == [
        ("0", "0", "0"),
        ("0", "0", "1"),
        ("1", "1", "0"),
        ("-1", "1", "0"),
    ]


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("1 1|-1 1", "1 1|-1"), 15, "has 1 values instead of 2"),
        (("1 1|-1 1", "1 1|-1 x"), 15, "'-1 x' are not whole numbers only"),
        (('nbTuples="4"', 'nbTuples="5"'), 13, "5 rows are declared, and 4 stand here"),
        (('nbValues="4"', 'nbValues="5"'), 4, "5 values are declared, and 4 stand here"),
        (('domain="D"', 'domain="E"'), 8, "there is no domain 'E'"),
        (("motor lamp", "moter lamp"), 21, "there is no variable 'moter'"),
        (("motor lamp", "motor lamp bell"), 21, "has 3 variables, and its table 2"),
        (("motor lamp", "motor motor"), 21, "names a variable twice"),
        (('reference="N"', 'reference="NN"'), 22, "there is no relation 'NN'"),
        (('reference="N"', 'reference="global:allDifferent"'), 22, "is no table"),
        (('"supports"', '"soft"'), 13, "tables of 'soft'"),
        (("</constraints>\n</instance>\n", ""), 23, "cannot be read as XML"),
        (('name="bell" ', ""), 10, "does not say its name"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], line: int, said: str) -> None:
    assert change[0] in SOUND
    path = written(tmp_path, SOUND.replace(*change, 1))
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(path)
    assert told.value.where == f"{path}:{line}"
    assert said in told.value.message


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE instance [<!ENTITY a "aaaaaaaa">]>\n' + SOUND
    with pytest.raises(BadDeclaration, match="entities"):
        trato.offer.read(written(tmp_path, bomb))

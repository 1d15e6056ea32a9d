"""UVL files mean what the language says, and what cannot be compiled is refused with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trato
from trato.errors import BadDeclaration, UnknownModule


def written(folder: Path, text: str, name: str = "offer.uvl") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@dataclass
class Tree:
    """A feature with its groups: a group's word, and the features in it."""

    name: str
    groups: list[tuple[str, list[Tree]]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [self.name, *(name for _, below in self.groups for one in below for name in one.names())]

    def text(self, indent: int) -> str:
        said = "\t" * indent + f'"{self.name}"\n'
        for word, below in self.groups:
            said += "\t" * (indent + 1) + word + "\n" + "".join(one.text(indent + 2) for one in below)
        return said

    def holds(self, selected: set[str]) -> bool:
        """Whether the features of a selection are those of a tree."""
        for word, below in self.groups:
            there = sum(one.name in selected for one in below)
            if self.name not in selected:
                if there:
                    return False
            elif not allowed(word, there, len(below)):
                return False
            if not all(one.holds(selected) for one in below):
                return False
        return True


WORDS = ["mandatory", "optional", "or", "alternative", "[1..2]", "[2]", "[0..*]", "[1..*]"]


def allowed(word: str, there: int, size: int) -> bool:
    if word.startswith("["):
        least, _, most = word.strip("[]").partition("..")
        high = size if "*" in (most or least) else int(most or least)
        return (0 if least == "*" else int(least)) <= there <= high
    return {
        "mandatory": there == size,
        "optional": True,
        "or": there >= 1,
        "alternative": there == 1,
    }[word]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    left = draw(st.integers(0, 9))
    root = Tree("f 0")
    every = [root]
    while left > 0:
        word = draw(
            st.sampled_from(
                ["mandatory", "optional", "or", "alternative", "[1..2]", "[2]", "[0..*]", "[1..*]"]
            )
        )
        size = draw(st.integers(1, min(left, 4)))
        if word == "[2]" and size < 2:
            word = "or"
        below = [Tree(f"f {len(every) + i}") for i in range(size)]
        draw(st.sampled_from(every)).groups.append((word, below))
        every += below
        left -= size
    return root


@st.composite
def conditions(draw: st.DrawFn, names: list[str], depth: int = 2) -> tuple[str, str]:
    """A constraint as UVL, and as Python over `s`, the selected features."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(names))
        return f'"{name}"', f"({name!r} in s)"
    left, right = draw(conditions(names, depth - 1)), draw(conditions(names, depth - 1))
    sign, meant = draw(
        st.sampled_from([("&", "{} and {}"), ("|", "{} or {}"), ("=>", "not {} or {}"), ("<=>", "{} == {}")])
    )
    if draw(st.booleans()):
        return f"!({left[0]} {sign} {right[0]})", f"(not ({meant.format(left[1], right[1])}))"
    return f"({left[0]} {sign} {right[0]})", f"({meant.format(left[1], right[1])})"


@st.composite
def files(draw: st.DrawFn) -> tuple[Tree, list[tuple[str, str]], str]:
    tree = draw(trees())
    said = draw(st.lists(conditions(tree.names()), max_size=2))
    text = "features\n" + tree.text(1)
    if said:
        text += "constraints\n" + "".join(f"\t{one}\n" for one, _ in said)
    return tree, said, text


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files())
def test_a_file_has_the_selections_that_the_language_says(
    tmp_path: Path, file: tuple[Tree, list[tuple[str, str]], str]
) -> None:
    tree, said, text = file
    names = tree.names()
    valid = []
    for bits in product([False, True], repeat=len(names) - 1):
        s = {name for name, bit in zip(names, (True, *bits), strict=True) if bit}
        if tree.holds(s) and all(eval(meant, {"s": s}) for _, meant in said):
            valid.append(s)
    diagram = trato.offer.read(written(tmp_path, text)).compile()
    assert diagram.count() == len(valid)
    for name in names:
        try:
            counted = diagram.count({name: "yes"})
        except UnknownModule:  # always there, and divided into modules: nothing to choose
            counted = diagram.count()
        assert counted == sum(name in s for s in valid), name


BICYCLE = """namespace shop.bicycles

// the language that is used
include
\tBoolean.*
\tArithmetic.group-cardinality

features
\tBicycle {abstract, price 500}
\t\tmandatory
\t\t\tFrame {colours ['red', 'blue'], made {in 'Porto', year 2025}}
\t\t\t\talternative
\t\t\t\t\tSteel {price 100, weight 1}
\t\t\t\t\tCarbon {price 900}
\t\t\t"Front wheel"
\t\toptional
\t\t\tBoolean Motor {price 700.5, maker 'Alder'}
\t\t\tRack
\t\t[0..2]
\t\t\tLamp {price 20} /* a comment
\t\t\tthat goes on */
\t\t\tBell {
\t\t\t\tprice 5
\t\t\t}
\t\t\tMirror {price 9}

constraints
\tMotor => Carbon & !"Rack"
\tsum(price) <= 2100
\tLamp.price + Bell.price < 25
"""


def test_all_of_the_language_that_compiles_is_read(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, BICYCLE))
    names = {component.name: component.names for component in offer.components}
    assert names["Frame"] == ("Steel", "Carbon")
    assert names["Front wheel"] == ("yes",)
    assert names["Motor"] == ("yes", "no")
    assert offer.component("Frame").module("Steel").attributes == {"price": 100.0, "weight": 1.0}
    assert offer.component("Motor").module("yes").attributes == {"price": 700.5, "maker": "Alder"}
    diagram = offer.compile()
    # Two frames, a rack or none, and 5 of the 7 pairs at most of accessories; a motor only on carbon, without
    # a rack, and within 2100: 500 + 900 + 700.5 leaves nothing for accessories of more than -0.5.
    accessories = [s for s in product([0, 1], repeat=3) if sum(s) <= 2 and not (s[0] and s[1])]
    assert diagram.count() == 2 * 2 * len(accessories)
    assert diagram.domains()["Motor"] == {"no"}
    found = diagram.explain({"Motor": "yes"})
    assert found is not None
    assert {rule.name for rule in found.rules} == {'Motor => Carbon & !"Rack"', "sum(price) <= 2100"}
    assert str(found.rules[0].place).endswith("offer.uvl:28:2")
    assert diagram.domains({"Carbon": "no"})["Frame"] == {"Steel"}
    assert diagram.count({"Frame": "yes"}) == diagram.count()
    assert diagram.count({"Frame": "no"}) == 0


@pytest.mark.parametrize(
    ("constraint", "left"),
    [
        ("sum(price, Extras) <= 10", {"A", "B"}),
        ("sum(Extras, price) <= 10", {"A", "B"}),
        ("2 * A.price + B.price * 3 / 1 <= 25", {"A", "B", "C", "AC", "BC"}),
        ("-A.price < -3 + B.price - C.price", {"A", "B", "AB"}),
        ("A.price == 10 <=> A", {"A", "B", "C", "AB", "AC", "BC", "ABC"}),
        ("sum(price) != 18", {"A", "B", "C", "AB", "BC", "ABC"}),
        ("A | B & C", {"A", "AB", "AC", "BC", "ABC"}),
        ("!A & !B", {"C"}),
        ("A => B => C", {"B", "A", "C", "AC", "BC", "ABC"}),
    ],
)
def test_sums_of_attributes_compile(tmp_path: Path, constraint: str, left: set[str]) -> None:
    text = f"""features
    Root
        mandatory
            Extras
                or
                    A {{price 10}}
                    B {{price 5}}
                    C {{price 8}}
constraints
    {constraint}
"""
    prices = {"A": 10, "B": 5, "C": 8}
    if "Extras" in constraint:
        left = {"A", "B", "C"}
    if constraint.startswith("2 *"):
        left = {s for s in every() if 20 * ("A" in s) + 15 * ("B" in s) <= 25}
    if constraint.startswith("-A"):
        left = {s for s in every() if -10 * ("A" in s) < -3 + 5 * ("B" in s) - 8 * ("C" in s)}
    if constraint.startswith("A =>"):
        left = {s for s in every() if ("A" in s and "B" not in s) or "C" in s}
    if "!=" in constraint:
        left = {s for s in every() if sum(prices[one] for one in s) != 18}
    diagram = trato.offer.read(written(tmp_path, text)).compile()
    found = {s for s in every() if diagram.count({one: "yes" if one in s else "no" for one in "ABC"})}
    assert found == left


def every() -> list[str]:
    return ["A", "B", "C", "AB", "AC", "BC", "ABC"]


LIGHT = """features
    Light
        or
            Front
            Rear
constraints
    Rear => Front
"""
WITH_LIGHT = """imports
    parts.light as lights
features
    Bicycle
        optional
            lights.Light
            Bell
constraints
    lights.Rear => Bell
"""


def test_other_files_are_imported(tmp_path: Path) -> None:
    written(tmp_path, LIGHT, "parts/light.uvl")
    offer = trato.offer.read(written(tmp_path, WITH_LIGHT))
    assert [component.name for component in offer.components] == [
        "Bicycle",
        "lights.Light",
        "lights.Front",
        "lights.Rear",
        "Bell",
    ]
    assert offer.compile().count() == 2 * 2 + 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("lights.Light", "lights.Front"), "'Front' is not the root"),
        (("parts.light as lights", "parts.lihgt as lights"), "the import 'parts.lihgt' is not there"),
        (("lights.Light", "lamps.Light"), "nothing is imported as 'lamps'"),
    ],
)
def test_imports_that_cannot_be_meant_are_told(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    written(tmp_path, LIGHT, "parts/light.uvl")
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(written(tmp_path, WITH_LIGHT.replace(*change, 1)))
    assert said in str(told.value)


def test_a_file_cannot_import_itself(tmp_path: Path) -> None:
    text = "imports\n\tone as other\nfeatures\n\tA\n\t\toptional\n\t\t\tother.A\n"
    with pytest.raises(BadDeclaration, match="imports itself"):
        trato.offer.read(written(tmp_path, text, "one.uvl"))


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("Motor => Carbon", "Motr => Carbon"), "28:2", "there is no feature 'Motr'"),
        (('!"Rack"', '!"Rakc"'), "28:21", "there is no feature 'Rakc'"),
        (("sum(price)", "sum(prise)"), "29:6", "no feature has a number 'prise'"),
        (("sum(price)", "avg(price)"), "29:2", "avg() does not add up"),
        (("Lamp.price +", "Lamp.prce +"), "30:2", "'Lamp' has no number 'prce'"),
        (("Lamp.price + Bell", "Lamp.price * Bell"), "30:13", "does not add up"),
        (("< 25", "< 'dear'"), "30:28", "texts cannot be compared"),
        (("Lamp.price + Bell.price < 25", "Lamp.price"), "30:2", "this is a number, not a condition"),
        (("Motor => Carbon", "Motor => => Carbon"), "28:11", "expected a name, found '=>'"),
        (("\tsum(price) <=", "\tsum(price <="), "29", "a bracket that opens here is not closed"),
        (("alternative", "alternatve"), "12:5", "did you mean 'alternative'?"),
        (("[0..2]", "[3..2]"), "19:4", "at least 3 and at most 2"),
        (("Boolean Motor", "Integer Motor"), "17:4", "features of type Integer cannot be compiled"),
        (("Rack\n", "Rack cardinality [1..3]\n"), "18:21", "several times cannot be compiled"),
        (("\tRack\n", "\tMotor\n"), "18:4", "'Motor' stands here a second time"),
        (("< 25", "< Lamp"), "30:28", "is a condition, not a number"),
        (("\tMotor =>", "\t/* so */ Motr =>"), "28:11", "there is no feature 'Motr'"),
        (("constraints\n", "constrains\n"), "27:1", "did you mean 'constraints'?"),
        (("price 9}", "price nine}"), "25:18", "'nine' is no value"),
        (("*/", ""), "20", "the comment that begins here has no end"),
        (("\t\t\t}\n", ""), "22", "a bracket that opens here is not closed"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, said: str
) -> None:
    assert change[0] in BICYCLE
    path = written(tmp_path, BICYCLE.replace(*change, 1))
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(path)
    assert f"{path}:{place}" in str(told.value)
    assert said in str(told.value)


def test_a_file_without_features_is_no_offer(tmp_path: Path) -> None:
    for text in ("", "features\n", "namespace x\n"):
        with pytest.raises(BadDeclaration):
            trato.offer.read(written(tmp_path, text))
    with pytest.raises(BadDeclaration, match="one root feature, and here are 2"):
        trato.offer.read(written(tmp_path, "features\n\tA\n\tB\n"))


HELD = """features
    A
        optional
            B {constraint B => C}
            C {constraints [C => D, !(B & D)]}
            D
"""


def test_conditions_may_stand_at_their_feature(tmp_path: Path) -> None:
    assert trato.offer.read(written(tmp_path, HELD)).compile().count() == 3
    with pytest.raises(BadDeclaration, match="there is no feature 'E'") as told:
        trato.offer.read(written(tmp_path, HELD.replace("C => D", "C => E")))
    assert (told.value.where or "").endswith(":5:34")

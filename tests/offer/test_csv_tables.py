"""Offers in CSV tables."""

from __future__ import annotations

from pathlib import Path

import pytest

import trato
from tests.offer.offers import configurations
from trato.errors import BadDeclaration

MODULES = """component,module,kind,label_en,label_es,price,cost,stock,sku,size
frame,city,,City frame,Cuadro,50000,31000,,F-1,3
frame,child,configuration,,,30000,20000,4,F-2,2
basket,none,additional_product,,,,,,,
basket,wicker,,,,4000,,,B-1,1.5
"""
RULES = """name,rule,why_en
no_basket_for_children,frame = child -> not basket,It would tip over.
of_age,"age = adult or frame in {child}",
"""
FACTS = """fact,value,sensitive
age,child,
age,adult,true
"""


def folder_of(folder: Path, modules: str = MODULES, rules: str = RULES, facts: str = FACTS) -> Path:
    for name, text in (("bikes.csv", modules), ("bikes.rules.csv", rules), ("bikes.facts.csv", facts)):
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    return folder / "bikes.csv"


def test_modules_rules_and_facts_are_read(tmp_path: Path) -> None:
    offer = trato.offer.read(folder_of(tmp_path))
    frame, basket = offer.components
    assert frame.names == ("city", "child")
    assert (basket.kind, basket.optional) == ("additional_product", True)
    city, child = frame.modules
    assert (city.price, city.cost, city.stock, child.stock) == (50000, 31000, None, 4)
    assert (city.labels, child.labels) == ({"en": "City frame", "es": "Cuadro"}, {})
    assert (city.attributes, basket.module("none").attributes) == ({"size": 3.0}, {})
    assert [(fact.values, fact.sensitive) for fact in offer.facts] == [(("child", "adult"), True)]
    assert offer.rules[0].why == {"en": "It would tip over."}
    assert len(configurations(offer)) == offer.compile().count() == 1
    assert offer.compile().count(facts={"age": "adult"}) == 3


def test_a_table_of_modules_is_an_offer_by_itself(tmp_path: Path) -> None:
    path = folder_of(tmp_path, MODULES.replace(",", ";"), "", "")
    assert trato.offer.read(path).compile().count() == 4


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("component,module", "componet,module"), "bikes.csv:1", "the column 'component' is missing"),
        (("frame,child", "frame,city"), "bikes.csv:3", "stands here a second time"),
        (("frame,child,configuration", "frame,child,config"), "bikes.csv:3", "no kind 'config'"),
        (("30000", "cheap"), "bikes.csv:3", "price 'cheap' is no whole number"),
        (("basket,none,additional_product,", "basket,none,additional_product"), "bikes.csv:4", "has 9 cells"),
        (("basket,none", ",none"), "bikes.csv:4", "need a name"),
        (("label_es", "label_en"), "bikes.csv:1", "'label_en' 2 times"),
        (("frame = child", "fram = child"), "bikes.rules.csv:2", "character 1: there is no component"),
        (("in {child}", "in {child"), "bikes.rules.csv:3", "character 31: expected '}'"),
        (("of_age", "no_basket_for_children"), "bikes.rules.csv:3", "a second time"),
        (("why_en", "because"), "bikes.rules.csv:1", "unknown column 'because'"),
        (("age,adult,true", "age,child,true"), "bikes.facts.csv:3", "cannot be meant here"),
        (("age,adult,true", "age,adult,yes"), "bikes.facts.csv:3", "expected true or false"),
        (("of_age,\"age", "of_age,x\"age"), "bikes.rules.csv:3", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, said: str
) -> None:
    parts = [MODULES, RULES, FACTS]
    assert any(change[0] in part for part in parts)
    path = folder_of(tmp_path, *(part.replace(*change, 1) for part in parts))
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(path)
    message = str(told.value)
    assert place in message
    assert said in message

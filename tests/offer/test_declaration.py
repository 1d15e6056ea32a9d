"""offer.yaml: what it declares, and everything that cannot be meant with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

import trato
from tests.offer.offers import configurations
from trato.errors import BadDeclaration, BadInput, FileNotReadable
from trato.offer.faults import Faults
from trato.offer.reading import read_with

PHONES = """name: {en: Business phones, es: Teléfonos}
currency: EUR
components:
  phone:
    labels: {en: Phone, pt: Telefone}
    modules:
      basic: {labels: {en: Basic}, price: 9900, cost: 7000, stock: 3, sku: P-1}
      smart: {price: 29900, sku: P-2, attributes: {size: 2.5, maker: Alder}}
  gift_wrap:
    kind: packaging
    optional: true
    modules:
      paper: {step: wrap}
      box: {price: 500, attributes: {size: 3}}
  bottles:
    kind: additional_product
    quantity: {most: 3, price: 850, attributes: {size: 0.1}}
facts:
  age_band: {values: [child, adult]}
  diabetic: {values: [yes, no], sensitive: true}
rules:
  of_age: bottles >= 1 -> age_band = adult
  fits:
    rule: total size <= 3.2
    why: {en: It must fit into the van., es: Tiene que caber.}
  wrapping:
    allowed: {columns: [phone, gift_wrap], rows: [[basic, none], [basic, paper], [smart, box], [smart, none]]}
"""


def written(folder: Path, text: str, name: str = "offer.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_all_that_is_declared_is_read(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, PHONES))
    assert offer.currency == "EUR"
    assert offer.labels["es"] == "Teléfonos"
    phone, wrap, bottles = offer.components
    assert (phone.kind, wrap.kind, bottles.kind) == ("configuration", "packaging", "additional_product")
    assert (phone.label("pt"), phone.label("es"), bottles.label("en")) == ("Telefone", "Phone", "bottles")
    assert (wrap.names, bottles.names) == (("none", "paper", "box"), ("0", "1", "2", "3"))
    assert wrap.optional
    assert not phone.optional
    basic, smart = phone.modules
    assert (basic.price, basic.cost, basic.stock, basic.sku, smart.stock) == (9900, 7000, 3, "P-1", None)
    assert smart.attributes == {"size": 2.5, "maker": "Alder"}
    assert wrap.module("paper").step == "wrap"
    assert [(one.price, one.attributes["size"]) for one in bottles.modules] == [
        (0, 0.0),
        (850, 0.1),
        (1700, 0.2),
        (2550, 0.3),
    ]
    assert [(fact.name, fact.sensitive) for fact in offer.facts] == [("age_band", False), ("diabetic", True)]
    assert [(rule.name, rule.place.line) for rule in offer.rules] == [
        ("of_age", 22),
        ("fits", 23),
        ("wrapping", 26),
    ]
    assert offer.rules[1].reason("es") == "Tiene que caber."
    assert offer.rules[0].reason("es") == "of_age"
    assert str(smart.place) == f"{offer.source}:8"


def test_its_diagram_counts_what_there_is(tmp_path: Path) -> None:
    offer = trato.offer.read(written(tmp_path, PHONES))
    diagram = offer.compile()
    for facts in ({}, {"age_band": "adult"}, {"age_band": "child", "diabetic": "yes"}):
        valid = configurations(offer, facts)
        assert diagram.count(facts=facts) == len(valid)
    assert diagram.count(facts={"age_band": "adult"}) == 3 * 4


def test_modules_rules_and_combinations_may_stand_in_tables(tmp_path: Path) -> None:
    written(tmp_path, "component,module,price,size\ncase,none,,\ncase,leather,900,1\n", "cases.csv")
    written(tmp_path, 'name,rule,why_en\nlight,"total size <= 2.5",Light.\n', "more.csv")
    written(tmp_path, "phone;case\nbasic;none\nsmart;none\nsmart;leather\n", "pairs.csv")
    text = PHONES.replace("rules:\n", "rules:\n  cases: {allowed: {file: pairs.csv}}\n")
    text += "module_tables: [cases.csv]\nrule_tables: [more.csv]\n"
    offer = trato.offer.read(written(tmp_path, text))
    assert [component.name for component in offer.components] == ["phone", "gift_wrap", "bottles", "case"]
    assert [rule.name for rule in offer.rules] == ["cases", "of_age", "fits", "wrapping", "light"]
    valid = configurations(offer)
    assert offer.compile().count() == len(valid)
    assert {(one["phone"], one["case"]) for one in valid} <= {
        ("basic", "none"),
        ("smart", "none"),
        ("smart", "leather"),
    }


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (("= adult", "= adlut"), "22:38", "'age_band' has no module 'adlut' (did you mean 'adult'?)"),
        (("bottles >= 1", "bottels >= 1"), "22:11", "no component or fact 'bottels'"),
        (("size <= 3.2", "size = < 3.2"), "24:24", "expected a number, found '<'"),
        (("total size", "total sise"), "24:17", "no attribute 'sise'"),
        (("kind: packaging", "kind: package"), "10", "'package' is not one of"),
        (("price: 9900", "price: 99.5"), "7", "expected a whole number"),
        (("price: 9900", "prize: 9900"), "7", "unknown key 'prize'"),
        (("[basic, paper]", "[basic, papr]"), "27", "'gift_wrap' has no module 'papr'"),
        (("[basic, paper]", "[basic]"), "27", "1 modules for 2 columns"),
        (("columns: [phone, gift", "columns: [fone, gift"), "27", "no component or fact 'fone'"),
        (("columns: [phone, gift_wrap]", "columns: [phone, phone]"), "27", "different components"),
        (("{most: 3,", "{least: 5, most: 3,"), "17", "at least 5 and at most 3"),
        (("[child, adult]", "[child, unknown]"), "19", "'unknown' cannot be a value"),
        (("  age_band:", "  phone:"), "19", "'phone' is declared a second time"),
        (("    why: {en", "    forbidden: {rows: []}\n    why: {en"), "23", "says 2 things"),
        (("allowed: {columns", "allowed: {colums"), "27", "unknown key 'colums'"),
        (("    quantity:", "    modules: {one: }\n    quantity:"), "15", "both modules and a quantity"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, said: str
) -> None:
    assert change[0] in PHONES
    path = written(tmp_path, PHONES.replace(*change, 1))
    faults = Faults()
    read_with(path, faults)
    told = [str(fault) for fault in faults.ordered()]
    assert any(one.startswith(f"{path}:{place}:") and said in one for one in told), told
    with pytest.raises(BadDeclaration):
        trato.offer.read(path)


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    text = (
        PHONES.replace("= adult", "= adlut")
        .replace("total size", "total sise")
        .replace("sku: P-1", "sko: P-1")
    )
    with pytest.raises(BadDeclaration, match="3 things cannot be meant") as told:
        trato.offer.read(written(tmp_path, text))
    assert all(word in told.value.message for word in ("adlut", "sise", "sko"))


def test_a_rule_on_lines_of_its_own_is_told_where_it_is_wrong(tmp_path: Path) -> None:
    text = PHONES.replace("rule: total size <= 3.2", "rule: |\n      gift_wrap = box\n      -> phone = smrt")
    with pytest.raises(BadDeclaration) as told:
        trato.offer.read(written(tmp_path, text))
    assert (told.value.where or "").endswith("offer.yaml:26:18")


def test_an_offer_of_nothing_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadDeclaration, match="no component is declared"):
        trato.offer.read(written(tmp_path, "components: {}\n"))
    with pytest.raises(BadDeclaration, match="has no module"):
        trato.offer.read(written(tmp_path, "components: {phone: {kind: billing}}\n"))


def test_files_that_are_none(tmp_path: Path) -> None:
    written(tmp_path, PHONES)
    with pytest.raises(FileNotReadable, match="cannot be read") as told:
        trato.offer.read(tmp_path / "offr.yaml")
    assert told.value.hint == "did you mean 'offer.yaml'?"
    with pytest.raises(BadInput, match=r"ends with '\.txt'"):
        trato.offer.read(tmp_path / "offer.txt")
    broken = tmp_path / "broken.dimacs"
    broken.write_bytes(b"\xff\xfe\x00p cnf")
    with pytest.raises(FileNotReadable, match="UTF-8"):
        trato.offer.read(broken)

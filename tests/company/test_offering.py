"""What company.yaml says of the offer: every fault of the offer and its questions, each at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.company.folders import FILES, OFFER, shop
from tests.company.test_folder import told
from trato.batch.company import check_folder
from trato.batch.duckdb_engine import DuckDBEngine
from trato.company.folder import examine, read_company

if TYPE_CHECKING:
    from pathlib import Path

GUIDED = FILES["company.yaml"] + "offer: {questions: questions.yaml, sold: sold.csv, purpose: service}\n"
QUESTIONS = """\
questions:
  eaters:
    ask: {en: "Who eats with you?"}
    answers:
      children: {label: {en: Children}, facts: {age: child}, likes: {apples: {3: 2}}}
      nobody: {label: {en: Nobody}}
"""
SOLD = "bread,apples\nwheat,1\n"


def guided(folder: Path, company: str = GUIDED, offer: str = OFFER, questions: str = QUESTIONS) -> Path:
    shop(folder, company=company)
    (folder / "offer.yaml").write_text(offer, encoding="utf-8")
    (folder / "questions.yaml").write_text(questions, encoding="utf-8")
    (folder / "sold.csv").write_text(SOLD, encoding="utf-8")
    return folder


def test_offer_and_questions_are_read(tmp_path: Path) -> None:
    company = read_company(guided(tmp_path / "shop"))
    assert company.offer is not None
    assert [one.key for one in company.questions] == ["eaters"]
    assert company.settings.guiding.purpose == "service"


def test_what_questions_name_must_be_in_the_offer(tmp_path: Path) -> None:
    questions = QUESTIONS.replace("age: child", "age: chld").replace("apples: {3: 2}", "aples: {3: 2}")
    found = examine(guided(tmp_path / "a", questions=questions))
    assert told(found) == [
        "questions.yaml:5: there is no value of the fact 'age' 'chld' (did you mean 'child'?)",
        "questions.yaml:5: there is no component 'aples' (did you mean 'apples'?)",
    ]
    found = examine(guided(tmp_path / "b", questions=QUESTIONS.replace("{3: 2}", "{7: 2}")))
    assert told(found)[0].startswith("questions.yaml:5: there is no module of 'apples' '7'")
    found = examine(guided(tmp_path / "c", questions=QUESTIONS.replace("age:", "aged:")))
    assert told(found) == ["questions.yaml:5: there is no fact 'aged' (did you mean 'age'?)"]


def test_what_company_yaml_names_must_be_there(tmp_path: Path) -> None:
    company = FILES["company.yaml"] + (
        "offer:\n  file: boxes.yaml\n  questions: asked.yaml\n  sold: sales_of_boxes.csv\n  purpose: servce\n"
    )
    found = told(examine(guided(tmp_path / "shop", company=company)))
    lines = {one.split(": ", 1)[0] for one in found}
    assert lines == {"company.yaml:6", "company.yaml:7", "company.yaml:8", "company.yaml:9"}
    assert any("did you mean 'service'?" in one for one in found)


def test_an_offer_in_another_form_is_read_with_its_faults(tmp_path: Path) -> None:
    folder = guided(tmp_path / "shop", company=GUIDED.replace("{questions", "{file: other.yaml, questions"))
    (folder / "other.yaml").write_text(OFFER, encoding="utf-8")
    (folder / "offer.yaml").unlink()
    company = read_company(folder)
    assert company.offer is not None
    assert company.offer.source.endswith("other.yaml")
    (folder / "other.yaml").write_text(OFFER.replace("bread = rye", "bred = rye"), encoding="utf-8")
    assert "other.yaml:18: " in told(examine(folder))[0]


def test_rules_that_contradict_each_other_are_told_by_the_check(tmp_path: Path) -> None:
    offer = OFFER.replace("  fits:", "  never: bread = wheat & bread = rye\n  fits:")
    folder = guided(tmp_path / "shop", offer=offer)
    with DuckDBEngine() as engine:
        found = check_folder(engine, folder)
    assert not found.sound
    assert any("nothing can be offered" in str(one) and one.line for one in found.faults)

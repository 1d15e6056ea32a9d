"""Names of components and modules, in the language that is asked for or in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from trato import declared
from trato.customize.names import NO_NAMES, Names, names_in
from trato.declared import Reader
from trato.differentiate.needs.wording import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """\
components:
  DOG FOODS: {en: dog food, es: comida para perros, pt: ração para cães}
  CAT FOOD: {pt: ração para gatos}
modules:
  DOG FOODS:
    DRY: {en: dry, es: seco}
facts:
  2 Adults: {en: two adults}
"""


def read(tmp_path: Path, text: str) -> tuple[Names, list[str]]:
    path = tmp_path / "names.yaml"
    path.write_text(text, encoding="utf-8")
    page = declared.read(path)
    wrong = Reader(list(page.complaints))
    return names_in(wrong, page.root), [f"{one.line}: {one.message}" for one in wrong.complaints]


def test_what_has_a_name_is_called_by_it(tmp_path: Path) -> None:
    names, wrong = read(tmp_path, PAGE)
    assert not wrong
    assert [names.component("DOG FOODS", one) for one in LANGUAGES] == [
        "dog food",
        "comida para perros",
        "ração para cães",
    ]
    assert names.module("DOG FOODS", "DRY", "es") == "seco"
    assert names.choice("DOG FOODS", "DRY", "en") == "dog food: dry"


def test_a_name_in_another_language_comes_before_the_word_of_the_table(tmp_path: Path) -> None:
    names, _ = read(tmp_path, PAGE)
    assert names.component("CAT FOOD", "en") == "ração para gatos"
    assert names.module("DOG FOODS", "DRY", "pt") == "dry"
    assert names.module("DOG FOODS", "WET", "pt") == "WET"


def test_a_module_that_is_a_component_has_its_name(tmp_path: Path) -> None:
    names, _ = read(tmp_path, PAGE)
    assert names.module("BASKET", "DOG FOODS", "en") == "dog food"


def test_slips_have_their_lines(tmp_path: Path) -> None:
    _, wrong = read(tmp_path, "components:\n  TEA: {en: tea, fr: thé}\n  RYE: bread\nmodule: {}\n")
    assert wrong == [
        "4: unknown key 'module'",
        "2: unknown key 'fr'",
        "3: expected keys with values, found 'bread'",
    ]


@given(st.text(), st.text(), st.sampled_from(LANGUAGES))
def test_without_names_everything_is_as_its_table_writes_it(component: str, module: str, one: str) -> None:
    assert NO_NAMES.component(component, one) == component
    assert NO_NAMES.module(component, module, one) == module

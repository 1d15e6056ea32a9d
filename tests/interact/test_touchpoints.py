"""touchpoints.yaml: channel × place × division × product line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato import declared
from trato.declared import Reader
from trato.interact.touchpoints import Touchpoint, Touchpoints, touchpoints_in

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
divisions:
  food: {en: Food, es: Alimentación}
touchpoints:
  till:
    label: {en: at the till}
    channel: store
    division: food
  mail:
    label: {en: by post}
    channel: post
"""


def read(folder: Path, text: str) -> tuple[Touchpoints, list[str]]:
    path = folder / "touchpoints.yaml"
    path.write_text(text, encoding="utf-8")
    page = declared.read(path)
    wrong = Reader(list(page.complaints))
    return touchpoints_in(wrong, page.root), [f"{one.line}: {one.message}" for one in wrong.complaints]


def test_touchpoints_are_read_with_their_labels(tmp_path: Path) -> None:
    found, complaints = read(tmp_path, GOOD)
    assert complaints == []
    assert found.by_key["till"] == Touchpoint("till", "store", division="food")
    assert found.labels["mail"] == {"en": "by post"}
    assert found.words["division"]["food"]["es"] == "Alimentación"


def test_a_row_can_say_more_exactly_where(tmp_path: Path) -> None:
    till = read(tmp_path, GOOD)[0].by_key["till"]
    assert till.refined({"place": "12"}) == Touchpoint("till", "store", "12", "food")
    assert till.refined({}) is till


def test_a_word_that_is_not_listed_is_complained_of(tmp_path: Path) -> None:
    _, complaints = read(tmp_path, GOOD.replace("division: food", "division: foot"))
    assert complaints == ["7: there is no division 'foot'"]
    _, complaints = read(tmp_path, GOOD.replace("channel: post", "channel: pigeon"))
    assert complaints[0].startswith("10: 'pigeon' is not one of store, web")
    _, complaints = read(tmp_path, "touchpoints:\n")
    assert complaints == ["1: this section needs at least 1"]


def test_what_an_interaction_costs_may_be_said(tmp_path: Path) -> None:
    found, complaints = read(tmp_path, GOOD.replace("channel: post", "channel: post\n    cost: 0.85"))
    assert complaints == []
    assert found.costs == {"mail": 0.85}
    _, complaints = read(tmp_path, GOOD.replace("channel: post", "channel: post\n    cost: -1"))
    assert len(complaints) == 1

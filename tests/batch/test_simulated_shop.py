"""A shop that does not exist, whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trato.batch import simulated_shop as truth
from trato.batch.simulated_truth import money_of
from trato.company.folder import read_company
from trato.errors import FileNotReadable


@pytest.fixture(scope="module")
def money() -> dict[str, truth.Money]:
    return money_of(read_company(truth.example()).programmes.by_key[truth.PROGRAMME])


def test_the_same_seed_draws_the_same_people_and_purchases() -> None:
    def drawn() -> tuple[object, object]:
        draw = np.random.default_rng(4)
        people = truth.population(50, draw)
        return people, [list(truth.purchases(one, 90, draw)) for one in people]

    assert drawn() == drawn()


def test_people_come_as_often_as_the_truth_says() -> None:
    draw = np.random.default_rng(1)
    person = truth.Person(0, 1, 20.0, advice=True, newsletter=True)
    for treatment in truth.TREATMENTS:
        came = [truth.comes(person, treatment, draw) for _ in range(20_000)]
        assert np.mean([one is not None for one in came]) == pytest.approx(
            truth.rate(treatment, 1), abs=0.006
        )
        assert all(one is None or 0 <= one < 7 for one in came)


def test_the_best_for_each_beats_the_best_for_all(money: dict[str, truth.Money]) -> None:
    best, brings = truth.best_for_all(money)
    assert best == "suspense"
    assert 0 < brings < truth.best_for_each(money)
    assert truth.net("nothing", 0, money) == 0


def test_a_voucher_pays_for_those_who_would_have_come_anyway(money: dict[str, truth.Money]) -> None:
    of = money["voucher"]
    expected = truth.LURES * of.value - of.cost - of.cost_taken * (truth.ANYWAY + truth.LURES)
    assert truth.net("voucher", 2, money) == pytest.approx(expected)


def test_the_declared_treatments_are_those_of_the_truth(money: dict[str, truth.Money]) -> None:
    assert ("nothing", *money) == truth.TREATMENTS


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    truth.write_folder(tmp_path / "shop")
    assert read_company(tmp_path / "shop").programmes.by_key.keys() == {truth.PROGRAMME}
    with pytest.raises(FileNotReadable):
        truth.write_folder(tmp_path / "shop")

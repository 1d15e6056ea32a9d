"""`trato replay` and `trato explain`: what was logged is made again and told, to whom it may be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.cli.deciding import Folder, folder_with
from tests.customize.corner import NOW

if TYPE_CHECKING:
    pass


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    shop = folder_with(tmp_path_factory.mktemp("replayed"))
    done = trato("decide", shop.path, "loaves", "--out", shop.path / "given.csv")
    assert done.returncode == 0, done.stderr
    return shop


def decisions(shop: Folder) -> dict[str, str]:
    """The decisions by customer."""
    import csv

    with (shop.path / "given.csv").open(encoding="utf-8", newline="") as text:
        return {row["customer"]: row["decision"] for row in csv.DictReader(text)}


def told(*words: object) -> dict[str, Any]:
    done = trato(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_decision_is_made_again_bit_for_bit(shop: Folder) -> None:
    for decision in list(decisions(shop).values())[:3]:
        again = told("replay", decision, "--company", shop.path)
        assert (again["same"], again["differences"]) == (True, [])
        assert sum(again["probabilities"]) == 2**32
    people = trato("replay", decision, "--company", shop.path)
    assert "the same again, bit for bit" in people.stdout


def test_a_decision_is_explained_in_three_languages(shop: Folder) -> None:
    decision = decisions(shop)[shop.people[0]]
    said = {
        language: told("explain", decision, "--company", shop.path, "--language", language)
        for language in ("en", "es", "pt")
    }
    assert len({tuple(one["words"]) for one in said.values()}) == 3
    one = said["en"]
    assert one["customer"] == shop.people[0]
    assert abs(sum(each["probability"] for each in one["candidates"]) - 1) < 1e-12
    assert one["evidence"] == 0
    first = trato("explain", decision, "--company", shop.path).stdout.splitlines()
    assert first == said["es"]["words"]  # the company's first language


def test_a_decision_is_told_as_long_as_it_is_permitted(shop: Folder) -> None:
    from trato.permission.give import RefusePermission, withdraw_permission

    who = shop.people[1]

    def refuse(it: Any) -> None:
        for key in ("service", "advice"):
            said = RefusePermission(who, shop.company.purposes.named(key), "web", "desk", "said so", NOW)
            withdraw_permission(it, said, now=NOW)

    shop.store(refuse)
    for command in ("replay", "explain"):
        done = trato(command, decisions(shop)[who], "--company", shop.path)
        assert done.returncode == 6, done.stdout + done.stderr
        assert "withdrew" in done.stderr


@pytest.mark.parametrize("command", ["replay", "explain"])
@pytest.mark.parametrize("wrong", ["nonsense", "0198c5a0-7b1e-7c4d-9a2f-3b5d8e6f1a20"])
def test_what_is_no_decision_is_refused(shop: Folder, command: str, wrong: str) -> None:
    done = trato(command, wrong, "--company", shop.path, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "trato.unknown_decision"

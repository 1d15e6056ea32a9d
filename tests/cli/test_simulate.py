"""`trato simulate`: the whole way through a real store, held against the truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import trato


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    ran = trato("simulate", folder, "--days", 12, "--customers", 300, "--seed", 3, "--json")
    assert ran.returncode == 0, ran.stderr
    return folder, json.loads(ran.stdout)


def test_it_says_that_it_is_simulated_and_tells_truth_beside_estimate(
    done: tuple[Path, dict[str, object]],
) -> None:
    _, told = done
    assert told["simulated"] is True
    assert told["verdict"] == "not_yet"
    effects = told["effects"]
    assert isinstance(effects, list)
    assert {one["treatment"] for one in effects} == {"suspense", "home", "far_away", "voucher"}
    assert all(one["low"] < one["mean"] < one["high"] for one in effects)
    arms = told["arms"]
    assert isinstance(arms, list)
    assert sum(one["decisions"] for one in arms) == told["decisions"]
    # Every decision in which there was a choice has taught, exactly once.
    assert told["learned_from"] == told["decisions"]


def test_what_was_written_is_whole(done: tuple[Path, dict[str, object]]) -> None:
    folder, _ = done
    assert trato("verify", folder).returncode == 0


def test_it_makes_no_folder_twice(done: tuple[Path, dict[str, object]]) -> None:
    folder, _ = done
    ran = trato("simulate", folder)
    assert ran.returncode == 3
    assert "cannot be made" in ran.stderr

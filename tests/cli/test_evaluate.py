"""`trato evaluate` from the command line: a log in, what other policies would have brought out."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from trato.cli.main import app
from trato.errors import BadOption, NoUsableRow, UnknownColumn

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("--treatment", "mail", "--outcome", "spend", "--propensity", "p")
ARMS = ("none", "men's", "women's")


def rows(count: int = 3_000, seed: int = 0) -> list[dict[str, object]]:
    """Women's mail suits those who bought for women before, men's the others; explored with chance .3."""
    rng = np.random.default_rng(seed)
    made: list[dict[str, object]] = []
    for i in range(count):
        women = bool(rng.integers(2))
        chances = [0.1, 0.8, 0.1]
        given = int(rng.choice(3, p=chances))
        fits = given == (2 if women else 1)
        bought = rng.random() < (0.3 if fits else 0.1)
        made.append(
            {
                "customer": f"k{i // 2}",
                "bought before": "women" if women else "men",
                "recency": "" if rng.random() < 0.1 else round(float(rng.exponential(6)), 1),
                "mail": ARMS[given],
                "p": chances[given],
                "spend": round(float(rng.exponential(40)), 2) if bought else 0,
                "fitting": ARMS[2 if women else 1],
                "men": ARMS[1],
            }
        )
    return made


def write(path: Path, made: list[dict[str, object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(made[0]))
        writer.writeheader()
        writer.writerows(made)
    return path


def run(*words: object) -> tuple[str, str]:
    done = CliRunner().invoke(app, ["evaluate", *map(str, words)], catch_exceptions=False)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("evaluate") / "log.csv", rows())


def test_policies_are_valued_and_compared(log: Path) -> None:
    policies = ("--policy", "men", "--policy", "fitting")
    features = ("--features", "bought before", "--features", "recency")
    out, _ = run(log, *COLUMNS, *policies, *features, "--unit", "customer", "--json")
    told = json.loads(out)
    assert (told["decisions"], told["units"], told["treatments"]) == (3_000, 1_500, sorted(ARMS))
    men, fitting = told["policies"]
    assert (men["name"], men["claimed"], men["over_first"]) == ("men", True, None)
    for estimates, truth in ((men["estimates"], 8.0), (fitting["estimates"], 12.0)):
        assert list(estimates) == ["ips", "snips", "dr"]
        for one in estimates.values():
            assert one["low"] < truth < one["high"]
    assert fitting["over_first"]["low"] > 0
    assert fitting["effective"] < men["effective"]


def test_people_read_estimates_with_their_intervals(log: Path) -> None:
    out, _ = run(log, *COLUMNS, "--policy", "men", "--policy", "fitting", "--unit", "customer")
    assert "3,000 decisions of 1,500 customers, 3 treatments" in out
    assert "over men: +" in out
    assert "as sure as" in out


def test_without_policies_each_treatment_is_for_all(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist([row | {"recency": 1.0} for row in rows(900)]), path)
    told = json.loads(run(path, *COLUMNS, "--json")[0])
    assert [one["name"] for one in told["policies"]] == [f"{arm} for all" for arm in sorted(ARMS)]


def test_one_figure_may_be_the_propensity_of_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    made: list[dict[str, object]] = [
        {"mail": "yes" if rng.integers(2) else "no", "spend": float(rng.random())} for _ in range(400)
    ]
    path = write(tmp_path / "trial.csv", made)
    told = json.loads(run(path, *COLUMNS[:4], "--propensity", "0.5", "--json")[0])
    assert all(one["claimed"] for one in told["policies"])
    with pytest.raises(BadOption, match="no propensity"):
        run(path, *COLUMNS[:4], "--propensity", "1.5")


def test_what_the_log_does_not_hold_is_not_claimed(tmp_path: Path) -> None:
    made = [row | {"fitting": "a letter" if i % 5 == 0 else row["fitting"]} for i, row in enumerate(rows())]
    path = write(tmp_path / "log.csv", made)
    out, _ = run(path, *COLUMNS, "--policy", "fitting")
    assert "not claimed" in out
    assert "20.0 % of its decisions were never possible, or never taken, in the log" in out
    (policy,) = json.loads(run(path, *COLUMNS, "--policy", "fitting", "--json")[0])["policies"]
    assert policy["estimates"]["dr"]["low"] is None
    assert {one["reason"] for one in policy["warnings"]} >= {"unlogged"}


def test_bad_rows_are_put_aside_with_their_line(tmp_path: Path) -> None:
    made = rows(500)
    made[3]["spend"] = "lots"
    made[7]["p"] = 0
    made[8]["p"] = 1.2
    made[9]["mail"] = ""
    path = write(tmp_path / "log.csv", made)
    out, err = run(path, *COLUMNS, "--policy", "men", "--rejects", tmp_path / "aside", "--json")
    told = json.loads(out)
    assert (told["rows"], told["rows_put_aside"], told["decisions"]) == (500, 4, 496)
    for line, column in ((5, "spend"), (9, "p"), (10, "p"), (11, "mail")):
        assert f"log.csv:{line}: {column}:" in err
    with (tmp_path / "aside.rejects.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 4


def test_a_log_without_any_propensity_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", [row | {"p": 0} for row in rows(50)])
    with pytest.raises(NoUsableRow, match="p is not above 0"):
        run(path, *COLUMNS)
    with pytest.raises(UnknownColumn, match="there is no column 'q'"):
        run(path, *COLUMNS[:4], "--propensity", "q")

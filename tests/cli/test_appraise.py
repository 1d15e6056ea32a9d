"""`trato appraise` from the command line: files in, files out, and a clear word whatever comes in."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.measure import planted

if TYPE_CHECKING:
    from pathlib import Path

ODD = ("Kunde Nr.", "was?", "welches, genau", "am", "wie oft", "Spanne")
COLUMNS = ("--customer", ODD[0], "--component", ODD[1], "--module", ODD[2], "--at", ODD[3])
DAYS = ("2024-01-05", "2024-06-10", "2024-12-20")
CONTRACT = [
    *("component", "modules", "customers", "choices", "niche_gain", "niche_low", "niche_high"),
    *("one_gain", "one_low", "one_high", "hit_mass", "hit_niche", "hit_one", "worth_trying"),
]


def trato(*words: object) -> subprocess.CompletedProcess[str]:
    code = "from trato.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def write(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(ODD)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bread chosen by habit, milk alike by all, and fuel, which comes in one kind."""
    rng = np.random.default_rng(1)
    crowd = planted.Crowd(250, 15.0)
    choices = planted.together(
        {
            "bread": planted.choose(crowd, planted.individual(250, 8, 1.5, rng), None, rng),
            "fuel": planted.choose(crowd, np.ones((1, 1)), None, rng),
            "milk": planted.choose(crowd, np.array([[0.97, 0.03]]), None, rng),
        }
    )
    rows: list[list[object]] = [
        [
            choices.customers[i],
            choices.components[c],
            choices.modules[c][m],
            DAYS[w],
            int(n),
            2.5,
        ]
        for i, c, m, w, n in zip(
            choices.customer, choices.component, choices.module, choices.window, choices.count, strict=True
        )
    ]
    return write(tmp_path_factory.mktemp("appraise") / "choices.csv", rows)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_say_where_it_is_worth_trying(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "gains.csv"
    done = trato("appraise", table, *COLUMNS, "--count", "wie oft", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = {row["component"]: row for row in rows_of(out)}
    assert list(rows["bread"])[: len(CONTRACT)] == CONTRACT
    assert {name: row["worth_trying"] for name, row in rows.items()} == {
        "bread": "one_to_one",
        "fuel": "mass",
        "milk": "mass",
    }
    assert next(iter(rows)) == "bread"
    assert (rows["fuel"]["reason"], rows["fuel"]["hit_mass"]) == ("one_module", "1")
    assert "of 100 guesses right instead of" in done.stdout
    assert "nothing to vary" in done.stdout
    assert "one-to-one experience" in done.stdout


def test_json_holds_the_rows_and_the_whole(table: Path, tmp_path: Path) -> None:
    words = ("--count", "wie oft", "--margin", "Spanne", "--no-interacts", "--json")
    done = trato("appraise", table, *COLUMNS, *words, "--out", tmp_path / "gains.parquet")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    bread = told["components"][0]
    assert list(bread)[: len(CONTRACT)] == CONTRACT
    assert bread["money_one_over_mass"] == pytest.approx(2.5 * bread["hits_one_over_mass"])
    assert told["whole"]["unit"] == "money"
    assert told["whole"]["carriers"] == [{"component": "bread", "share": 1.0, "cumulative": 1.0}]
    assert told["windows"]["judge_from"].startswith("2024-08")
    assert told["experience"]["kind"] == "niche"
    assert told["settings"]["material"] == 0.02


def test_windows_may_be_said(table: Path, tmp_path: Path) -> None:
    words = ("--tune-from", "2024-02-01", "--judge-from", "2024-12-01", "--json")
    done = trato("appraise", table, *COLUMNS, *words, "--out", tmp_path / "gains.csv")
    assert json.loads(done.stdout)["windows"]["tune_from"].startswith("2024-02-01")


def test_a_hundred_rows_of_few_customers_are_not_yet(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows: list[list[object]] = [
        [f"k{rng.integers(12)}", "Brot", rng.choice(["Roggen", "Hafer"]), DAYS[rng.integers(3)], 1, "1,50 €"]
        for _ in range(100)
    ]
    done = trato(
        "appraise",
        write(tmp_path / "few.csv", rows),
        *COLUMNS,
        "--margin",
        "Spanne",
        "--out",
        tmp_path / "g.csv",
    )
    assert done.returncode == 0, done.stderr
    assert "too few customers" in done.stdout
    (row,) = rows_of(tmp_path / "g.csv")
    assert (row["worth_trying"], row["reason"], row["niche_gain"]) == ("not_yet", "too_few_customers", "")


def test_one_customer_is_not_yet(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["k1", "Brot", kind, day, 1, 1] for day in DAYS for kind in ("Roggen", "Hafer")
    ]
    done = trato("appraise", write(tmp_path / "one.csv", rows), *COLUMNS, "--out", tmp_path / "g.csv")
    assert done.returncode == 0, done.stderr
    assert "not yet" in done.stdout


def test_equal_dates_leave_nothing_to_judge_on(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [f"k{i}", "Brot", ("Roggen", "Hafer")[i % 2], "2024-05-05", 1, 1] for i in range(100)
    ]
    done = trato("appraise", write(tmp_path / "flat.csv", rows), *COLUMNS, "--out", tmp_path / "g.csv")
    assert done.returncode == 0, done.stderr
    assert "all choices fall on one moment, 2024-05-05" in done.stdout
    assert rows_of(tmp_path / "g.csv")[0]["reason"] == "no_later_choices"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--margin", "Spnne"), 3, "Spanne"),
        (("--variety-cost", "1"), 3, "--margin"),
        (("--material", "2"), 3, "between 0 and 1"),
        (("--margin", "-1"), 3, "above zero"),
        (("--tune-from", "2024-02-01"), 3, "go together"),
        (("--tune-from", "2024-12-01", "--judge-from", "2024-02-01"), 3, "before"),
    ],
)
def test_wrong_options_say_what_is_right(
    table: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = trato("appraise", table, *COLUMNS, *words, "--out", tmp_path / "g.csv")
    assert done.returncode == code
    assert said in done.stderr
    assert not (tmp_path / "g.csv").exists()


def test_an_empty_file_and_a_missing_column_are_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "empty" in trato("appraise", empty, *COLUMNS, "--out", tmp_path / "g.csv").stderr
    odd = write(tmp_path / "odd.csv", [["k1", "Brot", "Roggen", DAYS[0], 1, 1]])
    wrong = ("--customer", "Kunde", *COLUMNS[2:])
    done = trato("appraise", odd, *wrong, "--out", tmp_path / "g.csv")
    assert done.returncode == 3
    assert "did you mean 'Kunde Nr.'" in done.stderr

"""`trato verdict` from the command line: a log in, a verdict out, and a clear word whatever comes in."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 3_000
COLUMNS = ("--treatment", "mail sent", "--outcome", "came")
POLICY_KEYS = {"name", "value", "low", "high"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def trato(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "from trato.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )


def told(*words: object) -> dict:
    done = trato("verdict", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict = json.loads(done.stdout)
    return found


def columns(rows: int = ROWS, effect: float = 0.25, seed: int = 1) -> dict[str, list[object]]:
    """The young come for the letter, the others for the call."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    sent = rng.choice(["none", "letter", "call"], rows)
    likes = ((sent == "letter") & (age < 45)) | ((sent == "call") & (age >= 45))
    came = (rng.random(rows) < 0.3 + effect * likes).astype(int)
    town = rng.choice(["Köln", "São Paulo", ""], rows, p=[0.6, 0.3, 0.1])
    return {
        "id": [f"c{i}" for i in range(rows)],
        "mail sent": sent.tolist(),
        "age": age.tolist(),
        "young": ["yes" if one < 45 else "no" for one in age],
        "town": town.tolist(),
        "came": came.tolist(),
    }


def written(path: Path, table: dict[str, list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path / "log.csv", columns())


def test_a_policy_that_pays_is_said_in_words_and_drawn(log: Path) -> None:
    done = trato("verdict", log, *COLUMNS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("personalise")
    assert "'none' is taken for nothing" in done.stdout
    assert "columns left out: id (it names rows)" in done.stdout
    assert "look 1 at this log, of 1 so far" in done.stdout
    assert "●" in done.stdout


def test_json_has_what_scripts_rely_on(log: Path) -> None:
    found = told(log, *COLUMNS, "--features", "age,town")
    assert found["verdict"] == "personalise"
    assert found["customers_needed"] is None
    assert found["difference"]["low"] > 0
    assert {"none", "letter", "call", "random", "policy"} <= {one["name"] for one in found["policies"]}
    assert all(set(one) >= POLICY_KEYS for one in found["policies"])
    assert found["features"] == ["age", "town"]
    assert found["rows"] == ROWS


def test_parquet_says_the_same_as_csv(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns()), other)
    one, two = told(log, *COLUMNS), told(other, *COLUMNS)
    assert {name: one[name] for name in one if name != "look"} == {
        name: two[name] for name in two if name != "look"
    }


def test_groups_that_explain_it_all_are_groups(log: Path) -> None:
    found = told(log, *COLUMNS, "--groups", "young")
    assert found["verdict"] == "groups"
    assert found["by_groups"]["groups"] == ["young=no", "young=yes"]
    assert found["by_groups"]["difference"]["low"] > 0


def test_the_treatments_can_be_narrowed_and_the_capacity_limited(log: Path) -> None:
    words = ("--treatments", "none", "--treatments", "call", "--capacity", "0.5")
    found = told(log, *COLUMNS, *words)
    assert found["verdict"] == "personalise"
    assert list(found["treatments"]) == ["call", "none"]
    assert found["nothing"] == "none"
    assert found["incremental"]["more"]["low"] > 0
    others = {one["name"]: one["others"] for one in found["policies"]}
    assert others["policy"] <= 0.5


def test_a_cost_is_taken_off(log: Path) -> None:
    free, dear = told(log, *COLUMNS), told(log, *COLUMNS, "--cost", "call=1000", "--cost", "letter=1000")
    assert dear["best_single"] == "none"
    assert dear["verdict"] != "personalise"
    value = {one["name"]: one["value"] for one in free["policies"]}
    assert {one["name"]: one["value"] for one in dear["policies"]}["call"] == pytest.approx(
        value["call"] - 1000, abs=1e-6
    )


def test_too_few_customers_are_told_how_many_more(tmp_path: Path) -> None:
    found = told(written(tmp_path / "few.csv", columns(200, effect=0.1)), *COLUMNS)
    assert found["verdict"] == "not_yet"
    assert isinstance(found["customers_needed"], int)
    assert found["customers_needed"] > 0


def test_what_came_after_the_treatment_is_named(log: Path, tmp_path: Path) -> None:
    table = columns()
    table["opened"] = [int(sent != "none") for sent in table["mail sent"]]
    done = trato("verdict", written(tmp_path / "after.csv", table), *COLUMNS)
    assert done.returncode == 3
    assert "opened differs between treatments" in done.stderr
    assert "--features" in done.stderr


def test_a_log_that_was_not_randomised_proves_nothing(tmp_path: Path) -> None:
    table = columns()
    rng = np.random.default_rng(2)
    table["mail sent"] = [
        "call" if young == "no" and lucky < 0.7 else sent
        for young, sent, lucky in zip(table["young"], table["mail sent"], rng.random(ROWS), strict=True)
    ]
    log = written(tmp_path / "log.csv", table)
    found = told(log, *COLUMNS, "--features", "age")
    assert (found["verdict"], found["customers_needed"]) == ("not_yet", None)
    assert any("hold out" in reason for reason in found["reasons"])
    people = trato("verdict", log, *COLUMNS, "--features", "age").stdout
    assert "what this log shows of each, which proves nothing" in people
    assert "would bring a customer" not in people


def test_shares_that_were_not_kept_are_noticed(log: Path) -> None:
    words = ("--share", "none=0.5", "--share", "call=0.25", "--share", "letter=0.25")
    found = told(log, *COLUMNS, *words)
    assert found["verdict"] == "not_yet"
    ratio = next(one for one in found["checks"] if one["name"] == "sample_ratio")
    assert ratio["passed"] is False


def test_bad_rows_are_put_aside_with_their_line(tmp_path: Path) -> None:
    table = columns()
    table["came"][3] = "?"
    table["mail sent"][5] = ""
    done = trato("verdict", written(tmp_path / "log.csv", table), *COLUMNS, "--json")
    assert "log.csv:5: came: not a number: '?'" in done.stderr
    assert "log.csv:7: mail sent: empty" in done.stderr
    assert json.loads(done.stdout)["rows_put_aside"] == 2


def test_a_propensity_that_is_no_chance_is_shown_with_its_line(tmp_path: Path) -> None:
    table = columns()
    table["chance"] = [1 / 3] * ROWS
    table["chance"][7] = 1.5
    done = trato("verdict", written(tmp_path / "log.csv", table), *COLUMNS, "--propensity", "chance")
    assert done.returncode == 3
    assert "log.csv:9" in done.stderr


def test_rows_of_one_customer_stay_together(tmp_path: Path) -> None:
    table = columns()
    table["who"] = [f"u{i // 3}" for i in range(ROWS)]
    found = told(written(tmp_path / "log.csv", table), *COLUMNS, "--unit", "who")
    assert found["customers"] == ROWS // 3


def test_a_running_programme_is_looked_at_often(log: Path) -> None:
    found = told(log, *COLUMNS, "--live", "--looks", "5")
    assert found["verdict"] == "personalise"
    assert [one["verdict"] for one in found["looks"]][-1] == "personalise"


def test_looks_are_counted_and_the_same_question_once(log: Path, tmp_path: Path) -> None:
    numbers = [
        told(log, *COLUMNS, *words)["look"]["number"]
        for words in ((), ("--seed", "1"), (), ("--features", "age"))
    ]
    assert numbers == [1, 2, 1, 3]
    kept = (tmp_path / "state" / "trato" / "looks.jsonl").read_text()
    assert "came" not in kept


def test_a_register_that_cannot_be_written_is_told(log: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a folder")
    done = trato("verdict", log, *COLUMNS)
    assert done.returncode == 0
    assert "could not be registered" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--treatments", "letters", "--treatments", "call"), "did you mean 'letter'?"),
        (("--cost", "letter"), "--cost TREATMENT=0.5"),
        (("--cost", "fax=1"), "there is no treatment 'fax'"),
        (("--capacity", "2"), "between 0 and 1"),
        (("--features", "agee"), "did you mean 'age'?"),
        (("--features", "came"), "cannot be a feature"),
        (("--treatments", "call"), "one treatment only"),
        (("--value", "0"), "above zero"),
        (("--share", "call=1"), "a share has to be said of each treatment"),
    ],
)
def test_what_makes_no_sense_is_told(log: Path, words: tuple[str, ...], said: str) -> None:
    done = trato("verdict", log, *COLUMNS, *words)
    assert done.returncode in {3, 4}
    assert said in done.stderr
    assert "Traceback" not in done.stderr

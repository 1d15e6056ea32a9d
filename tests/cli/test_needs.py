"""`trato needs` from the command line: files in, files out, and a clear word whatever comes in."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import pytest

from tests.differentiate.needs.planted import contrasting_profiles, planted_choices
from trato.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def trato(*words: object) -> Done:
    """The command as a shell would run it, in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        patch.object(sys, "argv", ["trato", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as ended:
            code = ended.code
    return Done(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


ODD = ("Kunde Nr.", "was?", "welches, genau", "am", "wie oft")
COLUMNS = ("--customer", ODD[0], "--component", ODD[1], "--module", ODD[2])


def write(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(ODD)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two planted needs, choices spread over thirty days."""
    choices, _ = planted_choices(
        np.random.default_rng(1),
        customers=200,
        profiles=contrasting_profiles(2, 3, 4),
        shares=np.array([0.6, 0.4]),
        concentration=6.0,
        windows=3,
    )
    rows: list[list[object]] = [
        [
            choices.customers[i],
            choices.components[c],
            choices.modules[c][m],
            f"2024-03-{1 + 14 * int(w):02d}",
            int(n),
        ]
        for i, c, m, w, n in zip(
            choices.customer, choices.component, choices.module, choices.window, choices.count, strict=True
        )
    ]
    return write(tmp_path_factory.mktemp("needs") / "choices.csv", rows)


def test_needs_are_learned_named_and_kept(table: Path, tmp_path: Path) -> None:
    out, names = tmp_path / "beliefs.csv", tmp_path / "needs.yaml"
    words = (
        "needs",
        table,
        *COLUMNS,
        "--at",
        "am",
        "--count",
        "wie oft",
        "--out",
        out,
        "--names",
        names,
        "--json",
    )
    first = trato(*words)
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert (summary["customers"], len(summary["needs"]), summary["converged"]) == (200, 2, True)
    assert summary["bic"].keys() == {"1", "2", "3", "4"}
    assert summary["foresight"]["belief"]["low"] > 0
    assert summary["needs"][0]["share"]["low"] < 0.6 < summary["needs"][0]["share"]["high"]
    assert set(summary["needs"][0]["description"]) == {"en", "es", "pt"}
    assert "instead of" in summary["needs"][0]["description"]["en"][0]
    with out.open() as file:
        beliefs = list(csv.DictReader(file))
    assert list(beliefs[0]) == ["customer", "need", "weight", "evidence", "need_1", "need_2"]
    assert len(beliefs) == 200
    assert float(beliefs[0]["need_1"]) + float(beliefs[0]["need_2"]) == pytest.approx(1, abs=2e-6)
    assert json.loads((tmp_path / "beliefs.model.json").read_text())["version"] == summary["model"]

    renamed = names.read_text(encoding="utf-8").replace(summary["needs"][1]["name"]["es"], "Los otros")
    names.write_text(renamed, encoding="utf-8")
    again = trato(*words[:-1])
    assert again.returncode == 0, again.stderr
    assert names.read_text(encoding="utf-8") == renamed
    assert "working title" not in again.stdout
    assert not (tmp_path / "needs.proposed.yaml").exists()
    assert json.loads(trato(*words).stdout)["needs"][1]["name"]["es"] == "Los otros"


def test_names_that_fit_no_more_are_said_and_a_new_version_is_proposed(table: Path, tmp_path: Path) -> None:
    names = tmp_path / "needs.yaml"
    names.write_text(
        "needs:\n  - name: {en: Sailors}\n    fingerprint: {lifts: {boats: {yachts: 9}}}\n", encoding="utf-8"
    )
    done = trato("needs", table, *COLUMNS, "--out", tmp_path / "b.parquet", "--names", names)
    assert done.returncode == 0, done.stderr
    assert "the name 'Sailors' no longer fits any need" in done.stdout
    assert "needs.proposed.yaml" in done.stdout
    assert "Sailors" in names.read_text(encoding="utf-8")
    assert "More module" in (tmp_path / "needs.proposed.yaml").read_text(encoding="utf-8")


def test_a_broken_file_of_names_is_refused_at_its_line(table: Path, tmp_path: Path) -> None:
    names = tmp_path / "needs.yaml"
    names.write_text("needs:\n  - nmae: {en: Sailors}\n", encoding="utf-8")
    done = trato("needs", table, *COLUMNS, "--out", tmp_path / "b.csv", "--names", names)
    assert done.returncode == 3
    assert "needs.yaml:2: unknown key 'nmae' (did you mean 'name'?)" in done.stderr
    assert not (tmp_path / "b.csv").exists()


def test_a_hundred_rows_are_answered(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [i % 20, "tea", ("green", "black", "mint")[i % 3], "", i % 4] for i in range(100)
    ]
    done = trato("needs", write(tmp_path / "c.csv", rows), *COLUMNS, "--out", tmp_path / "b.csv")
    assert done.returncode == 0, done.stderr
    assert "one need: as far as these choices tell" in done.stdout
    assert "a random half" in done.stdout
    assert "not judged on later choices" in done.stdout


def test_one_customer_is_answered(tmp_path: Path) -> None:
    rows: list[list[object]] = [["ana", "tea", "green", f"2024-01-{day:02d}", 1] for day in range(1, 20)]
    done = trato(
        "needs", write(tmp_path / "c.csv", rows), *COLUMNS, "--at", "am", "--out", tmp_path / "b.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "1 customer" in done.stdout
    assert (tmp_path / "b.csv").read_text().splitlines()[1].startswith('"ana",1,1,19,1')


def test_equal_dates_are_answered(tmp_path: Path) -> None:
    rows: list[list[object]] = [[i % 5, "tea", ("green", "black")[i % 2], "2024-01-01", 1] for i in range(40)]
    done = trato(
        "needs", write(tmp_path / "c.csv", rows), *COLUMNS, "--at", "am", "--out", tmp_path / "b.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "a column of dates (--at) that differ" in done.stdout


def test_one_module_is_answered(tmp_path: Path) -> None:
    rows: list[list[object]] = [[i, "fuel", "super", f"2024-01-{1 + i % 20:02d}", 1] for i in range(60)]
    done = trato(
        "needs", write(tmp_path / "c.csv", rows), *COLUMNS, "--at", "am", "--out", tmp_path / "b.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "one need" in done.stdout


@pytest.mark.parametrize(
    ("rows", "words", "exit_code", "said"),
    [
        ([], (), 3, "the table has a header but no row"),
        ([["ana", "tea", "green", "", 1]], ("--at", "wann"), 3, "there is no column 'wann'"),
        ([["ana", "tea", "green", "soon", 1]], ("--at", "am"), 3, "none of the 1 rows can be used"),
        ([["ana", "tea", "green", "", 0]], ("--count", "wie oft"), 4, "no customer has chosen anything"),
    ],
    ids=["empty", "missing column", "bad dates", "nothing chosen"],
)
def test_what_cannot_be_answered_is_said(
    tmp_path: Path, rows: list[list[object]], words: tuple[str, ...], exit_code: int, said: str
) -> None:
    table = write(tmp_path / "c.csv", rows)
    done = trato("needs", table, *COLUMNS, *words, "--out", tmp_path / "b.csv")
    assert done.returncode == exit_code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "b.csv").exists()


def test_an_empty_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("")
    done = trato("needs", tmp_path / "c.csv", *COLUMNS, "--out", tmp_path / "b.csv")
    assert (done.returncode, "the file is empty" in done.stderr) == (3, True)


def test_bad_rows_are_put_aside(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["ana", "tea", "green", "2024-01-01", 1],
        ["", "tea", "black", "2024-01-02", 1],
    ]
    done = trato(
        "needs", write(tmp_path / "c.csv", rows), *COLUMNS, "--at", "am", "--out", tmp_path / "b.csv"
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 2 rows put aside" in done.stderr
    assert (tmp_path / "b.csv.rejects.csv").exists()

"""The register of looks counts different questions, and never stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from trato.batch.looks import REGISTER, digest_of, digest_of_file, note_look, state_folder

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_same_question_counts_once_and_logs_are_apart(tmp_path: Path) -> None:
    asked = [("log", "a"), ("log", "b"), ("log", "a"), ("other", "a"), ("log", "c")]
    found = [note_look(tmp_path, log, question, "dont", NOW) for log, question in asked]
    assert [(one.number, one.of) for one in found] == [(1, 1), (2, 2), (1, 2), (1, 1), (3, 3)]
    assert (tmp_path / REGISTER).stat().st_mode & 0o777 == 0o600


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    note_look(tmp_path, "log", "a", "dont", NOW)
    with (tmp_path / REGISTER).open("a") as file:
        file.write("{broken\n[1]\n")
    assert note_look(tmp_path, "log", "b", "dont", NOW).number == 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "trato").write_text("a file")
    found = note_look(tmp_path, "log", "a", "dont", NOW)
    assert found.register is None
    assert found.why_not is not None


def test_questions_are_known_by_what_they_ask(tmp_path: Path) -> None:
    assert digest_of({"a": 1, "b": (2,)}) == digest_of({"b": (2,), "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    two.write_text("x")
    assert digest_of_file(one) == digest_of_file(two)


def test_the_state_folder_is_the_users() -> None:
    assert state_folder({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path("/s")
    assert state_folder({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state")
    assert state_folder({"HOME": "/h"}) == Path("/h/.local/state")

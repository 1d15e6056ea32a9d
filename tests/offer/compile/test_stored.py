"""A circuit is compiled once, and a file that cannot be trusted is as good as none."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trato.offer.clauses import Clauses
from trato.offer.compile import compile_clauses, compiled, stored

if TYPE_CHECKING:
    from pathlib import Path

    from trato.offer.compile import Circuit

CLAUSES = Clauses.of(5, [[1, 2], [-2, 3, 4], [-4, -5], [1, 5]])


def same(one: Circuit, other: Circuit) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    compiled(CLAUSES, tmp_path)
    (path,) = tmp_path.iterdir()
    return path


def test_what_was_stored_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = compile_clauses(CLAUSES)
    monkeypatch.setattr(stored, "compile_clauses", lambda *_, **__: pytest.fail("compiled again"))
    assert same(compiled(CLAUSES, path.parent), expected)


def test_numpy_alone_reads_the_file(path: Path) -> None:
    with np.load(path, allow_pickle=False) as file:
        assert int(file["variables"]) == 5


def test_other_clauses_are_compiled(path: Path) -> None:
    assert compiled(Clauses.of(5, [[1, 2]]), path.parent).variables == 5
    assert len(list(path.parent.iterdir())) == 2


def test_a_damaged_file_is_compiled_again(path: Path) -> None:
    whole = path.read_bytes()
    expected = compile_clauses(CLAUSES)
    damages = [b"", b"PK", whole[: len(whole) // 2], whole[:-1], b"x" * len(whole)]
    turned = range(0, len(whole), 37)
    damages += [whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :] for place in turned]
    for damage in damages:
        path.write_bytes(damage)
        assert same(compiled(CLAUSES, path.parent), expected)
    path.unlink()
    assert same(compiled(CLAUSES, path.parent), expected)
    assert stored.load(path) is not None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    assert same(compiled(CLAUSES, tmp_path / "taken" / "below"), compile_clauses(CLAUSES))


def test_nothing_half_written_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("pathlib.Path.replace", failing)
    with pytest.raises(OSError, match="full"):
        stored.store(compile_clauses(CLAUSES), path.parent / "other.npz")
    assert list(path.parent.iterdir()) == [path]

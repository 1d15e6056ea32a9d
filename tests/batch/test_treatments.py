"""A treatment never sets what the offer's rules forbid together."""

from __future__ import annotations

import shutil
from pathlib import Path

from trato.batch.company import check_folder
from trato.batch.duckdb_engine import DuckDBEngine
from trato.company.folder import told_relative

BOOKSHOP = Path(__file__).resolve().parents[2] / "examples" / "bookshop"


def told(folder: Path) -> list[str]:
    with DuckDBEngine() as engine:
        return [str(told_relative(one, folder)) for one in check_folder(engine, folder).faults]


def test_the_bookshop_is_sound() -> None:
    assert told(BOOKSHOP) == []


def test_what_never_goes_together_is_a_fault(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(BOOKSHOP, tmp_path / "shop"))
    text = (BOOKSHOP / "treatments.yaml").read_text(encoding="utf-8")
    forbidden = text.replace("copy: hardback, dedication: signed", "copy: paperback, dedication: signed")
    (folder / "treatments.yaml").write_text(forbidden, encoding="utf-8")
    line = 1 + next(n for n, one in enumerate(forbidden.splitlines()) if "dedication: signed" in one)
    (fault,) = told(folder)
    assert fault.startswith(
        f"treatments.yaml:{line}: no configuration of the offer has all that 'signed_copy' sets"
    )
    assert "'signed_are_bound'" in fault

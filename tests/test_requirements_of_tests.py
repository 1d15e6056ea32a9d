"""TRATO_REQUIRE turns a skip for lack of something into a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(("required", "outcome"), [("", "1 skipped"), ("chromium", "1 error")])
def test_lack_of_a_browser(tmp_path: Path, required: str, outcome: str) -> None:
    test = tmp_path / "test_with_a_browser.py"
    test.write_text("def test_it(chromium): pass\n", encoding="utf-8")
    pytest_here = [sys.executable, "-m", "pytest", "-p", "tests.conftest", f"--rootdir={tmp_path}"]
    done = subprocess.run(
        [*pytest_here, "-c", os.devnull, test],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "TRATO_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
    assert (done.returncode == 0) is (required == "")

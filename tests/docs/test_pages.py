"""The documentation builds without a warning, and what it tells the reader to type runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import tables

RUNS = re.compile(r"<!-- runs -->\n```sh\n(.*?)```", re.DOTALL)


def pages_with_snippets() -> list[Path]:
    pages = [tables.ROOT / "README.md", *sorted(tables.DOCS.rglob("*.md"))]
    return [page for page in pages if RUNS.search(page.read_text(encoding="utf-8"))]


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(tables.DOCS), str(tmp_path)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fetched = re.compile(r'(?:src|href)="https?://[^"]+\.(?:js|css|woff2?|png|svg)')
    assert not [page.name for page in tmp_path.rglob("*.html") if fetched.search(page.read_text("utf-8"))]


def test_the_readme_is_among_the_pages_that_run() -> None:
    assert tables.ROOT / "README.md" in pages_with_snippets()


@pytest.mark.parametrize("page", pages_with_snippets(), ids=lambda page: page.stem)
def test_what_a_page_says_runs(page: Path, tmp_path: Path) -> None:
    """All marked snippets of a page, one after the other, in one empty folder."""
    script = "set -euo pipefail\n" + "\n".join(RUNS.findall(page.read_text(encoding="utf-8")))
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": search},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_result_on_the_first_screen_is_what_the_demo_finds(tmp_path: Path) -> None:
    shown = (tables.ROOT / "README.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    demo = [str(Path(sys.executable).with_name("trato")), "demo", "--out", str(tmp_path)]
    printed = " ".join(subprocess.run(demo, capture_output=True, text=True, check=True).stdout.split())
    sentences = re.split(r"\.\s+", " ".join(shown.split()).removesuffix("."))
    assert not [sentence for sentence in sentences if sentence not in printed]

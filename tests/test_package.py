"""What is built holds all that stands: SQL, templates, styles, translations and the mark of being typed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_wheel_holds_every_file_and_the_licence(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    ours = (p for p in (ROOT / "src" / "trato").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    assert {p.relative_to(ROOT / "src").as_posix() for p in ours} <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert "trato/py.typed" in held
    assert {"trato/examples/grocer/grocer.yaml", "trato/examples/simulated/treatments.yaml"} <= held

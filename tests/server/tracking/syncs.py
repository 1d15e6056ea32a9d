"""The shim that notes or slows the syncs of a process, built where it is needed."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("sync_shim.c")


def built(folder: Path) -> Path:
    """The shim as a library to be preloaded, in this folder."""
    library = folder / "sync_shim.so"
    command = ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


def noted(log: Path) -> list[tuple[float, str]]:
    """What was noted: when each sync had ended, and of which file."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [(float(when), file) for when, _, file in (line.partition(" ") for line in lines)]

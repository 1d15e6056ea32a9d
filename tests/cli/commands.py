"""The command line in a process of its own, warnings being errors."""

from __future__ import annotations

import subprocess
import sys


def trato(*words: object) -> subprocess.CompletedProcess[str]:
    """Run `trato WORDS`."""
    code = "from trato.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )

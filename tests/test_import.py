"""`import trato` and `trato --help` stay quick: what is heavy is imported by the command that needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"duckdb", "numba", "pandas", "pyarrow", "scipy.optimize", "sklearn", "sqlalchemy", "sqlglot"}

IMPORT = "import trato"
HELP = """
import contextlib, io
sys.argv = ["trato", "--help"]
from trato.cli.main import run
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    run()
assert "value" in shown.getvalue()
"""


def in_a_fresh_process(what: str) -> tuple[float, set[str]]:
    """Processor seconds that `what` took, and the modules it brought in."""
    script = f"""
import sys, time
started = time.process_time()
{what}
taken = time.process_time() - started
import json
print(json.dumps([taken, sorted(sys.modules)]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    taken, modules = json.loads(done.stdout.splitlines()[-1])
    return taken, set(modules)


@pytest.mark.parametrize("what", [IMPORT, HELP], ids=["import", "help"])
def test_nothing_heavy_is_imported(what: str) -> None:
    _, modules = in_a_fresh_process(what)
    assert not HEAVY & modules


def test_import_takes_a_quarter_of_a_second_at_most() -> None:
    # Processor time, and the best of a few: a busy machine must not fail it.
    assert min(in_a_fresh_process(IMPORT)[0] for _ in range(3)) <= 0.25

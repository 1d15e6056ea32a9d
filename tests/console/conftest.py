"""The staged shop, served for all tests of the console, and somebody who uses it without a browser."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.console.staged import Staged, open_for_business, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trato.company.access import Role


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    """The console alone, served to this machine. Tests change only what is theirs, and put back the clock."""
    with open_for_business(tmp_path_factory.mktemp("console")) as staged, served(staged):
        yield staged


@dataclass(slots=True)
class Somebody:
    """A visitor who reads pages and fills in forms."""

    client: httpx.Client
    console: Staged

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def send(
        self, path: str, /, on: str = "/access", token: str | None = None, **fields: object
    ) -> httpx.Response:
        """Fill in a form that stands on a page."""
        carried = form_token(self.get(on).text) if token is None else token
        return self.client.post(path, data={"token": carried, **fields})

    @property
    def session(self) -> str | None:
        return self.client.cookies.get("trato_session")


def form_token(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1]


def text_of(page: str) -> str:
    """What a reader sees, roughly."""
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    return re.sub(r" ([.,;:)])", r"\1", text)


@pytest.fixture
def visitor(console: Staged) -> Iterator[Callable[[], Somebody]]:
    """A visitor who is not logged in, new at each call."""
    clients: list[httpx.Client] = []

    def come() -> Somebody:
        clients.append(httpx.Client(base_url=console.url, timeout=30, trust_env=False))
        return Somebody(clients[-1], console)

    yield come
    for client in clients:
        client.close()


@pytest.fixture
def someone(console: Staged, visitor: Callable[[], Somebody]) -> Callable[..., Somebody]:
    """Somebody who is logged in in a role."""

    def come(role: Role, language: str = "en") -> Somebody:
        here = visitor()
        here.client.cookies.set("trato_session", console.token(role, language), domain="127.0.0.1")
        return here

    return come

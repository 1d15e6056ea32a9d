"""Senders that keep their own account of what was acknowledged, each on a connection of its own."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.server.live import kept_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.server.live import Shop


def viewed(sender: int, number: int) -> dict[str, Any]:
    """An event that is kept with its number as module, so that what arrived can be told apart."""
    return {
        "type": "page",
        "name": "looked",
        "userId": f"sender {sender}",
        "messageId": f"{sender}-{number}",
        "timestamp": "2026-03-01T12:00:00Z",
        "properties": {"title": str(number)},
    }


def post(connection: http.client.HTTPConnection, key: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Send a body and read the answer."""
    basic = base64.b64encode(f"{key}:".encode()).decode("ascii")
    connection.request("POST", path, body, {"Authorization": f"Basic {basic}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@dataclass
class Sender:
    """Sends its events one after the other, singly and in batches, as long as the server answers.

    What was not acknowledged is sent again, with the same message ids, by the next call.
    """

    name: int
    key: str
    acknowledged: set[int] = field(default_factory=set)
    unanswered: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    _next: int = 0

    def send_until_it_breaks(self, url: str, stop: Callable[[], bool]) -> None:
        """Send until `stop` says so, or the server is gone."""
        connecting = closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30))
        with connecting as connection, suppress(OSError, http.client.HTTPException):
            while not stop():
                self._send(connection, self._some())

    def send_what_is_left(self, url: str) -> None:
        """Send what was never acknowledged, in one batch."""
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
            if self.unanswered:
                self._send(connection, list(self.unanswered))

    def _some(self) -> list[int]:
        if self.unanswered:
            return list(self.unanswered)
        size = 1 if self._next % 3 else 20
        numbers = list(range(self._next, self._next + size))
        self._next += size
        return numbers

    def _send(self, connection: http.client.HTTPConnection, numbers: Sequence[int]) -> None:
        self.unanswered = list(numbers)
        events = [viewed(self.name, number) for number in numbers]
        if len(events) == 1:
            path, body = "/v1/page", json.dumps(events[0])
        else:
            path, body = "/v1/batch", json.dumps({"batch": events})
        status, _ = post(connection, self.key, path, body.encode())
        self.statuses[status] += 1
        if status == 200:
            self.acknowledged.update(numbers)
            self.unanswered = []


def at_once(calls: Iterable[Callable[[], object]]) -> list[threading.Thread]:
    """Begin all calls, each in a thread."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    return threads


def arrived(shop: Shop, senders: Iterable[Sender]) -> dict[int, Counter[int]]:
    """How often each event is kept, by the sender's name; the store is opened once for all."""
    company = shop.company
    with shop.store() as store:
        return {
            one.name: Counter(
                int(entry.module or "") for entry in kept_in(store, company, "user_id", f"sender {one.name}")
            )
            for one in senders
        }

"""How many events a second the server takes, each on disk before its answer, and how long an answer takes.

    python benchmarks/ingest.py [--seconds 8] [--only sqlite | postgresql] [--slow-sync MICROSECONDS]

The server runs on one core and the clients on another, each connection a thread that sends its next request
when it has its answer. Of the events 50 in 100 are pages seen, 40 orders of two products, 10 answers of a
survey, of 5,000 customers, all known beforehand unless "new customers" says otherwise. SQLite runs with
`synchronous=FULL`, PostgreSQL with its defaults. Then a build learns from what came, and while 200 events a
second come it is measured how long it takes from sending an event until the customer's page, asked again and
again, counts it. `--slow-sync` makes each sync of the server (SQLite) take
so much longer, as a slower disk would; it needs a C compiler.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

# The shop and the ways to serve it are those of the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.conftest import a_postgres
from tests.server.live import Serving, Shop, new_shop
from tests.server.tracking import syncs
from tests.storage.conftest import new_database
from trato.storage.migrate import migrate_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CUSTOMERS = 5_000
CONNECTIONS = 8
BATCH = 100
TICKS = os.sysconf("SC_CLK_TCK")
MODULES = ("rye", "spelt", "olive", "rose", "brie", "gouda", "pils", "stout", "oolong", "assam")


@dataclass(frozen=True)
class Found:
    """What one run brought: seconds of wall clock, of the server's processor, and each answer's."""

    events: int
    seconds: float
    processor: float
    memory: int
    answers: np.ndarray[Any, np.dtype[np.float64]]


def event(rng: np.random.Generator, customer: str) -> dict[str, Any]:
    kind = rng.random()
    taste = MODULES[:5] if customer[-1] in "02468" else MODULES[5:]  # so that a build finds two needs
    said: dict[str, Any] = {
        "userId": customer,
        "messageId": secrets.token_hex(16),
        "timestamp": "2026-03-01T12:00:00Z",
        "context": {
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
            "page": {
                "path": "/cart",
                "referrer": "",
                "search": "",
                "title": "Cart",
                "url": "https://shop.example/cart",
            },
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0",
            "locale": "es-ES",
        },
    }
    if kind < 0.5:
        return said | {"type": "page", "name": "looked", "properties": {"title": str(rng.choice(taste))}}
    if kind < 0.9:
        bought = [
            {
                "category": f"shelf {rng.integers(8)}",
                "name": str(rng.choice(taste)),
                "quantity": 1,
                "price": 3.1,
            }
            for _ in range(2)
        ]
        order = {"currency": "EUR", "products": bought}
        return said | {"type": "track", "event": "Order Completed", "properties": order}
    answer = {"question": "bread", "answer": str(rng.choice(taste)), "words": "the darker the better"}
    return said | {"type": "track", "event": "Survey Answered", "properties": answer}


def requests(key: str, batch: int, customer: Callable[[], str], seed: int) -> Iterator[bytes]:
    """Requests as bytes, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield request(key, [event(rng, customer()) for _ in range(batch)])


def request(key: str, events: Sequence[dict[str, Any]]) -> bytes:
    """One request: a single call, or a batch where there are several events."""
    basic = base64.b64encode(f"{key}:".encode()).decode()
    body = json.dumps({"batch": events} if len(events) > 1 else events[0]).encode()
    path = "/v1/batch" if len(events) > 1 else f"/v1/{events[0]['type']}"
    head = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Basic {basic}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def client(address: tuple[str, int], prepared: Sequence[bytes], until: float, spans: list[float]) -> int:
    """Send until a moment; returns how many were answered with 200. Another answer ends the program."""
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for count, one in enumerate(prepared):
            began = time.perf_counter()
            if began > until:
                return count
            connection.sendall(one)
            answer = b""
            while b'{"success":true}' not in answer:
                part = connection.recv(65536)
                answer += part
                if not part or not answer.startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"refused: {answer!r}")
            spans.append(time.perf_counter() - began)
    return len(prepared)


def processor_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICKS


def memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def run(
    serving: Serving, key: str, batch: int, seconds: float, customer: Callable[[], str], most: int
) -> Found:
    place = urlsplit(serving.url)
    address = (str(place.hostname), int(place.port or 0))
    each = -(-most // (batch * CONNECTIONS))
    prepared = []
    for number in range(CONNECTIONS):
        source = requests(key, batch, customer, secrets.randbits(60) + number)
        prepared.append([next(source) for _ in range(each)])
    spans: list[list[float]] = [[] for _ in prepared]
    counts = [0] * CONNECTIONS
    used = processor_seconds(serving.process.pid)
    began = time.perf_counter()
    until = began + seconds

    def go(number: int) -> None:
        counts[number] = client(address, prepared[number], until, spans[number])

    threads = [threading.Thread(target=go, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if any(len(one) == each for one in spans):
        print("  (all that was prepared was sent: the rate is a lower bound)")
    return Found(
        events=sum(counts) * batch,
        seconds=took,
        processor=processor_seconds(serving.process.pid) - used,
        memory=memory(serving.process.pid),
        answers=np.concatenate([np.array(one) for one in spans]) * 1000,
    )


def told(name: str, found: Found) -> None:
    p50, p99 = np.percentile(found.answers, [50, 99])
    print(
        f"{name:44} {found.events / found.seconds:8,.0f} events/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   "
        f"{1e6 * found.processor / found.events:6.0f} µs of processor an event   "
        f"{found.memory / 2**20:4.0f} MB",
        flush=True,
    )


def customers(prefix: str, known: int | None) -> Callable[[], str]:
    """Names of customers: one of so many, or each a new one."""
    rng = np.random.default_rng(7)
    count = iter(range(10**9))
    if known is None:
        return lambda: f"{prefix}{next(count)}"
    return lambda: f"{prefix}{rng.integers(known)}"


def bind(serving: Serving) -> None:
    """Keep the server on one core; this program is on another."""
    if os.cpu_count() != 1:
        for task in Path(f"/proc/{serving.process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {0})


def measure(name: str, shop: Shop, seconds: float, most: int, **environment: str) -> None:
    options = ("--rate", "1000000")
    reader = shop.another_key("read")
    with shop.served(*options, **environment) as serving:
        bind(serving)
        everybody = customers("known ", None)
        run(serving, shop.key, BATCH, 600, everybody, CUSTOMERS)  # so that they are known
        known = customers("known ", CUSTOMERS)
        told(f"{name}, batches of {BATCH}", run(serving, shop.key, BATCH, seconds, known, most))
        told(f"{name}, singles", run(serving, shop.key, 1, seconds, known, most // 4))
        told(
            f"{name}, singles of new customers",
            run(serving, shop.key, 1, seconds, customers("new ", None), most // 4),
        )
    freshness(name, shop, reader, seconds)


class Page:
    """A connection on which customers' pages are asked for."""

    def __init__(self, serving: Serving, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(serving.url).netloc)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def _ask(self, method: str, path: str, said: object = None) -> Any:
        self._connection.request(method, path, json.dumps(said), self._headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != 200:
            raise SystemExit(f"refused: {told}")
        return told

    def find(self, customer: str) -> str:
        said = {"identifiers": [{"kind": "user_id", "value": customer}]}
        return str(self._ask("POST", "/api/customers/search", said)["customers"][0]["id"])

    def counted(self, customer: str) -> int:
        return int(self._ask("GET", f"/api/customers/{customer}?section=wants")["wants"]["shown"]["counted"])


def freshness(name: str, shop: Shop, reader: str, seconds: float, rate: int = 200) -> None:
    """How long after an event was sent the customer's page counts it, while others send at a rate."""
    command = [sys.executable, "-c", "from trato.cli.main import run; run()", "build", str(shop.folder)]
    subprocess.run(command, env={**os.environ, **shop.environment}, check=True, capture_output=True)
    with shop.served() as serving:
        bind(serving)
        place = urlsplit(serving.url)
        address = (str(place.hostname), int(place.port or 0))
        crowd = customers("known ", CUSTOMERS)
        stop = time.monotonic() + seconds + 2

        def others(number: int) -> None:
            source = requests(shop.key, 1, crowd, number)
            prepared = [next(source) for _ in range(int(rate / CONNECTIONS * (seconds + 2)))]
            with socket.create_connection(address) as connection:
                for count, one in enumerate(prepared):
                    due = began + 2 + (count + number / CONNECTIONS) * CONNECTIONS / rate
                    time.sleep(max(0.0, due - time.monotonic()))
                    if time.monotonic() > stop:
                        return
                    connection.sendall(one)
                    connection.recv(65536)

        page = Page(serving, reader)
        watched = [f"known {number}" for number in range(0, CUSTOMERS, CUSTOMERS // int(10 * seconds))]
        ids = [page.find(one) for one in watched]
        before = [page.counted(one) for one in ids]
        began = time.monotonic()
        threads = [threading.Thread(target=others, args=(number,)) for number in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        time.sleep(2)
        rng = np.random.default_rng(1)
        waits = []
        with socket.create_connection(address) as connection:
            for number, customer in enumerate(watched):
                time.sleep(max(0.0, began + 2 + number / 10 - time.monotonic()))
                bought = event(rng, customer) | {"type": "track", "event": "Order Completed"}
                bought["properties"] = {"products": [{"category": "shelf 1", "name": "rye", "price": 1}]}
                sent = time.perf_counter()
                connection.sendall(request(shop.key, [bought]))
                connection.recv(65536)
                while page.counted(ids[number]) <= before[number]:
                    pass
                waits.append(1000 * (time.perf_counter() - sent))
        for thread in threads:
            thread.join()
    p50, p95, p99 = np.percentile(waits, [50, 95, 99])
    print(
        f"{name}, from event to page at {rate} events/s: p50 {p50:.0f} ms, p95 {p95:.0f} ms, "
        f"p99 {p99:.0f} ms, longest {max(waits):.0f} ms, of {len(waits)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--slow-sync", type=int, metavar="MICROSECONDS")
    parser.add_argument("--most", type=int, default=40_000, help="events prepared for a run")
    asked = parser.parse_args()
    if os.cpu_count() != 1:
        os.sched_setaffinity(0, {1})
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{CONNECTIONS} connections, {asked.seconds:g} s a run, {cores} cores with a load of {load:.1f}")
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        if asked.only != "postgresql":
            environment = {}
            name = "SQLite"
            if asked.slow_sync:
                environment = {"LD_PRELOAD": str(syncs.built(folder)), "SYNC_SLOW": str(asked.slow_sync)}
                name += f" + {asked.slow_sync / 1000:g} ms a sync"
            measure(name, new_shop(folder / "sqlite", None), asked.seconds, asked.most, **environment)
        if asked.only != "sqlite" and not asked.slow_sync:
            url = new_database(held.enter_context(a_postgres()), "template0")
            migrate_store(url)
            measure("PostgreSQL", new_shop(folder / "postgresql", url), asked.seconds, asked.most)


if __name__ == "__main__":
    main()

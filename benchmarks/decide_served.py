"""What a decision costs around its kernel: rules, permit and reasons; durable in batch; over HTTP; in memory.

    python benchmarks/decide_served.py [--customers 20000] [--seconds 20] [--postgresql URL] [--million]
                                       [--usual]

One programme of 20 treatments with stock for each, a budget, a cap, conditions, and facts of value and of the
visit. Every customer permits it, has a score, and is a person.

*Alone*: permit, rules and vector of one decision at a time with its reasons in words; then with what it
writes, in a transaction that is never committed; CPU.
*In batch*: `trato decide` for all customers, `synchronous=FULL`, each row under its customer's key.
*Over HTTP*: `trato serve` in a process of its own and a client in another, 8 connections, one decision each,
the log on disk before the answer; SQLite with `synchronous=FULL`, and PostgreSQL where the URL of an empty,
migrated database is given. Both processes share the machine's cores. *Memory*: the resident set of a process
that decides a million times, over the last nine tenths.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trato.batch.decide import decide_for, in_run
from trato.company.folder import read_company
from trato.company.keys import make_key
from trato.company.serving import serving_of
from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.customize.decide import decide
from trato.customize.explain import explain
from trato.customize.models import Models
from trato.customize.programme.decision import Asked
from trato.customize.programme.ids import new_decision_id
from trato.customize.programme.wording import in_words
from trato.customize.publish import publish
from trato.differentiate.known import Score
from trato.differentiate.value.tiers import Tier
from trato.permission.give import GivePermission, give_permission
from trato.storage.of_company import STORE_VARIABLE, make_company_key, open_company_store
from trato.storage.sealing import Sealer, seal_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trato.customers.customer import CustomerId
    from trato.storage.store import Store

TREATMENTS = 20
CONNECTIONS = 8
AT_ONCE = 500
FILES = {
    "company.yaml": "name: {en: Measured}\nlanguages: [en]\ncurrency: EUR\ntime_zone: Europe/Madrid\n",
    "touchpoints.yaml": "touchpoints:\n  web:\n    label: {en: on the web}\n    channel: web\n",
    "purposes.yaml": """\
purposes:
  offers:
    labels: {en: Offers}
    legal_basis: consent
    marketing_contact: true
    fields: [card]
    retention_days: 365
  advice:
    labels: {en: Advice}
    legal_basis: consent
    profiling: true
    fields: [card]
    retention_days: 365
""",
    "sources.yaml": """\
events:
  Order Completed:
    kind: purchase
    purposes: [advice]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    component: {always: bread}
    module: properties.loaf
    amount: properties.total
""",
}
PROGRAMME = """\
programmes:
  measured:
    label: {en: Measured}
    purpose: offers
    believes: advice
    touchpoints: [web]
    goal: {outcome: taken, days: 14}
    same_for_all: t01
    budget: 100000000
    caps: [{contacts: 10000, days: 30}]
    eligible: p_alive > 0.01
    features:
{features}
    treatments:
"""


FIFTY = ["p_alive"]  # with twenty treatments, what they are made of and its products: 52 features
USUAL = [
    *("tier", "p_alive", "expected_value"),
    "{fact: context.age, scale: 50}",
    "{fact: context.visits, scale: 5}",
]  # 128 features, the most that there are


def treatments(features: Sequence[str]) -> str:
    """The treatments as they are declared: four messages, two attributes, conditions on half of them."""
    found = [PROGRAMME.replace("{features}", "\n".join(f"    - {one}" for one in features))]
    for place in range(1, TREATMENTS):
        condition = ", eligible: context.age > 18" if place % 2 else ""
        found.append(
            f"      t{place:02}: {{label: {{en: number {place}}}, value: 10, cost: 0.05, stock: 100000000, "
            f"configuration: {{message: m{place % 4}}}, attributes: {{price: {place / 20}}}{condition}}}\n"
        )
    return "".join(found)


def folder_in(place: str, features: Sequence[str]) -> Path:
    """A company folder with its key."""
    folder = Path(place) / "company"
    folder.mkdir()
    for name, text in {**FILES, "treatments.yaml": treatments(features)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    make_company_key(folder, {}, secrets.token_bytes)
    return folder


def now() -> datetime:
    """The moment."""
    return datetime.now(UTC)  # noqa: TID251 a benchmark is a door


def filled(store: Store, folder: Path, customers: int) -> tuple[list[CustomerId], str]:
    """Customers who permit all, with a build that scored them, and the words of a key."""
    company, at = read_company(folder), now()
    people: list[CustomerId] = []
    for some in _batched(customers):

        def meet(it: Any, some: Any = some) -> list[CustomerId]:
            met = []
            for number in some:
                request = RegisterCustomer((identifier("card", f"card {number}"),), {})
                who = register_customer(it, request, now=at, draw=secrets.token_bytes).id
                for purpose in company.purposes:
                    give_permission(it, GivePermission(who, purpose, "web", "benchmark", ""), now=at)
                met.append(who)
            return met

        people += store.write(meet)

    tiers = [one.value for one in Tier]

    def publish(it: Any) -> str:
        it.start_build("measured", at, it.log_watermark())
        day = date(2026, 1, 1)
        scores = []
        for n, one in enumerate(people):
            value, alive = 900.0 + n % 700, 0.3 + n % 60 / 100
            scores.append(
                Score(one, "advice", -1, 0.0, 5, 1000, value, 100.0, 2000.0, alive, None, tiers[n % 4], day)
            )
        it.put_scores("measured", scores)
        it.publish_build("measured", {"advice": {"needs": None, "values": None}}, "{}", at)
        words, _ = make_key(it, "benchmark", frozenset({"decide"}), now=at, draw=secrets.token_bytes)
        return words

    return people, store.write(publish)


def _batched(customers: int) -> Iterator[range]:
    return (range(first, min(first + AT_ONCE, customers)) for first in range(0, customers, AT_ONCE))


class Undone(Exception):
    """So that nothing of a measured transaction is kept."""


def asked_of(people: Sequence[CustomerId], first: int = 0) -> list[Asked]:
    """A request for each, with facts of a visit."""
    chance = secrets.token_bytes(12 * len(people))
    return [
        Asked(
            id=new_decision_id(now(), secrets.token_bytes),
            customer=one,
            programme="measured",
            touchpoint="web",
            seed=int.from_bytes(chance[12 * n : 12 * n + 8], "big"),
            draw=int.from_bytes(chance[12 * n + 8 : 12 * n + 12], "big"),
            context=visit(first + n),
        )
        for n, one in enumerate(people)
    ]


def visit(number: int) -> dict[str, Any]:
    """What a request says of itself."""
    return {"age": 20 + number % 50, "visits": number % 9}


def alone(store: Store, folder: Path, people: Sequence[CustomerId]) -> None:
    """One decision at a time, and in groups, with reasons in words and without the commit."""
    company = read_company(folder)
    serving, settings = serving_of(company, Models()), company.settings

    def measured(size: int, *, words: bool, log: bool) -> float:
        times: list[float] = []

        def work(it: Any) -> None:
            for first in range(0, min(len(people), 200 * size) - size + 1, size):
                asked = asked_of(people[first : first + size], first)
                begun = time.process_time()
                made = decide(it, asked, serving=serving, now=now(), only_look=not log)
                for one in made if words else ():
                    in_words(
                        explain(one.decision, one.ready),
                        "en",
                        currency=settings.currency,
                        minor_units=settings.minor_units,
                    )
                times.append((time.process_time() - begun) / size)
            raise Undone

        with contextlib.suppress(Undone):
            store.write(work)
        return float(statistics.median(times[len(times) // 10 :])) * 1e6

    ready = store.read(lambda it: serving.served(it, "measured", None))
    say(f"alone: {len(ready.keys)} treatments, {ready.layout.size} features; CPU p50 without commit")
    for size in (1, 8, 100):
        looked = measured(size, words=True, log=False)
        bare, logged = measured(size, words=False, log=False), measured(size, words=True, log=True)
        say(
            f"  {size:>3} at once: {looked:6.0f} µs each with reasons in words, {bare:.0f} without them; "
            f"{logged:.0f} with what it writes"
        )


def in_batch(store: Store, folder: Path, people: Sequence[CustomerId]) -> None:
    """As `trato decide`: a run over all customers, sealed in blocks behind it."""
    company = read_company(folder)
    programme = company.programmes.by_key["measured"]
    begun = time.perf_counter()
    report = decide_for(
        store,
        programme,
        in_run(secrets.token_hex(4), programme, people),
        touchpoint="web",
        serving=serving_of(company, Models()),
        now=now,
        draw=secrets.token_bytes,
    )
    taken = time.perf_counter() - begun
    seal_log(store, now())
    sealed = time.perf_counter() - begun
    given = report.decided - report.by_treatment.get("nothing", 0)
    rate = report.decided / taken
    say(
        f"in batch: {rate:,.0f} durable decisions/s, {report.decided / sealed:,.0f} with sealing them "
        f"({given:,} of {report.decided:,} give something)"
    )


def resident(process: int) -> float:
    """The resident set of a process, in MB."""
    text = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


@contextlib.contextmanager
def served(folder: Path, url: str | None) -> Iterator[tuple[str, int]]:
    """`trato serve` in a process of its own: its address and its id."""
    environment = {**os.environ, **({STORE_VARIABLE: url} if url else {})}
    command = [sys.executable, "-c", "from trato.cli.main import run; run()", "serve", str(folder)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--json"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = ""
    while not told.endswith("}\n"):
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the server did not start")
        told += line
    try:
        yield json.loads(told)["url"], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def over_http(
    folder: Path, url: str | None, key: str, people: Sequence[CustomerId], seconds: float, *, why: bool
) -> None:
    """The client in a process of its own, so that neither waits for the other's interpreter."""
    with served(folder, url) as (address, process):
        given = {"address": address, "key": key, "people": people, "seconds": seconds, "why": why}
        before = resident(process)
        done = subprocess.run(
            [sys.executable, __file__, "--client"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        name = "PostgreSQL" if url else "SQLite, synchronous=FULL"
        say(
            f"over HTTP ({name}, {'with' if why else 'without'} reasons): {found['rate']:,.0f} decisions/s, "
            f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms; {found['decisions']:,} decisions, "
            f"memory {before:.0f} → {resident(process):.0f} MB"
        )


def client(given: dict[str, Any]) -> dict[str, Any]:
    """Ask on every connection, one decision after the other, for so long; the first fifth is to warm up."""
    port = int(given["address"].rsplit(":", 1)[1])
    people, times = given["people"], []
    number = itertools.count()

    async def ask(begun: float, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /api/decisions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {given['key']}\r\n"
        while (sent := time.perf_counter()) < until:
            place = next(number)
            wish = {"customer": people[place % len(people)], "programme": "measured", "touchpoint": "web"}
            body = json.dumps({**wish, "context": visit(place), "why": given["why"]}).encode()
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 201"):
                raise RuntimeError(answer.decode())
            size = answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
            await reader.readexactly(int(size))
            if sent > begun:
                times.append(time.perf_counter() - sent)
        writer.close()

    async def all_of_them() -> float:
        started = time.perf_counter()
        seconds = float(given["seconds"])
        begun, until = started + seconds / 5, started + seconds
        await asyncio.gather(*(ask(begun, until) for _ in range(CONNECTIONS)))
        return time.perf_counter() - begun

    import uvloop

    taken = uvloop.run(all_of_them())
    times.sort()
    p50, p99 = times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3
    return {"rate": len(times) / taken, "p50": p50, "p99": p99, "decisions": next(number)}


def million(store: Store, folder: Path, people: Sequence[CustomerId], decisions: int) -> None:
    """The resident set while one process decides on and on, as the server does: groups of a few."""
    company = read_company(folder)
    programme = company.programmes.by_key["measured"]
    serving = serving_of(company, Models())
    sizes: list[tuple[int, float]] = []
    done = 0
    with Sealer(store, now):
        while done < decisions:
            report = decide_for(
                store,
                programme,
                in_run(secrets.token_hex(4), programme, people),
                touchpoint="web",
                serving=serving,
                now=now,
                draw=secrets.token_bytes,
            )
            done += report.decided
            sizes.append((done, resident(os.getpid())))
    settled = [one for one in sizes if one[0] >= decisions / 10]
    (first, low), (last, high) = settled[0], settled[-1]
    say(
        f"memory: {low:.1f} MB after {first:,} decisions, {high:.1f} MB after {last:,}: "
        f"{(high - low) / (last - first) * 100_000:.2f} MB for each 100,000"
    )


def say(words: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, and say what was found."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--customers", type=int, default=20_000)
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--postgresql", default=None)
    options.add_argument("--million", type=int, nargs="?", const=1_000_000, default=0)
    options.add_argument("--usual", action="store_true", help="128 features in place of 52")
    options.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    said = options.parse_args()
    if said.client:
        sys.stdout.write(json.dumps(client(json.load(sys.stdin))))
        return
    for url in (None, said.postgresql) if said.postgresql else (None,):
        with tempfile.TemporaryDirectory() as place:
            measure(folder_in(place, USUAL if said.usual else FIFTY), url, said)


def measure(folder: Path, url: str | None, said: argparse.Namespace) -> None:
    """All figures on one database."""
    environment = {**os.environ, **({STORE_VARIABLE: url} if url else {})}
    say(f"{'PostgreSQL' if url else 'SQLite'}, {said.customers:,} customers")
    with open_company_store(read_company(folder), environment) as store:
        people, key = filled(store, folder, said.customers)
        for one in read_company(folder).programmes:
            store.write(lambda it, one=one: publish(it, one, now=now()))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        alone(store, folder, people)
        in_batch(store, folder, people)
        if said.million and url is None:
            million(store, folder, people, said.million)
    for why in (True, False):
        over_http(folder, url, key, people, said.seconds, why=why)


if __name__ == "__main__":
    main()

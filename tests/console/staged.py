"""A corner shop with customers of every sort, somebody in every role, and the console served."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import uvicorn
from fastapi import FastAPI

from tests.customize import corner as shops
from tests.customize.corner import Corner, needs_model
from trato.company.access import ROLES
from trato.company.people import SetUp, begin_session, invite, set_up
from trato.company.serving import serving_of
from trato.console.routes import router
from trato.customize.decide import decide
from trato.customize.models import Models
from trato.customize.programme.decision import WHOLE, Asked, Outcome
from trato.customize.programme.ids import decision_id_of
from trato.customize.publish import publish
from trato.differentiate.known import Counted, MoneyDay, Score
from trato.differentiate.needs.beliefs import believe
from trato.differentiate.needs.stored_model import as_document
from trato.differentiate.value.days import rows_of
from trato.differentiate.value.learn import learn_values
from trato.interact.conversations import OpenConversation, Promise, open_conversation, promise
from trato.interact.log import Aside
from trato.interact.touchpoints import Touchpoint
from trato.measure.running import look_now
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.company.access import Role
    from trato.customers.customer import CustomerId
    from trato.storage.store import Store

NOW = shops.NOW
PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
LONG = "Maximiliane-Anastasia Wolfeschlegelsteinhausenbergerdorff de Albuquerque e Vasconcelos y Fernández"
START = date(2025, 3, 1)
DAYS = 360
CROWD = 60
NO_CHOICE: dict[str, Any] = {"component": None, "module": None}


@dataclass(slots=True)
class Clock:
    """The console's clock; it stands still until a test moves it."""

    now: datetime = NOW + timedelta(minutes=10)

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Staged:
    """The shop, its customers by what they are for, and where it is served."""

    corner: Corner
    customers: dict[str, CustomerId] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    decision: str = ""

    @property
    def store(self) -> Store:
        return self.corner.store

    def token(self, role: Role, language: str = "en") -> str:
        """A session of somebody in a role, who reads a language."""

        def work(it: Any) -> str:
            (who,) = [one for one in it.persons() if one.email == f"{role}@example.org"]
            it.set_language(who.id, language)
            return begin_session(it, who.id, now=self.clock.now, draw=secrets.token_bytes)

        return self.store.write(work)


def histories(number: int) -> list[tuple[MoneyDay, ...]]:
    """Customers who buy at rates of their own."""
    rng = np.random.default_rng(5)
    told = []
    for _ in range(number):
        rate, spend, begins = rng.gamma(1.2, 0.04), rng.gamma(4.0, 900.0), int(rng.integers(0, DAYS // 2))
        days = [day for day in range(begins, DAYS) if day == begins or rng.random() < rate]
        told.append(
            tuple(
                MoneyDay(START + timedelta(days=day), int(rng.gamma(3.0, spend / 3.0)), None, True)
                for day in days
            )
        )
    return told


def stage(folder: Path, store: Store, **pages: str) -> Staged:
    """Customers, what they said and did, a build, and the company's people."""
    corner = Corner(shops.company(folder / "shop", **pages), store)
    staged = Staged(corner)
    _people(staged)
    _customers(staged)
    _build(staged)
    _lately(staged)
    _decisions(staged)
    return staged


def _people(staged: Staged) -> None:
    for role in ROLES:
        link = staged.store.write(
            lambda it, role=role: invite(it, role, now=NOW, draw=secrets.token_bytes)  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        )
        at = NOW - timedelta(days=1) if role == ROLES[0] else NOW
        set_up(
            staged.store, SetUp(link, f"{role}@example.org", PASSWORD, "en"), now=at, draw=secrets.token_bytes
        )


def _customers(staged: Staged) -> None:
    corner, who = staged.corner, staged.customers
    who["ana"] = corner.meet("Ana Prado", language="es")
    corner.grant(who["ana"], at=NOW - timedelta(days=300))
    who["hostile"] = corner.meet(HOSTILE)
    corner.grant(who["hostile"], at=NOW - timedelta(days=30))
    corner.says(who["hostile"], HOSTILE, "wants", HOSTILE[:60])
    who["long"] = corner.meet(LONG)
    corner.grant(who["long"])
    corner.says(who["long"], "word " * 300, "avoids", "wheat")
    who["silent"] = corner.meet("Silent Sam")
    who["withdrawn"] = corner.meet("Wanda Left")
    corner.grant(who["withdrawn"])
    corner.refuse(who["withdrawn"], "advice", at=NOW + timedelta(minutes=1))
    corner.refuse(who["withdrawn"], "analysis", at=NOW + timedelta(minutes=1))
    who["ended"] = corner.meet("Enid Over")
    corner.grant(who["ended"], "advice", until=NOW + timedelta(minutes=1))
    corner.refuse(who["ended"], "service", deny=True)
    who["empty"] = corner.meet("Newly Met")
    corner.grant(who["empty"])
    for number in range(CROWD):
        who[f"crowd {number}"] = corner.meet(f"Crowd{number} Member")
        corner.grant(who[f"crowd {number}"], at=NOW - timedelta(days=60))


def _build(staged: Staged) -> None:
    model = needs_model((0.4, 0.6))
    told = histories(CROWD + 3)
    rng = np.random.default_rng(7)
    people = [staged.customers[name] for name in ("ana", "hostile", "long")]
    people += [one for name, one in staged.customers.items() if name.startswith("crowd")]
    counts = [
        {
            ("bread", "rye" if number % 3 else "wheat"): int(rng.integers(1, 30)),
            ("milk", "whole"): int(rng.integers(1, 9)),
        }
        for number in range(len(people))
    ]
    beliefs = [believe(model, one) for one in counts]
    weights = np.array([one.weights for one in beliefs])
    until = START + timedelta(days=DAYS - 1)
    values, worths, seen = learn_values(
        rows_of(told),
        until,
        weights=weights,
        known=np.ones(len(people), bool),
        needs_version=model.version,
        currency="EUR",
        minor_units=2,
    )
    scores = [
        Score(
            people[place],
            "advice",
            int(np.argmax(weights[place])),
            float(weights[place].max()),
            sum(counts[place].values()),
            int(worths.actual_value[row]),
            float(worths.expected_value[row]),
            float(worths.low[row]),
            float(worths.high[row]),
            float(worths.p_alive[row]),
            float(worths.potential[row]),
            str(worths.tier[row]),
            until,
        )
        for row, place in enumerate(seen.tolist())
    ]

    def publish(it: Any) -> None:
        it.start_build("staged", NOW, it.log_watermark())
        it.put_model(model.version, "needs", json.dumps(as_document(model)))
        it.put_model(values.version, "values", values.document())
        it.put_counted(
            "staged",
            [Counted(one, "advice", counts[i], told[i]) for i, one in enumerate(people)],
        )
        it.put_scores("staged", scores)
        it.publish_build("staged", {"advice": {"needs": model.version, "values": values.version}}, "{}", NOW)

    staged.store.write(publish)


def _lately(staged: Staged) -> None:
    corner, ana = staged.corner, staged.customers["ana"]
    corner.says(ana, "Never wheat, it makes me ill.", "avoids", "wheat", at=NOW - timedelta(days=40))
    corner.says(ana, "I like it dark and sour.", "wants", "rye", at=NOW - timedelta(days=3))
    for number in range(25):
        corner.does(ana, at=NOW - timedelta(days=number, hours=3), amount=420 + number)
    corner.does(
        ana, "whole", "milk", kind="view", at=NOW - timedelta(hours=5), amount=None, learns=False,
        touchpoint=Touchpoint("web", "web"),
    )  # fmt: skip
    corner.does(
        ana, **NO_CHOICE, kind="contact", at=NOW - timedelta(days=6), amount=None, learns=False,
        touchpoint=Touchpoint("letter", "email"),
    )  # fmt: skip
    service = corner.company.purposes.named("service")

    def matters(it: Any) -> None:
        first = open_conversation(
            it, OpenConversation(ana, service, "till", "The rye of Friday was not baked through"),
            now=NOW - timedelta(days=9), draw=secrets.token_bytes,
        )  # fmt: skip
        promise(
            it, Promise(ana, service, first.id, "a loaf for free", NOW - timedelta(days=2)),
            now=NOW - timedelta(days=9),
        )  # fmt: skip
        open_conversation(
            it, OpenConversation(staged.customers["hostile"], service, "web", HOSTILE),
            now=NOW - timedelta(days=1), draw=secrets.token_bytes,
        )  # fmt: skip
        it.put_aside([Aside("Order Completed", "time: no such moment", NOW, "{}")] * 3)
        it.put_aside([Aside(HOSTILE[:60], "no mapping", NOW, "{}")])

    staged.store.write(matters)


def _decisions(staged: Staged) -> None:
    """A loaf to try was decided for half the crowd, and some of it was taken."""
    corner = staged.corner
    serving, programme = serving_of(corner.company, corner.models), corner.company.programmes.by_key["loaves"]
    people = [staged.customers[f"crowd {number}"] for number in range(0, CROWD, 2)]
    asked = [
        Asked(decision_id_of(one), one, "loaves", "web", number, number * 143_165_577 % WHOLE)
        for number, one in enumerate(people)
    ]

    def made(it: Any) -> None:
        publish(it, programme, now=NOW)
        found = [one.decision for one in decide(it, asked, serving=serving, now=NOW - timedelta(days=40))]
        at = NOW - timedelta(days=38)
        some = [one for one in found if one.treatment != "nothing"][::2]
        it.add_outcomes([Outcome(one.id, "r", at, at, True, 0) for one in some])
        look_now(it, programme, planned=2_000, now=NOW)
        staged.decision = found[0].id

    staged.store.write(made)


@contextmanager
def served(staged: Staged) -> Iterator[Staged]:
    """The console alone, on a thread of its own."""
    app = FastAPI(openapi_url=None)
    app.include_router(
        router(
            company=staged.corner.company,
            store=staged.store,
            models=Models(),
            now=staged.clock,
            draw=secrets.token_bytes,
            secret=bytes(32),
        )
    )
    with listening(app) as url:
        staged.url = url
        yield staged


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """An application at a free port of this machine."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", access_log=False, ws="none", lifespan="on")
        )
        thread = threading.Thread(target=server.run, args=([door],))
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the server did not start")
                thread.join(0.02)
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def open_for_business(folder: Path, url: str | None = None, **pages: str) -> Iterator[Staged]:
    """All of it; the store is at the URL, or in a file of the folder."""
    with open_store(url or f"sqlite:///{folder / 'corner.sqlite3'}", bytes(range(32))) as store:
        yield stage(folder, store, **pages)


@contextmanager
def just_opened(folder: Path) -> Iterator[Staged]:
    """The shop on its first day: its people have come in, and nothing else has happened."""
    with open_store(f"sqlite:///{folder / 'corner.sqlite3'}", bytes(range(32))) as store:
        staged = Staged(Corner(shops.company(folder / "shop"), store))
        _people(staged)
        yield staged

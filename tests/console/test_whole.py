"""The whole application: what a program sends is on the customer's page, and the doors keep apart."""

from __future__ import annotations

import base64
import secrets
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.console.conftest import Somebody, text_of
from tests.console.staged import listening, open_for_business
from tests.customize import corner as shops
from tests.storage.conftest import migrated, new_database
from trato.company.keys import make_key
from trato.console.routes import router
from trato.customize.models import Models
from trato.server.app import application
from trato.server.context import Context

__all__ = ["migrated"]  # a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.console.staged import Staged

EVENTS = """\
events:
  Order Completed:
    kind: purchase
    purposes: [service, advice]
    touchpoint: web
    customer: {card: userId}
    time: timestamp
    component: {always: bread}
    module: properties.loaf
    amount: properties.total
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staged]:
    url = None
    if request.param == "postgresql":
        template = request.getfixturevalue("migrated")
        url = new_database(request.getfixturevalue("postgres"), template)
    sources = shops.SOURCES.split("events:")[0] + EVENTS
    with open_for_business(tmp_path_factory.mktemp("whole"), url, sources=sources) as staged:
        context = Context(staged.corner.company, staged.store, Models(), staged.clock, secrets.token_bytes)
        pages = router(
            company=context.company, store=context.store, models=context.models, now=context.now,
            draw=context.draw, secret=b"whole",
        )  # fmt: skip
        with listening(application(context, pages=[pages])) as staged.url:
            yield staged


@pytest.fixture
def agent(whole: Staged) -> Iterator[Somebody]:
    with httpx.Client(base_url=whole.url, trust_env=False, timeout=30) as client:
        client.cookies.set("trato_session", whole.token("agent"), domain="127.0.0.1")
        yield Somebody(client, whole)


def key(whole: Staged) -> dict[str, str]:
    words, _ = whole.store.write(
        lambda it: make_key(
            it, "web", frozenset({"track", "read"}), now=whole.clock.now, draw=secrets.token_bytes
        )
    )
    return {"authorization": "Basic " + base64.b64encode(f"{words}:".encode()).decode()}


def test_an_event_is_on_the_page_within_a_second(whole: Staged, agent: Somebody) -> None:
    event = {
        "messageId": "one", "userId": "card of crowd7", "event": "Order Completed",
        "timestamp": whole.clock.now.isoformat(), "properties": {"loaf": "spelt", "total": 3.21},
    }  # fmt: skip
    path = f"/customers/{whole.customers['crowd 7']}"
    assert "bread: spelt" not in text_of(agent.get(path).text)
    begun = time.monotonic()
    assert httpx.post(f"{whole.url}/v1/track", json=event, headers=key(whole)).status_code == 200
    while "bread: spelt" not in (page := text_of(agent.get(path).text)):
        assert time.monotonic() < begun + 20  # a second at ease; the machine of a test may be busy
    assert "Bought on the web · €3.21" in page
    assert "Order Completed event 1" in text_of(somebody_else(whole, agent, "/events"))


def somebody_else(whole: Staged, agent: Somebody, path: str) -> str:
    agent.client.cookies.clear()
    agent.client.cookies.set("trato_session", whole.token("analyst"), domain="127.0.0.1")
    return agent.get(path).text


def test_a_mistake_is_told_as_a_page_to_people_and_as_a_problem_to_programs(
    whole: Staged, agent: Somebody
) -> None:
    assert agent.get("/customers/nobody").headers["content-type"].startswith("text/html")
    told = httpx.get(f"{whole.url}/api/customers/nobody", headers=key(whole))
    assert told.headers["content-type"].startswith("application/problem+json")


def test_a_session_opens_no_door_of_programs_and_a_key_none_of_people(whole: Staged, agent: Somebody) -> None:
    who = whole.customers["ana"]
    assert agent.get(f"/api/customers/{who}").status_code == 401
    answer = httpx.get(f"{whole.url}/customers/{who}", headers=key(whole))
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_pages_keep_their_own_policy(agent: Somebody) -> None:
    assert "style-src 'self'" in agent.get("/").headers["content-security-policy"]
    assert "immutable" in agent.get("/console.css").headers["cache-control"]


def test_a_form_that_is_too_long_is_refused(agent: Somebody) -> None:
    assert agent.send("/logout", more="x" * 61_500).status_code == 413
    assert agent.send("/logout", more="x" * 80_000).status_code == 413
    assert agent.get("/access").status_code == 200


def test_the_console_is_not_in_the_description_for_programs(whole: Staged) -> None:
    paths = httpx.get(f"{whole.url}/api/openapi.json").json()["paths"]
    assert not [path for path in paths if not path.startswith(("/api", "/v1"))]


def test_every_page_answers_on_either_database(whole: Staged) -> None:
    with httpx.Client(base_url=whole.url, trust_env=False, timeout=30) as client:
        client.cookies.set("trato_session", whole.token("administrator"), domain="127.0.0.1")
        boss = Somebody(client, whole)
        rooms = ["/", "/customers", "/portfolio", "/permissions", "/events", "/people", "/keys", "/access"]
        for path in rooms + [f"/customers/{one}" for one in list(whole.customers.values())[:8]]:
            assert boss.get(path).status_code == 200, path
        assert "Whole: all" in boss.send("/permissions/verify").text
        who = whole.customers["crowd 8"]
        fields = {"purpose": "advice", "do": "withdraw", "evidence": "At the till"}
        answer = boss.send(f"/customers/{who}/permissions", **fields)
        assert answer.status_code == 303
        assert "This may not be shown" in boss.get(f"/customers/{who}").text

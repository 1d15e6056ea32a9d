"""A reader without permit gets nothing from any route: law 1, generated from the application's own list.

Every route is called with every method, as everybody who can come in (each scope of key, each role, and
nobody), for customers whose permission is missing, denied, withdrawn or expired. No answer may hold anything
that they ever told us. A route cannot be forgotten: one that this test does not know how to call fails it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount, Route

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from tests.server.api.doors import SECRET, key_of, serving
from trato.company.access import ROLES, SCOPES, Person, PersonId
from trato.company.passwords import hashed_password
from trato.company.people import begin_session, invite
from trato.console.visit import form_token
from trato.customers.identifiers import identifier
from trato.customers.register import RegisterCustomer, register_customer
from trato.customize.guide.state import begun
from trato.customize.guide.talk import Accepted, Talk
from trato.customize.programme.decision import WHOLE, Candidate, Decision
from trato.customize.programme.ids import decision_id_of
from trato.customize.publish import publish
from trato.differentiate.known import Score
from trato.interact.conversations import Conversation
from trato.interact.touchpoints import Touchpoint
from trato.permission.give import GivePermission, give_permission
from trato.server.tracking.bodies import CALLS
from trato.storage.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.server.api.doors import Http
    from trato.company.access import Role
    from trato.customers.customer import CustomerId
    from trato.customize.programme.facts import Fact

LATER = NOW + timedelta(days=10)
PASSWORD = "un camino de losas"
STATES = ("missing", "denied", "withdrawn", "expired")


@dataclass(frozen=True, slots=True)
class Planted:
    """A customer, and every word that they told us."""

    id: CustomerId
    state: str
    conversation: str
    talks: dict[str, str] = field(default_factory=dict)
    decision: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.identity, *self.told)

    @property
    def identity(self) -> tuple[str, ...]:
        return (f"Quirina {self.state}", f"quirina.{self.state}@planted.example", f"card-{self.state}-8841")

    @property
    def told(self) -> tuple[str, ...]:
        """What they said and did."""
        return (
            f"palabras de {self.state}",
            f"producto-{self.state}",
            f"asunto de {self.state}",
            f"promesa a {self.state}",
            f"plaza-{self.state}",
        )

    @property
    def secret(self) -> tuple[str, ...]:
        """What no route shows even where everything is permitted."""
        return (f"1980-02-29 {self.state}", f"prueba de {self.state}")


def planted(corner: Corner, state: str) -> Planted:
    """A customer of whom everything is kept, whatever they permit by now."""
    shape = Planted("", state, secrets.token_hex(16))  # type: ignore[arg-type]  # a word of the list of states
    name, email, card = shape.identity
    words, product, matter, promised, place = shape.told
    birthday, evidence = shape.secret
    request = RegisterCustomer(
        (identifier("email", email), identifier("card", card)),
        {"name": name, "birthday": birthday, "language": "en"},
    )
    who = corner.store.write(lambda it: register_customer(it, request, now=NOW, draw=secrets.token_bytes)).id
    found = Planted(who, state, shape.conversation)
    if state != "missing":
        until = NOW + timedelta(days=1) if state == "expired" else None
        for key in ("service", "advice"):
            said = GivePermission(
                who, corner.company.purposes.named(key), "web", "form", evidence, NOW, until
            )
            corner.store.write(lambda it, said=said: give_permission(it, said, now=NOW))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    touchpoint = Touchpoint("till", "store", place)
    corner.does(who, product, touchpoint=touchpoint, amount=91357)
    corner.does(who, product, kind="contact", amount=None, learns=False, at=LATER)
    corner.says(who, words, "wants", product, touchpoint=touchpoint)
    one = Conversation(
        found.conversation, who, "service", matter, "till", NOW, promised, NOW + timedelta(days=99)
    )
    corner.store.write(lambda it: it.add_conversation(one))
    corner.store.write(
        lambda it: it.put_memberships([(who, "household", "the seventh", NOW), (who, "account", "acme", NOW)])
    )
    found = replace(found, talks=dict(talks_of(corner, who)))
    found = replace(found, decision=decision_about(corner, found))
    if state in {"denied", "withdrawn"}:
        corner.refuse(who, "service", "advice", at=NOW, deny=state == "denied")
        corner.refuse(who, "analysis", at=NOW)
    return found


def decision_about(corner: Corner, one: Planted) -> str:
    """A decision that rests on what they told, logged whatever its customer permits by now."""
    programme = corner.company.programmes.by_key["loaves"]
    corner.store.write(lambda it: publish(it, programme, now=NOW))
    facts: dict[str, Fact] = {"tier": one.told[0], "wants.bread": one.told[1], "context.place": one.told[4]}
    decided = Decision(
        id=decision_id_of(one.state),
        customer=one.id,
        unit=f"person:{one.id}",
        programme=programme.key,
        version=programme.version,
        model="",
        prices="",
        at=NOW,
        matures_at=NOW + timedelta(days=14),
        touchpoint="web",
        moment="request",
        arm="policy",
        facts=facts,
        contacts=0,
        candidates=tuple(
            Candidate(each.key, "", WHOLE if each.key == "rye" else 0) for each in programme.treatments
        ),
        seed=1,
        draw=1,
        treatment="rye",
        probability=WHOLE,
        reserved=105,
        purpose="advice",
    )
    corner.store.write(lambda it: it.append_decisions([decided]))
    return decided.id


def talks_of(corner: Corner, who: CustomerId) -> Iterator[tuple[str, str]]:
    """A guided conversation at each stage, whatever its customer permits by now."""
    accepted = Accepted({"bread": "rye", "milk": "none", "honey": "none"}, 91357, (), NOW)
    for stage in ("open", "accepted", "delivered"):
        state = begun(statements={"honey": "jar"})
        one = Talk(secrets.token_hex(16), "o", who, "advice", "web", "en", state, "bread", NOW, NOW)
        if stage != "open":
            one = replace(one, accepted=accepted, delivered_at=NOW if stage == "delivered" else None)
        corner.store.write(lambda it, one=one: it.add_talk(one))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        yield stage, one.id


@dataclass(frozen=True, slots=True)
class Scene:
    """A served shop: `open` permits everything, the others nothing."""

    corner: Corner
    http: Http
    open: Planted
    closed: tuple[Planted, ...]
    people: dict[str, PersonId]
    keys: dict[str, str]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        page = f"{shops.COMPANY}unit: household\n"
        corner = Corner(shops.company(tmp_path / "shop", company=page), store)
        everybody = [planted(corner, state) for state in ("open", *STATES)]
        build = corner.build(
            {one.id: {("bread", one.told[1]): 5} for one in everybody},
            days={one.id: (shops.money(59, 91357),) for one in everybody},
        )
        # A build scores those who permit it; so who never did has no score, and the others had theirs.
        scored = [one for one in everybody if one.state != "missing"]
        tiers = ("migrator", "most_valuable", "most_growable", "below_zero")
        day = NOW.date()
        scores = [
            Score(one.id, "advice", place % 2, 0.9, 5, 91357, 91357.0, 0.0, 91357.0, 0.9, None, tier, day)
            for place, (one, tier) in enumerate(zip(scored, tiers, strict=True))
        ]
        store.write(lambda it: it.put_scores(build, scores))
        hashed = hashed_password(PASSWORD, "", secrets.token_bytes)
        people = {}
        roles: dict[str, Role] = {**{role: role for role in ROLES}, "spare": "agent"}
        for name, role in roles.items():
            person = PersonId(secrets.token_hex(8))
            added = Person(person, f"{name}@corner.example", hashed, role, "en", NOW)
            store.write(lambda it, added=added: it.add_person(added))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            people[name] = person
        with serving(corner, LATER) as http:
            keys: dict[str, str] = {scope: key_of(corner, scope) for scope in SCOPES}
            yield Scene(corner, http, everybody[0], tuple(everybody[1:]), people, keys)


def routes_of(routes: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path of an application, those that are mounted included."""
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, Mount):
            yield from routes_of(list(route.original_route.routes), before + (route.path or ""))
            continue
        assert isinstance(route.original_route, APIRoute | Route), f"tell this test how to call {route!r}"
        methods = set(route.methods or ()) - {"HEAD", "OPTIONS"}
        assert methods, f"tell this test how to call {route.path}"
        for method in sorted(methods):
            yield method, before + (route.path or "")


def identifiers(one: Planted) -> list[dict[str, str]]:
    return [
        {"kind": "email", "value": one.identity[1]},
        {"kind": "card", "value": one.identity[2]},
    ]


Requests = Callable[[Planted], list[dict[str, Any]]]
EVENT = {"messageId": "m1", "type": "track", "event": "Seen", "properties": {}}


def event(call: str) -> Requests:
    def sent(one: Planted) -> list[dict[str, Any]]:
        single = {**EVENT, "messageId": f"{call} {one.state}", "userId": one.identity[2]}
        return [{"json": {"batch": [single]} if call == "batch" else single}]

    return sent


def says(do: str) -> dict[str, Any]:
    return {"do": do, "purpose": "service", "touchpoint": "web", "evidence": "said so"}


# What a call needs beside its path; a route that needs more than it finds here is never answered, and fails.
API: dict[tuple[str, str], Requests] = {
    ("GET", "/api/customers"): lambda one: [
        {"params": {"email": one.identity[1]}},
        {"params": {"card": one.identity[2]}},
    ],
    ("POST", "/api/customers/search"): lambda one: [{"json": {"identifiers": identifiers(one)}}],
    ("GET", "/api/customers/{customer}"): lambda _: [
        {},
        *({"params": {"purpose": purpose}} for purpose in ("service", "advice", "analysis")),
        {"params": {"section": "proposal"}},
        {"params": {"limit": 1, "before": 10**6}},
    ],
    ("POST", "/api/customers/{customer}/permissions"): lambda one: [
        {"json": says("withdraw" if one.state == "withdrawn" else "deny")}
        if one.state != "open"
        else {"json": says("grant")}
    ],
    ("POST", "/api/customers/{customer}/conversations"): lambda _: [
        {"json": {"purpose": "service", "touchpoint": "web", "matter": "a question"}}
    ],
    ("POST", "/api/customers/{customer}/conversations/{conversation}/promise"): lambda _: [
        {"json": {"purpose": "service", "promised": "an answer"}}
    ],
    ("POST", "/api/customers/{customer}/conversations/{conversation}/close"): lambda _: [
        {"json": {"purpose": purpose}} for purpose in ("service", "analysis")
    ],
    ("GET", "/api/greeting"): lambda one: [{"params": {"touchpoint": "web", "customer": one.id}}],
    ("POST", "/api/greeting"): lambda one: [
        {"json": {"touchpoint": "web", "identifiers": identifiers(one)}},
        {"json": {"touchpoint": "web", "customer": one.id}},
    ],
    ("GET", "/api/portfolio"): lambda _: [{}, {"params": {"purpose": "advice"}}],
    ("POST", "/api/guides"): lambda one: [
        {"json": {"customer": one.id, "touchpoint": "web", "language": "en"}},
        {"json": {}},
    ],
    ("POST", "/api/guides/{guide}/answers"): lambda _: [{"json": {"key": "honey", "answer": "jar"}}],
    ("POST", "/api/guides/{guide}/corrections"): lambda _: [
        {"json": {"component": "bread", "module": "spelt"}}
    ],
    ("POST", "/api/guides/{guide}/acceptance"): lambda _: [{"json": {"seen": "this"}}],
    ("POST", "/api/guides/{guide}/expectation"): lambda _: [{"json": {"as_expected": True}}],
    ("POST", "/api/decisions"): lambda one: [
        {"json": {"customer": one.id, "programme": "loaves", "touchpoint": touchpoint}}
        for touchpoint in ("web", "till")
    ],
    ("POST", "/api/outcomes"): lambda one: [
        {"json": {"outcomes": [{"decision": one.decision, "record": "r1", "taken": True}]}}
    ],
    **{("POST", f"/v1/{path}"): event(call) for path, call in CALLS.items()},
}
CONSOLE: dict[tuple[str, str], Requests] = {
    ("GET", "/customers"): lambda _: [{}, {"params": {"need": "0"}}, {"params": {"tier": "below_zero"}}],
    ("POST", "/customers"): lambda one: [
        {"data": {"kind": kind, "identifier": word}}
        for kind, word in (("any", one.identity[2]), ("card", one.identity[2]), ("any", one.id))
    ],
    ("GET", "/customers/{customer}"): lambda _: [{}, {"params": {"before": "100000"}}],
    ("POST", "/customers/{customer}/permissions"): lambda one: [
        {"data": says("grant" if one.state == "open" else "withdraw")},
        {"data": {**says("deny"), "evidence": "", "purpose": "advice"}},
    ],
    ("POST", "/customers/{customer}/matters"): lambda _: [
        {"data": {"purpose": "service", "touchpoint": "web", "matter": "a question"}},
        {"data": {"purpose": "service", "touchpoint": "web", "matter": ""}},
    ],
    ("POST", "/customers/{customer}/matters/{matter}"): lambda _: [
        {"data": {"purpose": "service", "promised": "an answer"}},
        {"data": {"purpose": "service", "promised": ""}},
    ],
    ("POST", "/login"): lambda _: [{"data": {"email": "spare@corner.example", "password": PASSWORD}}],
    ("POST", "/setup/{token}"): lambda _: [
        {
            "data": {
                "email": f"{secrets.token_hex(4)}@corner.example",
                "password": PASSWORD,
                "again": PASSWORD,
                "language": "en",
            }
        }
    ],
    ("POST", "/language"): lambda _: [{"data": {"language": "en", "back": "/"}}],
    ("POST", "/access/password"): lambda _: [
        {"data": {"old": PASSWORD, "password": PASSWORD, "again": PASSWORD}}
    ],
    ("POST", "/people"): lambda _: [{"data": {"role": "agent"}}],
    ("POST", "/people/{person}"): lambda _: [{"data": {"do": "link"}}],
    ("GET", "/programmes/{programme}"): lambda _: [{}, {"params": {"parts": "1"}}],
    ("POST", "/programmes/{programme}/looks"): lambda _: [{"data": {"planned": "1000"}}],
    ("POST", "/me/guide/{talk}/answer"): lambda _: [{"data": {"key": "honey", "answer": "jar"}}],
    ("POST", "/me/guide/{talk}/correct"): lambda _: [{"data": {"component": "bread", "module": "spelt"}}],
    ("POST", "/me/guide/{talk}/accept"): lambda _: [{"data": {"seen": "this"}}],
    ("POST", "/me/guide/{talk}/expectation"): lambda _: [{"data": {"as_expected": "yes"}}],
    ("POST", "/keys"): lambda _: [{"data": {"label": "a test", "scope": "track"}}],
}


def path_of(scene: Scene, path: str, one: Planted) -> str:
    """The path with its places filled in; fails for a place that nobody told this test of."""
    fill: dict[str, Callable[[], str]] = {
        "customer": lambda: one.id,
        "conversation": lambda: one.conversation,
        "matter": lambda: one.conversation,
        "decision": lambda: one.decision,
        "programme": lambda: "loaves",
        "person": lambda: scene.people["spare"],
        "token": lambda: scene.corner.store.write(
            lambda it: invite(it, "agent", now=LATER, draw=secrets.token_bytes)
        ),
        "guide": lambda: talk_at(scene, one, path),
        "talk": lambda: talk_at(scene, one, path),
        "key": lambda: scene.keys["track"] if path.startswith("/v1/") else spare_key(scene),
    }
    places = re.findall(r"{(\w+)(?::\w+)?}", path)
    unknown = [place for place in places if place not in fill]
    assert not unknown, f"tell this test what {unknown} is in {path}"
    for place in places:
        path = re.sub(rf"{{{place}(?::\w+)?}}", fill[place](), path)
    return path


def talk_at(scene: Scene, one: Planted, path: str) -> str:
    """The planted talk that has come as far as a route needs."""
    ends = {"acceptance": "accepted", "accept": "accepted"} | {
        "delivery": "accepted",
        "expectation": "delivered",
    }
    return one.talks[ends.get(path.rsplit("/", 1)[1], "open")]


def spare_key(scene: Scene) -> str:
    key_of(scene.corner, "greet")
    made = scene.corner.store.read(lambda it: it.keys())
    return [key.id for key in made if key.revoked_at is None][-1]


def requests_of(route: tuple[str, str], one: Planted) -> list[dict[str, Any]]:
    known = API if route[1].startswith(("/api", "/v1")) else CONSOLE
    return known[route](one) if route in known else [{}]


def is_about_somebody(scene: Scene, route: tuple[str, str]) -> bool:
    """Whether what is asked differs from one customer to the next."""
    asked = json.dumps(requests_of(route, scene.open))
    return any(place in route[1] for place in ("{customer}", "{guide}", "{talk}", "{decision}")) or any(
        word in asked for word in (scene.open.id, scene.open.decision, *scene.open.words)
    )


def calls(scene: Scene, route: tuple[str, str], one: Planted) -> Iterator[tuple[str, str, httpx.Response]]:
    """The route called as everybody: what was sent beside the address, and the answer."""
    method, path = route
    if path.startswith(("/api", "/v1")):
        for request in requests_of(route, one):
            for who, key in (("nobody", None), *scene.keys.items()):
                yield _asked(scene, who, method, path_of(scene, path, one), request, key=key)
        return
    for request in requests_of(route, one):
        for role in ("nobody", *ROLES):
            token = secrets.token_urlsafe(24)
            cookie = "trato_door"
            if role != "nobody":
                token, cookie = session_of(scene, scene.people[role]), "trato_session"
            sent = dict(request)
            if method == "POST":
                sent["data"] = {**sent.get("data", {}), "token": form_token(SECRET, token)}
            headers = {"Cookie": f"{cookie}={token}"}
            yield _asked(scene, role, method, path_of(scene, path, one), sent, headers=headers)


def session_of(scene: Scene, person: PersonId) -> str:
    draw = secrets.token_bytes
    return scene.corner.store.write(lambda it: begin_session(it, person, now=LATER, draw=draw))


def _asked(
    scene: Scene, who: str, method: str, path: str, request: dict[str, Any], **more: Any
) -> tuple[str, str, httpx.Response]:
    return who, json.dumps(request), scene.http.ask(method, path, **request, **more)


def everything_in(answer: httpx.Response) -> str:
    return f"{answer.text} {answer.headers!r} {dict(answer.cookies)!r}"


def test_no_route_tells_anything_of_who_does_not_permit_it(scene: Scene) -> None:
    routes = list(routes_of(scene.http.app.routes))
    assert len(routes) > 30
    closed = [word for one in scene.closed for word in (*one.words, *one.secret)]
    seen_of_open = ""
    refused: list[tuple[str, str]] = []
    for route in routes:
        answered = False
        for one in (scene.open, *(scene.closed if is_about_somebody(scene, route) else ())):
            for who, sent, answer in calls(scene, route, one):
                text = everything_in(answer)
                assert answer.status_code < 500, (route, who, answer.text)
                told = [word for word in closed if word in text and word not in sent]
                assert not told, (route, who, one.state, told)
                if one is scene.open:
                    answered = answered or answer.status_code < 400
                    seen_of_open += text
        if not answered:
            refused.append(route)
    assert not refused, f"tell this test how to call {refused}"
    # So that the test is not blind: who permits it is told of, word for word; what no route shows, is not.
    assert not [word for word in scene.open.words if word not in seen_of_open]
    assert not [word for word in scene.open.secret if word in seen_of_open]


def test_no_number_of_who_does_not_permit_it_is_told(scene: Scene) -> None:
    """All paid the same, so that nobody else's money can hide in a sum."""
    told = scene.http.ask("GET", f"/api/customers/{scene.open.id}", scene.keys["read"]).json()
    assert told["worth"]["shown"]["actual_value"] == 91357
    assert told["worth"]["shown"]["members"] == 1
    # They live together, which is the others' to tell as well.
    query = {"purpose": ["service", "advice"], "section": "who"}
    who = scene.http.ask("GET", f"/api/customers/{scene.open.id}", scene.keys["read"], params=query).json()[
        "who"
    ]
    assert who["shown"]["household"] == who["shown"]["account"] == [scene.open.id]
    assert told["wants"]["shown"]["counted"] == 5
    cells = scene.http.ask("GET", "/api/portfolio", scene.keys["read"]).json()["cells"]
    assert [(one["tier"], one["customers"]) for one in cells] == [("migrator", 1)]


def test_what_is_served_is_what_was_walked(scene: Scene, tmp_path: Path) -> None:
    """`trato serve` puts the same routes together as this test."""
    from trato.cli.serve import served_application
    from trato.server.limits import Limits

    with served_application(shops.company(tmp_path / "other").folder, Limits()) as (app, _):
        assert sorted(routes_of(app.routes)) == sorted(routes_of(scene.http.app.routes))

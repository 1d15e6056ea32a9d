"""Coming in: by a link that serves once, by a password, and by no other way."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import form_token
from tests.console.staged import PASSWORD, Staged
from trato.company.people import IDLE, LINK_SERVES, invite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.console.conftest import Somebody

    Visitor = Callable[[], Somebody]


@pytest.fixture
def clock(console: Staged) -> Iterator[Staged]:
    """The console, whose clock is put back at the end."""
    before = console.clock.now
    yield console
    console.clock.now = before


def link(console: Staged, role: str = "agent") -> str:
    now = console.clock.now
    token = console.store.write(lambda it: invite(it, role, now=now, draw=secrets.token_bytes))  # type: ignore[arg-type]  # parametrised by words
    return f"/setup/{token}"


def set_up(here: Somebody, path: str, email: str, password: str = PASSWORD, again: str = "") -> int:
    fields = {"email": email, "password": password, "again": again or password, "language": "en"}
    return here.send(path, on=path, **fields).status_code


def test_a_link_lets_one_person_in_once(console: Staged, visitor: Visitor) -> None:
    path = link(console)
    first, second = visitor(), visitor()
    late = form_token(second.get(path).text)
    assert first.get(path).status_code == 200
    assert first.get(path).status_code == 200  # looking at it spends nothing
    assert set_up(first, path, "once@example.org") == 303
    assert "Whom do we serve" in first.get("/").text
    assert first.get(path).status_code == 410
    fields = {"email": "twice@example.org", "password": PASSWORD, "again": PASSWORD}
    assert second.send(path, token=late, **fields).status_code == 410
    assert second.session is None
    emails = {one.email for one in console.store.read(lambda it: it.persons())}
    assert "once@example.org" in emails
    assert "twice@example.org" not in emails


def test_a_link_is_old_after_two_days(clock: Staged, visitor: Visitor) -> None:
    path = link(clock)
    clock.clock.now += LINK_SERVES
    assert visitor().get(path).status_code == 410
    assert visitor().get("/setup/made-up").status_code == 410


@pytest.mark.parametrize(
    ("email", "password", "again"),
    [
        ("no e-mail", PASSWORD, ""),
        ("new@example.org", "short", ""),
        ("new@example.org", PASSWORD, "another sentence"),
        ("AGENT@example.org", PASSWORD, ""),
    ],
)
def test_a_set_up_that_fails_says_why_and_spends_nothing(
    console: Staged, visitor: Visitor, email: str, password: str, again: str
) -> None:
    path, here = link(console), visitor()
    assert set_up(here, path, email, password, again) == 422
    assert here.get(path).status_code == 200


def test_a_password_opens_and_a_wrong_one_does_not(visitor: Visitor) -> None:
    here = visitor()
    assert here.get("/").headers["location"] == "/login"
    for email, password in (("agent@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", "")):
        answer = here.send("/login", on="/login", email=email, password=password)
        assert answer.status_code == 401
        assert "do not fit together" in answer.text
        assert "wrong" not in answer.text
    assert here.send("/login", on="/login", email=" Agent@Example.org", password=PASSWORD).status_code == 303
    assert here.get("/").status_code == 200
    assert here.get("/login").headers["location"] == "/"


def test_the_pause_grows_and_is_told(clock: Staged, visitor: Visitor) -> None:
    here = visitor()
    clock.clock.now += timedelta(hours=3)  # past what other tests have tried
    token = form_token(here.get("/login").text)
    codes = [
        here.send("/login", token=token, email="slow@example.org", password="wrong").status_code
        for _ in range(6)
    ]
    assert codes == [401] * 5 + [429]
    answer = here.send("/login", token=token, email="slow@example.org", password="wrong")
    assert answer.headers["retry-after"] == "1"
    clock.clock.now += timedelta(seconds=1)
    assert here.send("/login", token=token, email="slow@example.org", password="w").status_code == 401
    clock.clock.now += timedelta(hours=3)


def test_a_planted_session_never_becomes_one(console: Staged, visitor: Visitor) -> None:
    here = visitor()
    planted = "planted-" + "x" * 32
    here.client.cookies.set("trato_session", planted, domain="127.0.0.1")
    assert here.get("/").headers["location"] == "/login"
    answer = here.send("/login", on="/login", email="agent@example.org", password=PASSWORD)
    given = re.findall(r"trato_session=([^;]+)", answer.headers["set-cookie"])
    assert given[0] != planted
    other = visitor()
    other.client.cookies.set("trato_session", planted, domain="127.0.0.1")
    assert other.get("/").headers["location"] == "/login"


def test_logging_in_anew_ends_the_session_before(console: Staged, visitor: Visitor) -> None:
    here, thief = visitor(), visitor()
    here.send("/login", on="/login", email="agent@example.org", password=PASSWORD)
    before = here.session
    assert before
    here.send("/login", on="/access", email="agent@example.org", password=PASSWORD)
    assert here.session != before
    thief.client.cookies.set("trato_session", before, domain="127.0.0.1")
    assert thief.get("/").headers["location"] == "/login"


def test_logging_out_ends_the_session_everywhere(someone: Callable[..., Somebody], visitor: Visitor) -> None:
    here, thief = someone("agent"), visitor()
    token = here.session
    assert token
    assert here.send("/logout").headers["location"] == "/login?done=logged_out"
    assert "You are logged out" in here.get("/login?done=logged_out").text
    thief.client.cookies.set("trato_session", token, domain="127.0.0.1")
    assert thief.get("/").headers["location"] == "/login"


def test_an_idle_session_ends_and_a_used_one_stays(clock: Staged, someone: Callable[..., Somebody]) -> None:
    idle, used = someone("agent"), someone("analyst")
    for _ in range(4):
        clock.clock.now += IDLE / 2
        assert used.get("/").status_code == 200
    assert idle.get("/").headers["location"] == "/login"


def test_cookies_are_kept_from_scripts_other_sites_and_plain_networks(visitor: Visitor) -> None:
    here = visitor()
    token = form_token(here.get("/login").text)
    data = {"token": token, "email": "agent@example.org", "password": PASSWORD}
    answer = here.client.post("/login", data=data)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("trato_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # the machine itself, without TLS
    away = visitor()
    away.client.headers["host"] = "console.example.org"
    page = away.get("/login")
    door = page.headers["set-cookie"]
    assert door.startswith("__Host-trato_door=")
    assert "Secure" in door
    assert "Path=/" in door
    answer = away.client.post("/login", data={"token": "lost with its cookie"})
    assert answer.status_code == 403
    assert "put TLS in front of the server" in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_from_elsewhere_does_nothing(someone: Callable[..., Somebody], site: str) -> None:
    here, other = someone("agent"), someone("administrator")
    good, foreign = form_token(here.get("/access").text), form_token(other.get("/access").text)
    for token in ("", "0" * 64, foreign, "é"):
        answer = here.send("/logout", token=token)
        assert answer.status_code == 403
        assert "does not belong to your session" in answer.text
    sent = here.client.post("/logout", data={"token": good}, headers={"sec-fetch-site": site})
    assert sent.status_code == 403
    assert here.get("/access").status_code == 200
    headers = {"sec-fetch-site": "same-origin"}
    assert here.client.post("/logout", data={"token": good}, headers=headers).status_code == 303


def test_what_is_no_form_is_told_so(someone: Callable[..., Somebody]) -> None:
    here = someone("agent")
    assert here.client.post("/logout", json={"token": "x"}).status_code == 400
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert here.client.post("/logout", content=b"token=%ff%fe", headers=kind).status_code == 400
    assert here.client.post("/logout", content=b"a=1&" * 70, headers=kind).status_code == 400
    assert here.client.post("/logout", content=b"a=" + b"x" * 70_000, headers=kind).status_code == 413
    assert here.get("/access").status_code == 200


def test_the_password_is_changed_by_who_knows_it(console: Staged, visitor: Visitor) -> None:
    path, here = link(console), visitor()
    assert set_up(here, path, "changing@example.org") == 303
    other = visitor()
    other.send("/login", on="/login", email="changing@example.org", password=PASSWORD)
    new = "another good sentence"
    for old, password, again in (("wrong", new, new), (PASSWORD, "short", "short"), (PASSWORD, new, "else")):
        answer = here.send("/access/password", old=old, password=password, again=again)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    answer = here.send("/access/password", old=PASSWORD, password=new, again=new)
    assert answer.headers["location"] == "/access?done=password"
    assert here.get("/access").status_code == 200
    assert other.get("/access").headers["location"] == "/login"
    assert other.send("/login", on="/login", email="changing@example.org", password=new).status_code == 303


@pytest.mark.parametrize(("language", "word"), [("es", "Entrar"), ("pt", "Senha"), ("en", "Password")])
def test_the_door_speaks_the_browsers_language(visitor: Visitor, language: str, word: str) -> None:
    here = visitor()
    here.client.headers["accept-language"] = f"fr, {language}-XX;q=.8"
    page = here.get("/login").text
    assert f'<html lang="{language}">' in page
    assert word in page


def test_a_language_is_kept_by_the_person_and_before_the_door(
    someone: Callable[..., Somebody], visitor: Visitor
) -> None:
    here = someone("analyst")
    assert here.send("/language", language="pt", back="/portfolio").headers["location"] == "/portfolio"
    assert '<html lang="pt">' in here.get("/portfolio").text
    elsewhere = someone("analyst", "es")  # another browser
    assert '<html lang="es">' in elsewhere.get("/portfolio").text
    door = visitor()
    door.send("/language", on="/login", language="es", back="/login")
    assert '<html lang="es">' in door.get("/login").text


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nX: y", ""]
)
def test_nobody_is_sent_elsewhere(someone: Callable[..., Somebody], back: str) -> None:
    answer = someone("analyst").send("/language", language="en", back=back)
    assert answer.headers["location"] == "/"
    assert "x" not in answer.headers


def test_what_was_done_is_told_in_our_words_alone(someone: Callable[..., Somebody]) -> None:
    here = someone("analyst")
    assert 'class="done"' in here.get("/access?done=password").text
    for word in ("made up", "<b>", "granted.x", ""):
        assert 'class="done"' not in here.get(f"/access?done={word}").text

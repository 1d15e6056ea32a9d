"""People come in by a link that serves once, stay while they are there, and learn little from failing."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.company.access_in_memory import AccessInMemory
from trato import errors
from trato.company.access import ROLES, Person, PersonId, SetupLink
from trato.company.attempts import Attempts
from trato.company.passwords import hashed_password, password_fits
from trato.company.people import (
    IDLE,
    LINK_SERVES,
    LONGEST,
    MAY,
    LogIn,
    SetUp,
    Visitor,
    begin_session,
    change_password,
    disable,
    enable,
    first_link,
    invite,
    log_in,
    log_out,
    open_link,
    set_up,
    visitor,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = "correct horse battery"
draw = secrets.token_bytes


@pytest.fixture
def store() -> AccessInMemory:
    return AccessInMemory()


@pytest.fixture
def ana(store: AccessInMemory) -> str:
    """The first administrator's e-mail."""
    link = first_link(store, now=NOW - timedelta(minutes=1), draw=draw)
    assert link is not None
    set_up(store, SetUp(link, "Ana@Example.org ", GOOD, "es"), now=NOW, draw=draw)
    return "ana@example.org"


def enter(store: AccessInMemory, email: str, password: str, *, now: datetime = NOW) -> str:
    return log_in(store, Attempts(), LogIn(email, password, "here"), now=now, draw=draw)


def test_the_first_comes_in_as_administrator_and_nobody_after_them(store: AccessInMemory, ana: str) -> None:
    (person,) = store.persons()
    assert (person.role, person.language, person.email) == ("administrator", "es", "Ana@Example.org")
    assert first_link(store, now=NOW, draw=draw) is None
    assert GOOD not in person.password
    assert visitor(store, enter(store, ana, GOOD), now=NOW) is not None


def test_every_first_link_is_spent_once_the_first_is_in(store: AccessInMemory) -> None:
    links = [first_link(store, now=NOW - timedelta(minutes=minute), draw=draw) for minute in (3, 2)]
    assert links[0] is not None
    assert links[1] is not None
    set_up(store, SetUp(links[1], "ana@example.org", GOOD, "en"), now=NOW, draw=draw)
    with pytest.raises(errors.SetupLinkSpent):
        set_up(store, SetUp(links[0], "eve@example.org", GOOD, "en"), now=NOW, draw=draw)


def test_a_link_serves_once_and_for_two_days(store: AccessInMemory, ana: str) -> None:
    link = invite(store, "agent", now=NOW + timedelta(seconds=1), draw=draw)
    late = NOW + LINK_SERVES + timedelta(seconds=1)
    with pytest.raises(errors.SetupLinkSpent):
        open_link(store, link, now=late)
    set_up(store, SetUp(link, "bo@example.org", GOOD, "pt"), now=NOW + timedelta(hours=1), draw=draw)
    for email in ("bo@example.org", "cy@example.org"):
        with pytest.raises(errors.SetupLinkSpent):
            set_up(store, SetUp(link, email, GOOD, "pt"), now=NOW + timedelta(hours=1), draw=draw)
    assert [one.role for one in store.persons()] == ["administrator", "agent"]
    for made_up in ("", "x" * 43, "\ud800"):
        with pytest.raises(errors.SetupLinkSpent):
            open_link(store, made_up, now=NOW)
    assert link not in repr(store)


class Racing(AccessInMemory):
    """A store whose readers are a moment behind: two follow a link at once, and both see it unused."""

    def setup_link(self, hashed: bytes) -> SetupLink | None:
        link = super().setup_link(hashed)
        return None if link is None else replace(link, used_at=None)


def test_of_two_who_follow_a_link_at_once_one_comes_in() -> None:
    store = Racing()
    link = invite(store, "agent", now=NOW, draw=draw)
    before = NOW - timedelta(minutes=1)  # nobody was there when the link was made
    set_up(store, SetUp(link, "bo@example.org", GOOD, "pt"), now=before, draw=draw)
    with pytest.raises(errors.SetupLinkSpent):
        set_up(store, SetUp(link, "cy@example.org", GOOD, "pt"), now=before, draw=draw)
    assert len(store.persons()) == 1


def test_an_email_is_one_persons(store: AccessInMemory, ana: str) -> None:
    link = invite(store, "agent", now=NOW + timedelta(seconds=1), draw=draw)
    with pytest.raises(errors.EmailTaken):
        set_up(store, SetUp(link, "ANA@example.org", GOOD, "pt"), now=NOW + timedelta(hours=1), draw=draw)


@pytest.mark.parametrize("email", ["", "ana", "a b@c", "@c.d", "a@", "a@b..c", "a@b\nc", "x" * 300 + "@y.z"])
def test_what_is_no_email_is_refused(store: AccessInMemory, email: str) -> None:
    link = invite(store, "agent", now=NOW, draw=draw)
    with pytest.raises(errors.BadIdentifier):
        set_up(store, SetUp(link, email, GOOD, "en"), now=NOW, draw=draw)


@pytest.mark.parametrize(
    "password", ["", "short", "aaaaaaaaaaaaaaaa", "ana@example.org", "x" * 1001 + "abcd"]
)
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(errors.BadPassword):
        hashed_password(password, "ana@example.org", draw)


def test_a_password_fits_itself_alone_and_from_every_keyboard() -> None:
    kept = hashed_password("contraseña segura ﬁn", "a@b.c", draw)
    assert password_fits("contraseña segura fin", kept)
    assert not password_fits("contrasena segura fin", kept)
    assert not password_fits("", kept)
    assert kept != hashed_password("contraseña segura ﬁn", "a@b.c", draw)


def test_a_link_for_somebody_there_changes_the_password_and_ends_their_sessions(
    store: AccessInMemory, ana: str
) -> None:
    token = enter(store, ana, GOOD)
    (person,) = store.persons()
    link = invite(store, person.role, now=NOW, draw=draw, person=person.id)
    set_up(store, SetUp(link, "eve@example.org", "another good sentence", "en"), now=NOW, draw=draw)
    assert visitor(store, token, now=NOW) is None
    with pytest.raises(errors.LogInRefused):
        enter(store, ana, GOOD)
    assert visitor(store, enter(store, ana, "another good sentence"), now=NOW) is not None
    assert [one.email for one in store.persons()] == ["Ana@Example.org"]


def test_who_fails_is_not_told_why(store: AccessInMemory, ana: str) -> None:
    told = set()
    for email, password in (
        (ana, "wrong"),
        ("nobody@example.org", GOOD),
        ("no e-mail", GOOD),
        ("", ""),
        ("\ud800@x", ""),
    ):
        with pytest.raises(errors.LogInRefused) as refusal:
            enter(store, email, password)
        told.add(str(refusal.value))
    assert len(told) == 1


def test_a_session_ends_when_idle_when_old_and_when_asked_to(store: AccessInMemory, ana: str) -> None:
    token = enter(store, ana, GOOD)
    assert token not in repr(store)
    found = visitor(store, token, now=NOW + IDLE - timedelta(seconds=1))
    assert found is not None
    assert visitor(store, token, now=NOW + IDLE) is None
    at = NOW
    while at < NOW + LONGEST:
        assert visitor(store, token, now=at) is not None
        store.session_seen(found.session.hashed, at)
        at += IDLE / 2
    assert visitor(store, token, now=at) is None
    other = enter(store, ana, GOOD, now=NOW)
    log_out(store, other)
    assert visitor(store, other, now=NOW) is None


def test_who_is_disabled_is_out_at_once_and_the_last_administrator_stays(
    store: AccessInMemory, ana: str
) -> None:
    (person,) = store.persons()
    with pytest.raises(errors.RoleLacking):
        disable(store, person.id, now=NOW)
    link = invite(store, "administrator", now=NOW + timedelta(seconds=1), draw=draw)
    bo = set_up(store, SetUp(link, "bo@example.org", GOOD, "pt"), now=NOW + timedelta(hours=1), draw=draw)
    token = begin_session(store, bo.id, now=NOW, draw=draw)
    disable(store, bo.id, now=NOW)
    assert visitor(store, token, now=NOW) is None
    with pytest.raises(errors.LogInRefused):
        enter(store, "bo@example.org", GOOD)
    enable(store, bo.id)
    assert visitor(store, enter(store, "bo@example.org", GOOD), now=NOW) is not None


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(
    store: AccessInMemory, ana: str
) -> None:
    token = enter(store, ana, GOOD)
    (person,) = store.persons()
    attempts = Attempts()
    change = {"address": "here", "now": NOW, "draw": draw}
    with pytest.raises(errors.LogInRefused):
        change_password(store, attempts, person, "wrong", "another good sentence", **change)  # type: ignore[arg-type]  # parametrised by words
    with pytest.raises(errors.BadPassword):
        change_password(store, attempts, person, GOOD, "short", **change)  # type: ignore[arg-type]  # parametrised by words
    fresh = change_password(store, attempts, person, GOOD, "another good sentence", **change)  # type: ignore[arg-type]  # parametrised by words
    assert visitor(store, token, now=NOW) is None
    assert visitor(store, fresh, now=NOW) is not None


def test_the_pause_doubles_and_is_forgotten() -> None:
    attempts = Attempts()
    at = NOW
    for _ in range(5):
        attempts.begin("ana@example.org", "here", at)
    pauses = []
    for _ in range(12):
        with pytest.raises(errors.LogInPaused) as pause:
            attempts.begin("ana@example.org", "here", at)
        pauses.append(pause.value.seconds)
        at += timedelta(seconds=pause.value.seconds)
        attempts.begin("ana@example.org", "elsewhere", at)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    attempts.begin("bo@example.org", "here", at)
    attempts.begin("ana@example.org", "here", at + timedelta(hours=1, seconds=1))
    attempts.begin("ana@example.org", "here", at + timedelta(hours=1, seconds=1))


def test_success_forgives_the_email_and_not_the_address() -> None:
    attempts = Attempts()
    for number in range(20):
        attempts.begin(f"{number}@example.org", "here", NOW)
        attempts.succeeded(f"{number}@example.org")
    with pytest.raises(errors.LogInPaused):
        attempts.begin("ana@example.org", "here", NOW)
    attempts.begin("ana@example.org", "there", NOW)


def test_attempts_keep_little() -> None:
    attempts = Attempts()
    for number in range(Attempts.MOST):
        attempts.begin(f"{number}@example.org", f"{number}", NOW)
    assert len(attempts._tries) == Attempts.MOST


@given(st.sampled_from(ROLES), st.sampled_from(sorted(MAY["administrator"])))
def test_a_role_may_what_the_table_says(role: str, area: str) -> None:
    store = AccessInMemory()
    link = invite(store, role, now=NOW, draw=draw)  # type: ignore[arg-type]  # parametrised by words
    hashed = open_link(store, link, now=NOW)[0].hashed
    assert store.links[hashed].role == role
    who = Visitor(_person(role), None)  # type: ignore[arg-type]  # parametrised by words
    if area in MAY[role]:
        who.must(area)
    else:
        with pytest.raises(errors.RoleLacking):
            who.must(area)  # type: ignore[arg-type]  # parametrised by words


def _person(role: str) -> Person:
    return Person(PersonId("1"), "a@b.c", "", role, "en", NOW)  # type: ignore[arg-type]  # parametrised by words

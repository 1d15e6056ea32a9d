"""The company's people: how they come in, stay in and leave, and what each role may see.

A session's token and a set-up link are kept as SHA-256, which is enough for what is drawn at random; a
password is hashed slowly on purpose (`passwords`), and therefore between transactions, never within one: a
transaction that writes holds up all others.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from trato.company.access import ROLES, Person, PersonId, Session, SetupLink
from trato.company.passwords import NOBODY, hashed_password, password_fits
from trato.customers.identifiers import identifier
from trato.errors import BadIdentifier, EmailTaken, LogInRefused, RoleLacking, SetupLinkSpent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from trato.company.access import PeopleStore, Role
    from trato.company.attempts import Attempts
    from trato.permission.purposes import Language

T = TypeVar("T")

Area = Literal[
    "portfolio",
    "programmes",
    "customers",
    "identity",
    "record",
    "matters",
    "permissions",
    "events",
    "people",
    "keys",
]

# What each role may see and do. The documentation's table is this one, and a test tries every page with it.
MAY: Mapping[Role, frozenset[Area]] = {
    "analyst": frozenset({"portfolio", "programmes", "customers", "events"}),
    "agent": frozenset({"portfolio", "customers", "identity", "record", "matters"}),
    "data_protection": frozenset({"customers", "identity", "record", "permissions", "events"}),
    "administrator": frozenset(
        {
            "portfolio",
            "programmes",
            "customers",
            "identity",
            "record",
            "matters",
            "permissions",
            "events",
            "people",
            "keys",
        }
    ),
}

LINK_SERVES = timedelta(days=2)
IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)  # that a session is used is written no more often

LONGEST_EMAIL = 254


class OpenStore(Protocol):
    """A store that is open: verbs that hash a password use one transaction before and one after."""

    def read(self, work: Callable[[PeopleStore], T]) -> T:
        """What `work` returns, from one moment of the store."""

    def write(self, work: Callable[[PeopleStore], T]) -> T:
        """What `work` returns, once all that it wrote is on disk."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What somebody says who follows a set-up link; of a person who is there, only the password counts."""

    token: str = field(repr=False)
    email: str = field(repr=False)
    password: str = field(repr=False)
    language: Language


@dataclass(frozen=True, slots=True)
class LogIn:
    """What somebody says who wants to come in. `address` is where they say it from."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has come in."""

    person: Person
    session: Session

    def unnoted(self, now: datetime) -> bool:
        """Whether it is time to write again that the session is used."""
        return now - self.session.last_seen >= NOTED_EVERY

    def may(self, area: Area) -> bool:
        """Whether their role may see an area."""
        return area in MAY[self.person.role]

    def must(self, area: Area) -> None:
        """Raises RoleLacking where their role may not."""
        if not self.may(area):
            able = ", ".join(role for role in ROLES if area in MAY[role])
            raise RoleLacking("this is for people in another role", hint=f"these may: {able}")


def invite(
    store: PeopleStore,
    role: Role,
    *,
    now: datetime,
    draw: Callable[[int], bytes],
    person: PersonId | None = None,
) -> str:
    """Make a set-up link: for somebody new in a role, or for `person`, who chooses a new password.

    Returns what the link holds, which is kept nowhere. `draw` gives that many random bytes.
    """
    token = _token(draw)
    store.add_setup_link(SetupLink(_digest(token), role, person, now, now + LINK_SERVES))
    return token


def first_link(store: PeopleStore, *, now: datetime, draw: Callable[[int], bytes]) -> str | None:
    """A set-up link for the first administrator; None once there is somebody."""
    return None if store.persons() else invite(store, "administrator", now=now, draw=draw)


def open_link(store: PeopleStore, token: str, *, now: datetime) -> tuple[SetupLink, Person | None]:
    """The link that a token belongs to, and the person it is for, if they are there. Raises SetupLinkSpent.

    A link that was made while there was nobody serves no longer once there is somebody: it was for the first.
    """
    link = store.setup_link(_digest(token))
    if link is None or link.used_at is not None or link.expires_at <= now or _was_for_the_first(store, link):
        raise SetupLinkSpent(
            "this link does not serve, or no longer", hint="ask an administrator for another"
        )
    return link, None if link.person is None else store.person_of(link.person)


def _was_for_the_first(store: PeopleStore, link: SetupLink) -> bool:
    there = store.persons()
    return link.person is None and bool(there) and link.created_at <= min(one.created_at for one in there)


def set_up(store: OpenStore, request: SetUp, *, now: datetime, draw: Callable[[int], bytes]) -> Person:
    """Let somebody in for the first time, or with a new password; all their sessions end.

    Raises SetupLinkSpent, BadIdentifier for what is no e-mail, BadPassword and EmailTaken.
    """
    _, known = store.read(lambda it: open_link(it, request.token, now=now))
    email = known.email if known else checked_email(request.email)
    password = hashed_password(request.password, email, draw)
    new = PersonId(draw(16).hex())

    def keep(it: PeopleStore) -> Person:
        link, person = open_link(it, request.token, now=now)
        if not it.use_setup_link(link.hashed, now):
            raise SetupLinkSpent(
                "this link was used a moment ago", hint="log in with the password chosen then"
            )
        if person is not None:
            it.set_password(person.id, password)
            it.end_sessions_of(person.id)
            return person
        fresh = Person(new, email, password, link.role, request.language, now)
        if not it.add_person(fresh):
            raise EmailTaken("somebody has this e-mail already", hint="use another, or log in")
        return fresh

    return store.write(keep)


def log_in(
    store: OpenStore, attempts: Attempts, request: LogIn, *, now: datetime, draw: Callable[[int], bytes]
) -> str:
    """Let somebody in; returns the token of a new session, which is kept nowhere.

    Raises LogInRefused, always the same and after the same time, and LogInPaused.
    """
    email = _plain(request.email)
    attempts.begin(email, request.address, now)
    person = store.read(lambda it: it.person_by_email(email)) if "@" in email else None
    fits = password_fits(request.password, NOBODY if person is None else person.password)
    if person is None or not fits or person.disabled_at is not None:
        raise LogInRefused("e-mail and password do not fit together")
    attempts.succeeded(email)
    who = person.id
    return store.write(lambda it: begin_session(it, who, now=now, draw=draw))


def begin_session(
    store: PeopleStore, person: PersonId, *, now: datetime, draw: Callable[[int], bytes]
) -> str:
    """A session for somebody who has shown who they are; returns its token."""
    token = _token(draw)
    store.drop_sessions(now)
    store.add_session(Session(_digest(token), person, now, now, now + LONGEST))
    return token


def visitor(store: PeopleStore, token: str, *, now: datetime) -> Visitor | None:
    """Who comes with a token; None once the session ended, lay idle, or the person was disabled."""
    session = store.session_by_hash(_digest(token))
    if session is None or session.ends_at <= now or session.last_seen + IDLE <= now:
        return None
    person = store.person_of(session.person)
    return None if person is None or person.disabled_at is not None else Visitor(person, session)


def log_out(store: PeopleStore, token: str) -> None:
    """End a session."""
    store.end_session(_digest(token))


def change_password(
    store: OpenStore,
    attempts: Attempts,
    person: Person,
    old: str,
    new: str,
    *,
    address: str,
    now: datetime,
    draw: Callable[[int], bytes],
) -> str:
    """Put a new password in the place of the old one; all sessions end but the new one, whose token returns.

    Raises LogInRefused for a wrong old password, LogInPaused and BadPassword.
    """
    email = _plain(person.email)
    attempts.begin(email, address, now)
    if not password_fits(old, person.password):
        raise LogInRefused("this is not the password")
    attempts.succeeded(email)
    password = hashed_password(new, person.email, draw)

    def keep(it: PeopleStore) -> str:
        it.set_password(person.id, password)
        it.end_sessions_of(person.id)
        return begin_session(it, person.id, now=now, draw=draw)

    return store.write(keep)


def disable(store: PeopleStore, person: PersonId, *, now: datetime) -> None:
    """Let somebody in no longer, from this moment on. Their name stays on what they did.

    Raises RoleLacking when they are the last administrator: nobody could let anybody in any more.
    """
    others = [
        one
        for one in store.persons()
        if one.role == "administrator" and one.disabled_at is None and one.id != person
    ]
    if not others:
        raise RoleLacking("this is the last administrator", hint="invite another administrator first")
    store.disable_person(person, now)
    store.end_sessions_of(person)


def enable(store: PeopleStore, person: PersonId) -> None:
    """Let somebody in again."""
    store.disable_person(person, None)


def checked_email(written: str) -> str:
    """An e-mail as it was written, without blanks around it. Raises BadIdentifier."""
    email = written.strip()
    plain = identifier("email", email).normalised
    if (
        len(email) > LONGEST_EMAIL
        or not email.isprintable()
        or not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*", plain)
    ):
        raise BadIdentifier("this is no e-mail", hint="write it as name@example.org")
    return email


def _token(draw: Callable[[int], bytes]) -> str:
    return base64.urlsafe_b64encode(draw(32)).decode().rstrip("=")


def _plain(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().casefold()[: LONGEST_EMAIL + 1]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def roles_by_area() -> Sequence[tuple[Area, tuple[bool, ...]]]:
    """The table of what each role may, by area, with a truth for each of ROLES."""
    areas: tuple[Area, ...] = tuple(sorted(MAY["administrator"]))
    return [(area, tuple(area in MAY[role] for role in ROLES)) for area in areas]

"""Who may come in: the company's people with their sessions, and the keys of its programs.

What opens a door is kept only as a hash, and every look at a customer leaves a note. The verbs are in
`people` and `keys`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NewType, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.permit import Permit
    from trato.permission.purposes import Language

Role = Literal["analyst", "agent", "data_protection", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)

Scope = Literal["track", "read", "greet", "decide", "permissions", "build"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PersonId = NewType("PersonId", str)


@dataclass(frozen=True, slots=True)
class Person:
    """One of the company's people.

    `email` is as they wrote it; the store finds them by its normalised form. `password` is what `people`
    keeps of it, a salted hash.
    """

    id: PersonId
    email: str
    password: str
    role: Role
    language: Language
    created_at: datetime
    disabled_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Person(id={self.id!r}, role={self.role!r})"


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link that serves once, to choose a password: for somebody new in a role, or for `person` again.

    `hashed` is the SHA-256 of what the link holds.
    """

    hashed: bytes
    role: Role
    person: PersonId | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in. `hashed` is the SHA-256 of the token; it ends at `ends_at` whatever happens."""

    hashed: bytes
    person: PersonId
    created_at: datetime
    last_seen: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key, with what it may be used for. `hashed` is the SHA-256 of the key."""

    id: str
    label: str
    scopes: frozenset[Scope]
    hashed: bytes
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """That somebody looked at a customer's data. `by` is `person:ID` or `key:ID`."""

    by: str
    customer: CustomerId
    purposes: tuple[str, ...]
    at: datetime


class PeopleStore(Protocol):
    """What the company's people need of a store: one transaction of it."""

    def add_person(self, person: Person) -> bool:
        """Keep somebody new; False when the e-mail, in its normalised form, is somebody's already."""

    def person_of(self, person: PersonId) -> Person | None:
        """The person of that id."""

    def person_by_email(self, email: str) -> Person | None:
        """The person whose e-mail, in its normalised form, is this one's."""

    def persons(self) -> Sequence[Person]:
        """Everybody, those who were added first before, the disabled among them."""

    def set_password(self, person: PersonId, password: str) -> None:
        """Put another password's hash in the place of the old one."""

    def set_language(self, person: PersonId, language: Language) -> None:
        """Keep the language in which somebody reads."""

    def disable_person(self, person: PersonId, at: datetime | None) -> None:
        """Keep from when on somebody may not come in; None lets them in again."""

    def add_setup_link(self, link: SetupLink) -> None:
        """Keep a link."""

    def setup_link(self, hashed: bytes) -> SetupLink | None:
        """The link with that hash, used or not."""

    def use_setup_link(self, hashed: bytes, at: datetime) -> bool:
        """Mark a link as used; False when it was used before, so that of two at once one gets True."""

    def add_session(self, session: Session) -> None:
        """Keep a session."""

    def session_by_hash(self, hashed: bytes) -> Session | None:
        """The session with that hash."""

    def session_seen(self, hashed: bytes, at: datetime) -> None:
        """Keep when a session was last used."""

    def end_session(self, hashed: bytes) -> None:
        """Drop a session."""

    def end_sessions_of(self, person: PersonId) -> None:
        """Drop all sessions of a person."""

    def drop_sessions(self, before: datetime) -> int:
        """Drop the sessions that ended before a moment, and tell how many."""


class KeyStore(Protocol):
    """What keys need of a store: one transaction of it."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a key."""

    def key_by_hash(self, hashed: bytes) -> ApiKey | None:
        """The key with that hash, revoked or not."""

    def keys(self) -> Sequence[ApiKey]:
        """Every key, those that were made first before, the revoked among them."""

    def revoke_key(self, key: str, at: datetime) -> bool:
        """Mark a key as revoked; False when there is none of that id that serves."""


class LookStore(Protocol):
    """Who looked at whom: one transaction of a store; append-only."""

    def note_look(self, looked: Looked) -> None:
        """Keep that somebody looked."""

    def looks(self, limit: int) -> Sequence[Looked]:
        """The last looks, the newest first."""

    def looks_of(self, permit: Permit, limit: int) -> Sequence[Looked]:
        """The last looks at the permit's customer, the newest first."""

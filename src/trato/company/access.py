"""Who may come in: programs by keys, colleagues by a session, the first of them by a set-up link; and the
record of who looked at whom.

Nothing here is kept in words that open a door: of keys, links and sessions only a SHA-256 hash, of passwords
what scrypt makes of them, and a colleague's e-mail sealed under a key of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.permission.permit import Permit

Scope = Literal["track", "read", "greet", "permissions", "build"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

Role = Literal["analyst", "agent", "data_protection", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key: what it may do, and the SHA-256 hash by which it is known."""

    id: str
    label: str
    scopes: frozenset[Scope]
    hashed: bytes = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A colleague who logs in; their e-mail is kept apart. `password` is its scrypt hash with its settings."""

    id: str
    role: Role
    language: str
    password: str = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link that makes one colleague of this role, once."""

    hashed: bytes = field(repr=False)
    role: Role
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A colleague who is logged in, until `ends_at` at the latest."""

    hashed: bytes = field(repr=False)
    person: str
    created_at: datetime
    last_seen: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody looked at a customer, for these purposes. `who` is `person:ID` or `key:ID`."""

    who: str
    customer: CustomerId
    purposes: tuple[str, ...]
    at: datetime


class AccessStore(Protocol):
    """What access needs of a store: one transaction of it."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""

    def key_by_hash(self, hashed: bytes) -> ApiKey | None:
        """The key of that hash, revoked or not; None when there is none."""

    def keys(self) -> tuple[ApiKey, ...]:
        """All keys, revoked ones too, by the moment they were made."""

    def revoke_key(self, key: str, at: datetime) -> bool:
        """Revoke the key of that id; whether there was one that was not revoked."""

    def add_person(self, person: Person, email: str) -> None:
        """Keep a new colleague. Raises IdentifierTaken when another has that e-mail."""

    def person(self, person: str) -> Person | None:
        """The colleague of that id, disabled or not; None when there is none."""

    def person_by_email(self, email: str) -> Person | None:
        """The colleague of that e-mail in any writing, disabled or not; None when there is none."""

    def persons(self) -> tuple[Person, ...]:
        """All colleagues, disabled ones too, by the moment they were added."""

    def emails_of_persons(self, session: bytes, now: datetime) -> dict[str, str]:
        """E-mails by colleague, for who holds the session of that hash.

        All for an administrator, their own for others, and none when the session is not, or has ended, or
        its colleague was disabled.
        """

    def set_password(self, person: str, password: str) -> bool:
        """Keep another hash of a password; whether there is that colleague."""

    def disable_person(self, person: str, at: datetime) -> bool:
        """Let a colleague in no more and end their sessions; whether there was one who came in."""

    def add_setup_link(self, link: SetupLink) -> None:
        """Keep a new link."""

    def use_setup_link(self, hashed: bytes, now: datetime) -> SetupLink | None:
        """Mark the link of that hash as used, and return it; None when it is not, was used or has expired.

        Of two at once one gets it.
        """

    def add_session(self, session: Session) -> None:
        """Keep a new session."""

    def session_by_hash(self, hashed: bytes) -> Session | None:
        """The session of that hash; None when there is none. Whether it still holds is for the caller."""

    def touch_session(self, hashed: bytes, last_seen: datetime) -> None:
        """Keep when the session of that hash was last used."""

    def end_session(self, hashed: bytes) -> bool:
        """Forget the session of that hash; whether there was one."""

    def drop_sessions(self, before: datetime) -> int:
        """Forget the sessions that ended before then; how many."""

    def note_looks(self, looks: Sequence[Looked]) -> None:
        """Keep that somebody looked; this is only ever appended to. Raises UnknownCustomer."""

    def looks_of(self, permit: Permit) -> tuple[Looked, ...]:
        """Who looked at the permit's customer, for whatever purpose, newest first. Raises PermitVoid."""

    def looks(self, limit: int) -> tuple[Looked, ...]:
        """Who looked at whom, newest first, at most so many."""

"""The people, keys and looks of a store, in memory: the protocols of `company.access` in few words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from trato.customers.identifiers import normalise

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.company.access import ApiKey, Looked, Person, PersonId, Session, SetupLink
    from trato.permission.permit import Permit
    from trato.permission.purposes import Language

T = TypeVar("T")


@dataclass
class AccessInMemory:
    people: dict[PersonId, Person] = field(default_factory=dict)
    links: dict[bytes, SetupLink] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    made: dict[str, ApiKey] = field(default_factory=dict)
    looked: list[Looked] = field(default_factory=list)

    def read(self, work: Callable[[AccessInMemory], T]) -> T:
        return work(self)

    def write(self, work: Callable[[AccessInMemory], T]) -> T:
        return work(self)

    def add_person(self, person: Person) -> bool:
        if self.person_by_email(person.email) is not None:
            return False
        self.people[person.id] = person
        return True

    def person_of(self, person: PersonId) -> Person | None:
        return self.people.get(person)

    def person_by_email(self, email: str) -> Person | None:
        plain = normalise("email", email)
        return next((one for one in self.people.values() if normalise("email", one.email) == plain), None)

    def persons(self) -> list[Person]:
        return list(self.people.values())

    def set_password(self, person: PersonId, password: str) -> None:
        self.people[person] = replace(self.people[person], password=password)

    def set_language(self, person: PersonId, language: Language) -> None:
        self.people[person] = replace(self.people[person], language=language)

    def disable_person(self, person: PersonId, at: datetime | None) -> None:
        self.people[person] = replace(self.people[person], disabled_at=at)

    def add_setup_link(self, link: SetupLink) -> None:
        self.links[link.hashed] = link

    def setup_link(self, hashed: bytes) -> SetupLink | None:
        return self.links.get(hashed)

    def use_setup_link(self, hashed: bytes, at: datetime) -> bool:
        if self.links[hashed].used_at is not None:
            return False
        self.links[hashed] = replace(self.links[hashed], used_at=at)
        return True

    def add_session(self, session: Session) -> None:
        self.sessions[session.hashed] = session

    def session_by_hash(self, hashed: bytes) -> Session | None:
        return self.sessions.get(hashed)

    def session_seen(self, hashed: bytes, at: datetime) -> None:
        self.sessions[hashed] = replace(self.sessions[hashed], last_seen=at)

    def end_session(self, hashed: bytes) -> None:
        self.sessions.pop(hashed, None)

    def end_sessions_of(self, person: PersonId) -> None:
        self.sessions = {key: one for key, one in self.sessions.items() if one.person != person}

    def drop_sessions(self, before: datetime) -> int:
        over = [key for key, one in self.sessions.items() if one.ends_at <= before]
        for key in over:
            del self.sessions[key]
        return len(over)

    def add_key(self, key: ApiKey) -> None:
        self.made[key.id] = key

    def key_by_hash(self, hashed: bytes) -> ApiKey | None:
        return next((one for one in self.made.values() if one.hashed == hashed), None)

    def keys(self) -> list[ApiKey]:
        return list(self.made.values())

    def revoke_key(self, key: str, at: datetime) -> bool:
        if key not in self.made or self.made[key].revoked_at is not None:
            return False
        self.made[key] = replace(self.made[key], revoked_at=at)
        return True

    def note_look(self, looked: Looked) -> None:
        self.looked.append(looked)

    def looks(self, limit: int) -> list[Looked]:
        return self.looked[::-1][:limit]

    def looks_of(self, permit: Permit, limit: int) -> list[Looked]:
        return [one for one in self.looked[::-1] if one.customer == permit.customer][:limit]

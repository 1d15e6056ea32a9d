"""Who may come in, in the store: keys, the company's people, links and sessions; and who looked at whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from trato.company.access import ApiKey, Looked, Person, PersonId, Session, SetupLink
from trato.customers.customer import CustomerId
from trato.customers.identifiers import normalise
from trato.storage.keyring import lookup
from trato.storage.records import Records
from trato.storage.tables.access import api_keys, looks, people, sessions, setup_links
from trato.storage.upsert import insert_new

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from trato.permission.permit import Permit
    from trato.permission.purposes import Language


class PeopleRecords(Records):
    """The company's people, their links and their sessions, within one transaction."""

    __slots__ = ()

    def add_person(self, person: Person) -> bool:
        """Keep somebody new; False when the e-mail, in its normalised form, is somebody's already."""
        row = {
            "id": person.id,
            "lookup": self._by_email(person.email),
            "email": self._keyring.seal_for_store(_context(person.id), person.email),
            "password": person.password,
            "role": person.role,
            "language": person.language,
            "created_at": person.created_at,
            "disabled_at": person.disabled_at,
        }
        return insert_new(self._connection, people, row)

    def person_of(self, person: PersonId) -> Person | None:
        """The person of that id."""
        return self._person(people.c.id == person)

    def person_by_email(self, email: str) -> Person | None:
        """The person whose e-mail, in its normalised form, is this one's."""
        return self._person(people.c.lookup == self._by_email(email))

    def persons(self) -> tuple[Person, ...]:
        """Everybody, those who were added first before, the disabled among them."""
        rows = self._connection.execute(select(people).order_by(people.c.created_at, people.c.id))
        return tuple(self._opened(row) for row in rows)

    def set_password(self, person: PersonId, password: str) -> None:
        """Put another password's hash in the place of the old one."""
        self._change(person, password=password)

    def set_language(self, person: PersonId, language: Language) -> None:
        """Keep the language in which somebody reads."""
        self._change(person, language=language)

    def disable_person(self, person: PersonId, at: datetime | None) -> None:
        """Keep from when on somebody may not come in; None lets them in again."""
        self._change(person, disabled_at=at)

    def add_setup_link(self, link: SetupLink) -> None:
        """Keep a link."""
        row = {
            "hashed": link.hashed,
            "role": link.role,
            "person": link.person,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
            "used_at": link.used_at,
        }
        self._connection.execute(insert(setup_links).values(**row))

    def setup_link(self, hashed: bytes) -> SetupLink | None:
        """The link with that hash, used or not."""
        row = self._connection.execute(
            select(setup_links).where(setup_links.c.hashed == hashed)
        ).one_or_none()
        if row is None:
            return None
        person = None if row.person is None else PersonId(row.person)
        return SetupLink(row.hashed, row.role, person, row.created_at, row.expires_at, row.used_at)

    def use_setup_link(self, hashed: bytes, at: datetime) -> bool:
        """Mark a link as used; False when it was used before, so that of two at once one gets True."""
        done = self._connection.execute(
            update(setup_links)
            .where(setup_links.c.hashed == hashed, setup_links.c.used_at.is_(None))
            .values(used_at=at)
        )
        return done.rowcount == 1

    def add_session(self, session: Session) -> None:
        """Keep a session."""
        row = {
            "hashed": session.hashed,
            "person": session.person,
            "created_at": session.created_at,
            "last_seen": session.last_seen,
            "ends_at": session.ends_at,
        }
        self._connection.execute(insert(sessions).values(**row))

    def session_by_hash(self, hashed: bytes) -> Session | None:
        """The session with that hash."""
        row = self._connection.execute(select(sessions).where(sessions.c.hashed == hashed)).one_or_none()
        if row is None:
            return None
        return Session(row.hashed, PersonId(row.person), row.created_at, row.last_seen, row.ends_at)

    def session_seen(self, hashed: bytes, at: datetime) -> None:
        """Keep when a session was last used."""
        self._connection.execute(
            update(sessions)
            .where(sessions.c.hashed == hashed, sessions.c.last_seen < at)
            .values(last_seen=at)
        )

    def end_session(self, hashed: bytes) -> None:
        """Drop a session."""
        self._connection.execute(delete(sessions).where(sessions.c.hashed == hashed))

    def end_sessions_of(self, person: PersonId) -> None:
        """Drop all sessions of a person."""
        self._connection.execute(delete(sessions).where(sessions.c.person == person))

    def drop_sessions(self, before: datetime) -> int:
        """Drop the sessions that ended before a moment, and tell how many."""
        return self._connection.execute(delete(sessions).where(sessions.c.ends_at < before)).rowcount

    def _by_email(self, email: str) -> bytes:
        return lookup(self._pepper, "person by email", normalise("email", email))

    def _person(self, who: ColumnElement[bool]) -> Person | None:
        row = self._connection.execute(select(people).where(who)).one_or_none()
        return None if row is None else self._opened(row)

    def _opened(self, row: Row[Any]) -> Person:
        return Person(
            id=PersonId(row.id),
            email=self._keyring.open_for_store(_context(row.id), row.email),
            password=row.password,
            role=row.role,
            language=row.language,
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )

    def _change(self, person: PersonId, **values: object) -> None:
        self._connection.execute(update(people).where(people.c.id == person).values(**values))


class KeyRecords(Records):
    """The keys of the company's programs, within one transaction."""

    __slots__ = ()

    def add_key(self, key: ApiKey) -> None:
        """Keep a key."""
        row = {
            "id": key.id,
            "label": key.label,
            "scopes": json.dumps(sorted(key.scopes)),
            "hashed": key.hashed,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        self._connection.execute(insert(api_keys).values(**row))

    def key_by_hash(self, hashed: bytes) -> ApiKey | None:
        """The key with that hash, revoked or not."""
        row = self._connection.execute(select(api_keys).where(api_keys.c.hashed == hashed)).one_or_none()
        return None if row is None else _key(row)

    def keys(self) -> tuple[ApiKey, ...]:
        """Every key, those that were made first before, the revoked among them."""
        rows = self._connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id))
        return tuple(map(_key, rows))

    def revoke_key(self, key: str, at: datetime) -> bool:
        """Mark a key as revoked; False when there is none of that id that serves."""
        done = self._connection.execute(
            update(api_keys)
            .where(api_keys.c.id == key, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount == 1


class LookRecords(Records):
    """Who looked at whom, within one transaction; only ever appended to."""

    __slots__ = ()

    def note_look(self, looked: Looked) -> None:
        """Keep that somebody looked. Raises UnknownCustomer."""
        row = {
            "looked_by": looked.by,
            "customer": looked.customer,
            "purposes": json.dumps(looked.purposes),
            "at": looked.at,
        }
        with self._of(looked.customer):
            self._connection.execute(insert(looks), [row])

    def looks(self, limit: int) -> tuple[Looked, ...]:
        """The last looks, the newest first."""
        return self._looks(limit)

    def looks_of(self, permit: Permit, limit: int) -> tuple[Looked, ...]:
        """The last looks at the permit's customer, the newest first. Raises PermitVoid."""
        self._check(permit)
        return self._looks(limit, looks.c.customer == permit.customer)

    def _looks(self, limit: int, *which: ColumnElement[bool]) -> tuple[Looked, ...]:
        rows = self._connection.execute(
            select(looks).where(*which).order_by(looks.c.number.desc()).limit(limit)
        )
        return tuple(
            Looked(row.looked_by, CustomerId(row.customer), tuple(json.loads(row.purposes)), row.at)
            for row in rows
        )


def _key(row: Row[Any]) -> ApiKey:
    scopes = frozenset(json.loads(row.scopes))
    return ApiKey(row.id, row.label, scopes, row.hashed, row.created_at, row.revoked_at)


def _context(person: str) -> str:
    return f"email of person {person}"

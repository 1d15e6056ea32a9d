"""Who may come in, as it is kept: people, links, sessions, keys and looks; on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.storage.shop import LATER, NOW, give, permit, register
from tests.storage.test_store import beside_the_store
from trato import errors
from trato.company.access import ApiKey, Looked, Person, PersonId, Session, SetupLink
from trato.customers.customer import CustomerId

if TYPE_CHECKING:
    from pathlib import Path

    from trato.storage.store import Store

BERTA = Person(PersonId("p1"), "Berta@Example.org", "scrypt", "agent", "pt", NOW)


def person(store: Store) -> Person | None:
    return store.read(lambda it: it.person_of(BERTA.id))


def test_people_are_found_by_any_writing_of_their_email(store: Store, database: str, tmp_path: Path) -> None:
    assert store.write(lambda it: it.add_person(BERTA))
    assert not store.write(
        lambda it: it.add_person(replace(BERTA, id=PersonId("p2"), email="berta@example.ORG"))
    )
    carl = replace(BERTA, id=PersonId("p0"), email="carl@example.org", created_at=LATER)
    assert store.write(lambda it: it.add_person(carl))
    assert store.read(lambda it: it.person_by_email(" berta@EXAMPLE.org")) == BERTA
    assert store.read(lambda it: it.person_by_email("nobody@example.org")) is None
    assert store.read(lambda it: it.person_of(PersonId("p9"))) is None
    assert store.read(lambda it: it.persons()) == (BERTA, carl)
    shown = str(beside_the_store(database, "SELECT * FROM people"))
    assert "p1" in shown
    assert "erta" not in shown
    for file in tmp_path.iterdir():
        assert b"erta@" not in file.read_bytes()


def test_what_changes_of_a_person_is_kept(store: Store) -> None:
    store.write(lambda it: it.add_person(BERTA))
    store.write(lambda it: it.set_password(BERTA.id, "another"))
    store.write(lambda it: it.set_language(BERTA.id, "es"))
    store.write(lambda it: it.disable_person(BERTA.id, LATER))
    assert person(store) == replace(BERTA, password="another", language="es", disabled_at=LATER)
    store.write(lambda it: it.disable_person(BERTA.id, None))
    changed = person(store)
    assert changed is not None
    assert changed.disabled_at is None


def test_a_link_serves_one_of_two_at_once(store: Store) -> None:
    link = SetupLink(b"l1", "administrator", None, NOW, LATER)
    store.write(lambda it: it.add_person(BERTA))
    store.write(lambda it: it.add_setup_link(link))
    store.write(lambda it: it.add_setup_link(replace(link, hashed=b"l2", person=BERTA.id)))
    with ThreadPoolExecutor(4) as pool:
        uses = [
            pool.submit(store.write, lambda it: it.use_setup_link(b"l1", NOW + timedelta(hours=1)))
            for _ in range(4)
        ]
    assert sorted(one.result() for one in uses) == [False, False, False, True]
    used = store.read(lambda it: it.setup_link(b"l1"))
    assert used == replace(link, used_at=NOW + timedelta(hours=1))
    assert store.read(lambda it: it.setup_link(b"l2")) == replace(link, hashed=b"l2", person=BERTA.id)
    assert store.read(lambda it: it.setup_link(b"l3")) is None
    assert not store.write(lambda it: it.use_setup_link(b"l3", NOW))


def test_sessions_end(store: Store) -> None:
    store.write(lambda it: it.add_person(BERTA))
    session = Session(b"s1", BERTA.id, NOW, NOW, LATER)
    for hashed in (b"s1", b"s2", b"s3"):
        store.write(lambda it, h=hashed: it.add_session(replace(session, hashed=h)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    store.write(lambda it: it.session_seen(b"s1", NOW + timedelta(hours=2)))
    store.write(lambda it: it.session_seen(b"s1", NOW + timedelta(hours=1)))  # which came late
    assert store.read(lambda it: it.session_by_hash(b"s1")) == replace(
        session, last_seen=NOW + timedelta(hours=2)
    )
    store.write(lambda it: it.end_session(b"s1"))
    assert store.read(lambda it: it.session_by_hash(b"s1")) is None
    assert store.write(lambda it: it.drop_sessions(LATER)) == 0
    assert store.write(lambda it: it.drop_sessions(LATER + timedelta(seconds=1))) == 2
    store.write(lambda it: it.add_session(session))
    store.write(lambda it: it.end_sessions_of(BERTA.id))
    assert store.read(lambda it: it.session_by_hash(b"s1")) is None


def test_a_key_serves_until_it_is_revoked(store: Store) -> None:
    key = ApiKey("k2", "till", frozenset({"track", "greet"}), b"h2", NOW)
    other = ApiKey("k1", "build", frozenset({"build"}), b"h1", LATER)
    for one in (other, key):
        store.write(lambda it, one=one: it.add_key(one))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert store.read(lambda it: it.keys()) == (key, other)
    assert store.read(lambda it: it.key_by_hash(b"h2")) == key
    assert store.read(lambda it: it.key_by_hash(b"h3")) is None
    assert store.write(lambda it: it.revoke_key("k2", LATER))
    assert not store.write(lambda it: it.revoke_key("k2", LATER))
    assert not store.write(lambda it: it.revoke_key("k3", LATER))
    assert store.read(lambda it: it.key_by_hash(b"h2")) == replace(key, revoked_at=LATER)


def test_who_looked_at_whom_is_kept_for_good(store: Store, database: str) -> None:
    ana, eva = register(store, "ana@example.org"), register(store, "eva@example.org")
    give(store, ana)
    looks = [
        Looked("person:p1", ana, ("service", "newsletter"), NOW),
        Looked("key:k1", eva, (), NOW),
        Looked("key:k1", ana, ("service",), LATER),
    ]
    for one in looks:
        store.write(lambda it, one=one: it.note_look(one))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert store.read(lambda it: it.looks(2)) == (looks[2], looks[1])
    assert store.read(lambda it: it.looks_of(permit(it, ana), 9)) == (looks[2], looks[0])
    for change in ("UPDATE looks SET looked_by = 'nobody'", "DELETE FROM looks"):
        with pytest.raises(Exception, match="looks is append-only"):
            beside_the_store(database, change)
    nobody = CustomerId("00000000-0000-7000-8000-000000000000")
    with pytest.raises(errors.UnknownCustomer):
        store.write(lambda it: it.note_look(Looked("key:k1", nobody, (), NOW)))

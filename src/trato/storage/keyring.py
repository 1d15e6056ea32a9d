"""Sealing: personal values are encrypted under a key of their customer, and found again by a keyed hash.

Envelope encryption with AES-256-GCM (NIST SP 800-38D): each customer's data key is wrapped by the master key
and kept apart from the data, so that destroying one wrapped key destroys all that was sealed under it. The
context (whose, which table, which field) is authenticated with each value, so that nobody can put one value
in another's place. Look-ups are HMAC-SHA-256 of the normalised value under a pepper of the whole store.
"""

from __future__ import annotations

import hmac
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from trato.errors import KeyNotUsable
from trato.storage.plain import rows_among
from trato.storage.tables.keys import SCHEMA, data_keys, store_keys
from trato.storage.upsert import in_chunks, insert_all_new, insert_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Table

_VERSION = b"\x01"
_NONCE = 12
_KEY = 32
_STORE = "store"
_MOST_AT_HAND = 10_000
_ANY = "surrogatepass"  # JSON can carry half a letter, and what was said is kept as it was said

_WRAPPED = "SELECT customer, wrapped FROM data_keys WHERE customer IN (??)"
_WRAPPED_APART = _WRAPPED.replace("data_keys", f"{SCHEMA}.data_keys")

Guard = AbstractContextManager[object]


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Seals and opens with the wrapped keys that a connection leads to.

    `guard` is held while the connection is used. `draw` gives that many random bytes. The keys that one
    transaction used are at hand until it ends, and no longer: one that was destroyed serves nobody after.
    """

    connection: Connection
    master: bytes
    draw: Callable[[int], bytes]
    guard: Guard = field(default_factory=nullcontext)
    _at_hand: dict[tuple[str, str], AESGCM] = field(default_factory=dict)

    def for_transaction(self) -> Keyring:
        """The same keyring with no key at hand."""
        return replace(self, _at_hand={})

    def prepare(self, customers: Iterable[str]) -> None:
        """Have the keys of many customers at hand, and make those that are not there, in a few statements."""
        wanted = sorted({one for one in customers if (data_keys.name, one) not in self._at_hand})
        for chunk in in_chunks(wanted):
            missing = self._fetch(chunk)
            if missing and not self._make_all(missing):
                self._fetch(missing)  # another transaction made some of them

    def prepare_to_open(self, customers: Iterable[str]) -> None:
        """Have the keys of many customers at hand, as far as they are there, in a few statements."""
        wanted = sorted({one for one in customers if (data_keys.name, one) not in self._at_hand})
        for chunk in in_chunks(wanted):
            self._fetch(chunk)

    def seal(self, customer: str, context: str, words: str) -> bytes:
        """The words, encrypted under the customer's key, which is made when there is none."""
        return self.seal_bytes(customer, context, words.encode(errors=_ANY))

    def open(self, customer: str, context: str, sealed: bytes) -> str:
        """The words again. Raises KeyNotUsable when the key is gone or what is sealed was changed."""
        return self.open_bytes(customer, context, sealed).decode(errors=_ANY)

    def seal_bytes(self, customer: str, context: str, plain: bytes) -> bytes:
        """As `seal`."""
        return self._encrypt(self._cipher(data_keys, customer), plain, f"{customer} {context}")

    def open_bytes(self, customer: str, context: str, sealed: bytes) -> bytes:
        """As `open`."""
        cipher = self._cipher(data_keys, customer, make=False)
        return self._decrypt(cipher, sealed, f"{customer} {context}")

    def seal_for_store(self, context: str, words: str) -> bytes:
        """The words, encrypted under a key of the store, for what belongs to no customer."""
        return self.seal_bytes_for_store(context, words.encode(errors=_ANY))

    def open_for_store(self, context: str, sealed: bytes) -> str:
        """The words again. Raises as `open`."""
        return self.open_bytes_for_store(context, sealed).decode(errors=_ANY)

    def seal_bytes_for_store(self, context: str, plain: bytes) -> bytes:
        """As `seal_for_store`."""
        return self._encrypt(self._cipher(store_keys, _STORE), plain, context)

    def open_bytes_for_store(self, context: str, sealed: bytes) -> bytes:
        """As `open_for_store`."""
        return self._decrypt(self._cipher(store_keys, _STORE, make=False), sealed, context)

    def pepper(self) -> bytes:
        """The key of the store's look-ups, made when there is none. Raises KeyNotUsable."""
        return self._find(store_keys, "pepper") or self._make(store_keys, "pepper")

    def _cipher(self, table: Table, name: str, *, make: bool = True) -> AESGCM:
        cipher = self._at_hand.get((table.name, name))
        if cipher is None:
            key = self._find(table, name) or (self._make(table, name) if make else None)
            if key is None:
                whose = "this customer's data key" if table is data_keys else "the store's own key"
                raise KeyNotUsable(f"{whose} is not there: the values cannot be read")
            cipher = self._keep(table, name, key)
        return cipher

    def _keep(self, table: Table, name: str, key: bytes) -> AESGCM:
        if len(self._at_hand) >= _MOST_AT_HAND:
            self._at_hand.clear()
        cipher = self._at_hand[table.name, name] = AESGCM(key)
        return cipher

    def _fetch(self, customers: list[str]) -> list[str]:
        """Have the keys of customers at hand; those of the customers who have none."""
        words = _WRAPPED_APART if self.connection.dialect.name == "postgresql" else _WRAPPED
        with self.guard:
            pages = list(rows_among(self.connection, words, customers))
        wrapped: dict[str, bytes] = {customer: one for page in pages for customer, one in page}
        for customer, one in wrapped.items():
            self._keep(data_keys, customer, self._unwrap(data_keys, customer, one))
        return [customer for customer in customers if customer not in wrapped]

    def _make_all(self, customers: list[str]) -> bool:
        """Make keys for customers who have none; whether all of them are the ones now kept."""
        fresh = {customer: self.draw(_KEY) for customer in customers}
        rows = [
            {"customer": customer, "wrapped": self._wrap(data_keys, customer, key)}
            for customer, key in fresh.items()
        ]
        with self.guard:
            mine = insert_all_new(self.connection, data_keys, rows) == len(rows)
        if mine:
            for customer, key in fresh.items():
                self._keep(data_keys, customer, key)
        return mine

    def _find(self, table: Table, name: str) -> bytes | None:
        label = next(iter(table.primary_key))
        with self.guard:
            wrapped = self.connection.execute(
                select(table.c.wrapped).where(label == name)
            ).scalar_one_or_none()
        return None if wrapped is None else self._unwrap(table, name, wrapped)

    def _make(self, table: Table, name: str) -> bytes:
        key = self.draw(_KEY)
        wrapped = self._wrap(table, name, key)
        label = next(iter(table.primary_key)).name
        with self.guard:
            mine = insert_new(self.connection, table, {label: name, "wrapped": wrapped})
        if mine:
            return key
        found = self._find(table, name)  # another transaction was quicker
        if found is None:
            raise KeyNotUsable(f"the key {name!r} was destroyed while it was made")
        return found

    def _wrap(self, table: Table, name: str, key: bytes) -> bytes:
        return self._encrypt(AESGCM(self.master), key, f"{table.name} {name}")

    def _unwrap(self, table: Table, name: str, wrapped: bytes) -> bytes:
        return self._decrypt(AESGCM(self.master), wrapped, f"{table.name} {name}")

    def _encrypt(self, cipher: AESGCM, plain: bytes, context: str) -> bytes:
        nonce = self.draw(_NONCE)
        return _VERSION + nonce + cipher.encrypt(nonce, plain, context.encode())

    def _decrypt(self, cipher: AESGCM, sealed: bytes, context: str) -> bytes:
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION:
            raise KeyNotUsable("this was sealed by another version of Trato")
        try:
            return cipher.decrypt(nonce, body, context.encode())
        except InvalidTag:
            raise KeyNotUsable(
                "this is not the key that the store was made with, or what is sealed was changed",
                hint="restore the master key from where you keep it safe",
            ) from None


def lookup(pepper: bytes, kind: str, normalised: str) -> bytes:
    """The keyed hash by which an identifier is found; a kind with a space in it is none of an identifier."""
    return hmac.digest(pepper, kind.encode() + b"\0" + normalised.encode(errors=_ANY), "sha256")

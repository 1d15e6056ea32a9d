"""Sealing: personal values are encrypted under a key of their customer, and found again by a keyed hash.

Envelope encryption with AES-256-GCM (NIST SP 800-38D): each customer's data key is wrapped by the master key
and kept apart from the data, so that destroying one wrapped key destroys all that was sealed under it. The
context (whose, which table, which field) is authenticated with each value, so that nobody can put one value
in another's place. Look-ups are HMAC-SHA-256 of the normalised value under a pepper of the whole store.
"""

from __future__ import annotations

import hmac
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from trato.errors import KeyNotUsable
from trato.storage.tables.keys import data_keys, store_keys
from trato.storage.upsert import insert_new

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Table

_VERSION = b"\x01"
_NONCE = 12
_KEY = 32
_ANY = "surrogatepass"  # JSON can carry half a letter, and what was said is kept as it was said

Guard = AbstractContextManager[object]


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """Seals and opens with the wrapped keys that a connection leads to.

    `guard` is held while the connection is used. `draw` gives that many random bytes.
    """

    connection: Connection
    master: bytes
    draw: Callable[[int], bytes]
    guard: Guard = field(default_factory=nullcontext)

    def seal(self, customer: str, context: str, words: str) -> bytes:
        """The words, encrypted under the customer's key, which is made when there is none."""
        key = self._find(data_keys, customer) or self._make(data_keys, customer)
        return self._encrypt(key, words.encode(errors=_ANY), f"{customer} {context}")

    def open(self, customer: str, context: str, sealed: bytes) -> str:
        """The words again. Raises KeyNotUsable when the key is gone or what is sealed was changed."""
        key = self._find(data_keys, customer)
        if key is None:
            raise KeyNotUsable("this customer's data key is not there: the values cannot be read")
        return self._decrypt(key, sealed, f"{customer} {context}").decode(errors=_ANY)

    def pepper(self) -> bytes:
        """The key of the store's look-ups, made when there is none. Raises KeyNotUsable."""
        return self._find(store_keys, "pepper") or self._make(store_keys, "pepper")

    def _find(self, table: Table, name: str) -> bytes | None:
        label = next(iter(table.primary_key))
        with self.guard:
            wrapped = self.connection.execute(
                select(table.c.wrapped).where(label == name)
            ).scalar_one_or_none()
        return None if wrapped is None else self._decrypt(self.master, wrapped, f"{table.name} {name}")

    def _make(self, table: Table, name: str) -> bytes:
        key = self.draw(_KEY)
        wrapped = self._encrypt(self.master, key, f"{table.name} {name}")
        label = next(iter(table.primary_key)).name
        with self.guard:
            mine = insert_new(self.connection, table, {label: name, "wrapped": wrapped})
        if mine:
            return key
        found = self._find(table, name)  # another transaction was quicker
        if found is None:
            raise KeyNotUsable(f"the key {name!r} was destroyed while it was made")
        return found

    def _encrypt(self, key: bytes, plain: bytes, context: str) -> bytes:
        nonce = self.draw(_NONCE)
        return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())

    def _decrypt(self, key: bytes, sealed: bytes, context: str) -> bytes:
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION:
            raise KeyNotUsable("this was sealed by another version of Trato")
        try:
            return AESGCM(key).decrypt(nonce, body, context.encode())
        except InvalidTag:
            raise KeyNotUsable(
                "this is not the key that the store was made with, or what is sealed was changed",
                hint="restore the master key from where you keep it safe",
            ) from None


def lookup(pepper: bytes, kind: str, normalised: str) -> bytes:
    """The keyed hash by which an identifier is found."""
    return hmac.digest(pepper, kind.encode() + b"\0" + normalised.encode(), "sha256")

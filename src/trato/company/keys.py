"""The keys of the company's programs: made once, shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from trato.company.access import SCOPES, ApiKey
from trato.errors import BadOption, KeyRefused, ScopeMissing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from trato.company.access import KeyStore, Scope

LONGEST_KEY = 200
LONGEST_LABEL = 100


def scopes_of(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes that some words name. Raises BadOption for a word that is none, and when there is none."""
    said = set(words)
    for word in sorted(said - set(SCOPES)):
        close = nearest(word, SCOPES)
        known = f"known: {', '.join(SCOPES)}"
        raise BadOption(f"there is no scope {word!r}", hint=f"did you mean {close!r}?" if close else known)
    found: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in said)
    if not found:
        raise BadOption("a key needs a scope", hint=f"known: {', '.join(SCOPES)}")
    return found


def make_key(
    store: KeyStore, label: str, scopes: frozenset[Scope], *, now: datetime, draw: Callable[[int], bytes]
) -> tuple[str, ApiKey]:
    """Make a key; returns its words, which are kept nowhere, and what is kept of it.

    `draw` gives that many random bytes. Raises BadOption when the label is empty or too long.
    """
    label = " ".join(label.split())
    if not label or len(label) > LONGEST_LABEL:
        raise BadOption(
            f"a key's label has 1 to {LONGEST_LABEL} characters", hint="say what uses it, such as 'web shop'"
        )
    words = "tk_" + base64.urlsafe_b64encode(draw(24)).decode("ascii")
    key = ApiKey(draw(6).hex(), label, scopes, hash_of(words), now)
    store.add_key(key)
    return words, key


def check_key(store: KeyStore, words: str, scope: Scope) -> ApiKey:
    """The key that somebody shows. Raises KeyRefused, and ScopeMissing where it is for something else."""
    key = store.key_by_hash(hash_of(words)) if 0 < len(words) <= LONGEST_KEY else None
    if key is None or key.revoked_at is not None:
        raise KeyRefused("this key is not known here, or it was revoked", hint="make one: trato key make")
    return allowed(key, scope)


def allowed(key: ApiKey, scope: Scope) -> ApiKey:
    """The key, where it may be used for this. Raises ScopeMissing."""
    if scope not in key.scopes:
        raise ScopeMissing(
            f"this key was not made for {scope!r}", hint=f"make one that is: trato key make --scope {scope}"
        )
    return key


def revoke_key(store: KeyStore, key: str, *, now: datetime) -> None:
    """Let a key open nothing any more, by its id. Raises BadOption when none of that id serves."""
    if not store.revoke_key(key, now):
        raise BadOption("no key of this id is in use", hint="see them: trato key list")


def hash_of(words: str) -> bytes:
    """What is kept of a key. It holds 192 random bits, so that one pass of SHA-256 is enough."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()

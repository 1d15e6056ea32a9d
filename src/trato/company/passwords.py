"""Passwords: hashed with scrypt and a salt of their own; a trial takes as long right as wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from trato.errors import BadPassword

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
FEWEST_LETTERS = 5
# 32 MB and three passes: one of the strengths that OWASP's password storage cheat sheet holds equal.
_N, _R, _P = 2**15, 8, 3
_AT_ONCE = BoundedSemaphore(2)  # so that many log-ins together take neither all memory nor every core

# A hash that no password fits, so that trying an unknown e-mail takes as long as a known one.
NOBODY = f"scrypt${_N}:{_R}:{_P}${base64.b64encode(bytes(16)).decode()}$"


def hashed_password(password: str, email: str, draw: Callable[[int], bytes]) -> str:
    """What is kept of a new password. Raises BadPassword when it is too short or too easy to guess."""
    plain = _normal(password)
    if len(plain) < SHORTEST_PASSWORD:
        raise BadPassword(f"a password has at least {SHORTEST_PASSWORD} characters")
    if len(plain) > LONGEST_PASSWORD:
        raise BadPassword(f"a password has at most {LONGEST_PASSWORD} characters")
    if len(set(plain.casefold())) < FEWEST_LETTERS or plain.casefold() in {
        email.strip().casefold(),
        email.strip().casefold() * 2,
    }:
        raise BadPassword("this password is easy to guess")
    salt = draw(16)
    parts = (f"{_N}:{_R}:{_P}", *(base64.b64encode(one).decode() for one in (salt, _scrypt(plain, salt))))
    return "scrypt$" + "$".join(parts)


def password_fits(password: str, hashed: str) -> bool:
    """Whether a password is the one of which `hashed` was kept; takes as long whether it is or not."""
    _, strength, salt, kept = hashed.split("$")
    n, r, p = (int(one) for one in strength.split(":"))
    plain = _normal(password[: LONGEST_PASSWORD + 1])
    return hmac.compare_digest(_scrypt(plain, base64.b64decode(salt), n, r, p), base64.b64decode(kept))


def _scrypt(password: str, salt: bytes, n: int = _N, r: int = _R, p: int = _P) -> bytes:
    with _AT_ONCE:
        secret = password.encode("utf-8", "surrogatepass")
        return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r + 2**20, dklen=32)


def _normal(password: str) -> str:
    """The same password from every keyboard (NIST SP 800-63B asks for NFKC)."""
    return unicodedata.normalize("NFKC", password)

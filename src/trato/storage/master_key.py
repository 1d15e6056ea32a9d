"""The master key: 32 bytes that wrap every other key, from its owner's file or the environment."""

from __future__ import annotations

import base64
import binascii
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from trato.errors import KeyNotUsable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENVIRONMENT = "TRATO_MASTER_KEY"
LENGTH = 32


def make_master_key(file: Path, draw: Callable[[int], bytes]) -> bytes:
    """Draw a master key and write it to a new file of mode 0600.

    `draw` gives that many random bytes: `secrets.token_bytes`. Raises KeyNotUsable when the file is there.
    """
    key = draw(LENGTH)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise KeyNotUsable(f"the key file cannot be made: {error.strerror}", where=str(file)) from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(base64.b64encode(key) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    return key


def read_master_key(file: Path, environment: Mapping[str, str]) -> bytes:
    """The master key from TRATO_MASTER_KEY where it is set, else from the file. Raises KeyNotUsable."""
    if written := environment.get(ENVIRONMENT):
        return _decoded(written, ENVIRONMENT)
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError as error:
        raise KeyNotUsable(
            f"the master key cannot be read: {error.strerror}",
            hint=f"restore the file, or set {ENVIRONMENT}",
            where=str(file),
        ) from None
    with os.fdopen(descriptor, "rb") as opened:
        if os.fstat(opened.fileno()).st_mode & 0o077:
            raise KeyNotUsable(
                "others than its owner can read the master key",
                hint=f"chmod 600 {file}, and think about who may have read it",
                where=str(file),
            )
        return _decoded(opened.read(1000).decode("ascii", errors="replace"), str(file))


def _decoded(written: str, where: str) -> bytes:
    key = b""
    with suppress(binascii.Error, ValueError):
        key = base64.b64decode(written.strip(), validate=True)
    if len(key) != LENGTH:
        raise KeyNotUsable("this is no master key: it must be 32 bytes in base64", where=where)
    return key

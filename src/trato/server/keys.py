"""The key that a request brings, and whether it opens the door.

key = await bearer(context, request, "read")
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.company.keys import allowed, check_key, hash_of
from trato.errors import KeyRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.company.access import ApiKey, Scope
    from trato.storage.store import Store

REMEMBERED_SECONDS = 2.0
MOST_REMEMBERED = 1_000


def key_shown(headers: Mapping[str, str]) -> str | None:
    """The key in a request's headers: the user of Basic, as tracking libraries send it, or a Bearer token.

    None where there is none. Raises KeyRefused when the header cannot be read.
    """
    said = headers.get("authorization")
    if said is None:
        return None
    scheme, _, rest = said.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise KeyRefused("the key in the header cannot be read") from None
        return user.partition(":")[0]
    raise KeyRefused("the header shows a key in a way that is not known here", hint="Basic or Bearer")


@dataclass(slots=True)
class Keys:
    """Which keys are good, looked up in the store and `remembered` for some seconds.

    So a key that is revoked opens the door that much longer at the most, and a busy one costs no reading.
    """

    store: Store
    remembered: float = REMEMBERED_SECONDS
    _seen: OrderedDict[bytes, tuple[ApiKey, float]] = field(default_factory=OrderedDict)

    async def check(self, words: str | None, scope: Scope) -> ApiKey:
        """The key of these words. Raises KeyRefused, ScopeMissing and StorageUnavailable."""
        if not words:
            raise KeyRefused("there is no key", hint="send it as the user of Basic authorization")
        hashed = hash_of(words)
        clock = asyncio.get_running_loop().time()
        known = self._seen.get(hashed)
        if known is not None and clock - known[1] < self.remembered:
            return allowed(known[0], scope)
        self._seen.pop(hashed, None)
        key = await asyncio.to_thread(self.store.read, lambda it: check_key(it, words, scope))
        self._seen[hashed] = (key, clock)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return key

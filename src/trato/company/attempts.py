"""Log-ins that failed, and the pause before the next."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from trato.errors import LogInPaused

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class _Tries:
    failed: int
    last: datetime


class Attempts:
    """The failed log-ins of one process, with a pause that doubles with each.

    A try counts as failed before it is looked at, so that many at once are no way round. Some tries are free,
    more for an address, which an office may share, than for an e-mail. After an hour without a try all is
    forgotten.
    """

    FREE: Mapping[str, int] = {"email": 5, "address": 20}
    LONGEST = timedelta(minutes=15)
    FORGOTTEN = timedelta(hours=1)
    MOST = 10_000

    def __init__(self) -> None:
        self._tries: dict[tuple[str, str], _Tries] = {}
        self._lock = Lock()

    def begin(self, email: str, address: str, now: datetime) -> None:
        """Count a try. Raises LogInPaused, and counts nothing, while a pause lasts."""
        keys = (("email", _key(email)), ("address", _key(address)))
        with self._lock:
            wait = max(self._wait(key, now) for key in keys)
            if wait > 0:
                raise LogInPaused("too many log-ins failed", seconds=wait)
            for key in keys:
                before = self._tries.pop(key, None)
                fresh = before is None or now - before.last > self.FORGOTTEN
                self._tries[key] = _Tries(1 if fresh or before is None else before.failed + 1, now)
            while len(self._tries) > self.MOST:  # those that were tried longest ago stand first
                del self._tries[next(iter(self._tries))]

    def succeeded(self, email: str) -> None:
        """Forget what failed with this e-mail. An address is not forgiven: it may hold one good account."""
        with self._lock:
            self._tries.pop(("email", _key(email)), None)

    def _wait(self, key: tuple[str, str], now: datetime) -> int:
        tries = self._tries.get(key)
        if tries is None or tries.failed < self.FREE[key[0]]:
            return 0
        pause = min(timedelta(seconds=2 ** min(tries.failed - self.FREE[key[0]], 20)), self.LONGEST)
        left = tries.last + pause - now
        return 0 if left <= timedelta(0) else -(-left // timedelta(seconds=1))


def _key(said: str) -> str:
    """What was said, unreadable: memory is no place for what may be personal either."""
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()

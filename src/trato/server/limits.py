"""How much one request, one key and one server may take."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from trato.errors import TooMuchAtOnce

if TYPE_CHECKING:
    from collections.abc import Callable

KB = 1024
MOST_KEYS = 10_000
_NEARLY = 1e-6  # who waited exactly as long as told is not refused for a rounding


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, events and seconds.

    Segment's libraries keep to 32 KB an event, 500 KB and 2,500 events a request, RudderStack's to 4 MB a
    request; more than the most is refused whole. `unpacked` is the most that a packed body may become, `page`
    the most of a request that is not for tracking. `rate` is in events a second and key, and `burst` seconds
    of it may come at once; `waiting` in bytes of events that may be under way, of all requests together;
    `patience` in seconds in which a body must have come.
    """

    event: int = 32 * KB
    events: int = 2_500
    body: int = 4 * KB * KB + 64 * KB  # a batch of 4 MB, and what is around it
    unpacked: int = 4 * KB * KB + 64 * KB
    page: int = 64 * KB
    rate: float = 5_000.0
    burst: float = 5.0
    waiting: int = 64 * KB * KB
    patience: float = 20.0


class Rates:
    """A bucket of tokens for each key: one an event, filled at `rate` a second, at most `rate * burst`.

    `clock` gives seconds that only grow. Not for several threads.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._most = rate * burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, events: int) -> None:
        """Take tokens for so many events. Raises TooMuchAtOnce, and takes none, when there are too few."""
        now = self._clock()
        left, since = self._left.pop(key, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        enough = left >= min(events, self._most) - _NEARLY
        self._left[key] = (left - events if enough else left, now)
        if len(self._left) > MOST_KEYS:
            self._left.popitem(last=False)
        if not enough:
            seconds = math.ceil((min(events, self._most) - left) / self._rate)
            raise TooMuchAtOnce(
                "more events came with this key than its rate allows", seconds=max(1, seconds)
            )


class Room:
    """The bytes of all requests that are under way, at most so many together. Not for several threads.

        with room.guest() as guest:
            guest.hold(4_096)

    Without it, many who send slowly could fill the memory, each within the limits of one request.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    def guest(self) -> Guest:
        """A request that holds nothing yet; what it holds is free again at the end of its block."""
        return Guest(self)

    def _change(self, before: int, after: int) -> None:
        others = self._held - before
        if after > before and others and others + after > self._most:
            raise TooMuchAtOnce("too much is under way", seconds=1)
        self._held = others + after


class Guest:
    """One request in the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room._change(self._held, 0)  # noqa: SLF001 its own room
        self._held = 0

    def hold(self, size: int) -> None:
        """Hold so many bytes from now on. Raises TooMuchAtOnce, and changes nothing, when the room is full.

        Who is alone is never refused.
        """
        self._room._change(self._held, size)  # noqa: SLF001 its own room
        self._held = size

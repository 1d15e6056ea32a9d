"""How much one request, one key and one server may take."""

from __future__ import annotations

from dataclasses import dataclass

KB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, events and seconds.

    Segment's libraries keep to 32 KB an event, 500 KB and 2,500 events a request, RudderStack's to 4 MB a
    request; more than the most is refused whole. `unpacked` is the most that a packed body may become.
    `rate` is in events a second and key, over `burst` seconds; `waiting` in events that may wait to be
    written; `patience` in seconds in which a body must have come.
    """

    event: int = 32 * KB
    events: int = 2_500
    body: int = 4 * KB * KB + 64 * KB  # a batch of 4 MB, and what is around it
    unpacked: int = 4 * KB * KB + 64 * KB
    page: int = 64 * KB
    rate: float = 5_000.0
    burst: float = 4.0
    waiting: int = 50_000
    patience: float = 20.0

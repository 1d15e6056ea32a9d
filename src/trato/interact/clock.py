"""When an event happened, by the receiver's clock.

A sender's clock may be wrong, but it is the same for when the event happened and when it was sent. So the
event happened as long before it was received as it did before it was sent (Segment's rule, which its own
libraries and RudderStack's count on).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo


def by_our_clock(event: Mapping[str, object], received_at: datetime, zone: ZoneInfo) -> dict[str, object]:
    """The event with `timestamp` = received − (sentAt − originalTimestamp), and the original kept beside it.

    Where only `timestamp` is given, it is the original. Without `sentAt`, or where one of them cannot be
    read, it stays as it is; without any, it is when the event was received. Times without offset are in
    `zone`.
    """
    given, told = event.get("timestamp"), event.get("originalTimestamp")
    original = given if told is None else told
    if original is None:
        return {**event, "timestamp": received_at.isoformat()}
    happened, sent = _moment(original, zone), _moment(event.get("sentAt"), zone)
    if happened is not None and sent is not None:
        try:
            at = received_at - (sent - happened)
        except OverflowError:
            pass  # what cannot be reckoned stays as it is
        else:
            return {**event, "originalTimestamp": original, "timestamp": at.isoformat()}
    return {**event, "timestamp": original if given is None else given}


def _moment(given: object, zone: ZoneInfo) -> datetime | None:
    if not isinstance(given, str):
        return None
    try:
        at = datetime.fromisoformat(given.strip())
        return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

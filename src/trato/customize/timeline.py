"""What was said and done on all touchpoints, and how often the company turned to the customer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from trato.customize.store import KnowingStore
    from trato.interact.interactions import Kind, Stance
    from trato.interact.log import LogEntry
    from trato.interact.touchpoints import Channel, Touchpoints
    from trato.permission.permit import Permit

CONTACT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Event:
    """One interaction as the page tells it. `label` is what people call the touchpoint, by language;
    `words` are the customer's own, None where they said nothing; money is in minor units.
    """

    position: int
    at: datetime
    kind: Kind
    touchpoint: str
    label: Mapping[str, str]
    channel: Channel
    place: str | None
    division: str | None
    product_line: str | None
    choices: tuple[tuple[str, str], ...]
    count: int
    amount: int | None
    words: str | None = field(repr=False)
    stance: Stance | None
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contacts:
    """How often the company turned to the customer within `days`, by touchpoint and by channel, and the last
    time it did so; None where it did not.
    """

    days: int
    total: int
    by_touchpoint: Mapping[str, int]
    by_channel: Mapping[str, int]
    last_at: datetime | None


def timeline(
    store: KnowingStore,
    permits: Sequence[Permit],
    touchpoints: Touchpoints,
    *,
    limit: int,
    before: int | None,
) -> tuple[tuple[Event, ...], int | None]:
    """The newest `limit` interactions below a position, by when they were received, and where the next page
    begins. One that several permits open is told once.
    """
    found: dict[int, LogEntry] = {}
    for permit in permits:
        # One more than is shown tells whether there is a next page.
        found |= {one.position: one for one in store.interactions_of(permit, limit=limit + 1, before=before)}
    newest = sorted(found, reverse=True)
    shown = tuple(_event(found[position], touchpoints) for position in newest[:limit])
    return shown, newest[limit - 1] if len(newest) > limit else None


def contacts_in(
    store: KnowingStore, permits: Sequence[Permit], *, now: datetime, days: int = CONTACT_DAYS
) -> Contacts:
    """How often and where the company turned to the customer within the last days."""
    found: dict[int, LogEntry] = {}
    for permit in permits:
        found |= {one.position: one for one in store.contacts_of(permit, now - timedelta(days=days))}
    contacts = list(found.values())
    return Contacts(
        days=days,
        total=len(contacts),
        by_touchpoint=dict(sorted(Counter(one.touchpoint.key for one in contacts).items())),
        by_channel=dict(sorted(Counter(one.touchpoint.channel for one in contacts).items())),
        last_at=max((one.at for one in contacts), default=None),
    )


def _event(one: LogEntry, touchpoints: Touchpoints) -> Event:
    return Event(
        position=one.position,
        at=one.at,
        kind=one.kind,
        touchpoint=one.touchpoint.key,
        label=touchpoints.labels.get(one.touchpoint.key, {}),
        channel=one.touchpoint.channel,
        place=one.touchpoint.place,
        division=one.touchpoint.division,
        product_line=one.touchpoint.product_line,
        choices=one.choices,
        count=one.count,
        amount=one.amount,
        words=one.statement,
        stance=one.stance,
        purposes=one.purposes,
    )

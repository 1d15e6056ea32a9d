"""A market that gets events: its purposes, its sources, and what its site sends."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.interact.mapped import sources
from trato.permission.purposes import Purpose, Purposes

if TYPE_CHECKING:
    from trato.permission.purposes import LegalBasis

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _purpose(key: str, basis: LegalBasis, *fields: str) -> Purpose:
    return Purpose(key, {"en": key}, basis, key == "news", key == "suggestions", fields, 365)


PURPOSES = Purposes(
    {
        one.key: one
        for one in (
            _purpose("service", "contract", "user_id", "email", "name"),
            _purpose("suggestions", "consent", "user_id", "size"),
            _purpose("news", "consent", "email", "language"),
            _purpose("care", "legitimate_interests", "user_id"),
        )
    }
)

_ALL: dict[str, Any] = {
    "touchpoint": "web",
    "customer": {
        "user_id": "userId",
        "email": "context.traits.email",
        "anonymous_id": "anonymousId",
    },
    "time": "timestamp",
}
_PRODUCT: dict[str, Any] = {"component": "properties.category", "module": "properties.name"}

SOURCES, _COMPLAINTS = sources(
    Path(tempfile.mkdtemp()),
    {
        "events": {
            "Order Completed": {
                **_ALL,
                "kind": "purchase",
                "purposes": ["service", "suggestions"],
                "household": "properties.household",
                "component": "properties.products[].category",
                "module": "properties.products[].name",
                "unit_price": "properties.products[].price",
            },
            "Product Viewed": {**_ALL, **_PRODUCT, "kind": "view", "purposes": ["suggestions"]},
            "Cared For": {**_ALL, "kind": "contact", "purposes": ["care"]},
            "Rated": {
                **_ALL,
                **_PRODUCT,
                "kind": "statement",
                "purposes": ["service", "suggestions"],
                "statement": "properties.words",
                "stance": "properties.stance",
            },
            "Signed up": {
                **_ALL,
                "call": "identify",
                "kind": "other",
                "purposes": ["service", "suggestions", "news"],
                "values": {
                    "name": "traits.name",
                    "language": "traits.language",
                    "size": "traits.size",
                },
            },
            "Works for": {
                **_ALL,
                "call": "group",
                "kind": "other",
                "purposes": ["service"],
                "account": "groupId",
            },
            "Preferences Saved": {
                **_ALL,
                "kind": "permission",
                "purposes": ["service"],
                "purpose": {"from": "properties.choices[].key", "values": {"ideas": "suggestions"}},
                "state": {
                    "from": "properties.choices[].on",
                    "values": {"true": "granted", "false": "withdrawn"},
                },
            },
        }
    },
)
assert not _COMPLAINTS


def sent(
    event: str,
    user: str | None = "u1",
    *,
    message: object = None,
    minutes: float = 0,
    **more: Any,
) -> dict[str, object]:
    """An event of a user, so many minutes after noon, with more of its properties."""
    call = {"Signed up": "identify", "Works for": "group"}.get(event, "track")
    body: dict[str, object] = {
        "type": call,
        "event": event,
        "timestamp": (NOW + timedelta(minutes=minutes)).isoformat(),
        "userId": user,
    }
    if message is not None:
        body["messageId"] = message
    for part in ("anonymousId", "context", "traits", "groupId", "sentAt", "originalTimestamp"):
        if part in more:
            body[part] = more.pop(part)
    return {**body, "properties": more}


def order(user: str | None = "u1", *names: str, **more: Any) -> dict[str, object]:
    """An order of some kinds of bread, at one each."""
    products = [{"category": "bread", "name": name, "price": 1} for name in names or ("rye",)]
    return sent("Order Completed", user, products=products, **more)


def saved(user: str | None = "u1", **choices: bool) -> dict[str, object]:
    """A form of permissions: purpose and yes or no."""
    return sent("Preferences Saved", user, choices=[{"key": key, "on": on} for key, on in choices.items()])

"""The learning relationship, once around: one event in, one belief moved, one page out, under a permit."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.api.doors import key_of
from tests.storage.conftest import new_database

if TYPE_CHECKING:
    from pathlib import Path

    from tests.customize.corner import Corner
    from tests.server.api.doors import Http


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh store; these tests run on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'corner.sqlite3'}"
    return new_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated"))


def sends(http: Http, key: str, event_name: str, **properties: Any) -> None:
    event = {
        "messageId": secrets.token_hex(8),
        "userId": "card of ana",
        "event": event_name,
        "timestamp": "2026-03-01T11:59:00Z",
        "properties": properties,
    }
    answer = http.ask("POST", "/v1/track", key, json=event)
    assert answer.status_code == 200, answer.text


def bought(http: Http, key: str, module: str, price: str = "1.50") -> None:
    sends(http, key, "Order Completed", products=[{"category": "bread", "name": module, "price": price}])


def test_an_event_that_was_answered_is_on_the_next_page(corner: Corner, http: Http) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {("bread", "wheat"): 1}})
    key = key_of(corner, "track", "read", "permissions")

    def page() -> dict[str, Any]:
        told: dict[str, Any] = http.ask("GET", f"/api/customers/{ana}", key).json()
        return told

    before = page()
    assert before["wants"]["shown"]["needs"][0]["need"]["name"]["en"] == "More wheat"
    for step in range(1, 6):
        bought(http, key, "rye")
        told = page()
        assert told["wants"]["shown"]["evidence"] == 1 + step
        assert told["worth"]["shown"]["actual_value"] == 150 * step
        assert len(told["said_and_did"]["shown"]["events"]) == step
    told = page()
    assert told["wants"]["shown"]["needs"][0]["need"]["name"]["en"] == "Bakers"
    assert told["proposal"]["shown"]["components"][0]["modules"][0]["module"] == "rye"
    # What she says binds over all that she did.
    sends(http, key, "Told Us", category="bread", name="spelt", words="always spelt, please", stance="wants")
    told = page()
    assert told["proposal"]["shown"]["components"][0]["modules"][0]["module"] == "spelt"
    assert told["wants"]["shown"]["statements"][0]["words"] == "always spelt, please"
    # A no is in force with its answer: what comes after it is kept for no profile.
    said = {"do": "withdraw", "purpose": "advice"}
    assert http.ask("POST", f"/api/customers/{ana}/permissions", key, json=said).status_code == 200
    bought(http, key, "rye")
    told = page()
    assert told["wants"]["shown"] is told["proposal"]["shown"] is told["worth"]["shown"] is None
    assert len(told["said_and_did"]["shown"]["events"]) == 6
    # And what is said yes to again is what was kept under a yes.
    said = {"do": "grant", "purpose": "advice"}
    assert http.ask("POST", f"/api/customers/{ana}/permissions", key, json=said).status_code == 200
    assert page()["wants"]["shown"]["evidence"] == 6

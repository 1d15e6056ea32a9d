"""Segment's and RudderStack's libraries for Python, unchanged, against a live server on both databases."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import rudderstack.analytics.request
import segment.analytics.request
from rudderstack.analytics.client import Client as RudderStack
from segment.analytics.client import Client as Segment

from tests.server.tracking.served import forked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.live import Shop

BREAD = {"category": "bread", "name": "rye", "quantity": 2, "price": 3.1}
SOAP = {"category": "soap", "name": "olive", "quantity": 1, "price": 5}


@pytest.fixture(autouse=True)
def _no_open_connections() -> Iterator[None]:
    yield
    for request in (segment.analytics.request, rudderstack.analytics.request):
        request._session.close()


class Client(Protocol):
    def identify(self, user_id: str, traits: dict[str, Any]) -> object: ...
    def track(self, user_id: str, event: str, properties: dict[str, Any], **more: Any) -> object: ...
    def flush(self) -> None: ...
    def join(self) -> None: ...


def client(library: str, key: str, url: str, failed: list[Any], **more: Any) -> Client:
    def on_error(error: object, items: object) -> None:
        failed.append((error, items))

    made = {"segment": Segment, "rudderstack": RudderStack}[library]
    found: Client = made(key, host=url, on_error=on_error, upload_size=50, upload_interval=0.05, **more)
    return found


@pytest.mark.parametrize(
    ("library", "packed"),
    [("segment", False), ("segment", True), ("rudderstack", False), ("rudderstack", True)],
)
def test_what_the_library_sends_is_kept(shop: Shop, library: str, packed: bool) -> None:
    failed: list[Any] = []
    before = time.time()
    with forked(shop) as (url, _):
        sender = client(library, shop.key, url, failed, gzip=packed)
        sender.identify("ana", {"email": "Ana@Example.org", "name": "Ana"})
        sender.track("ana", "Order Completed", {"currency": "EUR", "products": [BREAD, SOAP]})
        sender.track(
            "ana", "Survey Answered", {"question": "nuts", "answer": "none", "words": "no nuts, ñam 🥜"}
        )
        for number in range(120):
            sender.track("eva", "Pinged", {"number": number})
        sender.flush()
        sender.join()
    assert not failed
    kept = shop.kept("user_id", "ana")
    assert [(one.source, one.kind) for one in kept] == [
        ("told", "other"),
        ("Order Completed", "purchase"),
        ("Order Completed", "purchase"),
        ("Survey Answered", "statement"),
    ]
    bought = [(one.component, one.module, one.count, one.amount, one.learns) for one in kept[1:3]]
    assert bought == [("bread", "rye", 2, 620, True), ("soap", "olive", 1, 500, True)]
    assert (kept[3].component, kept[3].module, kept[3].statement) == ("nuts", "none", "no nuts, ñam 🥜")
    assert all(one.purposes == ("service", "suggestions") for one in kept[1:])
    assert all(before - 5 < one.at.timestamp() < time.time() for one in kept)
    # The e-mail that the library told points to the same customer.
    assert shop.kept("email", "ana@example.org") == kept
    assert len(shop.kept("user_id", "eva")) == 120


@pytest.mark.parametrize("library", ["segment", "rudderstack"])
def test_what_is_sent_twice_is_kept_once(shop: Shop, library: str) -> None:
    failed: list[Any] = []
    with forked(shop) as (url, _):
        sender = client(library, shop.key, url, failed)
        for _ in range(3):
            sender.track("ana", "Pinged", {}, message_id="one and the same")
            sender.flush()
        sender.join()
    assert not failed
    assert len(shop.kept("user_id", "ana")) == 1


@pytest.mark.parametrize("library", ["segment", "rudderstack"])
def test_a_refusal_is_understood_and_not_repeated(shop: Shop, library: str) -> None:
    failed: list[Any] = []
    with forked(shop) as (url, _):
        sender = client(library, "tk_nobody", url, failed)
        sender.track("ana", "Pinged", {})
        sender.flush()
        sender.join()
    assert [(error.status, error.code) for error, _ in failed] == [(401, "trato.key_refused")]
    assert shop.kept("user_id", "ana") == ()

"""What the tracking routes of a running server answer: keys, bodies of every kind, headers, and limits."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import zlib
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.server.live import Shop, new_shop
from tests.server.tracking.sending import viewed
from tests.server.tracking.served import forked
from trato.server.tracking.bodies import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVENT = json.dumps(viewed(1, 1)).encode()


class Door:
    """A running server, and its answers."""

    def __init__(self, shop: Shop, reader: str, url: str) -> None:
        self.shop = shop
        self.reader = reader
        self.url = url
        self.place = urlsplit(url)

    def ask(
        self,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        *,
        key: str | None = None,
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, dict[str, str], Any]:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            said["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        with closing(http.client.HTTPConnection(self.place.netloc, timeout=30)) as connection:
            connection.request(method, path, body, said)
            answer = connection.getresponse()
            told = answer.read()
            heads = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, heads, json.loads(told) if told else None

    def raw(self, request: bytes, *, then_close: bool = False) -> bytes:
        """What comes back for bytes; with `then_close` the sender stops sending in the middle."""
        with socket.create_connection((self.place.hostname, self.place.port), timeout=30) as connection:
            connection.sendall(request)
            if then_close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
                if b"\r\n\r\n" in answer and not then_close:
                    break
            return answer

    def lives(self) -> bool:
        """Whether it still takes events."""
        return self.ask("/v1/page", EVENT, key=self.shop.key)[0] == 200


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    shop = new_shop(tmp_path_factory.mktemp("door") / "shop", None)
    reader = shop.another_key("read")
    with forked(shop) as (url, _):
        yield Door(shop, reader, url)


def batch(*events: object, **more: object) -> bytes:
    return json.dumps({"batch": events, **more}).encode()


class TestKeys:
    def test_a_key_in_the_header_or_in_the_body(self, door: Door) -> None:
        assert door.ask("/v1/page", EVENT, key=door.shop.key)[0] == 200
        bearer = {"Authorization": f"Bearer {door.shop.key}"}
        assert door.ask("/v1/page", EVENT, **bearer)[0] == 200
        in_the_body = json.dumps(viewed(1, 1) | {"writeKey": door.shop.key}).encode()
        assert door.ask("/v1/page", in_the_body)[0] == 200
        assert door.ask("/v1/batch", batch(viewed(1, 1), writeKey=door.shop.key))[0] == 200

    @pytest.mark.parametrize("said", ["Basic ????", "Basic", "Digest x", "Basic " + "eA" * 5_000, "Bearer "])
    def test_a_header_that_holds_no_key(self, door: Door, said: str) -> None:
        status, _, told = door.ask("/v1/page", EVENT, Authorization=said)
        assert (status, told["code"]) == (401, "trato.key_refused")

    def test_no_key_and_an_unknown_one(self, door: Door) -> None:
        for key in (None, "", "tk_nobody", "ñ", "x" * 500):
            status, heads, told = door.ask("/v1/page", EVENT, key=key)
            assert (status, told["code"]) == (401, "trato.key_refused")
            assert told["message"]
            assert heads["www-authenticate"].startswith("Bearer")
        wrong: object
        for wrong in (7, None, [], "tk_nobody"):
            assert door.ask("/v1/page", json.dumps({"writeKey": wrong}).encode())[0] == 401

    def test_a_key_for_something_else(self, door: Door) -> None:
        status, _, told = door.ask("/v1/page", EVENT, key=door.reader)
        assert (status, told["code"]) == (403, "trato.scope_missing")


class TestBodies:
    @pytest.mark.parametrize("path", sorted(CALLS))
    def test_every_call_takes_every_kind_of_body(self, door: Door, path: str) -> None:
        raw = batch(viewed(1, 1)) if CALLS[path] == "batch" else EVENT
        for kind in ("application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", ""):
            for body, packing in ((raw, ""), (gzip.compress(raw), "gzip"), (zlib.compress(raw), "deflate")):
                headers = {"Content_Type": kind, "Content_Encoding": packing}
                told = {name: value for name, value in headers.items() if value}
                status, heads, answer = door.ask(f"/v1/{path}", body, key=door.shop.key, **told)
                assert (status, answer) == (200, {"success": True})
                assert heads["content-type"] == "application/json"

    def test_four_megabytes_plain_and_packed(self, door: Door) -> None:
        events = [viewed(4, number) | {"padding": "x" * 4_000} for number in range(980)]
        body = batch(*events)
        assert 3_900_000 < len(body) < 4 * 2**20
        assert door.ask("/v1/batch", body, key=door.shop.key)[0] == 200
        assert (
            door.ask("/v1/batch", gzip.compress(body), key=door.shop.key, Content_Encoding="gzip")[0] == 200
        )

    def test_a_body_in_pieces_without_a_length(self, door: Door) -> None:
        pieces = (EVENT[at : at + 7] for at in range(0, len(EVENT), 7))
        assert door.ask("/v1/page", pieces, key=door.shop.key)[0] == 200

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "trato.bad_body"),
            (b"{", "trato.bad_body"),
            (b"[]", "trato.bad_body"),
            (b'{"batch": 1}', "trato.bad_body"),
            (b'{"batch": [{"n": NaN}]}', "trato.bad_body"),
            (b"[" * 100_000, "trato.bad_body"),
            (gzip.compress(batch(viewed(1, 1)))[:-4], "trato.bad_body"),
            (batch(*[{}] * 2_501), "trato.body_too_large"),
            (batch(viewed(1, 1) | {"padding": "x" * 33_000}), "trato.body_too_large"),
            (b" " * 5_000_000, "trato.body_too_large"),
            (gzip.compress(b" " * 100_000_000), "trato.body_too_large"),
        ],
        ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
    )
    def test_what_is_refused_and_how(self, door: Door, body: bytes, code: str) -> None:
        status, heads, told = door.ask("/v1/batch", body, key=door.shop.key)
        assert (status, told["code"]) == (400, code)
        assert (told["status"], told["title"], told["type"]) == (400, "Bad Request", "about:blank")
        assert told["message"]
        assert heads["content-type"] == "application/problem+json"
        assert door.lives()

    def test_a_body_declared_far_too_large_is_not_waited_for(self, door: Door) -> None:
        basic = base64.b64encode(f"{door.shop.key}:".encode())
        head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %b\r\n" % basic
        answer = door.raw(head + b"Content-Length: 99999999999\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"connection: close" in answer.lower()

    @pytest.mark.parametrize(
        "body", [b"Content-Length: 500\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"]
    )
    def test_a_body_that_breaks_off_harms_nothing(self, door: Door, body: bytes) -> None:
        basic = base64.b64encode(f"{door.shop.key}:".encode())
        head = b"POST /v1/page HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %b\r\n" % basic
        assert b" 200 " not in door.raw(head + body, then_close=True)
        assert door.lives()

    @pytest.mark.parametrize("piece", [b"x" * 8_000, b"X-More: " + b"y" * 8_000 + b"\r\n"])
    def test_an_endless_head_is_not_read_to_its_end(self, door: Door, piece: bytes) -> None:
        with socket.create_connection((door.place.hostname, door.place.port), timeout=30) as connection:
            connection.sendall(b"POST /v1/page HTTP/1.1\r\nHost: x\r\nX-First: ")
            with suppress(OSError):  # the server hangs up in the middle
                for _ in range(10_000):
                    connection.sendall(piece)
                pytest.fail("eighty megabytes of head were read")
        assert door.lives()

    def test_strange_events_are_taken_and_put_aside(self, door: Door) -> None:
        strange = [
            {},
            {"type": 1},
            {"type": "track", "event": "ñ" * 5_000},
            {"type": "track", "event": "Order Completed", "userId": {"a": []}, "properties": {"products": 7}},
            {"type": "page", "name": "looked", "userId": "x", "timestamp": "never", "properties": []},
            {"type": "page", "name": "looked", "userId": 10**400, "messageId": [1]},
        ]
        assert door.ask("/v1/batch", batch(*strange), key=door.shop.key)[0] == 200
        assert door.ask("/v1/batch", b'{"batch": []}', key=door.shop.key)[0] == 200


class TestAround:
    def test_a_page_of_any_origin_may_send(self, door: Door) -> None:
        status, heads, _ = door.ask(
            "/v1/t", method="OPTIONS", Origin="https://shop.example", Access_Control_Request_Method="POST"
        )
        assert status == 204
        assert heads["access-control-allow-origin"] == "*"
        allowed = set(heads["access-control-allow-headers"].split(", "))
        assert {"authorization", "content-type"} <= allowed
        assert "access-control-allow-credentials" not in heads
        _, heads, _ = door.ask("/v1/t", b"", Origin="https://shop.example")
        assert heads["access-control-allow-origin"] == "*"  # so that the page reads why

    @pytest.mark.parametrize("path", ["/api/portfolio", "/api/openapi.json", "/login", "/nothing", "/v2/t"])
    def test_no_other_origin_reads_anything_else(self, door: Door, path: str) -> None:
        with closing(http.client.HTTPConnection(door.place.netloc, timeout=30)) as connection:
            connection.request("GET", path, headers={"Origin": "https://shop.example"})
            answer = connection.getresponse()
            heads = {name.lower(): value for name, value in answer.getheaders()}
            answer.read()
        assert not [name for name in heads if name.startswith("access-control")]
        assert heads["cross-origin-resource-policy"] == "same-origin"

    @pytest.mark.parametrize(
        "path", ["/v1/t", "/v1/projects/x/settings", "/api/portfolio", "/login", "/nothing"]
    )
    def test_every_answer_is_strict(self, door: Door, path: str) -> None:
        with closing(http.client.HTTPConnection(door.place.netloc, timeout=30)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            heads = {name.lower(): value for name, value in answer.getheaders()}
            answer.read()
        assert "frame-ancestors 'none'" in heads["content-security-policy"]
        assert heads["x-content-type-options"] == "nosniff"
        assert heads["cache-control"]
        assert "server" not in heads

    @pytest.mark.parametrize(
        ("path", "status"), [("/v1/nothing", 404), ("/v1/track", 405), ("/nothing", 404)]
    )
    def test_what_is_not_there_is_a_problem_too(self, door: Door, path: str, status: int) -> None:
        found, heads, told = door.ask(path, method="GET")
        assert (found, told["code"]) == (status, f"http.{status}")
        assert heads["content-type"] == "application/problem+json"

    def test_what_the_library_for_browsers_asks_first(self, door: Door) -> None:
        _, _, told = door.ask("/v1/projects/tk_x/settings", method="GET")
        sends_to = {"apiKey": "tk_x", "apiHost": f"{door.place.netloc}/v1", "protocol": "http"}
        assert told == {"integrations": {"Segment.io": sends_to}, "plan": {}}
        _, _, told = door.ask("/v1/projects/tk_x/settings", method="GET", X_Forwarded_Proto="https")
        assert told["integrations"]["Segment.io"]["protocol"] == "https"

    def test_an_ordinary_request_may_not_be_large(self, door: Door) -> None:
        status, _, told = door.ask("/login", b"x" * 70_000)
        assert (status, told["code"]) == (413, "trato.body_too_large")

    def test_the_description_names_every_call(self, door: Door) -> None:
        status, _, told = door.ask("/api/openapi.json", method="GET")
        assert status == 200
        assert told["openapi"].startswith("3.1")
        assert {f"/v1/{path}" for path in CALLS} <= set(told["paths"])

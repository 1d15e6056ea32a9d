"""What goes around every answer: strict headers, CORS for tracking alone, and a bound on what is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.errors import BodyTooLarge, TratoError
from trato.server.problems import note_fault, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRACKING = "/v1/"

# A page may say more of its own policy; what says none shows nothing and runs nothing.
STRICT: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
# Any shop's page may send events; none may read more than whether they were taken, and no cookie counts.
SHARED: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
PREFLIGHT: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-methods", b"GET, POST"),
    # Segment's library for browsers counts its retries in a header of its own.
    (b"access-control-allow-headers", b"authorization, content-type, x-retry-count"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)


class Around:
    """The application with what goes around every answer. `page` is the most bytes of an ordinary request."""

    def __init__(self, app: ASGIApp, page: int) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        tracking = scope["path"].startswith(TRACKING)
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": _strict(list(message.get("headers", ())), tracking)}
            await send(message)

        try:
            await self._answer(scope, receive, sending, tracking)
        except Exception as error:  # noqa: BLE001 whatever it is, it is a fault of ours
            # Here and not further out, where its message would be logged: it may hold personal data.
            note_fault(error)
            if begun:
                raise ConnectionAbortedError("an answer broke off") from None
            await problem(TratoError("a fault of ours; it was noted"), close=True)(scope, receive, sending)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, tracking: bool) -> None:
        if tracking:  # its routes bound their bodies themselves
            if scope["method"] == "OPTIONS":
                await send({"type": "http.response.start", "status": 204, "headers": list(PREFLIGHT)})
                await send({"type": "http.response.body", "body": b""})
                return
            await self._app(scope, receive, send)
            return
        too_large = BodyTooLarge(f"the body is larger than {self._page:,} bytes")
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and (len(declared) > 18 or int(declared) > self._page):
            await problem(too_large, close=True)(scope, receive, send)
            return
        held = 0

        async def receiving() -> Message:
            nonlocal held
            message = await receive()
            held += len(message.get("body", b""))
            if held > self._page:
                raise too_large
            return message

        await self._app(scope, receiving, send)


def _strict(headers: list[tuple[bytes, bytes]], tracking: bool) -> list[tuple[bytes, bytes]]:
    there = {name.lower() for name, _ in headers}
    for name, value in (*(SHARED if tracking else ()), *STRICT):
        if name not in there:
            headers.append((name, value))
            there.add(name)
    return headers

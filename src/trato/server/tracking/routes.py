"""The routes of Segment's tracking protocol: what its libraries and RudderStack's call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from trato.errors import BadBody, BodyTooLarge, TooMuchAtOnce
from trato.server.keys import key_shown
from trato.server.limits import Room
from trato.server.problems import problem
from trato.server.tracking.bodies import CALLS, events_in, gather
from trato.server.tracking.inbox import Parcel

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from trato.server.context import Context
    from trato.server.keys import Keys
    from trato.server.limits import Rates
    from trato.server.tracking.inbox import Inbox

WRITTEN = b'{"success":true}'

PROBLEM = {"description": "A problem with `code` and `message`.", "content": {"application/problem+json": {}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Every event is on disk, dealt with once however often it is sent.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"success": True}}},
    },
    400: PROBLEM,
    401: PROBLEM,
    403: PROBLEM,
    429: PROBLEM,
    503: PROBLEM,
}
BODY = {
    "requestBody": {
        "required": True,
        "description": "JSON, whatever the content type says; gzip and deflate are unpacked.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


def router(context: Context, keys: Keys, rates: Rates, inbox: Inbox) -> APIRouter:
    """The routes; they take events as long as the inbox is open."""
    routes = APIRouter(prefix="/v1", tags=["tracking"])
    room = Room(context.limits.waiting)
    for path, call in CALLS.items():
        routes.add_api_route(
            f"/{path}",
            _taking(call, context, keys, rates, room, inbox),
            methods=["POST"],
            name=f"tracking_{path}",
            summary="Take a batch of events" if call == "batch" else f"Take one event: {call}",
            responses=ANSWERS,
            openapi_extra=BODY,
            response_class=JSONResponse,
        )
    routes.add_api_route(
        "/projects/{key}/settings",
        _settings,
        methods=["GET"],
        name="tracking_settings",
        summary="What Segment's library for browsers asks first",
    )
    return routes


def _taking(
    call: str, context: Context, keys: Keys, rates: Rates, room: Room, inbox: Inbox
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    limits = context.limits

    async def take(request: Request) -> Response:
        headers = request.headers
        received_at = context.now()
        shown = key_shown(headers)
        if shown:  # a stranger's body is not even read
            await keys.check(shown, "track")
        with room.guest() as guest:
            try:
                raw = await gather(request.stream(), headers.get("content-length"), limits, guest.hold)
            except (BadBody, BodyTooLarge) as error:  # the rest of it is not waited for
                return problem(error, status=400, close=True)
            except TooMuchAtOnce as error:
                return problem(error, close=True)
            except ClientDisconnect:
                return problem(BadBody("the body broke off"), close=True)
            try:
                sent = await events_in(raw, headers.get("content-encoding"), call, limits)
            except BodyTooLarge as error:
                return problem(error, status=400)  # as Segment answers it
            guest.hold(sent.size)
            key = await keys.check(shown or sent.write_key, "track")
            rates.take(key.id, max(1, len(sent.events)))
            if sent.events:
                await inbox.put(Parcel(sent.events, key.id, received_at))
        return Response(WRITTEN, media_type="application/json")

    return take


async def _settings(key: str, request: Request) -> JSONResponse:
    """Tell the library to send where it asked; whether a proxy with TLS stands before us, the proxy says."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    protocol = forwarded if forwarded in {"http", "https"} else request.url.scheme
    host = {"apiKey": key, "apiHost": f"{request.url.netloc}/v1", "protocol": protocol}
    return JSONResponse({"integrations": {"Segment.io": host}, "plan": {}})

"""Every page of the portal in one table, and how errors are told.

    router(company=company, store=store, models=models, guides=guides, now=clock, draw=secrets.token_bytes)

gives what a server mounts. Reading a form is the one thing that waits; the rest runs in a thread.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from trato import errors
from trato.pages.words import LANGUAGES
from trato.portal import guide
from trato.portal.render import LOOK
from trato.portal.visit import Desk, Visit, filled_in, must_be_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from trato.company.folder import Company
    from trato.customize.guide.guides import Guides
    from trato.customize.models import Models
    from trato.storage.store import Store

    Page = Callable[[Visit], Response]

log = logging.getLogger(__name__)

PAGES: tuple[tuple[str, str, Page], ...] = (
    ("GET", "/me/guide", guide.show_begin),
    ("POST", "/me/guide", guide.begin),
    ("GET", "/me/guide/{talk}", guide.show),
    ("POST", "/me/guide/{talk}/answer", guide.answer),
    ("POST", "/me/guide/{talk}/correct", guide.correct),
    ("POST", "/me/guide/{talk}/accept", guide.accept),
    ("POST", "/me/guide/{talk}/expectation", guide.expectation),
)

# The nearest class in the tree decides.
STATUSES: Mapping[type[errors.TratoError], int] = {
    errors.TratoError: 500,
    errors.BadInput: 400,
    errors.UnknownTalk: 404,
    errors.TalkOver: 409,
    errors.OfferChanged: 409,
    errors.NoConfiguration: 409,
    errors.BodyTooLarge: 413,
    errors.NotPermitted: 403,
    errors.AccessRefused: 403,
    errors.TooMuchAtOnce: 429,
    errors.StorageError: 503,
}
RETRY_SECONDS = 2
KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def router(
    *,
    company: Company,
    store: Store,
    models: Models,
    guides: Guides | None,
    now: Callable[[], datetime],
    draw: Callable[[int], bytes],
) -> APIRouter:
    """The portal. `now` gives the moment in UTC, `draw` that many random bytes; no offer, no `guides`."""
    desk = Desk(company, store, models, guides, now, draw)
    found = APIRouter(include_in_schema=False, default_response_class=Response)
    for method, path, page in PAGES:
        found.add_api_route(
            path,
            _endpoint(desk, page),
            methods=[method],
            name=f"{method} {path}",
            response_model=None,
        )
    found.add_api_route("/portal.css", _style, methods=["GET"], response_model=None)
    found.add_api_route("/portal.svg", _sign, methods=["GET"], response_model=None)
    return found


def _style() -> Response:
    return Response(LOOK.style, media_type="text/css", headers=KEPT)


def _sign() -> Response:
    return Response(LOOK.sign, media_type="image/svg+xml", headers=KEPT)


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        asked = request.query_params.get("language", "")
        visit = Visit(desk, request, {}, asked if asked in LANGUAGES else "")
        try:
            if request.method == "POST":
                must_be_ours(request)
            form = await filled_in(request)
        except errors.TratoError as error:
            return _told(visit, error)
        return await run_in_threadpool(_answer, Visit(desk, request, form, visit.language), page)

    return endpoint


def _answer(visit: Visit, page: Page) -> Response:
    try:
        return page(visit)
    except errors.TratoError as error:
        return _told(visit, error)


def _told(visit: Visit, error: errors.TratoError) -> Response:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status >= 500:
        log.warning("%s: %s", error.code, error.message)
    reader = visit.reader()
    key = f"problem.{error.code}"
    if visit.desk.guides is None:
        key = "problem.none"
    elif isinstance(error, errors.NotPermitted):
        key = "problem.permit"
    elif not reader.knows(key):
        key = "problem.other"
    lost = isinstance(error, errors.UnknownTalk | errors.NotPermitted)
    parts = () if lost or "talk" not in visit.request.path_params else (visit.talk,)
    answer = visit.show("told", reader, status=status, key=key, parts=parts, error=error)
    if status in {429, 503}:
        answer.headers["Retry-After"] = str(getattr(error, "seconds", RETRY_SECONDS))
    return answer

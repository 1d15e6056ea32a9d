"""Every page of the console in one table: its address, who may see it, and the function that answers.

    router(company=company, store=store, models=models, now=clock, draw=secrets.token_bytes, secret=secret)

gives what a server mounts. Reading a form is the one thing that waits; the rest runs in a thread.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trato import errors
from trato.company.attempts import Attempts
from trato.company.serving import serving_of
from trato.console import (
    customer,
    customers,
    decision,
    door,
    events,
    home,
    keys,
    people,
    permissions,
    portfolio,
    programmes,
)
from trato.console.render import LOOK
from trato.console.visit import Desk, Visit, arrive, filled_in
from trato.pages.served import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from trato.company.folder import Company
    from trato.company.people import Area
    from trato.storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """One route. `area` is what a role must be allowed to see; `door` is for those who are not in yet."""

    method: str
    path: str
    answer: Callable[[Visit], Response]
    area: Area | None = None
    door: bool = False


PAGES: tuple[Page, ...] = (
    Page("GET", "/setup/{token}", door.show_setup, door=True),
    Page("POST", "/setup/{token}", door.finish_setup, door=True),
    Page("GET", "/login", door.show_log_in, door=True),
    Page("POST", "/login", door.finish_log_in, door=True),
    Page("POST", "/language", door.choose_language, door=True),
    Page("POST", "/logout", door.finish_log_out),
    Page("GET", "/access", door.show_me),
    Page("POST", "/access/password", door.finish_password),
    Page("GET", "/", home.show),
    Page("GET", "/customers", customers.show, "customers"),
    Page("POST", "/customers", customers.search, "identity"),
    Page("GET", "/customers/{customer}", customer.show, "customers"),
    Page("POST", "/customers/{customer}/permissions", customer.record, "record"),
    Page("POST", "/customers/{customer}/matters", customer.open_matter, "matters"),
    Page("POST", "/customers/{customer}/matters/{matter}", customer.change_matter, "matters"),
    Page("GET", "/portfolio", portfolio.show, "portfolio"),
    Page("GET", "/decisions/{decision}", decision.show, "customers"),
    Page("GET", "/programmes", programmes.show, "programmes"),
    Page("GET", "/programmes/{programme}", programmes.show_one, "programmes"),
    Page("POST", "/programmes/{programme}/looks", programmes.look, "programmes"),
    Page("GET", "/permissions", permissions.show, "permissions"),
    Page("POST", "/permissions/verify", permissions.verify_ledger, "permissions"),
    Page("GET", "/events", events.show, "events"),
    Page("GET", "/people", people.show, "people"),
    Page("POST", "/people", people.invite_somebody, "people"),
    Page("POST", "/people/{person}", people.change, "people"),
    Page("GET", "/keys", keys.show, "keys"),
    Page("POST", "/keys", keys.make, "keys"),
    Page("POST", "/keys/{key}", keys.revoke, "keys"),
)

# The nearest class in the tree decides.
STATUSES: Mapping[type[errors.TratoError], int] = {
    errors.TratoError: 500,
    errors.BadInput: 400,
    errors.BodyTooLarge: 413,
    errors.UnknownPurpose: 404,
    errors.UnknownCustomer: 404,
    errors.UnknownConversation: 404,
    errors.UnknownProgramme: 404,
    errors.UnknownDecision: 404,
    errors.NotEnoughData: 409,
    errors.NotPermitted: 403,
    errors.PermitVoid: 500,
    errors.AccessRefused: 403,
    errors.LogInRefused: 401,
    errors.SetupLinkSpent: 410,
    errors.TooMuchAtOnce: 429,
    errors.StorageError: 503,
}
RETRY_SECONDS = 2


def router(
    *,
    company: Company,
    store: Store,
    models: Any,
    now: Callable[[], datetime],
    draw: Callable[[int], bytes],
    secret: bytes,
) -> APIRouter:
    """The console. `now` gives the moment in UTC, `draw` that many random bytes, `secret` marks our forms.

    `models` keeps the fitted models that were read from the store. A `secret` that changes makes forms that
    are open in a browser useless; sessions are in the store and stay.
    """
    desk = Desk(company, store, models, now, draw, secret, Attempts(), serving_of(company, models))
    found = APIRouter(include_in_schema=False, default_response_class=Response)
    for page in PAGES:
        found.add_api_route(
            page.path,
            _endpoint(desk, page),
            methods=[page.method],
            name=f"{page.method} {page.path}",
            response_model=None,
        )
    found.add_api_route("/console.css", _style, methods=["GET"], response_model=None)
    found.add_api_route("/console.svg", _sign, methods=["GET"], response_model=None)
    return found


KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def _style() -> Response:
    return Response(LOOK.style, media_type="text/css", headers=KEPT)


def _sign() -> Response:
    return Response(LOOK.sign, media_type="image/svg+xml", headers=KEPT)


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            form = await filled_in(request)
        except errors.TratoError as error:
            return await run_in_threadpool(_refuse, desk, request, error)
        return await run_in_threadpool(_answer, desk, page, request, form)

    return endpoint


def _answer(desk: Desk, page: Page, request: Request, form: Mapping[str, tuple[str, ...]]) -> Response:
    try:
        visit = arrive(desk, request, form)
    except errors.FormRefused as error:
        return _refuse(desk, request, error)
    except errors.StorageError as error:
        return _unavailable(error)
    try:
        if visit.who is None and not page.door:
            return RedirectResponse("/login", 303, HEADERS)
        if page.area is not None:
            visit.person.must(page.area)
        return page.answer(visit)
    except errors.TratoError as error:
        return _told(visit, error, posted=page.method == "POST")


def _refuse(desk: Desk, request: Request, error: errors.TratoError) -> Response:
    """Tell of an error before it is known who asks, as if they had asked for a page."""
    scope = {**request.scope, "method": "GET"}
    try:
        return _told(arrive(desk, Request(scope), {}), error, posted=True)
    except errors.StorageError as worse:
        return _unavailable(worse)


def _told(visit: Visit, error: errors.TratoError, *, posted: bool) -> Response:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if isinstance(error, errors.StorageError):
        return _unavailable(error)
    if status >= 500:
        log.warning("%s: %s", error.code, error.message)
    answer = visit.show("refused", status=status, error=error, posted=posted)
    if isinstance(error, errors.TooMuchAtOnce):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _unavailable(error: errors.StorageError) -> Response:
    """Without its store the console knows nobody, not even their language; so in all three."""
    log.warning("%s: %s", error.code, error.message)
    words = (
        "The store cannot be reached for the moment; nothing was written. Try again.\n"
        "El almacén no responde por ahora; no se escribió nada. Inténtelo de nuevo.\n"
        "O armazenamento não responde por enquanto; nada foi gravado. Tente de novo.\n"
    )
    return Response(
        words, 503, {**HEADERS, "Retry-After": str(RETRY_SECONDS)}, media_type="text/plain; charset=utf-8"
    )

"""Every error as an answer: RFC 9457 problems that carry Trato's `code` and `message`.

Without `code` and `message` in the body, RudderStack's libraries send a refused request ten times again.
"""

from __future__ import annotations

import logging
import math
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from trato import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1

# The nearest class in the tree decides.
STATUSES: Mapping[type[errors.TratoError], int] = {
    errors.TratoError: 500,
    errors.BadInput: 400,
    errors.UnknownPurpose: 404,
    errors.UnknownCustomer: 404,
    errors.UnknownConversation: 404,
    errors.UnknownTalk: 404,
    errors.UnknownProgramme: 404,
    errors.UnknownDecision: 404,
    errors.TalkOver: 409,
    errors.OfferChanged: 409,
    errors.NoConfiguration: 409,
    errors.IdentifierTaken: 409,
    errors.EmailTaken: 409,
    errors.BodyTooLarge: 413,
    errors.NotEnoughData: 409,
    errors.NotPermitted: 403,
    errors.PermitVoid: 500,
    errors.AccessRefused: 401,
    errors.ScopeMissing: 403,
    errors.SetupLinkSpent: 410,
    errors.RoleLacking: 403,
    errors.FormRefused: 403,
    errors.TooMuchAtOnce: 429,
    errors.StorageError: 503,
}

log = logging.getLogger(__name__)


def status_of(error: errors.TratoError) -> int:
    """The HTTP status that tells of an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(error: errors.TratoError, *, status: int | None = None, close: bool = False) -> JSONResponse:
    """The answer that tells of an error, with the status of its class where none is given.

    `close` ends the connection, where the rest of the request is not waited for.
    """
    given = status or status_of(error)
    headers = {"Connection": "close"} if close else {}
    if given == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="trato"'  # with Basic a browser would ask its user
    if isinstance(error, errors.TooMuchAtOnce):
        headers["Retry-After"] = str(max(1, math.ceil(error.seconds)))
    elif given == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    # A place in the server's own files, and what only its keeper can mend, are not for those outside.
    hint = None if isinstance(error, errors.StorageError) else error.hint
    return _answer(given, error.code, error.message, hint, headers)


def _answer(
    status: int, code: str, message: str, hint: str | None, headers: Mapping[str, str]
) -> JSONResponse:
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "message": message,
        "detail": message,
    }
    if hint:
        told["hint"] = hint
    return JSONResponse(told, status, {"Cache-Control": "no-store", **headers}, MEDIA_TYPE)


async def _of_ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.TratoError)  # noqa: S101 - the handler is for these alone
    if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s: %s", error.code, error.message)
    return problem(error)


async def _of_starlette(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is for these alone
    message = error.detail or HTTPStatus(error.status_code).phrase
    return _answer(error.status_code, f"http.{error.status_code}", message, None, error.headers or {})


async def _of_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is for these alone
    # What was sent may be personal, so it is not repeated.
    first = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:5]]
    return _answer(422, errors.BadInput.code, "; ".join(first) or "this is not what is asked for", None, {})


def note_fault(error: BaseException) -> None:
    """Log where a fault of ours arose. Its message stays out of the log: it may hold personal data."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("a fault of ours: %s\n%s", type(error).__name__, place)


async def _of_a_fault(_: Request, error: Exception) -> JSONResponse:
    note_fault(error)
    return _answer(500, errors.TratoError.code, "a fault of ours; it was noted", None, {})


def tell_problems(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""
    app.add_exception_handler(errors.TratoError, _of_ours)
    app.add_exception_handler(HTTPException, _of_starlette)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(Exception, _of_a_fault)

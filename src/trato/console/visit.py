"""One request, as a page sees it: who asks, what they filled in, and how they are answered.

The cookie is the only thing that a browser keeps. Every form carries a token that belongs to it, so that no
other site can send one; nobody who is not logged in gets further than the door.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from trato.company.people import visitor
from trato.console.render import LOOK
from trato.console.words import Reader, console_words
from trato.errors import BadBody, BodyTooLarge, FormRefused
from trato.pages.served import HEADERS
from trato.pages.words import LANGUAGES, preferred

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request

    from trato.company.attempts import Attempts
    from trato.company.folder import Company
    from trato.company.people import Visitor
    from trato.customize.decide import Serving
    from trato.storage.store import Store

MOST_BYTES = 60 * 1024  # a server in front may allow 64
MOST_FIELDS = 60
SESSION, DOOR, LANGUAGE = "trato_session", "trato_door", "trato_language"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page is given: the company, its store, its models, the clock, randomness, a secret, and what
    decisions are made with.
    """

    company: Company
    store: Store
    models: Any
    now: Callable[[], datetime]
    draw: Callable[[int], bytes]
    secret: bytes = field(repr=False)
    attempts: Attempts = field(repr=False)
    serving: Serving = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `who` is None for those at the door; `token` is the cookie that forms belong to."""

    desk: Desk
    request: Request
    form: Mapping[str, tuple[str, ...]] = field(repr=False)
    who: Visitor | None
    token: str = field(repr=False)
    reader: Reader

    @property
    def person(self) -> Visitor:
        """Who has come in; pages behind the door have somebody."""
        assert self.who is not None  # noqa: S101 - the router lets nobody else through
        return self.who

    @property
    def now(self) -> datetime:
        """The moment, in UTC."""
        return self.desk.now()

    def said(self, name: str) -> str:
        """What stands in a field of the form, without blanks around it."""
        return self.form.get(name, ("",))[0].strip()

    def typed(self, name: str) -> str:
        """What stands in a field of the form, as it was typed: a password."""
        return self.form.get(name, ("",))[0]

    def asked(self, name: str) -> str:
        """A word of the address's query. Nothing personal is ever put there."""
        return self.request.query_params.get(name, "")

    def show(self, page: str, /, *, status: int = 200, **values: object) -> Response:
        """A page."""
        text = LOOK.template(page).render(
            v=self, say=self.reader.say, r=self.reader, path=self.request.url.path, **values
        )
        answer = HTMLResponse(text, status, HEADERS)
        self._keep_door(answer)
        return answer

    def go(self, path: str, done: str = "") -> Response:
        """Send the browser on, after something was done that the next page tells of by one of our words."""
        return RedirectResponse(
            quote(path, safe="/?=&-_.~%") + (f"?done={done}" if done else ""), 303, HEADERS
        )

    @property
    def back(self) -> str:
        """A page to come back to that answers a GET: this one, or the one whose form this is."""
        path = self.request.url.path
        if self.request.method == "GET" or path.startswith("/setup/"):
            return path
        parts = path.split("/")
        return "/".join(parts[:3] if parts[1] == "customers" else parts[:2])

    @property
    def address(self) -> str:
        """Where the request comes from, to count failed log-ins by."""
        return self.request.client.host if self.request.client else ""

    @property
    def form_token(self) -> str:
        """What a form of this page carries."""
        return form_token(self.desk.secret, self.token)

    @property
    def done(self) -> str:
        """The word of what was just done, one of those that the catalogue knows; else nothing."""
        word = self.asked("done")
        return word if word.isascii() and self.reader.knows(f"done.{word}") else ""

    def let_in(self, answer: Response, token: str) -> Response:
        """Give the browser a new session, and take from it whatever it had before."""
        self._set(answer, SESSION, token)
        answer.delete_cookie(self._name(DOOR), path="/", secure=self.secure, httponly=True, samesite="lax")
        return answer

    def let_out(self, answer: Response) -> Response:
        """Take the session from the browser."""
        answer.delete_cookie(self._name(SESSION), path="/", secure=self.secure, httponly=True, samesite="lax")
        return answer

    def remember_language(self, answer: Response, language: str) -> Response:
        """Let the browser keep the language in which it is spoken to at the door."""
        self._set(answer, LANGUAGE, language, YEAR_SECONDS)
        return answer

    @property
    def secure(self) -> bool:
        """Whether cookies go over HTTPS alone: everywhere but on the machine itself."""
        return not is_loopback(self.request)

    def _keep_door(self, answer: Response) -> None:
        if self.who is None and self.request.cookies.get(self._name(DOOR)) != self.token:
            self._set(answer, DOOR, self.token)

    def _name(self, name: str) -> str:
        return cookie_name(name, secure=self.secure)

    def _set(self, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(
            self._name(name),
            value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )


def arrive(desk: Desk, request: Request, form: Mapping[str, tuple[str, ...]]) -> Visit:
    """Who comes with a request. Raises FormRefused when a form is not one of ours."""
    secure = not is_loopback(request)
    cookies = request.cookies
    session = cookies.get(cookie_name(SESSION, secure=secure), "")
    now = desk.now()
    who = desk.store.read(lambda it: visitor(it, session, now=now)) if session else None
    if who and who.unnoted(now):
        seen = who.session.hashed
        desk.store.write(lambda it: it.session_seen(seen, now))
    token = session if who else cookies.get(cookie_name(DOOR, secure=secure), "")
    if not who and not 20 <= len(token) <= 64:
        token = base64.urlsafe_b64encode(desk.draw(24)).decode()
    if who:
        language: str = who.person.language
    else:
        language = cookies.get(cookie_name(LANGUAGE, secure=secure), "")
        if language not in LANGUAGES:
            language = preferred(request.headers.get("accept-language"))
    reader = Reader(console_words(language), desk.company.settings, desk.company.names)
    visit = Visit(desk, request, form, who, token, reader)
    if request.method == "POST":
        _check_form(visit)
    return visit


def _check_form(visit: Visit) -> None:
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    carried = visit.typed("token")
    if site not in {"same-origin", "none"} or not hmac.compare_digest(
        carried.encode("utf-8", "surrogatepass"), visit.form_token.encode()
    ):
        raise FormRefused(
            "this form does not belong to your session", hint="go back, load the page again and repeat it"
        )


def form_token(secret: bytes, cookie: str) -> str:
    """What the forms of a cookie carry; nobody can make it who has not both secret and cookie."""
    return hmac.new(secret, b"form:" + cookie.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def cookie_name(name: str, *, secure: bool) -> str:
    """A cookie's name; the prefix lets no other host, and no plain HTTP, set one of ours."""
    return f"__Host-{name}" if secure else name


def is_loopback(request: Request) -> bool:
    """Whether the browser runs on the machine that serves, and speaks plain HTTP to it."""
    return request.url.hostname in LOOPBACK and request.url.scheme == "http"


async def filled_in(request: Request) -> dict[str, tuple[str, ...]]:
    """What a form holds, by field. Raises BadBody and BodyTooLarge."""
    if request.method != "POST":
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadBody("this is no form", hint="send it as application/x-www-form-urlencoded")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(f"a form holds at most {MOST_BYTES // 1024} KB")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise BadBody("this form cannot be read") from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found

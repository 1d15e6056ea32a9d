"""One request of a customer: what they filled in, in which language they read, and how they are answered.

There is no session and no cookie: who has a conversation's address has the conversation. Its address is
random, so no other site can send a form to it; a form that a browser says comes from elsewhere is refused.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from trato.errors import BadBody, BodyTooLarge, FormRefused, TooMuchAtOnce
from trato.pages.served import HEADERS
from trato.pages.words import LANGUAGES, preferred
from trato.portal.render import LOOK
from trato.portal.words import Reader, portal_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request

    from trato.company.folder import Company
    from trato.customize.guide.guides import Guides
    from trato.customize.models import Models
    from trato.storage.store import Store

MOST_BYTES = 16 * 1024
MOST_FIELDS = 20
DONE = ("answer", "correct", "accept", "expectation")


@dataclass(slots=True)
class Begins:
    """How many conversations one address may begin: `most` at once, and one more each `seconds`."""

    most: float = 30.0
    seconds: float = 2.0
    remembered: int = 10_000
    _left: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str, now: datetime) -> None:
        """Count one. Raises TooMuchAtOnce."""
        with self._lock:
            left, since = self._left.pop(address, (self.most, now))
            left = min(self.most, left + (now - since).total_seconds() / self.seconds)
            self._left[address] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > self.remembered:
                del self._left[next(iter(self._left))]
        if left < 1:
            raise TooMuchAtOnce("too many conversations began at once", seconds=int(self.seconds) + 1)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page is given."""

    company: Company
    store: Store
    models: Models
    guides: Guides | None
    now: Callable[[], datetime]
    draw: Callable[[int], bytes]
    begins: Begins = field(default_factory=Begins)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `language` is the one that the address asks for, "" where it asks for none."""

    desk: Desk
    request: Request
    form: Mapping[str, str] = field(repr=False)
    language: str

    @property
    def talk(self) -> str:
        """The id of the conversation, from the address."""
        return str(self.request.path_params["talk"])

    @property
    def address(self) -> str:
        """Where the request comes from, to count what was begun."""
        return self.request.client.host if self.request.client else ""

    @property
    def done(self) -> str:
        """The word of what was just done, or nothing."""
        word = self.request.query_params.get("done", "")
        return word if word in DONE else ""

    def reader(self, usual: str = "") -> Reader:
        """The reader, in the language of the address, of the conversation, or of the browser."""
        company = self.desk.company
        language = self.language or usual
        if language not in LANGUAGES:
            language = preferred(self.request.headers.get("accept-language"), company.settings.languages)
        offer = company.offer
        currency = offer.currency if offer is not None and offer.currency else company.settings.currency
        return Reader(portal_words(language), company.settings, currency)

    def path(self, *parts: str, done: str = "") -> str:
        """The address of a page in the language asked for."""
        asked = [f"language={self.language}"] if self.language else []
        asked += [f"done={done}"] if done else []
        return "/me/guide" + "".join(f"/{part}" for part in parts) + (f"?{'&'.join(asked)}" if asked else "")

    def show(self, page: str, reader: Reader, /, *, status: int = 200, **values: object) -> Response:
        """A page."""
        company = reader.own(self.desk.company.settings.name)
        text = LOOK.template(page).render(v=self, r=reader, say=reader.say, company=company, **values)
        return HTMLResponse(text, status, HEADERS)

    def go(self, *parts: str, done: str = "") -> Response:
        """Send the browser on."""
        return RedirectResponse(self.path(*parts, done=done), 303, HEADERS)


def must_be_ours(request: Request) -> None:
    """Raises FormRefused for a form that the browser says another site sends."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    if site is not None:
        ours = site in {"same-origin", "none"}
    else:
        ours = origin in {"", "null"} or urlsplit(origin).netloc == request.headers.get("host", "")
    if not ours:
        raise FormRefused("this form was sent from another site")


async def filled_in(request: Request) -> dict[str, str]:
    """What a form holds, by field; of two of one name, the last. Raises BadBody and BodyTooLarge."""
    if request.method != "POST":
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-www-form-urlencoded", ""}:
        raise BadBody("this is no form", hint="send it as application/x-www-form-urlencoded")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(f"a form holds at most {MOST_BYTES // 1024} KB")
    try:
        return dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        )
    except ValueError:
        raise BadBody("this form cannot be read") from None

"""What every route of the API shares: the key that opens it, how problems are described, writing once."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import Header, Path, Request
from fastapi.security import HTTPBearer

from trato.company.access import ApiKey, Looked, Scope
from trato.customers.customer import CustomerId
from trato.errors import BadOption, ScopeMissing, nearest
from trato.interact.log import Receipt
from trato.permission.purposes import Purpose, Purposes
from trato.server.context import Context
from trato.server.keys import Keys, key_shown
from trato.storage.transaction import Transaction

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

KEY = HTTPBearer(
    auto_error=False,  # the routes check it themselves, so that refusals are problems like all others
    scheme_name="key",
    description="A key made with `trato key make`, with the scope that the route needs.",
)

ID = "0198c5a0-7b1e-7c4d-9a2f-3b5d8e6f1a20"
CustomerInPath = Annotated[
    str,
    Path(
        alias="customer",
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        description="The customer's id.",
        examples=[ID],
    ),
]
Repeatable = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A word of your own, the same when you send the same request again: it is done once.",
        examples=["form-4711"],
    ),
]

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; each is documented among the errors."},
        "message": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
    },
}
_MEANT = {
    400: "What was given cannot be meant.",
    401: "There is no key, or it is not good.",
    403: "The key was made for something else, or the customer does not permit it.",
    404: "There is no such customer, purpose or conversation.",
    409: "It does not fit what is there.",
    413: "The body is too large.",
    422: "The request is not as described.",
    429: "Too much at once; try again after Retry-After.",
    503: "The store cannot serve now; nothing was written. Try again after Retry-After.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route may refuse: problems of RFC 9457 with Trato's `code` and `message`."""
    return {
        status: {
            "description": _MEANT[status],
            "content": {"application/problem+json": {"schema": _PROBLEM}},
        }
        for status in sorted({400, 401, 403, 413, 422, 503, *statuses})
    }


def example(**answer: Any) -> dict[str, Any]:
    """An example of what a route answers."""
    return {"content": {"application/json": {"example": answer}}}


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes are given."""

    context: Context
    keys: Keys

    def key_for(self, *scopes: Scope) -> Callable[[Request], Awaitable[ApiKey]]:
        """A dependency that lets in who shows a key made for one of the scopes.

        It raises KeyRefused, ScopeMissing and StorageUnavailable.
        """

        async def let_in(request: Request) -> ApiKey:
            shown = key_shown(request.headers)
            refused: ScopeMissing | None = None
            for scope in scopes:
                try:
                    return await self.keys.check(shown, scope)
                except ScopeMissing as error:
                    refused = refused or error
            raise refused or ScopeMissing("this route has no scope")

        return let_in

    def purposes(self, asked: Sequence[str]) -> Purposes:
        """The purposes of these keys in the order in which they are declared, all where none is asked for.

        Raises UnknownPurpose.
        """
        declared = self.context.company.purposes
        if not asked:
            return declared
        wanted = {declared.named(key).key for key in asked}
        return Purposes({key: one for key, one in declared.by_key.items() if key in wanted})

    def purpose(self, key: str) -> Purpose:
        """The purpose of this key. Raises UnknownPurpose."""
        return self.context.company.purposes.named(key)

    def touchpoint(self, word: str) -> str:
        """The word of a touchpoint that is declared, or none. Raises BadOption."""
        known = self.context.company.touchpoints.by_key
        if word and word not in known:
            close = nearest(word, known)
            raise BadOption(
                "there is no such touchpoint",
                hint=f"did you mean {close!r}?" if close else f"known: {', '.join(known)}",
            )
        return word

    def noted(self, key: ApiKey, customer: str, under: Sequence[str]) -> None:
        """Keep that the holder of a key looked at a customer, before anything is answered."""
        looked = Looked(f"key:{key.id}", CustomerId(customer), tuple(sorted(under)), self.context.now())
        self.context.store.write(lambda it: it.note_look(looked))


def first_time(
    it: Transaction, key: ApiKey, word: str | None, request: Mapping[str, Any], *, door: Door
) -> bool:
    """Whether a request with this Idempotency-Key was not done yet; keeps that it is being done.

    The customer is to be held first, so that of two at once one comes after. Raises BadOption when the word
    came before with another request.
    """
    if word is None:
        return True
    told = hashlib.sha256(repr(sorted(request.items())).encode("utf-8", "surrogatepass")).hexdigest()
    asked = f"api {key.id} {word}"
    same = f"{asked} {told}"
    new = it.new_messages([asked, same])
    if asked in new:
        now = door.context.now()
        it.add_receipts([Receipt(one, now, "kept") for one in (asked, same)])
        return True
    if same in new:
        raise BadOption(
            "this Idempotency-Key came before, with another request", hint="give each request its own"
        )
    return False


def customer_id(word: str) -> CustomerId:
    """An id as it stands in a path."""
    return cast("CustomerId", word)


def must_be_known(it: Transaction, customer: CustomerId) -> None:
    """Raises UnknownCustomer, and holds the customer for a change."""
    it.hold_customer(customer, changing=True)


def in_utc(moment: datetime | None) -> datetime | None:
    """A moment as it is kept and answered. Raises BadOption for one that is not of our time."""
    if moment is None:
        return None
    if not EARLIEST <= moment <= LATEST:
        raise BadOption(f"a moment lies between {EARLIEST.year} and {LATEST.year}")
    return moment.astimezone(UTC)

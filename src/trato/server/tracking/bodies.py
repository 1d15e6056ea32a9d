"""The bytes of a request made events, whatever a library says about them.

What the real libraries send is not what their headers tell: RudderStack's for Node sends gzip as a form,
Segment's for browsers JSON as plain text. So the bytes themselves decide, and everything that could cost
more than it brings is bounded: bytes, events, nesting, and the time in which they must come.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trato.errors import BadBody, BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from trato.server.limits import Limits

CALLS: Final[Mapping[str, str]] = {
    "identify": "identify",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "group": "group",
    "alias": "alias",
    "batch": "batch",
    # Those of Segment's library for browsers.
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
    "b": "batch",
}

DEEPEST = 64
MOST_MEMBERS = 16
IN_PASSING = 16 * 1024  # what is unpacked and read sooner than another thread would take it over
SWALLOWED = 4  # times the limit: so much is read and dropped, so that the answer reaches the sender

_GZIP = b"\x1f\x8b"
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_OPENS_JSON = re.compile(rb"\s*[{\[]")
# Where a number may be beyond a float, or a text hold what is no character: rare, and only then looked for.
_PERHAPS_INFINITE = re.compile(r"[eE]\+?\d{3}|\d{300}")
_PERHAPS_NO_TEXT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sent:
    """What one request brought: its events, each with what the request says for all, the key if any, and
    the bytes of it all, unpacked.
    """

    events: tuple[Mapping[str, object], ...]
    write_key: str | None
    size: int


async def gather(
    stream: AsyncIterator[bytes], declared: str | None, limits: Limits, hold: Callable[[int], None]
) -> bytes:
    """The bytes of a body, as they are. Raises BodyTooLarge, and BadBody when they come too slowly.

    `hold` is told how many bytes are held, and may refuse.
    """
    most = limits.body
    too_large = BodyTooLarge(f"the body is larger than {most:,} bytes", hint="send smaller batches")
    if declared is not None and _number(declared) > SWALLOWED * most:
        raise too_large
    parts: list[bytes] = []
    held = 0
    try:
        async with asyncio.timeout(limits.patience):
            async for part in stream:
                held += len(part)
                if held > SWALLOWED * most:
                    break
                if held > most:
                    parts.clear()
                    hold(0)
                else:
                    hold(held)
                    parts.append(part)
    except TimeoutError:
        raise BadBody(f"the body did not come within {limits.patience:g} seconds") from None
    if held > most:
        raise too_large
    return b"".join(parts)


def _number(declared: str) -> float:
    """The length that a header declares; no number is 0, for the bytes are counted anyway."""
    if not declared.isascii() or not declared.isdigit():
        return 0
    return int(declared) if len(declared) < 20 else math.inf


async def events_in(raw: bytes, encoding: str | None, call: str, limits: Limits) -> Sent:
    """The events of a body. Raises BadBody and BodyTooLarge. What is large is read beside the event loop."""
    if len(raw) <= IN_PASSING and not _packed(raw, encoding):
        return read_events(raw, encoding, call, limits)
    return await asyncio.to_thread(read_events, raw, encoding, call, limits)


def read_events(raw: bytes, encoding: str | None, call: str, limits: Limits) -> Sent:
    """The events of a body, as `events_in`; `call` is a value of CALLS."""
    text = unpack(raw, encoding, limits.unpacked)
    document = read_json(text)
    if not isinstance(document, dict):
        raise BadBody("the body is no JSON object")
    write_key = document.pop("writeKey", None)
    events = _batched(document) if call == "batch" else (_as_segment({**document, "type": call}),)
    if len(events) > limits.events:
        raise BodyTooLarge(
            f"{len(events):,} events are more than {limits.events:,}", hint="send smaller batches"
        )
    if len(text) > limits.event:
        for number, event in enumerate(events):
            size = _size(event)
            if size > limits.event:
                raise BodyTooLarge(f"event {number} has {size:,} bytes, more than {limits.event:,}")
    return Sent(events, write_key if isinstance(write_key, str) else None, len(text))


def _batched(document: dict[str, Any]) -> tuple[dict[str, object], ...]:
    """The items of a batch; what the batch says for all holds where an item says nothing itself."""
    items = document.get("batch")
    if not isinstance(items, list):
        raise BadBody("the batch is no list", hint='send {"batch": [{"type": "track", …}, …]}')
    context = document.get("context")
    shared = {name: document[name] for name in ("sentAt", "integrations") if name in document}
    events: list[dict[str, object]] = []
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise BadBody(f"item {number} of the batch is no object")
        event = {**shared, **item}
        event.pop("writeKey", None)
        if isinstance(context, dict):
            own = item.get("context")
            event["context"] = {**context, **own} if isinstance(own, dict) else context
        events.append(_as_segment(event))
    return tuple(events)


def _as_segment(event: dict[str, object]) -> dict[str, object]:
    """An event as Segment's libraries send it: RudderStack's put an identify call's traits in its context."""
    context = event.get("context")
    if event.get("type") == "identify" and "traits" not in event and isinstance(context, dict):
        traits = context.get("traits")
        return event if traits is None else {**event, "traits": traits}
    return event


def _size(event: Mapping[str, object]) -> int:
    return len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _packed(raw: bytes, encoding: str | None) -> bool:
    return raw.startswith(_GZIP) or (encoding or "identity").strip().lower() not in {"", "identity"}


def unpack(raw: bytes, encoding: str | None, most: int) -> bytes:
    """The body unpacked, at most `most` bytes of it, by what it is rather than by what its header says.

    Raises BodyTooLarge for what would become more, and BadBody for what is cut off, damaged, packed twice or
    packed in another way than gzip and deflate.
    """
    said = (encoding or "").strip().lower()
    if raw.startswith(_GZIP):
        plain = _inflated(raw, 16 + zlib.MAX_WBITS, most)
    elif _OPENS_JSON.match(raw):
        plain = raw  # a header that promises gzip before plain JSON
    elif said == "deflate":
        wrapped = _ZLIB.match(raw) is not None
        plain = _inflated(raw, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, most)
    elif said not in {"", "identity", "gzip", "x-gzip"}:
        raise BadBody("the body is packed in a way that is not known here", hint="gzip, deflate, or none")
    else:
        plain = raw
    if len(plain) > most:
        raise BodyTooLarge(f"the body is larger than {most:,} bytes", hint="send smaller batches")
    if plain is not raw and plain.startswith(_GZIP):
        raise BadBody("the body is packed twice")
    return plain


def _inflated(raw: bytes, window: int, most: int) -> bytes:
    parts: list[bytes] = []
    left = most
    rest = raw
    for _ in range(MOST_MEMBERS):
        unpacking = zlib.decompressobj(window)
        try:
            part = unpacking.decompress(rest, left + 1)
        except zlib.error:
            raise BadBody("the packed body is damaged") from None
        left -= len(part)
        if left < 0:
            raise BodyTooLarge(f"the body becomes larger than {most:,} bytes", hint="send smaller batches")
        parts.append(part)
        if not unpacking.eof:
            raise BadBody("the packed body is cut off")
        rest = unpacking.unused_data.lstrip(b"\0")
        if not rest:
            return b"".join(parts)
        if not rest.startswith(_GZIP):
            raise BadBody("something stands behind the packed body")
    raise BadBody("the body is packed in too many parts")


def read_json(raw: bytes) -> object:
    """The JSON of a body in UTF-8. Of a key that stands twice the last counts, as in JavaScript.

    Half a character and U+0000, which no database keeps, become U+FFFD. Raises BadBody.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadBody(f"the body is no UTF-8: byte {error.start:,}") from None
    parse_float = _finite if _PERHAPS_INFINITE.search(text) else None
    try:
        document = json.loads(text, parse_constant=_refused, parse_float=parse_float)
    except json.JSONDecodeError as error:
        raise BadBody(f"the body is no JSON: {error.msg}, at character {error.pos:,}") from None
    except RecursionError:
        raise BadBody(_TOO_DEEP) from None
    except ValueError:  # Python reads no whole number of thousands of digits
        raise BadBody("a number in the body is too long") from None
    if _too_deep(document):
        raise BadBody(_TOO_DEEP)
    return _mended(document) if _PERHAPS_NO_TEXT.search(text) else document


_TOO_DEEP = f"the body is nested deeper than {DEEPEST} levels"


def _refused(constant: str) -> object:
    raise BadBody(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise BadBody("a number in the body is too large")
    return number


def _too_deep(document: object) -> bool:
    level: list[Any] = [document] if isinstance(document, (dict, list)) else []
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for one in level
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def _mended(given: object) -> Any:
    if isinstance(given, str):
        return _NO_TEXT.sub("\ufffd", given)
    if isinstance(given, list):
        return [_mended(one) for one in given]
    if isinstance(given, dict):
        return {_mended(name): _mended(one) for name, one in given.items()}
    return given

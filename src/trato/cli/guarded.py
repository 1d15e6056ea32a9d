"""uvicorn's reading of HTTP with a bound on what comes before a body: it has none of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio import TimerHandle

MOST_HEAD = 512 * 1024  # two pieces as the loop reads them, for the end of a body may stand before a head
HEAD_SECONDS = 20.0

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Guarded(HttpToolsProtocol):
    """A connection that is closed when the head of a request is endless, or comes too slowly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._in_head = True
        self._alarm: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A head must come soon."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins, and must end soon."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head has come; bodies are bounded by the application."""
        self._head_came()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head that has not ended."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > MOST_HEAD and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def _expect_head(self) -> None:
        self._head_came()
        self._in_head = True
        self._head = 0
        self._alarm = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        self._in_head = False
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

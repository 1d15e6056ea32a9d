"""A head that comes too slowly or never ends is given up; what comes in time is answered, however often."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from tests.server.running import run
from trato.cli import guarded
from trato.cli.guarded import Guarded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


async def answering(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def talk(said: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]) -> bytes:
    """What comes of a conversation with a server of this kind."""

    async def work() -> bytes:
        config = uvicorn.Config(answering, lifespan="off", http=Guarded, log_config=None)
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Guarded(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await asyncio.wait_for(said(reader, writer), 30)
            finally:
                writer.close()

    return run(work())


@pytest.mark.parametrize("begun", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(guarded, "HEAD_SECONDS", 0.1)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(begun)
        return await reader.read()

    assert talk(said) == b""


def test_a_head_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "MOST_HEAD", 10_000)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST / HTTP/1.1\r\nX: ")
        await writer.drain()
        writer.write(b"x" * 11_000)
        return await reader.readline()

    assert b" 431 " in talk(said)


def test_requests_in_time_are_answered_on_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(guarded, "MOST_HEAD", 200)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        answers = b""
        for _ in range(4):  # more bytes in all, and longer in all, than one head may have
            writer.write(REQUEST)
            answers += await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.15)
        return answers

    assert talk(said).count(b"HTTP/1.1 204") == 4


def test_a_slow_body_is_the_applications_to_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "HEAD_SECONDS", 0.1)

    async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST[:-1])
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.write(b"}")
        return await reader.readline()

    assert b" 204 " in talk(said)

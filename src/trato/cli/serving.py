"""An application behind a socket, until a signal stops it."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

GRACE_SECONDS = 20
BACKLOG = 1024
KEEP_SECONDS = 65  # longer than the libraries wait between two sendings


@dataclass(frozen=True, slots=True)
class Door:
    """A socket that listens, and where it is found."""

    socket: socket.socket
    url: str


@contextmanager
def listening(host: str, port: int, *, public: bool) -> Iterator[Door]:
    """A socket that listens at an address. Raises BadOption when it is taken or none of this machine's.

    And for an address that other machines reach, unless `public` says that it is meant.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        raise BadOption(
            f"{host!r} is no address", hint="127.0.0.1, or another address of this machine"
        ) from None
    if not ip.is_loopback and not public:
        raise BadOption(
            f"other machines reach {host}, and what they send comes unencrypted",
            hint="put a proxy with TLS in front of 127.0.0.1, or say --public if the network is yours",
        )
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((address, port))
            door.listen(BACKLOG)  # now, so that a port that is taken is told before anything else is done
        except OSError as error:
            raise BadOption(
                f"nothing can listen at {host}, port {port}: {error.strerror}",
                hint="say another: --port 0 takes one that is free",
            ) from None
        shown = f"[{address}]" if ip.version == 6 else address
        yield Door(door, f"http://{shown}:{door.getsockname()[1]}")


def run(app: ASGIApp, door: Door, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; then take nothing new, and finish what was begun.

    `ready` is called once the door is open. A second SIGINT waits for nobody.
    """
    import signal
    from contextlib import contextmanager as context

    import uvicorn

    from trato.cli.guarded import Guarded

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        @context
        def capture_signals(self) -> Iterator[None]:
            # uvicorn raises the signal again at its end, before our store is closed.
            wanted = (signal.SIGINT, signal.SIGTERM)
            before = {one: signal.signal(one, self.handle_exit) for one in wanted}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Guarded,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,  # addresses of customers are personal data
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    Server(config).run([door.socket])

"""`trato serve`: where it listens, the link for the first person, and how it stops."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.cli.commands import trato
from tests.server.live import Shop, new_shop
from trato.cli.serving import listening
from trato.errors import BadOption

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path / "shop", None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_others_reach_it_only_when_that_is_meant(shop: Shop, host: str) -> None:
    done = trato("serve", shop.folder, "--host", host, "--port", "0")
    assert done.returncode == 3
    assert "other machines reach" in done.stderr
    assert "--public" in done.stderr


def test_addresses() -> None:
    with listening("localhost", 0, public=False) as door:
        assert door.url == f"http://127.0.0.1:{door.socket.getsockname()[1]}"
        with (
            pytest.raises(BadOption, match="nothing can listen"),
            listening("127.0.0.1", door.socket.getsockname()[1], public=False),
        ):
            pass
    with listening("0.0.0.0", 0, public=True) as door:
        assert door.url.startswith("http://0.0.0.0:")
    for wrong in ("example.org", "", "1.2.3"):
        with pytest.raises(BadOption, match="no address"), listening(wrong, 0, public=True):
            pass
    with pytest.raises(BadOption, match="nothing can listen"), listening("192.0.2.1", 0, public=True):
        pass


def test_the_first_person_gets_a_link_that_opens(shop: Shop) -> None:
    with shop.served() as serving:
        assert serving.told["url"] == serving.url
        assert serving.told["tracking"] == f"{serving.url}/v1"
        for place in ("set_up", "description"):
            with urlopen(serving.told[place], timeout=30) as answer:
                assert answer.status == 200


def test_people_are_told_where_to_look(shop: Shop) -> None:
    command = [sys.executable, "-c", "from trato.cli.main import run; run()"]
    with subprocess.Popen(
        [*command, "serve", shop.folder, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        lines: list[str] = []
        while not lines or "Ctrl+C" not in lines[-1]:
            lines.append(serving.stdout.readline())
            assert lines[-1], serving.communicate()
        serving.send_signal(signal.SIGINT)
        _, complaints = serving.communicate(timeout=60)
    told = "".join(lines)
    assert f"{shop.folder} is served at http://127.0.0.1:" in told
    assert f"trato key make {shop.folder}" in told
    assert "/setup/" in told
    assert serving.returncode == 0
    assert complaints == ""


def test_two_servers_of_one_store_in_files(shop: Shop) -> None:
    with shop.store():
        done = trato("serve", shop.folder, "--port", "0", "--json")
    assert done.returncode == 7
    assert json.loads(done.stdout)["error"]["code"] == "trato.store_in_use"


def test_a_port_that_is_taken_is_said_before_anything_is_opened(shop: Shop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = trato("serve", shop.folder, "--port", other.getsockname()[1])
    assert done.returncode == 3
    assert "nothing can listen at 127.0.0.1" in done.stderr

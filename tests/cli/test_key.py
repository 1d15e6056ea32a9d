"""`trato key`: made once and shown once, listed without its words, revoked for good; on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commands import trato
from tests.server.live import shop
from tests.storage.conftest import migrated
from trato.company.keys import check_key
from trato.errors import KeyRefused, ScopeMissing

if TYPE_CHECKING:
    from tests.server.live import Shop

__all__ = ["migrated", "shop"]


@pytest.fixture
def folder(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in shop.environment.items():
        monkeypatch.setenv(name, value)
    return shop.folder


def answer(*words: object) -> dict[str, Any]:
    done = trato("key", *words, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_key_from_its_making_to_its_end(shop: Shop, folder: Path) -> None:
    made = answer("make", folder, "--label", " web   shop ", "--scope", "track", "--scope", "greet")
    assert made["label"] == "web shop"
    assert made["scopes"] == ["greet", "track"]
    with shop.store() as store:
        assert store.read(lambda it: check_key(it, made["key"], "track")).id == made["id"]
        with pytest.raises(ScopeMissing):
            store.read(lambda it: check_key(it, made["key"], "read"))
    listed = answer("list", folder)["keys"]
    (mine,) = [one for one in listed if one["id"] == made["id"]]
    assert mine == {name: value for name, value in made.items() if name != "key"}
    assert made["key"] not in trato("key", "list", folder).stdout
    assert answer("revoke", folder, made["id"])["id"] == made["id"]
    with shop.store() as store, pytest.raises(KeyRefused):
        store.read(lambda it: check_key(it, made["key"], "track"))
    assert "revoked" in trato("key", "list", folder).stdout
    again = trato("key", "revoke", folder, made["id"])
    assert again.returncode == 3
    assert "no key of this id" in again.stderr


def test_nothing_in_the_store_opens_the_door(shop: Shop, folder: Path) -> None:
    made = answer("make", folder, "--label", "till", "--scope", "track")
    for file in (shop.folder / "store").rglob("*"):
        assert made["key"].encode() not in file.read_bytes()
    # Nor does what is kept of it: the hash is no key.
    with shop.store() as store:
        hashes = [one.hashed.hex() for one in store.read(lambda it: it.keys())]
        for hashed in hashes:
            with pytest.raises(KeyRefused):
                store.read(lambda it, words=hashed: check_key(it, words, "track"))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--label", "x", "--scope", "tracking"), "did you mean 'track'?"),
        (("--label", " ", "--scope", "track"), "1 to 100 characters"),
        (("--label", "x" * 101, "--scope", "track"), "1 to 100 characters"),
    ],
)
def test_what_makes_no_key(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    assert trato("init", tmp_path / "shop", "--name", "Shop").returncode == 0
    done = trato("key", "make", tmp_path / "shop", *words)
    assert done.returncode == 3
    assert why in done.stderr
    assert "no key was made yet" in trato("key", "list", tmp_path / "shop").stdout


def test_a_store_that_is_served_says_what_to_do(tmp_path: Path) -> None:
    from tests.server.live import new_shop

    served = new_shop(tmp_path / "shop", None)
    with served.store():
        done = trato("key", "make", served.folder, "--label", "x", "--scope", "track")
    assert done.returncode == 7
    assert "stop `trato serve`" in done.stderr
    assert "console" in done.stderr

"""The master key lies in its owner's file alone, or in the environment."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from trato.errors import KeyNotUsable
from trato.storage.master_key import ENVIRONMENT, make_master_key, read_master_key

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    key = make_master_key(file, secrets.token_bytes)
    assert len(key) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_master_key(file, {}) == key
    with pytest.raises(KeyNotUsable, match="cannot be made"):
        make_master_key(file, secrets.token_bytes)
    assert read_master_key(file, {}) == key


def test_the_environment_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    make_master_key(file, secrets.token_bytes)
    other = make_master_key(tmp_path / "other.key", secrets.token_bytes)
    written = (tmp_path / "other.key").read_text(encoding="ascii")
    assert read_master_key(file, {ENVIRONMENT: written}) == other


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    make_master_key(file, secrets.token_bytes)
    file.chmod(0o640)
    with pytest.raises(KeyNotUsable, match="others than its owner"):
        read_master_key(file, {})


@pytest.mark.parametrize("written", [b"", b"short", b"\xff\xfe", b"!" * 44])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "master.key"
    file.write_bytes(written)
    file.chmod(0o600)
    with pytest.raises(KeyNotUsable, match="no master key") as caught:
        read_master_key(file, {})
    assert not written.strip() or written.decode("ascii", "replace") not in str(caught.value)


def test_a_key_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyNotUsable, match=f"or set {ENVIRONMENT}"):
        read_master_key(tmp_path / "master.key", {})

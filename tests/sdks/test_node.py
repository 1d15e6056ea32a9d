"""Segment's and RudderStack's libraries for Node, unchanged, against a live server on both databases."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.tracking.served import forked

if TYPE_CHECKING:
    from tests.server.live import Shop

HERE = Path(__file__).parent


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", HERE / script, *words], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.usefixtures("node_modules")
@pytest.mark.parametrize(
    ("script", "words", "sent_as"),
    [
        ("segment.mjs", (), "application/json"),
        ("rudderstack.mjs", ("plain",), "application/json undefined"),
        # It packs the body, and calls it a form.
        ("rudderstack.mjs", ("gzip",), "application/x-www-form-urlencoded gzip"),
    ],
    ids=["segment", "rudderstack", "rudderstack-gzip"],
)
def test_what_the_library_sends_is_kept(
    shop: Shop, script: str, words: tuple[str, ...], sent_as: str
) -> None:
    with forked(shop) as (url, _):
        done = run(script, url, shop.key, *words)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {sent_as}
    kept = shop.kept("user_id", "ana")
    assert [one.source for one in kept] == ["told", *["Order Completed"] * 2, "Survey Answered"]
    bought = [(one.component, one.module, one.count, one.amount) for one in kept[1:3]]
    assert bought == [("bread", "rye", 2, 620), ("soap", "olive", 1, 500)]
    assert kept[3].statement == "no nuts, ñam 🥜"
    assert shop.kept("email", "ana@example.org") == kept
    assert len(shop.kept("user_id", "eva")) == 120


@pytest.mark.usefixtures("node_modules")
@pytest.mark.parametrize("script", ["segment.mjs", "rudderstack.mjs"])
def test_a_refusal_is_heard(shop: Shop, script: str) -> None:
    with forked(shop) as (url, _):
        done = run(script, url, "tk_nobody")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert shop.kept("user_id", "eva") == ()

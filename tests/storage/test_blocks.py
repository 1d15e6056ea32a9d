"""The tree and the chain of blocks, without a store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.storage.shop import LATER, NOW
from trato.storage.blocks import GENESIS, LOGS, fits, leaf, root_of, sealed

CELLS = st.lists(
    st.none()
    | st.text(st.characters(codec="utf-8"), max_size=4)
    | st.binary(max_size=4)
    | st.integers(-(2**63), 2**63)
    | st.datetimes(timezones=st.just(UTC)),
    max_size=4,
)


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_the_book(leaves[:split]), by_the_book(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_root_is_that_of_the_standard(leaves: list[bytes]) -> None:
    assert root_of(leaves) == by_the_book(leaves)


@given(CELLS, CELLS)
def test_entries_that_differ_are_hashed_differently(one: list[object], other: list[object]) -> None:
    same = [(type(cell), cell) for cell in one] == [(type(cell), cell) for cell in other]
    assert (leaf(one) == leaf(other)) is same  # type: ignore[arg-type]  # cells of any kind are tried


def test_a_block_fits_behind_its_own_only() -> None:
    first = sealed(GENESIS, [b"1" * 32], 7, NOW)
    second = sealed(first, [b"2" * 32, b"3" * 32], 9, LATER)
    assert (second.number, second.after, second.up_to, second.entries) == (2, 7, 9, 2)
    assert fits(GENESIS, first)
    assert fits(first, second)
    assert not fits(GENESIS, second)
    changes: list[dict[str, object]] = [
        {"number": 3},
        {"after": 6},
        {"up_to": 10},
        {"entries": 3},
        {"root": bytes(32)},
        {"sealed_at": datetime(2000, 1, 1, tzinfo=UTC)},
        {"hash": bytes(32)},
    ]
    for change in changes:
        assert not fits(first, replace(second, **change))  # type: ignore[arg-type]  # changes by keyword


def test_a_block_of_one_log_fits_no_other() -> None:
    blocks = {log: sealed(GENESIS, [b"1" * 32], 7, NOW, log) for log in LOGS}
    assert {(one, log) for one in LOGS for log in LOGS if fits(GENESIS, blocks[one], log)} == {
        (log, log) for log in LOGS
    }


def test_a_block_of_the_log_is_hashed_as_it_ever_was() -> None:
    """Blocks that are kept already must fit for good."""
    block = sealed(GENESIS, [leaf([1, "milk", None, b"1", NOW])], 7, NOW)
    assert block.hash.hex() == "9d20a3cb3d5d94e0312c12d92a1bfe22f49b63401fe751892577fac4dffe33c9"

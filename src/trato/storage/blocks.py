"""Blocks of a log: each seals the entries up to a watermark, so that nobody can change them unnoticed.

There are three logs: interactions, decisions, and their outcomes, each with a chain of blocks of its own.

A block holds the root of a Merkle tree over its entries in the log's order, hashed as RFC 6962 does, and its
own hash covers that root and the hash of the block before. One sealer makes them behind the writers, up to a
watermark below which nothing is still being written; what lies behind the last block is the unsealed tail.
An entry is hashed as it is kept, its words sealed: a block holds after a customer's key was destroyed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LogName = Literal["interactions", "decisions", "outcomes"]
LOGS: tuple[LogName, ...] = get_args(LogName)

# It begins what a block's hash covers, so that no block of one log fits another.
_ENCODING: dict[LogName, bytes] = {
    "interactions": b"trato log 1",
    "decisions": b"trato decisions 1",
    "outcomes": b"trato outcomes 1",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Cell = str | int | bool | bytes | datetime | None


@dataclass(frozen=True, slots=True)
class Block:
    """The seal of the entries behind position `after` up to `up_to`, of which there are `entries`.

    `number` counts from 1 without gaps.
    """

    number: int
    after: int
    up_to: int
    entries: int
    root: bytes
    sealed_at: datetime
    hash: bytes = b""


GENESIS = Block(0, 0, 0, 0, b"", _EPOCH, bytes(32))


@dataclass(frozen=True, slots=True)
class BlockFault:
    """A block that does not fit: *missing*, *edited* itself, or over other *entries* than it sealed."""

    number: int
    kind: Literal["missing", "edited", "entries"]
    after: int
    up_to: int

    def __str__(self) -> str:
        return {
            "missing": f"block {self.number} is missing",
            "edited": f"block {self.number} was edited",
            "entries": f"an entry of positions {self.after + 1} to {self.up_to} was edited, removed or added",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class LogVerified:
    """What verifying found: the faults, how far the log is sealed, and how many entries lie behind that."""

    faults: tuple[BlockFault, ...]
    last: Block
    unsealed: int


def leaf(cells: Iterable[Cell]) -> bytes:
    """The hash of an entry: each cell with its kind and its length, so that none runs into another."""
    return hashlib.sha256(b"\0" + b"".join(map(_encoded, cells))).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the Merkle tree over hashed entries (RFC 6962, 2.1); of none, the hash of nothing.

    The tree splits at the largest power of two below the number of leaves, which comes to the same as joining
    neighbours level by level and letting an odd one go up as it is.
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        joined = [
            hashlib.sha256(b"\1" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = joined + level[len(joined) * 2 :]
    return level[0]


def sealed(
    before: Block, leaves: Sequence[bytes], up_to: int, at: datetime, log: LogName = "interactions"
) -> Block:
    """The block that seals entries of a log, given as hashed, behind another block."""
    block = Block(before.number + 1, before.up_to, up_to, len(leaves), root_of(leaves), at)
    return replace(block, hash=_hash(before, block, log))


def fits(before: Block, block: Block, log: LogName = "interactions") -> bool:
    """Whether a block of a log is as it was sealed behind that other one."""
    return (
        block.number == before.number + 1
        and block.after == before.up_to
        and block.hash == _hash(before, block, log)
    )


def _hash(before: Block, block: Block, log: LogName) -> bytes:
    cells: tuple[Cell, ...] = (
        _ENCODING[log],
        block.number,
        block.after,
        block.up_to,
        block.entries,
        block.root,
        block.sealed_at,
    )
    return hashlib.sha256(before.hash + b"".join(map(_encoded, cells))).digest()


def _encoded(cell: Cell) -> bytes:
    kind, body = b"t", b""
    if cell is None:
        kind = b"-"
    elif isinstance(cell, str):
        body = cell.encode()
    elif isinstance(cell, bytes):
        kind, body = b"b", cell
    elif isinstance(cell, datetime):
        kind, body = b"m", str((cell - _EPOCH) // timedelta(microseconds=1)).encode()
    else:
        kind, body = b"i", str(int(cell)).encode()
    return kind + len(body).to_bytes(4, "big") + body

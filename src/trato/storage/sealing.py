"""Sealing the logs: the blocks in the store, and the thread that makes them within a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, select

from trato.errors import StorageUnavailable
from trato.storage.blocks import (
    GENESIS,
    LOGS,
    Block,
    BlockFault,
    LogName,
    LogVerified,
    fits,
    leaf,
    root_of,
    sealed,
)
from trato.storage.decisions import decision_leaf
from trato.storage.records import Records
from trato.storage.tables.decisions import decision_blocks, decisions, outcome_blocks, outcomes
from trato.storage.tables.interactions import interactions, log_blocks
from trato.storage.upsert import AT_ONCE, insert_new

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from sqlalchemy import Row, Table

    from trato.storage.store import Store

EVERY_SECONDS = 0.5
MOST_IN_A_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class _Log:
    """Where a log and its blocks are kept, and the hash of an entry."""

    entries: Table
    blocks: Table
    leaf: Callable[[Row[Any]], bytes]


_KEPT: dict[LogName, _Log] = {
    "interactions": _Log(interactions, log_blocks, leaf),
    "decisions": _Log(decisions, decision_blocks, decision_leaf),
    "outcomes": _Log(outcomes, outcome_blocks, leaf),
}


class SealRecords(Records):
    """The blocks of the logs, within one transaction."""

    __slots__ = ()

    def newest_position(self, log: LogName = "interactions") -> int:
        """The position of the newest entry of a log; 0 when it is empty."""
        entries = _KEPT[log].entries
        return self._connection.execute(select(func.max(entries.c.position))).scalar_one() or 0

    def watermark_of(self, log: LogName) -> int:
        """As `log_watermark`, of any log."""
        return self._watermark(_KEPT[log].entries)

    def last_block(self, log: LogName = "interactions") -> Block:
        """The last block of a log; GENESIS before the first."""
        blocks = _KEPT[log].blocks
        row = self._connection.execute(select(blocks).order_by(blocks.c.number.desc()).limit(1)).one_or_none()
        return GENESIS if row is None else _block(row)

    def next_block(self, watermark: int, at: datetime, log: LogName = "interactions") -> Block | None:
        """The block that seals what lies behind the last one up to a watermark, or a part of it.

        None when there is nothing. It is not yet kept.
        """
        last = self.last_block(log)
        position, leaves = last.up_to, list[bytes]()
        while len(leaves) < MOST_IN_A_BLOCK:
            page = self._leaves(log, position, watermark)
            if not page:
                break
            leaves += [hashed for _, hashed in page]
            position = page[-1][0]
        return sealed(last, leaves, position, at, log) if leaves else None

    def add_block(self, block: Block, log: LogName = "interactions") -> bool:
        """Keep a block of a log; False when another sealer has kept one of its number."""
        row = {
            "number": block.number,
            "after": block.after,
            "up_to": block.up_to,
            "entries": block.entries,
            "root": block.root,
            "sealed_at": block.sealed_at,
            "hash": block.hash,
        }
        return insert_new(self._connection, _KEPT[log].blocks, row)

    def verify_log(self, log: LogName = "interactions") -> LogVerified:
        """Read a whole log, and tell which blocks do not fit it and how much of it is not sealed yet.

        Blocks that were cut off at the end show only against a last block that was noted elsewhere: what they
        sealed counts as unsealed.
        """
        faults: list[BlockFault] = []
        before = GENESIS
        entries, blocks = _KEPT[log].entries, _KEPT[log].blocks
        while rows := self._connection.execute(
            select(blocks).where(blocks.c.number > before.number).order_by(blocks.c.number).limit(AT_ONCE)
        ).all():
            for block in map(_block, rows):
                faults += self._faults_of(log, before, block)
                before = block
        behind = select(func.count()).select_from(entries).where(entries.c.position > before.up_to)
        return LogVerified(tuple(faults), before, self._connection.execute(behind).scalar_one())

    def _faults_of(self, log: LogName, before: Block, block: Block) -> list[BlockFault]:
        missing = [
            BlockFault(number, "missing", before.up_to, block.after)
            for number in range(before.number + 1, block.number)
        ]
        if not missing and not fits(before, block, log):
            return [BlockFault(block.number, "edited", block.after, block.up_to)]
        position, leaves = block.after, list[bytes]()
        while page := self._leaves(log, position, block.up_to):
            leaves += [hashed for _, hashed in page]
            position = page[-1][0]
        if (len(leaves), root_of(leaves)) != (block.entries, block.root):
            missing.append(BlockFault(block.number, "entries", block.after, block.up_to))
        return missing

    def _leaves(self, log: LogName, after: int, up_to: int) -> list[tuple[int, bytes]]:
        """Positions and hashes of the next entries behind a position, in the log's order."""
        kept = _KEPT[log]
        rows = self._connection.execute(
            select(kept.entries)
            .where(kept.entries.c.position > after, kept.entries.c.position <= up_to)
            .order_by(kept.entries.c.position)
            .limit(AT_ONCE)
        )
        return [(row.position, kept.leaf(row)) for row in rows]


class Sealer:
    """A thread that seals the logs of a store twice a second, from `with` to the end of its block.

    `now` tells the time. When the store cannot serve it tries again the next time; of several sealers, each
    in a process of its own, one makes each block.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], every: float = EVERY_SECONDS) -> None:
        self._store = store
        self._now = now
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trato-sealer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        over = False
        while not over:
            over = self._over.wait(self._every)  # what came last is sealed before it ends
            try:
                seal_log(self._store, self._now())
            except StorageUnavailable:
                continue


def seal_log(store: Store, at: datetime) -> int:
    """Seal all that is written by now of every log; how many blocks it took. Raises StorageUnavailable."""
    behind = store.read(
        lambda it: [log for log in LOGS if it.newest_position(log) != it.last_block(log).up_to]
    )
    return sum(_seal(store, log, at) for log in behind)


def _seal(store: Store, log: LogName, at: datetime) -> int:
    watermark = store.write(lambda it: it.watermark_of(log))
    made = 0
    while True:
        block = store.read(
            lambda it: it.next_block(watermark, at, log)
        )  # nobody waits while it is worked out
        if block is None or not store.write(lambda it, one=block: it.add_block(one, log)):  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
            return made
        made += 1


def _block(row: Row[Any]) -> Block:
    return Block(row.number, row.after, row.up_to, row.entries, row.root, row.sealed_at, row.hash)

"""Decisions and what came of them, both only ever appended to, and the blocks that seal them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, text

from trato.storage.tables.columns import METADATA, Position, UtcDateTime, Word

# `id`, `customer`, `unit` and `sealed` are whose it is and what it was made of: they go together when its
# customer is forgotten, and of a decision that is nobody's `customer` and `unit` are empty from the start.
# `whose` is a hash of the four, so that the blocks hold after they went. The rest says nothing of anybody.
# `unit` is a keyed hash of the unit's word; `sealed` is the packed record under the customer's own key.
decisions = Table(
    "decisions",
    METADATA,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("id", Word, unique=True),
    Column("customer", Word, ForeignKey("customers.id")),
    Column("unit", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    Column("whose", LargeBinary, nullable=False),
    Column("programme", Word, nullable=False),
    Column("version", Word, nullable=False),
    Column("model", Word, nullable=False),
    Column("prices", Word, nullable=False),
    Column("purpose", Word, nullable=False),
    Column("arm", Word, nullable=False),
    Column("treatment", Word, nullable=False),
    Column("probability", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("matures_at", UtcDateTime, nullable=False),
    Index(None, "customer", "position"),
    Index(None, "programme", "position"),
    Index(None, "unit", "position"),
    Index(
        "ix_decisions_still_whose",
        "purpose",
        "at",
        sqlite_where=text("sealed IS NOT NULL"),
        postgresql_where=text("sealed IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # a position is never used twice
)

# `record` is a keyed hash of the decision's id and the name of the outcome at its source.
outcomes = Table(
    "outcomes",
    METADATA,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("decision", BigInteger, ForeignKey("decisions.position"), nullable=False),
    Column("record", LargeBinary, nullable=False, unique=True),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index(None, "decision"),
    sqlite_autoincrement=True,
)

# Decisions that could not be read when it was looked for what came of them: nobody knows.
unread_decisions = Table(
    "unread_decisions",
    METADATA,
    Column("decision", BigInteger, ForeignKey("decisions.position"), primary_key=True, autoincrement=False),
)


def _blocks(name: str) -> Table:
    """Blocks as those of the log (tables/interactions.py)."""
    return Table(
        name,
        METADATA,
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("after", BigInteger, nullable=False),
        Column("up_to", BigInteger, nullable=False),
        Column("entries", Integer, nullable=False),
        Column("root", LargeBinary, nullable=False),
        Column("sealed_at", UtcDateTime, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )


decision_blocks = _blocks("decision_blocks")
outcome_blocks = _blocks("outcome_blocks")

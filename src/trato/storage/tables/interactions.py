"""What was received and what became of it: receipts, the log of interactions, and what was put aside."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, text

from trato.storage.tables.columns import METADATA, Position, UtcDateTime, Word

# `message` is a keyed hash, so that a repeated message is known and no id of a program lies here.
receipts = Table(
    "receipts",
    METADATA,
    Column("message", LargeBinary, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("outcome", Word, nullable=False),
    Index(None, "received_at"),
)

# Only ever appended to. `record` is a keyed hash of source, record and item; `statement` is sealed.
# `purposes` has a bar on each side of each purpose: |service|analysis|.
interactions = Table(
    "interactions",
    METADATA,
    Column("position", Position, primary_key=True, autoincrement=True),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("purposes", Word, nullable=False),
    Column("source", Word, nullable=False),
    Column("kind", Word, nullable=False),
    Column("record", LargeBinary, unique=True),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("touchpoint", Word, nullable=False),
    Column("channel", Word, nullable=False),
    Column("place", Word),
    Column("division", Word),
    Column("product_line", Word),
    Column("component", Word),
    Column("module", Word),
    Column("more_choices", Word),
    Column("count", BigInteger, nullable=False),
    Column("amount", BigInteger),
    Column("cost", BigInteger),
    Column("statement", LargeBinary),
    Column("stance", Word),
    Column("learns", Boolean, nullable=False),
    Index(None, "customer", "position"),
    Index(None, "source"),
    # Few of a customer's many entries, and asked for with each decision.
    Index(
        "ix_interactions_contacts",
        "customer",
        "at",
        sqlite_where=text("kind = 'contact'"),
        postgresql_where=text("kind = 'contact'"),
    ),
    Index(
        "ix_interactions_statements",
        "customer",
        sqlite_where=text("statement IS NOT NULL"),
        postgresql_where=text("statement IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # a position is never used twice, whatever is erased
)

# Only ever appended to: each block seals the entries behind position `after` up to `up_to`.
log_blocks = Table(
    "log_blocks",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("after", BigInteger, nullable=False),
    Column("up_to", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# What could not be understood, sealed under a key of the store, for it may hold anything.
asides = Table(
    "asides",
    METADATA,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("source", Word, nullable=False),
    Column("reason", Word, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "received_at"),
)

"""The permission ledger, which is only ever appended to, its head, and the entry that decides for each."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

permission_ledger = Table(
    "permission_ledger",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("purpose", Word, nullable=False),
    Column("state", Word, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("fields", Word, nullable=False),
    Column("touchpoint", Word, nullable=False),
    Column("source", Word, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "customer", "purpose", "position"),
)

permission_head = Table(
    "permission_head",
    METADATA,
    Column(
        "single", Integer, CheckConstraint("single = 1", name="single"), primary_key=True, autoincrement=False
    ),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# Of each customer and purpose the entry that decides, so that many can be asked at once. It is written with
# the ledger and says nothing that the ledger does not say.
permission_standing = Table(
    "permission_standing",
    METADATA,
    Column("purpose", Word, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("state", Word, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("fields", Word, nullable=False),
    Column("position", BigInteger, nullable=False),
    Index(None, "customer"),
)

"""Guided conversations, sealed, and what was taken, which is nobody's."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

# `lookup` is a keyed hash of the talk's id: who has the table alone can open none.
talks = Table(
    "talks",
    METADATA,
    Column("lookup", LargeBinary, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id")),
    Column("purpose", Word),
    Column("offer", Word, nullable=False),
    Column("touchpoint", Word, nullable=False),
    Column("language", Word, nullable=False),
    Column("asked", Word),
    Column("started_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("as_expected", Boolean),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "customer"),
    Index(None, "accepted_at", "changed_at"),
)

# `digest` is that of the document: a configuration in JSON.
taken_configurations = Table(
    "taken_configurations",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("document", Word, nullable=False),
    Column("often", BigInteger, nullable=False),
)

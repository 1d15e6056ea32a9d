"""Conversations; what they are about and what was promised is sealed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

conversations = Table(
    "conversations",
    METADATA,
    Column("id", Word, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("purpose", Word, nullable=False),
    Column("matter", LargeBinary, nullable=False),
    Column("touchpoint", Word, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("promised", LargeBinary),
    Column("due_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index(None, "customer", "purpose"),
)

"""Customers, what points to them, and their personal values; the last two sealed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

customers = Table(
    "customers",
    METADATA,
    Column("id", Word, primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
)

# `lookup` is a keyed hash of the normalised value: who has the table alone can neither read nor guess it.
identifiers = Table(
    "identifiers",
    METADATA,
    Column("kind", Word, primary_key=True),
    Column("lookup", LargeBinary, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Index(None, "customer"),
)

personal_values = Table(
    "personal_values",
    METADATA,
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("field", Word, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
